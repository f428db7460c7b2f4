//! From nothing to a link that logs in.

use std::fs;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result};
use lunette_image::Kernel;
use lunette_vm::{Cpus, Label, Mebibytes};
use serde_json::{Value, json};

use super::args::Up;
use super::check;
use super::plane::{Plane, PlanePlan};
use super::running::{Known, Lock};
use super::steps::Steps;
use crate::api::Api;
use crate::image::bar::Bar;
use crate::lab::{ExporterPlan, HydraDoor, Lab, LabPlan, Listen, Programs, System};
use crate::vm::this_program;

/// For desktops to show their first pictures, on an emulated processor that others use too.
const DESKTOPS: Duration = Duration::from_secs(300);

/// Everything that was started. What is dropped first ends first.
pub(super) struct Whole {
    pub(super) plane: Plane,
    pub(super) lab: Lab,
    pub(super) plan: LabPlan,
    pub(super) lock: Lock,
}

/// Starts everything.
pub(super) fn start(up: &Up, lock: Lock, steps: &mut Steps) -> Result<Whole> {
    let programs = Programs::beside_this()?;
    let found = check::check(&programs, up.listen, up.memory())?;
    steps.done("check", &format!("this machine can do it: QEMU {}", found.qemu.version))?;
    let plan = plan(up, programs, lock.folder())?;
    lock.tell("", plan.name.as_str())?;
    build(&plan, steps)?;
    let log = lock.folder().join("frame-export.log");
    let lab = Lab::start_at(&plan, Listen::default(), &mut |_| {}).with_context(|| format!("see {}", log.display()))?;
    steps.done("boot", &format!("the machine runs, by {}", lab.accelerator()))?;
    let door = lab.hydra().context("this guest has no hydra")?;
    let plane = Plane::start(plane(up, &plan.programs, &lock, &lab, door)?)?;
    lock.tell(plane.url(), plan.name.as_str())?;
    steps.done("control-plane", &format!("the control plane serves at {}", plane.url()))?;
    finish(up, plane.url(), lock.folder(), steps)?;
    Ok(Whole { plane, lab, plan, lock })
}

/// Another one runs here: what is missing is added, and a link made.
pub(super) fn join(up: &Up, known: &Known, steps: &mut Steps) -> Result<()> {
    anyhow::ensure!(!known.url.is_empty(), "another `lunette up` (process {}) is starting: wait for it", known.pid);
    steps.done("check", &format!("it runs already, as process {}", known.pid))?;
    finish(up, &known.url, &known.folder, steps)
}

fn plan(up: &Up, programs: Programs, folder: &Path) -> Result<LabPlan> {
    Ok(LabPlan {
        name: machine_name(folder)?,
        programs,
        guest_programs: Vec::new(),
        system: System::Desktops { profiles: vec![up.profile.clone()] },
        shares: Vec::new(),
        kernel: Kernel::Backports,
        accelerator: up.accel,
        cpus: Cpus::new(up.vm_cpus)?,
        memory: Mebibytes::new(up.memory())?,
        guard: this_program()?,
        exporter: ExporterPlan { log: Some(folder.join("frame-export.log")), ..ExporterPlan::default() },
        console: false,
    })
}

/// One machine for each folder.
fn machine_name(folder: &Path) -> Result<Label> {
    use std::hash::{DefaultHasher, Hash, Hasher};
    let mut hasher = DefaultHasher::new();
    folder.hash(&mut hasher);
    Ok(format!("up-{:08x}", hasher.finish() & 0xffff_ffff).parse()?)
}

fn build(plan: &LabPlan, steps: &mut Steps) -> Result<()> {
    let mut bar = steps.draws().then(Bar::new);
    let mut watch = |progress| {
        if let Some(bar) = &mut bar {
            bar.show(progress);
        }
    };
    let built = plan.image(&mut watch).and_then(|_| plan.roots(&mut watch));
    if let Some(bar) = &bar {
        bar.end();
    }
    built?;
    steps.done("image", "the image and what desktops begin with are there")
}

fn plane(up: &Up, programs: &Programs, lock: &Lock, lab: &Lab, door: &HydraDoor) -> Result<PlanePlan> {
    let folder = lock.folder().to_owned();
    let hydra_token = folder.join("hydra.token");
    let mut file = fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&hydra_token)?;
    writeln!(file, "{}", door.token())?;
    Ok(PlanePlan {
        program: programs.path("control-plane")?,
        listen: up.listen,
        allowed_hosts: up.allowed_host.clone(),
        hydra: door.address().to_string(),
        hydra_token,
        export: lab.exporter().address().to_string(),
        export_secret: lab.vm().paths().secret(),
        folder,
    })
}

/// Desktops, and a link.
fn finish(up: &Up, url: &str, folder: &Path, steps: &mut Steps) -> Result<()> {
    let api = Api::of(url, folder)?;
    let made = desktops(up, &api)?;
    let names: Vec<String> = made.iter().map(|one| format!("{} is {}", text(one, "id"), text(one, "state"))).collect();
    steps.done("desktops", &if names.is_empty() { "no desktop is asked for".to_owned() } else { names.join(", ") })?;
    for trouble in made.iter().filter_map(trouble) {
        steps.done("trouble", &trouble)?;
    }
    let link = api.post("/api/v1/login-links", &Value::Null)?;
    let address = format!("{}{}", url, text(&link, "fragment"));
    steps.ready(&address, api.token(), &format!("{url}api/v1"), &json!(made))?;
    if !up.no_open && !up.json {
        crate::browser::open(&address);
    }
    Ok(())
}

/// What keeps a desktop from being used.
fn trouble(one: &Value) -> Option<String> {
    let id = text(one, "id");
    if one["state"] != "running" {
        return Some(format!("{id}: {}", text(one, "why")));
    }
    let bridge = text(one, "bridge");
    let is_fit = matches!(bridge, "ready" | "absent");
    let why = one["bridge_why"].as_str().unwrap_or("`lunette logs --bridge` says more");
    (!is_fit).then(|| format!("{id} runs, its bridge is {bridge}: {why}"))
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_default()
}

/// As many as are asked for, at least: those that are wanted already count.
fn desktops(up: &Up, api: &Api) -> Result<Vec<Value>> {
    let list = api.get("/api/v1/desktops")?;
    let known = list.as_array().map(Vec::as_slice).unwrap_or_default();
    let ids: Vec<&str> = known.iter().filter(|one| one["wanted"] == "running").map(|one| text(one, "id")).collect();
    let mut ids: Vec<String> = ids.into_iter().map(str::to_owned).collect();
    let free = (1..).map(|number: u32| format!("desktop-{number}"));
    let missing = usize::from(up.desktops).saturating_sub(ids.len());
    let fresh: Vec<String> = free.filter(|id| !ids.contains(id)).take(missing).collect();
    for id in &fresh {
        let wish = json!({ "id": id, "profile": up.profile, "size": up.size.to_string() });
        api.post("/api/v1/desktops", &wish)?;
    }
    ids.extend(fresh);
    let wait = |id: &String| api.get_within(&format!("/api/v1/desktops/{id}?wait={}", DESKTOPS.as_secs()), DESKTOPS);
    ids.iter().map(wait).collect()
}
