//! Flips by atomic commits.

use lunette_frame::{Rect, Size};
use lunette_sys_kms::{
    AtomicRequest, Card, CommitFlags, CrtcId, FramebufferId, KmsError, Mode, ObjectId, Output, PlaneId, Properties,
    PropertyId,
};

/// An output and the properties of it that are set.
#[derive(Debug)]
pub(super) struct AtomicOutput {
    output: Output,
    size: Size,
    fb_id: PropertyId,
    /// Drivers without it always take the whole picture.
    damage_clips: Option<PropertyId>,
    request: AtomicRequest,
}

impl AtomicOutput {
    pub(super) fn new(card: &Card, output: &Output, size: Size) -> Result<Self, KmsError> {
        let plane = card.properties(output.primary)?;
        Ok(Self {
            output: output.clone(),
            size,
            fb_id: plane.id("FB_ID")?,
            damage_clips: plane.get("FB_DAMAGE_CLIPS").map(|(id, _)| id),
            request: AtomicRequest::new(),
        })
    }

    pub(super) fn light(&mut self, card: &Card, buffer: FramebufferId, mode: &Mode) -> Result<(), KmsError> {
        let mode = card.create_mode_blob(mode)?;
        let Output { connector, crtc, primary, .. } = self.output;
        let mut request = AtomicRequest::new();
        let mut set = |object: ObjectId, properties: &Properties, values: &[(&'static str, u64)]| {
            for (name, value) in values {
                request.add(object, properties.id(name)?, *value);
            }
            Ok::<_, KmsError>(())
        };
        set(connector.into(), &card.properties(connector)?, &[("CRTC_ID", crtc.get().into())])?;
        set(crtc.into(), &card.properties(crtc)?, &[("MODE_ID", mode.id().get().into()), ("ACTIVE", 1)])?;
        set(primary.into(), &card.properties(primary)?, &self.placed(crtc, buffer))?;
        card.commit(&request, CommitFlags::MODESET, 0)
    }

    /// The plane shows all of the buffer, and fills the CRTC with it.
    fn placed(&self, crtc: CrtcId, buffer: FramebufferId) -> [(&'static str, u64); 10] {
        let (width, height) = (u64::from(self.size.width), u64::from(self.size.height));
        [
            ("CRTC_ID", crtc.get().into()),
            ("FB_ID", buffer.get().into()),
            // Places in a buffer have 16 bits of fraction.
            ("SRC_X", 0),
            ("SRC_Y", 0),
            ("SRC_W", width << 16),
            ("SRC_H", height << 16),
            ("CRTC_X", 0),
            ("CRTC_Y", 0),
            ("CRTC_W", width),
            ("CRTC_H", height),
        ]
    }

    pub(super) fn flip(
        &mut self,
        card: &Card,
        buffer: FramebufferId,
        damage: &[Rect],
        user_data: u64,
    ) -> Result<(), KmsError> {
        let plane: PlaneId = self.output.primary;
        self.request.clear();
        self.request.add(plane, self.fb_id, buffer.get().into());
        // No clips mean the whole picture.
        let partial = damage != [self.size.bounds()];
        let clips = self.damage_clips.filter(|_| partial).map(|id| Ok((id, card.create_damage_blob(damage)?)));
        let clips = clips.transpose()?;
        if let Some((property, blob)) = &clips {
            self.request.add(plane, *property, blob.id().get().into());
        }
        card.commit(&self.request, CommitFlags::NONBLOCKING | CommitFlags::EVENT, user_data)
    }
}
