//! Whom we know: tokens, sessions, users. All of it is in the store, and a copy of it here for every request.

use std::collections::{BTreeSet, HashMap};
use std::sync::{PoisonError, RwLock};
use std::time::Duration;

use lunette_store::{Session, Store, StoreError, Token, User};

use super::{Caller, Scopes, Through, passwords};
use crate::clock::{milliseconds, now_ms};
use crate::random;

/// How long a browser stays let in.
const SESSION: Duration = Duration::from_secs(7 * 24 * 3600);
/// How long a link to come in by is good.
const LINK: Duration = Duration::from_secs(600);

/// Whom we know.
pub(crate) struct Keys {
    store: Store,
    // Read by every request on its way in, written when somebody logs in or is sent away.
    known: RwLock<Known>,
}

#[derive(Default)]
struct Known {
    tokens: HashMap<[u8; 32], Token>,
    sessions: HashMap<[u8; 32], Session>,
    users: HashMap<String, User>,
}

/// A token to be made.
pub(crate) struct NewToken {
    pub(crate) name: String,
    pub(crate) scopes: Scopes,
    pub(crate) desktops: Option<Vec<String>>,
    pub(crate) lives: Option<Duration>,
    pub(crate) once: bool,
}

fn set(desktops: Option<&Vec<String>>) -> Option<BTreeSet<String>> {
    desktops.map(|desktops| desktops.iter().cloned().collect())
}

/// Words in the store are ours; should one not be, it opens nothing.
fn caller((name, key): (&str, &str), scopes: &str, desktops: Option<&Vec<String>>, through: Through) -> Option<Caller> {
    let scopes = Scopes::parse(scopes).ok()?;
    Some(Caller { name: name.to_owned(), key: key.to_owned(), scopes, desktops: set(desktops), through })
}

impl Keys {
    /// Everybody in the store.
    pub(crate) async fn load(store: Store) -> Result<Self, StoreError> {
        let now = now_ms();
        let (tokens, sessions, users) =
            store.ask(move |store| Ok((store.tokens()?, store.sessions(now)?, store.users()?))).await?;
        let known = Known {
            tokens: tokens.into_iter().map(|token| (token.hash, token)).collect(),
            sessions: sessions.into_iter().map(|session| (session.hash, session)).collect(),
            users: users.into_iter().map(|user| (user.name.clone(), user)).collect(),
        };
        Ok(Self { store, known: RwLock::new(known) })
    }

    fn read<T>(&self, look: impl FnOnce(&Known) -> T) -> T {
        look(&self.known.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn write<T>(&self, change: impl FnOnce(&mut Known) -> T) -> T {
        change(&mut self.known.write().unwrap_or_else(PoisonError::into_inner))
    }

    /// Whoever shows this token.
    pub(crate) fn by_token(&self, shown: &str) -> Option<Caller> {
        let now = now_ms();
        self.read(|known| {
            let token = known.tokens.get(&random::hash(shown))?;
            let good = !token.once && token.expires_ms.is_none_or(|at| at > now);
            caller((&token.name, &token.id), &token.scopes, token.desktops.as_ref(), Through::Bearer).filter(|_| good)
        })
    }

    /// Whose cookie this is.
    pub(crate) fn by_cookie(&self, shown: &str) -> Option<Caller> {
        let (now, hash) = (now_ms(), random::hash(shown));
        self.read(|known| {
            let session = known.sessions.get(&hash).filter(|session| session.expires_ms > now)?;
            caller((&session.who, &session.who), &session.scopes, session.desktops.as_ref(), Through::Cookie(hash))
        })
    }

    /// Who comes in by a link that counts once.
    pub(crate) async fn by_link(&self, shown: &str) -> Result<Option<Caller>, StoreError> {
        let (hash, now) = (random::hash(shown), now_ms());
        let taken = self.store.ask(move |store| store.take_token(&hash, now)).await?;
        self.write(|known| known.tokens.remove(&hash));
        Ok(taken.and_then(|token| {
            caller((&token.name, &token.id), &token.scopes, token.desktops.as_ref(), Through::Bearer)
        }))
    }

    /// Who has this name and password.
    pub(crate) async fn by_password(&self, name: &str, password: String) -> Option<Caller> {
        let user = self.read(|known| known.users.get(name).cloned());
        let right = passwords::is_right(password, user.as_ref().and_then(|user| user.password.clone())).await;
        let user = user.filter(|_| right)?;
        caller((&user.name, &user.name), &user.scopes, user.desktops.as_ref(), Through::Bearer)
    }

    /// Lets a browser in as this caller; returns its cookie, and for how many seconds it is good.
    pub(crate) async fn open_session(&self, caller: &Caller) -> anyhow::Result<(String, u64)> {
        let cookie = random::token()?;
        let session = Session {
            hash: random::hash(&cookie),
            who: caller.name.clone(),
            scopes: caller.scopes.to_string(),
            desktops: caller.desktops.as_ref().map(|desktops| desktops.iter().cloned().collect()),
            expires_ms: now_ms() + milliseconds(SESSION),
        };
        let kept = session.clone();
        self.store.ask(move |store| store.put_session(&kept)).await?;
        let now = now_ms();
        self.write(|known| {
            known.sessions.retain(|_, session| session.expires_ms > now);
            known.sessions.insert(session.hash, session);
        });
        Ok((cookie, SESSION.as_secs()))
    }

    /// Ends a session.
    pub(crate) async fn close_session(&self, hash: [u8; 32]) -> Result<(), StoreError> {
        self.write(|known| known.sessions.remove(&hash));
        self.store.ask(move |store| store.remove_session(&hash)).await
    }

    /// Makes a token; returns it as it is kept, and its text, which nobody sees again.
    pub(crate) async fn add_token(&self, new: NewToken) -> anyhow::Result<(Token, String)> {
        let text = random::token()?;
        let token = self.keep_token(new, &text).await?;
        Ok((token, text))
    }

    /// Makes a token of this text.
    pub(crate) async fn keep_token(&self, new: NewToken, text: &str) -> anyhow::Result<Token> {
        let now = now_ms();
        let token = Token {
            id: random::name()?,
            hash: random::hash(text),
            name: new.name,
            scopes: new.scopes.to_string(),
            desktops: new.desktops,
            once: new.once,
            created_ms: now,
            expires_ms: new.lives.map(|lives| now + milliseconds(lives)),
        };
        let kept = token.clone();
        self.store.ask(move |store| store.put_token(&kept)).await?;
        self.write(|known| {
            // Links come and go; the store lets go of its own at the next start.
            known.tokens.retain(|_, token| token.expires_ms.is_none_or(|at| at > now));
            known.tokens.insert(token.hash, token.clone());
        });
        Ok(token)
    }

    /// A link to come in by, once, as this caller.
    pub(crate) async fn add_link(&self, caller: &Caller) -> anyhow::Result<(String, u64)> {
        let desktops = caller.desktops.as_ref().map(|desktops| desktops.iter().cloned().collect());
        let (name, scopes) = (caller.name.clone(), caller.scopes);
        let (_, text) = self.add_token(NewToken { name, scopes, desktops, lives: Some(LINK), once: true }).await?;
        Ok((text, LINK.as_secs()))
    }

    /// Whether this text is a token that is known.
    pub(crate) fn knows(&self, text: &str) -> bool {
        self.read(|known| known.tokens.contains_key(&random::hash(text)))
    }

    pub(crate) fn tokens(&self) -> Vec<Token> {
        let mut tokens: Vec<_> =
            self.read(|known| known.tokens.values().filter(|token| !token.once).cloned().collect());
        tokens.sort_by(|one, other| (one.created_ms, &one.id).cmp(&(other.created_ms, &other.id)));
        tokens
    }

    pub(crate) async fn remove_token(&self, id: &str) -> Result<bool, StoreError> {
        let named = id.to_owned();
        let was = self.store.ask(move |store| store.remove_token(&named)).await?;
        self.write(|known| known.tokens.retain(|_, token| token.id != id));
        Ok(was)
    }

    pub(crate) fn users(&self) -> Vec<User> {
        let mut users: Vec<_> = self.read(|known| known.users.values().cloned().collect());
        users.sort_by(|one, other| one.name.cmp(&other.name));
        users
    }

    /// Keeps a user, in the place of one of that name, whose sessions end.
    pub(crate) async fn put_user(&self, mut user: User, password: Option<String>) -> anyhow::Result<User> {
        if let Some(password) = password {
            user.password = Some(passwords::hash(password).await?);
        }
        let kept = user.clone();
        self.store
            .ask(move |store| {
                store.remove_user(&kept.name)?;
                store.put_user(&kept)
            })
            .await?;
        self.write(|known| {
            known.sessions.retain(|_, session| session.who != user.name);
            known.users.insert(user.name.clone(), user.clone());
        });
        Ok(user)
    }

    pub(crate) async fn remove_user(&self, name: &str) -> Result<bool, StoreError> {
        let named = name.to_owned();
        let was = self.store.ask(move |store| store.remove_user(&named)).await?;
        self.write(|known| {
            known.users.remove(name);
            known.sessions.retain(|_, session| session.who != name);
        });
        Ok(was)
    }
}
