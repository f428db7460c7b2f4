//! The room of one desktop, shared by the tasks of its members.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use lunette_frame::Size;
use lunette_input_events::{Event, ParticipantId, Patience, Refusal};
use lunette_session::{InputCounters, Joining, Letter, Presence, Room, SubscriberId, ViewerCounters};
use lunette_wire::stream::{AgentAction, ClipboardChange, InputRequest, ServerMessage};
use tokio::sync::{Notify, mpsc};
use tokio::time::Instant;

use crate::attendance::{Attendance, Attending, Connections};
use crate::way::{Accepts, Way};

/// Where everybody at one desktop is.
#[derive(Debug)]
pub struct Lounge {
    // A Mutex, since an event must reach the desktop in the order in which the room let it pass, whichever member's task
    // it came by. It is held for queue operations only: nothing under it waits.
    inner: Mutex<Inner>,
    /// The timer's task: another deadline.
    deadline: Notify,
    started: Instant,
    attendance: Attendance,
}

#[derive(Debug)]
struct Inner {
    room: Room,
    bells: BTreeMap<ParticipantId, Arc<Notify>>,
    way: Way,
}

/// A member's place; dropping it leaves, and what the member holds down comes up.
#[derive(Debug)]
pub struct Seat {
    lounge: Arc<Lounge>,
    id: ParticipantId,
    bell: Arc<Notify>,
}

impl Lounge {
    /// An empty one, whose input goes to `sink`.
    #[must_use]
    pub fn new(size: Size, patience: Patience, sink: mpsc::Sender<Event>) -> Arc<Self> {
        let inner = Inner { room: Room::new(size, patience), bells: BTreeMap::new(), way: Way::new(sink) };
        let attendance = Attendance::default();
        Arc::new(Self { inner: Mutex::new(inner), deadline: Notify::new(), started: Instant::now(), attendance })
    }

    /// Time since this lounge was made: the clock of everything in it.
    #[must_use]
    pub fn now(&self) -> Duration {
        self.started.elapsed()
    }

    /// When a time of [`Lounge::now`] is.
    #[must_use]
    pub fn at(&self, time: Duration) -> Instant {
        self.started + time
    }

    /// Lets somebody in.
    ///
    /// # Errors
    /// When too many are here.
    pub fn join(self: &Arc<Self>, joining: Joining) -> Result<Seat, Refusal> {
        let bell = Arc::new(Notify::new());
        let id = self.with(|inner, now| {
            let id = inner.room.join(now, joining)?;
            inner.bells.insert(id, Arc::clone(&bell));
            Ok(id)
        })?;
        // Its first letters came before its bell was hung up.
        bell.notify_one();
        Ok(Seat { lounge: Arc::clone(self), id, bell })
    }

    /// The desktop's picture has this size.
    pub fn set_size(&self, size: Size) {
        self.with(|inner, _| inner.room.set_size(size));
    }

    /// The size of the desktop's picture.
    #[must_use]
    pub fn size(&self) -> Size {
        self.with(|inner, _| inner.room.size())
    }

    /// How the desktop's pointer looks from now on.
    pub fn set_cursor(&self, message: ServerMessage) {
        self.with(|inner, _| inner.room.set_cursor(message));
    }

    /// How the desktop's pointer looks, where that is known.
    #[must_use]
    pub fn cursor(&self) -> Option<ServerMessage> {
        self.with(|inner, _| inner.room.cursor().cloned())
    }

    /// The desktop's clipboard has changed.
    pub fn clipboard_changed(&self, change: ClipboardChange) {
        self.with(|inner, _| inner.room.clipboard_changed(change));
    }

    /// Who is here.
    #[must_use]
    pub fn presence(&self) -> Vec<Presence> {
        self.with(|inner, _| inner.room.presence())
    }

    /// What the desktop does with input from now on.
    pub fn set_accepts(&self, accepts: Accepts) {
        self.with(|inner, now| inner.way.set_accepts(accepts, now));
    }

    /// Input that was let pass did not happen; whoever has the input hears of it.
    pub fn input_failed(&self, reason: &str) {
        self.with(|inner, now| inner.room.input_failed(now, reason));
    }

    /// Input events that were refused since the desktop had not taken too many earlier ones.
    #[must_use]
    pub fn lost(&self) -> u64 {
        self.with(|inner, _| inner.way.refused())
    }

    /// What became of input so far.
    #[must_use]
    pub fn input_counters(&self) -> InputCounters {
        self.with(|inner, _| inner.room.input_counters())
    }

    /// The connections of viewers, whether they have joined or not.
    #[must_use]
    pub fn connections(&self) -> Connections {
        self.attendance.connections()
    }

    /// Counts a viewer's connection in.
    pub(crate) fn attend(self: &Arc<Self>) -> Line {
        Line { lounge: Arc::clone(self), number: self.attendance.enter() }
    }

    /// Does what is due in the room, for ever.
    pub async fn keep_time(self: Arc<Self>) {
        loop {
            let (due, full) = self.with(|inner, _| (inner.room.next_timeout(), inner.way.waits_for()));
            let timer = async {
                match due {
                    Some(due) => tokio::time::sleep_until(self.at(due)).await,
                    None => std::future::pending().await,
                }
            };
            let place = async {
                match full {
                    // Its end is this program's.
                    Some(full) if full.reserve().await.is_ok() => {}
                    _ => std::future::pending().await,
                }
            };
            tokio::select! {
                () = timer => self.with(|inner, now| inner.room.handle_timeout(now)),
                () = place => self.with(|inner, _| inner.way.hand_on()),
                () = self.deadline.notified() => {}
            }
        }
    }

    fn guard(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does something to the room, hands on what comes of it, and wakes whom it concerns.
    fn with<T>(&self, act: impl FnOnce(&mut Inner, Duration) -> T) -> T {
        let now = self.now();
        let mut inner = self.guard();
        let before = inner.due();
        let done = act(&mut inner, now);
        inner.settle();
        if inner.due() != before {
            self.deadline.notify_one();
        }
        done
    }
}

impl Inner {
    /// What the timer's task waits for.
    fn due(&self) -> (Option<Duration>, bool) {
        (self.room.next_timeout(), self.way.waits_for().is_some())
    }

    /// Lets events of one member pass, all of them or none; their numbers on the way.
    fn input(&mut self, id: ParticipantId, now: Duration, events: Vec<Event>) -> Result<Range<u64>, Refusal> {
        self.way.admit(&events, now)?;
        let first = self.way.passed() + 1;
        for event in events {
            // The first is refused or none: time stands still meanwhile, and nobody else gets a word in.
            self.room.input(id, now, event)?;
        }
        self.settle();
        Ok(first..self.way.passed() + 1)
    }

    fn settle(&mut self) {
        while let Some(event) = self.room.poll_event() {
            self.way.push(event);
        }
        while let Some(id) = self.room.poll_woken() {
            if let Some(bell) = self.bells.get(&id) {
                bell.notify_one();
            }
        }
    }
}

impl Seat {
    /// The member's number.
    #[must_use]
    pub const fn id(&self) -> ParticipantId {
        self.id
    }

    /// The next letter for this member.
    #[must_use]
    pub fn take_letter(&self) -> Option<Letter> {
        self.lounge.with(|inner, _| inner.room.take_letter(self.id))
    }

    /// Waits until there may be a letter. Dropping the future loses none.
    pub async fn letter_came(&self) {
        self.bell.notified().await;
    }

    /// An input event of this member.
    ///
    /// # Errors
    /// When the input is not its, or the desktop does not take it.
    pub fn input(&self, event: Event) -> Result<(), Refusal> {
        self.act(vec![event]).map(drop)
    }

    /// Input events of this member, all of them or none. They are numbered as everybody's are that reach the sink, from 1.
    ///
    /// # Errors
    /// As for one.
    pub fn act(&self, events: Vec<Event>) -> Result<Range<u64>, Refusal> {
        self.lounge.with(|inner, now| inner.input(self.id, now, events))
    }

    /// What this member holds down comes up.
    pub fn release_keys(&self) {
        self.lounge.with(|inner, _| inner.room.release_keys(self.id));
    }

    /// Something about who has the input.
    ///
    /// # Errors
    /// When it is not for this member to ask.
    pub fn ask(&self, request: InputRequest) -> Result<(), Refusal> {
        self.lounge.with(|inner, now| inner.room.ask(self.id, now, request))
    }

    /// Whether the input is this member's, or nobody's.
    #[must_use]
    pub fn may_act(&self) -> bool {
        self.lounge.with(|inner, _| inner.room.may_act(self.id))
    }

    /// What this member, an agent, does, for the others to see.
    pub fn show_agent(&self, action: AgentAction) {
        self.lounge.with(|inner, _| inner.room.show_agent(self.id, action));
    }
}

/// A connection's line in the list of connections, for as long as it lasts.
#[derive(Debug)]
pub(crate) struct Line {
    lounge: Arc<Lounge>,
    number: u64,
}

impl Line {
    /// How it is doing now.
    pub(crate) fn note(&self, seat: Option<&Seat>, subscriber: Option<SubscriberId>, counters: &ViewerCounters) {
        let now = Attending { member: seat.map(Seat::id), subscriber, counters: *counters };
        self.lounge.attendance.note(self.number, now);
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        self.lounge.attendance.leave(self.number);
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.lounge.with(|inner, now| {
            inner.room.leave(self.id, now);
            inner.bells.remove(&self.id);
        });
    }
}

#[cfg(test)]
mod tests {
    use lunette_input_events::{KeyCode, Kind, Permission};
    use lunette_session::Hears;
    use tokio::time::timeout;

    use super::*;
    use crate::way::MOST_EVENTS;

    const SIZE: Size = Size::new(640, 360);

    fn lounge(room: usize) -> (Arc<Lounge>, mpsc::Receiver<Event>) {
        let (sink, events) = mpsc::channel(room);
        (Lounge::new(SIZE, Patience::default(), sink), events)
    }

    fn joined(lounge: &Arc<Lounge>) -> Seat {
        let joining =
            Joining { hears: Hears::Extensions, ..Joining::new(Kind::Person, "Zoë", Permission::MayControl) };
        lounge.join(joining).expect("room")
    }

    fn key(down: bool) -> Event {
        Event::Key { code: KeyCode(29), down }
    }

    fn letters(seat: &Seat) -> usize {
        std::iter::from_fn(|| seat.take_letter()).count()
    }

    #[tokio::test(start_paused = true)]
    async fn a_seat_that_is_dropped_takes_its_keys_up() {
        let (lounge, mut events) = lounge(8);
        let seat = joined(&lounge);
        seat.input(key(true)).expect("free");
        drop(seat);
        assert_eq!([events.recv().await, events.recv().await], [Some(key(true)), Some(key(false))]);
        assert!(lounge.presence().is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn a_member_is_woken_for_its_first_letters_and_for_later_ones() {
        let (lounge, _events) = lounge(8);
        let seat = joined(&lounge);
        seat.letter_came().await;
        assert!(letters(&seat) > 0);
        let quiet = timeout(Duration::from_secs(60), seat.letter_came()).await;
        assert!(quiet.is_err(), "nothing happened");
        let other = joined(&lounge);
        seat.letter_came().await;
        assert!(letters(&seat) > 0);
        drop(other);
        seat.letter_came().await;
        assert_eq!(letters(&seat), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn time_that_passes_takes_the_input_from_who_does_not_use_it() {
        let (lounge, mut events) = lounge(8);
        let keeping = tokio::spawn(Arc::clone(&lounge).keep_time());
        let seat = joined(&lounge);
        seat.input(key(true)).expect("free");
        events.recv().await;
        let began = Instant::now();
        assert_eq!(events.recv().await, Some(key(false)));
        assert_eq!(began.elapsed().as_secs(), Patience::default().let_go_after.as_secs());
        assert!(seat.may_act(), "it is nobody's");
        keeping.abort();
    }

    #[tokio::test(start_paused = true)]
    async fn what_a_slow_desktop_is_owed_comes_when_it_has_room_although_nothing_else_happens() {
        let (lounge, mut events) = lounge(1);
        let keeping = tokio::spawn(Arc::clone(&lounge).keep_time());
        let seat = joined(&lounge);
        let moved = Event::MoveBy { dx: 1.0, dy: 0.0 };
        for event in [key(true), key(false), moved.clone(), moved] {
            seat.input(event).expect("its own");
        }
        let two = Event::MoveBy { dx: 2.0, dy: 0.0 };
        for expected in [key(true), key(false), two] {
            assert_eq!(events.recv().await, Some(expected));
        }
        assert_eq!(lounge.lost(), 0);
        keeping.abort();
    }

    #[tokio::test(start_paused = true)]
    async fn a_batch_passes_whole_or_not_at_all_and_has_numbers() {
        let (lounge, mut events) = lounge(2);
        let seat = joined(&lounge);
        assert_eq!(seat.act(vec![key(true), key(false)]), Ok(1..3));
        assert_eq!(seat.act(vec![key(true), key(false), key(true), key(false)]), Ok(3..7));
        assert_eq!(seat.act(vec![key(true); MOST_EVENTS]), Err(Refusal::Behind));
        drop(events.recv().await);
        let other = joined(&lounge);
        assert!(matches!(other.act(vec![key(true), key(false)]), Err(Refusal::HeldByPerson(_))));
        assert_eq!(seat.act(vec![key(true)]), Ok(7..8));
    }

    #[tokio::test(start_paused = true)]
    async fn what_a_desktop_does_not_take_is_refused_and_leaves_nothing_down() {
        let (lounge, mut events) = lounge(8);
        lounge.set_accepts(Accepts::Nothing("it is switched off".to_owned()));
        let seat = joined(&lounge);
        let refused = seat.input(key(true)).expect_err("nothing takes it");
        assert!(refused.to_string().contains("switched off"), "{refused}");
        drop(seat);
        assert!(events.try_recv().is_err());
    }

    #[tokio::test(start_paused = true)]
    async fn who_has_the_input_hears_of_what_failed_twice_a_second() {
        let (lounge, _events) = lounge(8);
        let (seat, other) = (joined(&lounge), joined(&lounge));
        seat.input(key(true)).expect("free");
        assert!(letters(&seat) > 0 && letters(&other) > 0, "who is here");
        lounge.input_failed("no such key");
        let failed = seat.take_letter();
        assert!(format!("{failed:?}").contains("no such key"), "{failed:?}");
        lounge.input_failed("no such key");
        assert_eq!((letters(&seat), letters(&other)), (0, 0));
        tokio::time::advance(Duration::from_millis(500)).await;
        lounge.input_failed("no such key");
        assert_eq!((letters(&seat), letters(&other)), (1, 0));
    }
}
