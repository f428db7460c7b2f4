//! The desktop as a display device with one scanout, 0.

use std::os::unix::fs::FileExt;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use lunette_capture::{
    ControlError, Doorbell, Frame, Mode, Polled, Presence, ScanoutControl, ScanoutInfo, ScanoutStatus, Source,
    SourceError,
};
use lunette_frame::{Damage, PictureRef, PixelFormat, Pts, ScanoutId};

use super::capture::{Requests, connect};
use super::shared::{Last, Layout, Ready, Shared};

const FIRST_PICTURE: Duration = Duration::from_secs(10);
const NAME: &str = "a desktop of this machine";

/// The first output of the compositor at `WAYLAND_DISPLAY`.
#[derive(Debug)]
pub struct Desktop {
    shared: Arc<Shared>,
    requests: Requests,
}

impl Desktop {
    /// Connects, and captures from then on in a thread of its own.
    ///
    /// # Errors
    /// When the compositor cannot be reached, does not allow it, or announces no picture within ten seconds.
    pub fn connect() -> Result<Self> {
        let shared = Arc::<Shared>::default();
        let (mut events, mut capture) = connect(&shared)?;
        let requests = capture.requests().clone();
        requests.next();
        let thread = Arc::clone(&shared);
        std::thread::Builder::new().name("screencopy".to_owned()).spawn(move || {
            while events.blocking_dispatch(&mut capture).is_ok() {}
            tracing::warn!("the compositor is gone");
            thread.update(|state| state.ended = true);
        })?;
        shared.first_layout(FIRST_PICTURE).context("the compositor announced no picture")?;
        Ok(Self { shared, requests })
    }
}

impl ScanoutControl for Desktop {
    fn enable(&self, _: ScanoutId, _: Mode) -> Result<String, ControlError> {
        Err(ControlError::Fixed { source_name: NAME })
    }

    fn disable(&self, _: ScanoutId) -> Result<(), ControlError> {
        Err(ControlError::Fixed { source_name: NAME })
    }

    fn scanouts(&self) -> Vec<ScanoutInfo> {
        let layout = self.shared.lock().layout;
        let info = |layout: Layout| ScanoutInfo {
            id: ScanoutId::new(0),
            size: layout.size,
            connector: "HEADLESS-1".to_owned(),
        };
        layout.map(info).into_iter().collect()
    }

    fn status(&self, id: ScanoutId) -> ScanoutStatus {
        if id.get() != 0 {
            return ScanoutStatus::empty(Presence::Absent);
        }
        let state = self.shared.lock();
        ScanoutStatus {
            presence: if state.ended { Presence::Absent } else { Presence::On },
            size: state.layout.map(|layout| layout.size),
            newest: state.last.as_ref().map(|last| last.captured),
            pictures: state.pictures,
            cursor_changes: 0,
        }
    }

    fn open(&self, id: ScanoutId, doorbell: &Arc<Doorbell>) -> Result<Box<dyn Source>, ControlError> {
        if id.get() != 0 {
            return Err(ControlError::NoSuchScanout { id, count: 1 });
        }
        self.shared.update(|state| {
            state.doorbell = Some(Arc::clone(doorbell));
            // Nothing may change for long, and a new source begins with a whole picture.
            if state.ready.is_none() {
                state.ready = state.last.as_ref().map(Last::again);
            }
        });
        Ok(Box::new(DesktopSource {
            shared: Arc::clone(&self.shared),
            requests: self.requests.clone(),
            pixels: Vec::new(),
            layout: None,
            damage: None,
            number: 0,
        }))
    }
}

#[derive(Debug)]
struct DesktopSource {
    shared: Arc<Shared>,
    requests: Requests,
    pixels: Vec<u8>,
    layout: Option<Layout>,
    damage: Option<Damage>,
    number: u64,
}

impl DesktopSource {
    /// Reads what changed; everything, where this source has not seen this memory before.
    fn take(&mut self, ready: &Ready) -> std::io::Result<Damage> {
        let Layout { size, stride } = ready.layout;
        let damage = if self.layout == Some(ready.layout) { ready.damage.clone() } else { Damage::full(size) };
        self.layout = Some(ready.layout);
        self.pixels.resize(stride * size.height as usize, 0);
        for rect in damage.rects() {
            if rect.width as usize * 4 == stride {
                let rows = rect.y as usize * stride..(rect.y + rect.height) as usize * stride;
                let start = rows.start as u64;
                ready.memory.read_exact_at(&mut self.pixels[rows], start)?;
                continue;
            }
            for y in rect.y..rect.y + rect.height {
                let start = y as usize * stride + rect.x as usize * 4;
                let row = &mut self.pixels[start..start + rect.width as usize * 4];
                ready.memory.read_exact_at(row, start as u64)?;
            }
        }
        Ok(damage)
    }
}

impl Source for DesktopSource {
    fn poll(&mut self, _: Pts) -> Result<Polled<'_>, SourceError> {
        let ready = {
            let mut state = self.shared.lock();
            match state.ready.take() {
                Some(ready) => ready,
                None if state.ended => return Ok(Polled::Ended),
                None => return Ok(Polled::Idle),
            }
        };
        let taken = self.take(&ready);
        if ready.asks {
            self.requests.next();
        }
        let damage = taken.map_err(|source| SourceError::Replay { frame: self.number, source })?;
        self.number += 1;
        let Layout { size, stride } = ready.layout;
        let picture = PictureRef::packed(PixelFormat::Bgrx, size, stride, &self.pixels)?;
        let damage = self.damage.insert(damage);
        Ok(Polled::Frame(Frame { picture, damage, captured: ready.captured, number: self.number }))
    }
}
