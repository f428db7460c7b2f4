//! What a desktop's programs, its launcher or its bridge print.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::response::Response;
use bytes::Bytes;
use tokio::sync::mpsc;
use tokio::task::spawn_blocking;
use tokio::time::sleep;

use super::App;
use super::desktops::{find, places};
use super::refusal::Refusal;
use super::reply::{Chunks, stream};
use super::request::{Named, Switches};
use crate::desktop::Desktop;

/// Bytes that are read at once.
const CHUNK: u64 = 64 * 1024;
/// From the end of a log, unless more is asked for.
const USUAL: u64 = 1 << 20;
/// A whole log.
const MOST: u64 = 16 << 20;
/// Between looks at a log that is followed.
const LOOK: Duration = Duration::from_millis(250);

pub(super) async fn logs(State(app): State<Arc<App>>, named: Named, switches: Switches) -> Result<Response, Refusal> {
    let desktop = find(&app, &named)?;
    let places = places(&app, &named);
    let path = match switches.get("of").unwrap_or("desktop") {
        "desktop" => places.log(),
        "launcher" => places.launcher_log(),
        "bridge" => places.bridge_log(),
        other => return Err(Refusal::bad(format!("of={other} is not desktop, launcher or bridge"))),
    };
    let last = switches.number("bytes", MOST)?.unwrap_or(USUAL);
    let place = app.place_for_stream()?;
    let (queue, chunks) = mpsc::channel(4);
    let followed = switches.is_on("follow").then_some(desktop);
    tokio::spawn(send(path, last, followed, queue));
    Ok(stream("text/plain; charset=utf-8", Chunks { queue: chunks, _place: Some(place) }))
}

/// Until the end of the file; of a desktop that is followed, until it is over.
async fn send(path: PathBuf, last: u64, followed: Option<Arc<Desktop>>, queue: mpsc::Sender<Bytes>) {
    let mut place = Place::Last(last);
    loop {
        // Looked at first: what it printed before its end is in the file then.
        let over = followed.as_ref().is_none_or(|desktop| desktop.is_over());
        let path = path.clone();
        let Ok(Ok((bytes, next))) = spawn_blocking(move || read(&path, place)).await else { return };
        let end = bytes.is_empty();
        if !end && queue.send(Bytes::from(bytes)).await.is_err() {
            return;
        }
        place = next;
        if !end {
            continue;
        }
        if over {
            return;
        }
        tokio::select! {
            () = sleep(LOOK) => {}
            () = queue.closed() => return,
        }
    }
}

/// Where a reader is.
#[derive(Debug, Clone, Copy)]
enum Place {
    /// So many bytes before the end.
    Last(u64),
    /// In the file with this inode.
    At { inode: u64, offset: u64 },
}

/// A file that is another one now, or shorter, is read from its beginning.
fn read(path: &Path, place: Place) -> io::Result<(Vec<u8>, Place)> {
    let mut file = match File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok((Vec::new(), place)),
        file => file?,
    };
    let found = file.metadata()?;
    let offset = match place {
        Place::Last(bytes) => found.len().saturating_sub(bytes),
        Place::At { inode, offset } if inode == found.ino() && offset <= found.len() => offset,
        Place::At { .. } => 0,
    };
    file.seek(SeekFrom::Start(offset))?;
    let mut bytes = Vec::new();
    file.take(CHUNK).read_to_end(&mut bytes)?;
    let offset = offset + u64::try_from(bytes.len()).unwrap_or(0);
    Ok((bytes, Place::At { inode: found.ino(), offset }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_that_is_replaced_is_read_from_its_beginning() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        let (bytes, place) = read(&path, Place::Last(3)).unwrap();
        assert!(bytes.is_empty());
        std::fs::write(&path, "abcdef").unwrap();
        let (bytes, place) = read(&path, place).unwrap();
        assert_eq!(bytes, b"def");
        assert!(read(&path, place).unwrap().0.is_empty());
        std::fs::rename(&path, folder.path().join("old")).unwrap();
        std::fs::write(&path, "new").unwrap();
        assert_eq!(read(&path, place).unwrap().0, b"new");
    }
}
