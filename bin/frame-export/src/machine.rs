//! What happens to a virtual machine, and what follows for those who use its scanouts.

use std::sync::Arc;

use lunette_capture::qemu_dbus::{MachineEvent, QemuScreens};

use crate::access::{Gate, Revoked};

/// Has `gate` follow what happens to `machine`. The sources end by themselves.
pub(crate) fn follow(machine: &QemuScreens, gate: &Arc<Gate>) {
    // Nothing that holds the machine may be held here: the machine would be its own owner.
    let gate = Arc::clone(gate);
    machine.on_event(Box::new(move |event| happened(&gate, event)));
}

/// Grants do not outlive the guest that asked for them. Whoever makes them is recalled also when the machine comes
/// back: what it asked for meanwhile was refused.
fn happened(gate: &Gate, event: MachineEvent) {
    match event {
        MachineEvent::Connected => {}
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
