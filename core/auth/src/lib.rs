//! Who may come in: tokens and scopes, hosts and origins, how often.
//!
//! ```text
//!                      ┌ Host, Origin, Sec-Fetch-Site ──▶ Doors ────▶ 403
//!   a request's Fields ┤                                    │ ok
//!                      └ Authorization, protocols ──▶ bearer ──▶ Grants ──▶ 401
//!                                                                │ Identity
//!                                       Buckets, Attempts ──▶ 429│
//!                                                                ▼
//!                                          Identity::needs(scope) ──▶ 403
//! ```
//! Doors are checked on every request, also where no token is needed: a page of anybody's can make a browser send
//! requests to this machine, under a name that it has pointed here.
//! Pure: no clock, no socket, no randomness. Times and random bytes are handed in.

#![forbid(unsafe_code)]

mod authority;
mod bearer;
mod doors;
mod field;
mod grants;
mod origin;
mod rate;
mod scope;
mod token;

pub use bearer::{BearerError, Offer, PROTOCOL, from_authorization, from_protocols};
pub use doors::{Doors, DoorsError, Effect, Heads, Shut};
pub use field::Field;
pub use grants::{Denied, Grants, GrantsError};
pub use rate::{Attempts, Bucket, Buckets, Neighbourhood, Rate};
pub use scope::{Identity, Scope};
pub use token::{Token, TokenError};
