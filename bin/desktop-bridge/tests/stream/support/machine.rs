//! frame-export in this process, with one synthetic screen that a test can change.

use std::net::SocketAddr;
use std::sync::Arc;

use frame_export::backend::Backend;
use frame_export::config::EncoderSettings;
use lunette_capture::pattern::{Kind, PatternConfig, PatternScreens};
use lunette_capture::{Cursor, CursorShape, ScanoutControl};
use lunette_encode::Choice;
use lunette_frame::{BitRate, FrameRate, Quality, ScanoutId, Size};
use lunette_net::{Endpoint, Listener, Server};
use tokio::sync::watch;

/// A server of one screen, scanout 0. Dropping it ends it.
pub(crate) struct Machine {
    screens: Arc<PatternScreens>,
    pub(crate) address: SocketAddr,
    stop: watch::Sender<bool>,
}

impl Machine {
    pub(crate) const SCANOUT: ScanoutId = ScanoutId::new(0);

    pub(crate) async fn showing(kind: Kind) -> Self {
        let config = PatternConfig { kind, scanouts: 1, size: Size::new(320, 180), fps: 30 };
        let screens = Arc::new(PatternScreens::new(config).expect("possible"));
        let settings = EncoderSettings {
            choice: Choice::Named("openh264".to_owned()),
            quality: Quality::DEFAULT,
            max_bitrate: BitRate::from_bits_per_second(20_000_000),
            fps: FrameRate::new(30, 1).expect("a rate"),
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
        Self { screens, address, stop }
    }

    /// Shows the pointer there; `None` shows none.
    pub(crate) fn point(&self, x: i32, shape: Option<Arc<CursorShape>>) {
        let visible = shape.is_some();
        let cursor = Cursor { shape, x, y: 7, visible, changes: 0 };
        self.screens.show_cursor(Self::SCANOUT, cursor).expect("enabled");
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        self.stop.send_replace(true);
    }
}
