//! DRM/KMS through raw ioctls: who has which output, leases, framebuffers and page flips.
//!
//! ```text
//!   Card ── outputs ──▶ Output { connector, crtc, primary, cursor }
//!    │                     │ objects
//!    ├── create_lease ◀────┘ ──▶ Lease { lessee, fd } ──▶ Card::from_fd, in another process
//!    ├── create_framebuffer ──▶ Framebuffer (dumb memory, mapped)
//!    └── set_crtc, page_flip, dirty  or  AtomicRequest + commit ──▶ FlipEvents
//! ```
//!
//! Everything is found by enumeration; nothing here probes a connector unless told to. A [`Card`] made of a lease's
//! descriptor works like any other, but sees only what was leased, with CRTCs numbered anew.

#![deny(unsafe_code)]

mod atomic;
mod card;
mod connector;
mod error;
mod events;
mod framebuffer;
mod ids;
mod ioctl;
mod lease;
mod legacy;
mod list;
mod mode;
mod objects;
mod properties;
mod raw;
mod sysfs;

pub use atomic::{AtomicRequest, CommitFlags};
pub use card::Card;
pub use connector::{Connector, ConnectorStatus, Probe};
pub use error::KmsError;
pub use events::{FlipEvent, FlipEvents};
pub use framebuffer::Framebuffer;
pub use ids::{BlobId, ConnectorId, CrtcId, FramebufferId, LesseeId, ObjectId, PlaneId, PropertyId};
pub use lease::Lease;
pub use mode::Mode;
pub use objects::Output;
pub use properties::{Blob, Properties};
pub use sysfs::connector_status;
