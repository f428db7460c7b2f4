//! Finding QEMU.

use std::env;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::bounded::output;
use crate::error::VmError;
use crate::machine::{Arch, HostOs};

/// The environment variable that names another QEMU.
const PROGRAM: &str = "LUNETTE_QEMU";

/// The first QEMU whose display bus shares memory.
const OLDEST_MAJOR: u32 = 10;

/// How long QEMU may take to tell about itself; the first run reads it from a slow disk.
const ANSWER_LIMIT: Duration = Duration::from_secs(20);

/// What a build of QEMU can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Features {
    /// It can put names into the EDID of outputs.
    pub output_names: bool,
    /// It can give up system calls.
    pub sandbox: bool,
}

/// A QEMU that will do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Qemu {
    /// The program.
    pub program: PathBuf,
    /// The guests it runs.
    pub arch: Arch,
    /// What it says about its version, like `10.0.2`.
    pub version: String,
    /// What it can do.
    pub features: Features,
}

impl Qemu {
    /// Finds the QEMU for guests of an architecture: what `LUNETTE_QEMU` names, or else what is in the path.
    ///
    /// # Errors
    /// When there is none, it is older than 10, or lacks the display bus; the message says how to get one.
    pub fn find(arch: Arch) -> Result<Self, VmError> {
        let program = match env::var_os(PROGRAM) {
            Some(named) => PathBuf::from(named),
            None => PathBuf::from(arch.qemu_program()),
        };
        Self::at(&program, arch)
    }

    /// Looks at one program.
    ///
    /// # Errors
    /// As for [`Qemu::find`].
    pub fn at(program: &Path, arch: Arch) -> Result<Self, VmError> {
        let advice = || advice(arch, HostOs::current());
        let answer = |arguments: &[&str]| {
            output(program, arguments, ANSWER_LIMIT).map_err(|source| match source.kind() {
                std::io::ErrorKind::NotFound => {
                    VmError::NoQemu { program: program.display().to_string(), advice: advice() }
                }
                _ => VmError::Run { program: program.to_owned(), source },
            })
        };
        let version = version(program, &answer(&["--version"])?)?;
        if major(&version) < OLDEST_MAJOR {
            return Err(VmError::OldQemu { program: program.to_owned(), found: version, advice: advice() });
        }
        if !answer(&["-display", "help"])?.lines().any(|line| line.trim() == "dbus") {
            return Err(VmError::NoDisplayBus { program: program.to_owned(), advice: advice() });
        }
        let device = answer(&["-device", "virtio-gpu-pci,help"])?;
        let features = Features {
            output_names: device.lines().any(|line| line.trim_start().starts_with("outputs=")),
            sandbox: answer(&["-help"])?.lines().any(|line| line.starts_with("-sandbox ")),
        };
        Ok(Self { program: program.to_owned(), arch, version, features })
    }
}

fn version(program: &Path, answer: &str) -> Result<String, VmError> {
    let digits = |text: &str| text.chars().take_while(|c| c.is_ascii_digit() || *c == '.').collect::<String>();
    answer.split_once("QEMU emulator version ").map(|(_, rest)| digits(rest)).filter(|v| major(v) > 0).ok_or_else(
        || {
            let answer = answer.chars().take(80).collect();
            VmError::Answer { program: program.to_owned(), asked: "--version", answer }
        },
    )
}

fn major(version: &str) -> u32 {
    version.split('.').next().and_then(|number| number.parse().ok()).unwrap_or(0)
}

fn advice(arch: Arch, host: HostOs) -> String {
    let get = match host {
        HostOs::Linux => format!(
            "on Debian 13 install {package} and qemu-system-modules-opengl, on Debian 12 the same from \
             bookworm-backports",
            package = arch.debian_package()
        ),
        HostOs::Mac => "install it with: brew install qemu".to_owned(),
    };
    format!("{get}; or set {PROGRAM} to the program")
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::process::{Command, Stdio};

    use super::*;

    fn fake(answers: &str) -> (tempfile::TempDir, PathBuf) {
        let dir = tempfile::tempdir().unwrap();
        let program = dir.path().join("qemu");
        // Another process writes it: ours may fork in another test meanwhile, and a file open for writing cannot run.
        let mut install = Command::new("install");
        let mut child = install.args(["-m", "755", "/dev/stdin"]).arg(&program).stdin(Stdio::piped()).spawn().unwrap();
        write!(child.stdin.take().unwrap(), "#!/bin/sh\ncase \"$*\" in\n{answers}\nesac\n").unwrap();
        assert!(child.wait().unwrap().success());
        (dir, program)
    }

    const TEN: &str = "--version) echo 'QEMU emulator version 10.0.2 (Debian 1:10.0.2+ds-2)';;";

    #[test]
    fn an_old_qemu_is_refused_with_advice() {
        let (_dir, program) = fake("--version) echo 'QEMU emulator version 7.2.22 (Debian)';;");
        let error = Qemu::at(&program, Arch::Amd64).unwrap_err();
        assert!(matches!(&error, VmError::OldQemu { found, .. } if found == "7.2.22"));
        assert!(error.to_string().contains(PROGRAM), "{error}");
    }

    #[test]
    fn a_qemu_without_the_display_bus_is_refused_with_the_package() {
        let (_dir, program) = fake(&format!("{TEN}\n'-display help') echo gtk;;"));
        let error = Qemu::at(&program, Arch::Arm64).unwrap_err();
        assert!(matches!(error, VmError::NoDisplayBus { .. }));
        if HostOs::current() == HostOs::Linux {
            let text = error.to_string();
            assert!(text.contains("qemu-system-arm ") && text.contains("qemu-system-modules-opengl"), "{text}");
        }
    }

    #[test]
    fn features_are_told_by_the_program_and_max_outputs_is_not_outputs() {
        let display = "'-display help') printf 'none\\ndbus\\n';;";
        let plain = "'-device virtio-gpu-pci,help') echo '  max_outputs=<uint32>';;";
        let (_dir, program) = fake(&format!("{TEN}\n{display}\n{plain}"));
        let qemu = Qemu::at(&program, Arch::Amd64).unwrap();
        assert_eq!((qemu.version.as_str(), qemu.features), ("10.0.2", Features::default()));

        let named = "'-device virtio-gpu-pci,help') echo '  outputs=<list>';;\n-help) echo '-sandbox on[,x]';;";
        let (_dir, program) = fake(&format!("{TEN}\n{display}\n{named}"));
        let features = Features { output_names: true, sandbox: true };
        assert_eq!(Qemu::at(&program, Arch::Amd64).unwrap().features, features);
    }

    #[test]
    fn something_else_and_nothing_are_refused() {
        let (_dir, program) = fake("--version) echo 'GNU bash';;");
        assert!(matches!(Qemu::at(&program, Arch::Amd64), Err(VmError::Answer { .. })));
        let missing = Qemu::at(Path::new("/no/such/qemu"), Arch::Amd64);
        assert!(matches!(missing, Err(VmError::NoQemu { .. })));
    }
}
