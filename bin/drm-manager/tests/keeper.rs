//! The keeper, with a child that is this very program: it tells what it was handed, and dies.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use drm_manager::keeper::{Plan, keep};
use drm_manager::{Handed, Service};
use rustix::process::{Pid, Signal, kill_process};
use tokio::io::{AsyncReadExt, BufReader};
use tokio::net::{UnixDatagram, UnixListener};
use tokio::sync::{Mutex, oneshot};
use tokio::time::timeout;

const LIMIT: Duration = Duration::from_secs(60);

/// Descriptors are counted for the whole process.
static TURN: Mutex<()> = Mutex::const_new(());

/// What the keeper runs; it does nothing unless a keeper does.
#[test]
fn child() {
    let Some(place) = std::env::args().find_map(|word| word.strip_prefix("report=").map(str::to_owned)) else { return };
    let mut handed = Handed::from_environment();
    let mut kept = String::new();
    for mut file in handed.take("book").into_iter().map(File::from) {
        file.seek(SeekFrom::Start(0)).expect("a file");
        file.read_to_string(&mut kept).expect("a file");
    }
    let service = Service::from_environment();
    if kept.is_empty() {
        let mut file = tempfile::tempfile().expect("a file");
        file.write_all(b"kept").expect("a file");
        service.keep("book", &[file.as_fd()]).expect("a keeper");
        service.keep("noise", &[file.as_fd()]).expect("a keeper");
        service.forget("noise");
    }
    service.tell("READY=1");
    let descriptors = std::fs::read_dir("/proc/self/fd").expect("Linux").count();
    let mut report = UnixStream::connect(place).expect("the test listens");
    writeln!(report, "{} {descriptors} {} {kept}", std::process::id(), handed.take("noise").len()).expect("as before");
    // Until the test ends us.
    let _ = report.read(&mut [0]);
}

/// One life of the child.
struct Life {
    pid: Pid,
    descriptors: usize,
    said: String,
    connection: BufReader<tokio::net::UnixStream>,
}

impl Life {
    async fn next(reports: &UnixListener) -> Self {
        let (stream, _) = timeout(LIMIT, reports.accept()).await.expect("a child in time").expect("a child");
        let (mut connection, mut line) = (BufReader::new(stream), String::new());
        tokio::io::AsyncBufReadExt::read_line(&mut connection, &mut line).await.expect("a report");
        let mut words = line.trim_end().splitn(3, ' ');
        let mut word = || words.next().expect("three words");
        let pid = Pid::from_raw(word().parse().expect("a number")).expect("a process");
        Self { pid, descriptors: word().parse().expect("a number"), said: word().to_owned(), connection }
    }

    async fn kill(mut self) {
        kill_process(self.pid, Signal::KILL).expect("it runs");
        let gone = timeout(LIMIT, self.connection.read(&mut [0])).await;
        assert!(matches!(gone, Ok(Ok(0) | Err(_))), "it is dead");
    }
}

fn plan(folder: &Path) -> Plan {
    let report = format!("report={}", folder.join("report").display());
    let arguments = ["--exact", "--nocapture", "child", &report].map(Into::into).to_vec();
    Plan { program: std::env::current_exe().expect("Linux"), arguments, notify: folder.join("keeper.sock") }
}

fn descriptors() -> usize {
    std::fs::read_dir("/proc/self/fd").expect("Linux").count()
}

#[tokio::test]
async fn what_was_kept_outlives_twenty_kills_and_nothing_else_does() {
    let _turn = TURN.lock().await;
    let folder = tempfile::tempdir().expect("a directory");
    let reports = UnixListener::bind(folder.path().join("report")).expect("free");
    let (plan, (stop, stopped)) = (plan(folder.path()), oneshot::channel::<()>());
    let lives = async {
        let first = Life::next(&reports).await;
        assert_eq!(first.said, "0");
        first.kill().await;
        let second = Life::next(&reports).await;
        assert_eq!(second.said, "0 kept");
        let before = (second.descriptors, descriptors());
        let mut life = second;
        for _ in 0..20 {
            life.kill().await;
            life = Life::next(&reports).await;
            assert_eq!(life.said, "0 kept");
        }
        assert_eq!((life.descriptors, descriptors()), before);
        stop.send(()).expect("the keeper runs");
        let ended = timeout(LIMIT, life.connection.read(&mut [0])).await;
        assert!(matches!(ended, Ok(Ok(0) | Err(_))), "the child ends with its keeper");
    };
    let (kept, ()) = tokio::join!(keep(&plan, async { drop(stopped.await) }), lives);
    kept.expect("a clean end");
    assert!(!plan.notify.exists());
}

#[tokio::test]
async fn a_strangers_notice_is_not_heard_and_another_keeper_is_refused() {
    let _turn = TURN.lock().await;
    let folder = tempfile::tempdir().expect("a directory");
    let reports = UnixListener::bind(folder.path().join("report")).expect("free");
    let (plan, (stop, stopped)) = (plan(folder.path()), oneshot::channel::<()>());
    let lives = async {
        let life = Life::next(&reports).await;
        let stranger = UnixDatagram::unbound().expect("a socket");
        stranger.send_to(b"FDSTOREREMOVE=1\nFDNAME=book", &plan.notify).await.expect("we are root, or it is ours");
        let refused = keep(&plan, std::future::pending()).await.expect_err("one keeper is enough");
        assert!(format!("{refused:#}").contains("another keeper listens there"), "{refused:#}");
        life.kill().await;
        assert_eq!(Life::next(&reports).await.said, "0 kept");
        stop.send(()).expect("the keeper runs");
    };
    let (kept, ()) = tokio::join!(keep(&plan, async { drop(stopped.await) }), lives);
    kept.expect("a clean end");
}

#[tokio::test]
async fn a_program_that_is_missing_is_tried_again_until_the_end() {
    let _turn = TURN.lock().await;
    let folder = tempfile::tempdir().expect("a directory");
    let plan = Plan { program: "/nonexistent/drm-manager".into(), ..plan(folder.path()) };
    let (stop, stopped) = oneshot::channel::<()>();
    let looking = async {
        // It listens as long as it tries.
        while !plan.notify.exists() {
            tokio::task::yield_now().await;
        }
        stop.send(()).expect("the keeper runs");
    };
    let (kept, ()) = tokio::join!(keep(&plan, async { drop(stopped.await) }), looking);
    kept.expect("a clean end");
}
