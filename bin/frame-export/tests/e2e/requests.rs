//! FRAME_REQUEST: a picture in, an access unit out.

use std::io::Write;
use std::net::TcpStream;
use std::time::Duration;

use bytes::Bytes;
use lunette_frame::{Rect, ScanoutId, Size, UnitKind};
use lunette_sys_openh264::Decoder;
use lunette_wire::hxfr::{
    Changes, ErrorCode, Fourcc, FrameRequest, FrameResponse, Message, Moved, Nanos, ResourceId, SessionId, Subscribe,
};

use crate::support::{Arrival, Client, Dice, SOON, Server, bytes_of, eventually, is_idr, picture_size};

const SESSION: SessionId = SessionId::new(1);

/// Red, green and blue.
type Rgb = [u8; 3];
/// Luma, Cb and Cr.
type Yuv = [u8; 3];

const GREY: Rgb = [128; 3];

/// BT.709, limited range.
fn yuv([r, g, b]: Rgb) -> [f64; 3] {
    let [r, g, b] = [r, g, b].map(|value| f64::from(value) / 255.0);
    let luma = 0.2126 * r + 0.7152 * g + 0.0722 * b;
    [16.0 + 219.0 * luma, 128.0 + 224.0 * (b - luma) / 1.8556, 128.0 + 224.0 * (r - luma) / 1.5748]
}

/// A request for a picture of one colour, each row `padding` bytes longer than it must be.
fn packed(format: Fourcc, size: Size, padding: u32, [r, g, b]: Rgb) -> FrameRequest {
    let pixel = if format == Fourcc::Bgra { [b, g, r, 9] } else { [r, g, b, 9] };
    let mut row = pixel.repeat(size.width as usize);
    row.extend(vec![0xEE; padding as usize]);
    request(format, size, size.width * 4 + padding, row.repeat(size.height as usize))
}

fn nv12(size: Size, padding: u32, [y, cb, cr]: Yuv) -> FrameRequest {
    let stride = size.width.next_multiple_of(2) + padding;
    let rows = size.height.next_multiple_of(2) as usize;
    let luma = vec![y; stride as usize * rows];
    let chroma = [cb, cr].repeat((stride as usize * rows / 2).div_ceil(2));
    request(Fourcc::Nv12, size, stride, [luma, chroma].concat())
}

fn request(format: Fourcc, size: Size, stride: u32, pixels: Vec<u8>) -> FrameRequest {
    FrameRequest {
        resource: None,
        size,
        format,
        stride,
        pts: Nanos::from_wire(5),
        duration: None,
        force_keyframe: false,
        offers_tiles: false,
        changes: None,
        pixels: Some(Bytes::from(pixels)),
    }
}

fn grey(size: Size) -> FrameRequest {
    packed(Fourcc::Bgra, size, 0, GREY)
}

fn forced(request: FrameRequest) -> FrameRequest {
    FrameRequest { force_keyframe: true, ..request }
}

/// A client that sends pictures and takes one answer for each.
struct Asker(Client);

impl Asker {
    fn new(server: &Server) -> Self {
        Self(Client::connect(server))
    }

    fn send(&mut self, request: FrameRequest) {
        self.0.send_as(SESSION, &Message::FrameRequest(request));
    }

    #[track_caller]
    fn answer(&mut self) -> FrameResponse {
        let frame = self.0.frame();
        assert_eq!((frame.session, frame.response.nals.count()), (SESSION, 1));
        frame.response
    }

    #[track_caller]
    fn ask(&mut self, request: FrameRequest) -> FrameResponse {
        self.send(request);
        self.answer()
    }

    #[track_caller]
    fn refused(&mut self, request: FrameRequest, code: ErrorCode) {
        self.send(request);
        assert_eq!(self.0.error(), (SESSION, code));
    }

    #[track_caller]
    fn no_more(&mut self) {
        assert!(matches!(self.0.receive(Duration::from_millis(200)), Arrival::Nothing), "one answer for one request");
    }
}

/// The mean of each plane of a picture that is a stream by itself, and its size.
fn decoded(response: &FrameResponse) -> ([f64; 3], Size) {
    let mut decoder = Decoder::new().expect("a decoder");
    let unit = response.nals.access_unit();
    let picture = decoder.decode(&unit).expect("it decodes").expect("without delay");
    let sides = |index: usize| {
        let shift = u32::from(index > 0);
        (picture.width.div_ceil(1 << shift) as usize, (picture.height >> shift) as usize)
    };
    let mean = |index: usize| {
        let (width, height) = sides(index);
        let rows = picture.planes[index].chunks(picture.strides[index]).take(height);
        let (sum, count) = rows
            .flat_map(|row| row.iter().take(width))
            .fold((0_u32, 0_u32), |(sum, count), sample| (sum + u32::from(*sample), count + 1));
        f64::from(sum) / f64::from(count)
    };
    ([mean(0), mean(1), mean(2)], Size::new(picture.width, picture.height))
}

#[track_caller]
fn assert_colour(response: &FrameResponse, expected: [f64; 3], what: &str) {
    let (means, _) = decoded(response);
    let close = means.iter().zip(expected).all(|(mean, expected)| (mean - expected).abs() <= 3.0);
    assert!(close, "{what}: {means:?} instead of {expected:?}");
}

#[test]
fn every_format_keeps_its_colours_at_every_stride() {
    let server = Server::small("still", "60");
    let orange = [230, 120, 20];
    for size in [Size::new(320, 180), Size::new(322, 182), Size::new(321, 181)] {
        for padding in [0, 4, 60] {
            for format in [Fourcc::Bgra, Fourcc::Rgba] {
                let response = Asker::new(&server).ask(packed(format, size, padding, orange));
                assert_colour(&response, yuv(orange), &format!("{format} {size} + {padding}"));
            }
            let response = Asker::new(&server).ask(nv12(size, padding, [90, 60, 200]));
            assert_colour(&response, [90.0, 60.0, 200.0], &format!("NV12 {size} + {padding}"));
        }
    }
}

#[test]
fn the_last_row_needs_no_padding_and_bytes_after_it_are_ignored() {
    let server = Server::small("still", "60");
    let mut asker = Asker::new(&server);
    let mut exact = packed(Fourcc::Bgra, Size::new(320, 180), 64, GREY);
    let pixels = exact.pixels.take().unwrap();
    exact.pixels = Some(pixels.slice(..pixels.len() - 64));
    let more = FrameRequest { pixels: Some([pixels, Bytes::from_static(&[7; 5000])].concat().into()), ..exact.clone() };
    assert_colour(&asker.ask(exact), yuv(GREY), "without the last padding");
    assert!(!is_idr(&asker.ask(more)));
}

#[test]
fn an_odd_size_is_encoded_whole() {
    let server = Server::small("still", "60");
    let (_, size) = decoded(&Asker::new(&server).ask(grey(Size::new(321, 181))));
    assert!((321..=322).contains(&size.width) && (181..=182).contains(&size.height), "{size}");
}

#[test]
fn the_pts_of_a_request_is_that_of_its_answer() {
    let server = Server::small("still", "60");
    let mut asker = Asker::new(&server);
    for pts in [33_333_333, -1, 0, 5, 5, -1, i64::MAX, i64::MIN] {
        let pts = Nanos::from_wire(pts);
        let response = asker.ask(FrameRequest { pts, ..grey(Size::new(320, 180)) });
        assert_eq!((response.pts, response.dts), (pts, pts));
    }
}

#[test]
fn requests_that_do_not_wait_for_answers_are_answered_in_order() {
    let server = Server::small("still", "60");
    let mut asker = Asker::new(&server);
    for pts in 1..=12 {
        let size = if pts == 7 { Size::new(0, 0) } else { Size::new(320, 180) };
        asker.send(FrameRequest { pts: Nanos::from_wire(pts), size, ..grey(Size::new(320, 180)) });
    }
    for pts in 1..=12 {
        match asker.0.message() {
            (_, Message::FrameResponse(response)) => assert_eq!(response.pts, Nanos::from_wire(pts)),
            (_, Message::Error(_)) => assert_eq!(pts, 7, "the one without a size"),
            other => panic!("{other:?}"),
        }
    }
    asker.no_more();
}

#[test]
fn unchanged_pictures_are_answered_each() {
    let server = Server::small("still", "60");
    let mut asker = Asker::new(&server);
    let kinds: Vec<_> = (0..10).map(|_| asker.ask(grey(Size::new(320, 180))).kind).collect();
    assert_eq!(kinds[0], UnitKind::Idr);
    assert!(kinds[1..].iter().all(|kind| *kind == UnitKind::Delta), "{kinds:?}");
    asker.no_more();
}

#[test]
fn a_keyframe_comes_when_it_is_forced() {
    let server = Server::small("still", "60");
    let mut asker = Asker::new(&server);
    let plain = grey(Size::new(320, 180));
    asker.ask(plain.clone());
    assert!(!is_idr(&asker.ask(plain.clone())));
    assert!(is_idr(&asker.ask(forced(plain.clone()))));
    assert!(!is_idr(&asker.ask(plain.clone())));
    asker.0.send_as(SESSION, &Message::KeyframeRequest);
    assert!(is_idr(&asker.ask(plain)));
}

#[test]
fn a_request_without_pixels_is_not_found_whatever_it_names() {
    let server = Server::small("still", "60");
    let mut asker = Asker::new(&server);
    let without = FrameRequest { pixels: None, ..grey(Size::new(640, 360)) };
    asker.refused(without.clone(), ErrorCode::NotFound);
    asker.refused(FrameRequest { resource: ResourceId::new(42), ..without }, ErrorCode::NotFound);
    asker.ask(grey(Size::new(640, 360)));
    asker.no_more();
}

#[test]
fn pixels_that_make_no_picture_are_refused_and_the_next_are_encoded() {
    let server = Server::small("still", "60");
    let mut asker = Asker::new(&server);
    let good = grey(Size::new(320, 180));
    let with = |change: &dyn Fn(&mut FrameRequest)| {
        let mut bad = good.clone();
        change(&mut bad);
        bad
    };
    let bad = [
        with(&|bad| bad.pixels = Some(Bytes::from_static(&[0; 1000]))),
        with(&|bad| bad.pixels = Some(Bytes::new())),
        with(&|bad| bad.stride = 320),
        with(&|bad| bad.stride = u32::MAX),
        with(&|bad| bad.size = Size::new(0, 180)),
        with(&|bad| bad.size = Size::new(u32::MAX, u32::MAX)),
        with(&|bad| bad.format = Fourcc::Other(0)),
    ];
    for bad in bad {
        asker.refused(bad, ErrorCode::InvalidMessage);
        asker.ask(good.clone());
    }
    asker.no_more();
    assert_eq!(server.metrics().sum("failed_requests_total", &[]), 7.0);
    assert_eq!(server.metrics().sum("requests_total", &[]), 14.0);
}

#[test]
fn a_picture_that_the_encoder_cannot_take_is_answered_all_the_same() {
    let server = Server::small("still", "60");
    let mut asker = Asker::new(&server);
    for size in [Size::new(1, 1), Size::new(2, 2), Size::new(16, 16), Size::new(8192, 16)] {
        asker.send(grey(size));
        let (_, answer) = asker.0.message();
        assert!(matches!(answer, Message::FrameResponse(_) | Message::Error(_)), "{size}: {answer:?}");
    }
    asker.ask(grey(Size::new(320, 180)));
    asker.no_more();
}

#[test]
fn the_size_may_change_from_one_picture_to_the_next() {
    let server = Server::small("still", "60");
    let mut asker = Asker::new(&server);
    for size in [Size::new(320, 180), Size::new(640, 360), Size::new(160, 90), Size::new(320, 180)] {
        let response = asker.ask(grey(size));
        assert_eq!((is_idr(&response), picture_size(&response)), (true, Some(size)));
        assert_colour(&response, yuv(GREY), &size.to_string());
        assert!(!is_idr(&asker.ask(grey(size))));
    }
}

#[test]
fn connections_have_encoders_of_their_own() {
    let server = Server::small("still", "60");
    let (mut one, mut other) = (Asker::new(&server), Asker::new(&server));
    let size = Size::new(320, 180);
    assert!(is_idr(&one.ask(grey(size))));
    assert!(is_idr(&other.ask(grey(size))));
    assert!(!is_idr(&one.ask(grey(size))));
}

#[test]
fn a_connection_that_sends_pictures_cannot_subscribe() {
    let server = Server::small("still", "60");
    let mut asker = Asker::new(&server);
    asker.ask(grey(Size::new(320, 180)));
    asker.0.send_as(SESSION, &Message::Subscribe(Subscribe { scanout: ScanoutId::new(0) }));
    assert_eq!(asker.0.error(), (SESSION, ErrorCode::InvalidMessage));
    asker.ask(grey(Size::new(320, 180)));
}

#[test]
fn encoders_for_requests_are_limited_and_their_places_are_free_again() {
    let server = Server::small("still", "60");
    let mut askers: Vec<_> = (0..32).map(|_| Asker::new(&server)).collect();
    askers.iter_mut().for_each(|asker| drop(asker.ask(grey(Size::new(160, 90)))));
    let mut late = Asker::new(&server);
    late.refused(grey(Size::new(160, 90)), ErrorCode::Internal);
    askers.pop();
    eventually("a place is free", || {
        late.send(grey(Size::new(160, 90)));
        matches!(late.0.message(), (_, Message::FrameResponse(_)))
    });
}

#[test]
fn large_pictures_of_many_connections_are_all_answered() {
    let server = Server::small("still", "60");
    let size = Size::new(1280, 720);
    let mut askers: Vec<_> = (0..24).map(|_| Asker::new(&server)).collect();
    std::thread::scope(|scope| {
        for asker in &mut askers {
            scope.spawn(move || (0..3).for_each(|_| assert_colour(&asker.ask(forced(grey(size))), yuv(GREY), "grey")));
        }
    });
}

#[test]
fn what_was_asked_before_the_last_word_is_answered() {
    let server = Server::small("still", "60");
    let mut asker = Asker::new(&server);
    for _ in 0..5 {
        asker.send(grey(Size::new(640, 360)));
    }
    asker.0.close_writing();
    let answers = asker.0.closed();
    assert_eq!(answers.len(), 5);
    assert!(answers.iter().all(|answer| matches!(answer, Message::FrameResponse(_))));
}

#[test]
fn leaving_while_a_picture_is_encoded_leaves_nothing_behind() {
    let server = Server::small("still", "60");
    let picture = bytes_of(SESSION, &Message::FrameRequest(grey(Size::new(640, 360))));
    let gone = || server.metrics().sum("connections", &[]) == 0.0;
    Asker::new(&server).ask(grey(Size::new(640, 360)));
    eventually("the first has left", gone);
    let before = server.usage();
    for round in 0..200 {
        let mut client = Client::connect(&server);
        // Every other time in the middle of the picture.
        let end = if round % 2 == 0 { picture.len() } else { picture.len() / 2 };
        client.send_bytes(&picture[..end]);
    }
    eventually("all have left", gone);
    eventually("threads and descriptors are as before", || {
        let after = server.usage();
        after.threads <= before.threads && after.descriptors <= before.descriptors
    });
    Asker::new(&server).ask(grey(Size::new(640, 360)));
}

#[test]
fn a_peer_that_reads_no_answers_is_slowed_and_others_are_served() {
    let server = Server::small("still", "60");
    let size = Size::new(640, 360);
    // Keyframes of noise make large answers, which fill what is between server and peer.
    let noise = Dice::new(4).bytes(size.width as usize * 4 * size.height as usize);
    let request = forced(request(Fourcc::Bgra, size, size.width * 4, noise));
    let picture = bytes_of(SESSION, &Message::FrameRequest(request));
    let before = server.usage().resident;
    let mut deaf = TcpStream::connect_timeout(&server.tcp(), SOON).unwrap();
    deaf.set_write_timeout(Some(Duration::from_millis(500))).unwrap();
    let sent = (0..300).take_while(|_| deaf.write_all(&picture).is_ok()).count();
    assert!(sent < 300, "the server stops reading");
    Asker::new(&server).ask(grey(size));
    let grown = server.usage().resident.saturating_sub(before);
    println!("{sent} noisy pictures sent without reading, {grown} bytes more in memory");
    assert!(grown < 48 << 20, "{grown} bytes more");
}

/// A whole NV12 picture of one colour, from a guest that can send tiles.
fn base(colour: Yuv) -> FrameRequest {
    FrameRequest { offers_tiles: true, ..nv12(Size::new(128, 64), 0, colour) }
}

/// Tiles of one colour each over [`base`].
fn tiles(tiles: &[(Rect, Yuv)]) -> FrameRequest {
    let pixels = tiles.iter().flat_map(|(rect, [y, cb, cr])| {
        let area = usize::try_from(rect.area()).expect("small");
        [vec![*y; area], [*cb, *cr].repeat(area / 4)].concat()
    });
    let pixels: Vec<u8> = pixels.collect();
    let rects = tiles.iter().map(|(rect, _)| *rect).collect();
    let changes = Changes { tiles: rects, moves: Vec::new() };
    FrameRequest { stride: 0, pixels: Some(pixels.into()), changes: Some(changes), ..base([0; 3]) }
}

/// The left and the right half of a picture that is a stream by itself have these means.
#[track_caller]
fn assert_halves(response: &FrameResponse, expected: [[f64; 3]; 2]) {
    let mut decoder = Decoder::new().expect("a decoder");
    let picture = decoder.decode(&response.nals.access_unit()).expect("it decodes").expect("without delay");
    for (half, expected) in expected.into_iter().enumerate() {
        let mean = |index: usize| {
            let shift = u32::from(index > 0);
            let (width, height) = ((picture.width >> shift) as usize / 2, (picture.height >> shift) as usize);
            let rows = picture.planes[index].chunks(picture.strides[index]).take(height);
            let sum: u64 = rows.flat_map(|row| &row[half * width..][..width]).map(|sample| u64::from(*sample)).sum();
            sum as f64 / (width * height) as f64
        };
        let means = [mean(0), mean(1), mean(2)];
        let close = means.iter().zip(expected).all(|(mean, expected)| (mean - expected).abs() <= 3.0);
        assert!(close, "half {half}: {means:?} instead of {expected:?}");
    }
}

/// Moves over the picture before.
fn moves(moves: &[(Rect, u32, u32)]) -> FrameRequest {
    let moves = moves.iter().map(|(rect, from_x, from_y)| Moved { rect: *rect, from_x: *from_x, from_y: *from_y });
    FrameRequest { changes: Some(Changes { moves: moves.collect(), tiles: Vec::new() }), ..tiles(&[]) }
}

#[test]
fn tiles_change_the_picture_before_them() {
    let server = Server::small("still", "60");
    let mut asker = Asker::new(&server);
    assert!(asker.ask(base([60, 128, 128])).kept);
    let left = (Rect::new(0, 0, 64, 64), [200, 90, 160]);
    let delta = asker.ask(tiles(&[left]));
    assert_eq!((delta.kind, delta.kept), (UnitKind::Delta, true));
    // No tile at all: the same picture once more.
    assert_colour(&asker.ask(forced(tiles(&[]))), [130.0, 109.0, 144.0], "half and half");
    // The later of two that overlap counts.
    let over = [left, (Rect::new(0, 0, 128, 64), [100, 128, 128])];
    assert_colour(&asker.ask(forced(tiles(&over))), [100.0, 128.0, 128.0], "all over");
}

#[test]
fn moves_take_from_the_picture_before_all_at_once() {
    let server = Server::small("still", "60");
    let mut asker = Asker::new(&server);
    asker.ask(base([60, 128, 128]));
    asker.ask(tiles(&[(Rect::new(0, 0, 64, 64), [200, 90, 160])]));
    // The halves change places: neither takes what the other has put.
    let (left, right) = (Rect::new(0, 0, 64, 64), Rect::new(64, 0, 64, 64));
    let swapped = asker.ask(forced(moves(&[(left, 64, 0), (right, 0, 0)])));
    assert!(swapped.kept);
    assert_halves(&swapped, [[60.0, 128.0, 128.0], [200.0, 90.0, 160.0]]);
    // By odd distances, to where colours are whole.
    let back = asker.ask(forced(moves(&[(Rect::new(0, 0, 62, 62), 65, 1)])));
    let most = |half: f64, other: f64| half + (other - half) * (62.0 * 62.0) / (64.0 * 64.0);
    assert_halves(&back, [[most(60.0, 200.0), most(128.0, 90.0), most(128.0, 160.0)], [200.0, 90.0, 160.0]]);
    for (rect, x, y) in [(left, 65, 0), (left, 0, 2), (Rect::new(0, 0, 3, 2), 0, 0), (Rect::new(0, 0, 0, 0), 0, 0)] {
        asker.refused(moves(&[(rect, x, y)]), ErrorCode::InvalidMessage);
        asker.ask(base([60, 128, 128]));
    }
    asker.no_more();
}

#[test]
fn tiles_need_a_picture_that_was_kept() {
    let server = Server::small("still", "60");
    let mut asker = Asker::new(&server);
    let tile = || tiles(&[(Rect::new(0, 0, 2, 2), [1, 2, 3])]);
    asker.refused(tile(), ErrorCode::InvalidMessage);
    // A guest that does not say that it can send tiles has nothing kept for it.
    assert!(!asker.ask(nv12(Size::new(128, 64), 0, [60, 128, 128])).kept);
    asker.refused(tile(), ErrorCode::InvalidMessage);
    assert!(asker.ask(base([60, 128, 128])).kept);
    asker.refused(FrameRequest { size: Size::new(64, 64), ..tile() }, ErrorCode::InvalidMessage);
    // Any error ends what was kept.
    asker.refused(tile(), ErrorCode::InvalidMessage);
    assert!(asker.ask(base([60, 128, 128])).kept);
    assert!(asker.ask(tile()).kept);
    asker.no_more();
}

#[test]
fn tiles_that_cannot_be_are_answered_once_each() {
    let server = Server::small("still", "60");
    let mut asker = Asker::new(&server);
    for rect in [Rect::new(1, 0, 2, 2), Rect::new(127, 0, 2, 2), Rect::new(0, 0, 0, 2), Rect::new(0, 64, 2, 2)] {
        asker.ask(base([60, 128, 128]));
        asker.refused(tiles(&[(rect, [1, 2, 3])]), ErrorCode::InvalidMessage);
    }
    asker.ask(base([60, 128, 128]));
    let short = FrameRequest { pixels: Some(Bytes::from_static(&[1; 5])), ..tiles(&[(Rect::new(0, 0, 2, 2), [1; 3])]) };
    asker.refused(short, ErrorCode::InvalidMessage);
    let mut endless = bytes_of(SESSION, &Message::FrameRequest(tiles(&[])));
    endless[56..60].copy_from_slice(&u32::MAX.to_le_bytes());
    asker.0.send_bytes(&endless);
    assert_eq!(asker.0.error(), (SESSION, ErrorCode::InvalidMessage));
    asker.no_more();
}
