//! The thread that makes input happen, and what else it finds in the desktop's session.

use std::collections::VecDeque;
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Context;
use lunette_cause::chain;
use lunette_desktop_session::{Applications, Clipboard, Desktop, InputSink, Session, SinkError, SinkKind, Windows};
use lunette_frame::Size;
use lunette_input_events::Event;
use lunette_viewer::{Accepts, Lounge};
use tokio::sync::{mpsc, watch};

use crate::cli::{Args, Sink};

/// Events that may wait for the compositor.
const QUEUE: usize = 1024;
/// Between two attempts to open a sink that is not there yet.
const AGAIN: Duration = Duration::from_secs(1);
/// What waited for longer for a sink to be opened is not wanted any more.
const STALE: Duration = Duration::from_secs(3);
/// Events whose failure is remembered, for who sent them.
const FAILURES: usize = 64;

/// How the sink is doing.
#[derive(Default)]
pub struct SinkState {
    // A Mutex: the sink's thread writes, /status reads; both for a moment.
    now: Mutex<Standing>,
    done: AtomicU64,
    failed: AtomicU64,
    /// Knows the size of the picture, and whose events come.
    lounge: OnceLock<Arc<Lounge>>,
    outcome: watch::Sender<Outcome>,
    parts: watch::Sender<Option<Arc<Parts>>>,
}

/// What a session has besides input. A part that it lacks says so when it is used.
pub struct Parts {
    /// Its clipboard.
    pub clipboard: Clipboard,
    /// Its windows and workspaces.
    pub windows: Windows,
    /// The applications that are installed.
    pub applications: Applications,
}

/// What became of events, which are numbered from 1 as they come.
#[derive(Default)]
struct Outcome {
    handled: u64,
    /// Those that did not happen, and why; the newest last.
    failures: VecDeque<(u64, String)>,
}

impl Outcome {
    fn failed(&mut self, reason: String) {
        if self.failures.len() >= FAILURES {
            self.failures.pop_front();
        }
        self.failures.push_back((self.handled, reason));
    }
}

/// Whether there is a sink.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Standing {
    /// Nothing was tried yet.
    #[default]
    Starting,
    /// There is this one.
    Open {
        /// Which.
        name: &'static str,
        /// Whether any text can be typed.
        unicode: bool,
    },
    /// There is none, for this reason.
    Missing(String),
}

impl SinkState {
    /// How the sink is doing now.
    #[must_use]
    pub fn standing(&self) -> Standing {
        self.now.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Events that happened, and events that did not.
    #[must_use]
    pub fn counts(&self) -> (u64, u64) {
        (self.done.load(Relaxed), self.failed.load(Relaxed))
    }

    /// Positions are fractions of the picture that this lounge knows the size of; it is told what the sink takes.
    pub fn set_lounge(&self, lounge: Arc<Lounge>) {
        // Set once, before the first event.
        let _ = self.lounge.set(lounge);
        self.tell_lounge();
    }

    /// Waits until events have happened.
    ///
    /// # Errors
    /// Why one of them did not.
    pub async fn happened(&self, events: Range<u64>) -> Result<(), String> {
        let mut outcome = self.outcome.subscribe();
        // The sender is this state's own.
        let Ok(outcome) = outcome.wait_for(|outcome| outcome.handled + 1 >= events.end).await else { return Ok(()) };
        let failure = outcome.failures.iter().find(|(number, _)| events.contains(number));
        failure.map_or(Ok(()), |(_, reason)| Err(reason.clone()))
    }

    /// What the session has besides input; `None` until that was looked for.
    #[must_use]
    pub fn parts(&self) -> Option<Arc<Parts>> {
        self.parts.borrow().clone()
    }

    /// The same, as it changes.
    #[must_use]
    pub fn watch_parts(&self) -> watch::Receiver<Option<Arc<Parts>>> {
        self.parts.subscribe()
    }

    fn set(&self, standing: Standing) {
        *self.now.lock().unwrap_or_else(PoisonError::into_inner) = standing;
        self.tell_lounge();
    }

    fn tell_lounge(&self) {
        let Some(lounge) = self.lounge.get() else { return };
        lounge.set_accepts(match self.standing() {
            Standing::Starting => Accepts::NotYet,
            Standing::Open { unicode: true, .. } => Accepts::Anything,
            Standing::Open { unicode: false, .. } => Accepts::NoForeignText,
            Standing::Missing(reason) => Accepts::Nothing(reason),
        });
    }

    /// Takes note of what became of the next event.
    fn note(&self, done: Result<(), String>) {
        let count = if done.is_ok() { &self.done } else { &self.failed };
        count.fetch_add(1, Relaxed);
        if let (Err(reason), Some(lounge)) = (&done, self.lounge.get()) {
            lounge.input_failed(reason);
        }
        self.outcome.send_modify(|outcome| {
            outcome.handled += 1;
            if let Err(reason) = done {
                outcome.failed(reason);
            }
        });
    }
}

/// The sink's thread, as it was started.
pub struct SinkThread {
    /// Where events go.
    pub events: mpsc::Sender<Event>,
    /// How it is doing.
    pub state: Arc<SinkState>,
}

impl SinkThread {
    /// Starts it. A compositor that is not there yet is looked for until it is.
    ///
    /// # Errors
    /// When a log file cannot be written, or there is no thread to be had.
    pub fn start(args: &Args) -> anyhow::Result<Self> {
        let (events, queue) = mpsc::channel(QUEUE);
        let state = Arc::new(SinkState::default());
        let opener = Opener::new(args)?;
        let worker = Worker { opener, queue, state: Arc::clone(&state), sink: None, tried: None, size: None };
        thread::Builder::new().name("sink".to_owned()).spawn(|| worker.run()).context("cannot start a thread")?;
        Ok(Self { events, state })
    }
}

/// Knows which sink to open.
enum Opener {
    Log(Option<File>),
    Session(Option<SinkKind>, Option<PathBuf>),
}

impl Opener {
    fn new(args: &Args) -> anyhow::Result<Self> {
        let kind = match &args.sink {
            Sink::Log(path) => return Ok(Self::Log(Some(log(path)?))),
            Sink::Auto => None,
            Sink::None => Some(SinkKind::None),
            Sink::Wlroots => Some(SinkKind::Wlroots),
            Sink::Gnome => Some(SinkKind::Gnome),
            Sink::Socket(path) => Some(SinkKind::Socket(path.clone())),
        };
        Ok(Self::Session(kind, args.input_socket.clone()))
    }

    /// Whether another attempt would end as the first did.
    const fn is_final(&self) -> bool {
        matches!(self, Self::Log(None) | Self::Session(Some(SinkKind::None), _))
    }

    /// Blocks for some seconds at most.
    fn open(&mut self) -> Desktop {
        let mut session = Session::from_environment();
        match self {
            Self::Log(file) => {
                let gone = || SinkError::NoSink("its log cannot be written any more".to_owned());
                let sink = file.take().map(|file| Box::new(LogSink { file }) as Box<dyn InputSink>).ok_or_else(gone);
                Desktop { sink, ..Desktop::open(Some(&SinkKind::None), &session) }
            }
            Self::Session(kind, socket) => {
                session.input_socket = socket.clone().or(session.input_socket);
                Desktop::open(kind.as_ref(), &session)
            }
        }
    }
}

fn log(path: &Path) -> anyhow::Result<File> {
    let opened = OpenOptions::new().create(true).append(true).open(path);
    opened.with_context(|| format!("cannot write the input log {}", path.display()))
}

struct Worker {
    opener: Opener,
    queue: mpsc::Receiver<Event>,
    state: Arc<SinkState>,
    sink: Option<Box<dyn InputSink>>,
    tried: Option<Instant>,
    size: Option<Size>,
}

impl Worker {
    fn run(mut self) {
        self.open();
        while let Some(event) = self.queue.blocking_recv() {
            let mut done = self.act(&event);
            if self.queue.is_empty() {
                done = done.and(self.sink.as_mut().map_or(Ok(()), |sink| sink.flush().map_err(|error| chain(&error))));
            }
            if let Err(reason) = &done {
                tracing::debug!(reason, "an input event was lost");
            }
            self.state.note(done);
        }
    }

    fn open(&mut self) {
        let may = |tried: Instant| tried.elapsed() >= AGAIN && !self.opener.is_final();
        if !self.tried.is_none_or(may) {
            return;
        }
        let began = Instant::now();
        let Desktop { sink, clipboard, windows, applications } = self.opener.open();
        self.tried = Some(Instant::now());
        if began.elapsed() > STALE {
            self.forget_what_waited();
        }
        self.state.parts.send_replace(Some(Arc::new(Parts { clipboard, windows, applications })));
        match sink {
            Ok(sink) => {
                tracing::info!(sink = sink.name(), "input goes to the desktop");
                self.state.set(Standing::Open { name: sink.name(), unicode: sink.can_type_unicode() });
                self.sink = Some(sink);
                self.size = None;
            }
            Err(error) => {
                let reason = chain(&error);
                if self.state.standing() != Standing::Missing(reason.clone()) {
                    tracing::warn!(reason, "input goes nowhere");
                }
                self.state.set(Standing::Missing(reason));
            }
        }
    }

    /// Whoever sent it has given up by now, or has been told; it would happen to something else.
    fn forget_what_waited(&mut self) {
        while self.queue.try_recv().is_ok() {
            self.state.note(Err("it took too long to find out how this desktop takes input".to_owned()));
        }
    }

    fn act(&mut self, event: &Event) -> Result<(), String> {
        if self.sink.is_none() {
            self.open();
        }
        let Some(sink) = &mut self.sink else {
            let Standing::Missing(reason) = self.state.standing() else {
                return Err("there is no input yet".to_owned());
            };
            return Err(reason);
        };
        let size = self.state.lounge.get().map(|lounge| lounge.size());
        if size != self.size
            && let Some(size) = size
        {
            sink.set_picture_size(size);
            self.size = Some(size);
        }
        sink.send(event).map_err(|error| chain(&error))
    }
}

#[cfg(test)]
mod tests;

/// Writes a line per event: for tests, and for seeing what a page sends.
struct LogSink {
    file: File,
}

impl InputSink for LogSink {
    fn send(&mut self, event: &Event) -> Result<(), SinkError> {
        let mut line = crate::http::events::to_json(event).to_string();
        line.push('\n');
        self.file.write_all(line.as_bytes()).map_err(|error| SinkError::NoSink(error.to_string()))
    }

    fn flush(&mut self) -> Result<(), SinkError> {
        Ok(())
    }

    fn set_picture_size(&mut self, _: Size) {}

    fn name(&self) -> &'static str {
        "log"
    }

    fn can_type_unicode(&self) -> bool {
        true
    }
}
