//! What Debian wants to know about a package, as text.

use super::plan::{Package, Plan};

/// What all packages of a release share.
#[derive(Debug)]
pub(super) struct Release<'a> {
    pub(super) plan: &'a Plan,
    pub(super) version: &'a str,
    /// Debian's name of the processor.
    pub(super) arch: &'a str,
    /// As `date -R` writes it.
    pub(super) date: &'a str,
    /// The same in seconds since 1970: what tools take instead of the time of the build.
    pub(super) epoch: &'a str,
}

impl Release<'_> {
    /// `DEBIAN/control`; `libraries` is what its programs load, as dpkg-shlibdeps lists it.
    pub(super) fn control(&self, package: &Package, libraries: &str, kib: u64) -> String {
        let mut depends = package.depends.clone();
        if !libraries.is_empty() {
            depends.insert(0, libraries.to_owned());
        }
        let mut text = format!(
            "Package: {}\nVersion: {}\nArchitecture: {}\nMaintainer: {}\nInstalled-Size: {kib}\n",
            package.name, self.version, self.arch, self.plan.maintainer
        );
        let lists = [("Depends", &depends), ("Recommends", &package.recommends), ("Suggests", &package.suggests)];
        for (field, list) in lists {
            if !list.is_empty() {
                text += &format!("{field}: {}\n", list.join(", "));
            }
        }
        text += &format!("Section: {}\nPriority: optional\nDescription: {}\n", package.section, package.summary);
        text + &paragraphs(&package.description)
    }

    /// `changelog`, of this release only: what changed is in the repository.
    pub(super) fn changelog(&self, package: &Package) -> String {
        format!(
            "{} ({}) unstable; urgency=medium\n\n  * Built from the sources of this version.\n\n -- {}  {}\n",
            package.name, self.version, self.plan.maintainer, self.date
        )
    }

    /// `copyright`.
    pub(super) fn copyright(&self, mit: &str) -> String {
        format!(
            "Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\nUpstream-Name: lunette\n\n\
             Files: *\nCopyright: {}\nLicense: {}\n\n\
             License: Apache-2.0\n The text is in /usr/share/common-licenses/Apache-2.0.\n\n\
             License: MIT\n{}",
            self.plan.copyright,
            self.plan.licence,
            paragraphs(mit)
        )
    }
}

/// Text inside of a field, where an empty line is a dot.
fn paragraphs(text: &str) -> String {
    let line = |line: &str| if line.is_empty() { " .\n".to_owned() } else { format!(" {line}\n") };
    text.trim().lines().map(line).collect()
}

/// The script that runs when a package was unpacked.
pub(super) fn after_install(package: &Package) -> Option<String> {
    let units = units(package)?;
    let start = if package.start {
        format!(
            "    for unit in {units}; do\n\
             \x20       deb-systemd-helper unmask \"$unit\" >/dev/null || true\n\
             \x20       if deb-systemd-helper --quiet was-enabled \"$unit\"; then\n\
             \x20           deb-systemd-helper enable \"$unit\" >/dev/null || true\n\
             \x20       else\n\
             \x20           deb-systemd-helper update-state \"$unit\" >/dev/null || true\n\
             \x20       fi\n\
             \x20   done\n"
        )
    } else {
        String::new()
    };
    // One that was running goes on as what was just installed.
    let begin = if package.start { "restart" } else { "try-restart" };
    Some(script(&format!(
        "if [ \"$1\" = configure ]; then\n{start}\
         \x20   if [ -d /run/systemd/system ]; then\n\
         \x20       systemctl --system daemon-reload >/dev/null || true\n\
         \x20       deb-systemd-invoke {begin} {units} >/dev/null || true\n\
         \x20   fi\n\
         fi\n"
    )))
}

/// The script that runs before a package is taken away.
pub(super) fn before_removal(package: &Package) -> Option<String> {
    let units = units(package)?;
    Some(script(&format!(
        "if [ \"$1\" = remove ] && [ -d /run/systemd/system ]; then\n\
         \x20   deb-systemd-invoke stop {units} >/dev/null || true\n\
         fi\n"
    )))
}

/// The script that runs when a package is gone.
pub(super) fn after_removal(package: &Package) -> Option<String> {
    let units = units(package)?;
    Some(script(&format!(
        "if [ \"$1\" = remove ] && [ -d /run/systemd/system ]; then\n\
         \x20   systemctl --system daemon-reload >/dev/null || true\n\
         fi\n\
         if [ \"$1\" = purge ] && command -v deb-systemd-helper >/dev/null; then\n\
         \x20   for unit in {units}; do deb-systemd-helper purge \"$unit\" >/dev/null || true; done\n\
         fi\n"
    )))
}

fn units(package: &Package) -> Option<String> {
    (!package.units.is_empty()).then(|| package.units.join(" "))
}

fn script(body: &str) -> String {
    format!("#!/bin/sh\nset -e\n\n{body}")
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::target::Arch;
    use super::*;

    fn plan() -> Plan {
        Plan::read(Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap(), Arch::Amd64).unwrap()
    }

    fn release(plan: &Plan) -> Release<'_> {
        Release { plan, version: "1.2.3", arch: "amd64", date: "Mon, 30 Nov 2026 10:00:00 +0000", epoch: "1796032800" }
    }

    #[test]
    fn a_control_file_has_what_dpkg_asks_for_and_no_empty_field() {
        let plan = plan();
        let text = release(&plan).control(&plan.packages[0], "libc6 (>= 2.36)", 77);
        assert!(text.starts_with("Package: lunette\nVersion: 1.2.3\nArchitecture: amd64\nMaintainer: "), "{text}");
        assert!(text.contains("\nDepends: libc6 (>= 2.36), qemu-system-x86 (>= 1:10~)"), "{text}");
        assert!(text.contains("\n .\n") && !text.contains("\n\n"), "paragraphs are parted by a dot: {text}");
        let element = release(&plan).control(&plan.packages[2], "", 1);
        assert!(!element.contains("Depends:") && !element.contains("Recommends:"), "{element}");
    }

    #[test]
    fn a_changelog_ends_with_who_and_when() {
        let plan = plan();
        let text = release(&plan).changelog(&plan.packages[1]);
        assert!(text.starts_with("lunette-guest (1.2.3) unstable; urgency=medium\n\n  * "), "{text}");
        assert!(text.ends_with(">  Mon, 30 Nov 2026 10:00:00 +0000\n"), "{text}");
    }

    #[test]
    fn services_of_a_host_are_left_off_and_those_of_a_guest_are_started() {
        let plan = plan();
        let [host, guest, element] = &plan.packages[..] else { panic!("three packages") };
        let (host, guest) = (after_install(host).unwrap(), after_install(guest).unwrap());
        assert!(!host.contains("enable") && host.contains("try-restart control-plane.service frame-export.service"));
        assert!(guest.contains("enable") && guest.contains("restart drm-manager.service hydra.service"));
        assert_eq!(after_install(element), None);
    }

    #[test]
    fn every_script_is_one_that_a_shell_takes() {
        let folder = tempfile::tempdir().unwrap();
        for package in &plan().packages {
            for text in [after_install(package), before_removal(package), after_removal(package)].into_iter().flatten()
            {
                let path = folder.path().join("script");
                std::fs::write(&path, text).unwrap();
                assert!(std::process::Command::new("sh").arg("-n").arg(&path).status().unwrap().success());
            }
        }
    }
}
