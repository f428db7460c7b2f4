//! Names that the kernel gives to things.

use std::fmt;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(u32);

        impl $name {
            /// The id that the kernel knows as `raw`.
            #[must_use]
            pub const fn new(raw: u32) -> Self {
                Self(raw)
            }

            /// The kernel's number.
            #[must_use]
            pub const fn get(self) -> u32 {
                self.0
            }

            /// The kernel's "none" is 0.
            #[allow(dead_code, reason = "not every id has an absent value")]
            pub(crate) const fn present(raw: u32) -> Option<Self> {
                if raw == 0 { None } else { Some(Self(raw)) }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

macro_rules! object {
    ($($name:ident)*) => {$(
        impl From<$name> for ObjectId {
            fn from(id: $name) -> Self {
                Self(id.0)
            }
        }
    )*};
}

id!(
    /// Any mode-setting object; ids of all kinds share one number space.
    ObjectId
);
id!(
    /// Where a screen is plugged in.
    ConnectorId
);
id!(
    /// What scans pictures out.
    CrtcId
);
id!(
    /// A layer of a CRTC.
    PlaneId
);
id!(
    /// Memory that a plane can show.
    FramebufferId
);
id!(
    /// A named attribute of objects.
    PropertyId
);
id!(
    /// A property's value that does not fit 64 bits.
    BlobId
);
id!(
    /// Who holds a lease.
    LesseeId
);

object!(ConnectorId CrtcId PlaneId FramebufferId BlobId);
