//! The thread that owns the session.

use std::collections::HashMap;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread;
use std::time::Duration;

use tokio::runtime::{self, Runtime};
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep_until, timeout_at};
use zbus::{MatchRule, Message, MessageStream, OwnedVariant};

use super::hands::Hands;
use super::remote::{Remote, SESSION};
use super::selection::{Done, Selection};
use super::{Command, Gnome, MUTTER, Shared, Unicode, WAITING};
use crate::clipboard::Change;
use crate::{SessionError, bus};

const FIRST_PAUSE: Duration = Duration::from_millis(200);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// For the first session.
const OPENING: Duration = Duration::from_secs(30);

pub(super) fn spawn(address: Option<String>) -> Result<Gnome, SessionError> {
    if !bus::is_there(address.as_deref()) {
        return Err(SessionError::unavailable(bus::BUS, "DBUS_SESSION_BUS_ADDRESS is not set"));
    }
    let (commands, received) = mpsc::channel(WAITING);
    let (tell, changes) = watch::channel(Change::default());
    let shared = Arc::new(Shared::default());
    let (ready, first) = sync_channel(1);
    let runtime = runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| SessionError::system("cannot start a runtime", error))?;
    let served = Arc::clone(&shared);
    thread::Builder::new()
        .name("gnome-session".into())
        .spawn(move || run(&runtime, address.as_deref(), received, tell, &served, &ready))
        .map_err(|error| SessionError::system("cannot start a thread", error))?;
    first.recv_timeout(OPENING).map_err(|_| SessionError::Late { what: MUTTER, limit: OPENING })??;
    Ok(Gnome { commands, shared, changes })
}

fn run(
    runtime: &Runtime,
    address: Option<&str>,
    commands: mpsc::Receiver<Command>,
    tell: watch::Sender<Change>,
    shared: &Shared,
    ready: &SyncSender<Result<(), SessionError>>,
) {
    let (done, ended) = mpsc::unbounded_channel();
    let selection = Selection::new(tell, done);
    let mut owner = Owner { commands, ended, selection, unicode: Unicode::default() };
    runtime.block_on(owner.run(address, shared, ready));
}

pub(super) struct Owner {
    commands: mpsc::Receiver<Command>,
    ended: mpsc::UnboundedReceiver<Done>,
    pub(super) selection: Selection,
    unicode: Unicode,
}

/// Why a session was left.
enum Left {
    Unwanted,
    Lost(SessionError),
}

impl Owner {
    async fn run(&mut self, address: Option<&str>, shared: &Shared, ready: &SyncSender<Result<(), SessionError>>) {
        let (mut pause, mut is_first) = (FIRST_PAUSE, true);
        loop {
            let error = match self.begin(address).await {
                Ok((remote, signals)) => {
                    shared.with(|state| state.lost = None);
                    is_first = is_first && ready.send(Ok(())).is_err();
                    pause = FIRST_PAUSE;
                    match self.serve(&remote, signals, shared).await {
                        Left::Unwanted => return remote.stop().await,
                        Left::Lost(error) => error,
                    }
                }
                Err(error) if is_first => return drop(ready.send(Err(error))),
                Err(error) => error,
            };
            tracing::warn!(%error, ?pause, "no GNOME session");
            shared.with(|state| state.lost = Some(error.clone()));
            if self.wait(Instant::now() + pause, &error).await {
                return;
            }
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    async fn begin(&mut self, address: Option<&str>) -> Result<(Remote, MessageStream), SessionError> {
        let remote = Remote::open(address).await?;
        let failed = |error: zbus::Error| SessionError::gone(bus::BUS, error.to_string());
        let rule = MatchRule::builder().msg_type(zbus::message::Type::Signal).interface(SESSION);
        let rule = rule.path(&remote.path).build().map_err(failed)?;
        let signals = MessageStream::for_match_rule(rule, &remote.bus, None).await.map_err(failed)?;
        self.selection.begin(&remote).await;
        Ok((remote, signals))
    }

    async fn serve(&mut self, remote: &Remote, mut signals: MessageStream, shared: &Shared) -> Left {
        let mut hands = Hands::default();
        loop {
            tokio::select! {
                biased;
                signal = next(&mut signals) => {
                    if let Err(error) = self.signal(remote, signal).await {
                        return Left::Lost(error);
                    }
                }
                Some((serial, whole)) = self.ended.recv() => {
                    if let Err(error) = remote.write_done(serial, whole).await {
                        tracing::debug!(%error, "a transfer of the clipboard had ended before");
                    }
                }
                command = self.commands.recv() => match command {
                    None => {
                        let _ = hands.release(remote).await;
                        return Left::Unwanted;
                    }
                    Some(command) => {
                        let done = self.command(remote, &mut hands, &mut signals, command, shared).await;
                        if let Err(error @ (SessionError::Gone { .. } | SessionError::Late { .. })) = done {
                            return Left::Lost(error);
                        }
                    }
                },
            }
        }
    }

    async fn command(
        &mut self,
        remote: &Remote,
        hands: &mut Hands,
        signals: &mut MessageStream,
        command: Command,
        shared: &Shared,
    ) -> Result<(), SessionError> {
        match command {
            Command::Event { event, size } => {
                let mut done = hands.act(remote, &event, size, self.unicode).await;
                if let Ok(Some(paste)) = &done {
                    done = self.paste(remote, hands, signals, paste).await.map(|()| None);
                }
                done.map(drop).inspect_err(|error| shared.fail(error.clone()))
            }
            Command::Unicode(unicode) => {
                self.unicode = unicode;
                Ok(())
            }
            Command::Report(answer) => {
                let failed = shared.with(|state| state.failed.take());
                let _ = answer.send(failed.map_or(Ok(()), Err));
                Ok(())
            }
            Command::Read { kind, answer } => {
                let _ = answer.send(self.selection.read(remote, kind).await);
                Ok(())
            }
            Command::Set { contents, answer } => {
                let _ = answer.send(self.selection.set(remote, contents).await);
                Ok(())
            }
        }
    }

    /// Handles signals until the time; whether the session is still there.
    pub(super) async fn signals_until(
        &mut self,
        remote: &Remote,
        signals: &mut MessageStream,
        until: Instant,
        mut enough: impl FnMut(&Self) -> bool,
    ) -> Result<(), SessionError> {
        while !enough(self) {
            let Ok(signal) = timeout_at(until, next(signals)).await else { return Ok(()) };
            self.signal(remote, signal).await?;
        }
        Ok(())
    }

    async fn signal(&mut self, remote: &Remote, signal: Option<Message>) -> Result<(), SessionError> {
        let Some(signal) = signal else { return Err(SessionError::gone(bus::BUS, "the connection ended")) };
        let header = signal.header();
        match header.member().map(|member| member.as_str()) {
            Some("Closed") => return Err(SessionError::gone(MUTTER, "it closed the session")),
            Some("SelectionOwnerChanged") => {
                let options: Result<HashMap<String, OwnedVariant>, _> = signal.body().deserialize();
                if let Ok(options) = options {
                    self.selection.owner_changed(&options);
                }
            }
            Some("SelectionTransfer") => {
                let asked: Result<(String, u32), _> = signal.body().deserialize();
                if let Ok((mime, serial)) = asked {
                    self.selection.transfer(remote, &mime, serial).await;
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// Refuses commands meanwhile. Whether nobody gives any more.
    async fn wait(&mut self, until: Instant, error: &SessionError) -> bool {
        loop {
            tokio::select! {
                () = sleep_until(until) => return false,
                command = self.commands.recv() => match command {
                    Some(command) => command.refuse(error),
                    None => return true,
                },
            }
        }
    }
}

async fn next(signals: &mut MessageStream) -> Option<Message> {
    let mut signals = Pin::new(signals);
    poll_fn(|context| futures_core::Stream::poll_next(signals.as_mut(), context)).await?.ok()
}
