//! A container, for the launcher that makes it.
//!
//! ```text
//!   prepare ──▶ create ──▶ start ──▶ wait ──▶ remove
//!                  │                    ▲        ▲
//!                  └──── signal ────────┘        └── from anywhere
//! ```

use std::fs::File;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::thread::JoinHandle;

use lunette_desktop::Ending;
use lunette_sys_process::{Held, adopt_orphans};
use rustix::process::{Pid, Signal, WaitIdOptions};

use crate::cgroup::Cgroup;
use crate::desktop::Desktop;
use crate::docker::Daemonic;
use crate::note::Note;
use crate::plan::{Backend, ContainerPlan};
use crate::sweep::{Swept, sweep_container};
use crate::{Error, log, network, runc};

/// How a container ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Exit {
    /// Its first process.
    pub ending: Ending,
    /// Whether it needed more memory than it may have.
    pub out_of_memory: bool,
}

/// One container. Dropping it leaves everything as it is, for [`sweep`].
pub struct Container {
    plan: ContainerPlan,
    desktop: Desktop,
    engine: Engine,
    log: Option<JoinHandle<()>>,
}

enum Engine {
    Runc(Option<Init>),
    Docker(Daemonic),
}

/// The first process of a container, our child by adoption.
struct Init {
    pid: i32,
    held: Held,
}

impl Container {
    /// Puts its files together. Needs root.
    ///
    /// # Errors
    /// When a file, a mount or a program is missing; nothing is left then.
    pub async fn prepare(plan: ContainerPlan, backend: &Backend) -> Result<Self, Error> {
        let note = Note::new(plan.slot, backend);
        note.write(&plan.places())?;
        let desktop = Desktop::new(plan.hydra.clone(), plan.id.clone(), note);
        let prepared = match backend {
            Backend::Runc => {
                let copy = plan.clone();
                blocking(move || runc::prepare(&copy)).await.map(|()| Engine::Runc(None))
            }
            Backend::Docker(socket) => Daemonic::prepare(socket, &plan).await.map(Engine::Docker),
        };
        match prepared {
            Ok(engine) => Ok(Self { plan, desktop, engine, log: None }),
            Err(error) => {
                let _ = sweep_container(&plan.hydra, &plan.id).await;
                Err(error)
            }
        }
    }

    /// Makes its namespaces, its first process, which does not run yet, and its network; returns that process's id.
    /// With runc this process becomes the one that orphans of its descendants fall to.
    ///
    /// # Errors
    /// When the backend refuses; [`Container::remove`] takes away what there is.
    pub async fn create(&mut self) -> Result<i32, Error> {
        let pid = match &mut self.engine {
            Engine::Runc(init) => {
                adopt_orphans().map_err(Error::process("adopt orphans"))?;
                let (pid, output) = runc::create(&self.plan).await?;
                *init = Some(Init::new(pid)?);
                self.log = Some(log::keep(output, &self.plan.places().log())?);
                let namespace = network_namespace(pid)?;
                network::connect(&self.plan, pid, namespace).await?;
                pid
            }
            Engine::Docker(daemonic) => {
                let (pid, output) = daemonic.create(&self.plan).await?;
                self.log = Some(log::keep(output, &self.plan.places().log())?);
                pid
            }
        };
        Ok(pid)
    }

    /// Its network namespace, from [`Container::create`] on.
    ///
    /// # Errors
    /// When it has ended.
    pub fn network_namespace(&self) -> Result<OwnedFd, Error> {
        let pid = match &self.engine {
            Engine::Runc(init) => init.as_ref().map(|init| init.pid),
            Engine::Docker(daemonic) => daemonic.pid(),
        };
        network_namespace(pid.ok_or_else(|| Error::Absent(self.plan.id.to_string()))?)
    }

    /// Lets its first process run.
    ///
    /// # Errors
    /// When there is no such program inside, or the backend refuses.
    pub async fn start(&mut self) -> Result<(), Error> {
        match &mut self.engine {
            Engine::Runc(_) => runc::start(&self.plan.hydra, &self.plan.id).await,
            Engine::Docker(daemonic) => daemonic.start(),
        }
    }

    /// Waits until its first process has ended, and all others with it. Cancel-safe; once.
    ///
    /// # Errors
    /// When it was not created.
    pub async fn wait(&self) -> Result<Exit, Error> {
        match &self.engine {
            Engine::Runc(init) => {
                let init = init.as_ref().ok_or_else(|| Error::Absent(self.plan.id.to_string()))?;
                let ending = init.ended().await?;
                Ok(Exit { ending, out_of_memory: Cgroup::of(&self.plan.id).oom_kills() > 0 })
            }
            Engine::Docker(daemonic) => daemonic.wait().await,
        }
    }

    /// Sends a signal to its first process; one that has ended takes none.
    ///
    /// # Errors
    /// When there is no such signal, or the daemon is gone.
    pub async fn signal(&self, signal: i32) -> Result<(), Error> {
        match &self.engine {
            Engine::Runc(Some(init)) => init.signal(signal),
            Engine::Runc(None) => Ok(()),
            Engine::Docker(daemonic) => daemonic.signal(signal).await,
        }
    }

    /// To run processes in it, and to count what it uses.
    #[must_use]
    pub fn desktop(&self) -> &Desktop {
        &self.desktop
    }

    /// Ends it if it runs, and takes everything of it away but its log. What a launcher has in the desktop's folder
    /// stays: another container may be made there.
    ///
    /// # Errors
    /// When something cannot be taken away; another [`sweep`] goes on where this one ended.
    pub async fn remove(mut self) -> Result<Swept, Error> {
        let swept = sweep_container(&self.plan.hydra, &self.plan.id).await;
        if let Some(log) = self.log.take() {
            // The last writer is gone, so the log ends; but a process in the middle of dying may still hold it.
            let _ = tokio::time::timeout(std::time::Duration::from_secs(2), blocking(move || Ok(log.join()))).await;
        }
        if let Engine::Runc(Some(init)) = &self.engine {
            // Reaps a process that nobody waited for.
            let _ = init.reap(WaitIdOptions::NOHANG);
        }
        swept
    }
}

impl Init {
    fn new(pid: i32) -> Result<Self, Error> {
        let step = "hold the first process of a container";
        let raw = Pid::from_raw(pid).ok_or_else(|| Error::process(step)(rustix::io::Errno::SRCH))?;
        Ok(Self { pid, held: Held::open(raw).map_err(Error::process(step))? })
    }

    async fn ended(&self) -> Result<Ending, Error> {
        self.held.ended().await.map_err(Error::process("wait for a container"))?;
        self.reap(WaitIdOptions::empty())
    }

    fn reap(&self, options: WaitIdOptions) -> Result<Ending, Error> {
        let step = "wait for a container";
        let reaped = self.held.reap(options).map_err(Error::process(step))?;
        let status = reaped.ok_or_else(|| Error::process(step)(rustix::io::Errno::AGAIN))?;
        Ok(match (status.exit_status(), status.terminating_signal()) {
            (Some(status), _) => Ending::Status(status),
            (None, signal) => Ending::Signal(signal.unwrap_or(0)),
        })
    }

    fn signal(&self, signal: i32) -> Result<(), Error> {
        let step = "signal a container";
        let signal = Signal::from_named_raw(signal).ok_or_else(|| Error::process(step)(rustix::io::Errno::INVAL))?;
        self.held.signal(signal).map_err(Error::process(step))
    }
}

fn network_namespace(pid: i32) -> Result<OwnedFd, Error> {
    let path = format!("/proc/{pid}/ns/net");
    File::open(&path).map(OwnedFd::from).map_err(Error::file("open", Path::new(&path)))
}

/// Runs what may block elsewhere.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|error| Error::process("do a step of a container")(std::io::Error::other(error)))?
}
