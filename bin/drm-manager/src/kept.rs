//! Leases that outlive this program: put away while they last, found again at the next start.
//!
//! ```text
//!   granted ──▶ Kept: connection + Book ──▶ service manager ──▶ next start ──▶ Found ──▶ sorted by lunette_lease
//!   ended ────▶ the connection is shut, then forgotten there
//! ```

use std::collections::BTreeMap;
use std::io;
use std::os::fd::{AsFd, OwnedFd};

use lunette_frame::ScanoutId;
use lunette_lease::Remains;
use rustix::fs::FileType;
use rustix::io::Errno;
use rustix::net::{RecvFlags, Shutdown, recv, shutdown};

use crate::book::{Book, BookError};
use crate::cards::Lessee;
use crate::handed::Handed;
use crate::service::Service;

/// What the names of leases start with at the service manager.
const PREFIX: &str = "lease-";

/// A lease that the service manager has a copy of.
#[derive(Debug)]
pub(crate) struct Kept {
    name: String,
    connection: OwnedFd,
}

impl Kept {
    /// Puts a lease away.
    pub(crate) fn store(book: &Book, connection: OwnedFd, service: &Service) -> Result<Self, BookError> {
        let mut number = [0; 4];
        getrandom::fill(&mut number).map_err(|error| io::Error::other(error.to_string()))?;
        // No two leases have the same name, whatever was lost on the way to forgetting the first.
        let name = format!("{PREFIX}{}-{:08x}", book.scanout, u32::from_le_bytes(number));
        service.keep(&name, &[connection.as_fd(), book.write()?.as_fd()])?;
        Ok(Self { name, connection })
    }

    /// Ends the connection for every copy of it, and has the service manager forget the lease.
    pub(crate) fn end(self, service: &Service) {
        hang_up(&self.connection);
        service.forget(&self.name);
    }

    /// Another descriptor of the connection.
    pub(crate) fn connection(&self) -> io::Result<OwnedFd> {
        self.connection.try_clone()
    }
}

/// What the service manager had of a lease.
#[derive(Debug)]
pub(crate) struct Found {
    name: String,
    connection: Option<OwnedFd>,
    book: Result<Book, String>,
}

impl Found {
    /// Everything that it had.
    pub(crate) fn all(handed: &mut Handed) -> Vec<Self> {
        let names = handed.names(PREFIX).into_iter();
        names.map(|name| Self::sort(handed.take(&name), name)).collect()
    }

    fn sort(fds: Vec<OwnedFd>, name: String) -> Self {
        let (sockets, books): (Vec<_>, Vec<_>) = fds.into_iter().partition(is_socket);
        let book = match books.as_slice() {
            [book] => Book::read(book).map_err(|error| lunette_cause::chain(&error)),
            others => Err(format!("it has {} books", others.len())),
        };
        Self { name, connection: sockets.into_iter().next(), book }
    }

    /// What counts of it, on cards with these connectors.
    pub(crate) fn remains(&self, names: &BTreeMap<ScanoutId, String>) -> Option<Remains<ScanoutId, Lessee>> {
        let book = self.book.as_ref().ok().filter(|book| names.get(&book.scanout) == Some(&book.connector))?;
        let is_wanted = self.connection.as_ref().is_some_and(is_silent);
        Some(Remains { scanout: book.scanout, lessee: book.lessee, is_wanted })
    }

    /// A lease that lives on.
    pub(crate) fn revive(self) -> Option<(Book, Kept)> {
        Some((self.book.ok()?, Kept { name: self.name, connection: self.connection? }))
    }

    /// Says why it is none, and ends what is left of it.
    pub(crate) fn bury(self, service: &Service) {
        match &self.book {
            Ok(book) => tracing::info!(scanout = %book.scanout, "a lease had ended while there was no manager"),
            Err(error) => tracing::warn!(name = self.name, "a lease ends, since nobody can say what it was: {error}"),
        }
        self.connection.iter().for_each(hang_up);
        service.forget(&self.name);
    }
}

fn is_socket(fd: &OwnedFd) -> bool {
    rustix::fs::fstat(fd).is_ok_and(|stat| FileType::from_raw_mode(stat.st_mode) == FileType::Socket)
}

/// Whether the other end is there and has said nothing more, which would end a lease.
fn is_silent(connection: &OwnedFd) -> bool {
    recv(connection, &mut [0; 1], RecvFlags::PEEK | RecvFlags::DONTWAIT).err() == Some(Errno::AGAIN)
}

fn hang_up(connection: &OwnedFd) {
    // One that has ended already is as it should be.
    let _ = shutdown(connection, Shutdown::Both);
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixStream;

    use super::*;

    fn found(fds: Vec<OwnedFd>) -> Found {
        Found::sort(fds, "lease-1-0".into())
    }

    #[test]
    fn a_connection_that_has_said_more_or_ended_is_not_wanted() {
        let silent = |write: fn(UnixStream) -> Option<UnixStream>| {
            let (ours, theirs) = UnixStream::pair().expect("sockets");
            let theirs = write(theirs);
            let silent = is_silent(&ours.into());
            drop(theirs);
            silent
        };
        assert!(silent(Some));
        assert!(!silent(|_| None));
        assert!(!silent(|mut theirs| {
            io::Write::write_all(&mut theirs, b"x").expect("open");
            Some(theirs)
        }));
    }

    #[test]
    fn remains_without_a_book_are_none() {
        let (ours, _theirs) = UnixStream::pair().expect("sockets");
        assert_eq!(found(vec![ours.into()]).remains(&BTreeMap::new()), None);
        let noise = std::fs::File::open("/proc/self/status").expect("Linux");
        let error = found(vec![noise.into()]).book.expect_err("no book");
        assert!(error.contains("makes no sense"), "{error}");
    }
}
