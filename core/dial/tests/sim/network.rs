//! Connections that deliver in order, late, or not at all.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::time::Duration;

use crate::dice::Dice;

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum End {
    Server,
    Program,
}

impl End {
    pub(crate) fn other(self) -> Self {
        if self == Self::Server { Self::Program } else { Self::Server }
    }
}

#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Packet {
    Bytes(Vec<u8>),
    Ping,
    Pong,
    /// The last one, with the close frame's code.
    Close(Option<u16>),
}

struct Wire {
    delay: Duration,
    /// Swallows everything, and nobody is told.
    dead: bool,
    /// Until when the last packet for each end is on its way.
    busy: [Duration; 2],
}

pub(crate) type ConnId = usize;

/// When it arrives, the order in which it was sent, where.
type Sent = (Duration, u64, ConnId, End, Packet);

#[derive(Default)]
pub(crate) struct Network {
    wires: BTreeMap<ConnId, Wire>,
    next: ConnId,
    sent: u64,
    queue: BinaryHeap<Reverse<Sent>>,
}

impl Network {
    pub(crate) fn connect(&mut self, dice: &mut Dice) -> ConnId {
        self.next += 1;
        let delay = dice.between(Duration::from_micros(100), Duration::from_millis(150));
        self.wires.insert(self.next, Wire { delay, dead: false, busy: [Duration::ZERO; 2] });
        self.next
    }

    /// Bytes are cut where it pleases the network.
    pub(crate) fn send(&mut self, now: Duration, id: ConnId, to: End, packet: Packet, dice: &mut Dice) {
        let pieces = match packet {
            Packet::Bytes(bytes) if bytes.len() > 1 && dice.chance(30) => {
                let (left, right) = bytes.split_at(1 + dice.below(bytes.len() - 1));
                vec![Packet::Bytes(left.to_vec()), Packet::Bytes(right.to_vec())]
            }
            packet => vec![packet],
        };
        let Some(wire) = self.wires.get_mut(&id).filter(|wire| !wire.dead) else { return };
        for piece in pieces {
            let busy = &mut wire.busy[to as usize];
            let jitter = dice.between(Duration::ZERO, Duration::from_millis(30));
            *busy = (now + wire.delay + jitter).max(*busy + Duration::from_micros(1));
            self.sent += 1;
            self.queue.push(Reverse((*busy, self.sent, id, to, piece)));
        }
    }

    pub(crate) fn kill(&mut self, id: ConnId) {
        if let Some(wire) = self.wires.get_mut(&id) {
            wire.dead = true;
        }
    }

    /// Both ends learn that it is over.
    pub(crate) fn cut(&mut self, now: Duration, id: ConnId, dice: &mut Dice) {
        for end in [End::Server, End::Program] {
            self.send(now, id, end, Packet::Close(None), dice);
        }
        self.kill(id);
    }

    pub(crate) fn open(&self) -> Vec<ConnId> {
        self.wires.iter().filter(|(_, wire)| !wire.dead).map(|(id, _)| *id).collect()
    }

    pub(crate) fn next_at(&self) -> Option<Duration> {
        self.queue.peek().map(|Reverse((at, ..))| *at)
    }

    pub(crate) fn receive(&mut self, now: Duration) -> Option<(ConnId, End, Packet)> {
        if self.next_at()? > now {
            return None;
        }
        let Reverse((_, _, id, end, packet)) = self.queue.pop()?;
        Some((id, end, packet))
    }
}
