//! SQLite: one file, and what it writes ahead beside it.

use std::path::Path;
use std::time::Duration;

use lunette_desktop::DesktopId;
use lunette_fleet::{Desired, HostName};
use rusqlite::backup::Backup;
use rusqlite::{Connection, OpenFlags, OptionalExtension, Row, params};

use crate::migrations::migrate;
use crate::storage::EVENTS;
use crate::{Event, Session, Storage, StoreError, Token, User};

/// For another process, such as a backup, to let go of the file.
const BUSY: Duration = Duration::from_secs(5);

/// A database in a file.
#[derive(Debug)]
pub struct Sqlite {
    connection: Connection,
}

impl Sqlite {
    /// Opens it, makes it where there is none, and brings it up to date.
    ///
    /// # Errors
    /// When it is no database, or of a newer program.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let fail = |source| StoreError::Open { path: path.to_owned(), source };
        let mut connection = Connection::open(path).map_err(fail)?;
        let prepare = |connection: &Connection| {
            connection.busy_timeout(BUSY)?;
            connection.pragma_update(None, "journal_mode", "wal")?;
            // What was answered survives a loss of power too, not only a kill.
            connection.pragma_update(None, "synchronous", "full")?;
            connection.pragma_update(None, "foreign_keys", true)
        };
        prepare(&connection).map_err(fail)?;
        migrate(&mut connection, path)?;
        Ok(Self { connection })
    }
}

/// Copies a database that may be in use, as it was at one moment.
///
/// # Errors
/// When either file cannot be had.
pub fn backup(from: &Path, to: &Path) -> Result<(), StoreError> {
    let read = |source| StoreError::Open { path: from.to_owned(), source };
    let write = |source| StoreError::Open { path: to.to_owned(), source };
    let source = Connection::open_with_flags(from, OpenFlags::SQLITE_OPEN_READ_WRITE).map_err(read)?;
    source.busy_timeout(BUSY).map_err(read)?;
    let mut copy = Connection::open(to).map_err(write)?;
    let copying = Backup::new(&source, &mut copy).map_err(write)?;
    copying.run_to_completion(256, Duration::ZERO, None).map_err(write)
}

fn failed(what: &'static str) -> impl Fn(rusqlite::Error) -> StoreError {
    move |source| StoreError::Statement { what, source }
}

/// SQLite's numbers have a sign; times and numbers of ours fit without.
fn number(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

fn natural(row: &Row<'_>, index: usize) -> rusqlite::Result<u64> {
    row.get::<_, i64>(index).map(|value| u64::try_from(value).unwrap_or(0))
}

fn list(words: Option<&Vec<String>>) -> Option<String> {
    words.map(|words| words.join(" "))
}

fn words(text: Option<String>) -> Option<Vec<String>> {
    text.map(|text| text.split(' ').filter(|word| !word.is_empty()).map(str::to_owned).collect())
}

fn user(row: &Row<'_>) -> rusqlite::Result<User> {
    let desktops = words(row.get(3)?);
    Ok(User { name: row.get(0)?, password: row.get(1)?, scopes: row.get(2)?, desktops, created_ms: natural(row, 4)? })
}

fn token(row: &Row<'_>) -> rusqlite::Result<Token> {
    Ok(Token {
        id: row.get(0)?,
        hash: row.get(1)?,
        name: row.get(2)?,
        scopes: row.get(3)?,
        desktops: words(row.get(4)?),
        once: row.get(5)?,
        created_ms: natural(row, 6)?,
        expires_ms: row.get::<_, Option<i64>>(7)?.map(|at| u64::try_from(at).unwrap_or(0)),
    })
}

fn session(row: &Row<'_>) -> rusqlite::Result<Session> {
    let desktops = words(row.get(3)?);
    Ok(Session { hash: row.get(0)?, who: row.get(1)?, scopes: row.get(2)?, desktops, expires_ms: natural(row, 4)? })
}

fn event(row: &Row<'_>) -> rusqlite::Result<Event> {
    let (number, at_ms) = (natural(row, 0)?, natural(row, 1)?);
    Ok(Event { number, at_ms, kind: row.get(2)?, desktop: row.get(3)?, text: row.get(4)? })
}

const TOKEN: &str = "id, hash, name, scopes, desktops, once, created_ms, expires_ms";

impl Sqlite {
    fn all<T>(
        &self,
        what: &'static str,
        sql: &str,
        parameters: impl rusqlite::Params,
        read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Vec<T>, StoreError> {
        let found: Result<Vec<T>, rusqlite::Error> = (|| {
            let mut statement = self.connection.prepare_cached(sql)?;
            let rows = statement.query_map(parameters, read)?;
            rows.collect()
        })();
        found.map_err(failed(what))
    }

    fn run(&self, what: &'static str, sql: &str, parameters: impl rusqlite::Params) -> Result<usize, StoreError> {
        let done = self.connection.prepare_cached(sql).and_then(|mut statement| statement.execute(parameters));
        done.map_err(failed(what))
    }
}

impl Storage for Sqlite {
    fn desktops(&mut self) -> Result<Vec<Desired>, StoreError> {
        let sql = "SELECT document FROM desktops ORDER BY created_ms, id";
        let documents = self.all("list desktops", sql, [], |row| row.get::<_, String>(0))?;
        let read = |text: String| serde_json::from_str(&text);
        documents
            .into_iter()
            .map(read)
            .collect::<Result<_, _>>()
            .map_err(|source| StoreError::Content { what: "a desktop", source })
    }

    fn put_desktop(&mut self, desired: &Desired) -> Result<(), StoreError> {
        let text = |source| StoreError::Content { what: "a desktop", source };
        let document = serde_json::to_string(desired).map_err(text)?;
        let wanted = serde_json::to_value(desired.wanted).map_err(text)?;
        let sql = "INSERT OR REPLACE INTO desktops (id, host, wanted, owner, document, created_ms) \
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
        let (id, host, wanted) = (desired.id.as_str(), desired.host.as_str(), wanted.as_str().unwrap_or_default());
        let parameters = params![id, host, wanted, desired.owner, document, number(desired.created_ms)];
        self.run("keep a desktop", sql, parameters).map(drop)
    }

    fn forget_desktop(&mut self, id: &DesktopId) -> Result<(), StoreError> {
        self.run("forget a desktop", "DELETE FROM desktops WHERE id = ?1", [id.as_str()]).map(drop)
    }

    fn drained(&mut self) -> Result<Vec<HostName>, StoreError> {
        let names: Vec<String> =
            self.all("list drained hosts", "SELECT host FROM drained ORDER BY host", [], |row| row.get(0))?;
        // They were names when they were kept.
        Ok(names.iter().filter_map(|name| name.parse().ok()).collect())
    }

    fn put_drained(&mut self, host: &HostName) -> Result<(), StoreError> {
        let sql = "INSERT INTO drained (host) VALUES (?1) ON CONFLICT DO NOTHING";
        self.run("keep a drained host", sql, [host.as_str()]).map(drop)
    }

    fn remove_drained(&mut self, host: &HostName) -> Result<(), StoreError> {
        self.run("forget a drained host", "DELETE FROM drained WHERE host = ?1", [host.as_str()]).map(drop)
    }

    fn users(&mut self) -> Result<Vec<User>, StoreError> {
        let sql = "SELECT name, password, scopes, desktops, created_ms FROM users ORDER BY name";
        self.all("list users", sql, [], user)
    }

    fn put_user(&mut self, user: &User) -> Result<(), StoreError> {
        let sql = "INSERT OR REPLACE INTO users (name, password, scopes, desktops, created_ms) \
                   VALUES (?1, ?2, ?3, ?4, ?5)";
        let desktops = list(user.desktops.as_ref());
        let parameters = params![user.name, user.password, user.scopes, desktops, number(user.created_ms)];
        self.run("keep a user", sql, parameters).map(drop)
    }

    fn remove_user(&mut self, name: &str) -> Result<bool, StoreError> {
        self.run("end a user's sessions", "DELETE FROM sessions WHERE who = ?1", [name])?;
        Ok(self.run("forget a user", "DELETE FROM users WHERE name = ?1", [name])? > 0)
    }

    fn tokens(&mut self) -> Result<Vec<Token>, StoreError> {
        self.all("list tokens", &format!("SELECT {TOKEN} FROM tokens ORDER BY created_ms, id"), [], token)
    }

    fn put_token(&mut self, token: &Token) -> Result<(), StoreError> {
        let sql = format!("INSERT INTO tokens ({TOKEN}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)");
        let (desktops, expires) = (list(token.desktops.as_ref()), token.expires_ms.map(number));
        let Token { id, hash, name, scopes, once, created_ms, .. } = token;
        let parameters = params![id, hash, name, scopes, desktops, once, number(*created_ms), expires];
        self.run("keep a token", &sql, parameters).map(drop)
    }

    fn remove_token(&mut self, id: &str) -> Result<bool, StoreError> {
        Ok(self.run("forget a token", "DELETE FROM tokens WHERE id = ?1", [id])? > 0)
    }

    fn take_token(&mut self, hash: &[u8; 32], now_ms: u64) -> Result<Option<Token>, StoreError> {
        let sql = format!("DELETE FROM tokens WHERE hash = ?1 AND once RETURNING {TOKEN}");
        let taken = self.connection.query_row(&sql, [hash], token).optional().map_err(failed("take a token"))?;
        Ok(taken.filter(|token| token.expires_ms.is_none_or(|at| at > now_ms)))
    }

    fn sessions(&mut self, now_ms: u64) -> Result<Vec<Session>, StoreError> {
        self.run("end sessions", "DELETE FROM sessions WHERE expires_ms <= ?1", [number(now_ms)])?;
        self.run("end tokens", "DELETE FROM tokens WHERE expires_ms <= ?1", [number(now_ms)])?;
        self.all("list sessions", "SELECT hash, who, scopes, desktops, expires_ms FROM sessions", [], session)
    }

    fn put_session(&mut self, session: &Session) -> Result<(), StoreError> {
        let sql = "INSERT OR REPLACE INTO sessions (hash, who, scopes, desktops, expires_ms) \
                   VALUES (?1, ?2, ?3, ?4, ?5)";
        let desktops = list(session.desktops.as_ref());
        let parameters = params![session.hash, session.who, session.scopes, desktops, number(session.expires_ms)];
        self.run("keep a session", sql, parameters).map(drop)
    }

    fn remove_session(&mut self, hash: &[u8; 32]) -> Result<(), StoreError> {
        self.run("end a session", "DELETE FROM sessions WHERE hash = ?1", [hash]).map(drop)
    }

    fn note(&mut self, at_ms: u64, kind: &str, desktop: Option<&str>, text: &str) -> Result<u64, StoreError> {
        let sql = "INSERT INTO events (at_ms, kind, desktop, text) VALUES (?1, ?2, ?3, ?4)";
        self.run("note an event", sql, params![number(at_ms), kind, desktop, text])?;
        let noted = u64::try_from(self.connection.last_insert_rowid()).unwrap_or(0);
        // Now and then, since it costs as much as the note itself.
        if noted.is_multiple_of(100) {
            let oldest = number(noted.saturating_sub(EVENTS));
            self.run("forget old events", "DELETE FROM events WHERE number <= ?1", [oldest])?;
        }
        Ok(noted)
    }

    fn events(&mut self, after: u64, most: u32) -> Result<Vec<Event>, StoreError> {
        let sql = "SELECT number, at_ms, kind, desktop, text FROM events WHERE number > ?1 ORDER BY number LIMIT ?2";
        self.all("list events", sql, params![number(after), most], event)
    }
}
