//! What a guest has of everything that a desktop uses: after its end it must be what it was before.

use std::time::{Duration, Instant};

use lunette::lab::Lab;

/// Counts them. A process that is gone has no descriptors, so each count stands on a line of its own.
const COUNT: &str = r#"
echo mounts $(wc -l < /proc/self/mountinfo)
echo cgroups $(find /sys/fs/cgroup/lunette -mindepth 1 -type d 2>/dev/null | wc -l)
echo devices $(ls -d /sys/devices/virtual/input/input* 2>/dev/null | wc -l)
echo links $(ls /sys/class/net | wc -l)
echo populated-desktops $(stat -c %u /proc/[0-9]* 2>/dev/null | awk '$1 >= 1000000 { print int(($1 - 1000000) / 65536) }' | sort -u | wc -l)
echo launchers $(grep -lx lease-launcher /proc/[0-9]*/comm 2>/dev/null | wc -l)
echo stubs $(grep -lx logind-stub /proc/[0-9]*/comm 2>/dev/null | wc -l)
echo containers $(ls /run/hydra/runc 2>/dev/null | wc -l)
echo folders $(find /run/hydra/desktops -mindepth 2 -maxdepth 2 -type d 2>/dev/null | wc -l)
echo manager-descriptors $(ls /proc/$(systemctl show --property=MainPID --value drm-manager)/fd | wc -l)
echo hydra-descriptors $(ls /proc/$(systemctl show --property=MainPID --value hydra)/fd | wc -l)
"#;

/// How long leftovers may take to go.
const SETTLE: Duration = Duration::from_secs(20);

/// Counts by name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Levels(Vec<(String, u64)>);

impl Levels {
    pub(crate) fn of(lab: &Lab) -> Self {
        let text = lab.guest().run(COUNT).expect("the guest counts");
        let mut counts: Vec<(String, u64)> = text.lines().filter_map(count).collect();
        counts.push(("leases".to_owned(), leases(lab)));
        Self(counts)
    }

    /// Waits until the guest is as it was.
    ///
    /// # Panics
    /// When it is not in the end; with what there is too much of.
    pub(crate) fn assert_back(&self, lab: &Lab) {
        let until = Instant::now() + SETTLE;
        loop {
            let now = Self::of(lab);
            let more: Vec<_> = now.0.iter().zip(&self.0).filter(|(now, before)| now.1 > before.1).collect();
            if more.is_empty() {
                return;
            }
            assert!(Instant::now() < until, "left behind, now and before: {more:?}");
            std::thread::sleep(Duration::from_millis(200));
        }
    }
}

fn count(line: &str) -> Option<(String, u64)> {
    let (name, count) = line.split_once(' ')?;
    Some((name.to_owned(), count.trim().parse().ok()?))
}

fn leases(lab: &Lab) -> u64 {
    let status = lab.guest().manager_status().expect("drm-manager answers");
    let outputs = status["outputs"].as_array().expect("a list of outputs").iter();
    outputs.filter(|output| output["state"] == "leased").map(|_| 1).sum()
}
