//! The room of one desktop, shared by the tasks of its members.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use lunette_frame::Size;
use lunette_input_events::{Event, ParticipantId, Patience, Refusal};
use lunette_session::{InputCounters, Joining, Letter, Presence, Room, SubscriberId, ViewerCounters};
use lunette_wire::stream::{AgentAction, ClipboardChange, InputRequest, ServerMessage};
use tokio::sync::{Notify, mpsc};
use tokio::time::Instant;

use crate::attendance::{Attendance, Attending, Connections};

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
    sink: mpsc::Sender<Event>,
    /// What must not be lost although the desktop takes nothing: a key that is not seen going up stays down.
    owed: VecDeque<Event>,
    /// Events that the desktop was too slow for.
    lost: u64,
}

/// Events that are owed at most.
const MOST_OWED: usize = 4096;

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
        let inner =
            Inner { room: Room::new(size, patience), bells: BTreeMap::new(), sink, owed: VecDeque::new(), lost: 0 };
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

    /// Input events that were lost since the desktop took none for too long.
    #[must_use]
    pub fn lost(&self) -> u64 {
        self.with(|inner, _| inner.lost)
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
            let due = self.with(|inner, _| inner.room.next_timeout());
            let timer = async {
                match due {
                    Some(due) => tokio::time::sleep_until(self.at(due)).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = timer => self.with(|inner, now| inner.room.handle_timeout(now)),
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
        let before = inner.room.next_timeout();
        let done = act(&mut inner, now);
        inner.settle();
        if inner.room.next_timeout() != before {
            self.deadline.notify_one();
        }
        done
    }
}

impl Inner {
    fn settle(&mut self) {
        while let Some(event) = self.room.poll_event() {
            // A pointer that moves says again where it is.
            let passing = matches!(event, Event::MoveTo { .. } | Event::MoveBy { .. } | Event::Scroll(_));
            if (passing && !self.owed.is_empty()) || self.owed.len() >= MOST_OWED {
                self.lost += 1;
            } else {
                self.owed.push_back(event);
            }
        }
        while let Some(event) = self.owed.pop_front() {
            if let Err(refused) = self.sink.try_send(event) {
                self.owed.push_front(refused.into_inner());
                break;
            }
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
    /// When the input is not its.
    pub fn input(&self, event: Event) -> Result<(), Refusal> {
        self.lounge.with(|inner, now| inner.room.input(self.id, now, event))
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

    const SIZE: Size = Size::new(640, 360);

    fn lounge(room: usize) -> (Arc<Lounge>, mpsc::Receiver<Event>) {
        let (sink, events) = mpsc::channel(room);
        (Lounge::new(SIZE, Patience::default(), sink), events)
    }

    fn joined(lounge: &Arc<Lounge>) -> Seat {
        let joining = Joining {
            kind: Kind::Person,
            name: "Zoë".to_owned(),
            permission: Permission::MayControl,
            unique_id: None,
            user_id: String::new(),
            avatar_url: String::new(),
            hears: Hears::Extensions,
        };
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
    async fn a_desktop_that_is_too_slow_misses_where_pointers_were_and_no_key() {
        let (lounge, mut events) = lounge(1);
        let seat = joined(&lounge);
        let moved = Event::MoveBy { dx: 1.0, dy: 0.0 };
        seat.input(key(true)).expect("free");
        seat.input(key(false)).expect("its own");
        for _ in 0..3 {
            seat.input(moved.clone()).expect("its own");
        }
        assert_eq!(lounge.lost(), 3);
        assert_eq!(events.recv().await, Some(key(true)));
        seat.input(moved).expect("its own");
        assert_eq!(events.recv().await, Some(key(false)));
    }
}
