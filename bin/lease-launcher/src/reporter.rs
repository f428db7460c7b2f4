//! The one owner of the report: in memory for whoever watches, on disk for whoever comes later.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use lunette_desktop::{BridgeReport, Order, Phase, Places, Reason, Report};
use tokio::sync::watch;

/// Changes the report, and tells everybody.
#[derive(Debug, Clone)]
pub(crate) struct Reporter {
    path: PathBuf,
    // Every change is made and stored in one go, by the one thread of this program.
    report: Arc<watch::Sender<Report>>,
}

impl Reporter {
    /// A desktop that starts now.
    pub(crate) fn new(order: &Order, places: &Places) -> Self {
        let report = Report {
            id: order.id.clone(),
            phase: Phase::Starting,
            since_ms: now_ms(),
            reason: None,
            launcher_pid: rustix::process::getpid().as_raw_nonzero().get(),
            container_pid: None,
            scanout: None,
            connector: None,
            size: order.size,
            first_picture_ms: None,
            restarts: 0,
            devices: Vec::new(),
            address: None,
            bridge: BridgeReport::default(),
        };
        let reporter = Self { path: places.report(), report: Arc::new(watch::channel(report).0) };
        reporter.store();
        reporter
    }

    /// Follows the report.
    pub(crate) fn watch(&self) -> watch::Receiver<Report> {
        self.report.subscribe()
    }

    pub(crate) fn phase(&self) -> Phase {
        self.report.borrow().phase
    }

    /// Changes what does not belong to the phase.
    pub(crate) fn note(&self, change: impl FnOnce(&mut Report)) {
        self.report.send_modify(change);
        self.store();
    }

    /// Enters `phase`; a phase that it is in already keeps its time.
    pub(crate) fn enter(&self, phase: Phase, reason: Option<Reason>) {
        self.note(|report| {
            if report.phase != phase {
                (report.phase, report.since_ms) = (phase, now_ms());
            }
            report.reason = reason;
        });
    }

    fn store(&self) {
        let text = serde_json::to_vec_pretty(&*self.report.borrow()).expect("a report is JSON");
        if let Err(error) = write_whole(&self.path, &text, 0o600) {
            tracing::error!(%error, path = %self.path.display(), "cannot write the report");
        }
    }
}

/// Writes a file that nobody ever sees half of.
pub(crate) fn write_whole(path: &Path, content: &[u8], mode: u32) -> io::Result<()> {
    use std::os::unix::fs::OpenOptionsExt;

    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".new");
    let fresh = path.with_file_name(name);
    let mut file: File = fs::OpenOptions::new().write(true).create(true).truncate(true).mode(mode).open(&fresh)?;
    file.write_all(content)?;
    fs::rename(&fresh, path)
}

/// Milliseconds since 1970.
pub(crate) fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
