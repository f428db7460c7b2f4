//! Having a lifeline while there is something to hold, whatever happens to it.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::super::config::Retries;
use super::LifelineProgram;
use super::hold::Wanted;
use super::process::Process;

/// Wait before the first new attempt, and the longest.
const RETRIES: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(30));

/// A lifeline that lived this long was a good one: the next is started soon again.
const STEADY: Duration = Duration::from_secs(10);

/// Starts the program when there is something to hold, and again when it has ended. Never returns.
///
/// The child ends with the thread that starts it, so this must run on one that lives as long as the capture.
pub(in super::super) async fn keep(program: LifelineProgram, wanted: Arc<Wanted>) {
    let mut retries = Retries::new(RETRIES.0, RETRIES.1);
    let mut is_known = false;
    loop {
        while wanted.is_empty() {
            wanted.changed().await;
        }
        let started = Instant::now();
        let error = match Process::start(&program) {
            Ok(mut process) => process.serve(&wanted).await,
            Err(error) => error,
        };
        if started.elapsed() >= STEADY {
            retries.reset();
            is_known = false;
        }
        if std::mem::replace(&mut is_known, true) {
            tracing::debug!(%error, "no lifeline; trying again");
        } else {
            tracing::warn!(%error, "no lifeline: a capture that is stopped lets QEMU grow; trying again");
        }
        sleep(retries.next()).await;
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::net::UnixStream;

    use super::super::hold::Lifeline;
    use super::*;

    /// A shell that does something and leaves word.
    fn shell(script: &str) -> LifelineProgram {
        let arguments = vec!["-c".into(), script.into()];
        LifelineProgram { path: "/bin/sh".into(), name: "sh".into(), arguments }
    }

    /// Keeps a program until `is_done`; without anything to hold at first.
    async fn until(program: LifelineProgram, is_done: impl Fn() -> bool) {
        let wanted = Arc::<Wanted>::default();
        let lifeline = Lifeline::new(Arc::clone(&wanted));
        let keeping = tokio::spawn(keep(program, wanted));
        tokio::task::yield_now().await;
        assert!(!is_done(), "nothing is to be held yet");
        let _held = lifeline.hold(&UnixStream::pair().unwrap().0).unwrap();
        let done = async {
            while !is_done() {
                sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(20), done).await.expect("in time");
        assert!(!keeping.is_finished());
        keeping.abort();
    }

    #[tokio::test]
    async fn a_lifeline_that_ends_is_started_again() {
        let folder = tempfile::tempdir().unwrap();
        let word = folder.path().join("word");
        let script = format!("echo >> {}", word.display());
        until(shell(&script), || fs::read(&word).is_ok_and(|word| word.len() >= 3)).await;
    }

    #[tokio::test]
    async fn a_lifeline_gets_a_beat_soon_and_again() {
        let folder = tempfile::tempdir().unwrap();
        let word = folder.path().join("word");
        // A message that holds a socket, and two beats.
        let script = format!("head -c 27 > {0}.part && mv {0}.part {0}; exec sleep 1000", word.display());
        until(shell(&script), || word.exists()).await;
        let said = fs::read(&word).unwrap();
        assert_eq!(said.iter().step_by(9).copied().collect::<Vec<_>>(), [1, 3, 3]);
    }

    #[tokio::test]
    async fn a_capture_goes_on_without_a_lifeline() {
        let program = LifelineProgram { path: "/no/such/program".into(), name: "none".into(), arguments: vec![] };
        let start = Instant::now();
        until(program, || start.elapsed() > Duration::from_millis(300)).await;
    }
}
