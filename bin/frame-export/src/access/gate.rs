//! Lets in whoever may, and ends what a grant had allowed when the grant ends.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use lunette_frame::ScanoutId;
use lunette_session::{Access, NotAllowed, Right, Wish};
use lunette_wire::Token;
use lunette_wire::hxfr::Grant;
use tokio::sync::watch;

use super::pass::{Pass, Revoked};
use crate::metrics::{Exposition, Refusal, RefusalMetrics};

/// The one place that says yes.
#[derive(Debug)]
pub struct Gate {
    // A Mutex, since a pass must end with the grant that it was judged by: both are looked up together.
    inner: Mutex<Inner>,
    // A Mutex, held while the display device switches: a lease that ends meanwhile must not have the last word.
    switching: Mutex<()>,
    // A Mutex, so that of all bearers of leases at most one waits for the device: they must not keep out whoever plugs
    // and unplugs for everybody.
    resizing: Mutex<()>,
    /// Counts the times that the bearers of the secret had to connect anew.
    recall: watch::Sender<u64>,
    refusals: RefusalMetrics,
}

#[derive(Debug)]
struct Inner {
    access: Access,
    /// Tells the passes of each grant how it ended.
    passes: BTreeMap<ScanoutId, watch::Sender<Option<Revoked>>>,
}

impl Inner {
    fn end(&mut self, scanout: ScanoutId, revoked: Revoked) {
        if let Some(passes) = self.passes.remove(&scanout) {
            passes.send_replace(Some(revoked));
        }
    }
}

impl Gate {
    /// A gate that goes by `access`.
    #[must_use]
    pub fn new(access: Access) -> Self {
        let inner = Inner { access, passes: BTreeMap::new() };
        let (recall, refusals) = (watch::Sender::default(), RefusalMetrics::default());
        Self { inner: Mutex::new(inner), switching: Mutex::default(), resizing: Mutex::default(), recall, refusals }
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets a wish through that needs nothing else to hold meanwhile.
    ///
    /// # Errors
    /// When `shown` does not allow it.
    pub fn admit(&self, wish: Wish, shown: Option<&Token>) -> Result<Pass, NotAllowed> {
        let mut inner = self.inner();
        match inner.access.judge(wish, shown) {
            Ok(Right::Unlimited) => Ok(Pass(None)),
            Ok(Right::Lease) => {
                let passes = inner.passes.entry(wish.scanout()).or_insert_with(|| watch::Sender::new(None));
                Ok(Pass(Some(passes.subscribe())))
            }
            Err(refusal) => {
                self.refusals.count(wish.into());
                Err(refusal)
            }
        }
    }

    /// Lets a wish through that is fulfilled at once.
    ///
    /// # Errors
    /// When `shown` does not allow it.
    pub fn ask(&self, wish: Wish, shown: Option<&Token>) -> Result<(), NotAllowed> {
        let judged = self.inner().access.judge(wish, shown);
        judged.map(|_| ()).inspect_err(|_| self.refusals.count(wish.into()))
    }

    /// Lets `switch` plug or unplug the scanout of `wish`, one at a time. Unplugging ends the scanout's grant first,
    /// whether it succeeds or not.
    ///
    /// # Errors
    /// When `shown` does not allow it.
    pub fn switch<T>(&self, wish: Wish, shown: Option<&Token>, switch: impl FnOnce() -> T) -> Result<T, NotAllowed> {
        // Twice: who has no right does not wait here, and who had one may have lost it while waiting.
        let pass = self.admit(wish, shown)?;
        let _resizing = match pass {
            Pass(None) => None,
            Pass(Some(_)) => Some(self.resizing.try_lock().map_err(|_| NotAllowed::Busy)?),
        };
        let _switching = self.switching.lock().unwrap_or_else(PoisonError::into_inner);
        self.admit(wish, shown)?;
        if let Wish::Disable(scanout) = wish {
            let mut inner = self.inner();
            inner.access.revoke(scanout);
            inner.end(scanout, Revoked::Disabled);
        }
        Ok(switch())
    }

    /// Makes the token of `grant` the one that owns its scanout.
    ///
    /// # Errors
    /// When `shown` does not allow it.
    pub fn grant(&self, grant: &Grant, shown: Option<&Token>) -> Result<(), NotAllowed> {
        // Under one lock: a secret that is renewed in between must not grant any more.
        let mut inner = self.inner();
        let wish = Wish::Grant(grant.scanout);
        inner.access.judge(wish, shown).inspect_err(|_| self.refusals.count(wish.into()))?;
        if inner.access.grant(grant.scanout, grant.token) {
            inner.end(grant.scanout, Revoked::Replaced);
            tracing::info!(scanout = %grant.scanout, "granted to the bearer of another token");
        }
        Ok(())
    }

    /// Goes by another secret, if it is another; grants that were made under the old one end.
    pub fn renew(&self, secret: Token) {
        let mut inner = self.inner();
        if inner.access.renew(secret) {
            for passes in std::mem::take(&mut inner.passes).into_values() {
                passes.send_replace(Some(Revoked::Lost));
            }
            tracing::info!("the machine has another secret");
        }
    }

    /// Ends every grant.
    pub fn revoke_all(&self, revoked: Revoked) {
        let mut inner = self.inner();
        inner.access.revoke_all();
        for passes in std::mem::take(&mut inner.passes).into_values() {
            passes.send_replace(Some(revoked));
        }
    }

    /// A peer shows `token`: counts it when nobody knows it. Whoever may make grants is told when they are void.
    pub fn notice(&self, token: &Token) -> Option<watch::Receiver<u64>> {
        let inner = self.inner();
        if !inner.access.knows(token) {
            self.refusals.count(Refusal::Token);
        }
        inner.access.is_unlimited(token).then(|| self.recall.subscribe())
    }

    /// Has whoever makes grants connect anew, and say again which scanouts it needs.
    pub fn recall(&self) {
        self.recall.send_modify(|count| *count += 1);
    }

    /// Writes what was granted and refused.
    pub fn expose(&self, text: &mut Exposition) {
        let (strict, granted) = {
            let inner = self.inner();
            (inner.access.is_strict(), inner.access.granted())
        };
        text.family("frame_export_strict", "gauge", "1 where tokens decide who may use a scanout.");
        text.sample("frame_export_strict", &[], u8::from(strict));
        text.family("frame_export_granted_scanouts", "gauge", "Scanouts that the bearer of a token owns.");
        text.sample("frame_export_granted_scanouts", &[], granted);
        text.family("frame_export_recalls_total", "counter", "Times that whoever makes grants had to connect anew.");
        text.sample("frame_export_recalls_total", &[], *self.recall.borrow());
        self.refusals.expose(text);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};

    use lunette_frame::{AccessUnit, Pts, Size, UnitKind};
    use lunette_net::{StreamEnd, Units};
    use lunette_wire::hxfr::ErrorCode;

    use super::*;
    use crate::access::Admitted;

    const SECRET: Token = Token::new([0; 32]);
    const LEASE: Token = Token::new([1; 32]);
    const SCANOUT: ScanoutId = ScanoutId::new(3);

    /// Always has another unit.
    struct Endless;

    impl Units for Endless {
        async fn next(&mut self) -> Result<AccessUnit, StreamEnd> {
            let (kind, pts, size) = (UnitKind::Idr, Pts::from_nanos(1), Size::new(16, 16));
            Ok(AccessUnit { kind, pts, size, data: bytes::Bytes::new() })
        }
    }

    fn leased() -> Gate {
        let gate = Gate::new(Access::strict(SECRET));
        gate.grant(&Grant { scanout: SCANOUT, token: LEASE }, Some(&SECRET)).unwrap();
        gate
    }

    fn watching(gate: &Gate, token: &Token) -> Admitted<Endless> {
        Admitted::new(Endless, gate.admit(Wish::Subscribe(SCANOUT), Some(token)).unwrap())
    }

    async fn ends_because(admitted: &mut Admitted<Endless>) -> Option<String> {
        match admitted.next().await {
            Ok(_) => None,
            Err(StreamEnd { code, reason }) => {
                assert_eq!(code, ErrorCode::NotFound);
                Some(reason)
            }
        }
    }

    #[tokio::test]
    async fn whoever_came_by_a_grant_leaves_with_it() {
        let replace = |gate: &Gate| gate.grant(&Grant { scanout: SCANOUT, token: SECRET }, Some(&SECRET)).unwrap();
        let disable = |gate: &Gate| gate.switch(Wish::Disable(SCANOUT), Some(&SECRET), || ()).unwrap();
        let reset = |gate: &Gate| gate.revoke_all(Revoked::Reset);
        let ends: [(fn(&Gate), _); 3] =
            [(replace, Revoked::Replaced), (disable, Revoked::Disabled), (reset, Revoked::Reset)];
        for (end, why) in ends {
            let gate = leased();
            let (mut by_lease, mut by_secret) = (watching(&gate, &LEASE), watching(&gate, &SECRET));
            assert_eq!(ends_because(&mut by_lease).await, None);
            end(&gate);
            assert_eq!(ends_because(&mut by_lease).await, Some(why.to_string()));
            assert_eq!(ends_because(&mut by_secret).await, None);
        }
    }

    #[tokio::test]
    async fn a_repeated_grant_ends_nobody() {
        let gate = leased();
        let mut watching = watching(&gate, &LEASE);
        gate.grant(&Grant { scanout: SCANOUT, token: LEASE }, Some(&SECRET)).unwrap();
        assert_eq!(ends_because(&mut watching).await, None);
    }

    #[test]
    fn a_lease_that_ends_while_it_waits_for_its_turn_does_not_switch() {
        let (gate, switched) = (leased(), AtomicBool::new(false));
        std::thread::scope(|scope| {
            let turn = gate.switching.lock().unwrap();
            let waiting = scope
                .spawn(|| gate.switch(Wish::Enable(SCANOUT), Some(&LEASE), || switched.store(true, Ordering::Relaxed)));
            while !gate.inner().passes.contains_key(&SCANOUT) {
                std::thread::yield_now();
            }
            gate.revoke_all(Revoked::Reset);
            drop(turn);
            assert_eq!(waiting.join().unwrap(), Err(NotAllowed::NeedsLease));
        });
        assert!(!switched.load(Ordering::Relaxed));
    }

    #[test]
    fn of_all_leases_one_waits_for_its_turn_and_the_secret_always_may() {
        let gate = leased();
        std::thread::scope(|scope| {
            let turn = gate.switching.lock().unwrap();
            let first = scope.spawn(|| gate.switch(Wish::Enable(SCANOUT), Some(&LEASE), || ()));
            while gate.resizing.try_lock().is_ok() {
                std::thread::yield_now();
            }
            assert_eq!(gate.switch(Wish::Enable(SCANOUT), Some(&LEASE), || ()), Err(NotAllowed::Busy));
            let secret = scope.spawn(|| gate.switch(Wish::Enable(SCANOUT), Some(&SECRET), || ()));
            drop(turn);
            assert_eq!((first.join().unwrap(), secret.join().unwrap()), (Ok(()), Ok(())));
        });
    }

    #[test]
    fn only_the_bearer_of_the_secret_is_recalled() {
        let gate = leased();
        let owner = gate.notice(&SECRET).unwrap();
        assert!(gate.notice(&LEASE).is_none());
        assert!(!owner.has_changed().unwrap());
        gate.recall();
        assert!(owner.has_changed().unwrap());
        assert!(!gate.notice(&SECRET).unwrap().has_changed().unwrap(), "it came after that");
    }

    #[test]
    fn refusals_are_counted_by_what_was_refused() {
        let gate = leased();
        let stranger = Token::new([9; 32]);
        assert!(gate.notice(&stranger).is_none() && gate.notice(&LEASE).is_none());
        assert!(gate.admit(Wish::Subscribe(SCANOUT), Some(&stranger)).is_err());
        assert!(gate.switch(Wish::Disable(SCANOUT), None, || ()).is_err());
        assert!(gate.ask(Wish::Status(SCANOUT), Some(&stranger)).is_err());
        assert!(gate.ask(Wish::Status(SCANOUT), Some(&LEASE)).is_ok());
        let mut text = Exposition::default();
        gate.expose(&mut text);
        let text = text.finish();
        for (what, count) in
            [("subscribe", 1), ("status", 1), ("enable", 0), ("disable", 1), ("grant", 0), ("token", 1)]
        {
            assert!(text.contains(&format!("refused_total{{what=\"{what}\"}} {count}\n")), "{what}: {text}");
        }
        assert!(text.contains("frame_export_granted_scanouts 1\n"), "{text}");
    }
}
