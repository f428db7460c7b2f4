//! Processes of a container.

use std::collections::BTreeMap;

use super::{Capabilities, Process, Rlimit, User};
use crate::plan::{ContainerPlan, USER};
use crate::running::{Exec, User as ExecUser};

/// What root inside may do: enough to install packages. All of it ends at the desktop's own ids, mounts and network.
const HARMLESS: [&str; 9] = [
    "CAP_CHOWN",
    "CAP_DAC_OVERRIDE",
    "CAP_FOWNER",
    "CAP_FSETID",
    "CAP_KILL",
    "CAP_NET_BIND_SERVICE",
    "CAP_SETGID",
    "CAP_SETUID",
    "CAP_SYS_CHROOT",
];

/// The first process: the session.
pub(super) fn session(plan: &ContainerPlan, open_files: u64) -> Process {
    Process {
        terminal: false,
        user: User { uid: USER, gid: USER },
        args: plan.argv.clone(),
        env: variables(&plan.env),
        cwd: "/".to_owned(),
        capabilities: Capabilities::default(),
        rlimits: [("RLIMIT_NOFILE", open_files), ("RLIMIT_CORE", 0)]
            .map(|(kind, value)| Rlimit { kind: kind.to_owned(), hard: value, soft: value })
            .into(),
        no_new_privileges: true,
    }
}

/// A process brought in later, beside `first`, whose surroundings it has.
pub(crate) fn exec_process(first: Process, exec: &Exec) -> Process {
    let mut env: BTreeMap<String, String> = first.env.iter().filter_map(|pair| split(pair)).collect();
    env.extend(exec.env.clone());
    let root = exec.user == ExecUser::Root;
    if root {
        env.insert("HOME".to_owned(), "/root".to_owned());
    }
    let id = if root { 0 } else { USER };
    let set: Vec<String> = if root { HARMLESS.map(str::to_owned).into() } else { Vec::new() };
    Process {
        user: User { uid: id, gid: id },
        args: exec.argv.clone(),
        env: variables(&env),
        cwd: exec.cwd.clone().unwrap_or_else(|| "/".to_owned()),
        capabilities: Capabilities { bounding: set.clone(), effective: set.clone(), permitted: set },
        ..first
    }
}

fn variables(env: &BTreeMap<String, String>) -> Vec<String> {
    env.iter().map(|(name, value)| format!("{name}={value}")).collect()
}

fn split(pair: &str) -> Option<(String, String)> {
    pair.split_once('=').map(|(name, value)| (name.to_owned(), value.to_owned()))
}
