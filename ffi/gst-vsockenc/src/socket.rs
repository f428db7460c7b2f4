//! The connection to the host.

use std::io::{self, Read, Write};
use std::net::ToSocketAddrs;
use std::os::fd::{AsFd, BorrowedFd};
use std::path::PathBuf;
use std::time::Duration;

use socket2::{Domain, SockAddr, Socket, Type};

/// Where the host is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Address {
    Unix(PathBuf),
    /// A name, an IPv4 or an IPv6 address, and a port.
    Tcp(String, u16),
    /// A context and a port.
    Vsock(u32, u32),
}

/// What the kernel may hold of what was written: more would only make pictures older.
const SEND_BUFFER: usize = 1 << 20;

/// A connected socket that never waits.
#[derive(Debug)]
pub(crate) struct Connection(Socket);

impl Connection {
    /// Connects; waits for `limit` at most for each address that a name has.
    pub(crate) fn dial(address: &Address, limit: Duration) -> io::Result<Self> {
        let socket = match address {
            Address::Unix(path) => connect(Domain::UNIX, &SockAddr::unix(path)?, limit)?,
            Address::Vsock(cid, port) => connect(Domain::VSOCK, &SockAddr::vsock(*cid, *port), limit)?,
            Address::Tcp(host, port) => {
                let socket = tcp(host, *port, limit)?;
                socket.set_tcp_nodelay(true)?;
                socket
            }
        };
        // The system's own size is enough too.
        let _ = socket.set_send_buffer_size(SEND_BUFFER);
        socket.set_nonblocking(true)?;
        Ok(Self(socket))
    }

    /// Reads what there is; `None` when there is nothing now.
    pub(crate) fn read(&mut self, buffer: &mut [u8]) -> io::Result<Option<usize>> {
        not_now(self.0.read(buffer))
    }

    /// Writes what fits; `None` when nothing does now.
    pub(crate) fn write(&mut self, bytes: &[u8]) -> io::Result<Option<usize>> {
        not_now(self.0.write(bytes))
    }
}

impl AsFd for Connection {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

fn tcp(host: &str, port: u16, limit: Duration) -> io::Result<Socket> {
    let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    let mut failed = io::Error::new(io::ErrorKind::NotFound, format!("no address is known for `{host}`"));
    for address in (host, port).to_socket_addrs()? {
        match connect(Domain::for_address(address), &address.into(), limit) {
            Ok(socket) => return Ok(socket),
            Err(error) => failed = error,
        }
    }
    Err(failed)
}

fn connect(domain: Domain, address: &SockAddr, limit: Duration) -> io::Result<Socket> {
    let socket = Socket::new(domain, Type::STREAM, None)?;
    socket.connect_timeout(address, limit)?;
    Ok(socket)
}

fn not_now(result: io::Result<usize>) -> io::Result<Option<usize>> {
    match result {
        Ok(count) => Ok(Some(count)),
        Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted) => Ok(None),
        Err(error) => Err(error),
    }
}
