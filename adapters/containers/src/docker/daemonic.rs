//! A container of the daemon, for the launcher that makes it.

use std::fs::{self, File, OpenOptions};
use std::io::{Read, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt, chown};
use std::path::{Path, PathBuf};

use lunette_desktop::{DesktopId, Ending, IdRange};
use rustix::fs::{CWD, FileType, Mode, OFlags, makedev, mknodat};
use serde::Deserialize;
use serde_json::Value;
use tokio::io::duplex;

use super::client::Client;
use super::exec::Blocking;
use super::{body, ids, name, stream};
use crate::container::{Exit, blocking};
use crate::plan::{ContainerPlan, NetworkPlan, USER};
use crate::root::folder;
use crate::{Error, network};

const BUFFER: usize = 64 << 10;

/// A container that the daemon makes.
pub(crate) struct Daemonic {
    client: Client,
    id: DesktopId,
    ids: IdRange,
    gate: PathBuf,
    pid: Option<i32>,
    /// Kept, because what is written into a FIFO lasts as long as somebody has it open.
    opened: Option<File>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Inspected {
    pub(super) state: State,
}

#[derive(Deserialize)]
pub(super) struct State {
    #[serde(rename = "Pid")]
    pid: i32,
    #[serde(rename = "OOMKilled")]
    pub(super) oom_killed: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Waited {
    status_code: i32,
}

pub(super) async fn inspect(client: &Client, id: &DesktopId) -> Result<Inspected, Error> {
    client.get("look at a container", &format!("/containers/{}/json", name(id))).await
}

impl Daemonic {
    /// Makes the gate, and learns whether the daemon is there.
    pub(crate) async fn prepare(socket: &Path, plan: &ContainerPlan) -> Result<Self, Error> {
        let client = Client::new(socket).await?;
        let ids = ids(socket).await?;
        let folder = folder(&plan.places().folder().join("gate"))?;
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o755)).map_err(Error::file("open", &folder))?;
        let gate = folder.join("go");
        mknodat(CWD, &gate, FileType::Fifo, Mode::from_raw_mode(0o400), 0).map_err(Error::file("make", &gate))?;
        let user = Some(ids.first + USER);
        chown(&gate, user, user).map_err(Error::file("change the owner of", &gate))?;
        Ok(Self { client, id: plan.id.clone(), ids, gate: folder, pid: None, opened: None })
    }

    /// Makes the container and its network; it waits at the gate.
    pub(crate) async fn create(&mut self, plan: &ContainerPlan) -> Result<(i32, impl Read + Send + 'static), Error> {
        let (copy, ids, gate) = (plan.clone(), self.ids, self.gate.clone());
        let body = blocking(move || {
            let nodes = nodes(&copy, ids)?;
            body::container(&copy, ids, &nodes, &gate, &network::names(&copy.hostname))
        });
        let body = body.await?;
        if plan.network != NetworkPlan::None {
            let _: Value = self.client.post("make a network", "/networks/create", Some(&body::network(plan))).await?;
            network::mark(&plan.id, plan.slot).await?;
            network::admit(plan).await?;
        }
        let path = format!("/containers/create?name={}", name(&self.id));
        let _: Value = self.client.post("create a container", &path, Some(&body)).await?;
        let output = self.attach().await?;
        let path = format!("/containers/{}/start", name(&self.id));
        let _: Value = self.client.post("start a container", &path, None).await?;
        let pid = inspect(&self.client, &self.id).await?.state.pid;
        self.pid = Some(pid);
        Ok((pid, output))
    }

    /// Opens the gate.
    pub(crate) fn start(&mut self) -> Result<(), Error> {
        let path = self.gate.join("go");
        // Open for both, or opening would wait for a reader.
        let options = OFlags::NONBLOCK.bits().cast_signed();
        let mut gate = OpenOptions::new()
            .read(true)
            .write(true)
            .custom_flags(options)
            .open(&path)
            .map_err(Error::file("open", &path))?;
        gate.write_all(b"\n").map_err(Error::file("write", &path))?;
        self.opened = Some(gate);
        Ok(())
    }

    pub(crate) fn pid(&self) -> Option<i32> {
        self.pid
    }

    pub(crate) async fn wait(&self) -> Result<Exit, Error> {
        let path = format!("/containers/{}/wait?condition=not-running", name(&self.id));
        let waited: Waited = self.client.post_and_wait("wait for a container", &path).await?;
        let out_of_memory = inspect(&self.client, &self.id).await?.state.oom_killed;
        Ok(Exit { ending: Ending::of_told_status(waited.status_code), out_of_memory })
    }

    pub(crate) async fn signal(&self, signal: i32) -> Result<(), Error> {
        let path = format!("/containers/{}/kill?signal={signal}", name(&self.id));
        match self.client.post("signal a container", &path, None).await {
            // It has ended.
            Err(Error::Docker { status: 409, .. }) => Ok(()),
            done => done,
        }
    }

    /// What the container will print, both streams in one.
    async fn attach(&self) -> Result<Blocking, Error> {
        let path = format!("/containers/{}/attach?stream=1&stdout=1&stderr=1", name(&self.id));
        let io = self.client.hijack("attach to a container", &path, None).await?;
        let (out, reader) = duplex(BUFFER);
        tokio::spawn(stream::merge(io, out));
        Ok(Blocking { stream: reader, runtime: tokio::runtime::Handle::current() })
    }
}

/// Nodes for the daemon to copy, each with its path outside and inside.
fn nodes(plan: &ContainerPlan, ids: IdRange) -> Result<Vec<(String, String)>, Error> {
    let folder = folder(&plan.places().folder().join("openable"))?;
    let make = |(number, node): (usize, &crate::plan::Node)| {
        let path = folder.join(number.to_string());
        let device = makedev(node.major, node.minor);
        mknodat(CWD, &path, FileType::CharacterDevice, Mode::from_raw_mode(0o600), device)
            .map_err(Error::file("make the device node", &path))?;
        let user = Some(ids.first + USER);
        chown(&path, user, user).map_err(Error::file("change the owner of", &path))?;
        Ok((path.to_string_lossy().into_owned(), node.path.to_string_lossy().into_owned()))
    };
    plan.nodes.iter().enumerate().map(make).collect()
}
