//! The create request of existing clients, as a wish.

use std::collections::BTreeMap;
use std::path::PathBuf;

use lunette_frame::Size;
use serde::Deserialize;

use crate::{BindMount, DesktopId, DesktopIdError, Wish, WishError};

/// The variable that keeps what a client calls its session; ids are stricter than those names.
pub const SESSION_VARIABLE: &str = "HELIX_SESSION_ID";

/// The fields of that request; those that mean nothing here are ignored, as its clients expect.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct HelixWish {
    session_id: String,
    container_name: String,
    env: Vec<String>,
    mounts: Vec<HelixMount>,
    workspace_files: BTreeMap<String, serde::de::IgnoredAny>,
    display_width: u32,
    display_height: u32,
    display_fps: u32,
    container_type: String,
    gpu_vendor: String,
    gpu_index: Option<u32>,
    privileged: bool,
    vcpus: u32,
    memory_mb: u32,
    entrypoint: Vec<String>,
    cmd: Vec<String>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
struct HelixMount {
    source: PathBuf,
    destination: PathBuf,
    readonly: bool,
    #[serde(rename = "type")]
    kind: String,
}

impl HelixWish {
    /// The same in our words.
    ///
    /// # Errors
    /// Naming what it asks for and cannot have.
    pub fn wish(self) -> Result<Wish, WishError> {
        self.refuse()?;
        let id = session_id(&self.session_id)
            .map_err(|_| WishError::field("session_id", &self.session_id, "has characters that no id has"))?;
        let profile = profile_of(&self.container_type)?;
        let mut wish = Wish::plain(profile);
        wish.name = Some(self.container_name).filter(|name| !name.is_empty());
        wish.environment = environment(self.env)?;
        wish.environment.insert(SESSION_VARIABLE.to_owned(), self.session_id);
        if self.display_width > 0 && self.display_height > 0 {
            wish.size = Size { width: self.display_width, height: self.display_height };
        }
        if self.display_fps > 0 {
            wish.environment.entry("GAMESCOPE_REFRESH".to_owned()).or_insert(self.display_fps.to_string());
        }
        wish.limits.memory_mib = Some(self.memory_mb).filter(|memory| *memory > 0);
        wish.limits.cpus = Some(f64::from(self.vcpus)).filter(|cpus| *cpus > 0.0);
        wish.gpu_vendor = Some(self.gpu_vendor).filter(|vendor| !vendor.is_empty());
        wish.gpu_index = self.gpu_index;
        wish.mounts = self.mounts.into_iter().map(HelixMount::bind).collect::<Result<_, _>>()?;
        wish.id = Some(id);
        Ok(wish)
    }

    /// Saying nothing would be worse than refusing: these change what runs, or what it may do.
    fn refuse(&self) -> Result<(), WishError> {
        let refuse = |field, problem| Err(WishError::field(field, "", problem));
        if self.privileged {
            return refuse("privileged", "is never given: desktops are isolated");
        }
        if !self.entrypoint.is_empty() || !self.cmd.is_empty() {
            return refuse("entrypoint", "and cmd are the profile's");
        }
        if !self.workspace_files.is_empty() {
            return refuse("workspace_files", "cannot be written before a start: use PUT …/files");
        }
        Ok(())
    }
}

impl HelixMount {
    fn bind(self) -> Result<BindMount, WishError> {
        match self.kind.as_str() {
            "" | "bind" => {
                Ok(BindMount { source: self.source, destination: self.destination, read_only: self.readonly })
            }
            kind => Err(WishError::field("mounts.type", kind, "is not bind")),
        }
    }
}

/// What a client calls its session, as an id: `ses_01ABC` is `ses-01abc`.
///
/// # Errors
/// When it has other characters than letters, digits and `_.-`, or too many.
pub fn session_id(session: &str) -> Result<DesktopId, DesktopIdError> {
    let id: String = session.chars().map(|char| if matches!(char, '_' | '.') { '-' } else { char }).collect();
    id.to_ascii_lowercase().parse()
}

fn profile_of(kind: &str) -> Result<DesktopId, WishError> {
    let name = match kind {
        "" | "ubuntu" => "gnome",
        other => other,
    };
    name.parse().map_err(|_| WishError::field("container_type", kind, "is no name of a profile"))
}

/// `K=V` entries; the last of a key wins, as in most shells.
fn environment(entries: Vec<String>) -> Result<BTreeMap<String, String>, WishError> {
    let split = |entry: String| match entry.split_once('=') {
        Some((name, value)) => Ok((name.to_owned(), value.to_owned())),
        None => Err(WishError::field("env", &entry, "is not KEY=VALUE")),
    };
    entries.into_iter().map(split).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wish(json: &str) -> Result<Wish, String> {
        serde_json::from_str::<HelixWish>(json).unwrap().wish().map_err(|error| error.to_string())
    }

    #[test]
    fn its_fields_become_ours() {
        let wish = wish(
            r#"{"session_id":"ses_01ABC","image":"x:1","container_name":"n","env":["A=1","A=2=3"],"display_width":1920,
                "display_height":1080,"display_fps":30,"container_type":"sway","gpu_vendor":"nvidia","gpu_index":1,
                "vcpus":3,"memory_mb":700,"mounts":[{"source":"/w","destination":"/workspace","readonly":true}],
                "user_id":"u","unheard_of":1}"#,
        )
        .unwrap();
        assert_eq!(wish.id.unwrap().as_str(), "ses-01abc");
        assert_eq!((wish.profile.as_str(), wish.size), ("sway", Size { width: 1920, height: 1080 }));
        assert_eq!((wish.limits.cpus, wish.limits.memory_mib), (Some(3.0), Some(700)));
        let expected = [("A", "2=3"), ("GAMESCOPE_REFRESH", "30"), (SESSION_VARIABLE, "ses_01ABC")];
        let expected: BTreeMap<_, _> = expected.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        assert_eq!(wish.environment, expected, "one value per key, the last");
        assert!(wish.mounts[0].read_only);
    }

    #[test]
    fn kinds_of_containers_are_profiles() {
        let profile = |kind: &str| wish(&format!(r#"{{"session_id":"a","container_type":"{kind}"}}"#)).unwrap().profile;
        for (kind, name) in [("sway", "sway"), ("ubuntu", "gnome"), ("", "gnome"), ("headless", "headless")] {
            assert_eq!(profile(kind).as_str(), name);
        }
    }

    #[test]
    fn what_it_cannot_have_is_refused_by_its_field() {
        for (field, json) in [
            ("privileged", r#""privileged":true"#),
            ("entrypoint", r#""cmd":["sh"]"#),
            ("workspace_files", r#""workspace_files":{"a":"b"}"#),
            ("mounts.type", r#""mounts":[{"type":"volume","source":"v","destination":"/v"}]"#),
            ("env", r#""env":["A"]"#),
            ("session_id", r#""session_id":"../x""#),
        ] {
            let start = if field == "session_id" { "{" } else { r#"{"session_id":"a","# };
            let error = wish(&format!("{start}{json}}}")).unwrap_err();
            assert!(error.starts_with(field), "{error}");
        }
    }
}
