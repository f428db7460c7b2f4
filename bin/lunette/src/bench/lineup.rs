//! Which encoders to measure.

use std::str::FromStr;

use anyhow::{Result, bail};
use lunette_encode::{CANDIDATES, Candidate, Choice, Selection, probe};
use serde::Serialize;

/// One word of `--encoders`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Pick {
    All,
    Chosen(Choice),
}

impl FromStr for Pick {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "all" => Ok(Self::All),
            name => name.parse().map(Self::Chosen).map_err(|error: lunette_encode::EncodeError| error.to_string()),
        }
    }
}

/// An encoder that was wanted and does not work here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Unavailable {
    pub(crate) encoder: &'static str,
    pub(crate) reason: String,
}

/// What was picked: those that work, and the others with their reason.
#[derive(Debug)]
pub(crate) struct Lineup {
    pub(crate) encoders: Vec<&'static Candidate>,
    pub(crate) unavailable: Vec<Unavailable>,
}

impl Lineup {
    /// Probes what was picked, in the order of the candidate table.
    ///
    /// # Errors
    /// When none of it works.
    pub(crate) fn probe(picks: &[Pick]) -> Result<Self> {
        let mut lineup = Self { encoders: Vec::new(), unavailable: Vec::new() };
        let mut auto = picks.contains(&Pick::Chosen(Choice::Auto));
        for candidate in CANDIDATES {
            let named = Pick::Chosen(Choice::Named(candidate.name.to_owned()));
            let wanted = picks.contains(&Pick::All) || picks.contains(&named);
            let by_auto = auto && candidate.selection == Selection::Auto;
            if !wanted && !by_auto {
                continue;
            }
            match probe(candidate) {
                Ok(()) => {
                    lineup.encoders.push(candidate);
                    auto &= !by_auto;
                }
                Err(reason) => lineup.unavailable.push(Unavailable { encoder: candidate.name, reason }),
            }
        }
        if lineup.encoders.is_empty() {
            let reasons: Vec<_> = lineup.unavailable.iter().map(|u| format!("{}: {}", u.encoder, u.reason)).collect();
            bail!("none of these encoders works here: {}", reasons.join("; "));
        }
        Ok(lineup)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn probe_of(words: &[&str]) -> Result<Lineup> {
        Lineup::probe(&words.iter().map(|word| word.parse().unwrap()).collect::<Vec<Pick>>())
    }

    #[test]
    fn all_encoders_are_measured_or_have_a_reason() {
        let lineup = probe_of(&["all"]).unwrap();
        assert_eq!(lineup.encoders.len() + lineup.unavailable.len(), CANDIDATES.len());
        assert!(lineup.unavailable.iter().all(|unavailable| !unavailable.reason.is_empty()));
    }

    #[test]
    fn auto_is_one_encoder_that_may_be_chosen_unasked() {
        let lineup = probe_of(&["auto"]).unwrap();
        assert_eq!(lineup.encoders.len(), 1);
        assert_eq!(lineup.encoders[0].selection, Selection::Auto);
    }

    #[test]
    fn picks_may_overlap() {
        let names: Vec<_> = probe_of(&["openh264", "auto", "openh264"]).unwrap().encoders;
        assert_eq!(names.iter().filter(|candidate| candidate.name == "openh264").count(), 1);
    }

    #[test]
    fn what_does_not_work_is_an_error_with_the_reason() {
        let error = probe_of(&["videotoolbox"]);
        if cfg!(not(target_os = "macos")) {
            assert!(error.unwrap_err().to_string().contains("macOS"));
        }
        assert!("x265".parse::<Pick>().unwrap_err().contains("openh264"));
    }
}
