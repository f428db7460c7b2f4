//! Real containers by a real Docker daemon, started here for each test. Root only.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a test")]

mod common;

use std::fs;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use common::{Machine, Up, alone, exec, run, shell, talk};
use lunette_containers::{Backend, Container, ContainerPlan, Error, Mount, NetworkPlan, Node, Owner, User, sweep};
use lunette_desktop::{CompositorKind, Ending, RootSource};

const NEEDS: &[&str] = &["dockerd", "docker", "tar"];
const IMAGE: &str = "lunette-test";

/// A daemon with one image.
struct Daemon {
    child: Child,
    socket: PathBuf,
}

impl Daemon {
    fn start(machine: &Machine) -> Self {
        let at = |name: &str| machine.file(name).to_str().unwrap().to_owned();
        let log = fs::File::create(machine.file("dockerd.log")).unwrap();
        let child = Command::new("dockerd")
            .args(["--data-root", &at("data"), "--exec-root", &at("exec"), "--pidfile", &at("dockerd.pid")])
            .args(["--host", &format!("unix://{}", at("docker.sock")), "--bridge=none"])
            .args(["--iptables=false", "--ip6tables=false"])
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap();
        let daemon = Self { child, socket: machine.file("docker.sock") };
        let until = Instant::now() + Duration::from_secs(60);
        while !daemon.docker("version >/dev/null 2>&1") {
            assert!(Instant::now() < until, "{}", fs::read_to_string(machine.file("dockerd.log")).unwrap());
            std::thread::sleep(Duration::from_millis(100));
        }
        let root = machine.root.display();
        assert!(daemon.docker(&format!("import - {IMAGE} >/dev/null < <(tar -C {root} -c .)")));
        daemon
    }

    fn docker(&self, args: &str) -> bool {
        let script = format!("docker -H unix://{} {args}", self.socket.display());
        Command::new("bash").args(["-c", &script]).status().unwrap().success()
    }

    fn backend(&self) -> Backend {
        Backend::Docker(self.socket.clone())
    }

    async fn up(&self, machine: &Machine, plan: ContainerPlan) -> Up {
        let id = plan.id.clone();
        let mut container = Container::prepare(plan, &self.backend()).await.unwrap();
        container.create().await.unwrap();
        container.start().await.unwrap();
        machine.adopt(id, container)
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let pid = rustix::process::Pid::from_child(&self.child);
        let _ = rustix::process::kill_process(pid, rustix::process::Signal::TERM);
        let _ = self.child.wait();
    }
}

fn plan(machine: &Machine, id: &str, slot: u16) -> ContainerPlan {
    let mut plan = machine.plan(id, slot);
    plan.root = RootSource::Image(IMAGE.to_owned());
    // The daemon refuses more than it was started with.
    plan.limits.open_files = 4096;
    plan
}

#[test]
fn a_desktop_by_docker_lives_as_one_by_runc() {
    alone("a_desktop_by_docker_lives_as_one_by_runc", NEEDS, async |machine| {
        let daemon = Daemon::start(&machine);
        let mut plan = plan(&machine, "life", 1);
        plan.argv = ["/bin/bash", "-c", "exec 2>&1; echo hello; echo grief >&2; exit 7"].map(str::to_owned).into();
        let log = plan.places().log();
        let mut container = Container::prepare(plan, &daemon.backend()).await.unwrap();
        let pid = container.create().await.unwrap();
        container.network_namespace().unwrap();
        assert!(fs::read_to_string(format!("/proc/{pid}/cmdline")).unwrap().contains("gate"));
        assert_eq!(fs::read_to_string(&log).unwrap(), "", "nothing of it runs before its start");
        container.start().await.unwrap();
        let exit = container.wait().await.unwrap();
        assert_eq!((exit.ending, exit.out_of_memory), (Ending::Status(7), false));
        assert!(container.remove().await.unwrap().container);
        assert_eq!(fs::read_to_string(log).unwrap(), "hello\ngrief\n");
    });
}

#[test]
fn a_desktop_by_docker_has_as_little_as_docker_can_give() {
    alone("a_desktop_by_docker_has_as_little_as_docker_can_give", NEEDS, async |machine| {
        let daemon = Daemon::start(&machine);
        let nodes = machine.file("nodes");
        fs::create_dir(&nodes).unwrap();
        run("mknod", &["-m", "666", nodes.join("event3").to_str().unwrap(), "c", "13", "67"]);
        let mut plan = plan(&machine, "little", 2);
        plan.compositor = CompositorKind::Wlroots;
        plan.mounts =
            vec![Mount { source: nodes, destination: "/dev/input".into(), read_only: true, owner: Owner::AsOutside }];
        plan.nodes = vec![Node { path: "/dev/dri/card0".into(), major: 1, minor: 5 }];
        let up = daemon.up(&machine, plan).await;
        assert_eq!(up.shell("id -u; hostname").await, "1000\ndesk\n");
        let status = up.shell("cat /proc/1/status").await;
        for line in ["CapBnd:\t0000000000000000", "CapEff:\t0000000000000000", "NoNewPrivs:\t1", "Seccomp:\t2"] {
            assert!(status.contains(line), "{line} in {status}");
        }
        assert_eq!(up.shell("stat -c %t:%T /dev/input/event3; head -c 1 /dev/dri/card0 | cat -A").await, "d:43\n^@");
        assert_eq!(
            up.shell_as_root("head -c 4 /dev/input/event3; ls /sys/kernel /sys/firmware").await.trim(),
            "/sys/firmware:\n\n/sys/kernel:"
        );
        assert_eq!(
            up.shell("probe mount unshare clone-user clone3 ioctl:c01c64ad ioctl:c00064ce socket:28").await,
            "mount EPERM\nunshare EPERM\nclone-user EPERM\nclone3 ENOSYS\nioctl:c01c64ad EPERM\nioctl:c00064ce EPERM\n\
             socket:28 EPERM\n"
        );
        assert_eq!(up.shell("probe ioctl:40046411 ioctl:5401").await, "ioctl:40046411 ok\nioctl:5401 ENOTTY\n");
        up.down().await;
    });
}

#[test]
fn processes_are_brought_in_by_docker_too() {
    alone("processes_are_brought_in_by_docker_too", NEEDS, async |machine| {
        let daemon = Daemon::start(&machine);
        let mut plan = plan(&machine, "exec", 3);
        plan.env.insert("COLOUR".to_owned(), "red".to_owned());
        let up = daemon.up(&machine, plan).await;
        let desktop = up.container().desktop();
        assert_eq!(talk(desktop, "cat; echo $COLOUR", "in and out\n").await, "in and out\nred\n");
        let (out, err, ending) = shell(desktop, "echo a; echo b >&2; exit 3", User::Desktop).await;
        assert_eq!((out.as_str(), err.as_str(), ending), ("a\n", "b\n", Ending::Status(3)));
        assert_eq!(up.shell_as_root("id -u; chown 7 /bin/cat; stat -c %u /bin/cat").await, "0\n0\n");
        let mut running = desktop.exec(&exec("echo up; sleep 1000 & sleep 1000", User::Desktop)).await.unwrap();
        let mut first = [0; 3];
        tokio::io::AsyncReadExt::read_exact(running.stdout.as_mut().unwrap(), &mut first).await.unwrap();
        running.signal(15).await.unwrap();
        assert_eq!(running.wait().await.unwrap(), Ending::Signal(15));
        let stats = desktop.stats().await.unwrap();
        assert!(stats.cpu_usec > 0 && stats.pids > 0, "{stats:?}");
        up.down().await;
    });
}

#[test]
fn a_network_by_docker_is_under_the_same_rules() {
    alone("a_network_by_docker_is_under_the_same_rules", NEEDS, async |machine| {
        let world = machine.world();
        let daemon = Daemon::start(&machine);
        let mut plan = plan(&machine, "linked", 4);
        plan.network = NetworkPlan::World { export: None };
        let up = daemon.up(&machine, plan).await;
        let reaches = async |host: &str| {
            up.shell(&format!("timeout 1 bash -c '> /dev/tcp/{host}/80' 2>/dev/null && echo yes")).await == "yes\n"
        };
        assert!(reaches("198.51.100.7").await);
        assert_eq!(world.last_guest(), "192.0.2.2");
        assert!(!reaches("192.0.2.1").await);
        up.down().await;
        let links = fs::read_dir("/sys/class/net").unwrap().map(|link| link.unwrap().file_name());
        let mut links: Vec<_> = links.collect();
        links.sort();
        assert_eq!(links, ["lo", "up0"], "no bridge is left, and there never was a docker0");
    });
}

#[test]
fn a_sweep_takes_what_docker_has() {
    alone("a_sweep_takes_what_docker_has", NEEDS, async |machine| {
        let daemon = Daemon::start(&machine);
        let mut up = daemon.up(&machine, plan(&machine, "left", 5)).await;
        up.abandon();
        let id = "left".parse().unwrap();
        assert!(sweep(&machine.hydra, &id).await.unwrap().container);
        assert!(sweep(&machine.hydra, &id).await.unwrap().is_empty());
        assert!(!daemon.docker("inspect lunette-left >/dev/null 2>&1"));
    });
}

#[test]
fn a_daemon_that_is_not_there_or_says_no_is_named() {
    alone("a_daemon_that_is_not_there_or_says_no_is_named", NEEDS, async |machine| {
        let nowhere = Backend::Docker(machine.file("nowhere.sock"));
        let Err(error) = Container::prepare(plan(&machine, "none", 6), &nowhere).await else { panic!("it was made") };
        assert!(error.to_string().contains("nowhere.sock"), "{error}");
        let daemon = Daemon::start(&machine);
        let mut plan = plan(&machine, "image", 7);
        plan.root = RootSource::Image("no-such-image".to_owned());
        let mut container = Container::prepare(plan, &daemon.backend()).await.unwrap();
        let error = container.create().await.unwrap_err();
        assert!(matches!(&error, Error::Docker { status: 404, .. }), "{error}");
        container.remove().await.unwrap();
    });
}
