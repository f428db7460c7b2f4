//! Builds from an archive of three packages made up here.

use std::fs;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;
use crate::elf::module_with;
use crate::{Arch, Error, ImageName, Kernel as KernelName};

const TARGET: Target = Target { image: ImageName::Test, arch: Arch::Amd64, kernel: KernelName::Backports };

/// What an archive was asked for.
#[derive(Debug, Default)]
struct Asked {
    refreshed: AtomicUsize,
    fetched: AtomicUsize,
    /// As many packages arrive before the connection breaks.
    patience: AtomicUsize,
}

struct Shelf {
    packages: PathBuf,
    asked: Arc<Asked>,
}

impl Archive for Shelf {
    fn refresh(&self, _: &Ground) -> Result<()> {
        self.asked.refreshed.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }

    fn resolve(&self, _: &Ground, wanted: &[String]) -> Result<Vec<Package>> {
        assert_eq!(wanted[0], "linux-image-amd64/trixie-backports");
        let mut packages = vec![package("initramfs-tools", "1")];
        for (name, version) in [("linux-modules-7.2.1", "7.2.1"), ("busybox-static", "1:1.37"), ("libc6", "2.41")] {
            let size = fs::metadata(self.packages.join(format!("{name}.deb"))).unwrap().len();
            packages.push(Package { size, ..package(name, version) });
        }
        Ok(packages)
    }

    fn sources(&self, _: &Ground) -> Result<Option<String>> {
        Ok(None)
    }

    fn fetch(&self, ground: &Ground, packages: &[Package], watch: Watch<'_>) -> Result<()> {
        fs::create_dir_all(&ground.packages).unwrap();
        for (number, package) in packages.iter().enumerate() {
            watch(Progress::of(Phase::Fetch, number as u64, packages.len() as u64));
            let to = ground.packages.join(&package.file);
            if to.exists() {
                continue;
            }
            if self.asked.patience.fetch_sub(1, Ordering::Relaxed) == 0 {
                return Err(Error::NoPackage(package.name.clone()));
            }
            self.asked.fetched.fetch_add(1, Ordering::Relaxed);
            fs::copy(self.packages.join(&package.file), &to).unwrap();
        }
        Ok(())
    }
}

fn package(name: &str, version: &str) -> Package {
    Package { name: name.to_owned(), version: version.to_owned(), file: format!("{name}.deb"), size: 0 }
}

/// A cache, an archive, and the recipe cut down to what the archive has.
struct Fixture {
    folder: tempfile::TempDir,
    asked: Arc<Asked>,
}

impl Fixture {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let busybox = [("usr/bin/busybox", b"\x7fELF busybox".to_vec())];
        let libc = [("usr/lib/x/libc.so.6", b"\x7fELF libc".to_vec())];
        let kernel = [
            ("boot/vmlinuz-7.2.1", b"kernel".to_vec()),
            ("usr/lib/modules/7.2.1/modules.builtin", b"kernel/virtio_pci.ko\n".to_vec()),
            ("usr/lib/modules/7.2.1/kernel/drm.ko", module_with(&["depends="])),
            ("usr/lib/modules/7.2.1/kernel/virtio-gpu.ko", module_with(&["depends=drm"])),
        ];
        make_package(folder.path(), "busybox-static", &busybox);
        make_package(folder.path(), "libc6", &libc);
        make_package(folder.path(), "linux-modules-7.2.1", &kernel);
        fs::write(folder.path().join("recipe.toml"), RECIPE).unwrap();
        fs::write(folder.path().join("init"), "#!/bin/sh\n").unwrap();
        let asked = Arc::new(Asked { patience: AtomicUsize::new(usize::MAX), ..Asked::default() });
        Self { folder, asked }
    }

    fn builder(&self) -> Builder {
        let recipe = Recipe::in_folder(self.folder.path()).unwrap();
        let archive = Shelf { packages: self.folder.path().to_owned(), asked: Arc::clone(&self.asked) };
        Builder { cache: Cache::in_folder(self.folder.path().join("cache")), recipe, archive: Box::new(archive) }
    }

    fn image(&self) -> Result<Image> {
        self.builder().image(TARGET, &mut |_| {})
    }

    fn counts(&self) -> (usize, usize) {
        (self.asked.refreshed.load(Ordering::Relaxed), self.asked.fetched.load(Ordering::Relaxed))
    }
}

const RECIPE: &str = r#"
epoch = 1764547200
[debian]
suites = ["trixie", "trixie-backports"]
components = ["main"]
[kernel.backports]
suite = "trixie-backports"
package = "linux-image-{arch}"
parts = ["linux-modules-"]
at_least = "7.2"
[arch.amd64]
console = "ttyS0"
triplet = "x"
loader = "none"
modules = []
[image.test]
command_line = "console={console}"
packages = ["busybox-static", "libc6"]
take = ["/usr/bin/busybox", "/usr/lib/{triplet}/libc.so.6"]
modules = ["virtio_pci", "virtio_gpu"]
folders = ["/dev"]
links = { "/bin" = "usr/bin" }
[[image.test.file]]
path = "/init"
source = "init"
mode = 0o755
"#;

fn make_package(folder: &Path, name: &str, files: &[(&str, Vec<u8>)]) {
    let root = folder.join(format!("{name}.root"));
    fs::create_dir_all(root.join("DEBIAN")).unwrap();
    let control =
        format!("Package: {name}\nVersion: 1\nArchitecture: all\nMaintainer: a <a@b.example>\nDescription: x\n");
    fs::write(root.join("DEBIAN/control"), control).unwrap();
    for (path, content) in files {
        fs::create_dir_all(root.join(path).parent().unwrap()).unwrap();
        fs::write(root.join(path), content).unwrap();
    }
    let deb = folder.join(format!("{name}.deb"));
    let output = Command::new("dpkg-deb").args(["-Zgzip", "-b"]).args([&root, &deb]).output().unwrap();
    assert!(output.status.success(), "{output:?}");
}

#[test]
fn an_image_has_what_the_recipe_says() {
    let fixture = Fixture::new();
    let mut phases = Vec::new();
    let image = fixture.builder().image(TARGET, &mut |progress| phases.push(progress.phase)).unwrap();
    phases.dedup();
    assert_eq!(phases, [Phase::Resolve, Phase::Fetch, Phase::Unpack, Phase::Initrd, Phase::Finish]);
    assert_eq!(fs::read(&image.kernel).unwrap(), b"kernel");
    assert_eq!((image.cmdline.as_str(), image.disk), ("console=ttyS0", None));
    let listed = Command::new("cpio").args(["-it", "--quiet", "-F"]).arg(&image.initrd).output().unwrap();
    let listed = String::from_utf8(listed.stdout).unwrap();
    for path in ["init", "bin", "usr/bin/busybox", "usr/lib/x/libc.so.6", "usr/lib/modules/7.2.1/kernel/virtio-gpu.ko"]
    {
        assert!(listed.lines().any(|line| line == path), "no {path} in {listed}");
    }
    let manifest = image.manifest;
    let versions: Vec<&str> = manifest.packages.iter().map(|package| package.name.as_str()).collect();
    assert_eq!(versions, ["busybox-static", "libc6", "linux-modules-7.2.1"]);
    assert_eq!((manifest.kernel.unwrap().version.as_str(), manifest.outputs.len()), ("7.2.1", 2));
}

#[test]
fn a_cached_image_asks_nobody() {
    let fixture = Fixture::new();
    assert_eq!(fixture.builder().cached(TARGET).unwrap(), None);
    let image = fixture.image().unwrap();
    assert_eq!(fixture.counts(), (1, 3));
    assert_eq!(fixture.image().unwrap(), image);
    assert_eq!(fixture.builder().cached(TARGET).unwrap(), Some(image));
    assert_eq!(fixture.counts(), (1, 3));
}

#[test]
fn an_interrupted_build_goes_on_with_what_it_has() {
    let fixture = Fixture::new();
    fixture.asked.patience.store(2, Ordering::Relaxed);
    assert!(matches!(fixture.image().unwrap_err(), Error::NoPackage(_)));
    let builder = fixture.builder();
    assert!(builder.folder(TARGET).unwrap().with_extension("partial").is_dir());
    assert_eq!(builder.cached(TARGET).unwrap(), None);
    assert_eq!(builder.cache().list().unwrap(), []);

    fixture.asked.patience.store(usize::MAX, Ordering::Relaxed);
    fixture.image().unwrap();
    assert_eq!(fixture.counts(), (2, 3));
    assert!(!builder.folder(TARGET).unwrap().with_extension("partial").exists());
}

#[test]
fn a_damaged_image_is_built_anew() {
    let fixture = Fixture::new();
    let image = fixture.image().unwrap();
    let damages: [&dyn Fn(); 4] = [
        &|| fs::write(&image.kernel, b"kernem").unwrap(),
        &|| fs::write(&image.initrd, b"short").unwrap(),
        &|| fs::remove_file(&image.kernel).unwrap(),
        &|| fs::write(image.folder.join("manifest.json"), b"{}").unwrap(),
    ];
    for (number, damage) in damages.iter().enumerate() {
        damage();
        assert_eq!(fixture.builder().cached(TARGET).unwrap(), None, "{number}");
        assert_eq!(fixture.image().unwrap(), image, "{number}");
        assert_eq!(fixture.counts(), (2 + number, 3));
    }
}

#[test]
fn a_fresh_image_from_the_same_packages_is_the_same() {
    let fixture = Fixture::new();
    let image = fixture.image().unwrap();
    assert_eq!(fixture.builder().fresh(TARGET, &mut |_| {}).unwrap(), image);
    assert_eq!(fixture.counts(), (2, 3));
}

#[test]
fn two_builders_build_once() {
    let fixture = Fixture::new();
    let images: Vec<Image> = std::thread::scope(|scope| {
        let builds: Vec<_> = (0..2).map(|_| scope.spawn(|| fixture.image().unwrap())).collect();
        builds.into_iter().map(|build| build.join().unwrap()).collect()
    });
    assert_eq!(images[0], images[1]);
    assert_eq!(fixture.counts(), (1, 3));
}

#[test]
fn a_kernel_that_is_too_old_is_refused() {
    let fixture = Fixture::new();
    let recipe = RECIPE.replace("at_least = \"7.2\"", "at_least = \"7.3\"");
    fs::write(fixture.folder.path().join("recipe.toml"), recipe).unwrap();
    let error = fixture.image().unwrap_err().to_string();
    assert_eq!(error, "the archive's kernel is 7.2.1, and the recipe asks for 7.3 or newer");
}

#[test]
fn a_removed_image_is_gone_and_its_packages_stay() {
    let fixture = Fixture::new();
    fixture.image().unwrap();
    let cache = fixture.builder().cache().clone();
    let stored = cache.list().unwrap().remove(0);
    assert_eq!((stored.manifest.subject, stored.key.len()), (Subject::Machine(TARGET), 64));
    cache.remove(&stored.key).unwrap();
    assert!(!stored.folder.exists() && cache.list().unwrap().is_empty());
    fixture.image().unwrap();
    assert_eq!(fixture.counts(), (2, 3));
}

#[test]
fn an_overlay_follows_the_initrd() {
    let fixture = Fixture::new();
    let image = fixture.image().unwrap();
    let overlay = crate::Overlay::new().file(Path::new("/usr/local/bin/a"), 0o755, b"a".to_vec()).unwrap();
    let to = fixture.folder.path().join("initrd");
    image.initrd_with(&overlay, &to).unwrap();
    let both = [fs::read(&image.initrd).unwrap(), overlay.archive()].concat();
    assert!(both == fs::read(&to).unwrap() && both.len() % 4 == 0);
}
