//! What a desktop may use. Takes cgroup v2, as a guest has it.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a test")]

mod common;

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use common::{Machine, Up, alone, exec, unified};
use lunette_containers::{User, sweep};
use lunette_desktop::Ending;

/// Runs `body` with a desktop in a cgroup of its own.
fn limited(test: &str, body: impl AsyncFnOnce(Machine, Up)) {
    if !unified() {
        println!("NOT RUN: {test}: this machine has no cgroup v2");
        return;
    }
    alone(test, &["runc"], async |machine| {
        let mut plan = machine.plan("limits", 21);
        plan.limits.memory_mib = 64;
        let up = machine.up(plan).await;
        body(machine, up).await;
    });
}

fn value(file: &str) -> String {
    fs::read_to_string(Path::new("/sys/fs/cgroup/lunette/limits").join(file)).unwrap().trim().to_owned()
}

#[test]
fn every_bound_is_the_kernels() {
    limited("every_bound_is_the_kernels", async |_, up| {
        for (file, expected) in [
            ("memory.max", "67108864"),
            ("memory.swap.max", "0"),
            ("memory.oom.group", "1"),
            ("cpu.max", "200000 100000"),
            ("pids.max", "64"),
        ] {
            assert_eq!(value(file), expected, "{file}");
        }
        up.down().await;
        assert!(!Path::new("/sys/fs/cgroup/lunette/limits").exists());
    });
}

#[test]
fn a_desktop_that_needs_more_memory_ends_and_says_so() {
    limited("a_desktop_that_needs_more_memory_ends_and_says_so", async |_, up| {
        // `tail` keeps what it is to print at the end.
        let eat = up.shell("head -c 200000000 /dev/zero | tail -c 200000000 >/dev/null");
        let (exit, _) = tokio::join!(up.container().wait(), eat);
        let exit = exit.unwrap();
        assert_eq!((exit.ending, exit.out_of_memory), (Ending::Signal(9), true));
        up.down().await;
    });
}

#[test]
fn a_fork_bomb_stays_inside() {
    limited("a_fork_bomb_stays_inside", async |_, up| {
        let script = "while true; do sleep 1000 & done";
        let bomb = up.container().desktop().exec(&exec(script, User::Desktop)).await.unwrap();
        let until = Instant::now() + Duration::from_secs(60);
        let mut stats = up.container().desktop().stats().await.unwrap();
        while stats.pids < 60 && Instant::now() < until {
            tokio::time::sleep(Duration::from_millis(100)).await;
            stats = up.container().desktop().stats().await.unwrap();
        }
        assert!((60..=64).contains(&stats.pids), "{stats:?}");
        drop(bomb);
        assert!(stats.memory_bytes > 0 && stats.cpu_usec > 0, "{stats:?}");
        up.down().await;
    });
}

#[test]
fn a_sweep_kills_by_cgroup_what_runc_does_not_know() {
    limited("a_sweep_kills_by_cgroup_what_runc_does_not_know", async |machine, mut up| {
        up.abandon();
        fs::remove_dir_all(machine.hydra.join("runc/limits")).unwrap();
        let swept = sweep(&machine.hydra, &"limits".parse().unwrap()).await.unwrap();
        assert!(swept.processes && !swept.container && swept.mounts.len() == 3, "{swept}");
        assert!(!Path::new("/sys/fs/cgroup/lunette/limits").exists());
    });
}

#[test]
fn its_cgroup_looks_like_the_root_from_inside() {
    limited("its_cgroup_looks_like_the_root_from_inside", async |_, up| {
        assert_eq!(up.shell("cat /proc/self/cgroup").await, "0::/\n");
        up.down().await;
    });
}
