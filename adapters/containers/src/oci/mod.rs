//! runc's description of a container: what of the OCI runtime specification is used here.

mod config;
mod mounts;
mod process;

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::seccomp::Profile;

pub(crate) use config::config;
pub(crate) use mounts::{MASKED, VIRTUAL_INPUT};
pub(crate) use process::exec_process;

/// `config.json`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Config {
    oci_version: &'static str,
    process: Process,
    root: Root,
    hostname: String,
    mounts: Vec<Mount>,
    linux: Linux,
}

/// A process: the first, or one that is brought in later.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Process {
    terminal: bool,
    user: User,
    args: Vec<String>,
    env: Vec<String>,
    cwd: String,
    capabilities: Capabilities,
    rlimits: Vec<Rlimit>,
    no_new_privileges: bool,
}

#[derive(Debug, Serialize, Deserialize)]
struct User {
    uid: u32,
    gid: u32,
}

/// The ambient and the inheritable set are always empty.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct Capabilities {
    bounding: Vec<String>,
    effective: Vec<String>,
    permitted: Vec<String>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Rlimit {
    #[serde(rename = "type")]
    kind: String,
    hard: u64,
    soft: u64,
}

#[derive(Debug, Serialize)]
struct Root {
    path: PathBuf,
    readonly: bool,
}

#[derive(Debug, Serialize)]
struct Mount {
    destination: PathBuf,
    #[serde(rename = "type")]
    kind: &'static str,
    source: PathBuf,
    options: Vec<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Linux {
    namespaces: Vec<Namespace>,
    uid_mappings: [IdMapping; 1],
    gid_mappings: [IdMapping; 1],
    cgroups_path: String,
    resources: Resources,
    seccomp: Profile,
    masked_paths: Vec<&'static str>,
    readonly_paths: Vec<&'static str>,
    rootfs_propagation: &'static str,
}

#[derive(Debug, Serialize)]
struct Namespace {
    #[serde(rename = "type")]
    kind: &'static str,
}

#[derive(Debug, Clone, Copy, Serialize)]
#[serde(rename_all = "camelCase")]
struct IdMapping {
    #[serde(rename = "containerID")]
    container_id: u32,
    #[serde(rename = "hostID")]
    host_id: u32,
    size: u32,
}

#[derive(Debug, Serialize)]
struct Resources {
    devices: Vec<DeviceRule>,
    memory: Memory,
    cpu: Cpu,
    pids: Pids,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    unified: BTreeMap<&'static str, &'static str>,
}

#[derive(Debug, Serialize)]
struct DeviceRule {
    allow: bool,
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    kind: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    major: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    minor: Option<u32>,
    access: &'static str,
}

#[derive(Debug, Serialize)]
struct Memory {
    limit: u64,
}

#[derive(Debug, Serialize)]
struct Cpu {
    quota: u64,
    period: u64,
}

#[derive(Debug, Serialize)]
struct Pids {
    limit: u32,
}
