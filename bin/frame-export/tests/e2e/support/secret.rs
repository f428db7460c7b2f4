//! What strict mode needs: a secret in a file, and a client that shows, grants and switches.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;

use lunette_frame::{ScanoutId, Size};
use lunette_wire::Token;
use lunette_wire::hxfr::{Authorize, EnableScanout, ErrorReply, Grant, Message, ScanoutResponse};
use tempfile::NamedTempFile;

use super::{Client, Server};

/// The machine's secret.
pub(crate) const SECRET: Token = Token::new([0x5e; Token::LEN]);
/// The token of some lease.
pub(crate) const LEASE: Token = Token::new([0x1e; Token::LEN]);

/// A file with [`SECRET`]. The program reads it once, at its start.
pub(crate) struct SecretFile(NamedTempFile);

impl SecretFile {
    pub(crate) fn new(mode: u32) -> Self {
        let file = NamedTempFile::new().expect("a file");
        fs::write(file.path(), SECRET.to_hex() + "\n").expect("writable");
        fs::set_permissions(file.path(), Permissions::from_mode(mode)).expect("ours");
        Self(file)
    }

    pub(crate) fn path(&self) -> &str {
        self.0.path().to_str().expect("text")
    }
}

impl Client {
    /// Connected, with a token shown.
    pub(crate) fn showing(server: &Server, token: Token) -> Self {
        let mut client = Self::connect(server);
        client.show(token);
        client
    }

    pub(crate) fn show(&mut self, token: Token) {
        self.send(&Message::Authorize(Authorize { token }));
    }

    pub(crate) fn grant(&mut self, scanout: u16, token: Token) {
        self.send(&Message::Grant(Grant { scanout: ScanoutId::new(scanout), token }));
    }

    #[track_caller]
    pub(crate) fn enable(&mut self, scanout: u16, size: Size) -> ScanoutResponse {
        let scanout = ScanoutId::new(scanout);
        self.send(&Message::EnableScanout(EnableScanout { scanout, size, refresh_hz: 60 }));
        self.scanout_response()
    }

    /// The ERROR with which the server ends this connection, soon.
    #[track_caller]
    pub(crate) fn last_error(&mut self) -> ErrorReply {
        match self.closed().pop() {
            Some(Message::Error(error)) => error,
            other => panic!("{other:?} instead of an ERROR"),
        }
    }
}
