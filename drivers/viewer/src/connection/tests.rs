use futures_util::Sink;
use lunette_auth::Grants;
use lunette_frame::{Pts, ScanoutId};
use lunette_input_events::{Event, KeyCode, Modifiers, Patience};
use lunette_session::{Fanout, Limits, SubscriberId, ViewerLimits};
use lunette_wire::stream::{HopReport, Input, Ping, ServerMessage};
use tokio::sync::{mpsc, watch};

use super::*;
use crate::{LatenessMeter, Lounge, StreamFacts, Video, VideoStats};

/// A desktop whose picture never comes.
struct Blank;

impl Video for Blank {
    fn join(&self) -> Result<Box<dyn Watching>, NoVideo> {
        Ok(Box::new(Blank))
    }

    fn look(&self) -> Result<Box<dyn Watching>, NoVideo> {
        self.join()
    }

    fn facts(&self) -> StreamFacts {
        StreamFacts { size: None, fps: None, resizable: false }
    }

    fn hops(&self) -> Vec<HopReport> {
        Vec::new()
    }

    fn stats(&self) -> VideoStats {
        VideoStats::unwatched(ScanoutId::new(0))
    }

    fn clock(&self) -> Option<Pts> {
        None
    }

    fn resize(&self, _: Size) -> Waiting<'_, Result<(), NoVideo>> {
        Box::pin(std::future::pending())
    }
}

impl Watching for Blank {
    fn subscriber(&self) -> SubscriberId {
        Fanout::new(Limits::default()).join(Duration::ZERO)
    }

    fn next(&mut self) -> Waiting<'_, Result<Unit, NoVideo>> {
        Box::pin(std::future::pending())
    }

    fn queued_for(&self) -> Duration {
        Duration::ZERO
    }

    fn fall_behind(&mut self) {}

    fn hold(&mut self, _: Flow) {}

    fn set_rate(&mut self, _: Option<BitRate>) {}
}

/// A socket of which a test sees what is written, one message at a time.
fn socket() -> (impl Sink<Message> + Send + Unpin, mpsc::Receiver<Message>) {
    let (written, reading) = mpsc::channel(1);
    let write = |written: mpsc::Sender<Message>, message| async {
        written.send(message).await.map_err(|_| std::io::ErrorKind::BrokenPipe)?;
        Ok::<_, std::io::ErrorKind>(written)
    };
    (Box::pin(futures_util::sink::unfold(written, write)), reading)
}

struct Table {
    connection: Connection,
    events: mpsc::Receiver<Event>,
    reading: mpsc::Receiver<Message>,
    _stop: watch::Sender<bool>,
}

impl Table {
    /// A viewer that has joined, and watches no picture.
    async fn joined() -> Self {
        let (sink, events) = mpsc::channel(1 << 16);
        let (stop, closing) = watch::channel(false);
        let lounge = Lounge::new(Size::new(640, 360), Patience::default(), sink);
        let desk = Desk {
            lounge,
            video: Arc::new(Blank),
            mode: None,
            asked_mode: None,
            clipboard: false,
            lateness: Arc::new(LatenessMeter::default()),
            closing,
            limits: ViewerLimits::default(),
        };
        let identity = Grants::open().judge(None).expect("it is open");
        let (socket, reading) = socket();
        let connection = Connection::new(desk, identity, Writer::new(socket));
        let mut table = Self { connection, events, reading, _stop: stop };
        table.hear(Message::Text(r#"{"type": "init", "lunette": 1}"#.into()));
        tokio::time::advance(SIZE).await;
        table.connection.handle(Happening::Timeout);
        let _ = table.connection.drain();
        table
    }

    fn hear(&mut self, message: Message) {
        self.connection.handle(Happening::Message(message));
        let _ = self.connection.drain();
    }

    fn say(&mut self, message: &ClientMessage) {
        self.hear(Message::Binary(message.encode()));
    }

    /// All that was written, when it is read at last.
    async fn read(self) -> Vec<Message> {
        let Self { connection, mut reading, _stop, .. } = self;
        let reads = async {
            let mut messages = Vec::new();
            while let Some(message) = reading.recv().await {
                messages.push(message);
            }
            messages
        };
        tokio::join!(reads, connection.writer.finish()).0
    }
}

fn how_it_ended(messages: &[Message]) -> (StreamError, u16) {
    let [.., Message::Binary(error), Message::Close(Some(close))] = messages else { panic!("{messages:?}") };
    let Ok(ServerMessage::StreamError(error)) = ServerMessage::decode(error) else { panic!("{error:?}") };
    (error, close.code)
}

#[tokio::test(start_paused = true)]
async fn a_stream_whose_size_nobody_knows_is_not_waited_for_for_ever() {
    let messages = Table::joined().await.read().await;
    let [Message::Ping(_), Message::Binary(first), ..] = &messages[..] else { panic!("{messages:?}") };
    let Ok(ServerMessage::StreamInit(init)) = ServerMessage::decode(first) else { panic!("{first:?}") };
    assert_eq!((init.width, init.height, init.fps), (640, 360, 60));
}

#[tokio::test(start_paused = true)]
async fn who_takes_nothing_is_told_so_behind_what_waits() {
    let mut table = Table::joined().await;
    for seq in 0..2000 {
        table.say(&ClientMessage::Ping(Ping { seq, client_time_us: 1 }));
    }
    assert!(table.connection.viewer.is_over());
    let messages = table.read().await;
    assert!(messages.len() > 1000, "what waited is not lost: {}", messages.len());
    let (error, code) = how_it_ended(&messages);
    assert_eq!(code, CloseCode::TooSlow.code(), "{error:?}");
}

#[tokio::test(start_paused = true)]
async fn who_says_too_much_is_told_so() {
    let mut table = Table::joined().await;
    let mut said = 0;
    while !table.connection.viewer.is_over() {
        let key = Input::Key { down: said % 2 == 0, modifiers: Modifiers::NONE, code: KeyCode(30) };
        table.say(&ClientMessage::Input(key));
        said += 1;
        assert!(said < 10_000, "it never ends");
    }
    assert!(said >= 3999, "a burst is no flood: {said}");
    let (error, code) = how_it_ended(&table.read().await);
    assert_eq!(code, CloseCode::Violation.code(), "{error:?}");
}

#[tokio::test(start_paused = true)]
async fn any_number_of_moves_reaches_the_desktop_as_a_few() {
    let mut table = Table::joined().await;
    for x in 0..20_000 {
        table.say(&ClientMessage::Input(Input::MoveTo { x, y: 0, width: 20_000, height: 1 }));
    }
    assert!(!table.connection.viewer.is_over());
    tokio::time::advance(Duration::from_millis(5)).await;
    table.connection.handle(Happening::Timeout);
    let mut moves = Vec::new();
    while let Ok(event) = table.events.try_recv() {
        moves.push(event);
    }
    assert!(moves.len() < 300, "{}", moves.len());
    assert!(matches!(moves.last(), Some(Event::MoveTo { x, .. }) if x.get() > 0.9999), "{:?}", moves.last());
}
