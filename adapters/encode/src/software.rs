//! What every encoder on the CPU shares: when to encode, at which QP, and what happens after a failure.

use bytes::BytesMut;
use lunette_frame::{AccessUnit, PixelFormat, PlaneRef, Pts, Quality, Size, UnitKind};

use crate::output::Output;
use crate::pad::{PaddedCopy, coded_size};
use crate::rate::RateLimit;
use crate::{Applied, Change, EncodeError, Encoder, EncoderConfig, Job, Keyframe, SizeLimit};

pub(crate) type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// One library as [`Software`] drives it.
pub(crate) trait Library: Send {
    /// An open encoder; dropped after a failure.
    type Instance: Send;

    /// Name in the candidate table.
    fn name(&self) -> &'static str;

    /// The largest picture that it takes.
    fn max(&self) -> SizeLimit;

    /// The quantiser for a quality.
    fn qp(&self, quality: Quality) -> u8;

    /// Opens an encoder for pictures of `size`, whose sides are even and 16 at least. Its first picture is an IDR.
    fn open(&self, config: &EncoderConfig, size: Size, qp: u8) -> Result<Self::Instance, BoxError>;

    /// Appends the NAL units of a picture to `out` and says what was coded.
    fn encode(instance: &mut Self::Instance, order: &Order<'_>, out: &mut BytesMut) -> Result<UnitKind, BoxError>;

    /// Whether a failure to encode says that the picture was too large at its QP.
    fn outgrew(_error: &(dyn std::error::Error + 'static)) -> bool {
        false
    }
}

/// One picture as a library gets it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Order<'a> {
    pub(crate) planes: [PlaneRef<'a>; 3],
    pub(crate) kind: UnitKind,
    pub(crate) qp: u8,
}

impl<'a> Order<'a> {
    pub(crate) fn samples(&self) -> [&'a [u8]; 3] {
        self.planes.map(|plane| plane.data)
    }

    pub(crate) fn strides(&self) -> [usize; 3] {
        self.planes.map(|plane| plane.stride)
    }
}

/// An encoder on the CPU.
///
/// ```text
///   Some(instance), next_is_idr ──encode──▶ Some(instance) ──error──▶ None, next_is_idr ──encode: reopen──▶ …
/// ```
pub(crate) struct Software<L: Library> {
    library: L,
    config: EncoderConfig,
    instance: Option<L::Instance>,
    next_is_idr: bool,
    rate: RateLimit,
    padded: PaddedCopy,
    output: Output,
}

impl<L: Library> Software<L> {
    /// # Errors
    /// When the library refuses the configuration.
    pub(crate) fn new(library: L, config: &EncoderConfig) -> Result<Self, EncodeError> {
        let instance = open(&library, config)?;
        let rate = RateLimit::new(library.qp(config.quality), config.max_bitrate);
        Ok(Self {
            library,
            config: *config,
            instance: Some(instance),
            next_is_idr: true,
            rate,
            padded: PaddedCopy::default(),
            output: Output::default(),
        })
    }

    fn check(&self, job: &Job<'_>) -> Result<(), EncodeError> {
        let (size, format) = (self.config.size, PixelFormat::I420);
        let picture = &job.picture;
        if picture.size() == size && picture.format() == format && job.damage.bounds() == size {
            return Ok(());
        }
        Err(EncodeError::Picture {
            backend: self.library.name(),
            expected: format!("{format} {size}"),
            given: format!("{} {} with damage in {}", picture.format(), picture.size(), job.damage.bounds()),
        })
    }

    /// Encodes a picture, coarser than planned if the library has no room for it otherwise.
    fn encode_picture(&mut self, job: &Job<'_>, mut kind: UnitKind) -> Result<AccessUnit, EncodeError> {
        let mut planned = self.rate.plan(job.pts, kind, job.damage);
        loop {
            let error = match self.encode_at(job, kind, planned.qp) {
                Ok(unit) => {
                    self.rate.coded(planned, unit.data.len());
                    return Ok(unit);
                }
                Err(error) => error,
            };
            let outgrew = matches!(&error, EncodeError::Backend { source, .. } if L::outgrew(&**source));
            planned = match self.rate.coarser(planned).filter(|_| outgrew) {
                Some(coarser) => coarser,
                None => return Err(error),
            };
            kind = UnitKind::Idr;
            tracing::info!(encoder = self.library.name(), qp = planned.qp, "a picture was too large, trying coarser");
        }
    }

    fn encode_at(&mut self, job: &Job<'_>, kind: UnitKind, qp: u8) -> Result<AccessUnit, EncodeError> {
        let name = self.library.name();
        let failed = |action, source: BoxError| EncodeError::Backend { backend: name, action, source };
        // Taken out, so that a failure on any path below leaves none behind.
        let mut instance = match self.instance.take() {
            Some(instance) => instance,
            None => open(&self.library, &self.config)?,
        };
        let planes = self.padded.planes(&job.picture).map_err(|error| failed("pad the picture", error.into()))?;
        let order = Order { planes, kind, qp };
        let coded = L::encode(&mut instance, &order, self.output.buffer())
            .map_err(|error| failed("encode a picture", error))?;
        // Whoever ordered an IDR gets one or an error; an IDR out of turn is checked like any other.
        let kind = if kind == UnitKind::Idr { kind } else { coded };
        let unit = self.output.unit(kind, job.pts, coded_size(self.config.size));
        let unit = unit.map_err(|error| failed("produce a valid stream", error.into()))?;
        self.instance = Some(instance);
        Ok(unit)
    }
}

fn open<L: Library>(library: &L, config: &EncoderConfig) -> Result<L::Instance, EncodeError> {
    let (backend, size, max) = (library.name(), config.size, library.max());
    if !max.allows(size) {
        return Err(EncodeError::Size { backend, size, max });
    }
    let opened = library.open(config, coded_size(size), library.qp(config.quality));
    opened.map_err(|source| EncodeError::Backend { backend, action: "open an encoder", source })
}

impl<L: Library> Encoder for Software<L> {
    fn name(&self) -> &'static str {
        self.library.name()
    }

    fn input_format(&self) -> PixelFormat {
        PixelFormat::I420
    }

    fn encode(&mut self, job: &Job<'_>) -> Result<Option<AccessUnit>, EncodeError> {
        let idr = self.next_is_idr || job.keyframe == Keyframe::Force;
        // Whatever fails from here on, a refused picture included: its damage was not shown, so the next one is whole.
        self.next_is_idr = true;
        self.check(job)?;
        if !idr && job.damage.is_empty() {
            self.next_is_idr = false;
            return Ok(None);
        }
        let unit = self.encode_picture(job, if idr { UnitKind::Idr } else { UnitKind::Delta })?;
        self.next_is_idr = false;
        Ok(Some(unit))
    }

    fn reconfigure(&mut self, change: &Change) -> Result<Applied, EncodeError> {
        let config = self.config.changed_by(change);
        let resized = config.size != self.config.size;
        if resized {
            self.instance = Some(open(&self.library, &config)?);
            self.next_is_idr = true;
        }
        // A ceiling may change often, and says nothing about what was too fine.
        if config.quality != self.config.quality {
            self.rate.set_base(self.library.qp(config.quality));
        }
        self.rate.set_ceiling(config.max_bitrate);
        self.config = config;
        Ok(if resized { Applied::WithIdr } else { Applied::Seamless })
    }

    fn config(&self) -> &EncoderConfig {
        &self.config
    }

    fn rests_until(&self) -> Option<Pts> {
        self.rate.rests_until()
    }

    fn owes_quality(&self) -> bool {
        self.rate.is_coarse()
    }
}

#[cfg(test)]
mod tests;
