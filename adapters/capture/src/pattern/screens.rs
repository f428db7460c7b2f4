//! Which synthetic scanouts exist.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use lunette_frame::marker::Corner;
use lunette_frame::{ScanoutId, Size};

use super::Kind;
use super::source::PatternSource;
use crate::gauge::Gauge;
use crate::{
    ControlError, Cursor, Doorbell, Mode, Presence, ScanoutControl, ScanoutInfo, ScanoutStatus, Source, connector_name,
};

/// What the scanouts show.
#[derive(Debug, Clone, Copy)]
pub struct PatternConfig {
    /// What they show.
    pub kind: Kind,
    /// Scanouts enabled at the start, numbered from 0; at most [`PatternScreens::MAX_SCANOUTS`].
    pub scanouts: u16,
    /// Their size at the start.
    pub size: Size,
    /// Frames per second; 0 paints a frame whenever one is polled for.
    pub fps: u32,
}

/// A display device that paints its own pictures.
#[derive(Debug)]
pub struct PatternScreens {
    screens: Arc<Screens>,
}

#[derive(Debug)]
pub(super) struct Screens {
    pub(super) config: PatternConfig,
    /// Counts enables and disables, so that a source looks at the map only when something happened.
    pub(super) changes: AtomicU64,
    // A Mutex, since every connection may switch scanouts and every pipeline reads its own entry after a change.
    enabled: Mutex<BTreeMap<ScanoutId, Screen>>,
}

#[derive(Debug)]
struct Screen {
    /// Which enable this is: a scanout that was disabled in between is another one.
    born: u64,
    size: Size,
    doorbells: Vec<Weak<Doorbell>>,
    cursor: Option<Cursor>,
    /// Counts what its sources painted: without one nothing is.
    gauge: Arc<Gauge>,
}

impl Screens {
    fn enabled(&self) -> MutexGuard<'_, BTreeMap<ScanoutId, Screen>> {
        self.enabled.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The size of a screen, if it is still the one that was enabled as number `born`.
    pub(super) fn size(&self, id: ScanoutId, born: u64) -> Option<Size> {
        self.enabled().get(&id).filter(|screen| screen.born == born).map(|screen| screen.size)
    }

    /// The pointer of a screen, if somebody has shown one there.
    pub(super) fn cursor(&self, id: ScanoutId) -> Option<Cursor> {
        self.enabled().get(&id)?.cursor.clone()
    }

    /// Lets the sources of a screen that changed look at the map.
    fn announce(&self, screen: &Screen) {
        self.changes.fetch_add(1, Ordering::Release);
        screen.ring();
    }
}

impl Screen {
    fn ring(&self) {
        self.doorbells.iter().filter_map(Weak::upgrade).for_each(|doorbell| doorbell.ring());
    }
}

impl PatternScreens {
    /// Most scanouts, as many as a virtio-gpu device has.
    pub const MAX_SCANOUTS: u16 = 16;
    /// Largest picture that is painted.
    pub const MAX_SIZE: Size = Size::new(8192, 8192);

    /// Enables scanouts 0 to `config.scanouts`.
    ///
    /// # Errors
    /// When there are more than [`PatternScreens::MAX_SCANOUTS`], or the size has no room for a frame counter.
    pub fn new(config: PatternConfig) -> Result<Self, ControlError> {
        let screens = Screens { config, changes: AtomicU64::new(0), enabled: Mutex::new(BTreeMap::new()) };
        let screens = Self { screens: Arc::new(screens) };
        for id in (0..config.scanouts).map(ScanoutId::new) {
            screens.enable(id, Mode { size: config.size, refresh_hz: config.fps })?;
        }
        Ok(screens)
    }

    /// Shows a pointer beside the picture of a scanout, or moves it; its count of changes is kept here.
    ///
    /// # Errors
    /// When the scanout is not enabled.
    pub fn show_cursor(&self, id: ScanoutId, cursor: Cursor) -> Result<(), ControlError> {
        let mut enabled = self.screens.enabled();
        let screen = enabled.get_mut(&id).ok_or(ControlError::NotEnabled(id))?;
        let changes = screen.cursor.as_ref().map_or(0, |shown| shown.changes) + 1;
        screen.cursor = Some(Cursor { changes, ..cursor });
        screen.gauge.cursor();
        screen.ring();
        Ok(())
    }

    fn check(id: ScanoutId, size: Size) -> Result<(), ControlError> {
        if id.get() >= Self::MAX_SCANOUTS {
            return Err(ControlError::NoSuchScanout { id, count: Self::MAX_SCANOUTS });
        }
        let fits = size.width <= Self::MAX_SIZE.width && size.height <= Self::MAX_SIZE.height;
        if !fits || Corner::TopLeft.rect(size).is_none() {
            return Err(ControlError::Size { id, size, min: Size::new(128, 40), max: Self::MAX_SIZE });
        }
        Ok(())
    }
}

impl ScanoutControl for PatternScreens {
    fn enable(&self, id: ScanoutId, mode: Mode) -> Result<String, ControlError> {
        Self::check(id, mode.size)?;
        let mut enabled = self.screens.enabled();
        let born = self.screens.changes.load(Ordering::Acquire);
        let new = || Screen { born, size: mode.size, doorbells: Vec::new(), cursor: None, gauge: Arc::default() };
        let screen = enabled.entry(id).or_insert_with(new);
        screen.size = mode.size;
        self.screens.announce(screen);
        Ok(connector_name(id))
    }

    fn disable(&self, id: ScanoutId) -> Result<(), ControlError> {
        let mut enabled = self.screens.enabled();
        if let Some(screen) = enabled.remove(&id) {
            self.screens.announce(&screen);
        }
        Ok(())
    }

    fn scanouts(&self) -> Vec<ScanoutInfo> {
        let info = |(id, screen): (&ScanoutId, &Screen)| ScanoutInfo {
            id: *id,
            size: screen.size,
            connector: connector_name(*id),
        };
        self.screens.enabled().iter().map(info).collect()
    }

    fn status(&self, id: ScanoutId) -> ScanoutStatus {
        if id.get() >= Self::MAX_SCANOUTS {
            return ScanoutStatus::empty(Presence::Absent);
        }
        let gauge = self.screens.enabled().get(&id).map(|screen| Arc::clone(&screen.gauge));
        gauge.map_or(ScanoutStatus::empty(Presence::Off), |gauge| gauge.read(Presence::On))
    }

    fn open(&self, id: ScanoutId, doorbell: &Arc<Doorbell>) -> Result<Box<dyn Source>, ControlError> {
        let mut enabled = self.screens.enabled();
        let screen = enabled.get_mut(&id).ok_or(ControlError::NotEnabled(id))?;
        screen.doorbells.retain(|known| known.strong_count() > 0);
        screen.doorbells.push(Arc::downgrade(doorbell));
        // Still under the lock, so that no change falls between the size and the count of changes.
        let (screens, gauge) = (Arc::clone(&self.screens), Arc::clone(&screen.gauge));
        Ok(Box::new(PatternSource::new(screens, gauge, id, screen.born, screen.size)))
    }
}

#[cfg(test)]
mod tests {
    use lunette_frame::Pts;

    use super::*;
    use crate::Polled;

    const SIZE: Size = Size::new(320, 180);
    const ID: ScanoutId = ScanoutId::new(0);
    const MILLI: u64 = 1_000_000;

    fn screens(kind: Kind, fps: u32) -> PatternScreens {
        PatternScreens::new(PatternConfig { kind, scanouts: 2, size: SIZE, fps }).unwrap()
    }

    fn open(screens: &PatternScreens) -> Box<dyn Source> {
        screens.open(ID, &Arc::default()).unwrap()
    }

    fn number(source: &mut dyn Source, millis: u64) -> Option<u64> {
        match source.poll(Pts::from_nanos((1000 + millis) * MILLI)).unwrap() {
            Polled::Frame(frame) => Some(frame.number),
            Polled::NotBefore(_) | Polled::Idle | Polled::Ended => None,
        }
    }

    #[test]
    fn a_late_poll_gets_the_newest_frame_only() {
        let screens = screens(Kind::Typing, 100);
        let mut source = open(&screens);
        let numbers = [0, 5, 10, 11, 55, 59].map(|millis| number(&mut *source, millis));
        assert_eq!(numbers, [Some(0), None, Some(1), None, Some(5), None]);
    }

    #[test]
    fn a_source_says_when_its_next_frame_is_due() {
        let screens = screens(Kind::Typing, 100);
        let mut source = open(&screens);
        number(&mut *source, 0);
        let polled = source.poll(Pts::from_nanos(1003 * MILLI)).unwrap();
        assert!(matches!(polled, Polled::NotBefore(at) if at.as_nanos() == 1010 * MILLI), "{polled:?}");
    }

    #[test]
    fn flat_out_every_poll_has_a_frame() {
        let screens = screens(Kind::Scroll, 0);
        let mut source = open(&screens);
        let numbers = [0, 0, 0].map(|millis| number(&mut *source, millis));
        assert_eq!(numbers, [Some(0), Some(1), Some(2)]);
    }

    #[test]
    fn a_still_scanout_has_one_frame() {
        let screens = screens(Kind::Still, 60);
        let mut source = open(&screens);
        assert_eq!(number(&mut *source, 0), Some(0));
        assert!(matches!(source.poll(Pts::from_nanos(u64::MAX)).unwrap(), Polled::Idle));
    }

    #[test]
    fn a_disabled_scanout_ends_and_the_others_stay() {
        let screens = screens(Kind::Scroll, 60);
        let mut source = open(&screens);
        screens.disable(ID).unwrap();
        assert!(matches!(source.poll(Pts::from_nanos(1)).unwrap(), Polled::Ended));
        assert!(matches!(screens.open(ID, &Arc::default()), Err(ControlError::NotEnabled(ID))));
        assert_eq!(screens.scanouts().len(), 1);
    }

    #[test]
    fn a_scanout_that_was_disabled_and_enabled_again_is_another_one() {
        let screens = screens(Kind::Still, 60);
        let mut source = open(&screens);
        screens.disable(ID).unwrap();
        screens.enable(ID, Mode { size: SIZE, refresh_hz: 60 }).unwrap();
        assert!(matches!(source.poll(Pts::from_nanos(1)).unwrap(), Polled::Ended));
        assert_eq!(number(&mut *open(&screens), 0), Some(0));
    }

    #[test]
    fn enabling_again_changes_the_size_at_once_and_keeps_counting() {
        let screens = screens(Kind::Typing, 60);
        let mut source = open(&screens);
        assert_eq!(number(&mut *source, 0), Some(0));
        let size = Size::new(640, 480);
        assert_eq!(screens.enable(ID, Mode { size, refresh_hz: 60 }).unwrap(), "Virtual-1");
        let Polled::Frame(frame) = source.poll(Pts::from_nanos(1001 * MILLI)).unwrap() else { panic!("no frame") };
        assert_eq!((frame.number, frame.picture.size(), frame.damage.is_full()), (1, size, true));
    }

    #[test]
    fn a_change_rings_the_doorbell() {
        let screens = screens(Kind::Still, 60);
        let doorbell = Arc::default();
        let _source = screens.open(ID, &doorbell).unwrap();
        screens.disable(ID).unwrap();
        doorbell.wait(None);
    }

    #[test]
    fn a_scanout_says_how_it_is_doing() {
        let screens = screens(Kind::Typing, 100);
        let status = |id| screens.status(ScanoutId::new(id));
        assert_eq!([0, 5, 16].map(|id| status(id).presence), [Presence::On, Presence::Off, Presence::Absent]);
        assert_eq!(status(0), ScanoutStatus::empty(Presence::On));
        let mut source = open(&screens);
        number(&mut *source, 0);
        number(&mut *source, 10);
        let ScanoutStatus { size, newest, pictures, .. } = status(0);
        assert_eq!((size, pictures, newest.is_some()), (Some(SIZE), 2, true));
        assert_eq!(status(1).pictures, 0, "another scanout");
    }

    #[test]
    fn a_pointer_is_shown_beside_the_picture() {
        let screens = screens(Kind::Still, 60);
        let doorbell = Arc::default();
        let source = screens.open(ID, &doorbell).unwrap();
        assert_eq!(source.cursor(), None);
        screens.show_cursor(ID, Cursor { x: 3, visible: true, ..Cursor::default() }).unwrap();
        screens.show_cursor(ID, Cursor { x: 4, visible: true, ..Cursor::default() }).unwrap();
        doorbell.wait(None);
        let cursor = source.cursor().unwrap();
        assert_eq!((cursor.x, cursor.changes, screens.status(ID).cursor_changes), (4, 2, 2));
        assert!(screens.show_cursor(ScanoutId::new(9), cursor).is_err());
    }

    #[test]
    fn impossible_scanouts_and_sizes_are_refused() {
        let screens = screens(Kind::Still, 60);
        let enable = |id, width, height| {
            screens.enable(ScanoutId::new(id), Mode { size: Size::new(width, height), refresh_hz: 60 })
        };
        assert!(matches!(enable(16, 640, 480), Err(ControlError::NoSuchScanout { count: 16, .. })));
        assert!(matches!(enable(1, 0, 480), Err(ControlError::Size { .. })));
        assert!(matches!(enable(1, 8193, 480), Err(ControlError::Size { .. })));
        assert!(matches!(enable(1, u32::MAX, u32::MAX), Err(ControlError::Size { .. })));
    }
}
