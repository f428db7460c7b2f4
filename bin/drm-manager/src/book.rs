//! What is written down of a lease, for the next start.

use std::io;
use std::os::fd::{AsFd, OwnedFd};

use lunette_frame::{ScanoutId, Size};
use lunette_lease::Wish;
use lunette_sys_kms::LesseeId;
use lunette_wire::{Token, TokenError};
use rustix::fs::{MemfdFlags, SealFlags, fcntl_add_seals, memfd_create};
use serde::{Deserialize, Serialize};

use crate::cards::Lessee;

/// More than any book has.
const MOST_BYTES: usize = 4096;

/// A lease, as far as the kernel does not know it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Book {
    pub(crate) scanout: ScanoutId,
    pub(crate) lessee: Lessee,
    pub(crate) connector: String,
    pub(crate) wish: Wish,
}

/// Why a book cannot be written or read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BookError {
    #[error("cannot write or read the book of a lease")]
    Io(#[from] io::Error),
    #[error("a book of version {0}, not {version}", version = Written::VERSION)]
    Version(u32),
    #[error("the book makes no sense")]
    Text(#[from] serde_json::Error),
    #[error("the book has no token")]
    Token(#[from] TokenError),
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    version: u32,
    scanout: u16,
    card: u16,
    lessee: u32,
    connector: String,
    width: u32,
    height: u32,
    light_crtc: bool,
    token: String,
}

impl Written {
    const VERSION: u32 = 2;
}

/// What every version has.
#[derive(Debug, Deserialize)]
struct AnyVersion {
    version: u32,
}

impl Book {
    /// Writes it to memory that cannot be changed any more.
    pub(crate) fn write(&self) -> Result<OwnedFd, BookError> {
        let flags = MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING;
        let memory = memfd_create("lunette-lease", flags).map_err(io::Error::from)?;
        let mut text = self.text()?;
        while !text.is_empty() {
            let written = rustix::io::write(&memory, &text).map_err(io::Error::from)?;
            text.drain(..written);
        }
        let seals = SealFlags::WRITE | SealFlags::GROW | SealFlags::SHRINK | SealFlags::SEAL;
        fcntl_add_seals(&memory, seals).map_err(io::Error::from)?;
        Ok(memory)
    }

    /// Reads it; copies of the descriptor are read alike.
    pub(crate) fn read(memory: impl AsFd) -> Result<Self, BookError> {
        let mut text = vec![0; MOST_BYTES];
        let mut filled = 0;
        while filled < text.len() {
            match rustix::io::pread(&memory, &mut text[filled..], filled as u64).map_err(io::Error::from)? {
                0 => break,
                count => filled += count,
            }
        }
        Self::parse(&text[..filled])
    }

    fn text(&self) -> Result<Vec<u8>, BookError> {
        let Wish { size, light_crtc, token } = self.wish;
        Ok(serde_json::to_vec(&Written {
            version: Written::VERSION,
            scanout: self.scanout.get(),
            card: self.lessee.card,
            lessee: self.lessee.id.get(),
            connector: self.connector.clone(),
            width: size.width,
            height: size.height,
            light_crtc,
            token: token.to_hex(),
        })?)
    }

    fn parse(text: &[u8]) -> Result<Self, BookError> {
        let AnyVersion { version } = serde_json::from_slice(text)?;
        if version != Written::VERSION {
            return Err(BookError::Version(version));
        }
        let written: Written = serde_json::from_slice(text)?;
        let (size, token) = (Size::new(written.width, written.height), written.token.parse::<Token>()?);
        Ok(Self {
            scanout: ScanoutId::new(written.scanout),
            lessee: Lessee { card: written.card, id: LesseeId::new(written.lessee) },
            connector: written.connector,
            wish: Wish { size, light_crtc: written.light_crtc, token },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn book() -> Book {
        let wish = Wish { size: Size::new(1280, 720), light_crtc: true, token: Token::new([0x5a; 32]) };
        let lessee = Lessee { card: 3, id: LesseeId::new(5) };
        Book { scanout: ScanoutId::new(3), lessee, connector: "Virtual-4".into(), wish }
    }

    #[test]
    fn a_book_is_read_as_it_was_written_however_often() {
        let memory = book().write().expect("memory");
        for _ in 0..2 {
            assert_eq!(Book::read(&memory).expect("its own words"), book());
        }
        assert!(rustix::io::pwrite(&memory, b"x", 0).is_err(), "nobody changes it");
    }

    #[test]
    fn what_makes_no_sense_is_no_book() {
        let text = String::from_utf8(book().text().expect("text")).expect("JSON");
        let wrong = |from: &str, to: &str| Book::parse(text.replacen(from, to, 1).as_bytes()).expect_err("wrong");
        assert!(matches!(wrong("\"version\":2", "\"version\":3"), BookError::Version(3)));
        assert!(matches!(wrong("5a5a", "5a"), BookError::Token(_)));
        assert!(matches!(wrong("light_crtc", "dark_crtc"), BookError::Text(_)));
        assert!(matches!(wrong("\"scanout\":3", "\"scanout\":70000"), BookError::Text(_)));
        assert!(matches!(Book::parse(b""), Err(BookError::Text(_))));
    }

    #[test]
    fn the_token_is_not_in_what_is_logged() {
        assert!(!format!("{:?}", book()).contains("5a5a"));
    }
}
