//! How long to wait before the manager is started again.

use std::time::Duration;

/// Doubles while the manager does not get as far as being ready.
#[derive(Debug)]
pub(super) struct Pause(Duration);

impl Pause {
    const SHORTEST: Duration = Duration::from_millis(100);
    const LONGEST: Duration = Duration::from_secs(5);

    /// The pause after an end of a manager that had been ready, or not.
    pub(super) fn after(&mut self, was_ready: bool) -> Duration {
        let pause = if was_ready { Self::SHORTEST } else { self.0 };
        self.0 = (pause * 2).min(Self::LONGEST);
        pause
    }
}

impl Default for Pause {
    fn default() -> Self {
        Self(Self::SHORTEST)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_manager_that_never_gets_ready_is_waited_for_longer_and_longer() {
        let mut pause = Pause::default();
        let mut after = |ready: &[bool]| ready.iter().map(|ready| pause.after(*ready).as_millis()).collect::<Vec<_>>();
        assert_eq!(after(&[true; 4]), [100; 4]);
        assert_eq!(after(&[false; 8]), [200, 400, 800, 1600, 3200, 5000, 5000, 5000]);
        assert_eq!(after(&[true, false]), [100, 200]);
    }
}
