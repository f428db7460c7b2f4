//! What a session reads: its wallpaper, the number of its scanout, the token of its lease.

use std::fs;
use std::io;
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};

use lunette_desktop::{IdRange, Order, Places};
use serde_json::json;

use crate::inside;
use crate::leasing::Lease;
use crate::reporter::write_whole;
use crate::wallpaper;

/// The folder of these files. What says which lease there is goes when this is dropped, so that nobody finds the number
/// of a scanout that is another's by now.
pub(crate) struct Session {
    folder: PathBuf,
}

const SCANOUT_ID: &str = "scanout-id";
const SCANOUT: &str = "scanout.json";
const TOKEN: &str = "token";

impl Session {
    pub(crate) fn write(order: &Order, places: &Places, ids: IdRange, lease: Option<&Lease>) -> io::Result<Self> {
        let session = Self { folder: places.session() };
        match fs::create_dir(&session.folder) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
            _ => {}
        }
        fs::set_permissions(&session.folder, fs::Permissions::from_mode(0o755))?;
        session.forget();
        session.put("wallpaper.svg", wallpaper::svg(order).as_bytes(), 0o644)?;
        if let Some(lease) = lease {
            session.describe(lease, ids)?;
        }
        Ok(session)
    }

    fn describe(&self, lease: &Lease, ids: IdRange) -> io::Result<()> {
        let mut nonce = [0; 16];
        getrandom::fill(&mut nonce).map_err(io::Error::other)?;
        let nonce: String = nonce.iter().map(|byte| format!("{byte:02x}")).collect();
        let said = json!({"scanout": lease.scanout.get(), "connector": lease.connector, "lease": nonce});
        self.put(SCANOUT, said.to_string().as_bytes(), 0o644)?;
        // Without a line end: existing clients read all of it as a number.
        self.put(SCANOUT_ID, lease.scanout.to_string().as_bytes(), 0o644)?;
        if let Some(token) = lease.token {
            let path = self.put(TOKEN, token.to_hex().as_bytes(), 0o400)?;
            let user = Some(ids.first + inside::UID);
            chown(path, user, user)?;
        }
        Ok(())
    }

    fn put(&self, name: &str, content: &[u8], mode: u32) -> io::Result<PathBuf> {
        let path = self.folder.join(name);
        write_whole(&path, content, mode)?;
        Ok(path)
    }

    /// Where existing clients' number of the scanout is, if there is one.
    pub(crate) fn scanout_id(&self) -> Option<PathBuf> {
        let path = self.folder.join(SCANOUT_ID);
        path.exists().then_some(path)
    }

    /// The folder.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    fn forget(&self) {
        for name in [SCANOUT_ID, SCANOUT, TOKEN] {
            let _ = fs::remove_file(self.folder.join(name));
        }
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.forget();
    }
}
