//! What apt of this machine knows: sources, keys, proxies.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::sources::{self, Source};
use crate::error::io_error;
use crate::tool::{Tool, is_installed};
use crate::{Error, Result};

const LIMIT: Duration = Duration::from_secs(30);

/// Options that decide how apt reaches a mirror, by the beginning of their name.
const CARRIED: [&str; 4] = ["Acquire::http", "Acquire::ftp", "Acquire::Check-", "Acquire::Force"];

/// The machine's apt configuration, as far as a build takes it over.
pub(crate) struct Configuration {
    pub(crate) source: Source,
    /// Options that say how to reach it, in apt.conf's syntax.
    pub(crate) options: String,
    /// Where apt keeps keys that every source may be signed with.
    pub(crate) trusted: Option<PathBuf>,
}

impl Configuration {
    /// Reads it; `mirror` takes the place of the machine's own.
    pub(crate) fn read(images: &Path, mirror: Option<&str>) -> Result<Self> {
        if !is_installed("apt-get") || !is_installed("apt-config") {
            return Err(Error::NoApt { images: images.to_owned() });
        }
        let dump = Tool::new("apt-config", LIMIT).arg("dump").read()?;
        let dump = String::from_utf8_lossy(&dump);
        let (list, parts) = (folder(&dump, "Dir::Etc::sourcelist"), folder(&dump, "Dir::Etc::sourceparts"));
        let found = sources::debian(read_sources(&list, &parts)?);
        let source = match (found, mirror) {
            (Some(source), None) => source,
            (found, Some(mirror)) => in_place_of(found, mirror),
            (None, None) => return Err(Error::NoMirror),
        };
        let trusted = Some(folder(&dump, "Dir::Etc::trustedparts")).filter(|path| path.is_dir());
        Ok(Self { source, options: carried(&dump), trusted })
    }
}

/// A mirror that somebody names is signed with the keys of the one that it stands for.
fn in_place_of(found: Option<Source>, mirror: &str) -> Source {
    let keys = PathBuf::from("/usr/share/keyrings/debian-archive-keyring.gpg");
    let signed_by = found.and_then(|source| source.signed_by);
    let signed_by = signed_by.or_else(|| keys.is_file().then(|| keys.display().to_string()));
    Source { address: mirror.to_owned(), suite: String::new(), components: Vec::new(), signed_by, trusted: false }
}

fn read_sources(list: &Path, parts: &Path) -> Result<Vec<Source>> {
    let mut found = if list.is_file() { sources::one_line(&read(list)?) } else { Vec::new() };
    let mut paths: Vec<PathBuf> = fs::read_dir(parts).into_iter().flatten().flatten().map(|e| e.path()).collect();
    paths.sort();
    for path in paths {
        match path.extension().and_then(|extension| extension.to_str()) {
            Some("list") => found.extend(sources::one_line(&read(&path)?)),
            Some("sources") => found.extend(sources::deb822(&read(&path)?)),
            _ => {}
        }
    }
    Ok(found)
}

fn read(path: &Path) -> Result<String> {
    fs::read_to_string(path).map_err(io_error("read", path))
}

/// A path of `apt-config dump`, with those that it is relative to.
fn folder(dump: &str, name: &str) -> PathBuf {
    let value =
        |name: &str| dump.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(" \"")?.strip_suffix("\";"));
    let names = ["Dir", "Dir::Etc", name];
    names.iter().filter_map(|name| value(name)).collect()
}

fn carried(dump: &str) -> String {
    let lines = dump.lines().filter(|line| CARRIED.iter().any(|name| line.starts_with(name)));
    lines.flat_map(|line| [line, "\n"]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const DUMP: &str = "Dir \"/\";\nDir::Etc \"etc/apt\";\nDir::Etc::sourcelist \"sources.list\";\n\
        Dir::Etc::sourceparts \"/other/parts\";\nAcquire::http::Proxy \"http://proxy.example:3142\";\n\
        Acquire::Languages \"none\";\nAcquire::https::Verify-Peer \"false\";\nAPT::Update::Post-Invoke:: \"rm\";\n";

    #[test]
    fn paths_are_put_together_as_apt_does() {
        assert_eq!(folder(DUMP, "Dir::Etc::sourcelist"), Path::new("/etc/apt/sources.list"));
        assert_eq!(folder(DUMP, "Dir::Etc::sourceparts"), Path::new("/other/parts"));
    }

    #[test]
    fn what_reaches_a_mirror_is_carried_over_and_nothing_else() {
        let expected = "Acquire::http::Proxy \"http://proxy.example:3142\";\nAcquire::https::Verify-Peer \"false\";\n";
        assert_eq!(carried(DUMP), expected);
    }

    #[test]
    fn both_forms_of_lists_are_found_and_others_left() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
        write("sources.list", "deb http://a.example/debian sid main\n");
        write("b.sources", "Types: deb\nURIs: http://b.example/debian\nSuites: sid\nComponents: main\n");
        write("a.list", "deb http://c.example/debian sid main\n");
        write("d.sources.disabled", "Types: deb\nURIs: http://d.example/debian\nSuites: sid\nComponents: main\n");
        let found = read_sources(&folder.path().join("sources.list"), folder.path()).unwrap();
        let addresses: Vec<&str> = found.iter().map(|source| source.address.as_str()).collect();
        // The folder is both here, so that its one-line list is read twice.
        assert_eq!(
            addresses,
            [
                "http://a.example/debian",
                "http://c.example/debian",
                "http://b.example/debian",
                "http://a.example/debian"
            ]
        );
    }

    #[test]
    fn a_mirror_by_hand_keeps_the_keys() {
        let found = sources::one_line("deb [signed-by=/k.gpg] http://a.example/debian sid main").remove(0);
        let source = in_place_of(Some(found), "http://b.example/debian");
        assert_eq!((source.address.as_str(), source.signed_by.as_deref()), ("http://b.example/debian", Some("/k.gpg")));
    }
}
