//! Commands in the guest, over a serial port that a shell reads from. For tests: it is root's shell.

use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::{Duration, Instant};

use rustix::io::FdFlags;
use rustix::net::{AddressFamily, SocketAddrUnix, SocketType, sockopt};

use crate::error::VmError;

/// How long connecting may take.
const CONNECT_LIMIT: Duration = Duration::from_secs(2);

/// The most that a command may print.
const OUTPUT_CAP: usize = 4 << 20;

/// What a command left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finished {
    /// Its status; 0 is success.
    pub status: i32,
    /// What it printed, errors included.
    pub output: String,
}

/// A shell in the guest.
#[derive(Debug)]
pub struct Shell {
    stream: UnixStream,
    commands: u32,
    /// The last command was given up; what it still prints would be taken for the next one's output.
    astray: bool,
}

impl Shell {
    /// Connects to a port's socket.
    ///
    /// # Errors
    /// When nobody listens there.
    pub fn open(port: &Path) -> Result<Self, VmError> {
        let stream = connect(port).map_err(VmError::file("connect to", port))?;
        Ok(Self { stream, commands: 0, astray: false })
    }

    /// Runs a command with nothing to read; waits for its end.
    ///
    /// # Errors
    /// When it does not end in time, prints more than 4 MiB, or the machine ends. The shell is of no use then.
    pub fn run(&mut self, command: &str, limit: Duration) -> Result<Finished, VmError> {
        let failed = |source| VmError::Shell { command: command.to_owned(), source };
        if self.astray {
            return Err(failed(io::Error::other("an earlier command did not end")));
        }
        self.astray = true;
        let finished = self.exchange(command, limit).map_err(failed)?;
        self.astray = false;
        Ok(finished)
    }

    fn exchange(&mut self, command: &str, limit: Duration) -> io::Result<Finished> {
        let start = Instant::now();
        self.commands += 1;
        let number = self.commands;
        // In two parts, so that an echo of the command is not taken for its end.
        let end = format!("<<lunette {number} ended ");
        let line = format!("{{ {command}\n}} </dev/null 2>&1; printf '<<%s %d>>\\n' 'lunette {number} ended' $?\n");
        self.stream.set_write_timeout(Some(limit))?;
        self.stream.write_all(line.as_bytes())?;
        let mut seen = Vec::new();
        let mut buffer = [0; 16 * 1024];
        loop {
            let left = limit.checked_sub(start.elapsed()).filter(|left| !left.is_zero());
            self.stream.set_read_timeout(Some(left.ok_or(io::ErrorKind::TimedOut)?))?;
            match self.stream.read(&mut buffer) {
                Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Ok(read) => seen.extend_from_slice(&buffer[..read]),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Err(io::ErrorKind::TimedOut.into()),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
            if let Some(finished) = finished(&seen, &end) {
                return Ok(finished);
            }
            if seen.len() > OUTPUT_CAP {
                return Err(io::Error::other("it prints too much"));
            }
        }
    }
}

/// A port serves one client at a time: a second one waits, but not for ever.
fn connect(port: &Path) -> io::Result<UnixStream> {
    let address = SocketAddrUnix::new(port)?;
    let socket = rustix::net::socket(AddressFamily::UNIX, SocketType::STREAM, None)?;
    rustix::io::fcntl_setfd(&socket, FdFlags::CLOEXEC)?;
    sockopt::set_socket_timeout(&socket, sockopt::Timeout::Send, Some(CONNECT_LIMIT))?;
    rustix::net::connect(&socket, &address)?;
    Ok(UnixStream::from(socket))
}

fn finished(seen: &[u8], end: &str) -> Option<Finished> {
    // The mark is near the end; what came before has been searched.
    let from = seen.len().saturating_sub(16 * 1024 + 64);
    let at = from + seen[from..].windows(end.len()).rposition(|part| part == end.as_bytes())?;
    let rest = std::str::from_utf8(&seen[at + end.len()..]).ok()?;
    let status = rest.split_once(">>\n").or_else(|| rest.split_once(">>\r\n"))?.0.parse().ok()?;
    Some(Finished { status, output: String::from_utf8_lossy(&seen[..at]).into_owned() })
}

#[cfg(test)]
mod tests {
    use std::os::fd::OwnedFd;
    use std::os::unix::net::UnixListener;
    use std::process::{Child, Command, Stdio};

    use super::*;

    const SOON: Duration = Duration::from_secs(10);

    struct Port {
        _dir: tempfile::TempDir,
        shell: Shell,
        sh: Child,
    }

    impl Drop for Port {
        fn drop(&mut self) {
            let _ = self.sh.kill();
            let _ = self.sh.wait();
        }
    }

    /// A shell of this host behind a socket.
    fn port() -> Port {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("port");
        let listener = UnixListener::bind(&path).unwrap();
        let shell = Shell::open(&path).unwrap();
        let stream: OwnedFd = listener.accept().unwrap().0.into();
        let out = Stdio::from(stream.try_clone().unwrap());
        let sh = Command::new("sh").stdin(stream).stdout(out).stderr(Stdio::null()).spawn().unwrap();
        Port { _dir: dir, shell, sh }
    }

    #[test]
    fn output_and_status_come_back_command_by_command() {
        let mut port = port();
        let first = port.shell.run("echo one; echo two >&2; (exit 3)", SOON).unwrap();
        assert_eq!(first, Finished { status: 3, output: "one\ntwo\n".to_owned() });
        let second = port.shell.run("cat; true", SOON).unwrap();
        assert_eq!(second, Finished { status: 0, output: String::new() });
    }

    #[test]
    fn output_that_looks_like_an_end_is_output() {
        let finished =
            port().shell.run("echo '<<lunette 1 ended x>>'; printf '<<lunette 9 ended 0>>\\n'", SOON).unwrap();
        assert_eq!(finished.output.lines().count(), 2);
    }

    #[test]
    fn a_large_output_comes_whole() {
        let finished = port().shell.run("seq 1 100000", SOON).unwrap();
        assert_eq!(finished.output.lines().count(), 100_000);
    }

    #[test]
    fn a_shell_whose_command_did_not_end_is_not_used_again() {
        let mut port = port();
        assert!(port.shell.run("sleep 1000", Duration::from_millis(100)).is_err());
        let error = port.shell.run("true", SOON).unwrap_err();
        assert!(matches!(error, VmError::Shell { source, .. } if source.kind() == io::ErrorKind::Other));
    }

    #[test]
    fn a_machine_that_ends_ends_the_command() {
        let mut port = port();
        let error = port.shell.run("kill -9 $$", SOON).unwrap_err();
        assert!(matches!(error, VmError::Shell { .. }));
    }
}
