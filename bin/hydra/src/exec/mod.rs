//! Programs that somebody runs inside of a desktop: kept by id, with the end of what they printed.

mod run;
mod tail;

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use lunette_desktop::Ending;
use serde::Serialize;
use tokio::sync::{mpsc, watch};

pub(crate) use run::{Shape, run};
pub(crate) use tail::{Tail, text_of};

/// Programs of one desktop that are remembered.
const MOST: usize = 64;

/// The programs of one desktop.
#[derive(Debug, Default)]
pub(crate) struct Execs {
    /// A lock, since readers of several programs meet writers of others; nobody waits while holding it.
    records: Mutex<VecDeque<Arc<Record>>>,
}

/// One program.
#[derive(Debug)]
pub(crate) struct Record {
    pub(crate) id: String,
    pub(crate) shape: Shape,
    pub(crate) started_ms: u64,
    /// Behind a lock for the same reason.
    state: Mutex<State>,
    /// Counts changes, for those who wait for one.
    changes: watch::Sender<u64>,
    pub(crate) signals: mpsc::Sender<i32>,
}

/// What changes about it.
#[derive(Debug, Default)]
pub(crate) struct State {
    pub(crate) stdout: Tail,
    pub(crate) stderr: Tail,
    pub(crate) finished: Option<Finished>,
}

/// How it ended.
#[derive(Debug, Clone)]
pub(crate) struct Finished {
    pub(crate) at_ms: u64,
    pub(crate) how: Result<Ending, String>,
    pub(crate) timed_out: bool,
}

/// Where it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Status {
    Running,
    Finished,
    Failed,
    Killed,
    Timeout,
}

/// There are as many running as may be.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ExecError {
    #[error("{MOST} programs run in this desktop already")]
    TooMany,
    #[error("a program {0:?} is there already")]
    Exists(String),
}

impl Execs {
    fn records(&self) -> MutexGuard<'_, VecDeque<Arc<Record>>> {
        self.records.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn get(&self, id: &str) -> Option<Arc<Record>> {
        self.records().iter().find(|record| record.id == id).cloned()
    }

    pub(crate) fn list(&self) -> Vec<Arc<Record>> {
        self.records().iter().cloned().collect()
    }

    /// Forgets those that ended.
    pub(crate) fn forget(&self) {
        self.records().retain(|record| record.is_running());
    }

    /// Remembers one more; the oldest that ended makes room.
    fn add(&self, record: Arc<Record>) -> Result<(), ExecError> {
        let mut records = self.records();
        if records.iter().any(|other| other.id == record.id) {
            return Err(ExecError::Exists(record.id.clone()));
        }
        if records.len() >= MOST {
            let oldest = records.iter().position(|other| !other.is_running()).ok_or(ExecError::TooMany)?;
            records.remove(oldest);
        }
        records.push_back(record);
        Ok(())
    }
}

impl Record {
    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn is_running(&self) -> bool {
        self.state().finished.is_none()
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.state());
        self.changes.send_modify(|count| *count = count.wrapping_add(1));
    }

    /// Sees every change from now on.
    pub(crate) fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    /// Waits for its end.
    pub(crate) async fn ended(&self) {
        let mut changes = self.changes();
        while self.is_running() {
            if changes.changed().await.is_err() {
                return;
            }
        }
    }

    pub(crate) fn status(&self) -> Status {
        match &self.state().finished {
            None => Status::Running,
            Some(Finished { timed_out: true, .. }) => Status::Timeout,
            Some(Finished { how: Ok(Ending::Status(_)), .. }) => Status::Finished,
            Some(Finished { how: Ok(Ending::Signal(_)), .. }) => Status::Killed,
            Some(Finished { how: Err(_), .. }) => Status::Failed,
        }
    }
}
