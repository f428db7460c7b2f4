//! The files of a container, put together from mounts.
//!
//! ```text
//!   lower     the profile's root, read-only, its owner 0 seen as the desktop's first id
//!   layer     tmpfs of the desktop alone: upper/ work/ nodes/
//!   root      overlay of both
//!   mounts/N  folders of the machine whose owner is to be the desktop's user
//! ```

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::{Path, PathBuf};

use lunette_desktop::{IdRange, Places, RootSource};
use lunette_sys_mount::{Flags, IdMapping, UserNamespace, bind, overlay, tmpfs};
use rustix::fs::{CWD, FileType, Mode, StatVfsMountFlags, makedev, mknodat, statvfs};

use crate::Error;
use crate::network::Names;
use crate::plan::{ContainerPlan, Mount, Node, Owner, USER};

/// What is bound into a container from outside.
#[derive(Debug)]
pub(crate) struct Layout {
    pub(crate) mounts: Vec<Bound>,
    pub(crate) nodes: Vec<Bound>,
}

/// One bind.
#[derive(Debug)]
pub(crate) struct Bound {
    pub(crate) source: PathBuf,
    pub(crate) destination: PathBuf,
    pub(crate) options: Vec<&'static str>,
}

/// Everything for runc; blocking.
pub(crate) fn assemble(plan: &ContainerPlan, names: &Names) -> Result<Layout, Error> {
    let places = plan.places();
    let ids = plan.slot.ids();
    let RootSource::Folder(source) = &plan.root else {
        return Err(Error::Root { backend: "runc", needs: "a folder" });
    };
    // The container's root is nobody out here, yet has to get to its files below a folder that others stay out of.
    chown(places.folder(), Some(0), Some(ids.first)).map_err(Error::file("change the group of", places.folder()))?;
    mode(places.folder(), 0o710)?;
    let mapped = UserNamespace::new(shift(ids), shift(ids)).map_err(Error::process("make a user namespace"))?;
    folder(&places.lower())?;
    bind(source, &places.lower(), Flags { read_only: true, no_devices: true, no_exec: false }, Some(&mapped))?;
    writable_layer(plan, &places, ids, names)?;
    let root = folder(&places.root())?;
    let (upper, work) = (places.layer().join("upper"), places.layer().join("work"));
    let flags = Flags { no_devices: true, ..Flags::default() };
    overlay(&places.lower(), &upper, &work, &root, flags)?;
    Ok(Layout { mounts: binds(plan, ids)?, nodes: nodes(plan, &places, ids)? })
}

fn writable_layer(plan: &ContainerPlan, places: &Places, ids: IdRange, names: &Names) -> Result<(), Error> {
    let layer = folder(&places.layer())?;
    tmpfs(&layer, plan.limits.disk_mib, 0o711, Flags::default())?;
    for name in ["upper", "upper/etc", "nodes"] {
        let path = folder(&layer.join(name))?;
        mode(&path, 0o755)?;
        own(&path, ids.first)?;
    }
    folder(&layer.join("work"))?;
    for (name, text) in names.files() {
        let path = layer.join("upper/etc").join(name);
        fs::write(&path, text).map_err(Error::file("write", &path))?;
        own(&path, ids.first)?;
    }
    Ok(())
}

/// The plan's mounts, prepared for a container whose ids are `ids`.
pub(crate) fn binds(plan: &ContainerPlan, ids: IdRange) -> Result<Vec<Bound>, Error> {
    let prepare = |(number, mount): (usize, &Mount)| {
        let source = match mount.owner {
            Owner::AsOutside => mount.source.clone(),
            Owner::User => owned_by_user(plan, mount, number, ids)?,
        };
        Ok(Bound { options: options(&source, mount.read_only)?, source, destination: mount.destination.clone() })
    };
    plan.mounts.iter().enumerate().map(prepare).collect()
}

fn owned_by_user(plan: &ContainerPlan, mount: &Mount, number: usize, ids: IdRange) -> Result<PathBuf, Error> {
    let top = fs::metadata(&mount.source).map_err(Error::file("see", &mount.source))?;
    let seen = |stored| IdMapping { stored, seen: ids.first + USER, count: 1 };
    let mapped = UserNamespace::new(seen(top.uid()), seen(top.gid())).map_err(Error::process("map ids"))?;
    let target = plan.places().folder().join("mounts").join(number.to_string());
    if top.is_dir() {
        folder(&target)?;
    } else {
        folder(target.parent().unwrap_or(&target))?;
        fs::write(&target, "").map_err(Error::file("create", &target))?;
    }
    let flags = Flags { read_only: mount.read_only, no_devices: true, no_exec: false };
    match bind(&mount.source, &target, flags, Some(&mapped)) {
        // Some file systems, such as overlays, map no ids. What is only read can be seen as it is, by all who may.
        Err(error) if mount.read_only => {
            tracing::debug!(%error, source = %mount.source.display(), "its owner is nobody inside");
            bind(&mount.source, &target, flags, None)?;
        }
        bound => bound?,
    }
    Ok(target)
}

/// A bind inside a user namespace must repeat what the mount outside forbids, or the kernel refuses it.
fn options(source: &Path, read_only: bool) -> Result<Vec<&'static str>, Error> {
    let flags = statvfs(source).map_err(Error::file("see", source))?.f_flag;
    let mut options = vec!["rbind", "nosuid", "nodev"];
    if flags.contains(StatVfsMountFlags::NOEXEC) {
        options.push("noexec");
    }
    options.push(if read_only || flags.contains(StatVfsMountFlags::RDONLY) { "ro" } else { "rw" });
    Ok(options)
}

/// Nodes that can be opened, on a file system that allows it: the desktop's folder is often on one that does not.
fn nodes(plan: &ContainerPlan, places: &Places, ids: IdRange) -> Result<Vec<Bound>, Error> {
    let make = |(number, node): (usize, &Node)| {
        let source = places.layer().join("nodes").join(number.to_string());
        let device = makedev(node.major, node.minor);
        mknodat(CWD, &source, FileType::CharacterDevice, Mode::from_raw_mode(0o600), device)
            .map_err(Error::file("make the device node", &source))?;
        own(&source, ids.first + USER)?;
        Ok(Bound { source, destination: node.path.clone(), options: vec!["bind", "nosuid", "noexec", "rw"] })
    };
    plan.nodes.iter().enumerate().map(make).collect()
}

fn shift(ids: IdRange) -> IdMapping {
    IdMapping { stored: 0, seen: ids.first, count: ids.count }
}

fn own(path: &Path, id: u32) -> Result<(), Error> {
    chown(path, Some(id), Some(id)).map_err(Error::file("change the owner of", path))
}

fn mode(path: &Path, mode: u32) -> Result<(), Error> {
    fs::set_permissions(path, Permissions::from_mode(mode)).map_err(Error::file("change the mode of", path))
}

/// The folder, made where it is missing.
pub(crate) fn folder(path: &Path) -> Result<PathBuf, Error> {
    fs::create_dir_all(path).map_err(Error::file("create", path))?;
    Ok(path.to_owned())
}
