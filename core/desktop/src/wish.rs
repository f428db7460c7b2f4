//! What somebody asks for, and how it becomes an order.

use std::collections::BTreeMap;
use std::path::{Component, Path};

use lunette_frame::Size;
use serde::{Deserialize, Serialize};

use crate::profile::is_variable;
use crate::{
    BackendKind, BindMount, DesktopId, Keyboard, Limits, LimitsError, Order, Profile, RestartPolicy, RootSource, Slot,
    size_text,
};

/// Size of a desktop of which nobody says more.
const USUAL_SIZE: (u32, u32) = (1280, 720);
/// Bytes of a name.
const LONGEST_NAME: usize = 128;
/// Bytes of all variables together; the kernel takes little more than that with the arguments.
const MOST_ENVIRONMENT: usize = 128 * 1024;
/// Folders of one desktop.
const MOST_MOUNTS: usize = 64;
/// Restarts in ten minutes that still make sense.
const MOST_RESTARTS: u32 = 100;
/// Folders of a container that belong to the system; nothing is mounted on or above them.
const OURS: [&str; 5] = ["/proc", "/sys", "/dev", "/run/lunette", "/run/udev"];

/// One desktop as it is asked for. What is left out has a default.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wish {
    /// Its id; one is made up otherwise.
    #[serde(default)]
    pub id: Option<DesktopId>,
    /// What people call it; its id otherwise.
    #[serde(default)]
    pub name: Option<String>,
    /// What it is made of.
    pub profile: DesktopId,
    /// Size of its screen.
    #[serde(default = "usual_size", with = "size_text")]
    pub size: Size,
    /// Bounds that differ from the profile's.
    #[serde(default)]
    pub limits: LimitsWish,
    /// What becomes of it when it ends by itself.
    #[serde(default)]
    pub restart: RestartPolicy,
    /// Such as `de_DE.UTF-8`; `C.UTF-8` otherwise.
    #[serde(default)]
    pub locale: Option<String>,
    /// Layout of its keyboard.
    #[serde(default)]
    pub keyboard: Keyboard,
    /// Variables besides the profile's; they win.
    #[serde(default)]
    pub environment: BTreeMap<String, String>,
    /// Folders of the machine that it sees.
    #[serde(default)]
    pub mounts: Vec<BindMount>,
    /// Whose graphics card; `virtio` otherwise.
    #[serde(default)]
    pub gpu_vendor: Option<String>,
    /// Which card of that vendor, counted by PCI address.
    #[serde(default)]
    pub gpu_index: Option<u32>,
    /// Who runs its container; the machine's usual one otherwise.
    #[serde(default)]
    pub backend: Option<BackendKind>,
}

/// Bounds that differ from a profile's.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LimitsWish {
    /// As in [`Limits`].
    pub memory_mib: Option<u32>,
    /// As in [`Limits`].
    pub disk_mib: Option<u32>,
    /// As in [`Limits`].
    pub cpus: Option<f64>,
    /// As in [`Limits`].
    pub pids: Option<u32>,
    /// As in [`Limits`].
    pub open_files: Option<u32>,
}

impl LimitsWish {
    /// The profile's bounds, changed.
    #[must_use]
    pub fn over(&self, profile: &Limits) -> Limits {
        Limits {
            memory_mib: self.memory_mib.unwrap_or(profile.memory_mib),
            disk_mib: self.disk_mib.unwrap_or(profile.disk_mib),
            cpus: self.cpus.unwrap_or(profile.cpus),
            pids: self.pids.unwrap_or(profile.pids),
            open_files: self.open_files.unwrap_or(profile.open_files),
        }
    }
}

/// What hydra adds to a wish.
#[derive(Debug, Clone)]
pub struct Terms {
    /// Its id.
    pub id: DesktopId,
    /// Its number on this machine.
    pub slot: Slot,
    /// What it is made of.
    pub profile: Profile,
    /// Where its files come from.
    pub root: RootSource,
    /// Who runs its container.
    pub backend: BackendKind,
    /// Now, in milliseconds since 1970.
    pub ordered_at_ms: u64,
}

/// A wish that nobody can fulfil.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum WishError {
    /// A bound that nothing could run in.
    #[error("limits: {0}")]
    Limits(LimitsError),
    /// A field with a value that makes no sense.
    #[error("{field}: {value:?} {problem}")]
    Field {
        /// Which.
        field: &'static str,
        /// As given, shortened.
        value: String,
        /// What is wrong with it.
        problem: &'static str,
    },
}

impl WishError {
    pub(crate) fn field(field: &'static str, value: &str, problem: &'static str) -> Self {
        Self::Field { field, value: value.chars().take(80).collect(), problem }
    }
}

impl Wish {
    /// A wish for a profile with every default.
    #[must_use]
    pub fn plain(profile: DesktopId) -> Self {
        Self {
            id: None,
            name: None,
            profile,
            size: usual_size(),
            limits: LimitsWish::default(),
            restart: RestartPolicy::Never,
            locale: None,
            keyboard: Keyboard::default(),
            environment: BTreeMap::new(),
            mounts: Vec::new(),
            gpu_vendor: None,
            gpu_index: None,
            backend: None,
        }
    }

    /// The order that fulfils it.
    ///
    /// # Errors
    /// Naming the first field that makes no sense.
    pub fn order(self, terms: Terms) -> Result<Order, WishError> {
        let order = Order {
            name: self.name.unwrap_or_else(|| terms.id.to_string()),
            limits: self.limits.over(&terms.profile.limits),
            id: terms.id,
            slot: terms.slot,
            profile: terms.profile,
            root: terms.root,
            backend: terms.backend,
            size: self.size,
            restart: self.restart,
            locale: self.locale.unwrap_or_else(|| "C.UTF-8".to_owned()),
            keyboard: self.keyboard,
            environment: self.environment,
            mounts: self.mounts,
            gpu_vendor: self.gpu_vendor.unwrap_or_else(|| "virtio".to_owned()),
            gpu_index: self.gpu_index,
            ordered_at_ms: terms.ordered_at_ms,
            restarts: 0,
        };
        check(&order)?;
        Ok(order)
    }
}

fn usual_size() -> Size {
    Size { width: USUAL_SIZE.0, height: USUAL_SIZE.1 }
}

fn check(order: &Order) -> Result<(), WishError> {
    order.limits.check().map_err(WishError::Limits)?;
    check_size(order.size)?;
    if order.name.len() > LONGEST_NAME || order.name.chars().any(char::is_control) {
        return Err(WishError::field("name", &order.name, "is longer than 128 bytes, or has a control character"));
    }
    word("locale", &order.locale, "_.@-")?;
    word("keyboard.layout", &order.keyboard.layout, "_-,()")?;
    word("keyboard.variant", &order.keyboard.variant, "_-,()")?;
    word("keyboard.options", &order.keyboard.options, "_-,():+")?;
    word("gpu_vendor", &order.gpu_vendor, "_-")?;
    if matches!(order.restart, RestartPolicy::OnFailure { times } if times > MOST_RESTARTS) {
        return Err(WishError::field("restart", "times", "is more than 100 in ten minutes"));
    }
    check_environment(&order.environment)?;
    check_mounts(&order.mounts)
}

/// Refuses sizes that no output has.
///
/// # Errors
/// Naming the bounds.
pub fn check_size(size: Size) -> Result<(), WishError> {
    let possible = (64..=8192).contains(&size.width) && (64..=8192).contains(&size.height);
    let problem = "is not between 64x64 and 8192x8192";
    if possible { Ok(()) } else { Err(WishError::field("size", &size.to_string(), problem)) }
}

/// These values reach command lines and configuration files of programs that are not ours.
fn word(field: &'static str, value: &str, besides: &str) -> Result<(), WishError> {
    let plain = |char: char| char.is_ascii_alphanumeric() || besides.contains(char);
    let fine = value.len() <= 128 && value.chars().all(plain);
    if fine { Ok(()) } else { Err(WishError::field(field, value, "has characters that none has, or too many")) }
}

fn check_environment(environment: &BTreeMap<String, String>) -> Result<(), WishError> {
    if let Some(name) = environment.keys().find(|name| !is_variable(name)) {
        return Err(WishError::field("environment", name, "is no name of a variable"));
    }
    if let Some((name, _)) = environment.iter().find(|(_, value)| value.contains('\0')) {
        return Err(WishError::field("environment", name, "has a zero byte in its value"));
    }
    let bytes: usize = environment.iter().map(|(name, value)| name.len() + value.len() + 2).sum();
    let size = bytes.to_string();
    if bytes > MOST_ENVIRONMENT { Err(WishError::field("environment", &size, "bytes is too much")) } else { Ok(()) }
}

fn check_mounts(mounts: &[BindMount]) -> Result<(), WishError> {
    if mounts.len() > MOST_MOUNTS {
        return Err(WishError::field("mounts", &mounts.len().to_string(), "folders are more than 64"));
    }
    for mount in mounts {
        for (field, path) in [("mounts.source", &mount.source), ("mounts.destination", &mount.destination)] {
            if !is_plain(path) {
                return Err(WishError::field(field, &path.to_string_lossy(), "is not absolute, or not plain"));
            }
        }
        let overlaps =
            |ours: &&str| mount.destination.starts_with(ours) || Path::new(ours).starts_with(&mount.destination);
        if OURS.iter().any(overlaps) {
            let path = mount.destination.to_string_lossy();
            return Err(WishError::field("mounts.destination", &path, "belongs to the desktop itself"));
        }
    }
    Ok(())
}

/// Absolute and without `..`, so that it means inside of a container what it says.
fn is_plain(path: &Path) -> bool {
    let mut components = path.components();
    components.next() == Some(Component::RootDir)
        && components.all(|component| matches!(component, Component::Normal(_)))
        && !path.as_os_str().as_encoded_bytes().contains(&0)
}

#[cfg(test)]
mod tests;
