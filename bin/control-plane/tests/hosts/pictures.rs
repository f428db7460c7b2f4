//! Pictures of a host that nothing leads to.

use std::time::Instant;

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::runtime::Runtime;
use tokio::time::timeout;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;

use crate::export;
use crate::host::Host;
use crate::link::Link;
use crate::plane::Plane;
use crate::process::PATIENCE;

/// What a small picture begins with.
const JPEG: [u8; 3] = [0xff, 0xd8, 0xff];

/// A page's wall that shows one desktop.
struct Wall {
    runtime: Runtime,
    socket: WebSocketStream<TcpStream>,
}

impl Wall {
    fn open(plane: &Plane, id: &str) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let mut request = format!("ws://{}/api/v1/wall", plane.address).into_client_request().unwrap();
        let protocols = format!("lunette, lunette.bearer.{}", plane.admin);
        request.headers_mut().insert("sec-websocket-protocol", protocols.parse().unwrap());
        let socket = runtime.block_on(async {
            let stream = TcpStream::connect(plane.address).await.unwrap();
            let mut socket = tokio_tungstenite::client_async(request, stream).await.unwrap().0;
            let watch = json!({ "type": "watch", "ids": [id] }).to_string();
            socket.send(Message::text(watch)).await.unwrap();
            socket
        });
        Self { runtime, socket }
    }

    /// Waits for a message that is one of these.
    #[track_caller]
    fn until<T>(&mut self, wanted: impl Fn(&Message) -> Option<T>) -> T {
        let socket = &mut self.socket;
        let search = async {
            loop {
                let message = socket.next().await.expect("the wall goes on").unwrap();
                if let Some(found) = wanted(&message) {
                    return found;
                }
            }
        };
        self.runtime.block_on(async { timeout(PATIENCE, search).await.expect("in time") })
    }

    /// Why there is no picture.
    #[track_caller]
    fn until_told_why(&mut self) -> String {
        self.until(|message| {
            let said: Value = serde_json::from_str(message.to_text().ok()?).ok()?;
            Some(said["why"].as_str().filter(|_| said["type"] == "sight")?.to_owned())
        })
    }

    /// The number of the next picture.
    #[track_caller]
    fn until_picture(&mut self) -> u64 {
        self.until(|message| {
            let Message::Binary(bytes) = message else { return None };
            let (head, picture) = bytes.split_at(2 + usize::from(bytes[1]) + 8);
            assert!(bytes[0] == 1 && picture.starts_with(&JPEG), "{head:?}");
            Some(u64::from_be_bytes(*head.last_chunk().unwrap()))
        })
    }

    /// Takes what has arrived, until there is nothing.
    fn drain(&mut self) {
        let socket = &mut self.socket;
        self.runtime.block_on(async {
            let moment = std::time::Duration::from_millis(1);
            while let Ok(Some(message)) = timeout(moment, socket.next()).await {
                message.unwrap();
            }
        });
    }
}

#[test]
fn the_wall_shows_a_far_host_and_shows_it_again_after_its_way_was_cut() {
    let plane = Plane::start();
    let (token, folder, link) = (plane.token(), tempfile::tempdir().unwrap(), Link::to(plane.address));
    let host = Host::start(&plane, "far", &token, 15);
    plane.make("one");
    let mut wall = Wall::open(&plane, "one");
    assert_eq!(wall.until_told_why(), "its host's pictures are not reached from here");
    let come_by = |word: &'static str| plane.until_host("far", word, move |host| host["pictures"] == word);
    come_by("bridges");

    // The wall that is open shows it as soon as it is there.
    let export = export::start("far", link.address, &token, folder.path());
    wall.until_picture();
    come_by("dialled");
    let shot = plane.get("/api/v1/external-agents/one/screenshot").is(200);
    assert!(shot.head.contains("x-paused-screenshot: false") && shot.body.starts_with(&JPEG), "{}", shot.head);

    link.cut();
    come_by("bridges");
    wall.drain();
    link.mend();
    let mended = Instant::now();
    // One may have been made before the cut; the desktop's picture changes all the time.
    wall.until_picture();
    wall.until_picture();
    eprintln!("a picture {:?} after the way was whole again", mended.elapsed());

    export.kill();
    come_by("bridges");
    wall.drain();
    let export = export::start("far", link.address, &token, folder.path());
    wall.until_picture();

    export.end();
    plane.delete("one").is(200);
    host.end();
    plane.end();
}
