//! What `auto` means on this machine.

use std::sync::OnceLock;

use crate::{CANDIDATES, Candidate, EncodeError, Probe, Selection, probe};

/// The outcome of choosing an encoder unasked.
#[derive(Debug)]
pub struct Auto {
    /// The first candidate that works here.
    pub chosen: Option<&'static Candidate>,
    /// Those before it, each with the reason why it does not.
    pub passed_over: Vec<Probe>,
}

/// What [`Choice::Auto`](crate::Choice::Auto) means.
///
/// The first call in a process probes the candidates; from then on the answer is kept, since drivers and devices do
/// not come and go under a running server, and a stream that starts should not wait for test pictures.
pub fn auto() -> &'static Auto {
    static AUTO: OnceLock<Auto> = OnceLock::new();
    AUTO.get_or_init(|| {
        let auto = Auto::decide(probe::probe);
        for Probe { candidate, outcome } in &auto.passed_over {
            tracing::info!(encoder = candidate.name, reason = outcome.as_ref().err(), "passed over");
        }
        auto
    })
}

impl Auto {
    fn decide(probe: impl Fn(&Candidate) -> Result<(), String>) -> Self {
        let mut passed_over = Vec::new();
        for candidate in CANDIDATES.iter().filter(|candidate| candidate.selection == Selection::Auto) {
            let outcome = probe(candidate);
            if outcome.is_ok() {
                return Self { chosen: Some(candidate), passed_over };
            }
            passed_over.push(Probe { candidate, outcome });
        }
        Self { chosen: None, passed_over }
    }

    /// The chosen candidate.
    ///
    /// # Errors
    /// [`EncodeError::Unavailable`] with the reasons of all when none works.
    pub fn candidate(&self) -> Result<&'static Candidate, EncodeError> {
        self.chosen.ok_or_else(|| EncodeError::Unavailable { backend: "auto", reason: self.reasons() })
    }

    fn reasons(&self) -> String {
        let reason = |probe: &Probe| Some(format!("{}: {}", probe.candidate.name, probe.outcome.as_ref().err()?));
        self.passed_over.iter().filter_map(reason).collect::<Vec<_>>().join("; ")
    }
}

#[cfg(test)]
mod tests {
    use lunette_frame::{BitRate, FrameRate, Quality, Size};

    use super::*;
    use crate::{Choice, EncoderConfig, check_size, open, probe::PROBES};

    #[test]
    fn the_first_that_works_is_chosen_and_the_others_keep_their_reasons() {
        let auto = Auto::decide(|candidate| match candidate.name {
            "vaapi" => Ok(()),
            name => Err(format!("no {name} here")),
        });
        assert_eq!(auto.candidate().expect("one works").name, "vaapi");
        assert_eq!(auto.reasons(), "videotoolbox: no videotoolbox here; nvenc: no nvenc here");
    }

    #[test]
    fn where_nothing_works_all_reasons_are_given_and_gpl_was_not_asked() {
        let error = Auto::decide(|_| Err("no".to_owned())).candidate().expect_err("nothing works").to_string();
        let reasons = "videotoolbox: no; nvenc: no; vaapi: no; screen: no; openh264: no";
        assert_eq!(error, format!("encoder auto is not available: {reasons}"));
    }

    #[test]
    fn only_the_first_question_probes() {
        let config = |width, height| EncoderConfig {
            size: Size::new(width, height),
            fps: FrameRate::new(60, 1).expect("valid"),
            quality: Quality::DEFAULT,
            max_bitrate: BitRate::from_bits_per_second(8_000_000),
            threads: 1,
        };
        open(&Choice::Auto, &config(64, 64)).expect("opens");
        let before = PROBES.get();
        assert!(open(&Choice::Auto, &config(50_000, 64)).is_err(), "no encoder takes that");
        assert!(check_size(&Choice::Auto, Size::new(50_000, 64)).is_err());
        open(&Choice::Auto, &config(64, 64)).expect("opens");
        assert_eq!(PROBES.get(), before);
        assert!(std::ptr::eq(auto(), auto()));
    }
}
