//! What every encoder backend does.

use lunette_frame::{AccessUnit, BitRate, Damage, FrameRate, PictureRef, PixelFormat, Pts, Quality, Size};

use crate::SizeLimit;

/// Everything that an encoder needs to know; there are no defaults to be surprised by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EncoderConfig {
    /// Size of the pictures.
    pub size: Size,
    /// Rate that the rate control plans for; pictures may come slower.
    pub fps: FrameRate,
    /// Constant quality that is kept as long as `max_bitrate` allows.
    pub quality: Quality,
    /// Ceiling of the bit rate over about a second.
    pub max_bitrate: BitRate,
    /// Threads that one encoder may use, 1 or more.
    pub threads: u16,
}

/// Whether a picture must be decodable on its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keyframe {
    /// The encoder decides; after the first picture it never needs one.
    Auto,
    /// This picture becomes an IDR.
    Force,
}

/// One picture to encode.
#[derive(Debug, Clone, Copy)]
pub struct Job<'a> {
    /// The whole picture in [`Encoder::input_format`].
    pub picture: PictureRef<'a>,
    /// What differs from the picture before it.
    pub damage: &'a Damage,
    /// Capture time, strictly increasing.
    pub pts: Pts,
    /// Whether it must be an IDR.
    pub keyframe: Keyframe,
}

/// A change to a running encoder; `None` leaves a setting as it is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Change {
    /// New picture size; the next picture becomes an IDR.
    pub size: Option<Size>,
    /// New planned rate.
    pub fps: Option<FrameRate>,
    /// New quality.
    pub quality: Option<Quality>,
    /// New ceiling.
    pub max_bitrate: Option<BitRate>,
}

impl EncoderConfig {
    /// These settings, but for what `change` says.
    pub(crate) fn changed_by(&self, change: &Change) -> Self {
        Self {
            size: change.size.unwrap_or(self.size),
            fps: change.fps.unwrap_or(self.fps),
            quality: change.quality.unwrap_or(self.quality),
            max_bitrate: change.max_bitrate.unwrap_or(self.max_bitrate),
            threads: self.threads,
        }
    }
}

/// How a change took effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Applied {
    /// The next picture is coded with it, and decoders notice nothing.
    Seamless,
    /// The next picture will be an IDR.
    WithIdr,
}

/// Turns pictures into access units. Lives on one thread, the pipeline's.
pub trait Encoder: Send {
    /// Name in the candidate table.
    fn name(&self) -> &'static str;

    /// How the pixels of a job's picture have to lie in memory.
    fn input_format(&self) -> PixelFormat;

    /// Encodes a picture.
    ///
    /// Returns `None` when nothing needs coding: empty damage, not the first picture, no keyframe asked for.
    /// An IDR carries SPS and PPS, zero reordering in its VUI, and the colour description BT.709 limited.
    ///
    /// # Errors
    /// When the picture is not of the configured size and format, or the library refuses it. The encoder stays
    /// usable; after an error its next picture is an IDR.
    fn encode(&mut self, job: &Job<'_>) -> Result<Option<AccessUnit>, EncodeError>;

    /// Applies a change between two pictures.
    ///
    /// # Errors
    /// [`EncodeError::Unsupported`] names what this backend cannot change, [`EncodeError::Size`] a size that it does
    /// not take; nothing was changed then.
    fn reconfigure(&mut self, change: &Change) -> Result<Applied, EncodeError>;

    /// The settings in force.
    fn config(&self) -> &EncoderConfig;

    /// Until when pictures other than IDRs should be left out, because even the coarsest would exceed the ceiling.
    ///
    /// A picture that is encoded all the same is encoded; a server that must answer each one may exceed the ceiling.
    fn rests_until(&self) -> Option<Pts> {
        None
    }

    /// Whether what a viewer sees is coarser than the quality asks for, because the ceiling was in the way.
    ///
    /// Once the picture is quiet, encoding it again with full damage makes up for it.
    fn owes_quality(&self) -> bool {
        false
    }

    /// Whether parts of the last picture were left out, which the next one makes up for, whatever its damage: it should
    /// follow at once.
    fn owes_changes(&self) -> bool {
        false
    }

    /// Says where somebody points or types: where not everything fits into a picture, what is near comes first.
    fn look_at(&mut self, _x: u32, _y: u32) {}
}

/// Why a picture was not encoded or an encoder not opened.
#[derive(Debug, thiserror::Error)]
pub enum EncodeError {
    /// The backend cannot do this at all.
    #[error("{backend} cannot {what}")]
    Unsupported {
        /// The backend.
        backend: &'static str,
        /// What was asked, as the end of a sentence.
        what: String,
    },
    /// The picture is not what the encoder was configured for.
    #[error("{backend} expects {expected}, was given {given}")]
    Picture {
        /// The backend.
        backend: &'static str,
        /// Size and format configured.
        expected: String,
        /// Size and format given.
        given: String,
    },
    /// The backend takes no pictures of this size.
    #[error("{backend} cannot encode pictures of {size}: it takes {max}")]
    Size {
        /// The backend.
        backend: &'static str,
        /// The size asked for.
        size: Size,
        /// The largest that it takes.
        max: SizeLimit,
    },
    /// The library reported a failure.
    #[error("{backend} failed to {action}")]
    Backend {
        /// The backend.
        backend: &'static str,
        /// What was attempted.
        action: &'static str,
        /// What the library said.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The backend is not available on this machine.
    #[error("encoder {backend} is not available: {reason}")]
    Unavailable {
        /// The backend.
        backend: &'static str,
        /// Why, and what would help.
        reason: String,
    },
    /// No backend has this name.
    #[error("there is no encoder `{name}`; known: {known}")]
    Unknown {
        /// The name asked for.
        name: String,
        /// The names of the table.
        known: String,
    },
}
