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

pub mod control;
mod id;
mod limits;
mod order;
mod places;
mod profile;
mod reason;
mod report;
mod size_text;
mod slot;

pub use id::{DesktopId, DesktopIdError};
pub use limits::{Limits, LimitsError};
pub use order::{BackendKind, BindMount, Keyboard, Order, RestartPolicy, RootSource};
pub use places::Places;
pub use profile::{Compositor, CompositorKind, Profile, ProfileError, Resize};
pub use reason::{Ending, Reason};
pub use report::{Phase, Report};
pub use slot::{IdRange, Slot, Subnet};
