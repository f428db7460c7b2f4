//! The blobs of a FRAME_RESPONSE.

use bytes::{Buf, BufMut, Bytes, BytesMut};

use super::FrameError;

const SIZE_FIELD: usize = 4;

/// Encoded data in one or more blobs.
///
/// Every server in use sends one blob that holds a whole access unit; that case costs no allocation. More blobs stay
/// in the received bytes and are cut out when asked for, so their number costs nothing either.
#[derive(Debug, Clone)]
pub struct Nals(Repr);

#[derive(Debug, Clone)]
enum Repr {
    One(Bytes),
    /// `count` blobs, each behind its size; checked on the way in.
    Sized {
        raw: Bytes,
        count: u32,
    },
}

impl Nals {
    /// The blobs in order; each shares the received bytes.
    pub fn iter(&self) -> impl Iterator<Item = Bytes> + '_ {
        let (one, mut raw) = match &self.0 {
            Repr::One(blob) => (Some(blob.clone()), Bytes::new()),
            Repr::Sized { raw, .. } => (None, raw.clone()),
        };
        one.into_iter().chain(std::iter::from_fn(move || cut(&mut raw)))
    }

    /// How many blobs there are.
    #[must_use]
    pub fn count(&self) -> u32 {
        match self.0 {
            Repr::One(_) => 1,
            Repr::Sized { count, .. } => count,
        }
    }

    /// All blobs in one: the access unit. Shares the bytes when there is one blob, copies otherwise.
    #[must_use]
    pub fn access_unit(&self) -> Bytes {
        match &self.0 {
            Repr::One(blob) => blob.clone(),
            Repr::Sized { raw, .. } => {
                let mut unit = BytesMut::with_capacity(raw.len());
                self.iter().for_each(|blob| unit.extend_from_slice(&blob));
                unit.freeze()
            }
        }
    }

    /// Bytes on the wire, size fields included.
    pub(super) fn wire_len(&self) -> usize {
        match &self.0 {
            Repr::One(blob) => SIZE_FIELD + blob.len(),
            Repr::Sized { raw, .. } => raw.len(),
        }
    }

    /// Appends the blobs behind their sizes; `wire_len` is known to fit a `u32`.
    pub(super) fn encode(&self, out: &mut BytesMut) {
        match &self.0 {
            Repr::One(blob) => {
                out.put_u32_le(u32::try_from(blob.len()).unwrap_or(u32::MAX));
                out.put_slice(blob);
            }
            Repr::Sized { raw, .. } => out.put_slice(raw),
        }
    }

    /// Checks that `raw` is exactly `count` blobs behind their sizes.
    pub(super) fn decode(count: u32, raw: Bytes) -> Result<Self, FrameError> {
        let mut rest = &raw[..];
        for index in 0..count {
            let left = rest.len();
            let size = rest.try_get_u32_le().map(|size| size as usize);
            rest = size.ok().and_then(|size| rest.get(size..)).ok_or(FrameError::Blob { index, count, left })?;
        }
        match rest.len() {
            0 if count == 1 => Ok(Self(Repr::One(raw.slice(SIZE_FIELD..)))),
            0 => Ok(Self(Repr::Sized { raw, count })),
            left => Err(FrameError::Trailing { count, left }),
        }
    }
}

/// Takes the next blob off checked bytes.
fn cut(raw: &mut Bytes) -> Option<Bytes> {
    let size = raw.try_get_u32_le().ok()? as usize;
    (size <= raw.len()).then(|| raw.split_to(size))
}

impl From<Bytes> for Nals {
    fn from(access_unit: Bytes) -> Self {
        Self(Repr::One(access_unit))
    }
}

impl FromIterator<Bytes> for Nals {
    /// Copies the blobs behind their sizes.
    ///
    /// # Panics
    /// When a blob is above 4 GiB.
    fn from_iter<I: IntoIterator<Item = Bytes>>(blobs: I) -> Self {
        let (mut raw, mut count) = (BytesMut::new(), 0);
        for blob in blobs {
            raw.put_u32_le(u32::try_from(blob.len()).expect("a blob is below 4 GiB"));
            raw.put_slice(&blob);
            count += 1;
        }
        Self(Repr::Sized { raw: raw.freeze(), count })
    }
}

impl PartialEq for Nals {
    fn eq(&self, other: &Self) -> bool {
        self.count() == other.count() && self.iter().eq(other.iter())
    }
}

impl Eq for Nals {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_blob_shares_the_received_bytes() {
        let raw = Bytes::from_static(&[2, 0, 0, 0, 8, 9]);
        let nals = Nals::decode(1, raw.clone()).expect("well-formed");
        assert_eq!(nals.access_unit(), &[8, 9][..]);
        assert_eq!(nals.access_unit().as_ptr(), raw[4..].as_ptr());
    }

    #[test]
    fn several_blobs_come_in_order() {
        let nals =
            Nals::decode(3, Bytes::from_static(&[1, 0, 0, 0, 7, 0, 0, 0, 0, 1, 0, 0, 0, 8])).expect("well-formed");
        assert_eq!(nals.iter().collect::<Vec<_>>(), [&[7][..], &[], &[8]]);
        assert_eq!((nals.access_unit(), nals.count()), (Bytes::from_static(&[7, 8]), 3));
    }

    #[test]
    fn a_blob_beyond_the_payload_is_fatal() {
        let beyond = |count, raw| Nals::decode(count, Bytes::from_static(raw)).unwrap_err();
        assert_eq!(beyond(1, &[3, 0, 0, 0, 8, 9]), FrameError::Blob { index: 0, count: 1, left: 6 });
        assert_eq!(beyond(2, &[1, 0, 0, 0, 8, 9]), FrameError::Blob { index: 1, count: 2, left: 1 });
        assert_eq!(beyond(u32::MAX, &[]), FrameError::Blob { index: 0, count: u32::MAX, left: 0 });
        assert_eq!(beyond(1, &[0, 0, 0, 0, 8]), FrameError::Trailing { count: 1, left: 1 });
    }
}
