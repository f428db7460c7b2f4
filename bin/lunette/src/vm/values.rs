//! Values of `lunette vm`'s arguments.

use std::path::PathBuf;

use lunette_vm::{Access, Forward, Share};

/// `TAG=FOLDER`, with `:rw` behind it for a guest that may write.
pub(super) fn share(text: &str) -> Result<Share, String> {
    let (tag, path) = text.split_once('=').ok_or("expected TAG=FOLDER")?;
    let (path, access) = match path.strip_suffix(":rw") {
        Some(path) => (path, Access::ReadWrite),
        None => (path, Access::ReadOnly),
    };
    let tag = tag.parse().map_err(|error: lunette_vm::VmError| error.to_string())?;
    Ok(Share { tag, path: path.into(), access })
}

/// `PATH=FILE`.
pub(super) fn file(text: &str) -> Result<(PathBuf, PathBuf), String> {
    let (path, file) = text.split_once('=').ok_or("expected PATH=FILE")?;
    Ok((path.into(), file.into()))
}

/// `HOST:GUEST`.
pub(super) fn forward(text: &str) -> Result<Forward, String> {
    let port = |text: &str| text.parse().map_err(|_| format!("{text:?} is no port"));
    let (host, guest) = text.split_once(':').ok_or("expected HOST:GUEST")?;
    Ok(Forward { host: port(host)?, guest: port(guest)? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_read_only_unless_said_otherwise() {
        assert_eq!(share("bin=/a:b").unwrap().access, Access::ReadOnly);
        let writable = share("bin=/a:rw").unwrap();
        assert_eq!((writable.path.to_str(), writable.access), (Some("/a"), Access::ReadWrite));
        assert!(share("/a").is_err() && share("a/b=/c").is_err());
    }

    #[test]
    fn a_file_has_a_place_in_the_guest_and_one_here() {
        assert_eq!(file("/etc/a=b").unwrap(), ("/etc/a".into(), "b".into()));
        assert!(file("/etc/a").is_err());
    }

    #[test]
    fn a_forward_has_two_ports() {
        assert_eq!(forward("0:22").unwrap(), Forward { host: 0, guest: 22 });
        assert!(forward("22").is_err() && forward("1:x").is_err() && forward("1:70000").is_err());
    }
}
