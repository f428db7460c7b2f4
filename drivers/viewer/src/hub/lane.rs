//! One subscription at frame-export: made while it is wanted, made again when it breaks.

use std::sync::Arc;
use std::time::Duration;

use lunette_cause::chain;
use lunette_frame::{AccessUnit, BitRate, Pts, Size, UnitKind};
use lunette_h264::AccessUnitFacts;
use lunette_net::client::{Arrival, Arrivals, Frame, Limits, Sender, Subscriber};
use lunette_session::{Flow, Slot};
use tokio::time::{Instant, sleep, sleep_until, timeout};

use super::Uplink;
use super::shared::{Link, Shared, Wanted};

/// After the first failure; doubled by each further one.
const FIRST_PAUSE: Duration = Duration::from_millis(200);
/// Longest pause between two attempts.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// How often it is asked how the scanout is doing, while no picture comes.
const ASK: Duration = Duration::from_secs(2);
/// For frame-export to take what it is told.
const TELL: Duration = Duration::from_secs(5);
/// When nothing else is due.
const LONG: Duration = Duration::from_secs(60);

pub(super) struct Lane {
    slot: Slot,
    uplink: Uplink,
    shared: Arc<Shared>,
    pause: Duration,
}

/// What frame-export was told last.
#[derive(Default)]
struct Told {
    rate: Option<BitRate>,
    held: bool,
    idr_asked: Option<Instant>,
    standing_asked: Option<Instant>,
}

impl Lane {
    pub(super) fn new(slot: Slot, uplink: Uplink, shared: Arc<Shared>) -> Self {
        Self { slot, uplink, shared, pause: FIRST_PAUSE }
    }

    pub(super) async fn run(mut self) {
        loop {
            if self.shared.wanted(self.slot).idle {
                self.note(Link::Idle);
                self.shared.wishes[self.slot.index()].notified().await;
                continue;
            }
            if let Err(reason) = self.subscription().await {
                tracing::info!(slot = ?self.slot, reason, "no pictures from frame-export");
                self.note(Link::Down(reason));
                sleep(self.pause).await;
                self.pause = (self.pause * 2).min(LONGEST_PAUSE);
            }
        }
    }

    fn note(&self, link: Link) {
        self.shared.set_link(self.slot, link);
    }

    /// One subscription, until it is not wanted any more, or breaks.
    async fn subscription(&mut self) -> Result<(), String> {
        let Uplink { route, scanout, token } = &self.uplink;
        let subscriber = Subscriber::connect_by(route, *token, *scanout, Limits::default()).await;
        let (mut arrivals, mut sender) = subscriber.map_err(|error| chain(&error))?.split();
        self.note(Link::Up);
        self.shared.restart(self.slot);
        let broken = |error: std::io::Error| error.to_string();
        sender.watch_cursor().await.map_err(broken)?;
        let (mut told, mut size) = (Told::default(), None);
        loop {
            let wanted = self.shared.wanted(self.slot);
            if wanted.idle {
                return Ok(());
            }
            let telling = timeout(TELL, told.tell(&mut sender, &wanted)).await;
            telling.map_err(|_| "frame-export takes nothing any more".to_owned())?.map_err(broken)?;
            if let Some(arrival) = self.next(&mut arrivals, &wanted).await? {
                self.pause = FIRST_PAUSE;
                match arrival {
                    Arrival::Unit(frame) => self.publish(&frame, &mut size, &mut told),
                    Arrival::Cursor(cursor) => self.shared.point(&cursor),
                    Arrival::Standing(standing) => self.shared.set_standing(standing),
                }
            }
        }
    }

    /// What arrives next; `None` when something else may be wanted.
    async fn next(&self, arrivals: &mut Arrivals, wanted: &Wanted) -> Result<Option<Arrival>, String> {
        let again = wanted.again.map_or_else(|| Instant::now() + LONG, |at| self.shared.at(at));
        let again = if wanted.ask { again.min(Instant::now() + ASK) } else { again };
        tokio::select! {
            arrived = arrivals.next() => match arrived {
                Ok(Some(arrival)) => Ok(Some(arrival)),
                Ok(None) => Err("frame-export closed the connection".to_owned()),
                Err(error) => Err(chain(&error)),
            },
            () = self.shared.wishes[self.slot.index()].notified() => Ok(None),
            () = sleep_until(again) => Ok(None),
        }
    }

    fn publish(&self, frame: &Frame, size: &mut Option<Size>, told: &mut Told) {
        let Some(unit) = access_unit(frame, size) else { return };
        if unit.is_idr() {
            told.idr_asked = None;
        }
        self.shared.publish(self.slot, &unit, frame.received_at);
    }
}

impl Told {
    async fn tell(&mut self, sender: &mut Sender, wanted: &Wanted) -> std::io::Result<()> {
        /// An IDR that did not come within so long is asked for again.
        const IDR: Duration = Duration::from_secs(1);
        if self.held != wanted.hold {
            self.held = wanted.hold;
            sender.hold(if wanted.hold { Flow::Held } else { Flow::Going }).await?;
        }
        if let Some(rate) = wanted.rate.or(self.rate.map(|_| UNLIMITED)).filter(|rate| self.rate != Some(*rate)) {
            self.rate = Some(rate);
            sender.set_rate(rate).await?;
        }
        if wanted.ask && self.standing_asked.is_none_or(|asked| asked.elapsed() >= ASK) {
            self.standing_asked = Some(Instant::now());
            sender.ask_standing().await?;
        }
        if wanted.idr && self.idr_asked.is_none_or(|asked| asked.elapsed() > IDR) {
            self.idr_asked = Some(Instant::now());
            sender.request_idr().await?;
        }
        Ok(())
    }
}

/// More than any encoder spends.
const UNLIMITED: BitRate = BitRate::from_bits_per_second(1_000_000_000);

/// The unit with its real size, which its SPS says. Units before the first SPS are useless.
fn access_unit(frame: &Frame, size: &mut Option<Size>) -> Option<AccessUnit> {
    let response = &frame.unit;
    let data = response.nals.access_unit();
    if response.kind == UnitKind::Idr {
        let sps = AccessUnitFacts::inspect(&data).ok().and_then(|facts| facts.sps);
        *size = sps.map(|sps| sps.visible).or(*size);
    }
    let pts = Pts::from_nanos(u64::try_from(response.pts?.get()).ok()?);
    Some(AccessUnit { kind: response.kind, pts, size: (*size)?, data })
}
