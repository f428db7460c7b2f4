//! One desktop: what is asked for ([`Order`]), what it is made of ([`Profile`]), what became of it ([`Report`]).
//!
//! ```text
//!   Wish (API) ──┐
//!   Profile  ────┼─▶ Order ──▶ launcher ──▶ Report ──▶ API
//!   defaults ────┘   desktop.json           state.json
//! ```
//!
//! hydra writes orders and reads reports, a launcher does the opposite; both files are the whole contract between them,
//! together with the lines of [`control`].

#![forbid(unsafe_code)]

mod admission;
pub mod control;
mod helix;
mod id;
mod life;
mod limits;
mod order;
mod places;
mod profile;
mod reason;
mod report;
mod restarts;
mod session;
pub mod size_text;
mod slot;
mod stillness;
mod wish;

pub use admission::{NoMemory, Promise, admit};
pub use helix::{HelixWish, SESSION_VARIABLE, session_id};
pub use id::{DesktopId, DesktopIdError};
pub use life::{Action, Input, Life, Moment};
pub use limits::{Limits, LimitsError};
pub use order::{BackendKind, BindMount, Keyboard, Order, RestartPolicy, RootSource};
pub use places::{BRIDGE_SOCKET, Places};
pub use profile::{Compositor, CompositorKind, Profile, ProfileError, Resize};
pub use reason::{Ending, Reason};
pub use report::{BridgeReport, BridgeState, Phase, Report};
pub use restarts::Restarts;
pub use session::SESSION;
pub use slot::{IdRange, Slot, Subnet};
pub use stillness::{Seen, Stillness, Verdict};
pub use wish::{LimitsWish, Terms, Wish, WishError, check_size};
