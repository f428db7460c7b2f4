//! The commands for people: each asks the daemon, and prints.

mod link;
mod table;

use std::io::{self, Write};
use std::process::ExitCode;

use anyhow::bail;
use lunette_desktop::{LimitsWish, RestartPolicy, Wish};
use serde_json::{Value, json};

use crate::cli::{Command, Create, Exec, Input, Logs, Resize, Stop, Where};
use link::{Daemon, path_part};
use table::Table;

/// Seconds that `create` waits for a desktop to run.
const WAIT: u32 = 180;

/// Does what the command says.
///
/// # Errors
/// When the daemon does not answer, or refuses.
pub async fn run(command: Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::Serve(_) => bail!("the daemon is no client"),
        Command::Create(create) => make(*create).await,
        Command::List(at) => list(&at).await,
        Command::Show(one) => show(&one.at, &one.id).await,
        Command::Stop(stop) => end(&stop).await,
        Command::Logs(logs) => log(&logs).await,
        Command::Exec(exec) => execute(exec).await,
        Command::Resize(resize) => change(&resize).await,
        Command::Input(input) => feed(&input).await,
        Command::Profiles(at) => profiles(&at).await,
    }
}

fn desktop_path(id: &str) -> String {
    format!("/api/v1/dev-containers/{}", path_part(id))
}

async fn make(create: Create) -> anyhow::Result<ExitCode> {
    let mut wish = Wish::plain(create.profile);
    wish.id = create.id;
    wish.name = create.name;
    wish.size = create.size;
    wish.limits = LimitsWish { memory_mib: create.memory, cpus: create.cpus, ..LimitsWish::default() };
    wish.locale = create.locale;
    wish.keyboard.layout = create.keyboard.unwrap_or_default();
    wish.mounts = create.mounts;
    wish.environment = create.environment.into_iter().collect();
    wish.restart = create.restart.map_or(RestartPolicy::Never, |times| RestartPolicy::OnFailure { times });
    let wait = if create.no_wait { 0 } else { WAIT };
    let path = format!("/api/v1/dev-containers?wait={wait}");
    let made = Daemon::at(&create.at.socket).post(&path, &serde_json::to_value(wish)?).await?;
    print_desktop(&create.at, &made)?;
    let failed = made["status"] == "error" || (!create.no_wait && made["status"] == "starting");
    Ok(if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

async fn list(at: &Where) -> anyhow::Result<ExitCode> {
    let desktops = Daemon::at(&at.socket).get("/api/v1/dev-containers").await?;
    if at.json {
        return print_json(&desktops);
    }
    let mut table = Table::new(&["ID", "PROFILE", "PHASE", "SIZE", "SCANOUT", "BRIDGE", "RESTARTS", "WHY"]);
    for desktop in desktops.as_array().into_iter().flatten() {
        let report = &desktop["report"];
        let row = [
            &desktop["id"],
            &desktop["profile"],
            &report["phase"],
            &report["size"],
            &report["scanout"],
            &desktop["bridge"]["state"],
            &report["restarts"],
            &desktop["why"],
        ];
        table.row(row.map(text));
    }
    print(&table.to_string())
}

async fn profiles(at: &Where) -> anyhow::Result<ExitCode> {
    let profiles = Daemon::at(&at.socket).get("/api/v1/profiles").await?;
    if at.json {
        return print_json(&profiles);
    }
    let mut table = Table::new(&["PROFILE", "COMPOSITOR", "BACKEND", "MEMORY", "SUMMARY"]);
    for profile in profiles.as_array().into_iter().flatten() {
        let memory = format!("{} MiB", profile["limits"]["memory_mib"]);
        let (name, kind) = (text(&profile["name"]), text(&profile["compositor"]));
        table.row([name, kind, text(&profile["backend"]), memory, text(&profile["summary"])]);
    }
    print(&table.to_string())
}

async fn show(at: &Where, id: &str) -> anyhow::Result<ExitCode> {
    let desktop = Daemon::at(&at.socket).get(&desktop_path(id)).await?;
    print_desktop(at, &desktop)
}

async fn end(stop: &Stop) -> anyhow::Result<ExitCode> {
    let daemon = Daemon::at(&stop.at.socket);
    if stop.all {
        daemon.post("/api/v1/drain", &Value::Null).await?;
        return Ok(ExitCode::SUCCESS);
    }
    for id in &stop.ids {
        let gone = daemon.delete(&desktop_path(id)).await?;
        if stop.at.json {
            print_json(&gone)?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

async fn log(logs: &Logs) -> anyhow::Result<ExitCode> {
    let of = match (logs.launcher, logs.bridge) {
        (true, _) => "launcher",
        (_, true) => "bridge",
        _ => "desktop",
    };
    let follow = u8::from(logs.follow);
    let path = format!("{}/logs?follow={follow}&of={of}", desktop_path(&logs.id));
    Daemon::at(&logs.socket).stream(&path, &mut io::stdout()).await?;
    Ok(ExitCode::SUCCESS)
}

async fn execute(exec: Exec) -> anyhow::Result<ExitCode> {
    let (cmd, args) = exec.argv.split_first().map(|(cmd, args)| (cmd.clone(), args.to_vec())).unwrap_or_default();
    let body = json!({ "cmd": cmd, "args": args, "sudo": exec.root, "timeout_seconds": exec.timeout });
    let ran = Daemon::at(&exec.at.socket).post(&format!("{}/exec", desktop_path(&exec.id)), &body).await?;
    if exec.at.json {
        return print_json(&ran);
    }
    io::stdout().write_all(text(&ran["stdout"]).as_bytes())?;
    io::stderr().write_all(text(&ran["stderr"]).as_bytes())?;
    if let Some(error) = ran["error"].as_str() {
        bail!("{error}");
    }
    if ran["status"] == "timeout" {
        bail!("it took longer than {} s", exec.timeout);
    }
    let code = ran["exit_code"].as_i64().and_then(|code| u8::try_from(code).ok());
    Ok(code.map_or(ExitCode::FAILURE, ExitCode::from))
}

async fn change(resize: &Resize) -> anyhow::Result<ExitCode> {
    let body = json!({ "size": resize.size.to_string() });
    let path = format!("{}/resize", desktop_path(&resize.id));
    let desktop = Daemon::at(&resize.at.socket).post(&path, &body).await?;
    print_desktop(&resize.at, &desktop)
}

async fn feed(input: &Input) -> anyhow::Result<ExitCode> {
    let lines = io::read_to_string(io::stdin())?;
    let path = format!("{}/input", desktop_path(&input.id));
    Daemon::at(&input.socket).post_lines(&path, lines).await?;
    Ok(ExitCode::SUCCESS)
}

fn print_desktop(at: &Where, desktop: &Value) -> anyhow::Result<ExitCode> {
    if at.json {
        return print_json(desktop);
    }
    let report = &desktop["report"];
    let mut table = Table::new(&[]);
    let rows = [
        ("id", &desktop["id"]),
        ("name", &desktop["name"]),
        ("profile", &desktop["profile"]),
        ("phase", &report["phase"]),
        ("why", &desktop["why"]),
        ("size", &report["size"]),
        ("scanout", &report["scanout"]),
        ("connector", &report["connector"]),
        ("address", &report["address"]),
        ("bridge", &desktop["bridge"]["state"]),
        ("bridge's why", &desktop["bridge"]["why"]),
        ("open", &desktop["bridge"]["url"]),
        ("first picture ms", &report["first_picture_ms"]),
        ("restarts", &report["restarts"]),
        ("launcher", &report["launcher_pid"]),
    ];
    for (name, value) in rows.into_iter().filter(|(_, value)| !value.is_null()) {
        table.row([name.to_owned(), text(value)]);
    }
    print(&table.to_string())
}

fn print_json(value: &Value) -> anyhow::Result<ExitCode> {
    print(&format!("{}\n", serde_json::to_string_pretty(value)?))
}

fn print(text: &str) -> anyhow::Result<ExitCode> {
    io::stdout().write_all(text.as_bytes())?;
    Ok(ExitCode::SUCCESS)
}

fn text(value: &Value) -> String {
    match value {
        Value::Null => "-".to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
