//! Real containers by runc. Root only.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a test")]

mod common;

use std::fs;
use std::os::unix::fs::MetadataExt;

use common::{Baseline, alone, exec, shell, talk};
use lunette_containers::{Backend, Container, Desktop, Error, Mount, Node, Owner, User, sweep};
use lunette_desktop::{CompositorKind, Ending};

const NEEDS: &[&str] = &["runc"];

#[test]
fn nothing_of_a_desktop_runs_before_it_is_started() {
    alone("nothing_of_a_desktop_runs_before_it_is_started", NEEDS, async |machine| {
        let mut plan = machine.plan("early", 1);
        plan.argv = ["/bin/bash", "-c", "echo hello; echo grief >&2; exit 7"].map(str::to_owned).into();
        let log = plan.places().log();
        let mut container = Container::prepare(plan, &Backend::Runc).await.unwrap();
        let pid = container.create().await.unwrap();
        assert!(fs::read_to_string(format!("/proc/{pid}/cmdline")).unwrap().contains("runc"));
        container.network_namespace().unwrap();
        container.start().await.unwrap();
        let exit = container.wait().await.unwrap();
        assert_eq!((exit.ending, exit.out_of_memory), (Ending::Status(7), false));
        let swept = container.remove().await.unwrap();
        assert!(swept.container && swept.mounts.len() == 3, "{swept:?}");
        assert_eq!(fs::read_to_string(log).unwrap(), "hello\ngrief\n");
    });
}

#[test]
fn a_session_is_an_unprivileged_user_of_its_own_range() {
    alone("a_session_is_an_unprivileged_user_of_its_own_range", NEEDS, async |machine| {
        let up = machine.up(machine.plan("who", 2)).await;
        assert_eq!(up.shell("id -u; id -g; id -G; hostname").await, "1000\n1000\n1000\ndesk\n");
        let status = up.shell("cat /proc/1/status").await;
        for line in ["CapBnd:\t0000000000000000", "CapEff:\t0000000000000000", "NoNewPrivs:\t1", "Seccomp:\t2"] {
            assert!(status.contains(line), "{line} in {status}");
        }
        assert_eq!(
            up.shell("cat /proc/self/uid_map").await.split_whitespace().collect::<Vec<_>>(),
            ["0", "1131072", "65536"]
        );
        assert_eq!(up.shell("echo $HOME; touch ~/x && stat -c %u ~/x").await, "/home/user\n1000\n");
        let upper = machine.hydra.join("desktops/who/layer/upper/home/user/x");
        assert_eq!(fs::metadata(upper).unwrap().uid(), 1_131_072 + 1000);
        up.down().await;
    });
}

#[test]
fn root_inside_changes_its_own_root_and_no_others() {
    alone("root_inside_changes_its_own_root_and_no_others", NEEDS, async |machine| {
        let up = machine.up(machine.plan("root", 3)).await;
        let other = machine.up(machine.plan("other", 4)).await;
        assert_eq!(up.shell_as_root("echo new > /etc/passwd; chown 7 /bin/cat; stat -c %u /bin/cat").await, "7\n");
        assert_eq!(up.shell("echo x > /etc/passwd; cat /etc/passwd").await, "new\n");
        assert_eq!(other.shell("stat -c %u /bin/cat").await, "0\n");
        assert!(fs::read_to_string(machine.root.join("etc/passwd")).unwrap().starts_with("root:"));
        let full = up.shell_as_root("head -c 20000000 /dev/zero > /var/big; stat -c %s /var/big").await;
        assert!(full.trim().parse::<u64>().unwrap() <= 8 << 20, "{full}");
        let caps = up.shell_as_root("while read a b; do [ $a = CapBnd: ] && echo $b; done < /proc/self/status").await;
        assert_eq!(caps, "00000000000404fb\n");
        other.down().await;
        up.down().await;
    });
}

#[test]
fn what_is_of_the_machine_is_not_there() {
    alone("what_is_of_the_machine_is_not_there", NEEDS, async |machine| {
        let up = machine.up(machine.plan("bare", 5)).await;
        let seen = up.shell_as_root(
            "for f in /sys/kernel/* /sys/fs/* /sys/firmware/* /proc/kcore; do [ -s $f ] && echo $f; done",
        );
        assert_eq!(seen.await, "");
        assert_eq!(
            up.shell("ls /sys/class/net /sys/devices/virtual/input 2>/dev/null").await.matches("eth").count(),
            0
        );
        assert_eq!(
            up.shell("ls -I core /dev").await.split_whitespace().collect::<Vec<_>>(),
            [
                "fd", "full", "mqueue", "null", "ptmx", "pts", "random", "shm", "stderr", "stdin", "stdout", "tty",
                "urandom", "zero"
            ]
        );
        let (_, _, ending) = shell(up.container().desktop(), "echo 1 > /proc/sys/kernel/panic", User::Root).await;
        assert_eq!(ending, Ending::Status(1));
        // The first process, and the one that looks.
        assert_eq!(up.shell("ls -d /proc/[0-9]*").await.lines().count(), 2);
        up.down().await;
    });
}

#[test]
fn only_listed_system_calls_work() {
    if !common::can_probe() {
        println!("NOT RUN: only_listed_system_calls_work: there is no C compiler for its probe");
        return;
    }
    alone("only_listed_system_calls_work", NEEDS, async |machine| {
        let up = machine.up(machine.plan("calls", 6)).await;
        let mut wlroots = machine.plan("wlroots", 7);
        wlroots.compositor = CompositorKind::Wlroots;
        let wlroots = machine.up(wlroots).await;
        for (call, expected) in [
            ("mount", "EPERM"),
            ("unshare", "EPERM"),
            ("clone-user", "EPERM"),
            ("clone3", "ENOSYS"),
            ("setns", "EPERM"),
            ("bpf", "EPERM"),
            ("keyctl", "EPERM"),
            ("userfaultfd", "EPERM"),
            ("perf", "EPERM"),
            ("io_uring", "EPERM"),
            ("module", "EPERM"),
            ("reboot", "EPERM"),
            ("handle", "EPERM"),
            ("unknown", "ENOSYS"),
            ("ptrace", "ok"),
            ("ioctl:c01c64ad", "EPERM"),
            ("ioctl:c06864ce", "EPERM"),
            ("ioctl:c00064ce", "EPERM"),
            ("ioctl:1c01c64ad", "EPERM"),
            ("ioctl:641e", "EPERM"),
            ("ioctl:5412", "EPERM"),
            ("ioctl:541c", "EPERM"),
            ("ioctl:40046411", "ENOTTY"),
            ("ioctl:c04064aa", "ENOTTY"),
            ("ioctl:5401", "ENOTTY"),
            ("ioctl:80045430", "ENOTTY"),
            ("socket:1", "ok"),
            ("socket:2", "ok"),
            ("socket:a", "ok"),
            ("socket:10", "ok"),
            ("socket:28", "EPERM"),
            ("socket:100000028", "EPERM"),
            ("socket:26", "EPERM"),
            ("socket:11", "EPERM"),
            ("open:/dev/mem", "ENOENT"),
            ("open:/dev/null", "ok"),
        ] {
            assert_eq!(up.shell(&format!("probe {call}")).await, format!("{call} {expected}\n"));
        }
        assert_eq!(
            wlroots.shell("probe ioctl:40046411 ioctl:c01c64ad ioctl:5401").await,
            "ioctl:40046411 ok\nioctl:c01c64ad EPERM\nioctl:5401 ENOTTY\n"
        );
        // Root inside is under the same filter.
        assert_eq!(
            up.shell_as_root("probe mount unshare socket:28").await,
            "mount EPERM\nunshare EPERM\nsocket:28 EPERM\n"
        );
        wlroots.down().await;
        up.down().await;
    });
}

#[test]
fn nodes_to_look_at_stay_shut_and_nodes_to_open_open() {
    alone("nodes_to_look_at_stay_shut_and_nodes_to_open_open", NEEDS, async |machine| {
        let nodes = machine.file("nodes");
        fs::create_dir(&nodes).unwrap();
        common::run("mknod", &["-m", "666", nodes.join("event3").to_str().unwrap(), "c", "1", "5"]);
        let mut plan = machine.plan("nodes", 8);
        plan.mounts =
            vec![Mount { source: nodes, destination: "/dev/input".into(), read_only: true, owner: Owner::AsOutside }];
        plan.nodes = vec![Node { path: "/dev/dri/card0".into(), major: 1, minor: 5 }];
        let up = machine.up(plan).await;
        assert_eq!(up.shell("stat -c %t:%T /dev/input/event3 /dev/dri/card0").await, "1:5\n1:5\n");
        assert_eq!(up.shell("head -c 4 /dev/dri/card0 | cat -A; head -c 4 /dev/input/event3").await, "^@^@^@^@");
        assert_eq!(up.shell_as_root("head -c 4 /dev/input/event3; bash -c '> /dev/input/x'").await, "");
        up.down().await;
    });
}

#[test]
fn a_folder_of_the_machine_is_the_users_inside() {
    alone("a_folder_of_the_machine_is_the_users_inside", NEEDS, async |machine| {
        let (shared, plain) = (machine.file("shared"), machine.file("plain"));
        for folder in [&shared, &plain] {
            fs::create_dir(folder).unwrap();
            fs::write(folder.join("file"), "from outside\n").unwrap();
        }
        std::os::unix::fs::chown(&shared, Some(4321), Some(4321)).unwrap();
        let mount = |source: &std::path::Path, to: &str, read_only, owner| Mount {
            source: source.to_owned(),
            destination: to.into(),
            read_only,
            owner,
        };
        let mut plan = machine.plan("shared", 9);
        plan.mounts = vec![
            mount(&shared, "/home/user/project", false, Owner::User),
            mount(&plain, "/mnt/plain", true, Owner::AsOutside),
        ];
        let up = machine.up(plan).await;
        assert_eq!(
            up.shell("touch ~/project/mine; cat ~/project/file; stat -c %u ~/project ~/project/file").await,
            "from outside\n1000\n65534\n"
        );
        assert_eq!(fs::metadata(shared.join("mine")).unwrap().uid(), 4321);
        let (_, _, ending) = shell(up.container().desktop(), "touch /mnt/plain/x", User::Root).await;
        assert_eq!(ending, Ending::Status(1));
        // As root inside, nothing can be left behind as root outside.
        let (_, _, ending) = shell(up.container().desktop(), "touch ~user/project/theirs", User::Root).await;
        assert_eq!(ending, Ending::Status(1));
        up.down().await;
        assert_eq!(fs::read_dir(&shared).unwrap().count(), 2, "the machine's folder is whole");
    });
}

#[test]
fn a_process_brought_in_may_open_its_standard_input_by_name() {
    alone("a_process_brought_in_may_open_its_standard_input_by_name", NEEDS, async |machine| {
        let up = machine.up(machine.plan("named", 12)).await;
        let desktop = up.container().desktop();
        assert_eq!(talk(desktop, "cat < /dev/stdin", "secret\n").await, "secret\n");
        up.down().await;
    });
}

#[test]
fn a_process_brought_in_has_its_streams_its_status_and_takes_signals() {
    alone("a_process_brought_in_has_its_streams_its_status_and_takes_signals", NEEDS, async |machine| {
        let mut plan = machine.plan("exec", 10);
        plan.env.insert("COLOUR".to_owned(), "red".to_owned());
        let up = machine.up(plan).await;
        let desktop = Desktop::find(&machine.hydra, &"exec".parse().unwrap()).unwrap();
        assert_eq!(talk(&desktop, "cat; echo $COLOUR", "in and out\n").await, "in and out\nred\n");
        let (out, err, ending) = shell(&desktop, "echo a; echo b >&2; exit 3", User::Desktop).await;
        assert_eq!((out.as_str(), err.as_str(), ending), ("a\n", "b\n", Ending::Status(3)));
        let mut running = desktop.exec(&exec("echo up; sleep 1000 & sleep 1000", User::Desktop)).await.unwrap();
        let mut first = [0; 3];
        tokio::io::AsyncReadExt::read_exact(running.stdout.as_mut().unwrap(), &mut first).await.unwrap();
        running.signal(15).await.unwrap();
        assert_eq!(running.wait().await.unwrap(), Ending::Signal(15));
        drop(running);
        let mut missing = exec("", User::Desktop);
        missing.argv = vec!["/no/such".to_owned()];
        let mut running = desktop.exec(&missing).await.unwrap();
        assert!(matches!(running.wait().await.unwrap(), Ending::Status(status) if status != 0));
        drop(running);
        assert_eq!(fs::read_dir(machine.hydra.join("desktops/exec/bundle")).unwrap().count(), 4);
        up.down().await;
    });
}

#[test]
fn a_sweep_finds_what_a_dead_launcher_left_and_then_nothing() {
    alone("a_sweep_finds_what_a_dead_launcher_left_and_then_nothing", NEEDS, async |machine| {
        let before = Baseline::now();
        let plan = machine.plan("left", 11);
        let (id, places) = (plan.id.clone(), plan.places());
        let mut up = machine.up(plan).await;
        up.abandon();
        fs::write(places.order(), "{}").unwrap();
        let swept = sweep(&machine.hydra, &id).await.unwrap();
        assert!(swept.container && swept.mounts.len() == 3 && !swept.files.is_empty(), "{swept}");
        assert!(sweep(&machine.hydra, &id).await.unwrap().is_empty());
        let mut kept: Vec<_> = fs::read_dir(places.folder()).unwrap().map(|e| e.unwrap().file_name()).collect();
        kept.sort();
        assert_eq!(kept, ["desktop.json", "desktop.log"]);
        assert!(Desktop::find(&machine.hydra, &id).is_err());
        rustix::process::wait(rustix::process::WaitOptions::NOHANG).ok();
        assert_eq!(Baseline::now(), before);
    });
}

#[test]
fn a_sweep_goes_on_where_runc_lost_its_memory() {
    alone("a_sweep_goes_on_where_runc_lost_its_memory", NEEDS, async |machine| {
        let mut up = machine.up(machine.plan("torn", 12)).await;
        up.container().signal(9).await.unwrap();
        up.container().wait().await.unwrap();
        up.abandon();
        fs::write(machine.hydra.join("runc/torn/state.json"), "{").unwrap();
        let swept = sweep(&machine.hydra, &"torn".parse().unwrap()).await.unwrap();
        assert!(swept.container && swept.mounts.len() == 3, "{swept}");
    });
}

#[test]
fn twenty_desktops_one_after_the_other_leave_nothing() {
    alone("twenty_desktops_one_after_the_other_leave_nothing", NEEDS, async |machine| {
        let _world = machine.world();
        let one = async || {
            let mut plan = machine.plan("again", 13);
            plan.network = lunette_containers::NetworkPlan::World { export: None };
            let up = machine.up(plan).await;
            assert_eq!(up.shell("echo x").await, "x\n");
            up.container().signal(9).await.unwrap();
            assert_eq!(up.container().wait().await.unwrap().ending, Ending::Signal(9));
            up.down().await;
        };
        one().await;
        let before = Baseline::now();
        for _ in 0..20 {
            one().await;
        }
        assert_eq!(Baseline::now(), before);
    });
}

#[test]
fn what_cannot_be_made_says_why_and_leaves_nothing() {
    alone("what_cannot_be_made_says_why_and_leaves_nothing", NEEDS, async |machine| {
        let before = Baseline::now();
        let mut plan = machine.plan("none", 14);
        plan.mounts = vec![Mount {
            source: "/no/such/folder".into(),
            destination: "/mnt".into(),
            read_only: true,
            owner: Owner::AsOutside,
        }];
        let Err(error) = Container::prepare(plan, &Backend::Runc).await else { panic!("it was made") };
        assert!(error.to_string().contains("/no/such/folder"), "{error}");
        let mut plan = machine.plan("program", 15);
        plan.argv = vec!["/bin/nothing".to_owned()];
        let mut container = Container::prepare(plan, &Backend::Runc).await.unwrap();
        let error = container.create().await.unwrap_err();
        assert!(matches!(&error, Error::Program { message, .. } if message.contains("/bin/nothing")), "{error}");
        container.remove().await.unwrap();
        assert_eq!(Baseline::now(), before);
    });
}
