//! How fast pictures go through `vsockenc`, and how many bytes each takes: `vsockenc-bench HOST:PORT [SECONDS [WxH]]`.
//!
//! Each kind of picture goes as tiles, as it does to frame-export, and whole, as it does to a host that knows no tiles: a
//! relay in front of the host takes out the bit that offers them. `cargo xtask vsockenc bench` runs it behind user-mode
//! networking.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use gst::prelude::*;
use lunette_capture::pattern::{Kind, PatternConfig, PatternScreens};
use lunette_capture::{Doorbell, Polled, ScanoutControl, Source, now};
use lunette_frame::{ScanoutId, Size};

/// Where FRAME_REQUEST says that tiles could be sent, counted from the start of the message.
const OFFER: usize = 49;

fn main() {
    let mut arguments = std::env::args().skip(1);
    let host: SocketAddr = arguments.next().and_then(|text| text.parse().ok()).expect("HOST:PORT");
    let seconds = arguments.next().map_or(5, |text| text.parse().expect("seconds"));
    let size = arguments.next().map_or(Size::new(1920, 1080), |text| {
        let (width, height) = text.split_once('x').expect("WxH");
        Size::new(width.parse().expect("a width"), height.parse().expect("a height"))
    });
    gst::init().expect("GStreamer starts");
    gstvsockenc::register_static().expect("registered");
    println!("{size}, {seconds} s each, NV12 on the way, H.264 back");
    println!(
        "{:<8} {:<6} {:>9} {:>12} {:>12} {:>9} {:>15}",
        "kind", "travel", "frames/s", "sent/frame", "back/frame", "CPU/frame", "held p50/p95"
    );
    let whole = without_tiles(host);
    for kind in [Kind::Still, Kind::Typing, Kind::Scroll, Kind::Video] {
        for (travel, address) in [("tiles", host), ("whole", whole)] {
            let row = run(kind, size, address, Duration::from_secs(seconds));
            println!(
                "{:<8} {travel:<6} {:>9.1} {:>12.0} {:>12.0} {:>6.2} ms {:>6.2}/{:.2} ms",
                kind.as_str(),
                row.rate,
                row.sent,
                row.back,
                row.cpu,
                row.held[0],
                row.held[1]
            );
        }
    }
}

struct Row {
    rate: f64,
    sent: f64,
    back: f64,
    cpu: f64,
    /// How long the element kept buffers, in ms: the median, and what 95 of 100 were below.
    held: [f64; 2],
}

/// Pushes pictures as fast as they are taken.
fn run(kind: Kind, size: Size, host: SocketAddr, time: Duration) -> Row {
    let line = format!(
        "appsrc name=in format=time block=true max-buffers=1 \
         caps=video/x-raw,format=BGRx,width={},height={},framerate=60/1 \
         ! vsockenc name=encoder bitrate=20000000 tcp-host={} tcp-port={} max-in-flight=2 reconnect=false \
         ! fakesink sync=false",
        size.width,
        size.height,
        host.ip(),
        host.port()
    );
    let pipeline = gst::parse::launch(&line).expect("the elements are here").downcast::<gst::Pipeline>();
    let pipeline = pipeline.expect("several elements");
    let input = pipeline.by_name("in").and_downcast::<gst_app::AppSrc>().expect("named");
    let encoder = pipeline.by_name("encoder").expect("named");
    let stat = |name: &str| encoder.property::<gst::Structure>("stats").get::<u64>(name).expect("a number");
    let mut pictures = Pictures::new(kind, size);
    let held = Arc::clone(&pictures.held);
    let pad = encoder.static_pad("sink").expect("an encoder has one");
    pad.add_probe(gst::PadProbeType::BUFFER, move |_, _| {
        held.enter();
        gst::PadProbeReturn::Ok
    });
    pipeline.set_state(gst::State::Playing).expect("it starts");
    input.push_buffer(pictures.next()).expect("taken");
    while stat("delivered") == 0 {
        std::thread::sleep(Duration::from_millis(1));
    }
    let before = (stat("delivered"), stat("bytes-sent"), stat("bytes-received"));
    let (started, busy) = (Instant::now(), cpu());
    while started.elapsed() < time {
        input.push_buffer(pictures.next()).expect("taken");
    }
    let (took, busy) = (started.elapsed(), cpu() - busy);
    let frames = stat("delivered") - before.0;
    let each = |sum: u64| if frames == 0 { 0.0 } else { sum as f64 / frames as f64 };
    let row = Row {
        rate: frames as f64 / took.as_secs_f64(),
        sent: each(stat("bytes-sent") - before.1),
        back: each(stat("bytes-received") - before.2),
        cpu: busy.as_secs_f64() * 1000.0 / f64::from(pictures.count),
        held: pictures.held.quantiles(),
    };
    pipeline.set_state(gst::State::Null).expect("it stops");
    row
}

/// When buffers came to the element, and how long it kept each.
#[derive(Default)]
struct Held(Mutex<(Option<Instant>, Vec<Duration>)>);

impl Held {
    fn enter(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).0 = Some(Instant::now());
    }

    fn leave(&self) {
        let mut inner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(entered) = inner.0.take() {
            inner.1.push(entered.elapsed());
        }
    }

    fn quantiles(&self) -> [f64; 2] {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner).1.clone();
        all.sort_unstable();
        [50, 95].map(|percent| all.get(all.len() * percent / 100).map_or(0.0, |held| held.as_secs_f64() * 1000.0))
    }
}

/// A picture that says when the element has let go of it.
struct Watched(Arc<[u8]>, Arc<Held>);

impl AsRef<[u8]> for Watched {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        self.1.leave();
    }
}

/// The pictures of a synthetic screen; one that rests repeats itself.
struct Pictures {
    source: Box<dyn Source>,
    newest: Arc<[u8]>,
    count: u32,
    held: Arc<Held>,
}

impl Pictures {
    fn new(kind: Kind, size: Size) -> Self {
        let screens = PatternScreens::new(PatternConfig { kind, scanouts: 1, size, fps: 0 }).expect("possible");
        let source = screens.open(ScanoutId::new(0), &Arc::new(Doorbell::default())).expect("there is one");
        Self { source, newest: Arc::new([]), count: 0, held: Arc::default() }
    }

    fn next(&mut self) -> gst::Buffer {
        if let Polled::Frame(frame) = self.source.poll(now()).expect("synthetic") {
            self.newest = frame.picture.planes()[0].data.into();
        }
        let mut buffer = gst::Buffer::from_slice(Watched(Arc::clone(&self.newest), Arc::clone(&self.held)));
        let owned = buffer.get_mut().expect("just made");
        owned.set_pts(gst::ClockTime::from_nseconds(u64::from(self.count) * 16_666_667));
        self.count += 1;
        buffer
    }
}

/// Processor time of this program.
fn cpu() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    Duration::try_from(time).expect("not negative")
}

/// A relay whose peers never hear of tiles.
fn without_tiles(host: SocketAddr) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("bound");
    std::thread::spawn(move || {
        for near in listener.incoming().map_while(Result::ok) {
            let far = TcpStream::connect(host).expect("the host listens");
            far.set_nodelay(true).expect("TCP");
            let (mut from, mut to) = (far.try_clone().expect("open"), near.try_clone().expect("open"));
            std::thread::spawn(move || std::io::copy(&mut from, &mut to));
            std::thread::spawn(move || take_out_offers(near, far));
        }
    });
    address
}

/// Carries messages; the end of either side ends it.
fn take_out_offers(mut from: TcpStream, mut to: TcpStream) {
    let mut header = [0; 12];
    while from.read_exact(&mut header).is_ok() {
        let mut message = header.to_vec();
        let len = u32::from_le_bytes(message[8..12].try_into().expect("four bytes")) as usize;
        message.resize(12 + len, 0);
        if from.read_exact(&mut message[12..]).is_err() {
            return;
        }
        if message[4] == 1 {
            message[OFFER] = 0;
        }
        if to.write_all(&message).is_err() {
            return;
        }
    }
}
