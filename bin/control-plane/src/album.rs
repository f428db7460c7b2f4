//! How desktops looked when they were stopped: a JPEG file of each, for who asks for a screenshot of what does not run.

use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use axum::body::Bytes;
use lunette_desktop::DesktopId;
use lunette_fleet::HostName;
use lunette_snapshot::{Encoding, View};
use tokio::task::spawn_blocking;
use tokio::time::timeout;

use crate::app::App;

/// For a last picture. Whoever stops a desktop waits no longer for it.
const LIMIT: Duration = Duration::from_secs(3);
/// Of a picture that is looked at later, and not worked in.
const QUALITY: u8 = 70;
/// Bytes of a file. A larger one is none of ours.
const LONGEST: usize = 16 << 20;
/// What such a file begins with.
const JPEG: [u8; 3] = [0xff, 0xd8, 0xff];

/// The pictures that are kept.
#[derive(Debug, Clone)]
pub(crate) struct Album {
    folder: PathBuf,
}

/// One of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Kept {
    pub(crate) jpeg: Bytes,
    /// When it was taken, since 1970.
    pub(crate) taken: Duration,
}

impl Album {
    /// The one in a state folder.
    pub(crate) fn open(state: &Path) -> io::Result<Self> {
        let folder = state.join("pictures");
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(&folder)?;
        Ok(Self { folder })
    }

    fn path(&self, id: &DesktopId) -> PathBuf {
        self.folder.join(format!("{id}.jpg"))
    }

    /// Keeps this one, and no earlier one. Nobody sees half of it.
    pub(crate) fn keep(&self, id: &DesktopId, jpeg: &[u8]) -> io::Result<()> {
        let fresh = self.folder.join(format!("{id}.new"));
        let mut file = std::fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&fresh)?;
        file.write_all(jpeg)?;
        std::fs::rename(fresh, self.path(id))
    }

    /// What is kept of a desktop.
    pub(crate) fn show(&self, id: &DesktopId) -> io::Result<Option<Kept>> {
        let path = self.path(id);
        let taken = match std::fs::metadata(&path).and_then(|about| about.modified()) {
            Ok(taken) => taken.duration_since(UNIX_EPOCH).unwrap_or_default(),
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        Ok(Some(Kept { jpeg: std::fs::read(path)?.into(), taken }))
    }

    /// Keeps nothing of a desktop.
    pub(crate) fn forget(&self, id: &DesktopId) {
        match std::fs::remove_file(self.path(id)) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                tracing::warn!(%error, %id, "a picture of a desktop that is gone cannot be removed");
            }
            _ => {}
        }
    }
}

impl Kept {
    /// What tells it from another one, as an ETag.
    pub(crate) fn tag(&self) -> String {
        format!("\"paused-{}\"", self.taken.as_nanos())
    }
}

/// Takes the last picture of a desktop that is about to be ended. One that cannot be had holds nothing up.
pub(crate) async fn take_last(app: &Arc<App>, host: &HostName, id: &DesktopId) {
    let jpeg = match timeout(LIMIT, jpeg(app, host, id)).await {
        Ok(Ok(jpeg)) => jpeg,
        Ok(Err(why)) => return tracing::info!(%id, why, "a desktop is stopped without a last picture"),
        Err(_) => return tracing::info!(%id, "a desktop is stopped without a last picture: none came in time"),
    };
    let (album, name) = (app.album.clone(), id.clone());
    let kept = spawn_blocking(move || album.keep(&name, &jpeg)).await;
    if let Ok(Err(error)) = kept {
        tracing::warn!(%error, %id, "a last picture cannot be kept");
    }
}

/// From frame-export, where that is reached, else from the bridge.
async fn jpeg(app: &Arc<App>, host: &HostName, id: &DesktopId) -> Result<Bytes, String> {
    let reached = app.host(host).ok_or("nothing leads to its host")?;
    let scanout = app.fleet().state(id).and_then(|state| state.seen?.report.scanout);
    let Some(scanout) = scanout.filter(|_| reached.pictures.is_up()) else {
        let path = format!("/api/v1/dev-containers/{id}/screenshot?format=jpeg&quality={QUALITY}");
        let file = reached.hydra.fetch(&path, LIMIT, LONGEST).await.map_err(|error| error.to_string())?;
        // A bridge is a desktop's own, and may say anything.
        return file.starts_with(&JPEG).then_some(file).ok_or_else(|| "its bridge sent no JPEG file".to_owned());
    };
    let shot = app.eyes.shot(id, &reached, scanout, LIMIT).await?;
    let file = spawn_blocking(move || shot.render(&View::default())?.encode(Encoding::Jpeg(QUALITY))).await;
    let file = file.map_err(|error| error.to_string())?;
    file.map(Bytes::from).map_err(|error| lunette_cause::chain(&error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_picture_is_kept_until_it_is_forgotten() {
        let folder = tempfile::tempdir().unwrap();
        let (album, id) = (Album::open(folder.path()).unwrap(), "one".parse().unwrap());
        assert_eq!(album.show(&id).unwrap(), None);
        album.keep(&id, b"first").unwrap();
        album.keep(&id, b"second").unwrap();
        let again = Album::open(folder.path()).unwrap().show(&id).unwrap().unwrap();
        assert_eq!(&*again.jpeg, b"second");
        assert_eq!(std::fs::read_dir(folder.path().join("pictures")).unwrap().count(), 1, "nothing else is left");
        album.forget(&id);
        album.forget(&id);
        assert_eq!(album.show(&id).unwrap(), None);
    }
}
