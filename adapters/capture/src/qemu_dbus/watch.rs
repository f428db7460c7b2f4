//! Listening to one console, for as long as it is enabled or watched.
//!
//! ```text
//!   ┌─▶ register ──▶ answer what QEMU calls, drawing what it tells ──▶ the connection ended, or an answer took too
//!   │                                                                   long, or QEMU has gone over to sending pixels
//!   └────────────────────────── wait a little ◀─────────────────────────────────────┘
//! ```
//!
//! QEMU's main loop waits for the answer to a new map, and the guest with it.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

use lunette_frame::ScanoutId;
use zbus::Message;
use zbus::message::Type;

use super::calls::Calls;
use super::canvas::Canvas;
use super::config::Timings;
use super::console::Console;
use super::error::Fault;
use super::lifeline::Lifeline;
use super::listener::{self, Area, ListenerCall};
use super::listener_map::{self, MapCall};
use super::properties::{self, Answer};
use super::store::Store;

/// Updates that are drawn as one, if they wait already.
const TOGETHER: usize = 16;

const UNKNOWN_METHOD: &str = "org.freedesktop.DBus.Error.UnknownMethod";
const INVALID: &str = "org.freedesktop.DBus.Error.InvalidArgs";
const UNSUPPORTED: &str = "org.freedesktop.DBus.Error.NotSupported";

/// Everything that listening to one console takes.
#[derive(Debug)]
pub(super) struct Watch {
    pub(super) id: ScanoutId,
    pub(super) console: Console,
    pub(super) store: Arc<Store>,
    pub(super) canvas: Canvas,
    pub(super) timings: Timings,
    pub(super) lifeline: Lifeline,
}

/// Why a listener is at its end.
#[derive(Debug)]
enum End {
    Closed(String),
    /// An answer took this long; QEMU trusts such a listener less from then on.
    Stalled(Duration),
    /// QEMU sends pixels although it could share them.
    Demoted,
}

/// What a listener has been through.
#[derive(Debug)]
struct Listener<'a> {
    watch: &'a mut Watch,
    calls: Calls,
    areas: Vec<Area>,
    /// Whether QEMU shares its pictures with this listener.
    is_mapped: bool,
    /// Whether a shared picture could not be read, so that pixels are what was asked for.
    is_plain_by_choice: bool,
    /// Whether QEMU has gone over to sending pixels.
    is_demoted: bool,
    /// From when on that ends the listener.
    insist_from: Instant,
}

impl Watch {
    /// Listens until the task is ended.
    pub(super) async fn run(mut self) {
        let mut retries = self.timings.retries();
        let mut insist_from = Instant::now();
        loop {
            self.canvas.restart();
            match Calls::register(&self.console, &self.lifeline, self.timings.answer).await {
                Ok(calls) => {
                    self.store.counters.registrations.fetch_add(1, Relaxed);
                    retries.reset();
                    let end = Listener::new(&mut self, calls, insist_from).run().await;
                    if self.note(&end) {
                        insist_from = Instant::now() + self.timings.promotion;
                    }
                }
                Err(error) => tracing::debug!(scanout = %self.id, ?error, "cannot listen"),
            }
            tokio::time::sleep(retries.next()).await;
        }
    }

    /// Counts and logs an end; `true` when a new listener is to be treated better than this one.
    fn note(&self, end: &End) -> bool {
        match end {
            End::Closed(reason) => {
                tracing::debug!(scanout = %self.id, reason, "a listener has ended");
                return false;
            }
            End::Stalled(took) => {
                tracing::warn!(scanout = %self.id, ?took, "QEMU had to wait; its listener is registered anew");
            }
            End::Demoted => {
                tracing::info!(scanout = %self.id, "QEMU shares no memory any more; its listener is registered anew");
            }
        }
        self.store.counters.stalls.fetch_add(1, Relaxed);
        true
    }
}

impl<'a> Listener<'a> {
    fn new(watch: &'a mut Watch, calls: Calls, insist_from: Instant) -> Self {
        let areas = Vec::with_capacity(TOGETHER);
        Self { watch, calls, areas, is_mapped: false, is_plain_by_choice: false, is_demoted: false, insist_from }
    }

    async fn run(mut self) -> End {
        let store = Arc::clone(&self.watch.store);
        loop {
            let message = tokio::select! {
                biased;
                message = self.calls.next() => message,
                () = store.wanted() => {
                    self.watch.canvas.catch_up();
                    continue;
                }
            };
            if let Err(end) = self.handle(message).await {
                return end;
            }
        }
    }

    async fn handle(&mut self, message: Option<zbus::Result<Message>>) -> Result<(), End> {
        let closed = |error: zbus::Error| End::Closed(error.to_string());
        let mut next = message;
        loop {
            let message = match next {
                None => return Err(End::Closed("QEMU has closed the connection".to_owned())),
                Some(message) => message.map_err(closed)?,
            };
            let started = Instant::now();
            let following = match map_update(&message) {
                Some(area) => self.update_map(area, &message).await.map_err(closed)?,
                None => {
                    self.answer(&message).await.map_err(closed)?;
                    None
                }
            };
            self.check(started.elapsed())?;
            if following.is_none() {
                return Ok(());
            }
            next = following;
        }
    }

    /// Draws an update, and with it those that wait behind it. Returns the first message that is none.
    async fn update_map(&mut self, area: Area, message: &Message) -> zbus::Result<Option<zbus::Result<Message>>> {
        let mut waiting = vec![message.clone()];
        let mut following = None;
        self.areas.clear();
        self.areas.push(area);
        while self.areas.len() < TOGETHER {
            following = self.calls.next_waiting().await;
            let Some(Ok(update)) = &following else { break };
            let Some(area) = map_update(update) else { break };
            self.areas.push(area);
            waiting.push(update.clone());
            following = None;
        }
        self.watch.canvas.update_map(&self.areas);
        for update in &waiting {
            self.calls.answer(update, &()).await?;
        }
        Ok(following)
    }

    async fn answer(&mut self, message: &Message) -> zbus::Result<()> {
        if message.message_type() != Type::MethodCall {
            return Ok(());
        }
        let header = message.header();
        let method = header.member().map_or("", |member| member.as_str());
        let body = message.body();
        match header.interface().map(|interface| interface.as_str()) {
            Some(listener_map::INTERFACE) => match listener_map::decode(method, &body) {
                Ok(Some(MapCall::Scanout(picture))) => return self.map(message, picture).await,
                Ok(Some(MapCall::Update(area))) => self.watch.canvas.update_map(&[area]),
                Ok(None) => return self.calls.refuse(message, UNKNOWN_METHOD, "there is no such method").await,
                Err(error) => return self.calls.refuse(message, INVALID, &error.to_string()).await,
            },
            Some(listener::INTERFACE) => match listener::decode(method, &body) {
                Ok(Some(ListenerCall::Dmabuf)) => {
                    self.watch.canvas.fail(Fault::Dmabuf);
                    return self.calls.refuse(message, UNSUPPORTED, &Fault::Dmabuf.to_string()).await;
                }
                Ok(Some(call)) => self.take(call),
                Ok(None) => return self.calls.refuse(message, UNKNOWN_METHOD, "there is no such method").await,
                Err(error) => return self.calls.refuse(message, INVALID, &error.to_string()).await,
            },
            Some(properties::INTERFACE) => {
                return match properties::answer(method, &body) {
                    Ok(Some(Answer::All(all))) => self.calls.answer(message, &all).await,
                    Ok(Some(Answer::One(one))) => self.calls.answer(message, &one).await,
                    Ok(None) => self.calls.refuse(message, UNKNOWN_METHOD, "there is no such property").await,
                    Err(error) => self.calls.refuse(message, INVALID, &error.to_string()).await,
                };
            }
            Some("org.freedesktop.DBus.Peer") => {}
            _ => return self.calls.refuse(message, UNKNOWN_METHOD, "there is no such interface").await,
        }
        self.calls.answer(message, &()).await
    }

    async fn map(&mut self, message: &Message, picture: listener_map::MappedPicture) -> zbus::Result<()> {
        match self.watch.canvas.map(picture) {
            Ok(()) => {
                self.is_mapped |= self.watch.canvas.has_map();
                self.calls.answer(message, &()).await
            }
            Err(error) => {
                if !std::mem::replace(&mut self.is_plain_by_choice, true) {
                    tracing::warn!(scanout = %self.watch.id, %error, "a shared picture cannot be read");
                }
                self.calls.refuse(message, INVALID, &error.to_string()).await
            }
        }
    }

    fn take(&mut self, call: ListenerCall<'_>) {
        let canvas = &mut self.watch.canvas;
        match call {
            ListenerCall::Scanout(plain) => {
                // A map that was answered too late costs a listener all further maps.
                self.is_demoted = self.is_mapped && !self.is_plain_by_choice;
                canvas.show(&plain);
            }
            ListenerCall::Update(update) => canvas.update(&update),
            ListenerCall::Disable => canvas.disable(),
            ListenerCall::MouseSet { x, y, visible } => self.watch.store.move_cursor(x, y, visible),
            ListenerCall::CursorDefine(shape) => self.watch.store.define_cursor(shape),
            ListenerCall::Dmabuf => canvas.fail(Fault::Dmabuf),
        }
    }

    fn check(&mut self, took: Duration) -> Result<(), End> {
        self.watch.store.counters.answers.add(took);
        if took > self.watch.timings.stall {
            return Err(End::Stalled(took));
        }
        if self.is_demoted && Instant::now() >= self.insist_from {
            return Err(End::Demoted);
        }
        Ok(())
    }
}

/// The area of an update in shared memory; `None` for any other message.
fn map_update(message: &Message) -> Option<Area> {
    let header = message.header();
    let is_update = message.message_type() == Type::MethodCall
        && header.interface().is_some_and(|interface| interface.as_str() == listener_map::INTERFACE)
        && header.member().is_some_and(|member| member.as_str() == "UpdateMap");
    match is_update.then(|| listener_map::decode("UpdateMap", &message.body())) {
        Some(Ok(Some(MapCall::Update(area)))) => Some(area),
        _ => None,
    }
}
