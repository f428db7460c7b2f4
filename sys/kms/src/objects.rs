//! Which connector, CRTC and planes belong together.

#![allow(unsafe_code)]

use crate::raw::{CardResources, GetEncoder, GetPlane, GetPlaneResources};
use crate::{Card, ConnectorId, CrtcId, KmsError, ObjectId, PlaneId, list};

/// Connectors, CRTCs and planes of a card with 16 outputs, and some to spare.
const GUESS: usize = 64;

/// Everything that it takes to show pictures on one connector.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Output {
    /// Where the screen is plugged in.
    pub connector: ConnectorId,
    /// The connector's name, such as `Virtual-2`.
    pub name: String,
    /// What scans pictures out to it.
    pub crtc: CrtcId,
    /// The layer for pictures.
    pub primary: PlaneId,
    /// The layer for a cursor, where the card has and shows one.
    pub cursor: Option<PlaneId>,
}

impl Output {
    /// What a lease of this output holds.
    #[must_use]
    pub fn objects(&self) -> Vec<ObjectId> {
        let mut objects = vec![self.connector.into(), self.crtc.into(), self.primary.into()];
        objects.extend(self.cursor.map(ObjectId::from));
        objects
    }
}

/// What a plane is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum PlaneKind {
    Overlay,
    Primary,
    Cursor,
}

#[derive(Debug)]
struct Plane {
    id: PlaneId,
    kind: PlaneKind,
    /// Bit i: usable on the i-th CRTC of the list.
    possible_crtcs: u32,
}

impl Card {
    /// The outputs, in the order of the card's connectors, each with a CRTC and planes of its own.
    ///
    /// A connector with no CRTC or primary plane left for it is left out; without
    /// [`Card::enable_universal_planes`] that is every one. Waits for the lock of mode setting, but makes no driver
    /// look at a screen.
    ///
    /// # Errors
    /// When the descriptor is no mode-setting device.
    pub fn outputs(&self) -> Result<Vec<Output>, KmsError> {
        let (crtcs, connectors) = (self.crtcs()?, self.connectors()?);
        let planes = self.planes()?;
        let mut taken = 0_u32;
        let mut outputs = Vec::with_capacity(connectors.len());
        for id in connectors {
            let connector = self.connector(id)?;
            let mut reachable = 0;
            for encoder in &connector.encoders {
                reachable |= self.encoder_crtcs(*encoder)?;
            }
            if let Some((index, crtc)) = first_free(&crtcs, reachable & !taken)
                && let Some(primary) = plane(&planes, PlaneKind::Primary, index)
            {
                taken |= 1 << index;
                let cursor = plane(&planes, PlaneKind::Cursor, index);
                outputs.push(Output { connector: id, name: connector.name, crtc, primary, cursor });
            }
        }
        Ok(outputs)
    }

    fn crtcs(&self) -> Result<Vec<CrtcId>, KmsError> {
        let crtcs = list::read("CRTCs", GUESS, |room| {
            let (crtc_id_ptr, count_crtcs) = (list::address(room.as_mut_ptr()), list::count("CRTCs", room.len())?);
            let mut command = CardResources { crtc_id_ptr, count_crtcs, ..CardResources::default() };
            // SAFETY: `room` is writable for `count_crtcs` ids; every other count is 0.
            unsafe { self.call_with_pointers("list its CRTCs", &mut command) }?;
            Ok(command.count_crtcs)
        })?;
        Ok(crtcs.into_iter().map(CrtcId::new).collect())
    }

    /// The connectors; a lessee sees its own only.
    ///
    /// # Errors
    /// When the descriptor is no mode-setting device.
    pub fn connectors(&self) -> Result<Vec<ConnectorId>, KmsError> {
        let connectors = list::read("connectors", GUESS, |room| {
            let connector_id_ptr = list::address(room.as_mut_ptr());
            let count_connectors = list::count("connectors", room.len())?;
            let mut command = CardResources { connector_id_ptr, count_connectors, ..CardResources::default() };
            // SAFETY: `room` is writable for `count_connectors` ids; every other count is 0.
            unsafe { self.call_with_pointers("list its connectors", &mut command) }?;
            Ok(command.count_connectors)
        })?;
        Ok(connectors.into_iter().map(ConnectorId::new).collect())
    }

    fn encoder_crtcs(&self, encoder_id: u32) -> Result<u32, KmsError> {
        let mut command = GetEncoder { encoder_id, ..GetEncoder::default() };
        self.call("describe an encoder", &mut command)?;
        Ok(command.possible_crtcs)
    }

    fn planes(&self) -> Result<Vec<Plane>, KmsError> {
        let ids = list::read("planes", GUESS, |room| {
            let (plane_id_ptr, count_planes) = (list::address(room.as_mut_ptr()), list::count("planes", room.len())?);
            let mut command = GetPlaneResources { plane_id_ptr, count_planes };
            // SAFETY: `room` is writable for `count_planes` ids.
            unsafe { self.call_with_pointers("list its planes", &mut command) }?;
            Ok(command.count_planes)
        })?;
        ids.into_iter().map(|id| self.plane(PlaneId::new(id))).collect()
    }

    fn plane(&self, id: PlaneId) -> Result<Plane, KmsError> {
        let mut command = GetPlane { plane_id: id.get(), ..GetPlane::default() };
        // SAFETY: the number of formats asked for is 0.
        unsafe { self.call_with_pointers("describe a plane", &mut command) }?;
        let kind = match self.properties(id)?.value("type")? {
            1 => PlaneKind::Primary,
            2 => PlaneKind::Cursor,
            _ => PlaneKind::Overlay,
        };
        Ok(Plane { id, kind, possible_crtcs: command.possible_crtcs })
    }
}

/// The first of the CRTCs whose bit is set, and its place.
fn first_free(crtcs: &[CrtcId], usable: u32) -> Option<(usize, CrtcId)> {
    crtcs.iter().copied().take(32).enumerate().find(|(index, _)| usable >> index & 1 == 1)
}

fn plane(planes: &[Plane], kind: PlaneKind, crtc: usize) -> Option<PlaneId> {
    planes.iter().find(|plane| plane.kind == kind && plane.possible_crtcs >> crtc & 1 == 1).map(|plane| plane.id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_output_takes_the_first_crtc_that_is_left() {
        let crtcs = [10, 20, 30].map(CrtcId::new);
        assert_eq!(first_free(&crtcs, 0b110), Some((1, CrtcId::new(20))));
        assert_eq!(first_free(&crtcs, 0b1000), None);
        assert_eq!(first_free(&crtcs, 0), None);
        assert_eq!(first_free(&[], u32::MAX), None);
    }

    #[test]
    fn more_crtcs_than_a_mask_has_bits_are_not_considered() {
        let crtcs: Vec<CrtcId> = (1..=40).map(CrtcId::new).collect();
        assert_eq!(first_free(&crtcs, 1 << 31), Some((31, CrtcId::new(32))));
    }

    #[test]
    fn planes_are_chosen_by_kind_and_crtc() {
        let plane_of = |id, kind, possible_crtcs| Plane { id: PlaneId::new(id), kind, possible_crtcs };
        let planes = [
            plane_of(1, PlaneKind::Overlay, 0b11),
            plane_of(2, PlaneKind::Primary, 0b01),
            plane_of(3, PlaneKind::Primary, 0b10),
            plane_of(4, PlaneKind::Cursor, 0b01),
        ];
        assert_eq!(plane(&planes, PlaneKind::Primary, 1), Some(PlaneId::new(3)));
        assert_eq!(plane(&planes, PlaneKind::Cursor, 0), Some(PlaneId::new(4)));
        assert_eq!(plane(&planes, PlaneKind::Cursor, 1), None);
    }

    #[test]
    fn a_lease_holds_the_cursor_plane_where_there_is_one() {
        let mut output = Output {
            connector: ConnectorId::new(1),
            name: "Virtual-1".into(),
            crtc: CrtcId::new(2),
            primary: PlaneId::new(3),
            cursor: Some(PlaneId::new(4)),
        };
        assert_eq!(output.objects(), [1, 2, 3, 4].map(ObjectId::new));
        output.cursor = None;
        assert_eq!(output.objects(), [1, 2, 3].map(ObjectId::new));
    }
}
