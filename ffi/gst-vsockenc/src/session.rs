//! What the sink's thread and the source pad's task share.

use std::collections::{HashMap, VecDeque};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bytes::{Buf, BytesMut};
use lunette_remote_encode::{Body, Client, Output, Ticket, Trouble};
use lunette_wire::hxfr::FrameResponse;
use rustix::event::{EventfdFlags, eventfd};
use rustix::fd::OwnedFd;

use crate::kept::Kept;
use crate::settings::Settings;
use crate::socket::{Address, Connection};
use crate::stats::Stats;

/// What the task does about the client's outputs; the rest of them is done where they come up.
#[derive(Debug)]
pub(crate) enum Task {
    Dial,
    Close,
    Deliver(Ticket, FrameResponse),
    Drop(Ticket),
    Warn(Trouble),
    Fail(Trouble),
}

/// One run of the element, from READY to READY.
#[derive(Debug)]
pub(crate) struct Session {
    state: Mutex<State>,
    changed: Condvar,
    wake: OwnedFd,
    started: Instant,
    pub(crate) address: Address,
    pub(crate) timeout: Duration,
}

/// Behind the lock, which is held for copying a picture at the longest and never while anybody waits.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) client: Client,
    pub(crate) kept: Kept,
    pub(crate) stats: Stats,
    pub(crate) outbox: BytesMut,
    pub(crate) tasks: VecDeque<Task>,
    /// Buffers that the host reads by their resources.
    pub(crate) held: HashMap<Ticket, gst::Buffer>,
    /// The task is busy with what it took.
    pub(crate) delivering: bool,
    pub(crate) flushing: bool,
    /// The task is to end.
    pub(crate) stopping: bool,
    /// Somebody was told that DMA-BUFs travel as pixels.
    pub(crate) told_of_pixels: bool,
    /// What downstream said last.
    pub(crate) flow: Result<gst::FlowSuccess, gst::FlowError>,
}

impl Session {
    pub(crate) fn new(
        settings: &Settings,
        config: lunette_wire::hxfr::ConfigRequest,
    ) -> Result<Self, Box<dyn std::error::Error>> {
        let state = State {
            client: Client::new(settings.client()?, config, Duration::ZERO),
            kept: Kept::new(),
            stats: Stats::default(),
            outbox: BytesMut::new(),
            tasks: VecDeque::new(),
            held: HashMap::new(),
            delivering: false,
            flushing: false,
            stopping: false,
            told_of_pixels: false,
            flow: Ok(gst::FlowSuccess::Ok),
        };
        Ok(Self {
            state: Mutex::new(state),
            changed: Condvar::new(),
            wake: eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?,
            started: Instant::now(),
            address: settings.address(),
            timeout: settings.timeout(),
        })
    }

    /// The time of the client's clock.
    pub(crate) fn now(&self) -> Duration {
        self.started.elapsed()
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        // A panic leaves nothing half done that the next start would not replace.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs `act`, does what follows from it, and tells who waits. The task has to be woken besides.
    pub(crate) fn with<T>(&self, act: impl FnOnce(&mut State, Duration) -> T) -> T {
        let mut state = self.lock();
        let result = act(&mut state, self.now());
        state.settle();
        drop(state);
        self.changed.notify_all();
        result
    }

    /// Tells who waits that the task has done what it took.
    pub(crate) fn delivered(&self, flow: Result<gst::FlowSuccess, gst::FlowError>) {
        self.with(|state, _| {
            state.delivering = false;
            if flow.is_err() && !state.flushing {
                state.flow = flow;
            }
        });
    }

    /// Waits until `done`, for `limit` at most; `false` when that was not enough.
    pub(crate) fn wait(&self, limit: Option<Duration>, mut done: impl FnMut(&State) -> bool) -> bool {
        let until = limit.map(|limit| Instant::now() + limit);
        let mut state = self.lock();
        while !done(&state) {
            let left = until.map_or(Duration::from_secs(3600), |until| until.saturating_duration_since(Instant::now()));
            if left.is_zero() {
                return false;
            }
            state = self.changed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        true
    }

    pub(crate) fn wake(&self) {
        // A full counter wakes as well.
        let _ = rustix::io::write(&self.wake, &1_u64.to_ne_bytes());
    }

    pub(crate) const fn waker(&self) -> &OwnedFd {
        &self.wake
    }
}

impl State {
    /// Does at once what must be done while the picture is the one that it is about.
    fn settle(&mut self) {
        while let Some(output) = self.client.poll_output() {
            match output {
                Output::Send(bytes) => self.outbox.extend_from_slice(&bytes),
                Output::Request(request) => {
                    self.stats.requests += 1;
                    match request.body {
                        Body::Whole => self.stats.whole += 1,
                        Body::Tiles => self.stats.tiled += 1,
                        Body::Resource(_) => {}
                    }
                    if !matches!(request.body, Body::Resource(_)) {
                        self.held.remove(&request.offer.ticket);
                    }
                    if let Err(error) = self.kept.request(&request, &mut self.outbox) {
                        let trouble = Trouble::Broken(error.to_string());
                        self.tasks.push_back(Task::Fail(trouble));
                    }
                }
                Output::Dial => self.tasks.push_back(Task::Dial),
                Output::Close => {
                    self.outbox.clear();
                    self.tasks.push_back(Task::Close);
                }
                Output::Deliver(ticket, response) => {
                    self.held.remove(&ticket);
                    self.tasks.push_back(Task::Deliver(ticket, response));
                }
                Output::Drop(ticket) => {
                    self.held.remove(&ticket);
                    self.stats.dropped += 1;
                    self.tasks.push_back(Task::Drop(ticket));
                }
                Output::Warn(trouble) => {
                    self.stats.troubles += 1;
                    self.tasks.push_back(Task::Warn(trouble));
                }
                Output::Fail(trouble) => {
                    self.stats.troubles += 1;
                    self.tasks.push_back(Task::Fail(trouble));
                }
            }
        }
    }

    /// Whether nothing is under way any more.
    pub(crate) fn is_idle(&self) -> bool {
        self.client.is_idle() && self.tasks.is_empty() && !self.delivering
    }

    /// Whether there is no point in waiting.
    pub(crate) fn is_over(&self) -> bool {
        self.flushing || self.client.has_failed() || self.flow.is_err()
    }

    /// Writes what fits.
    pub(crate) fn write(&mut self, connection: &mut Connection) -> std::io::Result<()> {
        while !self.outbox.is_empty() {
            let Some(written) = connection.write(&self.outbox)? else { return Ok(()) };
            self.outbox.advance(written);
            self.stats.bytes_sent += written as u64;
        }
        Ok(())
    }
}
