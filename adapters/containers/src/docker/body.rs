//! A plan in the words of the daemon.

use std::path::Path;

use lunette_desktop::{DesktopId, IdRange, RootSource};
use serde_json::{Map, Value, json};

use super::name;
use crate::Error;
use crate::cgroup;
use crate::network::{Names, interface};
use crate::oci::{MASKED, VIRTUAL_INPUT};
use crate::plan::{ContainerPlan, NetworkPlan, USER};
use crate::root::{self, Bound};
use crate::seccomp::Profile;

/// Where the gate is, inside.
const GATE: &str = "/run/lunette/gate";
/// Waits for one line, then becomes the session.
const WAIT_AT_GATE: &str = "read go < /run/lunette/gate/go; exec \"$@\"";

/// The body that creates a container; `nodes` are made already.
pub(super) fn container(
    plan: &ContainerPlan,
    ids: IdRange,
    nodes: &[(String, String)],
    gate: &Path,
    names: &Names,
) -> Result<Value, Error> {
    let RootSource::Image(image) = &plan.root else {
        return Err(Error::Root { backend: "Docker", needs: "an image" });
    };
    let gate = [json!({"Type": "bind", "Source": gate, "Target": GATE, "ReadOnly": true})];
    let mounts: Vec<Value> = root::binds(plan, ids)?.iter().map(bind).chain(inputs(plan)).chain(gate).collect();
    let argv: Vec<&str> =
        ["/bin/sh", "-c", WAIT_AT_GATE, "gate"].into_iter().chain(plan.argv.iter().map(String::as_str)).collect();
    Ok(json!({
        "Image": image,
        "Entrypoint": argv,
        "Cmd": [],
        "User": format!("{USER}:{USER}"),
        "Env": plan.env.iter().map(|(key, value)| format!("{key}={value}")).collect::<Vec<_>>(),
        "Hostname": plan.hostname,
        "WorkingDir": "/",
        "AttachStdout": true,
        "AttachStderr": true,
        "Labels": labels(&plan.id),
        "HostConfig": host(plan, &mounts, nodes, names)?,
        "NetworkingConfig": {"EndpointsConfig": endpoints(plan)},
    }))
}

fn host(plan: &ContainerPlan, mounts: &[Value], nodes: &[(String, String)], names: &Names) -> Result<Value, Error> {
    let profile = serde_json::to_string(&Profile::new(plan.compositor))
        .map_err(|error| Error::process("describe the system calls of a desktop")(std::io::Error::other(error)))?;
    let memory = u64::from(plan.limits.memory_mib) << 20;
    let half = plan.limits.memory_mib / 2;
    let devices = nodes
        .iter()
        .map(|(outside, inside)| json!({"PathOnHost": outside, "PathInContainer": inside, "CgroupPermissions": "rw"}));
    let ulimit = |name: &str, value: u64| json!({"Name": name, "Soft": value, "Hard": value});
    let mut host = json!({
        "NetworkMode": if plan.network == NetworkPlan::None { "none".to_owned() } else { name(&plan.id) },
        "Dns": names.resolvers,
        "Mounts": mounts,
        "Tmpfs": {
            "/run": "rw,nosuid,nodev,mode=755,size=64m",
            format!("/run/user/{USER}"): format!("rw,nosuid,nodev,mode=0700,uid={USER},gid={USER},size={half}m"),
            "/tmp": format!("rw,nosuid,nodev,exec,mode=1777,size={half}m"),
        },
        "ShmSize": u64::from(half) << 20,
        "Devices": devices.collect::<Vec<_>>(),
        // Of root inside too, who is root outside unless the daemon maps ids.
        "CapDrop": ["ALL"],
        "SecurityOpt": ["no-new-privileges", format!("seccomp={profile}")],
        "MaskedPaths": MASKED,
        "Memory": memory,
        "MemorySwap": memory,
        "NanoCpus": nano(plan.limits.cpus),
        "PidsLimit": plan.limits.pids,
        "Ulimits": [ulimit("nofile", plan.limits.open_files.into()), ulimit("core", 0)],
        "IpcMode": "private",
        "RestartPolicy": {"Name": "no"},
        "LogConfig": {"Type": "none"},
    });
    if Path::new(VIRTUAL_INPUT).exists() {
        host["Tmpfs"][VIRTUAL_INPUT] = "ro,nosuid,nodev,noexec,mode=755,size=64k".into();
    }
    if cgroup::is_unified() {
        host["CgroupnsMode"] = "private".into();
    }
    Ok(host)
}

/// The body that creates a desktop's own network. Its bridge bears the name that our rules speak of; a `docker0` would
/// be taken for the daemon's own.
pub(super) fn network(plan: &ContainerPlan) -> Value {
    let subnet = plan.slot.subnet();
    let host = u32::from_be_bytes(subnet.host);
    let network = std::net::Ipv4Addr::from(host & (u32::MAX << (32 - subnet.prefix)));
    json!({
        "Name": name(&plan.id),
        "Driver": "bridge",
        "IPAM": {"Config": [{
            "Subnet": format!("{network}/{}", subnet.prefix), "Gateway": std::net::Ipv4Addr::from(subnet.host),
        }]},
        "Options": {
            "com.docker.network.bridge.name": interface(plan.slot),
            "com.docker.network.bridge.enable_ip_masquerade": "false",
        },
        "Labels": labels(&plan.id),
    })
}

fn endpoints(plan: &ContainerPlan) -> Value {
    if plan.network == NetworkPlan::None {
        return json!({});
    }
    let address = std::net::Ipv4Addr::from(plan.slot.subnet().desktop);
    let endpoint = json!({"IPAMConfig": {"IPv4Address": address}});
    Value::Object(Map::from_iter([(name(&plan.id), endpoint)]))
}

/// The second label is what programs written for the existing system look for.
fn labels(id: &DesktopId) -> Value {
    json!({"lunette.desktop": id.as_str(), "helix.session_id": id.as_str()})
}

fn bind(bound: &Bound) -> Value {
    let read_only = bound.options.contains(&"ro");
    json!({"Type": "bind", "Source": bound.source, "Target": bound.destination, "ReadOnly": read_only,
        "BindOptions": {"Propagation": "rprivate"}})
}

fn inputs(plan: &ContainerPlan) -> impl Iterator<Item = Value> {
    plan.inputs.iter().map(|path| json!({"Type": "bind", "Source": path, "Target": path, "ReadOnly": true}))
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "limits are checked to be small")]
fn nano(cpus: f64) -> u64 {
    (cpus * 1e9).round().clamp(1e7, 1e15) as u64
}
