//! The one who reads and writes.

use std::thread;

use tokio::sync::{mpsc, oneshot};

use crate::{Storage, StoreError};

/// Jobs that wait; more wait outside.
const QUEUE: usize = 256;

type Job = Box<dyn FnOnce(&mut dyn Storage) + Send>;

/// A way to the thread that has the database. Clones lead to the same; it ends with the last of them.
#[derive(Debug, Clone)]
pub struct Store {
    jobs: mpsc::Sender<Job>,
}

impl Store {
    /// Hands a database to a thread of its own.
    ///
    /// # Errors
    /// When there is no thread to be had.
    pub fn start(mut storage: impl Storage + 'static) -> Result<Self, StoreError> {
        let (jobs, mut queue) = mpsc::channel::<Job>(QUEUE);
        let work = move || {
            while let Some(job) = queue.blocking_recv() {
                job(&mut storage);
            }
        };
        thread::Builder::new().name("store".to_owned()).spawn(work).map_err(StoreError::Thread)?;
        Ok(Self { jobs })
    }

    /// Has something done, in turn. What is asked for is done even when nobody waits for the answer any more.
    ///
    /// # Errors
    /// What the job says, or [`StoreError::Closed`].
    pub async fn ask<T: Send + 'static>(
        &self,
        job: impl FnOnce(&mut dyn Storage) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (answer, answered) = oneshot::channel();
        let job = move |storage: &mut dyn Storage| drop(answer.send(job(storage)));
        self.jobs.send(Box::new(job)).await.map_err(|_| StoreError::Closed)?;
        answered.await.map_err(|_| StoreError::Closed)?
    }
}
