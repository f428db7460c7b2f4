//! The death of a manager at any moment, and what the next one finds.

use lunette_frame::{ScanoutId, Size};
use lunette_lease::{ClientId, Input, Pool, Remains, Timing, Wish, take_stock};
use lunette_wire::Token;

use super::World;

/// What was put away of a lease.
#[derive(Debug, Clone, Copy)]
pub(super) struct Book {
    pub(super) scanout: u16,
    pub(super) lessee: u32,
    pub(super) client: u64,
}

impl World {
    /// Whether the manager is still there for one more effect on the world.
    pub(super) fn lives_to_see(&mut self) -> bool {
        match &mut self.dying {
            None => true,
            Some((0, _)) => false,
            Some((effects, _)) => {
                *effects -= 1;
                true
            }
        }
    }

    /// The manager is dead; the next one starts with what it left.
    pub(super) fn restart(&mut self, connected: bool) {
        self.dying = None;
        self.host.clear();
        self.kernel.clear();
        self.answered.clear();
        self.host_is_back = false;
        // Leases that nobody was given had their only descriptor in the manager; those of dead clients in these.
        let has_holder = |owner: &Option<u64>| owner.is_some_and(|owner| !self.clients[index(owner)].ended);
        self.leases.retain(|_, owner| has_holder(owner));
        self.lessees.retain(|scanout, _| self.leases.contains_key(scanout));
        let living = self.leases.clone();
        // Whoever had no answer sees the connection end.
        self.clients.iter_mut().filter(|client| client.answers == 0).for_each(|client| client.ended = true);
        let is_wanted = |book: &Book| !self.clients[index(book.client)].ended;
        let remains =
            |book: &Book| Some(Remains { scanout: book.scanout, lessee: book.lessee, is_wanted: is_wanted(book) });
        let remains: Vec<_> = self.store.iter().map(remains).collect();
        let lessees: Vec<_> = self.lessees.values().copied().collect();
        let stock = take_stock(&remains, &lessees);
        assert!(stock.strangers.is_empty(), "every lease that was handed out is in a book");
        self.store = stock.alive.iter().map(|place| self.store[*place]).collect();
        let outputs = (1..=self.outputs).map(|id| (ScanoutId::new(id), connected && !living.contains_key(&id)));
        self.pool = Pool::new(outputs, Timing::default());
        for Book { scanout, client, .. } in self.store.clone() {
            let wish = Wish { size: Size::new(1280, 720), light_crtc: false, token: Token::new([1; 32]) };
            self.pool.handle_input(self.now, Input::Restored(ClientId::new(client), ScanoutId::new(scanout), wish));
        }
        assert_eq!(self.pool.poll_action(), None, "nothing is asked of a host that is not there");
        assert_eq!(self.leases, living, "whoever had a lease has it still");
    }
}

fn index(client: u64) -> usize {
    usize::try_from(client).expect("small")
}
