//! What the figures were measured on, and with.

use std::fmt;
use std::fs;

use serde::Serialize;

/// Facts about the machine and the build.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Machine {
    pub(crate) cpu: String,
    pub(crate) cores: usize,
    pub(crate) kernel: String,
    pub(crate) architecture: &'static str,
    /// Seconds since 1970.
    pub(crate) measured_at: u64,
    pub(crate) lunette: &'static str,
    pub(crate) openh264: String,
    /// `release`, or `debug` for figures that mean nothing.
    pub(crate) profile: &'static str,
}

impl Machine {
    pub(crate) fn look() -> Self {
        let uname = rustix::system::uname();
        let text = |part: &std::ffi::CStr| part.to_string_lossy().into_owned();
        let since_1970 = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        Self {
            cpu: cpu_model().unwrap_or_else(|| "unknown".to_owned()),
            cores: std::thread::available_parallelism().map_or(0, usize::from),
            kernel: format!("{} {}", text(uname.sysname()), text(uname.release())),
            architecture: std::env::consts::ARCH,
            measured_at: since_1970.map_or(0, |time| time.as_secs()),
            lunette: frame_export::BUILD_ID,
            openh264: lunette_sys_openh264::version(),
            profile: if cfg!(debug_assertions) { "debug" } else { "release" },
        }
    }
}

impl fmt::Display for Machine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { cpu, cores, kernel, architecture, lunette, openh264, profile, .. } = self;
        write!(f, "{cpu}, {cores} cores, {kernel} {architecture}; lunette {lunette}, {profile}; openh264 {openh264}")
    }
}

fn cpu_model() -> Option<String> {
    model_in(&fs::read_to_string("/proc/cpuinfo").ok()?)
}

fn model_in(cpuinfo: &str) -> Option<String> {
    let line = cpuinfo.lines().find(|line| line.starts_with("model name"))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_model_is_the_first_of_its_name() {
        let cpuinfo = "processor\t: 0\nmodel\t\t: 5\nmodel name\t: Some CPU @ 2 GHz\nmodel name\t: Other\n";
        assert_eq!(model_in(cpuinfo).as_deref(), Some("Some CPU @ 2 GHz"));
        assert_eq!(model_in("Hardware : x"), None);
    }

    #[test]
    fn a_machine_has_cores_and_a_kernel() {
        let machine = Machine::look();
        assert!(machine.cores > 0 && machine.kernel.contains(' ') && machine.measured_at > 0);
    }
}
