//! What goes into the pool, and what comes out.

use std::fmt;

use lunette_frame::{ScanoutId, Size};
use lunette_wire::Token;

use crate::Refusal;

/// One connection of one client; never used again for another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ClientId(u64);

impl ClientId {
    /// The client with this number.
    #[must_use]
    pub const fn new(id: u64) -> Self {
        Self(id)
    }
}

impl fmt::Display for ClientId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// One question to the host or the kernel. Its answer carries it back; answers to older questions are ignored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Ticket(pub(crate) u64);

/// What a client asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wish {
    /// The output's size.
    pub size: Size,
    /// Whether to light the CRTC first.
    pub light_crtc: bool,
    /// What will own the scanout, fresh for every request.
    pub token: Token,
}

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input {
    /// A client asks for a lease. It asks once; more of the same client are ignored.
    Requested(ClientId, Wish),
    /// A lease of an earlier manager that lives on, before anything else happens to its output.
    Restored(ClientId, ScanoutId, Wish),
    /// A client gives this output back.
    Released(ClientId, ScanoutId),
    /// A client's connection ended.
    Gone(ClientId),
    /// The host's answer to [`Action::Plug`].
    Plugged(Ticket, Result<(), String>),
    /// The host's answer to [`Action::Unplug`].
    Unplugged(Ticket, Result<(), String>),
    /// What the guest's kernel says about an output that is [awaited](crate::Pool::awaited). Only a change counts: some
    /// drivers do not look again by themselves, so that it may be old.
    Connector(ScanoutId, bool),
    /// The guest's kernel has heard from the host what is plugged into these outputs: all of a card, or of
    /// every card when it is not known of which.
    Looked(Vec<ScanoutId>),
    /// The kernel's answer to [`Action::Lease`].
    Leased(Ticket, Result<(), String>),
    /// The host cannot be asked, and answers nothing that it was asked; why not.
    HostLost(String),
    /// The host can be asked (again).
    HostBack,
    /// Every lease ends, and there are no new ones.
    Closing,
    /// Time has passed.
    Tick,
}

/// Why an output is plugged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// For a request.
    Request,
    /// Once more: the guest has not seen it, since hot-plug events get lost.
    Nudge,
    /// Once more: the host may have forgotten.
    Again,
}

/// Something to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Tell the host whose the output is and plug it; answered by [`Input::Plugged`].
    Plug {
        /// The question.
        ticket: Ticket,
        /// The output.
        scanout: ScanoutId,
        /// Its size.
        size: Size,
        /// Who owns it.
        token: Token,
        /// Why.
        purpose: Purpose,
    },
    /// Tell the host to unplug the output, which nobody owns any more; answered by [`Input::Unplugged`].
    Unplug {
        /// The question.
        ticket: Ticket,
        /// The output.
        scanout: ScanoutId,
    },
    /// Lease the output; answered by [`Input::Leased`].
    Lease {
        /// The question.
        ticket: Ticket,
        /// The output.
        scanout: ScanoutId,
        /// Its size.
        size: Size,
        /// Whether to light the CRTC first.
        light_crtc: bool,
    },
    /// Hand the lease to the client.
    Grant {
        /// Who gets it.
        client: ClientId,
        /// The output.
        scanout: ScanoutId,
        /// Who owns it, for the host.
        token: Token,
    },
    /// Tell the client that it gets nothing.
    Refuse {
        /// Who.
        client: ClientId,
        /// Why.
        refusal: Refusal,
    },
    /// End the lease of the output.
    Revoke {
        /// The output.
        scanout: ScanoutId,
    },
}
