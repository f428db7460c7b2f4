//! What is kept is found again, as it was.

use std::path::Path;

use lunette_store::{Session, Sqlite, Storage, Store, StoreError, Token, User, backup};

fn open(folder: &Path) -> Sqlite {
    Sqlite::open(&folder.join("store.sqlite")).expect("a store")
}

fn token(id: &str, once: bool, expires_ms: Option<u64>) -> Token {
    let mut hash = [0; 32];
    hash[..id.len()].copy_from_slice(id.as_bytes());
    let (name, scopes) = (String::new(), "view".to_owned());
    Token { id: id.to_owned(), hash, name, scopes, desktops: Some(vec!["a".into()]), once, created_ms: 1, expires_ms }
}

#[test]
fn users_tokens_and_sessions_are_found_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let user = User {
        name: "ann".into(),
        password: Some("$argon2id$".into()),
        scopes: "admin".into(),
        desktops: None,
        created_ms: 7,
    };
    let session = Session { hash: [7; 32], who: "ann".into(), scopes: "admin".into(), desktops: None, expires_ms: 100 };
    {
        let mut store = open(folder.path());
        store.put_user(&user).expect("kept");
        store.put_token(&token("t", false, None)).expect("kept");
        store.put_session(&session).expect("kept");
    }
    let mut store = open(folder.path());
    assert_eq!(store.users().expect("users"), [user]);
    assert_eq!(store.tokens().expect("tokens"), [token("t", false, None)]);
    assert_eq!(store.sessions(99).expect("sessions"), [session]);
    assert!(store.remove_user("ann").expect("removed") && !store.remove_user("ann").expect("removed"));
    assert_eq!(store.sessions(99).expect("sessions"), [], "a user's sessions end with the user");
    assert!(store.remove_token("t").expect("removed") && !store.remove_token("t").expect("removed"));
}

#[test]
fn a_host_is_drained_until_it_is_not_and_an_older_store_has_none() {
    let folder = tempfile::tempdir().expect("a folder");
    drop(open(folder.path()));
    let raw = rusqlite::Connection::open(folder.path().join("store.sqlite")).expect("opened");
    raw.execute_batch("DROP TABLE drained; PRAGMA user_version = 1").expect("as it was before");
    drop(raw);
    let far: lunette_fleet::HostName = "far".parse().expect("a name");
    let mut store = open(folder.path());
    assert_eq!(store.drained().expect("hosts"), []);
    store.put_drained(&far).expect("kept");
    store.put_drained(&far).expect("kept");
    drop(store);
    let mut store = open(folder.path());
    assert_eq!(store.drained().expect("hosts"), std::slice::from_ref(&far));
    store.remove_drained(&far).expect("forgotten");
    assert_eq!(store.drained().expect("hosts"), []);
}

#[test]
fn a_token_that_counts_once_is_taken_once_and_in_time() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut store = open(folder.path());
    for one in [token("once", true, Some(10)), token("late", true, Some(10)), token("ever", false, None)] {
        store.put_token(&one).expect("kept");
    }
    let mut take = |one: &Token, now| store.take_token(&one.hash, now).expect("asked").is_some();
    assert!(take(&token("once", true, None), 9) && !take(&token("once", true, None), 9));
    assert!(!take(&token("late", true, None), 10), "too late");
    assert!(!take(&token("ever", false, None), 9), "none that counts once");
}

#[test]
fn events_have_numbers_that_grow_and_only_the_last_are_kept() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut store = open(folder.path());
    let first = store.note(5, "desktop.running", Some("a"), "it runs").expect("noted");
    let second = store.note(6, "login", None, "ann").expect("noted");
    assert!(second > first);
    let found = store.events(first, 10).expect("events");
    assert_eq!((found.len(), found[0].number, found[0].kind.as_str()), (1, second, "login"));
}

#[test]
fn a_copy_of_a_store_in_use_has_what_was_answered() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut store = open(folder.path());
    store.put_token(&token("t", false, None)).expect("kept");
    let copy = folder.path().join("copy.sqlite");
    backup(&folder.path().join("store.sqlite"), &copy).expect("copied");
    assert_eq!(Sqlite::open(&copy).expect("a copy").tokens().expect("tokens").len(), 1);
    assert!(backup(&folder.path().join("none"), &copy).is_err());
}

#[test]
fn what_is_no_store_or_a_newer_one_is_left_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("text");
    std::fs::write(&path, "a text that is long enough to be looked at as the head of a file").expect("written");
    assert!(matches!(Sqlite::open(&path), Err(StoreError::Open { .. })));
    drop(open(folder.path()));
    let newer = folder.path().join("store.sqlite");
    let raw = rusqlite::Connection::open(&newer).expect("opened");
    raw.pragma_update(None, "user_version", 999).expect("set");
    drop(raw);
    assert!(matches!(Sqlite::open(&newer), Err(StoreError::Newer { found: 999, .. })));
}

#[tokio::test]
async fn tasks_ask_in_turn_and_a_failure_is_the_askers_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = Store::start(open(folder.path())).expect("a thread");
    let twice = || async { store.ask(|store| store.put_token(&token("t", false, None))).await };
    assert!(twice().await.is_ok() && twice().await.is_err(), "the same token again");
    assert_eq!(store.ask(|store| store.tokens()).await.expect("tokens").len(), 1);
}
