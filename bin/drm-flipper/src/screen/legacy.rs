//! Flips by the calls that came before atomic ones.

use lunette_sys_kms::{Card, ConnectorId, CrtcId, FramebufferId, KmsError, Mode, Output};

/// What the calls name.
#[derive(Debug)]
pub(super) struct LegacyOutput {
    connector: ConnectorId,
    crtc: CrtcId,
}

impl LegacyOutput {
    pub(super) fn new(output: &Output) -> Self {
        Self { connector: output.connector, crtc: output.crtc }
    }

    pub(super) fn light(&self, card: &Card, buffer: FramebufferId, mode: &Mode) -> Result<(), KmsError> {
        card.set_crtc(self.crtc, self.connector, buffer, mode)
    }

    pub(super) fn flip(&self, card: &Card, buffer: FramebufferId, user_data: u64) -> Result<(), KmsError> {
        card.page_flip(self.crtc, buffer, user_data)
    }
}
