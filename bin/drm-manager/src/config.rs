//! The flags, with their environment variables and help.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context;
use clap::Parser;
use lunette_lease::Timing;
use lunette_wire::Token;

use crate::keeper;
pub use crate::peer::Allowed;

/// Where the machine's secret is, when its host gave it one.
const FW_CFG: &str = "/sys/firmware/qemu_fw_cfg/by_name/opt/lunette/secret/raw";

/// What a kept manager is started without.
const KEEP: &str = "--keep";

/// Hands out the outputs of the virtual display cards, one lease to each client.
///
/// It must be the only DRM master of the machine. Containers mount the directory of --socket, never the socket itself.
///
/// Logs go to stderr. SIGTERM and SIGINT end it cleanly: every lease is revoked, every output unplugged. Killed under systemd
/// or with --keep, it is started again and goes on with every lease.
#[derive(Debug, Clone, Parser)]
#[command(name = "drm-manager", version, verbatim_doc_comment)]
struct Args {
    /// Unix socket for leases; made with mode 0660, removed at the end
    #[arg(long, value_name = "PATH", default_value = "/run/helix-drm/drm.sock", env = "DRM_SOCKET")]
    socket: PathBuf,

    /// The cards, with commas; their outputs are counted through [default: all virtio cards, by their PCI addresses]
    #[arg(long, value_name = "NODE", value_delimiter = ',', env = "DRM_DEVICE")]
    device: Vec<PathBuf>,

    /// The host's frame-export, which plugs outputs
    #[arg(long, value_name = "ADDR:PORT", default_value = "10.0.2.2:15937", env = "QEMU_ADDR")]
    host: String,

    /// The machine's secret, 64 hexadecimal digits [default: what QEMU's fw_cfg has as opt/lunette/secret, if anything]
    #[arg(long, value_name = "PATH", env = "DRM_SECRET_FILE")]
    secret_file: Option<PathBuf>,

    /// Outputs to hand out at most
    #[arg(long, value_name = "N", default_value = "15", value_parser = clap::value_parser!(u16).range(1..=64))]
    outputs: u16,

    /// Hand out the first output, the machine's console, too
    #[arg(long)]
    console: bool,

    /// Connections at once; more are turned away
    #[arg(long, value_name = "N", default_value = "64", value_parser = clap::value_parser!(u16).range(1..=4096))]
    max_clients: u16,

    /// Users who may ask for a lease, besides root; the socket belongs to the first
    #[arg(long, value_name = "UID", value_delimiter = ',')]
    allow_uid: Vec<u32>,

    /// Groups that may ask for a lease, as the asking process's own group; the socket belongs to the first
    #[arg(long, value_name = "GID", value_delimiter = ',')]
    allow_gid: Vec<u32>,

    /// Longest time from a request to its answer, in milliseconds
    #[arg(long, value_name = "MS", default_value = "5000", value_parser = clap::value_parser!(u32).range(100..=60_000))]
    answer_within: u32,

    /// Run under a keeper of its own, which restarts it when it dies, so that no lease ends; systemd needs none
    #[arg(long, conflicts_with = "status")]
    keep: bool,

    /// Print the status of the manager that runs, as JSON, and exit
    #[arg(long)]
    status: bool,

    /// What to log: error, warn, info, debug, trace, or a filter such as `info,drm_manager=debug`
    #[arg(long, value_name = "FILTER", default_value = "info", env = "DRM_LOG")]
    log: String,
}

/// What to do.
#[derive(Debug, Clone)]
pub enum Command {
    /// Ask the manager with this status socket.
    Status(PathBuf),
    /// Keep a manager alive; with the log filter.
    Keep(keeper::Plan, String),
    /// Be the manager; with the log filter.
    Serve(Box<Config>, String),
}

/// What a manager needs to know.
#[derive(Debug, Clone)]
pub struct Config {
    /// The socket for leases.
    pub socket: PathBuf,
    /// The cards; none for all virtual ones.
    pub devices: Vec<PathBuf>,
    /// Where frame-export listens.
    pub host: String,
    /// What to show it.
    pub secret: Option<Token>,
    /// Outputs to hand out at most.
    pub outputs: usize,
    /// Whether scanout 0 is one of them.
    pub console: bool,
    /// Connections at once.
    pub max_clients: usize,
    /// Who may ask.
    pub allowed: Allowed,
    /// How long things may take.
    pub timing: Timing,
    /// How long a request may take to arrive.
    pub request_within: Duration,
}

/// Reads the command line.
///
/// # Errors
/// When it makes no sense, or the secret cannot be read. `--help` and `--version` end the process.
pub fn parse(args: impl IntoIterator<Item = OsString>) -> anyhow::Result<Command> {
    let all: Vec<OsString> = args.into_iter().collect();
    let args = Args::try_parse_from(&all).unwrap_or_else(|error| error.exit());
    if args.status {
        return Ok(Command::Status(crate::status::path_beside(&args.socket)));
    }
    if args.keep {
        let program = std::env::current_exe().context("cannot find this program")?;
        let arguments = all.into_iter().skip(1).filter(|argument| argument != KEEP).collect();
        let notify = args.socket.with_file_name("keeper.sock");
        return Ok(Command::Keep(keeper::Plan { program, arguments, notify }, args.log));
    }
    let secret = secret(args.secret_file.as_deref())?;
    let timing = Timing { answer: Duration::from_millis(args.answer_within.into()), ..Timing::default() };
    let config = Config {
        socket: args.socket,
        devices: args.device,
        host: args.host,
        secret,
        outputs: args.outputs.into(),
        console: args.console,
        max_clients: args.max_clients.into(),
        allowed: Allowed { uids: args.allow_uid, gids: args.allow_gid },
        timing,
        request_within: Duration::from_secs(5),
    };
    Ok(Command::Serve(Box::new(config), args.log))
}

/// The secret of a file that must be there, or of fw_cfg where that has one.
fn secret(file: Option<&Path>) -> anyhow::Result<Option<Token>> {
    let path = file.unwrap_or(Path::new(FW_CFG));
    let content = match read(path) {
        Err(error) if file.is_none() && error.kind() == io::ErrorKind::NotFound => return Ok(None),
        content => content.with_context(|| format!("cannot read the secret {}", path.display()))?,
    };
    let secret = Token::from_file(&content).with_context(|| format!("{} holds no secret", path.display()))?;
    Ok(Some(secret))
}

fn read(path: &Path) -> io::Result<Vec<u8>> {
    let longest = 2 * u64::try_from(Token::DIGITS).unwrap_or(u64::MAX);
    let mut content = Vec::new();
    File::open(path)?.take(longest).read_to_end(&mut content)?;
    Ok(content)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(args: &[&str]) -> anyhow::Result<Command> {
        parse(["drm-manager"].iter().chain(args).map(OsString::from))
    }

    #[test]
    fn defaults_are_those_of_existing_clients() {
        let Ok(Command::Serve(config, _)) = parsed(&[]) else { panic!("a server") };
        assert_eq!(config.socket, Path::new("/run/helix-drm/drm.sock"));
        assert_eq!((config.host.as_str(), config.outputs, config.max_clients), ("10.0.2.2:15937", 15, 64));
        assert!(config.devices.is_empty() && !config.console && config.allowed == Allowed::default());
    }

    #[test]
    fn whoever_is_kept_keeps_nobody() {
        let Ok(Command::Keep(plan, log)) = parsed(&["--socket", "/x/drm.sock", "--keep", "--log", "debug"]) else {
            panic!("a keeper")
        };
        assert_eq!(plan.arguments, ["--socket", "/x/drm.sock", "--log", "debug"]);
        assert_eq!((plan.notify.as_path(), log.as_str()), (Path::new("/x/keeper.sock"), "debug"));
    }

    #[test]
    fn status_asks_beside_the_socket() {
        let Ok(Command::Status(path)) = parsed(&["--status", "--socket", "/x/drm.sock"]) else { panic!("a question") };
        assert_eq!(path, Path::new("/x/status.sock"));
    }

    #[test]
    fn a_secret_that_was_named_must_be_one() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("secret");
        assert!(secret(Some(&path)).is_err());
        std::fs::write(&path, "short").expect("writable");
        assert!(format!("{:#}", secret(Some(&path)).expect_err("short")).contains("holds no secret"));
        std::fs::write(&path, "ab".repeat(32)).expect("writable");
        assert_eq!(secret(Some(&path)).expect("one"), Some(Token::new([0xab; 32])));
    }

    #[test]
    fn users_are_listed_with_commas() {
        let Ok(Command::Serve(config, _)) = parsed(&["--allow-uid", "1000,1001", "--allow-gid", "44"]) else {
            panic!("a server")
        };
        assert_eq!(config.allowed, Allowed { uids: vec![1000, 1001], gids: vec![44] });
    }
}
