//! A desktop that is drawn by a test, encoded, and handed out as a feed.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use lunette_encode::{Choice, Encoder, EncoderConfig, Job, Keyframe, open};
use lunette_frame::{AccessUnit, BitRate, Damage, FrameRate, Picture, PixelFormat, Pts, Quality, Rect, Size};
use lunette_snapshot::{Feed, Next, Snapshots};
use tokio::sync::mpsc;
use tokio::time::Instant;

pub(crate) const SIZE: Size = Size::new(320, 192);

type Unit = Result<(u64, AccessUnit), String>;

/// Encodes what is drawn.
pub(crate) struct Desktop {
    encoder: Box<dyn Encoder>,
    pub(crate) picture: Picture,
    pub(crate) frame: u64,
}

impl Desktop {
    /// A grey screen with text on it.
    pub(crate) fn new(size: Size) -> Self {
        let config = EncoderConfig {
            size,
            fps: FrameRate::new(30, 1).expect("valid"),
            quality: Quality::DEFAULT,
            max_bitrate: BitRate::from_bits_per_second(50_000_000),
            threads: 1,
        };
        let encoder = open(&"openh264".parse::<Choice>().expect("known"), &config).expect("linked in");
        let mut desktop = Self { encoder, picture: blank(size), frame: 0 };
        for y in (20..size.height - 20).step_by(7) {
            for x in (8..size.width - 8).filter(|x| (x * 31 + y * 17) % 5 < 2) {
                desktop.fill(Rect::new(x, y, 1, 4), 40);
            }
        }
        desktop
    }

    /// Paints luma.
    pub(crate) fn fill(&mut self, rect: Rect, luma: u8) {
        let stride = self.picture.stride(0);
        let plane = self.picture.plane_mut(0);
        for y in rect.y..rect.bottom() {
            plane[y as usize * stride + rect.x as usize..][..rect.width as usize].fill(luma);
        }
    }

    /// The picture as a unit with the next number.
    pub(crate) fn unit(&mut self, keyframe: Keyframe) -> Unit {
        self.frame += 1;
        let damage = Damage::full(self.picture.size());
        let pts = Pts::from_nanos(self.frame * 33_000_000);
        let job = Job { picture: self.picture.as_ref(), damage: &damage, pts, keyframe };
        Ok((self.frame, self.encoder.encode(&job).expect("encodes").expect("damage gives a unit")))
    }

    pub(crate) fn idr(&mut self) -> Unit {
        self.unit(Keyframe::Force)
    }

    pub(crate) fn delta(&mut self) -> Unit {
        self.unit(Keyframe::Auto)
    }
}

pub(crate) fn blank(size: Size) -> Picture {
    let mut picture = Picture::new(PixelFormat::I420, size).expect("a size");
    for (index, (plane, _)) in picture.planes_mut().into_iter().enumerate() {
        plane.fill(if index == 0 { 180 } else { 128 });
    }
    picture
}

/// Hands out feeds, one after another, and counts them.
#[derive(Clone, Default)]
pub(crate) struct Hub {
    subscribed: Arc<AtomicU64>,
    feeds: Arc<Mutex<Vec<ChannelFeed>>>,
}

/// Where a test puts units; `closed` on it tells that the feed was dropped.
pub(crate) type Tap = mpsc::UnboundedSender<Unit>;

struct ChannelFeed(mpsc::UnboundedReceiver<Unit>);

impl Feed for ChannelFeed {
    fn next(&mut self) -> Next<'_> {
        Box::pin(async { self.0.recv().await.unwrap_or_else(|| Err("the test is over".to_owned())) })
    }
}

impl Hub {
    /// What the next subscription gets.
    pub(crate) fn prepare(&self, units: impl IntoIterator<Item = Unit>) -> Tap {
        let (tap, feed) = mpsc::unbounded_channel();
        units.into_iter().for_each(|unit| tap.send(unit).expect("open"));
        self.feeds.lock().expect("alive").insert(0, ChannelFeed(feed));
        tap
    }

    pub(crate) fn snapshots(&self, idle: Duration) -> Snapshots {
        let hub = self.clone();
        Snapshots::with_idle(idle, move || {
            hub.subscribed.fetch_add(1, Ordering::Relaxed);
            let feed = hub.feeds.lock().expect("alive").pop().ok_or("no such stream")?;
            Ok(Box::new(feed))
        })
    }

    pub(crate) fn subscribed(&self) -> u64 {
        self.subscribed.load(Ordering::Relaxed)
    }
}

/// Long enough for any machine.
pub(crate) fn soon() -> Instant {
    Instant::now() + Duration::from_secs(20)
}
