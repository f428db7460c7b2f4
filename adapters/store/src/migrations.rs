//! From an empty file, or an older one, to what this program knows. A step that was published never changes.

use std::path::Path;

use rusqlite::Connection;

use crate::StoreError;

const STEPS: &[&str] = &[
    "
    CREATE TABLE desktops (
        id TEXT PRIMARY KEY, host TEXT NOT NULL, wanted TEXT NOT NULL, owner TEXT NOT NULL,
        document TEXT NOT NULL, created_ms INTEGER NOT NULL
    ) STRICT;
    CREATE TABLE users (
        name TEXT PRIMARY KEY, password TEXT, scopes TEXT NOT NULL, desktops TEXT, created_ms INTEGER NOT NULL
    ) STRICT;
    CREATE TABLE tokens (
        id TEXT PRIMARY KEY, hash BLOB NOT NULL UNIQUE, name TEXT NOT NULL, scopes TEXT NOT NULL, desktops TEXT,
        once INTEGER NOT NULL, created_ms INTEGER NOT NULL, expires_ms INTEGER
    ) STRICT;
    CREATE TABLE sessions (
        hash BLOB PRIMARY KEY, who TEXT NOT NULL, scopes TEXT NOT NULL, desktops TEXT, expires_ms INTEGER NOT NULL
    ) STRICT;
    CREATE TABLE events (
        number INTEGER PRIMARY KEY AUTOINCREMENT, at_ms INTEGER NOT NULL, kind TEXT NOT NULL, desktop TEXT,
        text TEXT NOT NULL
    ) STRICT;
",
    "
    CREATE TABLE drained (host TEXT PRIMARY KEY) STRICT;
",
];

/// Does the steps that are missing, each whole or not at all.
pub(crate) fn migrate(connection: &mut Connection, path: &Path) -> Result<(), StoreError> {
    let known = u32::try_from(STEPS.len()).unwrap_or(u32::MAX);
    let open = |source| StoreError::Open { path: path.to_owned(), source };
    let found: u32 = connection.pragma_query_value(None, "user_version", |row| row.get(0)).map_err(open)?;
    if found > known {
        return Err(StoreError::Newer { path: path.to_owned(), found, known });
    }
    for (version, step) in (1_u32..).zip(STEPS).skip(found as usize) {
        let done = (|| {
            let transaction = connection.transaction()?;
            transaction.execute_batch(step)?;
            transaction.pragma_update(None, "user_version", version)?;
            transaction.commit()
        })();
        done.map_err(|source| StoreError::Migrate { version, source })?;
    }
    Ok(())
}
