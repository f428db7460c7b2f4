//! ENABLE_SCANOUT, DISABLE_SCANOUT and their reply: hot-plug of outputs.

use bytes::{Buf, BufMut, BytesMut};
use lunette_frame::{ScanoutId, Size};

use super::{Header, MessageKind, Refusal, SessionId};
use crate::text;

/// Plug a monitor of this size into an output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EnableScanout {
    /// The output.
    pub scanout: ScanoutId,
    /// The preferred size.
    pub size: Size,
    /// Refreshes per second; every client asks for 60.
    pub refresh_hz: u32,
}

impl EnableScanout {
    /// Appends the whole message.
    pub fn encode(&self, session: SessionId, out: &mut BytesMut) {
        out.put_slice(&Header::of(MessageKind::EnableScanout, session, 16).encode());
        out.put_u32_le(self.scanout.into());
        out.put_u32_le(self.size.width);
        out.put_u32_le(self.size.height);
        out.put_u32_le(self.refresh_hz);
    }

    /// Reads a payload of 16 bytes.
    pub(super) fn decode(mut fields: &[u8]) -> Result<Self, Refusal> {
        Ok(Self {
            scanout: scanout(MessageKind::EnableScanout, &mut fields)?,
            size: Size::new(fields.get_u32_le(), fields.get_u32_le()),
            refresh_hz: fields.get_u32_le(),
        })
    }
}

/// Pull the monitor out of an output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DisableScanout {
    /// The output.
    pub scanout: ScanoutId,
}

impl DisableScanout {
    /// Appends the whole message.
    pub fn encode(&self, session: SessionId, out: &mut BytesMut) {
        out.put_slice(&Header::of(MessageKind::DisableScanout, session, 4).encode());
        out.put_u32_le(self.scanout.into());
    }

    /// Reads a payload of 4 bytes.
    pub(super) fn decode(mut fields: &[u8]) -> Result<Self, Refusal> {
        Ok(Self { scanout: scanout(MessageKind::DisableScanout, &mut fields)? })
    }
}

/// Whether an output was plugged or unplugged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScanoutResponse {
    /// The output.
    pub scanout: ScanoutId,
    /// Whether the host did as asked; the guest may see it a little later.
    pub success: bool,
    /// The connector's name in the guest, such as `Virtual-4`. Cut to 63 bytes when sent.
    pub connector: String,
}

impl ScanoutResponse {
    const NAME: usize = 64;

    /// Appends the whole message.
    pub fn encode(&self, session: SessionId, out: &mut BytesMut) {
        out.put_slice(&Header::of(MessageKind::ScanoutResponse, session, 72).encode());
        out.put_u32_le(self.scanout.into());
        out.put_u32_le(self.success.into());
        text::put(out, &self.connector, Self::NAME, Self::NAME - 1);
    }

    /// Reads a payload of 72 bytes.
    pub(super) fn decode(mut fields: &[u8]) -> Result<Self, Refusal> {
        Ok(Self {
            scanout: scanout(MessageKind::ScanoutResponse, &mut fields)?,
            success: fields.get_u32_le() != 0,
            connector: text::get(fields),
        })
    }
}

/// Takes a scanout id off the front of `kind`'s fields.
pub(super) fn scanout(kind: MessageKind, fields: &mut &[u8]) -> Result<ScanoutId, Refusal> {
    ScanoutId::try_from(fields.get_u32_le()).map_err(|source| Refusal::Scanout { kind, source })
}
