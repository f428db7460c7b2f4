//! Which system calls a desktop may make: those on a list, and of some only with certain arguments.
//!
//! What is not on the list fails with EPERM. The text is what runc and Docker both read.

mod bits;
mod calls;

use lunette_desktop::CompositorKind;
use serde::Serialize;

use bits::Pattern;

/// Namespaces of all kinds: a desktop makes none of its own.
const NEW_NAMESPACES: u64 = 0x7e02_0000;
/// AF_UNIX, AF_INET, AF_INET6, AF_NETLINK. AF_VSOCK would lead to the machine's host past every firewall.
const FAMILIES: [u64; 4] = [1, 2, 10, 16];
/// Personalities that Linux and its debuggers use; others bring back weaknesses of old systems.
const PERSONALITIES: [u64; 5] = [0x0, 0x0008, 0x2_0000, 0x2_0008, 0xffff_ffff];
const INT: u64 = 0xffff_ffff;

/// TIOCSTI and TIOCLINUX type into a terminal that the caller merely reads from.
const TERMINAL_TRICKS: [u32; 2] = [0x5412, 0x541c];
/// GETFB and GETFB2 read pictures of others on the same card; SET_MASTER takes the whole card. The kernel looks at these
/// two bytes only: the same call with another size in its number is the same call.
const DRM_REFUSED: [u32; 3] = [0x64ad, 0x64ce, 0x641e];
/// AUTH_MAGIC fails on every lease by the kernel's design, and wlroots needs no more of it than a success.
const DRM_AUTH_MAGIC: u32 = 0x6411;

/// A filter, in the words of libseccomp.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Profile {
    default_action: Action,
    default_errno_ret: u32,
    architectures: [&'static str; 1],
    syscalls: Vec<Rule>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
enum Action {
    #[serde(rename = "SCMP_ACT_ALLOW")]
    Allow,
    #[serde(rename = "SCMP_ACT_ERRNO")]
    Errno,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
struct Rule {
    names: Vec<&'static str>,
    action: Action,
    #[serde(skip_serializing_if = "Option::is_none")]
    errno_ret: Option<u32>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    args: Vec<Argument>,
}

/// The argument under `value`, taken as a mask, is `value_two`. A mask is always needed: where the kernel takes 32 bits
/// the upper half of the register is the caller's to fill.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
struct Argument {
    index: u32,
    value: u64,
    value_two: u64,
    op: &'static str,
}

impl Profile {
    /// For a desktop with this compositor, on the processor that this program was built for.
    #[must_use]
    pub fn new(compositor: CompositorKind) -> Self {
        let mut syscalls = vec![Rule::allow(calls::ALLOWED.to_vec())];
        syscalls.push(Rule::errno("clone3", libc_errno::ENOSYS));
        syscalls.push(Rule::allow(vec!["clone"]).with(0, NEW_NAMESPACES, 0));
        syscalls.extend(FAMILIES.map(|family| Rule::allow(vec!["socket", "socketpair"]).with(0, INT, family)));
        syscalls.extend(PERSONALITIES.map(|value| Rule::allow(vec!["personality"]).with(0, INT, value)));
        syscalls.extend(ioctls(compositor));
        Self {
            default_action: Action::Errno,
            default_errno_ret: libc_errno::EPERM,
            architectures: [architecture()],
            syscalls,
        }
    }
}

/// libseccomp knows "is" but no "is none of": the complement is spelt out as patterns of low bits.
fn ioctls(compositor: CompositorKind) -> Vec<Rule> {
    let mut special: Vec<Pattern> = TERMINAL_TRICKS.map(Pattern::whole).to_vec();
    special.extend(DRM_REFUSED.map(Pattern::low_half));
    let mut rules = Vec::new();
    if compositor == CompositorKind::Wlroots {
        let magic = Pattern::low_half(DRM_AUTH_MAGIC);
        special.push(magic);
        rules.push(Rule::errno("ioctl", 0).with(1, magic.mask().into(), magic.value().into()));
    }
    let others = bits::complement(&special);
    rules.extend(others.iter().map(|p| Rule::allow(vec!["ioctl"]).with(1, p.mask().into(), p.value().into())));
    rules
}

impl Rule {
    fn allow(names: Vec<&'static str>) -> Self {
        Self { names, action: Action::Allow, errno_ret: None, args: Vec::new() }
    }

    fn errno(name: &'static str, errno: u32) -> Self {
        Self { names: vec![name], action: Action::Errno, errno_ret: Some(errno), args: Vec::new() }
    }

    fn with(mut self, index: u32, mask: u64, value: u64) -> Self {
        self.args.push(Argument { index, value: mask, value_two: value, op: "SCMP_CMP_MASKED_EQ" });
        self
    }
}

/// The same on every processor that Linux has.
mod libc_errno {
    pub(super) const EPERM: u32 = 1;
    pub(super) const ENOSYS: u32 = 38;
}

/// Programs of another architecture, 32-bit ones too, are killed: their calls have other numbers, and `socketcall`
/// hides its arguments.
const fn architecture() -> &'static str {
    if cfg!(target_arch = "aarch64") { "SCMP_ARCH_AARCH64" } else { "SCMP_ARCH_X86_64" }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the filter does with an ioctl, as the kernel would: the first rule that matches.
    fn verdict(profile: &Profile, number: u64) -> Option<(Action, Option<u32>)> {
        let matches = |rule: &&Rule| {
            rule.names.contains(&"ioctl") && rule.args.iter().all(|arg| number & arg.value == arg.value_two)
        };
        let mut found = profile.syscalls.iter().filter(matches);
        let first = found.next().map(|rule| (rule.action, rule.errno_ret));
        assert_eq!(found.next(), None, "two rules for one number, {number:#x}");
        first
    }

    #[test]
    fn pictures_of_others_are_refused_however_the_number_is_dressed() {
        let profile = Profile::new(CompositorKind::Weston);
        for number in [0xc01c_64ad, 0xc068_64ce, 0x641e, 0xc064_64ce, 0x0001_0000_c01c_64ad, 0x5412, 0x541c] {
            assert_eq!(verdict(&profile, number), None, "{number:#x}");
        }
        for number in [0x5401, 0xc040_64aa, 0x8000_5412, 0x4004_6411, 0] {
            assert_eq!(verdict(&profile, number), Some((Action::Allow, None)), "{number:#x}");
        }
    }

    #[test]
    fn authentication_succeeds_for_wlroots_alone() {
        let wlroots = Profile::new(CompositorKind::Wlroots);
        assert_eq!(verdict(&wlroots, 0x4004_6411), Some((Action::Errno, Some(0))));
        assert_eq!(verdict(&wlroots, 0xc01c_64ad), None);
    }

    #[test]
    fn no_call_is_allowed_twice_and_none_that_reaches_out() {
        let mut names = calls::ALLOWED.to_vec();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), calls::ALLOWED.len());
        for name in [
            "mount",
            "umount2",
            "move_mount",
            "mount_setattr",
            "open_tree",
            "fsopen",
            "pivot_root",
            "setns",
            "unshare",
            "bpf",
            "kexec_load",
            "init_module",
            "finit_module",
            "keyctl",
            "add_key",
            "userfaultfd",
            "perf_event_open",
            "open_by_handle_at",
            "io_uring_setup",
            "swapon",
            "reboot",
            "clone",
            "ioctl",
            "socket",
            "personality",
        ] {
            assert!(!names.contains(&name), "{name}");
        }
    }
}
