//! hydra in this process, with an engine that runs programs on this machine instead of in containers.

use std::path::PathBuf;
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use hydra::app;
use hydra::config::Config;
use hydra::engine::{Engine, Pending, Process, Program, Usage};
use lunette_desktop::{BackendKind, Ending, Order};
use rustix::process::{Pid, Signal, kill_process};
use tokio::process::Command;
use tokio::sync::oneshot;

use crate::fixture::{Http, World, eventually, fake_launcher};

/// Runs programs here, as whoever runs the tests.
#[derive(Clone, Default)]
pub(crate) struct Here {
    pub(crate) swept: Arc<Mutex<Vec<String>>>,
    /// Why nothing can be swept.
    pub(crate) stuck: Arc<Mutex<Option<String>>>,
}

impl Here {
    /// From now on nothing can be swept, or everything.
    pub(crate) fn stick(&self, why: Option<&str>) {
        *self.stuck.lock().unwrap() = why.map(str::to_owned);
    }
}

impl Engine for Here {
    fn sweep(&self, order: &Order) -> Pending<Result<(), String>> {
        self.swept.lock().unwrap_or_else(PoisonError::into_inner).push(order.id.to_string());
        let stuck = self.stuck.lock().unwrap().clone();
        Box::pin(std::future::ready(stuck.map_or(Ok(()), Err)))
    }

    fn exec(&self, _: &Order, program: Program) -> Pending<Result<Process, String>> {
        let started = start(program);
        Box::pin(std::future::ready(started))
    }

    fn usage(&self, _: &Order) -> Pending<Result<Usage, String>> {
        Box::pin(std::future::ready(Ok(Usage { cpu: Duration::from_millis(7), ..Usage::default() })))
    }
}

fn start(program: Program) -> Result<Process, String> {
    let mut command = Command::new(&program.argv[0]);
    command.args(&program.argv[1..]).envs(program.environment).env("LC_ALL", "C");
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().map_err(|error| error.to_string())?;
    let pid = child.id().and_then(|pid| Pid::from_raw(pid.try_into().ok()?)).ok_or("no pid")?;
    Ok(Process {
        stdin: child.stdin.take().map(|stdin| Box::pin(stdin) as _),
        stdout: Box::pin(child.stdout.take().ok_or("no pipe")?),
        stderr: Box::pin(child.stderr.take().ok_or("no pipe")?),
        ended: Box::pin(async move {
            let status = child.wait().await.map_err(|error| error.to_string())?;
            let signal = std::os::unix::process::ExitStatusExt::signal(&status);
            Ok(signal.map_or(Ending::Status(status.code().unwrap_or(0)), Ending::Signal))
        }),
        signal: Box::new(move |number| {
            let signal = Signal::from_named_raw(number).ok_or_else(|| "no signal".to_owned());
            let sent = signal.and_then(|signal| kill_process(pid, signal).map_err(|error| error.to_string()));
            Box::pin(std::future::ready(sent))
        }),
    })
}

/// A hydra in this process; ends with its test.
pub(crate) struct Inside {
    pub(crate) http: Http,
    pub(crate) world: Arc<World>,
    pub(crate) swept: Arc<Mutex<Vec<String>>>,
    pub(crate) engine: Here,
    stop: Option<oneshot::Sender<()>>,
    serving: Option<JoinHandle<anyhow::Result<()>>>,
}

impl Inside {
    pub(crate) fn start() -> Self {
        Self::start_in(Arc::new(World::new()), Here::default())
    }

    /// Where another was before, perhaps.
    pub(crate) fn start_in(world: Arc<World>, engine: Here) -> Self {
        let (sweeping, swept) = (engine.clone(), Arc::clone(&engine.swept));
        let (stop, stopped) = oneshot::channel();
        let config = config(&world);
        let serving = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            runtime.block_on(app::serve(config, Arc::new(sweeping), async move { drop(stopped.await) }))
        });
        let http = Http(world.socket());
        eventually(|| std::os::unix::net::UnixStream::connect(world.socket()).ok());
        Self { http, world, swept, engine, stop: Some(stop), serving: Some(serving) }
    }
}

impl Drop for Inside {
    fn drop(&mut self) {
        drop(self.stop.take());
        let served = self.serving.take().map(JoinHandle::join);
        if !std::thread::panicking() {
            served.unwrap().unwrap().unwrap();
        }
    }
}

fn config(world: &World) -> Config {
    Config {
        socket: world.socket(),
        group: None,
        dir: world.dir(),
        profiles: vec![world.folder.path().join("profiles")],
        disks: None,
        launcher: fake_launcher(),
        backend: BackendKind::Runc,
        docker_socket: PathBuf::from("/none"),
        lease_socket: PathBuf::from("/none"),
        host: "127.0.0.1:1".to_owned(),
        listen_bridges: Some("127.0.0.1:0".parse().unwrap()),
        bridges_url: None,
        listen_api: None,
        api_token_file: None,
        dial: None,
        max_desktops: 8,
        overcommit: false,
        stop_desktops_on_exit: true,
        log: "info".to_owned(),
    }
}
