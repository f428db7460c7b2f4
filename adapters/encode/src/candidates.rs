//! Which encoders there are, and choosing one.

use std::fmt;
use std::str::FromStr;

use lunette_frame::Size;

use crate::{EncodeError, Encoder, EncoderConfig, SizeLimit, auto, hardware, openh264, screen, x264};

/// Where an encoder runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// On a chip made for it.
    Hardware,
    /// On the CPU.
    Software,
}

/// Who may choose an encoder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Selection {
    /// [`Choice::Auto`] takes it when it works.
    Auto,
    /// Only its name opens it.
    ByName,
}

/// One row of the table.
#[derive(Debug, Clone, Copy)]
pub struct Candidate {
    /// The name that opens it.
    pub name: &'static str,
    /// Where it runs.
    pub kind: Kind,
    /// Under which terms.
    pub licence: &'static str,
    /// Who may choose it.
    pub selection: Selection,
    /// The largest picture that it takes.
    pub max: SizeLimit,
    open: fn(&EncoderConfig) -> Result<Box<dyn Encoder>, EncodeError>,
}

impl Candidate {
    /// Whether it takes pictures of `size`; asks no library.
    ///
    /// # Errors
    /// [`EncodeError::Size`] when it does not.
    pub fn check_size(&self, size: Size) -> Result<(), EncodeError> {
        if self.max.allows(size) {
            return Ok(());
        }
        Err(EncodeError::Size { backend: self.name, size, max: self.max })
    }

    /// Opens it.
    ///
    /// # Errors
    /// [`EncodeError::Unavailable`] when this machine lacks it, [`EncodeError::Size`] as [`Candidate::check_size`],
    /// [`EncodeError::Backend`] when it refuses `config`.
    pub fn open(&self, config: &EncoderConfig) -> Result<Box<dyn Encoder>, EncodeError> {
        (self.open)(config)
    }
}

const fn hardware(
    name: &'static str,
    licence: &'static str,
    open: fn(&EncoderConfig) -> Result<Box<dyn Encoder>, EncodeError>,
) -> Candidate {
    // None opens yet, so none is stricter than the format.
    Candidate { name, kind: Kind::Hardware, licence, selection: Selection::Auto, max: SizeLimit::H264, open }
}

const GPL: &str = "GPL-2.0-or-later; loaded at run time only when asked for by name";

/// Every encoder, hardware first; [`Choice::Auto`] goes from top to bottom.
pub const CANDIDATES: &[Candidate] = &[
    hardware(hardware::VIDEOTOOLBOX, "part of macOS", hardware::open_videotoolbox),
    hardware(hardware::NVENC, "part of the NVIDIA driver", hardware::open_nvenc),
    hardware(hardware::VAAPI, "MIT, with the distribution's drivers", hardware::open_vaapi),
    Candidate {
        name: screen::NAME,
        kind: Kind::Software,
        licence: "part of Lunette",
        selection: Selection::Auto,
        max: screen::MAX,
        open: screen::open,
    },
    Candidate {
        name: openh264::NAME,
        kind: Kind::Software,
        licence: "BSD-2-Clause",
        selection: Selection::Auto,
        max: openh264::MAX,
        open: openh264::open,
    },
    Candidate {
        name: x264::ULTRAFAST,
        kind: Kind::Software,
        licence: GPL,
        selection: Selection::ByName,
        max: x264::MAX,
        open: x264::open_ultrafast,
    },
    Candidate {
        name: x264::SUPERFAST,
        kind: Kind::Software,
        licence: GPL,
        selection: Selection::ByName,
        max: x264::MAX,
        open: x264::open_superfast,
    },
];

/// Which encoder to open; parses from `auto` or a candidate's name.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Choice {
    /// The first candidate that may be taken unasked and passes its probe.
    #[default]
    Auto,
    /// This one, or an error.
    Named(String),
}

impl Choice {
    /// The candidate that is meant; see [`auto`](crate::auto()) for what [`Choice::Auto`] costs.
    ///
    /// # Errors
    /// [`EncodeError::Unknown`] lists the names; [`EncodeError::Unavailable`] when nothing works here.
    pub fn candidate(&self) -> Result<&'static Candidate, EncodeError> {
        match self {
            Self::Named(name) => find(name),
            Self::Auto => auto::auto().candidate(),
        }
    }
}

impl FromStr for Choice {
    type Err = EncodeError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "auto" => Ok(Self::Auto),
            name => find(name).map(|candidate| Self::Named(candidate.name.to_owned())),
        }
    }
}

impl fmt::Display for Choice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Auto => "auto",
            Self::Named(name) => name,
        })
    }
}

/// Opens the chosen encoder.
///
/// # Errors
/// As [`Choice::candidate`] and [`Candidate::open`].
pub fn open(choice: &Choice, config: &EncoderConfig) -> Result<Box<dyn Encoder>, EncodeError> {
    choice.candidate()?.open(config)
}

/// Whether the chosen encoder takes pictures of `size`: what [`open`] would say of it, without opening anything.
///
/// # Errors
/// As [`Choice::candidate`] and [`Candidate::check_size`].
pub fn check_size(choice: &Choice, size: Size) -> Result<(), EncodeError> {
    choice.candidate()?.check_size(size)
}

fn find(name: &str) -> Result<&'static Candidate, EncodeError> {
    CANDIDATES.iter().find(|candidate| candidate.name == name).ok_or_else(|| {
        let known = CANDIDATES.iter().map(|candidate| candidate.name);
        let known = std::iter::once("auto").chain(known).collect::<Vec<_>>().join(", ");
        EncodeError::Unknown { name: name.to_owned(), known }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hardware_comes_before_software_and_gpl_is_never_chosen_unasked() {
        let first_software = CANDIDATES.iter().position(|candidate| candidate.kind == Kind::Software);
        let last_hardware = CANDIDATES.iter().rposition(|candidate| candidate.kind == Kind::Hardware);
        assert!(last_hardware < first_software);
        for candidate in CANDIDATES {
            let gpl = candidate.licence.starts_with("GPL");
            assert_eq!(gpl, candidate.selection == Selection::ByName, "{}", candidate.name);
        }
    }

    #[test]
    fn an_unknown_name_is_answered_with_the_known_ones() {
        let error = "x265".parse::<Choice>().expect_err("unknown").to_string();
        let known = "auto, videotoolbox, nvenc, vaapi, screen, openh264, x264, x264-superfast";
        assert_eq!(error, format!("there is no encoder `x265`; known: {known}"));
    }

    #[test]
    fn names_parse_and_print() {
        for name in ["auto", "screen", "openh264", "x264-superfast"] {
            assert_eq!(name.parse::<Choice>().expect("known").to_string(), name);
        }
    }
}
