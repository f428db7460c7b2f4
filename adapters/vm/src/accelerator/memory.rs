//! What was proved before.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::accelerator::Accelerator;
use crate::qemu::Qemu;

/// More than a user ever needs; when it is reached all are forgotten.
const MOST: usize = 64;

/// The largest file that is read.
const FILE_CAP: u64 = 64 * 1024;

/// What all proofs depend on. It changes, and the proof is made anew.
pub(crate) fn key(qemu: &Qemu, kernel: &Path) -> io::Result<String> {
    let mut hash = Sha256::new();
    let system = rustix::system::uname();
    let known = [system.release().to_bytes(), system.version().to_bytes(), qemu.version.as_bytes()];
    for part in known.into_iter().chain([qemu.program.as_os_str().as_encoded_bytes(), processor().as_bytes()]) {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part);
    }
    hash.update(kvm_identity());
    io::copy(&mut File::open(kernel)?, &mut HashWriter(&mut hash))?;
    Ok(hash.finalize().iter().take(16).map(|byte| format!("{byte:02x}")).collect())
}

struct HashWriter<'a>(&'a mut Sha256);

impl io::Write for HashWriter<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The processor's name, for homes that several machines share; empty where it is not told.
fn processor() -> String {
    let told = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    told.lines().find(|line| line.starts_with("model name")).unwrap_or_default().to_owned()
}

fn kvm_identity() -> String {
    match fs::metadata("/dev/kvm") {
        Ok(node) => format!("{}:{}:{}:{}", node.dev(), node.ino(), node.rdev(), opens("/dev/kvm").is_ok()),
        Err(_) => "none".to_owned(),
    }
}

/// Whether a device may be used at all.
pub(crate) fn opens(node: &str) -> io::Result<()> {
    File::options().read(true).write(true).open(node).map(drop)
}

/// Where proofs are remembered by default; `None` when the user has no home.
pub(crate) fn default_file() -> Option<PathBuf> {
    let set = |name| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let cache = set("XDG_CACHE_HOME").or_else(|| set("HOME").map(|home| home.join(".cache")))?;
    Some(cache.join("lunette").join("accelerators.json"))
}

/// What was proved under this key.
pub(crate) fn recall(file: &Path, key: &str) -> Option<Accelerator> {
    read(file).get(key).copied()
}

/// Remembers a proof.
pub(crate) fn remember(file: &Path, key: &str, accelerator: Accelerator) -> io::Result<()> {
    let mut proofs = read(file);
    if proofs.len() >= MOST {
        proofs.clear();
    }
    proofs.insert(key.to_owned(), accelerator);
    if let Some(parent) = file.parent() {
        fs::create_dir_all(parent)?;
    }
    // Two may do this at once; the rename leaves a whole file in any case.
    let draft = file.with_extension(format!("{}.tmp", std::process::id()));
    fs::write(&draft, serde_json::to_vec_pretty(&proofs)?)?;
    fs::rename(&draft, file)
}

/// A file that is missing or spoilt costs a new proof, no more.
fn read(file: &Path) -> BTreeMap<String, Accelerator> {
    let small = fs::metadata(file).is_ok_and(|about| about.len() <= FILE_CAP);
    let bytes = if small { fs::read(file).unwrap_or_default() } else { Vec::new() };
    serde_json::from_slice(&bytes).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::machine::Arch;
    use crate::qemu::Features;

    fn qemu(version: &str) -> Qemu {
        let (program, version) = (PathBuf::from("/usr/bin/q"), version.to_owned());
        Qemu { program, arch: Arch::Amd64, version, features: Features::default() }
    }

    #[test]
    fn a_proof_is_remembered_under_its_key_only() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("new/accelerators.json");
        assert_eq!(recall(&file, "a"), None);
        remember(&file, "a", Accelerator::Tcg).unwrap();
        remember(&file, "b", Accelerator::Kvm).unwrap();
        let recalled = ["a", "b", "c"].map(|key| recall(&file, key));
        assert_eq!(recalled, [Some(Accelerator::Tcg), Some(Accelerator::Kvm), None]);
    }

    #[test]
    fn a_spoilt_file_is_forgotten() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("accelerators.json");
        fs::write(&file, "{\"a\": \"warp\"").unwrap();
        assert_eq!(recall(&file, "a"), None);
        remember(&file, "a", Accelerator::Tcg).unwrap();
        assert_eq!(recall(&file, "a"), Some(Accelerator::Tcg));
    }

    #[test]
    fn another_kernel_or_another_qemu_needs_another_proof() {
        let dir = tempfile::tempdir().unwrap();
        let kernels = ["one", "two"].map(|name| {
            fs::write(dir.path().join(name), name).unwrap();
            dir.path().join(name)
        });
        let first = key(&qemu("10.0.2"), &kernels[0]).unwrap();
        assert_eq!(first, key(&qemu("10.0.2"), &kernels[0]).unwrap());
        assert_ne!(first, key(&qemu("10.0.2"), &kernels[1]).unwrap());
        assert_ne!(first, key(&qemu("11.1.3"), &kernels[0]).unwrap());
    }
}
