//! A QEMU that does exactly what a test says, behind a real QMP socket and real D-Bus connections.

mod display;
mod listener;
mod monitor;
mod picture;

use std::os::unix::net::UnixListener;
use std::path::PathBuf;
use std::sync::atomic::Ordering::SeqCst;
use std::sync::mpsc::Receiver;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tokio::runtime::Runtime;

use display::Shared;
pub(crate) use display::UiInfo;
pub(crate) use listener::FakeListener;
pub(crate) use picture::SharedPicture;

/// Nothing in these tests takes as long.
pub(crate) const LIMIT: Duration = Duration::from_secs(20);

/// A machine with sixteen outputs.
pub(crate) struct FakeQemu {
    folder: tempfile::TempDir,
    shared: Arc<Shared>,
    listeners: Mutex<Receiver<FakeListener>>,
    runtime: Option<Runtime>,
}

impl FakeQemu {
    pub(crate) fn start() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
        let runtime = runtime.expect("a runtime");
        let (shared, listeners) = Shared::new(runtime.handle().clone());
        let listener = UnixListener::bind(folder.path().join("qmp")).expect("a socket");
        let serving = Arc::clone(&shared);
        std::thread::spawn(move || monitor::serve(&listener, &serving));
        Self { folder, shared, listeners: Mutex::new(listeners), runtime: Some(runtime) }
    }

    pub(crate) fn socket(&self) -> PathBuf {
        self.folder.path().join("qmp")
    }

    /// The next listener that is registered.
    pub(crate) fn listener(&self) -> FakeListener {
        self.listeners.lock().expect("no panic").recv_timeout(LIMIT).expect("a listener is registered")
    }

    /// Whether no further listener is registered for a while.
    pub(crate) fn has_no_listener(&self) -> bool {
        self.listeners.lock().expect("no panic").recv_timeout(Duration::from_millis(200)).is_err()
    }

    /// Tells of an event on the monitor.
    pub(crate) fn event(&self, name: &str) {
        self.shared.event(name);
    }

    /// What SetUIInfo was called with, and when.
    pub(crate) fn ui_infos(&self) -> Vec<(Instant, UiInfo)> {
        self.shared.ui_infos.lock().expect("no panic").clone()
    }

    /// Waits until SetUIInfo was called this often.
    pub(crate) fn await_ui_infos(&self, count: usize) -> Vec<UiInfo> {
        let start = Instant::now();
        while self.ui_infos().len() < count && start.elapsed() < LIMIT {
            std::thread::yield_now();
        }
        self.ui_infos().into_iter().map(|(_, info)| info).collect()
    }

    /// Does not answer SetUIInfo any more.
    pub(crate) fn fall_silent(&self) {
        self.shared.silent.store(true, SeqCst);
    }

    /// Ends every connection, and takes none until it is revived.
    pub(crate) fn crash(&self) {
        self.shared.crashed.store(true, SeqCst);
        self.shared.hang_up();
    }

    pub(crate) fn revive(&self) {
        self.shared.crashed.store(false, SeqCst);
    }
}

impl Drop for FakeQemu {
    fn drop(&mut self) {
        self.crash();
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}
