use lunette_input_events::{KeyCode, Kind, Patience, Permission, Refusal};
use lunette_session::{Hears, Joining};
use lunette_viewer::Seat;

use super::*;

/// Takes keys that are on it, and says so of the others.
struct Typewriter;

impl InputSink for Typewriter {
    fn send(&mut self, event: &Event) -> Result<(), SinkError> {
        match event {
            Event::Key { code: KeyCode(30), .. } => Ok(()),
            _ => Err(SinkError::CannotType { sink: "a typewriter", wanted: "it".to_owned(), reason: "no such key" }),
        }
    }

    fn flush(&mut self) -> Result<(), SinkError> {
        Ok(())
    }

    fn set_picture_size(&mut self, _: Size) {}

    fn name(&self) -> &'static str {
        "typewriter"
    }

    fn can_type_unicode(&self) -> bool {
        false
    }
}

struct Desk {
    lounge: Arc<Lounge>,
    state: Arc<SinkState>,
}

fn desk(opener: Opener, sink: Option<Box<dyn InputSink>>) -> Desk {
    let (events, queue) = mpsc::channel(QUEUE);
    let state = Arc::new(SinkState::default());
    let lounge = Lounge::new(Size::new(640, 360), Patience::default(), events);
    if let Some(sink) = &sink {
        state.set(Standing::Open { name: sink.name(), unicode: sink.can_type_unicode() });
    }
    state.set_lounge(Arc::clone(&lounge));
    let tried = sink.is_some().then(Instant::now);
    let worker = Worker { opener, queue, state: Arc::clone(&state), sink, tried, size: None };
    thread::spawn(|| worker.run());
    Desk { lounge, state }
}

fn off() -> Opener {
    Opener::Session(Some(SinkKind::None), None)
}

fn seat(desk: &Desk) -> Seat {
    let joining = Joining { hears: Hears::Extensions, ..Joining::new(Kind::Person, "Zoë", Permission::MayControl) };
    desk.lounge.join(joining).expect("room")
}

fn key(code: u16) -> [Event; 2] {
    [true, false].map(|down| Event::Key { code: KeyCode(code), down })
}

#[tokio::test]
async fn who_sent_it_learns_whether_it_happened_and_the_holder_is_told() {
    let desk = desk(off(), Some(Box::new(Typewriter)));
    let seat = seat(&desk);
    let good = seat.act(key(30).to_vec()).expect("free");
    let bad = seat.act(key(99).to_vec()).expect("its own");
    assert_eq!(desk.state.happened(good).await, Ok(()));
    let reason = desk.state.happened(bad).await.expect_err("there is no such key");
    assert!(reason.contains("no such key"), "{reason}");
    assert_eq!(desk.state.counts(), (2, 2));
    let told: Vec<_> = std::iter::from_fn(|| seat.take_letter()).collect();
    assert!(format!("{told:?}").contains("no such key"), "{told:?}");
}

#[tokio::test]
async fn text_that_a_sink_has_no_keys_for_is_refused_at_once() {
    let desk = desk(off(), Some(Box::new(Typewriter)));
    let refused = seat(&desk).input(Event::Text("grün".to_owned()));
    assert_eq!(refused, Err(Refusal::CannotType('ü')));
    assert_eq!(desk.state.counts(), (0, 0));
}

#[tokio::test]
async fn without_a_sink_input_is_refused_with_the_reason() {
    let desk = desk(off(), None);
    while desk.state.standing() == Standing::Starting {
        tokio::task::yield_now().await;
    }
    let refused = seat(&desk).act(key(30).to_vec()).expect_err("there is none");
    assert!(refused.to_string().contains("switched off"), "{refused}");
}
