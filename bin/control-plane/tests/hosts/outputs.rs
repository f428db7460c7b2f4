//! A double of drm-manager: says how many outputs it has left, and leases none.

use std::io::Write;
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::json;

/// The outputs of one host. Its thread ends with the test's process.
pub(crate) struct Outputs {
    taken: Arc<AtomicUsize>,
}

impl Outputs {
    /// So many, of which none is taken, told in this folder.
    pub(crate) fn start(folder: &Path, all: usize) -> Self {
        std::fs::create_dir_all(folder).unwrap();
        let listener = UnixListener::bind(folder.join("status.sock")).unwrap();
        let taken = Arc::<AtomicUsize>::default();
        let now = Arc::clone(&taken);
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let taken = now.load(Ordering::Relaxed);
                let output =
                    |number| json!({ "scanout": number, "state": if number < taken { "leased" } else { "free" } });
                let outputs: Vec<_> = (0..all).map(output).collect();
                // Whoever asked may be dead by now.
                let _ = (&stream).write_all(json!({ "outputs": outputs }).to_string().as_bytes());
            }
        });
        Self { taken }
    }

    /// So many are taken from now on.
    pub(crate) fn take(&self, taken: usize) {
        self.taken.store(taken, Ordering::Relaxed);
    }
}
