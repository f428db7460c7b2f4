//! The desktop's container, as it is planned.

use std::collections::BTreeMap;
use std::net::SocketAddrV4;
use std::path::{Path, PathBuf};

use lunette_containers::{Backend, ContainerPlan, Mount, NetworkPlan, Node, Owner};
use lunette_desktop::{BackendKind, Order, Places};

use crate::devices::Devices;
use crate::inside;
use crate::session::Session;

/// Who runs the container.
pub(crate) fn backend(order: &Order, docker: &Path) -> Backend {
    match order.backend {
        BackendKind::Runc => Backend::Runc,
        BackendKind::Docker => Backend::Docker(docker.to_owned()),
    }
}

/// What the container is to be.
pub(crate) fn plan(
    order: &Order,
    hydra: &Path,
    environment: BTreeMap<String, String>,
    session: &Session,
    devices: &Devices,
    export: Option<SocketAddrV4>,
    bridge: Option<&Path>,
) -> ContainerPlan {
    ContainerPlan {
        id: order.id.clone(),
        hydra: hydra.to_owned(),
        slot: order.slot,
        root: order.root.clone(),
        argv: order.profile.compositor.command.clone(),
        env: environment,
        hostname: order.id.to_string(),
        compositor: order.profile.compositor.kind,
        limits: order.limits.clone(),
        mounts: mounts(order, &Places::new(hydra, &order.id), session, devices, bridge),
        nodes: devices.nodes.iter().map(Node::clone).collect(),
        inputs: devices.sysfs(),
        network: NetworkPlan::World { export },
    }
}

fn mounts(order: &Order, places: &Places, session: &Session, devices: &Devices, bridge: Option<&Path>) -> Vec<Mount> {
    let mount = |source: PathBuf, destination: &str, read_only| Mount {
        source,
        destination: destination.into(),
        read_only,
        owner: Owner::AsOutside,
    };
    let mut mounts = vec![
        mount(places.seat(), inside::SEAT, true),
        mount(places.bus(), inside::BUS, false),
        mount(session.folder().to_owned(), inside::SESSION, true),
        mount(places.udev(), "/run/udev", true),
        mount(places.bridge(), inside::BRIDGE, false),
    ];
    mounts.extend(bridge.map(|program| mount(program.to_owned(), inside::BRIDGE_PROGRAM, true)));
    // Nodes to look at: what is mounted from here can never be opened.
    mounts.extend(devices.folders(places).map(|(source, destination)| mount(source, destination, true)));
    mounts.extend(session.scanout_id().map(|path| mount(path, inside::SCANOUT_ID, true)));
    mounts.extend(order.mounts.iter().map(|ordered| Mount {
        source: ordered.source.clone(),
        destination: ordered.destination.clone(),
        read_only: ordered.read_only,
        owner: Owner::User,
    }));
    mounts
}
