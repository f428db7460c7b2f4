//! What happens to a virtual machine, and what follows for those who use its scanouts.

use std::sync::Arc;

use lunette_capture::qemu_dbus::{MachineEvent, QemuScreens};

use crate::access::{Gate, Revoked};
use crate::config::AccessConfig;
use lunette_cause::chain;

/// Has `gate` follow what happens to `machine`. The sources end by themselves.
pub(crate) fn follow(machine: &QemuScreens, gate: &Arc<Gate>, access: AccessConfig) {
    // Nothing that holds the machine may be held here: the machine would be its own owner.
    let gate = Arc::clone(gate);
    machine.on_event(Box::new(move |event| {
        if event == MachineEvent::Connected {
            renew(&gate, &access);
        }
        happened(&gate, event);
    }));
}

/// A machine that was started anew has a secret of its own, in the same file.
fn renew(gate: &Gate, access: &AccessConfig) {
    match access.secret() {
        Ok(Some(secret)) => gate.renew(secret),
        Ok(None) => {}
        Err(error) => tracing::warn!(reason = chain(&error), "going on with the secret as it was"),
    }
}

/// Grants do not outlive the guest that asked for them. Whoever makes them is recalled when there are scanouts to enable
/// again, also when the machine comes back: what it asked for meanwhile was refused.
fn happened(gate: &Gate, event: MachineEvent) {
    match event {
        MachineEvent::Connected => {}
        MachineEvent::Resetting => return gate.revoke_all(Revoked::Reset),
        MachineEvent::Reset => gate.revoke_all(Revoked::Reset),
        MachineEvent::Lost => gate.revoke_all(Revoked::Lost),
    }
    gate.recall();
}

#[cfg(test)]
mod tests {
    use lunette_frame::ScanoutId;
    use lunette_session::{Access, Wish};
    use lunette_wire::Token;
    use lunette_wire::hxfr::Grant;

    use super::*;

    const SECRET: Token = Token::new([0; 32]);
    const LEASE: Token = Token::new([1; 32]);
    const SCANOUT: ScanoutId = ScanoutId::new(3);

    #[test]
    fn a_machine_that_is_started_anew_brings_its_secret() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let access = AccessConfig::Strict(file.path().to_owned());
        std::fs::write(file.path(), SECRET.to_hex()).unwrap();
        let gate = Gate::new(access.open().unwrap());
        gate.grant(&Grant { scanout: SCANOUT, token: LEASE }, Some(&SECRET)).unwrap();
        renew(&gate, &access);
        assert!(gate.admit(Wish::Subscribe(SCANOUT), Some(&LEASE)).is_ok(), "the same secret changes nothing");
        let other = Token::new([9; 32]);
        std::fs::write(file.path(), other.to_hex()).unwrap();
        renew(&gate, &access);
        assert!(gate.admit(Wish::Subscribe(SCANOUT), Some(&LEASE)).is_err());
        assert!(gate.admit(Wish::Disable(SCANOUT), Some(&SECRET)).is_err());
        assert!(gate.admit(Wish::Disable(SCANOUT), Some(&other)).is_ok());
        std::fs::write(file.path(), "no secret").unwrap();
        renew(&gate, &access);
        assert!(gate.admit(Wish::Disable(SCANOUT), Some(&other)).is_ok());
    }

    #[test]
    fn grants_end_before_scanouts_do_and_whoever_makes_them_is_recalled_after() {
        let gate = Gate::new(Access::strict(SECRET));
        gate.grant(&Grant { scanout: SCANOUT, token: LEASE }, Some(&SECRET)).unwrap();
        let owner = gate.notice(&SECRET).unwrap();
        happened(&gate, MachineEvent::Resetting);
        assert!(gate.admit(Wish::Subscribe(SCANOUT), Some(&LEASE)).is_err());
        assert!(!owner.has_changed().unwrap());
        happened(&gate, MachineEvent::Reset);
        assert!(owner.has_changed().unwrap());
    }

    #[test]
    fn grants_end_with_the_guest_and_the_secret_stays() {
        for (event, grants_live) in
            [(MachineEvent::Connected, true), (MachineEvent::Reset, false), (MachineEvent::Lost, false)]
        {
            let gate = Gate::new(Access::strict(SECRET));
            gate.grant(&Grant { scanout: SCANOUT, token: LEASE }, Some(&SECRET)).unwrap();
            let owner = gate.notice(&SECRET).unwrap();
            happened(&gate, event);
            assert_eq!(gate.admit(Wish::Subscribe(SCANOUT), Some(&LEASE)).is_ok(), grants_live, "{event:?}");
            assert!(gate.admit(Wish::Subscribe(SCANOUT), Some(&SECRET)).is_ok());
            assert!(owner.has_changed().unwrap(), "{event:?}");
        }
    }
}
