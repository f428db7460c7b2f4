//! Facts of a real card: `LUNETTE_KMS_DEVICE=/dev/dri/card0`, of which nobody else may be master.
//!
//! The tests take turns, since a card has one master.

use std::env;
use std::os::fd::AsFd;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use lunette_frame::{Rect, Size};
use lunette_sys_kms::{
    AtomicRequest, Card, CommitFlags, Connector, FlipEvent, Framebuffer, KmsError, Lease, Mode, ObjectId, Output, Probe,
};
use rustix::io::Errno;

static TURN: Mutex<()> = Mutex::new(());

/// The card, this process its master, and an output that is connected.
struct Device {
    card: Card,
    output: Output,
    mode: Mode,
    _turn: MutexGuard<'static, ()>,
}

impl Device {
    /// [`None`] where no card was named; says so.
    fn open() -> Option<Self> {
        let Some(path) = env::var_os("LUNETTE_KMS_DEVICE") else {
            println!("NOT RUN: sys/kms on a real card: LUNETTE_KMS_DEVICE names none");
            return None;
        };
        let turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
        let card = Card::open(Path::new(&path)).expect("a card");
        card.become_master().expect("no other master");
        card.enable_universal_planes().expect("a card with mode setting");
        let outputs = card.outputs().expect("outputs");
        let probed = |output: Output| (card.connector_probed(output.connector, Probe::Forced).expect("it"), output);
        let connected = |(connector, _): &(Connector, Output)| connector.is_connected();
        let (connector, output) = outputs.into_iter().map(probed).find(connected).expect("one that is connected");
        let mode = *connector.preferred_mode().expect("a mode");
        Some(Self { card, output, mode, _turn: turn })
    }

    fn lease(&self) -> Lease {
        self.card.create_lease(&self.output.objects()).expect("a lease")
    }

    /// The leased output, seen from the lessee's side.
    fn lessee(&self) -> (Lease, Lessee) {
        let lease = self.lease();
        let card = Card::from_fd(lease.fd.try_clone().expect("a descriptor"));
        card.enable_universal_planes().expect("a card with mode setting");
        let buffers = [0; 2].map(|_| card.create_framebuffer(self.mode.size()).expect("memory"));
        (lease, Lessee { buffers, output: self.output.clone(), mode: self.mode, card })
    }
}

struct Lessee {
    buffers: [Framebuffer; 2],
    output: Output,
    mode: Mode,
    card: Card,
}

impl Lessee {
    fn light(&self) -> Result<(), KmsError> {
        self.card.set_crtc(self.output.crtc, self.output.connector, self.buffers[0].id(), &self.mode)
    }

    fn flip(&self, number: u64) -> Result<(), KmsError> {
        let next = &self.buffers[usize::try_from(number % 2).expect("small")];
        self.card.page_flip(self.output.crtc, next.id(), number)
    }

    fn flip_with_damage(&self, number: u64) -> Result<(), KmsError> {
        let plane = self.card.properties(self.output.primary)?;
        let clips = self.card.create_damage_blob(&[Rect::new(0, 0, 64, 64), Rect::new(64, 64, 8, 8)])?;
        let next = &self.buffers[usize::try_from(number % 2).expect("small")];
        let mut request = AtomicRequest::new();
        request.add(self.output.primary, plane.id("FB_ID")?, next.id().get().into());
        request.add(self.output.primary, plane.id("FB_DAMAGE_CLIPS")?, clips.id().get().into());
        self.card.commit(&request, CommitFlags::NONBLOCKING | CommitFlags::EVENT, number)
    }

    fn flipped(&self) -> Vec<FlipEvent> {
        self.card.read_events(Duration::from_secs(10)).expect("events").collect()
    }
}

fn errno<T>(outcome: Result<T, KmsError>) -> Option<Errno> {
    outcome.err().and_then(|error| error.errno())
}

#[test]
fn every_output_has_objects_of_its_own() {
    let Some(device) = Device::open() else { return };
    let outputs = device.card.outputs().expect("outputs");
    let mut objects: Vec<ObjectId> = outputs.iter().flat_map(Output::objects).collect();
    let all = objects.len();
    objects.sort();
    objects.dedup();
    assert_eq!(objects.len(), all);
}

#[test]
fn a_lease_holds_what_was_asked_for() {
    let Some(device) = Device::open() else { return };
    let (mut asked, lease) = (device.output.objects(), device.lease());
    asked.sort();
    assert_eq!(Card::leased_objects(lease.fd.as_fd()).expect("a lease"), asked);
    assert_eq!(device.card.lessees().expect("a master"), [lease.lessee]);
    assert!(rustix::io::fcntl_getfd(&lease.fd).expect("a descriptor").contains(rustix::io::FdFlags::CLOEXEC));
}

#[test]
fn a_lease_shows_its_output_and_no_other() {
    let Some(device) = Device::open() else { return };
    let (_lease, lessee) = device.lessee();
    assert!(lessee.card.is_master());
    assert_eq!(lessee.card.outputs().expect("outputs"), [device.output]);
}

#[test]
fn an_output_is_leased_once_at_a_time() {
    let Some(device) = Device::open() else { return };
    let first = device.lease();
    assert_eq!(errno(device.card.create_lease(&device.output.objects())), Some(Errno::BUSY));
    drop(first);
    drop(device.lease());
    assert!(device.card.lessees().expect("a master").is_empty());
}

#[test]
fn planes_cannot_be_leased_before_they_are_visible() {
    let Some(device) = Device::open() else { return };
    device.card.drop_master().expect("it was master");
    let path = env::var_os("LUNETTE_KMS_DEVICE").expect("it was opened");
    let blind = Card::open(Path::new(&path)).expect("a card");
    assert!(blind.outputs().expect("a list").is_empty());
    assert_eq!(errno(blind.create_lease(&device.output.objects())), Some(Errno::NOSPC));
}

#[test]
fn a_revoked_lease_flips_no_more() {
    let Some(device) = Device::open() else { return };
    let (lease, lessee) = device.lessee();
    lessee.light().expect("it is leased");
    device.card.revoke_lease(lease.lessee).expect("its lessor");
    assert_eq!((errno(lessee.flip(1)), errno(lessee.light())), (Some(Errno::NOENT), Some(Errno::NOENT)));
    assert!(Card::leased_objects(lease.fd.as_fd()).expect("a lease").is_empty());
    // The output is free although the old descriptor is still open.
    drop(device.lease());
}

#[test]
fn legacy_flips_are_reported_with_their_number() {
    let Some(device) = Device::open() else { return };
    let (_lease, lessee) = device.lessee();
    lessee.light().expect("it is leased");
    for number in 1..10 {
        lessee.flip(number).expect("no flip is under way");
        assert_eq!(lessee.flipped().iter().map(|flip| flip.user_data).collect::<Vec<_>>(), [number]);
    }
    lessee.card.dirty(lessee.buffers[1].id(), &[Rect::new(0, 0, 64, 64)]).expect("it is shown");
    lessee.card.turn_off(lessee.output.crtc).expect("it is leased");
    assert_eq!(errno(lessee.flip(10)), Some(Errno::BUSY));
}

#[test]
fn atomic_flips_with_damage_are_reported_in_order() {
    let Some(device) = Device::open() else { return };
    let (_lease, lessee) = device.lessee();
    lessee.light().expect("it is leased");
    lessee.card.enable_atomic().expect("an atomic driver");
    let mut before = Duration::ZERO;
    for number in 1..10 {
        lessee.flip_with_damage(number).expect("no flip is under way");
        let [flip] = lessee.flipped()[..] else { panic!("not one flip") };
        assert_eq!((flip.user_data, flip.crtc), (number, Some(lessee.output.crtc)));
        assert!(flip.time >= before);
        before = flip.time;
    }
}

#[test]
fn a_framebuffer_is_black_and_writable() {
    let Some(device) = Device::open() else { return };
    let mut framebuffer = device.card.create_framebuffer(Size::new(333, 55)).expect("memory");
    assert!(framebuffer.stride() >= 333 * 4 && framebuffer.pixels_mut().len() >= framebuffer.stride() * 55);
    assert!(framebuffer.pixels_mut().iter().all(|byte| *byte == 0));
    framebuffer.pixels_mut().fill(0xff);
}

#[test]
fn a_picture_may_stay_when_its_framebuffer_is_given_up() {
    let Some(device) = Device::open() else { return };
    let framebuffer = device.card.create_framebuffer(device.mode.size()).expect("memory");
    let output = &device.output;
    device.card.set_crtc(output.crtc, output.connector, framebuffer.id(), &device.mode).expect("a master");
    let id = framebuffer.id();
    framebuffer.leave_shown().expect("Linux 6.8 or newer");
    device.card.enable_atomic().expect("an atomic driver");
    let shown = device.card.properties(output.primary).expect("a plane").value("FB_ID").expect("it has one");
    assert_eq!(shown, id.get().into());
    device.card.turn_off(output.crtc).expect("a master");
}
