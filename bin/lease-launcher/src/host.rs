//! What the host says about the desktop's scanout.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use lunette_cause::chain;
use lunette_frame::{ScanoutId, Size};
use lunette_screen::{Remedy, Screen, ScreenError, Standing};
use lunette_wire::Token;

use crate::step::blocking;

/// Of each question.
const LIMIT: Duration = Duration::from_secs(3);
/// A host that switches another output, or that has just started, is asked again.
const TRIES: u32 = 20;
const PAUSE: Duration = Duration::from_millis(150);

/// Asks the host; connects when it must.
#[derive(Clone)]
pub(crate) struct Host {
    address: String,
    token: Token,
    scanout: ScanoutId,
    // A question blocks, so it is asked on another thread; there is one at a time.
    screen: Arc<Mutex<Option<Screen>>>,
}

impl Host {
    pub(crate) fn new(address: String, token: Token, scanout: ScanoutId) -> Self {
        Self { address, token, scanout, screen: Arc::default() }
    }

    /// How the scanout is doing.
    pub(crate) async fn standing(&self) -> Result<Standing, ScreenError> {
        let (host, scanout) = (self.clone(), self.scanout);
        blocking(move || host.ask(|screen| screen.status(scanout))).await
    }

    /// Has the scanout offer another size.
    pub(crate) async fn resize(&self, size: Size) -> Result<(), String> {
        let (host, scanout) = (self.clone(), self.scanout);
        let asked = blocking(move || host.patiently(|screen| screen.resize(scanout, size))).await;
        asked.map_err(|error| chain(&error))
    }

    fn ask<T>(&self, question: impl Fn(&mut Screen) -> Result<T, ScreenError>) -> Result<T, ScreenError> {
        let mut screen = self.screen.lock().unwrap_or_else(PoisonError::into_inner);
        if screen.is_none() {
            *screen = Some(Screen::connect(&self.address, self.token, LIMIT)?);
        }
        let connected = screen.as_mut().expect("connected just now");
        let answer = question(connected);
        if answer.as_ref().is_err_and(|error| error.remedy() == Remedy::Reconnect) {
            *screen = None;
        }
        answer
    }

    fn patiently<T>(&self, question: impl Fn(&mut Screen) -> Result<T, ScreenError>) -> Result<T, ScreenError> {
        for _ in 1..TRIES {
            match self.ask(&question) {
                Err(error) if error.remedy() != Remedy::GiveUp => std::thread::sleep(PAUSE),
                outcome => return outcome,
            }
        }
        self.ask(&question)
    }
}
