//! What has to be remembered: desktops as they are wanted, users, tokens, sessions, events.
//!
//! ```text
//!   any task ── Store::ask(job) ──▶ queue, 256 ──▶ thread "store" ──▶ Storage ◀── Sqlite: one file, WAL, migrations
//!            ◀───────────── answer ───────────────────┘
//! ```
//! One thread reads and writes, so that nobody waits for a lock of the database and nothing is written twice. What was
//! answered is on the disk. The trait is what another database would have to do (docs/decisions/015).

#![forbid(unsafe_code)]

mod error;
mod migrations;
mod records;
mod sqlite;
mod storage;
mod store;

pub use error::StoreError;
pub use records::{Event, Session, Token, User};
pub use sqlite::{Sqlite, backup};
pub use storage::Storage;
pub use store::Store;
