//! A machine of a test's own: its network and its mounts are nobody else's, and gone with it.

#![allow(dead_code, reason = "each test program uses a part")]

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::net::TcpListener;
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use lunette_containers::{Backend, Container, ContainerPlan, Desktop, Exec, NetworkPlan, User, sweep};
use lunette_desktop::{CompositorKind, DesktopId, Ending, Limits, RootSource, Slot};
use lunette_sys_mount::in_network_namespace;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

const MARK: &str = "LUNETTE_TEST_ALONE";
/// What the commands of the tests need, copied into the root with its libraries.
const PROGRAMS: [&str; 15] = [
    "bash", "cat", "chown", "env", "head", "hostname", "id", "ls", "mkdir", "rm", "sleep", "stat", "tail", "timeout",
    "touch",
];
/// A new network, and a sysfs that shows it with the cgroups of before.
const MACHINE: &str = "set -e
ip link set lo up
mkdir -p \"$0/cgroup\"
mount --rbind /sys/fs/cgroup \"$0/cgroup\"
mount -t sysfs sysfs /sys
mount --rbind \"$0/cgroup\" /sys/fs/cgroup
exec \"$@\"";

/// Runs `body` on a machine of its own, or says why not.
pub(crate) fn alone<F: Future<Output = ()>>(test: &str, needs: &[&str], body: impl FnOnce(Machine) -> F) {
    if let Some(why) = obstacle(needs) {
        println!("NOT RUN: {test}: {why}");
        return;
    }
    if let Ok(folder) = std::env::var(MARK) {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        runtime.block_on(body(Machine::at(PathBuf::from(folder))));
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let status = Command::new("unshare")
        .args(["--net", "--mount", "--propagation", "private", "sh", "-c", MACHINE])
        .arg(folder.path())
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", test, "--nocapture", "--test-threads=1"])
        .env(MARK, folder.path())
        .status()
        .unwrap();
    assert!(status.success(), "{test} failed on a machine of its own");
}

fn obstacle(needs: &[&str]) -> Option<String> {
    if !rustix::process::geteuid().is_root() {
        return Some("containers with mounts take root".to_owned());
    }
    ["unshare", "ip", "nft", "ldd"]
        .iter()
        .chain(needs)
        .find(|program| !installed(program))
        .map(|program| format!("there is no program {program}"))
}

fn installed(program: &str) -> bool {
    find(program).is_some()
}

fn find(program: &str) -> Option<PathBuf> {
    let path = std::env::var("PATH").unwrap_or_default() + ":/usr/sbin:/sbin";
    path.split(':').map(|folder| Path::new(folder).join(program)).find(|path| path.is_file())
}

/// Whether the numbers of cgroup v2 are there.
pub(crate) fn unified() -> bool {
    Path::new("/sys/fs/cgroup/cgroup.controllers").exists()
}

pub(crate) struct Machine {
    folder: PathBuf,
    pub(crate) hydra: PathBuf,
    pub(crate) root: PathBuf,
}

impl Machine {
    fn at(folder: PathBuf) -> Self {
        // As on a real machine: only root gets to a desktop's folder, everybody to the folders above.
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o711)).unwrap();
        let (hydra, root) = (folder.join("hydra"), folder.join("root"));
        make_root(&root);
        Self { folder, hydra, root }
    }

    /// A plan for a desktop that waits forever.
    pub(crate) fn plan(&self, id: &str, slot: u16) -> ContainerPlan {
        let id: DesktopId = id.parse().unwrap();
        fs::create_dir_all(self.hydra.join("desktops").join(id.as_str())).unwrap();
        ContainerPlan {
            hydra: self.hydra.clone(),
            slot: Slot::new(slot).unwrap(),
            root: RootSource::Folder(self.root.clone()),
            argv: vec!["/bin/sleep".to_owned(), "1000".to_owned()],
            env: BTreeMap::from([
                ("PATH".to_owned(), "/bin:/sbin".to_owned()),
                ("HOME".to_owned(), "/home/user".to_owned()),
            ]),
            hostname: "desk".to_owned(),
            compositor: CompositorKind::Weston,
            limits: Limits { memory_mib: 256, disk_mib: 8, pids: 64, ..Limits::default() },
            mounts: Vec::new(),
            nodes: Vec::new(),
            inputs: Vec::new(),
            network: NetworkPlan::None,
            id,
        }
    }

    /// A desktop that was made and runs.
    pub(crate) async fn up(&self, plan: ContainerPlan) -> Up {
        let id = plan.id.clone();
        let mut container = Container::prepare(plan, &Backend::Runc).await.unwrap();
        container.create().await.unwrap();
        container.start().await.unwrap();
        self.adopt(id, container)
    }

    pub(crate) fn adopt(&self, id: DesktopId, container: Container) -> Up {
        Up { id, hydra: self.hydra.clone(), container: Some(container) }
    }

    /// A machine in a network of its own that is the way out of this one.
    pub(crate) fn world(&self) -> World {
        World::new()
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }
}

/// A running desktop. A test that fails leaves nothing behind.
pub(crate) struct Up {
    id: DesktopId,
    hydra: PathBuf,
    pub(crate) container: Option<Container>,
}

impl Up {
    pub(crate) fn container(&self) -> &Container {
        self.container.as_ref().unwrap()
    }

    /// What a shell inside prints.
    pub(crate) async fn shell(&self, script: &str) -> String {
        shell(self.container().desktop(), script, User::Desktop).await.0
    }

    pub(crate) async fn shell_as_root(&self, script: &str) -> String {
        shell(self.container().desktop(), script, User::Root).await.0
    }

    pub(crate) async fn down(mut self) {
        self.container.take().unwrap().remove().await.unwrap();
    }

    /// What is left when its launcher dies.
    pub(crate) fn abandon(&mut self) {
        drop(self.container.take());
    }
}

impl Drop for Up {
    fn drop(&mut self) {
        let (hydra, id) = (self.hydra.clone(), self.id.clone());
        let runtime = || tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let _ = std::thread::spawn(move || runtime().block_on(sweep(&hydra, &id))).join();
    }
}

pub(crate) fn exec(script: &str, user: User) -> Exec {
    Exec { argv: ["/bin/bash", "-c", script].map(str::to_owned).into(), env: BTreeMap::new(), cwd: None, user }
}

/// Standard output, standard error, and how it ended.
pub(crate) async fn shell(desktop: &Desktop, script: &str, user: User) -> (String, String, Ending) {
    let mut running = desktop.exec(&exec(script, user)).await.unwrap();
    drop(running.stdin.take());
    let (mut out, mut err) = (String::new(), String::new());
    let (mut stdout, mut stderr) = (running.stdout.take().unwrap(), running.stderr.take().unwrap());
    let (a, b) = tokio::join!(stdout.read_to_string(&mut out), stderr.read_to_string(&mut err));
    a.and(b).unwrap();
    let ending = running.wait().await.unwrap();
    if !err.is_empty() {
        println!("{script}: {}", err.trim());
    }
    (out, err, ending)
}

/// Sends `text` to `script` and returns what comes back.
pub(crate) async fn talk(desktop: &Desktop, script: &str, text: &str) -> String {
    let mut running = desktop.exec(&exec(script, User::Desktop)).await.unwrap();
    let mut stdin = running.stdin.take().unwrap();
    stdin.write_all(text.as_bytes()).await.unwrap();
    stdin.flush().await.unwrap();
    drop(stdin);
    let mut out = String::new();
    running.stdout.take().unwrap().read_to_string(&mut out).await.unwrap();
    assert_eq!(running.wait().await.unwrap(), Ending::Status(0));
    out
}

/// A root of this machine's own programs.
pub(crate) fn make_root(root: &Path) {
    for name in ["bin", "dev", "etc", "home/user", "proc", "run", "sys", "tmp", "var"] {
        fs::create_dir_all(root.join(name)).unwrap();
    }
    fs::write(root.join("etc/passwd"), "root:x:0:0::/root:/bin/bash\nuser:x:1000:1000::/home/user:/bin/bash\n")
        .unwrap();
    std::os::unix::fs::chown(root.join("home/user"), Some(1000), Some(1000)).unwrap();
    for program in PROGRAMS {
        let path = find(program).unwrap();
        fs::copy(&path, root.join("bin").join(program)).unwrap();
        for library in libraries(&path) {
            let to = root.join(library.strip_prefix("/").unwrap());
            fs::create_dir_all(to.parent().unwrap()).unwrap();
            fs::copy(&library, to).unwrap();
        }
    }
    std::os::unix::fs::symlink("bash", root.join("bin/sh")).unwrap();
    make_probe(&root.join("bin/probe"));
}

fn libraries(program: &Path) -> Vec<PathBuf> {
    let output = Command::new("ldd").arg(program).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    text.split_whitespace().filter(|word| word.starts_with('/')).map(PathBuf::from).collect()
}

/// Whether the program that tries system calls is given, or can be built.
pub(crate) fn can_probe() -> bool {
    std::env::var_os("LUNETTE_TEST_PROBE").is_some() || installed("cc")
}

fn make_probe(to: &Path) {
    if let Some(given) = std::env::var_os("LUNETTE_TEST_PROBE") {
        fs::copy(given, to).unwrap();
    } else if installed("cc") {
        let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/common/probe.c");
        run("cc", &["-static", "-o", to.to_str().unwrap(), source]);
    }
}

/// 192.0.2.1 is the machine's gateway, 198.51.100.7 somebody beyond it.
pub(crate) struct World {
    holder: Child,
    listeners: Vec<TcpListener>,
}

impl World {
    fn new() -> Self {
        let mut holder = piped(Command::new("unshare").args(["--net", "sh", "-c", "echo; exec cat"]));
        let pid = holder.id();
        run("ip", &["link", "add", "up0", "type", "veth", "peer", "name", "up1", "netns", &pid.to_string()]);
        run("ip", &["address", "add", "192.0.2.2/24", "dev", "up0"]);
        run("ip", &["link", "set", "up0", "up"]);
        run("ip", &["route", "add", "default", "via", "192.0.2.1"]);
        let namespace = File::open(format!("/proc/{pid}/ns/net")).unwrap();
        let listeners = in_network_namespace(namespace.as_fd(), || {
            run("ip", &["link", "set", "lo", "up"]);
            run("ip", &["address", "add", "192.0.2.1/24", "dev", "up1"]);
            run("ip", &["address", "add", "198.51.100.7/32", "dev", "lo"]);
            run("ip", &["link", "set", "up1", "up"]);
            ["192.0.2.1:80", "192.0.2.1:15937", "198.51.100.7:80"].map(|at| TcpListener::bind(at).unwrap()).into()
        });
        let _ = holder.stdout.take();
        Self { holder, listeners: listeners.unwrap() }
    }

    /// Who opened the last connection to the address beyond the gateway.
    pub(crate) fn last_guest(&self) -> String {
        self.listeners[2].accept().unwrap().1.ip().to_string()
    }
}

impl Drop for World {
    fn drop(&mut self) {
        let _ = self.holder.kill();
        let _ = self.holder.wait();
    }
}

fn piped(command: &mut Command) -> Child {
    use std::io::Read;
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdout.as_mut().unwrap().read_exact(&mut [0]).unwrap();
    child
}

pub(crate) fn run(program: &str, args: &[&str]) {
    assert!(Command::new(program).args(args).status().unwrap().success(), "{program} {args:?}");
}

/// What a leak would add to.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Baseline {
    mounts: Vec<PathBuf>,
    descriptors: usize,
    links: usize,
    children: String,
}

impl Baseline {
    pub(crate) fn now() -> Self {
        Self {
            mounts: lunette_sys_mount::mounts_below(Path::new("/")).unwrap(),
            descriptors: fs::read_dir("/proc/self/fd").unwrap().count(),
            links: fs::read_dir("/sys/class/net").unwrap().count(),
            children: fs::read_to_string(format!("/proc/self/task/{}/children", std::process::id())).unwrap(),
        }
    }
}
