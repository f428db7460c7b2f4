//! Ending a machine, each step harder than the one before.
//!
//! ```text
//!  system_powerdown ──limit──▶ quit ──3 s──▶ SIGTERM ──2 s──▶ SIGKILL ──2 s──▶ error
//!        └────────────────────── as soon as it has ended: done ───────┘
//! ```

use std::time::Duration;

use lunette_qmp::{Qmp, QmpError};

use crate::error::VmError;
use crate::events::SharedLife;
use crate::guard::Link;

const QUIT_LIMIT: Duration = Duration::from_secs(3);
const TERM_LIMIT: Duration = Duration::from_secs(2);
const KILL_LIMIT: Duration = Duration::from_secs(2);

/// How long QEMU may take to accept an order, which it does at once when it is well.
const ORDER_LIMIT: Duration = Duration::from_secs(1);

/// What it took to end a machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stopped {
    /// It had ended.
    Before,
    /// The guest switched it off.
    ByGuest,
    /// QEMU quit.
    Quit,
    /// SIGTERM.
    Terminated,
    /// SIGKILL.
    Killed,
}

/// Ends a machine; the guest has `limit` to do it by itself.
pub(crate) fn stop(life: &SharedLife, qmp: Option<&Qmp>, link: &mut Link, limit: Duration) -> Result<Stopped, VmError> {
    let ended = |limit| life.wait(limit, |life| life.ended.is_some());
    if ended(Duration::ZERO) {
        return Ok(Stopped::Before);
    }
    life.change(|life| life.stopping = true);
    let order = |command: &str| qmp.is_some_and(|qmp| obeyed(&qmp.execute_within(command, (), ORDER_LIMIT)));
    if !limit.is_zero() && order("system_powerdown") && ended(limit) {
        return Ok(Stopped::ByGuest);
    }
    if order("quit") && ended(QUIT_LIMIT) {
        return Ok(Stopped::Quit);
    }
    link.term();
    if ended(TERM_LIMIT) {
        return Ok(Stopped::Terminated);
    }
    link.kill();
    if ended(KILL_LIMIT) {
        return Ok(Stopped::Killed);
    }
    let (what, log) = ("the end of QEMU after SIGKILL", String::new());
    Err(VmError::TimedOut { what, limit: KILL_LIMIT, log })
}

/// A QEMU that hangs up instead of replying is quitting.
fn obeyed(outcome: &Result<serde_json::Value, QmpError>) -> bool {
    match outcome {
        Ok(_) | Err(QmpError::Closed { .. }) => true,
        Err(error) => {
            tracing::info!(%error, "QEMU does not obey");
            false
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;
    use std::sync::Arc;

    use super::*;
    use crate::guard::{Guard, Plan};
    use crate::rundir::{RunDir, RunPaths};

    const SOON: Duration = Duration::from_secs(10);

    struct Fake {
        _dir: tempfile::TempDir,
        run: RunDir,
        life: Arc<SharedLife>,
        link: Link,
    }

    /// A program in QEMU's place, which has said `up`.
    fn fake(script: &str) -> Fake {
        let dir = tempfile::tempdir().unwrap();
        let run = RunDir::claim(RunPaths::new(dir.path().join("vm"))).unwrap();
        let plan = Plan {
            program: PathBuf::from("sh"),
            arguments: vec!["-c".to_owned(), script.to_owned()],
            run_dir: run.paths().root().to_owned(),
            console_log: run.paths().console_log(),
            complaints_log: run.paths().qemu_log(),
            ready_line: "up".to_owned(),
        };
        let life = Arc::new(SharedLife::default());
        let noted = life.clone();
        let lock = run.share_lock().unwrap();
        let link = Link::start(&Guard::Thread, &plan, lock, move |report| noted.note(&report)).unwrap();
        assert!(life.wait(SOON, |life| life.ready), "{:?}", life.lock());
        Fake { _dir: dir, run, life, link }
    }

    #[test]
    fn a_qemu_that_heeds_sigterm_is_not_killed() {
        let mut fake = fake("trap 'exit 0' TERM; echo up; while :; do sleep 0.05; done");
        assert_eq!(stop(&fake.life, None, &mut fake.link, SOON).unwrap(), Stopped::Terminated);
    }

    #[test]
    fn a_qemu_that_ignores_sigterm_is_killed() {
        let mut fake = fake("trap '' TERM; echo up; while :; do sleep 0.05; done");
        assert_eq!(stop(&fake.life, None, &mut fake.link, SOON).unwrap(), Stopped::Killed);
        assert_eq!(fake.life.lock().ended.as_ref().unwrap().status, "killed by signal 9");
    }

    #[test]
    fn a_qemu_that_has_ended_needs_nothing() {
        let mut fake = fake("echo up; echo last words; exit 3");
        assert!(fake.life.wait(SOON, |life| life.ended.is_some()));
        assert_eq!(fake.life.lock().ended.as_ref().unwrap().status, "exit code 3");
        assert_eq!(crate::guard::tail(&fake.run.paths().console_log(), 100), "up\nlast words\n");
        assert_eq!(stop(&fake.life, None, &mut fake.link, SOON).unwrap(), Stopped::Before);
    }

    #[test]
    fn a_dropped_link_ends_even_what_ignores_sigterm_and_removes_the_run_directory() {
        let fake = fake("trap '' TERM; echo up; while :; do sleep 0.05; done");
        let pid = fake.life.lock().pid.unwrap();
        drop(fake.link);
        assert!(!PathBuf::from(format!("/proc/{pid}")).exists());
        assert!(!fake.run.paths().root().exists());
    }

    #[test]
    fn a_program_that_cannot_be_started_is_told() {
        let dir = tempfile::tempdir().unwrap();
        let run = RunDir::claim(RunPaths::new(dir.path().join("vm"))).unwrap();
        let plan = Plan {
            program: PathBuf::from("/no/such/qemu"),
            arguments: Vec::new(),
            run_dir: run.paths().root().to_owned(),
            console_log: run.paths().console_log(),
            complaints_log: run.paths().qemu_log(),
            ready_line: String::new(),
        };
        let life = Arc::new(SharedLife::default());
        let noted = life.clone();
        let lock = run.share_lock().unwrap();
        let _link = Link::start(&Guard::Thread, &plan, lock, move |report| noted.note(&report)).unwrap();
        assert!(life.wait(SOON, |life| life.ended.is_some()));
        assert!(life.lock().ended.as_ref().unwrap().status.starts_with("not started"));
    }
}
