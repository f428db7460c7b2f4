//! The host's clock, as well as it can be known from a guest.
//!
//! A server on the host answers every byte with its monotonic time: eight bytes, nanoseconds, little-endian. The
//! exchange that took least tells most: the server's time lies within it.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

const EXCHANGES: usize = 50;
const LIMIT: Duration = Duration::from_secs(5);

/// How far the host's monotonic clock is from ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HostClock {
    offset: i128,
    doubt: Duration,
}

impl HostClock {
    /// Asks the server.
    ///
    /// # Errors
    /// When it does not answer.
    pub fn ask(server: SocketAddr) -> io::Result<Self> {
        let mut stream = TcpStream::connect_timeout(&server, LIMIT)?;
        stream.set_read_timeout(Some(LIMIT))?;
        stream.set_nodelay(true)?;
        let exchange = |_| {
            let before = now();
            stream.write_all(&[0])?;
            let mut answer = [0; 8];
            stream.read_exact(&mut answer)?;
            Ok(Self::between(before, Duration::from_nanos(u64::from_le_bytes(answer)), now()))
        };
        let clocks = (0..EXCHANGES).map(exchange).collect::<io::Result<Vec<_>>>()?;
        clocks.into_iter().min_by_key(|clock| clock.doubt).ok_or_else(|| io::ErrorKind::UnexpectedEof.into())
    }

    fn between(before: Duration, host: Duration, after: Duration) -> Self {
        let doubt = after.saturating_sub(before) / 2;
        Self { offset: signed(host) - signed(before + doubt), doubt }
    }

    /// How far off it may be.
    #[must_use]
    pub const fn doubt(&self) -> Duration {
        self.doubt
    }

    /// The host's time, in nanoseconds, at one of ours.
    #[must_use]
    pub fn at(&self, ours: Duration) -> u64 {
        u64::try_from(signed(ours) + self.offset).unwrap_or(0)
    }
}

/// Our monotonic time.
pub(crate) fn now() -> Duration {
    let time = clock_gettime(ClockId::Monotonic);
    let seconds = u64::try_from(time.tv_sec).unwrap_or(0);
    Duration::new(seconds, u32::try_from(time.tv_nsec).unwrap_or(0))
}

fn signed(time: Duration) -> i128 {
    i128::try_from(time.as_nanos()).unwrap_or(i128::MAX)
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;
    use std::thread;

    use super::*;

    #[test]
    fn the_host_is_in_the_middle_of_the_exchange() {
        let ms = Duration::from_millis;
        let clock = HostClock::between(ms(100), ms(5000), ms(104));
        assert_eq!((clock.doubt(), clock.at(ms(102))), (ms(2), 5_000_000_000));
        let behind = HostClock::between(ms(5000), ms(100), ms(5000));
        assert_eq!(behind.at(ms(5001)), 101_000_000);
        assert_eq!(behind.at(ms(0)), 0);
    }

    #[test]
    fn a_server_on_the_same_clock_is_hardly_off() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let server = thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            while let Ok(1) = stream.read(&mut [0]) {
                let time = u64::try_from(now().as_nanos()).unwrap();
                stream.write_all(&time.to_le_bytes()).unwrap();
            }
        });
        let clock = HostClock::ask(address).unwrap();
        server.join().unwrap();
        let ours = now();
        let host = clock.at(ours);
        assert!(
            host.abs_diff(u64::try_from(ours.as_nanos()).unwrap()) <= u64::try_from(clock.doubt().as_nanos()).unwrap()
        );
    }

    #[test]
    fn a_server_that_hangs_up_is_an_error() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let server = thread::spawn(move || drop(listener.accept().unwrap()));
        assert!(HostClock::ask(address).is_err());
        server.join().unwrap();
    }
}
