//! The recipe itself, built from the machine's mirror and booted.
//!
//! One folder below the target directory keeps the fetched packages from run to run.

use std::fs;
use std::io::Write;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use lunette_image::{Arch, Builder, Cache, Image, ImageName, Kernel, Overlay, Recipe, Target};

/// Emulated, on a machine that is busy with other tests.
const BOOT_LIMIT: Duration = Duration::from_secs(120);
const TEST: Target = Target { image: ImageName::Test, arch: Arch::Amd64, kernel: Kernel::Backports };

/// A build and a boot each fill the machine: one at a time.
static TURN: Mutex<()> = Mutex::new(());

fn builder() -> Builder {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("images");
    Builder::new(Cache::in_folder(folder), Recipe::embedded().expect("the recipe parses"))
}

fn image(target: Target) -> Image {
    builder().image(target, &mut |_| {}).unwrap_or_else(|error| panic!("{target}: {error}"))
}

/// A machine that ends with its test.
struct Machine {
    qemu: Child,
    folder: tempfile::TempDir,
}

impl Machine {
    fn boot(image: &Image, overlay: &Overlay) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let path = |name: &str| folder.path().join(name);
        image.initrd_with(overlay, &path("initrd")).expect("written");
        fs::write(path("arguments"), "--first --second").expect("written");
        let mut command = Command::new("qemu-system-x86_64");
        command.args(["-M", "q35", "-accel", "tcg,thread=multi", "-cpu", "max", "-m", "1024", "-smp", "2"]);
        command.args([
            "-nodefaults",
            "-no-user-config",
            "-vga",
            "none",
            "-display",
            "none",
            "-device",
            "virtio-gpu-pci",
        ]);
        command.args(["-netdev", "user,id=n0", "-device", "virtio-net-pci,netdev=n0", "-device", "virtio-rng-pci"]);
        command.arg("-kernel").arg(&image.kernel).arg("-initrd").arg(path("initrd")).args(["-append", &image.cmdline]);
        command.arg("-serial").arg(format!("file:{}", path("console").display()));
        command.arg("-qmp").arg(format!("unix:{},server=on,wait=off", path("qmp").display()));
        command.arg("-fw_cfg").arg(format!("name=opt/lunette/drm-manager,file={}", path("arguments").display()));
        if let Some(disk) = &image.disk {
            command.arg("-drive").arg(format!("if=none,id=d0,format=raw,read-only=on,file={}", disk.display()));
            command.args(["-device", "virtio-blk-pci,drive=d0"]);
        }
        let qemu = command.stdin(Stdio::null()).spawn().expect("qemu-system-x86_64 is installed");
        Self { qemu, folder }
    }

    fn console(&self) -> String {
        String::from_utf8_lossy(&fs::read(self.folder.path().join("console")).unwrap_or_default()).into_owned()
    }

    /// Waits for words on the console; returns their line.
    fn hear(&self, words: &str) -> String {
        let console = self.until(|| self.console().contains(words).then(|| self.console()));
        let console = console.unwrap_or_else(|| panic!("no {words:?} in {}", self.console()));
        console.lines().find(|line| line.contains(words)).unwrap_or_default().to_owned()
    }

    fn until<T>(&self, mut done: impl FnMut() -> Option<T>) -> Option<T> {
        let deadline = Instant::now() + BOOT_LIMIT;
        while Instant::now() < deadline {
            if let Some(value) = done() {
                return Some(value);
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        None
    }

    fn press_power_button(&self) -> UnixStream {
        let mut qmp = UnixStream::connect(self.folder.path().join("qmp")).expect("QEMU listens");
        qmp.write_all(b"{\"execute\":\"qmp_capabilities\"}\n{\"execute\":\"system_powerdown\"}\n").expect("QEMU reads");
        qmp
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        self.qemu.kill().ok();
        self.qemu.wait().ok();
    }
}

fn script(path: &str, text: &str) -> Overlay {
    Overlay::new().file(Path::new(path), 0o755, text.into()).expect("an absolute path")
}

#[test]
fn a_test_image_boots_to_ready_with_our_programs_and_obeys_the_power_button() {
    let _turn = TURN.lock();
    let image = image(TEST);
    let manager = "#!/bin/sh\necho \"manager got $*\"\nls /dev/dri/card0 && ping -c1 -W5 10.0.2.2\nsleep 1000\n";
    let overlay = script("/usr/local/bin/drm-manager", manager);
    let mut machine = Machine::boot(&image, &overlay);
    let ready = machine.hear("lunette: ready");
    println!("{ready}");
    machine.hear("manager got --keep --first --second");
    machine.hear("/dev/dri/card0");
    machine.hear("1 packets received");
    let _qmp = machine.press_power_button();
    let deadline = Instant::now() + BOOT_LIMIT;
    let ended = loop {
        if let Some(status) = machine.qemu.try_wait().unwrap() {
            break status;
        }
        assert!(Instant::now() < deadline, "still on: {}", machine.console());
        std::thread::sleep(Duration::from_millis(50));
    };
    assert!(ended.success());
    assert!(!machine.console().contains("did not load"), "{}", machine.console());
}

#[test]
fn a_second_build_from_the_same_packages_is_the_same_bytes() {
    let _turn = TURN.lock();
    let first = image(TEST);
    let again = builder().fresh(TEST, &mut |_| {}).unwrap();
    assert_eq!(again.manifest, first.manifest);
}

#[test]
fn with_no_network_a_cached_image_is_there_and_a_new_one_says_why_not() {
    let _turn = TURN.lock();
    let cached = image(TEST);
    // A port that nobody listens on.
    let offline = || builder().with_mirror("http://127.0.0.1:9/debian");
    assert_eq!(offline().image(TEST, &mut |_| {}).unwrap(), cached);
    let error = offline().fresh(TEST, &mut |_| {}).unwrap_err().to_string();
    assert!(error.starts_with("apt-get failed") && error.contains("127.0.0.1"), "{error}");
    assert_eq!(builder().cached(TEST).unwrap(), Some(cached));
}

#[test]
fn a_test_image_for_arm64_is_built() {
    let _turn = TURN.lock();
    let image = image(Target { arch: Arch::Arm64, ..TEST });
    let kernel = fs::read(&image.kernel).unwrap();
    // "ARM\x64" in an Image, "zimg" in one that unpacks itself as an EFI program.
    assert!(&kernel[56..60] == b"ARM\x64" || &kernel[4..8] == b"zimg", "{:x?}", &kernel[..64]);
    assert!(image.cmdline.contains("console=ttyAMA0"));
    println!("NOT RUN: booting the arm64 test image: these tests start qemu-system-x86_64 only");
}

#[test]
fn a_desktop_image_boots_with_a_manager() {
    if std::env::var_os("LUNETTE_TEST_DESKTOP").is_none() {
        println!("NOT RUN: building and booting the desktop image takes minutes; set LUNETTE_TEST_DESKTOP=1");
        return;
    }
    let _turn = TURN.lock();
    let image = image(Target { image: ImageName::Desktop, ..TEST });
    let report = "#!/bin/sh\nsystemctl list-units --failed --no-legend\nls /dev/dri/card0\nmodprobe veth && echo veth is in\n\
        echo manager $(systemctl is-active drm-manager)\nmount | grep ' / '\n";
    let unit = "[Service]\nType=oneshot\nExecStart=/usr/local/bin/report\nStandardOutput=tty\nStandardError=tty\nTTYPath=/dev/console\n\
        [Unit]\nAfter=multi-user.target lunette-ready.service\n";
    let manager = "#!/bin/sh\nsystemd-notify --ready\nexec sleep 1000\n";
    let overlay = script("/usr/local/bin/report", report)
        .file(Path::new("/usr/local/bin/drm-manager"), 0o755, manager.into())
        .unwrap()
        .file(&PathBuf::from("/etc/systemd/system/report.service"), 0o644, unit.into())
        .unwrap()
        .link(Path::new("/etc/systemd/system/multi-user.target.wants/report.service"), "../report.service")
        .unwrap();
    let machine = Machine::boot(&image, &overlay);
    println!("{}", machine.hear("lunette: ready"));
    for words in ["/dev/dri/card0", "veth is in", "manager active", "overlay on /"] {
        machine.hear(words);
    }
    let console = machine.console();
    println!("{console}");
    for words in ["failed", "Failed", "did not load"] {
        assert!(!console.contains(words), "{console}");
    }
}
