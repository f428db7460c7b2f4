//! Which outputs the machine has, what was asked of them, and how much memory their pictures take.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use lunette_frame::{ScanoutId, Size};

use super::console::{ConsoleInfo, ConsoleNumber, UiInfo};
use super::error::Fault;
use super::output::{Output, Power};
use super::pixels::Pool;
use super::store::Store;
use crate::{ControlError, Presence, ScanoutInfo, ScanoutStatus, connector_name};

/// Smallest size that an output is switched to.
pub(super) const MIN_SIZE: Size = Size::new(640, 480);
/// Largest size that an output is switched to.
pub(super) const MAX_SIZE: Size = Size::new(5120, 2880);
/// The machine's own console: always on.
const CONSOLE: ScanoutId = ScanoutId::new(0);

/// The outputs by scanout; shared between the thread that talks to QEMU and whoever asks for scanouts.
#[derive(Debug)]
pub(super) struct Outputs {
    // A Mutex, since both sides look things up and neither waits while it holds it.
    table: Mutex<Table>,
    limit: u64,
}

#[derive(Debug)]
struct Table {
    /// Why QEMU cannot be reached; `None` while it can.
    lost: Option<String>,
    outputs: BTreeMap<ScanoutId, Output>,
}

impl Table {
    fn find(&mut self, id: ScanoutId) -> Result<&mut Output, ControlError> {
        if let Some(reason) = &self.lost {
            return Err(ControlError::Unreachable { reason: reason.clone() });
        }
        let count = self.outputs.keys().last().map_or(0, |last| last.get().saturating_add(1));
        self.outputs.get_mut(&id).ok_or(ControlError::NoSuchScanout { id, count })
    }

    fn free(&self, without: ScanoutId, limit: u64) -> u64 {
        let others = self.outputs.iter().filter(|(id, _)| **id != without).map(|(_, output)| output.claimed());
        limit.saturating_sub(others.fold(0, u64::saturating_add))
    }
}

impl Outputs {
    /// Nothing is known yet; `limit` is how many bytes all pictures may take.
    pub(super) fn new(limit: u64) -> Self {
        let lost = Some("it has not been reached yet".to_owned());
        Self { table: Mutex::new(Table { lost, outputs: BTreeMap::new() }), limit }
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// QEMU was reached, and has these outputs.
    pub(super) fn found(&self, consoles: &BTreeMap<ScanoutId, ConsoleInfo>) {
        let mut table = self.table();
        table.lost = None;
        table.outputs = consoles.iter().map(|(id, console)| (*id, Output::new(console))).collect();
    }

    /// QEMU cannot be reached any more: every source ends.
    pub(super) fn lose(&self, reason: String) {
        let mut table = self.table();
        table.lost = Some(reason);
        for output in table.outputs.values_mut() {
            output.power = Power::Unknown;
            output.forget();
        }
    }

    /// Why QEMU cannot be reached; `None` while it can.
    pub(super) fn lost(&self) -> Option<String> {
        self.table().lost.clone()
    }

    /// The guest starts anew: every output but the console ends. Returns those that QEMU must be told about.
    pub(super) fn reset(&self) -> Vec<ScanoutId> {
        let mut table = self.table();
        let desktops = table.outputs.iter_mut().filter(|(id, _)| **id != CONSOLE);
        let mut stale = Vec::new();
        for (id, output) in desktops {
            if output.power != Power::Off {
                stale.push(*id);
            }
            output.turn_off();
        }
        stale
    }

    /// Checks that an output may be switched to this size, and keeps memory for it.
    pub(super) fn begin_enabling(&self, id: ScanoutId, size: Size) -> Result<(), ControlError> {
        let mut table = self.table();
        table.find(id)?;
        let fits = |side, min, max| (min..=max).contains(&side);
        if !fits(size.width, MIN_SIZE.width, MAX_SIZE.width) || !fits(size.height, MIN_SIZE.height, MAX_SIZE.height) {
            return Err(ControlError::Size { id, size, min: MIN_SIZE, max: MAX_SIZE });
        }
        let (needed, free) = (Pool::bytes(size), table.free(id, self.limit));
        if needed > free {
            return Err(ControlError::Memory { id, size, needed, free, limit: self.limit });
        }
        table.find(id)?.coming = Some(size);
        Ok(())
    }

    /// Checks that an output may be switched off.
    pub(super) fn begin_disabling(&self, id: ScanoutId) -> Result<(), ControlError> {
        let mut table = self.table();
        table.find(id)?;
        if id == CONSOLE { Err(ControlError::Console(id)) } else { Ok(()) }
    }

    /// What to tell QEMU so that the output shows `size`, or nothing.
    pub(super) fn ui_info(&self, id: ScanoutId, size: Option<Size>) -> Option<(ConsoleNumber, UiInfo)> {
        let mut table = self.table();
        let output = table.outputs.get_mut(&id)?;
        Some((output.console, output.ui_info(size)))
    }

    /// The device that an output is a head of.
    pub(super) fn device(&self, id: ScanoutId) -> Option<Arc<str>> {
        self.table().outputs.get(&id).map(|output| Arc::clone(&output.device))
    }

    /// QEMU has switched the output.
    pub(super) fn switched(&self, id: ScanoutId, size: Option<Size>) {
        let mut table = self.table();
        let Some(output) = table.outputs.get_mut(&id) else { return };
        output.told = true;
        match size {
            Some(size) => {
                output.power = Power::On(size);
                output.coming = None;
            }
            None => output.turn_off(),
        }
    }

    /// QEMU has not switched the output: nothing has changed.
    pub(super) fn not_switched(&self, id: ScanoutId) {
        if let Some(output) = self.table().outputs.get_mut(&id) {
            output.coming = None;
        }
    }

    /// Where the pictures of an output are, or are going to be.
    pub(super) fn store(&self, id: ScanoutId) -> Result<Arc<Store>, ControlError> {
        let mut table = self.table();
        let output = table.find(id)?;
        if output.power == Power::Off {
            return Err(ControlError::NotEnabled(id));
        }
        Ok(Arc::clone(output.store.get_or_insert_default()))
    }

    /// The console of an output whose pictures somebody may want.
    pub(super) fn console(&self, id: ScanoutId) -> Option<ConsoleNumber> {
        self.table().outputs.get(&id).map(|output| output.console)
    }

    /// Whether a listener is needed although no source is open.
    pub(super) fn is_enabled(&self, id: ScanoutId) -> bool {
        self.table().outputs.get(&id).is_some_and(|output| matches!(output.power, Power::On(_)))
    }

    /// No pictures are kept any more.
    pub(super) fn not_drawn(&self, id: ScanoutId) {
        if let Some(output) = self.table().outputs.get_mut(&id) {
            output.drawn = None;
        }
    }

    /// The outputs that show something, as far as is known.
    pub(super) fn list(&self) -> Vec<ScanoutInfo> {
        let table = self.table();
        if table.lost.is_some() {
            return Vec::new();
        }
        let info = |(id, output): (&ScanoutId, &Output)| {
            output.shown(*id == CONSOLE).map(|size| ScanoutInfo { id: *id, size, connector: connector_name(*id) })
        };
        table.outputs.iter().filter_map(info).collect()
    }

    /// How an output is doing. Pictures do not pass the table, so none waits for this.
    pub(super) fn status(&self, id: ScanoutId) -> ScanoutStatus {
        let (power, store) = {
            let table = self.table();
            let output = table.outputs.get(&id).filter(|_| table.lost.is_none());
            let Some(output) = output else { return ScanoutStatus::empty(Presence::Absent) };
            (output.power, output.store.clone())
        };
        let status = store.map_or(ScanoutStatus::empty(Presence::Off), |store| store.gauge.read(Presence::Off));
        let is_on = match power {
            Power::On(_) => true,
            Power::Off => false,
            Power::Unknown => id == CONSOLE || status.size.is_some(),
        };
        ScanoutStatus { presence: if is_on { Presence::On } else { Presence::Off }, ..status }
    }

    /// Every output that has, or is to have, pictures.
    pub(super) fn stores(&self) -> Vec<(ScanoutId, Arc<Store>)> {
        let table = self.table();
        let outputs = table.outputs.iter();
        outputs.filter_map(|(id, output)| Some((*id, Arc::clone(output.store.as_ref()?)))).collect()
    }

    fn claim(&self, id: ScanoutId, size: Size) -> Result<(), Fault> {
        let mut table = self.table();
        let (needed, free) = (Pool::bytes(size), table.free(id, self.limit));
        if needed > free {
            return Err(Fault::Memory { size, needed, free, limit: self.limit });
        }
        if let Some(output) = table.outputs.get_mut(&id) {
            output.drawn = Some(size);
        }
        Ok(())
    }
}

/// One output's part of the memory for pictures.
#[derive(Debug, Clone)]
pub(super) struct Room {
    outputs: Arc<Outputs>,
    id: ScanoutId,
}

impl Room {
    pub(super) fn new(outputs: Arc<Outputs>, id: ScanoutId) -> Self {
        Self { outputs, id }
    }

    pub(super) fn id(&self) -> ScanoutId {
        self.id
    }

    /// Keeps memory for pictures of this size, instead of an earlier one.
    pub(super) fn claim(&self, size: Size) -> Result<(), Fault> {
        self.outputs.claim(self.id, size)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HD: Size = Size::new(1920, 1080);
    const ID: ScanoutId = ScanoutId::new(3);

    fn outputs(limit: u64) -> Arc<Outputs> {
        let outputs = Outputs::new(limit);
        let console = |id: u16| ConsoleInfo {
            number: ConsoleNumber(id.into()),
            head: id.into(),
            device: String::new(),
            is_graphic: true,
            size: Size::new(1280, 800),
        };
        outputs.found(&(0..16).map(|id| (ScanoutId::new(id), console(id))).collect());
        Arc::new(outputs)
    }

    fn widths(outputs: &Outputs, sizes: &[Option<Size>]) -> Vec<u16> {
        let switch = |size: &Option<Size>| {
            let (_, info) = outputs.ui_info(ID, *size).unwrap();
            outputs.switched(ID, *size);
            info.width_mm
        };
        sizes.iter().map(switch).collect()
    }

    #[test]
    fn repeating_a_size_alternates_the_width_and_changing_it_starts_anew() {
        let outputs = outputs(u64::MAX);
        let other = Some(Size::new(1280, 720));
        let widths = widths(&outputs, &[Some(HD), Some(HD), Some(HD), Some(HD), other, other, None, other]);
        assert_eq!(widths, [508, 509, 508, 509, 338, 339, 0, 338]);
    }

    #[test]
    fn what_nobody_has_switched_is_told_to_be_off_in_words_that_are_new_to_it() {
        let outputs = outputs(u64::MAX);
        let after_reset = self::outputs(u64::MAX);
        after_reset.reset();
        assert_eq!(widths(&outputs, &[None, None, Some(HD), None]), [1, 0, 508, 0]);
        assert_eq!(widths(&after_reset, &[None, None]), [1, 0]);
    }

    #[test]
    fn a_switch_that_failed_is_repeated_as_it_was() {
        let outputs = outputs(u64::MAX);
        let first = outputs.ui_info(ID, Some(HD));
        outputs.not_switched(ID);
        assert_eq!(outputs.ui_info(ID, Some(HD)), first);
    }

    #[test]
    fn sizes_from_640x480_to_5120x2880_are_possible() {
        let outputs = outputs(u64::MAX);
        let enable = |width, height| outputs.begin_enabling(ID, Size::new(width, height));
        assert!(enable(640, 480).is_ok() && enable(641, 481).is_ok() && enable(5120, 2880).is_ok());
        for (width, height) in [(639, 480), (640, 479), (5121, 2880), (5120, 2881), (0, 0), (u32::MAX, u32::MAX)] {
            assert!(matches!(enable(width, height), Err(ControlError::Size { .. })), "{width}x{height}");
        }
    }

    #[test]
    fn what_does_not_fit_into_memory_is_refused_with_both_numbers() {
        let outputs = outputs(2 * Pool::bytes(HD) + 100);
        for id in [1, 2] {
            outputs.begin_enabling(ScanoutId::new(id), HD).unwrap();
            outputs.switched(ScanoutId::new(id), Some(HD));
        }
        let refused = outputs.begin_enabling(ID, HD).unwrap_err().to_string();
        assert!(refused.contains("needs 24883200 bytes") && refused.contains("100 are free"), "{refused}");
        outputs.begin_enabling(ScanoutId::new(1), HD).unwrap();
        outputs.switched(ScanoutId::new(1), None);
        outputs.begin_enabling(ID, HD).unwrap();
        outputs.begin_enabling(ScanoutId::new(4), MIN_SIZE).unwrap_err();
        outputs.not_switched(ID);
        outputs.begin_enabling(ScanoutId::new(4), HD).unwrap();
    }

    #[test]
    fn a_machine_that_shows_more_than_was_asked_gets_no_memory_of_others() {
        let outputs = outputs(Pool::bytes(HD) + Pool::bytes(MIN_SIZE));
        outputs.begin_enabling(ID, HD).unwrap();
        let room = Room::new(Arc::clone(&outputs), ScanoutId::new(5));
        assert!(matches!(room.claim(HD), Err(Fault::Memory { .. })));
        room.claim(MIN_SIZE).unwrap();
    }

    #[test]
    fn a_reset_ends_all_but_the_console() {
        let outputs = outputs(u64::MAX);
        let console = outputs.store(CONSOLE).unwrap();
        let desktop = outputs.store(ID).unwrap();
        outputs.switched(ID, Some(HD));
        assert_eq!(outputs.reset().len(), 15);
        assert_eq!(outputs.reset(), []);
        assert!(matches!(outputs.store(ID), Err(ControlError::NotEnabled(ID))));
        assert!(Arc::ptr_eq(&outputs.store(CONSOLE).unwrap(), &console));
        drop(desktop);
    }

    #[test]
    fn the_console_stays_on() {
        let outputs = outputs(u64::MAX);
        assert!(matches!(outputs.begin_disabling(CONSOLE), Err(ControlError::Console(_))));
        assert!(outputs.begin_enabling(CONSOLE, HD).is_ok());
        assert_eq!(
            outputs.list(),
            [ScanoutInfo { id: CONSOLE, size: Size::new(1280, 800), connector: "Virtual-1".to_owned() }]
        );
    }

    #[test]
    fn nothing_can_be_done_while_qemu_is_lost() {
        let outputs = outputs(u64::MAX);
        outputs.switched(ID, Some(HD));
        outputs.lose("it was shut down".to_owned());
        let error = outputs.begin_enabling(ID, HD).unwrap_err().to_string();
        assert_eq!(error, "the machine cannot be reached: it was shut down");
        assert!(outputs.list().is_empty());
        assert!(matches!(outputs.store(ID), Err(ControlError::Unreachable { .. })));
    }

    #[test]
    fn an_output_beyond_the_last_does_not_exist() {
        let outputs = outputs(u64::MAX);
        let refused = outputs.begin_enabling(ScanoutId::new(16), HD);
        assert!(matches!(refused, Err(ControlError::NoSuchScanout { count: 16, .. })));
    }
}
