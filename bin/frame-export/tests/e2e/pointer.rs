//! The pointer beside the picture, in this process: only here can a test move it.

use std::sync::Arc;

use frame_export::backend::Backend;
use frame_export::config::EncoderSettings;
use lunette_capture::pattern::{Kind, PatternConfig, PatternScreens};
use lunette_capture::{Cursor, CursorShape, ScanoutControl};
use lunette_encode::Choice;
use lunette_frame::{BitRate, FrameRate, Quality, ScanoutId, Size, UnitKind};
use lunette_net::client::{Address, Arrival, Arrivals, Limits, Sender, Subscriber};
use lunette_net::{Endpoint, Listener, Server};
use lunette_wire::hxfr::CursorUpdate;
use tokio::sync::watch;
use tokio::time::timeout;

use crate::support::SOON;

const SCANOUT: ScanoutId = ScanoutId::new(0);

/// A server of one still screen.
struct Desk {
    screens: Arc<PatternScreens>,
    address: Address,
    _stop: watch::Sender<bool>,
}

impl Desk {
    async fn start() -> Self {
        let config = PatternConfig { kind: Kind::Still, scanouts: 1, size: Size::new(320, 180), fps: 60 };
        let screens = Arc::new(PatternScreens::new(config).expect("possible"));
        let settings = EncoderSettings {
            choice: Choice::Named("openh264".to_owned()),
            quality: Quality::DEFAULT,
            max_bitrate: BitRate::from_bits_per_second(20_000_000),
            fps: FrameRate::new(60, 1).expect("a rate"),
            threads: 1,
        };
        let control = Arc::clone(&screens) as Arc<dyn ScanoutControl>;
        let backend = Arc::new(Backend::new(control, &settings, lunette_session::Limits::default()));
        let any = Endpoint::Tcp("127.0.0.1:0".parse().expect("an address"));
        let listener = Listener::bind(&any).await.expect("a port");
        let Endpoint::Tcp(bound) = listener.endpoint() else { panic!("another endpoint") };
        let address = bound.to_string().parse().expect("an address");
        let (stop, stopped) = watch::channel(false);
        let server = Server::new(backend, lunette_net::Limits::default());
        tokio::spawn(async move { server.run(vec![listener], &stopped).await });
        Self { screens, address, _stop: stop }
    }

    /// Subscribed, with the first picture taken.
    async fn subscribe(&self) -> (Arrivals, Sender) {
        let limits = Limits { connect: SOON, answer: SOON };
        let subscriber = Subscriber::connect(&self.address, SCANOUT, limits).await.expect("a subscription");
        let (mut arrivals, sender) = subscriber.split();
        assert!(matches!(next(&mut arrivals).await, Arrival::Unit(_)));
        (arrivals, sender)
    }

    fn point(&self, x: i32, shape: Option<&Arc<CursorShape>>) {
        let cursor = Cursor { shape: shape.cloned(), x, y: 7, visible: true, changes: 0 };
        self.screens.show_cursor(SCANOUT, cursor).expect("enabled");
    }
}

async fn next(arrivals: &mut Arrivals) -> Arrival {
    let next = timeout(SOON, arrivals.next()).await.expect("soon");
    next.expect("a stream that goes on").expect("a stream that goes on")
}

async fn next_cursor(arrivals: &mut Arrivals) -> CursorUpdate {
    match next(arrivals).await {
        Arrival::Cursor(cursor) => cursor,
        Arrival::Standing(_) => panic!("nobody asked"),
        Arrival::Unit(_) => panic!("a picture, where the pointer alone has moved"),
    }
}

fn arrow() -> Arc<CursorShape> {
    Arc::new(CursorShape { size: Size::new(2, 1), hot_x: 1, hot_y: 0, pixels: vec![1, 2, 3, 4, 5, 6, 7, 8] })
}

#[tokio::test(flavor = "multi_thread")]
async fn the_pointer_comes_with_its_shape_and_then_moves_without_a_picture() {
    let desk = Desk::start().await;
    let (mut arrivals, mut sender) = desk.subscribe().await;
    let arrow = arrow();
    desk.point(3, Some(&arrow));
    sender.watch_cursor().await.expect("connected");
    let first = next_cursor(&mut arrivals).await;
    let shape = first.shape.expect("its first shape");
    assert_eq!((first.visible, first.x, first.y), (true, 3, 7));
    assert_eq!((shape.width(), shape.height(), shape.hot_spot()), (2, 1, (1, 0)));
    assert_eq!(shape.pixels()[..], [3, 2, 1, 4, 7, 6, 5, 8]);
    for x in 4..50 {
        desk.point(x, Some(&arrow));
    }
    loop {
        let moved = next_cursor(&mut arrivals).await;
        assert_eq!(moved.shape, None, "it looks as before");
        if moved.x == 49 {
            break;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_did_not_ask_for_the_pointer_gets_none() {
    let desk = Desk::start().await;
    let (mut asked, mut asking) = desk.subscribe().await;
    let (mut silent, mut sender) = desk.subscribe().await;
    asking.watch_cursor().await.expect("connected");
    desk.point(3, None);
    assert_eq!(next_cursor(&mut asked).await.x, 3);
    sender.request_idr().await.expect("connected");
    assert!(matches!(next(&mut silent).await, Arrival::Unit(_)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_subscriber_can_send_while_it_waits() {
    let desk = Desk::start().await;
    let (mut arrivals, mut sender) = desk.subscribe().await;
    let waiting = tokio::spawn(async move { next(&mut arrivals).await });
    tokio::task::yield_now().await;
    sender.request_idr().await.expect("connected");
    let Arrival::Unit(frame) = waiting.await.expect("no panic") else { panic!("no picture") };
    assert_eq!(frame.unit.kind, UnitKind::Idr);
}
