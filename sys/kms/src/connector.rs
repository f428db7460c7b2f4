//! What is plugged in where.

#![allow(unsafe_code)]

use lunette_frame::Size;

use crate::raw::{GetConnector, ModeInfo};
use crate::{Card, ConnectorId, KmsError, Mode, list};

const GUESSED_MODES: usize = 64;
const GUESSED_ENCODERS: usize = 4;
const ATTEMPTS: usize = 8;

/// Whether a screen is plugged in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ConnectorStatus {
    /// There is one.
    Connected,
    /// There is none, or the connector belongs to another lease.
    Disconnected,
    /// The driver cannot tell, or nobody has made it look yet.
    Unknown,
}

impl ConnectorStatus {
    fn from_raw(raw: u32) -> Self {
        match raw {
            1 => Self::Connected,
            2 => Self::Disconnected,
            _ => Self::Unknown,
        }
    }
}

/// Whether asking for a connector makes the driver look at the screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Probe {
    /// What is known already. Still waits for the lock of mode setting; see [`crate::connector_status`].
    Never,
    /// Look now; holds the lock of mode setting meanwhile.
    Forced,
}

/// One connector at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Connector {
    /// Its id.
    pub id: ConnectorId,
    /// Its name, such as `Virtual-2`.
    pub name: String,
    /// Whether a screen is plugged in.
    pub status: ConnectorStatus,
    /// What the screen can show.
    pub modes: Vec<Mode>,
    pub(crate) encoders: Vec<u32>,
}

impl Connector {
    /// The mode of exactly this size; of several the preferred one, else the first.
    #[must_use]
    pub fn mode(&self, size: Size) -> Option<&Mode> {
        let mut fitting = self.modes.iter().filter(|mode| mode.size() == size);
        fitting.clone().find(|mode| mode.is_preferred()).or_else(|| fitting.next())
    }

    /// The mode that the screen asks for, else the first.
    #[must_use]
    pub fn preferred_mode(&self) -> Option<&Mode> {
        self.modes.iter().find(|mode| mode.is_preferred()).or(self.modes.first())
    }

    /// Whether a screen is plugged in.
    #[must_use]
    pub fn is_connected(&self) -> bool {
        self.status == ConnectorStatus::Connected
    }
}

impl Card {
    /// One connector, without making the driver look at the screen.
    ///
    /// # Errors
    /// When there is no such connector.
    pub fn connector(&self, id: ConnectorId) -> Result<Connector, KmsError> {
        self.connector_probed(id, Probe::Never)
    }

    /// One connector.
    ///
    /// # Errors
    /// When there is no such connector.
    pub fn connector_probed(&self, id: ConnectorId, probe: Probe) -> Result<Connector, KmsError> {
        if probe == Probe::Forced {
            // A request with room for no mode is what makes the driver look.
            self.read_connector(id, &mut [], &mut [])?;
        }
        // Room for at least one mode is what keeps the driver from looking.
        let mut modes = vec![ModeInfo::default(); GUESSED_MODES];
        let mut encoders = vec![0; GUESSED_ENCODERS];
        for _ in 0..ATTEMPTS {
            let answer = self.read_connector(id, &mut modes, &mut encoders)?;
            let (there, linked) = (answer.count_modes as usize, answer.count_encoders as usize);
            if there <= modes.len() && linked <= encoders.len() {
                modes.truncate(there);
                encoders.truncate(linked);
                return Ok(describe(&answer, &modes, encoders));
            }
            modes = vec![ModeInfo::default(); there.max(GUESSED_MODES)];
            encoders = vec![0; linked.max(GUESSED_ENCODERS)];
        }
        Err(KmsError::Unsettled { what: "modes" })
    }

    fn read_connector(
        &self,
        id: ConnectorId,
        modes: &mut [ModeInfo],
        encoders: &mut [u32],
    ) -> Result<GetConnector, KmsError> {
        let mut command = GetConnector {
            connector_id: id.get(),
            modes_ptr: list::address(modes.as_mut_ptr()),
            count_modes: list::count("modes", modes.len())?,
            encoders_ptr: list::address(encoders.as_mut_ptr()),
            count_encoders: list::count("encoders", encoders.len())?,
            ..GetConnector::default()
        };
        // SAFETY: both lists are writable for the counts given; the number of properties asked for is 0.
        unsafe { self.call_with_pointers("describe a connector", &mut command) }?;
        Ok(command)
    }
}

fn describe(answer: &GetConnector, modes: &[ModeInfo], encoders: Vec<u32>) -> Connector {
    Connector {
        id: ConnectorId::new(answer.connector_id),
        name: format!("{}-{}", type_name(answer.connector_type), answer.connector_type_id),
        status: ConnectorStatus::from_raw(answer.connection),
        modes: modes.iter().copied().map(Mode).collect(),
        encoders,
    }
}

/// The kernel's name of a type of connector, as in the names under `/sys/class/drm`.
fn type_name(raw: u32) -> &'static str {
    const NAMES: [&str; 21] = [
        "Unknown",
        "VGA",
        "DVI-I",
        "DVI-D",
        "DVI-A",
        "Composite",
        "SVIDEO",
        "LVDS",
        "Component",
        "DIN",
        "DP",
        "HDMI-A",
        "HDMI-B",
        "TV",
        "eDP",
        "Virtual",
        "DSI",
        "DPI",
        "Writeback",
        "SPI",
        "USB",
    ];
    NAMES.get(raw as usize).copied().unwrap_or(NAMES[0])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::raw::MODE_TYPE_PREFERRED;

    fn mode(hdisplay: u16, vdisplay: u16, kind: u32, vrefresh: u32) -> Mode {
        Mode(ModeInfo { hdisplay, vdisplay, kind, vrefresh, ..ModeInfo::default() })
    }

    fn connector(modes: Vec<Mode>) -> Connector {
        let answer =
            GetConnector { connector_type: 15, connector_type_id: 2, connection: 1, ..GetConnector::default() };
        Connector { modes, ..describe(&answer, &[], Vec::new()) }
    }

    #[test]
    fn connectors_are_named_as_in_sysfs() {
        assert_eq!(connector(Vec::new()).name, "Virtual-2");
        assert_eq!((type_name(11), type_name(15), type_name(99)), ("HDMI-A", "Virtual", "Unknown"));
    }

    #[test]
    fn of_two_modes_of_a_size_the_preferred_is_taken() {
        let preferred = mode(800, 600, MODE_TYPE_PREFERRED, 75);
        let here = connector(vec![mode(640, 480, 0, 60), mode(800, 600, 0, 60), preferred]);
        assert_eq!(here.mode(Size::new(800, 600)), Some(&preferred));
        assert_eq!(here.mode(Size::new(640, 480)).map(Mode::refresh_hz), Some(60));
        assert_eq!(here.mode(Size::new(640, 481)), None);
        assert_eq!(here.preferred_mode(), Some(&preferred));
    }

    #[test]
    fn states_are_those_of_the_kernel() {
        assert_eq!(ConnectorStatus::from_raw(1), ConnectorStatus::Connected);
        assert_eq!(ConnectorStatus::from_raw(2), ConnectorStatus::Disconnected);
        assert_eq!(ConnectorStatus::from_raw(3), ConnectorStatus::Unknown);
    }
}
