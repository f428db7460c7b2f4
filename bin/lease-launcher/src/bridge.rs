//! The desktop's bridge: the program inside of the desktop that shows it to browsers.
//!
//! ```text
//!            prints "listening"            ends
//!   Starting ─────────────────▶ Ready ──────────▶ Down ── after a pause ──▶ Starting
//!      └──────────────────── ends ──────────────────▲
//! ```
//!
//! A desktop is none the worse for a bridge that ends: it is started again. Its pauses grow, since bringing a program
//! into a container costs the machine, and any program of the desktop may kill it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use lunette_cause::chain;
use lunette_containers::{Desktop, Exec, LogFile, Output, Running, User};
use lunette_desktop::{BRIDGE_SOCKET, BridgeState, CompositorKind, Ending, Order, Places, SESSION};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::time::{Instant, sleep, timeout};

use crate::desktop::Task;
use crate::inside;
use crate::reporter::Reporter;

/// Before it is started again, at first and at most.
const PAUSES: (Duration, Duration) = (Duration::from_millis(250), Duration::from_secs(30));
/// One that ran so long is started again as if it were the first.
const STEADY: Duration = Duration::from_secs(60);
/// For its tokens to be read: they fit into a pipe, so only one that is not there keeps them.
const TOLD: Duration = Duration::from_secs(10);
/// For the last lines of one that has ended.
const LAST_WORDS: Duration = Duration::from_millis(500);
/// Of its log, with as much once more of an older one.
const LONGEST_LOG: u64 = 1 << 20;
/// Of a line that it prints; what is longer is cut.
const LONGEST_LINE: u64 = 4096;
/// Who is not known in a user namespace.
const OUTSIDE: &str = "65534";
/// What it prints for each address that it listens on.
const LISTENING: &[u8] = b"listening ";

/// What a bridge is started with.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    argv: Vec<String>,
    environment: BTreeMap<String, String>,
    tokens: PathBuf,
    log: PathBuf,
}

impl Plan {
    /// For a desktop whose pictures are streamed at `host`, and which has no output without `scanout`.
    pub(crate) fn new(order: &Order, places: &Places, host: &str, scanout: Option<u16>) -> Self {
        Self {
            argv: arguments(order, host, scanout),
            environment: environment(order),
            tokens: places.tokens(),
            log: places.bridge_log(),
        }
    }
}

fn arguments(order: &Order, host: &str, scanout: Option<u16>) -> Vec<String> {
    let mut argv = vec![inside::BRIDGE_PROGRAM.to_owned()];
    let mut add = |name: &str, value: &str| argv.extend([format!("--{name}"), value.to_owned()]);
    add("listen", &format!("unix:{}/{BRIDGE_SOCKET}", inside::BRIDGE));
    // hydra is root of the machine, whom nobody in the desktop's user namespace is.
    add("allowed-uid", OUTSIDE);
    add("allowed-host", &format!("{}.localhost", order.id));
    // Not in a file that the desktop's other programs could read.
    add("token-file", "/dev/stdin");
    match scanout {
        Some(scanout) => {
            add("source", "scanout");
            add("scanout", &scanout.to_string());
            add("export", host);
            add("export-token-file", inside::TOKEN);
        }
        None => add("source", "pattern"),
    }
    add("sink", "auto");
    add("input-socket", inside::INPUT_SOCKET);
    add("folder", inside::FILES);
    argv
}

fn environment(order: &Order) -> BTreeMap<String, String> {
    let mut environment: BTreeMap<String, String> =
        SESSION.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    // Its session's script sets it for what the session starts.
    if order.profile.compositor.kind == CompositorKind::Mutter {
        environment.insert("XDG_CURRENT_DESKTOP".to_owned(), "GNOME".to_owned());
    }
    environment
}

/// A bridge that is kept running until this is dropped. The program itself ends with its container.
pub(crate) struct Bridge(#[expect(dead_code, reason = "ends what keeps it")] Task);

impl Bridge {
    /// Starts it; the report says how it is doing.
    pub(crate) fn keep(desktop: Desktop, plan: Plan, reporter: Reporter) -> Self {
        Self(Task(tokio::spawn(keep(desktop, plan, reporter))))
    }
}

/// The program that is to be every desktop's bridge: the one that is named, or the one beside this program if it is
/// there.
///
/// # Errors
/// Why there is none.
pub(crate) fn program(named: Option<&Path>) -> Result<PathBuf, String> {
    let path = match named {
        Some(path) => path.to_owned(),
        None => std::env::current_exe().map_err(|error| error.to_string())?.with_file_name("desktop-bridge"),
    };
    if path.is_file() { Ok(path) } else { Err(format!("there is no {}", path.display())) }
}

/// What follows on each end of a bridge.
struct Patience {
    pause: Duration,
}

impl Patience {
    const fn new() -> Self {
        Self { pause: PAUSES.0 }
    }

    /// How long to wait after one that ran for so long.
    fn after(&mut self, ran: Duration) -> Duration {
        if ran >= STEADY {
            self.pause = PAUSES.0;
        }
        let pause = self.pause;
        self.pause = (2 * pause).min(PAUSES.1);
        pause
    }
}

async fn keep(desktop: Desktop, plan: Plan, reporter: Reporter) {
    let mut patience = Patience::new();
    loop {
        let started = Instant::now();
        reporter.note(|report| report.bridge.state = BridgeState::Starting);
        let why = match run(&desktop, &plan, &reporter).await {
            Ok(ending) => format!("it {ending}"),
            Err(error) => error,
        };
        let pause = patience.after(started.elapsed());
        tracing::warn!(why, again_after = ?pause, "the desktop's bridge ended");
        reporter.note(|report| {
            report.bridge.state = BridgeState::Down;
            report.bridge.restarts += 1;
            report.bridge.why = Some(why);
        });
        sleep(pause).await;
    }
}

/// Runs it once, until it ends.
async fn run(desktop: &Desktop, plan: &Plan, reporter: &Reporter) -> Result<Ending, String> {
    let tokens = std::fs::read(&plan.tokens).map_err(|error| format!("its tokens cannot be read: {error}"))?;
    let log = LogFile::open(plan.log.clone(), LONGEST_LOG).map_err(|error| format!("its log: {error}"))?;
    let (argv, env) = (plan.argv.clone(), plan.environment.clone());
    let exec = Exec { argv, env, cwd: Some(inside::HOME.to_owned()), user: User::Desktop };
    let mut running = desktop.exec(&exec).await.map_err(|error| chain(&error))?;
    tell(&mut running, &tokens).await;
    let (out, err) = (running.stdout.take(), running.stderr.take());
    // Both outputs are kept by this one task, which never waits while it has the lock.
    let log = Mutex::new(log);
    let listening = || reporter.note(|report| report.bridge.state = BridgeState::Ready);
    let mut heard = pin!(async { tokio::join!(hear(out, &log, listening), hear(err, &log, || {})) });
    let mut ended = pin!(async { running.wait().await.map_err(|error| chain(&error)) });
    tokio::select! {
        ended = &mut ended => {
            // What it left running may hold on to its outputs.
            let _ = timeout(LAST_WORDS, heard).await;
            ended
        }
        // It may close them, and go on.
        _ = &mut heard => ended.await,
    }
}

/// Gives it its tokens. One that is dead already does not take them; its end says so.
async fn tell(running: &mut Running, tokens: &[u8]) {
    let Some(mut stdin) = running.stdin.take() else { return };
    let told = async {
        stdin.write_all(tokens).await?;
        stdin.shutdown().await
    };
    match timeout(TOLD, told).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::debug!(%error, "the bridge took no tokens"),
        Err(_) => tracing::debug!("the bridge took no tokens in time"),
    }
}

/// Keeps what it prints, and says when that is that it listens.
async fn hear(output: Option<Output>, log: &Mutex<LogFile>, listening: impl Fn()) {
    let Some(output) = output else { return };
    let mut output = BufReader::new(output);
    let mut listens = false;
    loop {
        let mut line = Vec::new();
        match (&mut output).take(LONGEST_LINE).read_until(b'\n', &mut line).await {
            Ok(0) | Err(_) => return,
            Ok(_) => {}
        }
        if !listens && line.starts_with(LISTENING) {
            listens = true;
            listening();
        }
        if let Err(error) = log.lock().unwrap_or_else(PoisonError::into_inner).write(&line) {
            tracing::debug!(%error, "what a bridge printed is lost");
        }
    }
}

#[cfg(test)]
mod tests;
