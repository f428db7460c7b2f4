//! What the machine has, and what desktops have of it.

use std::fs;

use lunette_desktop::{DesktopId, Promise};

/// Memory of the machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Memory {
    pub(crate) total_mib: u64,
    pub(crate) available_mib: u64,
}

impl Memory {
    /// Now; `None` when the kernel does not say.
    pub(crate) fn now() -> Option<Self> {
        Self::parse(&fs::read_to_string("/proc/meminfo").ok()?)
    }

    fn parse(meminfo: &str) -> Option<Self> {
        let mib = |name: &str| {
            let value = meminfo.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
            let kib: u64 = value.trim().strip_suffix("kB")?.trim().parse().ok()?;
            Some(kib / 1024)
        };
        Some(Self { total_mib: mib("MemTotal")?, available_mib: mib("MemAvailable")? })
    }
}

/// What a desktop may still take. Its cgroup is where adapters put it; without one it uses nothing yet.
pub(crate) fn promise(id: &DesktopId, limit_mib: u32) -> Promise {
    let current = fs::read_to_string(format!("/sys/fs/cgroup/lunette/{id}/memory.current"));
    let bytes: u64 = current.ok().and_then(|text| text.trim().parse().ok()).unwrap_or(0);
    Promise { limit_mib: limit_mib.into(), used_mib: bytes >> 20 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernels_table_is_read() {
        let table = "MemTotal:       4096000 kB\nMemFree: 1 kB\nMemAvailable:    2048000 kB\n";
        assert_eq!(Memory::parse(table), Some(Memory { total_mib: 4000, available_mib: 2000 }));
        assert_eq!(Memory::parse("MemTotal: 1 kB\n"), None);
    }
}
