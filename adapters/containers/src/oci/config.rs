//! A plan as `config.json`.

use std::collections::BTreeMap;

use super::mounts::{MASKED, READ_ONLY, mounts};
use super::process::session;
use super::{Config, Cpu, DeviceRule, IdMapping, Linux, Memory, Namespace, Pids, Resources, Root};
use crate::cgroup;
use crate::plan::ContainerPlan;
use crate::root::Layout;
use crate::seccomp::Profile;

/// In microseconds; the kernel's own default.
const CPU_PERIOD: u32 = 100_000;

/// The description of `plan`, whose files are at `layout`. `unified` says whether the machine has cgroup v2, and
/// `open_files` how many a process may have.
pub(crate) fn config(plan: &ContainerPlan, layout: &Layout, unified: bool, open_files: u64) -> Config {
    Config {
        oci_version: "1.0.2",
        process: session(plan, open_files),
        root: Root { path: plan.places().root(), readonly: false },
        hostname: plan.hostname.clone(),
        mounts: mounts(plan, layout),
        linux: linux(plan, unified),
    }
}

fn linux(plan: &ContainerPlan, unified: bool) -> Linux {
    let ids = plan.slot.ids();
    let mapping = [IdMapping { container_id: 0, host_id: ids.first, size: ids.count }];
    Linux {
        namespaces: ["user", "pid", "ipc", "uts", "mount", "network", "cgroup"]
            .into_iter()
            // runc 1.1 makes no cgroup namespace where there is no cgroup v2.
            .filter(|kind| unified || *kind != "cgroup")
            .map(|kind| Namespace { kind })
            .collect(),
        uid_mappings: mapping,
        gid_mappings: mapping,
        cgroups_path: cgroup::path_of(&plan.id),
        resources: resources(plan, unified),
        seccomp: Profile::new(plan.compositor),
        masked_paths: MASKED.to_vec(),
        readonly_paths: READ_ONLY.to_vec(),
        rootfs_propagation: "private",
    }
}

fn resources(plan: &ContainerPlan, unified: bool) -> Resources {
    let none = DeviceRule { allow: false, kind: None, major: None, minor: None, access: "rwm" };
    let own = plan.nodes.iter().map(|node| DeviceRule {
        allow: true,
        kind: Some("c"),
        major: Some(node.major),
        minor: Some(node.minor),
        access: "rw",
    });
    // One process over the bound ends them all: half a desktop helps nobody, and would not say why.
    let v2 = [("memory.swap.max", "0"), ("memory.oom.group", "1")];
    Resources {
        devices: std::iter::once(none).chain(own).collect(),
        memory: Memory { limit: u64::from(plan.limits.memory_mib) << 20 },
        cpu: Cpu { quota: quota(plan.limits.cpus), period: CPU_PERIOD.into() },
        pids: Pids { limit: plan.limits.pids },
        unified: if unified { BTreeMap::from(v2) } else { BTreeMap::new() },
    }
}

/// Microseconds of processor time in each period.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to what fits")]
pub(crate) fn quota(cpus: f64) -> u64 {
    (cpus * f64::from(CPU_PERIOD)).round().clamp(1000.0, 1e12) as u64
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use lunette_desktop::{CompositorKind, Limits, RootSource, Slot};
    use serde_json::Value;

    use super::*;
    use crate::oci::mounts::VIRTUAL_INPUT;
    use crate::plan::{NetworkPlan, Node};
    use crate::root::Bound;

    fn plan() -> ContainerPlan {
        ContainerPlan {
            id: "ses-1".parse().unwrap(),
            hydra: "/run/hydra".into(),
            slot: Slot::new(2).unwrap(),
            root: RootSource::Folder("/roots/sway".into()),
            argv: vec!["/usr/bin/tini".to_owned(), "--".to_owned(), "sway".to_owned()],
            env: BTreeMap::from([("LANG".to_owned(), "C.UTF-8".to_owned())]),
            hostname: "ses-1".to_owned(),
            compositor: CompositorKind::Wlroots,
            limits: Limits::default(),
            mounts: Vec::new(),
            nodes: vec![Node { path: "/dev/dri/card0".into(), major: 226, minor: 0 }],
            inputs: Vec::new(),
            network: NetworkPlan::None,
        }
    }

    fn layout() -> Layout {
        let bound = |source: &str, destination: &str, options| Bound {
            source: source.into(),
            destination: destination.into(),
            options,
        };
        let seat = bound("/run/hydra/desktops/ses-1/seat", "/run/lunette/seat", vec!["rbind", "nosuid", "nodev", "ro"]);
        let node = bound("/run/hydra/desktops/ses-1/layer/nodes/0", "/dev/dri/card0", vec!["bind", "nosuid", "rw"]);
        Layout { mounts: vec![seat], nodes: vec![node] }
    }

    /// Regenerate with `LUNETTE_GOLDEN=1`, and read the difference.
    #[test]
    fn the_description_is_as_it_was_reviewed() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/config.json");
        let mut found = serde_json::to_value(config(&plan(), &layout(), true, 65_536)).unwrap();
        // The filter has tests of its own, and the folder of virtual inputs is not on every machine.
        found["linux"]["seccomp"].take();
        found["mounts"].as_array_mut().unwrap().retain(|mount| mount["destination"] != VIRTUAL_INPUT);
        if std::env::var_os("LUNETTE_GOLDEN").is_some() {
            std::fs::write(path, serde_json::to_string_pretty(&found).unwrap() + "\n").unwrap();
        }
        let golden: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
        assert_eq!(found, golden);
    }

    #[test]
    fn without_cgroup_v2_nothing_is_asked_that_only_it_has() {
        let old = serde_json::to_value(config(&plan(), &layout(), false, 1024)).unwrap();
        assert!(old["linux"]["resources"].get("unified").is_none());
        let namespaces = old["linux"]["namespaces"].as_array().unwrap();
        assert!(namespaces.iter().all(|namespace| namespace["type"] != "cgroup"));
    }

    #[test]
    fn processors_become_microseconds() {
        assert_eq!((quota(2.0), quota(0.05), quota(0.0)), (200_000, 5000, 1000));
    }
}
