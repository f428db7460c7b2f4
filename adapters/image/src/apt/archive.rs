//! Choosing and fetching packages with an apt that has folders of its own.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::configuration::Configuration;
use crate::error::io_error;
use crate::progress::{Phase, Progress, Watch};
use crate::recipe::DebianPart;
use crate::tool::{Event, Tool};
use crate::{Arch, Error, Result};

const UPDATE_LIMIT: Duration = Duration::from_secs(5 * 60);
const RESOLVE_LIMIT: Duration = Duration::from_secs(2 * 60);
const FETCH_LIMIT: Duration = Duration::from_secs(60 * 60);

/// A package of a certain version.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Package {
    pub(crate) name: String,
    pub(crate) version: String,
    /// Of the file that holds it.
    pub(crate) file: String,
    pub(crate) size: u64,
}

/// Where packages come from and where they are kept.
#[derive(Debug, Clone)]
pub(crate) struct Ground {
    pub(crate) arch: Arch,
    pub(crate) debian: DebianPart,
    /// Apt's own state.
    pub(crate) state: PathBuf,
    /// Fetched packages; what is there already is not fetched again.
    pub(crate) packages: PathBuf,
    /// Where images are, for a message.
    pub(crate) images: PathBuf,
}

/// Something that has packages.
pub(crate) trait Archive {
    /// Learns what there is today.
    fn refresh(&self, ground: &Ground) -> Result<()>;
    /// Everything that these need, themselves included: names, `name/suite`, or apt's patterns.
    fn resolve(&self, ground: &Ground, wanted: &[String]) -> Result<Vec<Package>>;
    /// Brings the files of these into the folder of packages, checked against the archive's signed digests.
    fn fetch(&self, ground: &Ground, packages: &[Package], watch: Watch<'_>) -> Result<()>;
    /// What an installed system needs to have packages from here too, as a file of apt's; `None` where it could not.
    fn sources(&self, ground: &Ground) -> Result<Option<String>>;
}

/// The real one.
#[derive(Debug, Default)]
pub(crate) struct Apt {
    pub(crate) mirror: Option<String>,
}

impl Archive for Apt {
    fn refresh(&self, ground: &Ground) -> Result<()> {
        let configuration = Configuration::read(&ground.images, self.mirror.as_deref())?;
        write_configuration(ground, &configuration)?;
        // Without it a mirror that cannot be reached is a mere warning, and old lists are used.
        apt("apt-get", ground, UPDATE_LIMIT).args(["-o", "APT::Update::Error-Mode=any", "update"]).run(&mut |_| {})
    }

    fn resolve(&self, ground: &Ground, wanted: &[String]) -> Result<Vec<Package>> {
        let output =
            apt("apt-get", ground, RESOLVE_LIMIT).args(["-qq", "--print-uris", "install", "--"]).args(wanted).read()?;
        String::from_utf8_lossy(&output).lines().filter(|line| line.starts_with('\'')).map(parse_line).collect()
    }

    fn fetch(&self, ground: &Ground, packages: &[Package], watch: Watch<'_>) -> Result<()> {
        if packages.is_empty() {
            return Ok(());
        }
        let names = packages.iter().map(|package| format!("{}={}", package.name, package.version));
        let total = packages.iter().map(|package| package.size).sum();
        let tool = apt("apt-get", ground, FETCH_LIMIT).folder(&ground.packages).arg("download").args(names);
        tool.run(&mut |event| {
            if matches!(event, Event::Tick) {
                watch(Progress::of(Phase::Fetch, fetched(ground, packages), total));
            }
        })?;
        match packages.iter().find(|package| !has(ground, package)) {
            Some(package) => Err(Error::NoPackage(format!("{} {}", package.name, package.version))),
            None => Ok(()),
        }
    }

    fn sources(&self, ground: &Ground) -> Result<Option<String>> {
        let configuration = Configuration::read(&ground.images, self.mirror.as_deref())?;
        Ok(public_stanza(ground, &configuration.source.address))
    }
}

/// Without what is this machine's own: its keys, and names and passwords in addresses.
fn public_stanza(ground: &Ground, address: &str) -> Option<String> {
    let known = address.starts_with("http://") || address.starts_with("https://");
    let (suites, components) = (ground.debian.suites.join(" "), ground.debian.components.join(" "));
    (known && !address.contains('@')).then(|| {
        format!(
            "Types: deb\nURIs: {address}\nSuites: {suites}\nComponents: {components}\n\
             Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg\n"
        )
    })
}

fn has(ground: &Ground, package: &Package) -> bool {
    fs::metadata(ground.packages.join(&package.file)).is_ok_and(|about| about.len() == package.size)
}

fn fetched(ground: &Ground, packages: &[Package]) -> u64 {
    let files = packages.iter().map(|package| ground.packages.join(&package.file));
    files.filter_map(|file| fs::metadata(file).ok()).map(|about| about.len()).sum()
}

fn apt(program: &str, ground: &Ground, limit: Duration) -> Tool {
    Tool::new(program, limit).env("APT_CONFIG", ground.state.join("apt.conf"))
}

fn write_configuration(ground: &Ground, configuration: &Configuration) -> Result<()> {
    for folder in ["etc/apt.conf.d", "etc/preferences.d", "lists/partial", "cache/archives/partial"] {
        let folder = ground.state.join(folder);
        fs::create_dir_all(&folder).map_err(io_error("make", &folder))?;
    }
    fs::create_dir_all(&ground.packages).map_err(io_error("make", &ground.packages))?;
    for (name, content) in
        [("apt.conf", options(ground, configuration)), ("etc/sources.list", String::new()), ("status", String::new())]
    {
        write(&ground.state.join(name), &content)?;
    }
    let folder = ground.state.join("etc/sources.list.d");
    fs::create_dir_all(&folder).map_err(io_error("make", &folder))?;
    write(&folder.join("debian.sources"), &stanza(ground, configuration))
}

fn write(path: &Path, content: &str) -> Result<()> {
    fs::write(path, content).map_err(io_error("write", path))
}

/// Later lines win: what must not be the machine's comes last.
fn options(ground: &Ground, configuration: &Configuration) -> String {
    let state = ground.state.display();
    let mut text = configuration.options.clone();
    let mut set = |name: &str, value: &str| writeln!(text, "{name} \"{value}\";").expect("a String takes everything");
    set("Dir", "/");
    set("Dir::Etc", &format!("{state}/etc"));
    set("Dir::Etc::parts", &format!("{state}/etc/apt.conf.d"));
    set("Dir::Etc::main", "/dev/null");
    set("Dir::State", &state.to_string());
    set("Dir::State::status", &format!("{state}/status"));
    set("Dir::Cache", &format!("{state}/cache"));
    set("APT::Architecture", ground.arch.as_str());
    set("APT::Sandbox::User", "");
    set("APT::Install-Recommends", "false");
    set("Acquire::Languages", "none");
    set("Acquire::Retries", "3");
    if let Some(trusted) = &configuration.trusted {
        set("Dir::Etc::trustedparts", &trusted.display().to_string());
    }
    writeln!(text, "#clear APT::Architectures;\nAPT::Architectures {{ \"{}\"; }};", ground.arch).expect("as above");
    text
}

fn stanza(ground: &Ground, configuration: &Configuration) -> String {
    let source = &configuration.source;
    let (suites, components) = (ground.debian.suites.join(" "), ground.debian.components.join(" "));
    let mut text = format!("Types: deb\nURIs: {}\nSuites: {suites}\nComponents: {components}\n", source.address);
    if let Some(signed_by) = &source.signed_by {
        let value = signed_by.replace('\n', "\n ");
        writeln!(text, "Signed-By: {}", value.trim_end()).expect("as above");
    }
    if source.trusted {
        text.push_str("Trusted: yes\n");
    }
    text
}

/// `'address' name_version_arch.deb size digest`
fn parse_line(line: &str) -> Result<Package> {
    let wrong = || Error::NoPackage(format!("package in apt's words {line:?}"));
    let mut words = line.split_whitespace().skip(1);
    let (file, size) = (words.next().ok_or_else(wrong)?, words.next().ok_or_else(wrong)?);
    let mut parts = file.split('_');
    let (name, version) = (parts.next().ok_or_else(wrong)?, parts.next().ok_or_else(wrong)?);
    Ok(Package {
        name: name.to_owned(),
        version: version.replace("%3a", ":"),
        file: file.to_owned(),
        size: size.parse().map_err(|_| wrong())?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::apt::sources;

    fn ground() -> Ground {
        Ground {
            arch: Arch::Arm64,
            debian: DebianPart {
                suites: vec!["trixie".into(), "trixie-backports".into()],
                components: vec!["main".into()],
            },
            state: "/s".into(),
            packages: "/p".into(),
            images: "/i".into(),
        }
    }

    #[test]
    fn apts_list_of_files_is_read() {
        let line = "'http://m.example/a.deb' busybox-static_1%3a1.37.0-6+b9_amd64.deb 955316 MD5Sum:608b";
        let package = parse_line(line).unwrap();
        assert_eq!((package.name.as_str(), package.version.as_str()), ("busybox-static", "1:1.37.0-6+b9"));
        assert_eq!((package.file.as_str(), package.size), ("busybox-static_1%3a1.37.0-6+b9_amd64.deb", 955_316));
        assert_eq!(
            parse_line("'http://m.example/l.deb' l_4.17~bpo13+1_all.deb 26836 ").unwrap().version,
            "4.17~bpo13+1"
        );
        for wrong in ["'a'", "'a' b", "'a' b 3", "'a' b_c_d.deb x"] {
            assert!(parse_line(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn an_installed_system_learns_the_mirror_and_no_secret() {
        let stanza = public_stanza(&ground(), "https://m.example/debian").unwrap();
        assert!(stanza.contains("URIs: https://m.example/debian\nSuites: trixie trixie-backports\n"), "{stanza}");
        assert_eq!(public_stanza(&ground(), "https://name:secret@m.example/debian"), None);
        assert_eq!(public_stanza(&ground(), "file:/srv/debian"), None);
    }

    #[test]
    fn the_recipes_suites_come_from_the_machines_mirror_with_its_keys() {
        let source = sources::one_line("deb [signed-by=/k.gpg] http://m.example/debian bookworm main").remove(0);
        let configuration = Configuration { source, options: "Acquire::http::Proxy \"p\";\n".into(), trusted: None };
        let expected = "Types: deb\nURIs: http://m.example/debian\nSuites: trixie trixie-backports\nComponents: main\nSigned-By: /k.gpg\n";
        assert_eq!(stanza(&ground(), &configuration), expected);
        let options = options(&ground(), &configuration);
        assert!(options.starts_with("Acquire::http::Proxy \"p\";\n"));
        assert!(options.contains("APT::Architecture \"arm64\";\n") && options.contains("Dir::State \"/s\";\n"));
    }
}
