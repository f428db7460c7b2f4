//! Running a short program, within a time and a size.

use std::io::{self, Read};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc::sync_channel;
use std::time::Duration;

use lunette_sys_process::{Lifetime, Spawn};

/// More than any answer that is asked for here.
const OUTPUT_CAP: u64 = 256 * 1024;

/// What a program prints; it is killed when it takes longer than `limit`.
pub(crate) fn output(program: &Path, arguments: &[&str], limit: Duration) -> io::Result<String> {
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = Spawn::new(command, Lifetime::SpawningThread).spawn()?;
    let stdout = child.stdout.take();
    let (sender, receiver) = sync_channel(1);
    let reader = std::thread::Builder::new().name("output".to_owned()).spawn(move || {
        let mut bytes = Vec::new();
        let outcome = stdout.map_or(Ok(0), |stdout| stdout.take(OUTPUT_CAP).read_to_end(&mut bytes));
        // Nobody listens any more when it took too long.
        let _ = sender.send(outcome.map(|_| bytes));
    });
    let outcome = match reader {
        Ok(_) => receiver.recv_timeout(limit).unwrap_or(Err(io::ErrorKind::TimedOut.into())),
        Err(error) => Err(error),
    };
    // It may be writing more than is wanted, or nothing at all.
    let _ = child.kill();
    child.wait()?;
    outcome.map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_program_prints_is_returned() {
        let text = output(Path::new("sh"), &["-c", "echo hello"], Duration::from_secs(10)).unwrap();
        assert_eq!(text, "hello\n");
    }

    #[test]
    fn a_program_that_hangs_is_killed() {
        let error = output(Path::new("sh"), &["-c", "exec sleep 1000"], Duration::from_millis(50)).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    }

    #[test]
    fn a_program_that_prints_without_end_is_cut() {
        let text = output(Path::new("yes"), &[], Duration::from_secs(10)).unwrap();
        assert_eq!(text.len() as u64, OUTPUT_CAP);
    }
}
