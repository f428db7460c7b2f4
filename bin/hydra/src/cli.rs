//! The flags, with their environment variables and help.

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::{Args, Parser, Subcommand, ValueEnum};
use lunette_containers::default_docker_socket;
use lunette_desktop::{BackendKind, BindMount, DesktopId};
use lunette_frame::Size;
use lunette_relay::{HostName, InClear, ServerUrl};

use crate::config::{BridgesUrl, Config, Dial};

/// Makes, watches and ends the desktops of one machine.
///
/// Without a command it is the daemon. The other commands talk to the daemon that runs.
#[derive(Debug, Parser)]
#[command(name = "hydra", version, verbatim_doc_comment, args_conflicts_with_subcommands = true)]
pub struct Cli {
    #[command(flatten)]
    serve: Serve,

    #[command(subcommand)]
    command: Option<Command>,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Be the daemon
    Serve(Box<Serve>),
    /// Make a desktop
    Create(Box<Create>),
    /// All desktops
    List(Where),
    /// One desktop
    Show(One),
    /// End desktops
    Stop(Stop),
    /// What a desktop's programs print
    Logs(Logs),
    /// Run a program in a desktop
    Exec(Exec),
    /// Give a desktop another size
    Resize(Resize),
    /// Feed a desktop what is on standard input: one JSON object per line, such as {"type":"key","keycode":30,"state":1}
    Input(Input),
    /// What desktops can be made of
    Profiles(Where),
}

/// The daemon's flags.
#[derive(Debug, Args)]
pub struct Serve {
    /// Unix socket of the API; made with mode 0660, removed at the end
    #[arg(long, value_name = "PATH", default_value = DEFAULT_SOCKET, env = "HYDRA_SOCKET")]
    socket: PathBuf,

    /// Group that may use the API, by name or number
    #[arg(long, value_name = "GROUP", env = "HYDRA_GROUP")]
    group: Option<String>,

    /// Where desktops are
    #[arg(long, value_name = "FOLDER", default_value = "/run/hydra", env = "HYDRA_DIR")]
    dir: PathBuf,

    /// Folders with roots of profiles, or with profiles that name an image; separated by commas
    #[arg(
        long,
        value_name = "FOLDER",
        default_value = "/usr/share/lunette/profiles",
        value_delimiter = ',',
        env = "HYDRA_PROFILES"
    )]
    profiles: Vec<PathBuf>,

    /// Where the kernel lists disks; those with the serial lunette-NAME are roots of profiles. Empty: none is looked at
    #[arg(long, value_name = "FOLDER", default_value = "/sys/block", env = "HYDRA_DISKS")]
    disks: String,

    /// The program that runs one desktop [default: lease-launcher beside this program]
    #[arg(long, value_name = "PATH", env = "HYDRA_LAUNCHER")]
    launcher: Option<PathBuf>,

    /// Who runs containers; auto is runc unless there is none, and a Docker daemon is
    #[arg(long, value_enum, default_value = "auto", env = "HYDRA_BACKEND")]
    backend: Backend,

    /// The Docker daemon's socket
    #[arg(long, value_name = "PATH", env = "DOCKER_SOCKET")]
    docker_socket: Option<PathBuf>,

    /// Where drm-manager hands out leases
    #[arg(long, value_name = "PATH", default_value = "/run/helix-drm/drm.sock", env = "DRM_SOCKET")]
    lease_socket: PathBuf,

    /// The host's frame-export
    #[arg(long, value_name = "ADDR:PORT", default_value = "10.0.2.2:15937", env = "QEMU_ADDR")]
    host: String,

    /// Where desktops' bridges are reached from outside of the machine, each by a token of its own. Nobody inside of a
    /// desktop reaches it [default: nowhere]
    #[arg(long, value_name = "ADDR:PORT", env = "HYDRA_LISTEN_BRIDGES")]
    listen_bridges: Option<SocketAddr>,

    /// How a browser of the machine that people sit at reaches --listen-bridges, for what is printed, such as
    /// http://127.0.0.1:9877 [default: as it is, where that is the loopback]
    #[arg(long, value_name = "URL", requires = "listen_bridges", env = "HYDRA_BRIDGES_URL")]
    bridges_url: Option<BridgesUrl>,

    /// Where the API is served to other machines, and to the one that this machine is a guest of. Whoever asks there shows
    /// the token of --api-token-file [default: nowhere]
    #[arg(long, value_name = "ADDR:PORT", requires = "api_token_file", env = "HYDRA_LISTEN_API")]
    listen_api: Option<SocketAddr>,

    /// A file with what opens --listen-api: 43 characters of base64url, 32 bytes
    #[arg(long, value_name = "PATH", env = "HYDRA_API_TOKEN_FILE")]
    api_token_file: Option<PathBuf>,

    /// A control plane to dial in to, such as https://example.org:8600: it reaches this machine over the connection that is
    /// made from here, and may do what the socket's clients may
    #[arg(long, value_name = "URL", requires_all = ["dial_name", "dial_token_file"], env = "HYDRA_DIAL")]
    dial: Option<ServerUrl>,

    /// What this machine is called there: 1 to 63 of a-z, 0-9 and -
    #[arg(long, value_name = "NAME", requires = "dial", env = "HYDRA_DIAL_NAME")]
    dial_name: Option<HostName>,

    /// A file with a token of the control plane's, of the scope operate
    #[arg(long, value_name = "PATH", requires = "dial", env = "HYDRA_DIAL_TOKEN_FILE")]
    dial_token_file: Option<PathBuf>,

    /// A file with the PEM certificates that the control plane's is verified by [default: those that this machine trusts]
    #[arg(long, value_name = "PATH", requires = "dial", env = "HYDRA_DIAL_CERTIFICATES")]
    dial_certificates: Option<PathBuf>,

    /// Dial in by http too, where others may read the token on its way; without this, only within this machine
    #[arg(long, requires = "dial", env = "HYDRA_DIAL_IN_CLEAR", value_parser = clap::builder::BoolishValueParser::new())]
    dial_in_clear: bool,

    /// Desktops at once
    #[arg(long, value_name = "N", default_value = "64", value_parser = clap::value_parser!(u16).range(1..=16_384), env = "HYDRA_MAX_DESKTOPS")]
    max_desktops: u16,

    /// Promise more memory to desktops than there is
    #[arg(long, env = "HYDRA_OVERCOMMIT")]
    overcommit: bool,

    /// End all desktops at the end; otherwise they live on, and the next hydra finds them
    #[arg(long, env = "HYDRA_STOP_DESKTOPS_ON_EXIT")]
    stop_desktops_on_exit: bool,

    /// What to log: error, warn, info, debug, trace, or a filter such as `info,hydra=debug`
    #[arg(long, value_name = "FILTER", default_value = "info", env = "HYDRA_LOG")]
    log: String,
}

const DEFAULT_SOCKET: &str = "/run/hydra/hydra.sock";

/// Who runs containers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Backend {
    Runc,
    Docker,
    Auto,
}

/// Which daemon, and how to answer.
#[derive(Debug, Clone, Args)]
pub struct Where {
    /// The daemon's socket
    #[arg(long, value_name = "PATH", default_value = DEFAULT_SOCKET, env = "HYDRA_SOCKET")]
    pub socket: PathBuf,

    /// Print what the daemon says, as JSON
    #[arg(long)]
    pub json: bool,
}

/// One desktop.
#[derive(Debug, Args)]
pub struct One {
    /// Its id
    pub id: String,
    /// Which daemon, and how to answer
    #[command(flatten)]
    pub at: Where,
}

/// A new desktop.
#[derive(Debug, Args)]
pub struct Create {
    /// What it is made of; `hydra profiles` lists them
    pub profile: DesktopId,
    /// Its id [default: one is made up]
    #[arg(long)]
    pub id: Option<DesktopId>,
    /// What people call it
    #[arg(long)]
    pub name: Option<String>,
    /// Size of its screen
    #[arg(long, value_name = "WIDTHxHEIGHT", default_value = "1280x720")]
    pub size: Size,
    /// MiB of memory [default: the profile's]
    #[arg(long, value_name = "MIB")]
    pub memory: Option<u32>,
    /// Processors [default: the profile's]
    #[arg(long, value_name = "N")]
    pub cpus: Option<f64>,
    /// Such as de_DE.UTF-8
    #[arg(long)]
    pub locale: Option<String>,
    /// Layout of its keyboard, such as de
    #[arg(long, value_name = "LAYOUT")]
    pub keyboard: Option<String>,
    /// A variable of its programs; may be given again
    #[arg(long = "env", value_name = "NAME=VALUE", value_parser = variable)]
    pub environment: Vec<(String, String)>,
    /// A folder or file of the machine that it sees, such as /srv/project:/home/user/project, `:ro` behind it to read
    /// only; may be given again
    #[arg(long = "mount", value_name = "SOURCE:DESTINATION[:ro]", value_parser = mount)]
    pub mounts: Vec<BindMount>,
    /// Start it again when it fails, so many times in ten minutes
    #[arg(long, value_name = "TIMES")]
    pub restart: Option<u32>,
    /// Do not wait until it runs
    #[arg(long)]
    pub no_wait: bool,
    /// Which daemon, and how to answer
    #[command(flatten)]
    pub at: Where,
}

/// Desktops to end.
#[derive(Debug, Args)]
pub struct Stop {
    /// Their ids
    #[arg(required_unless_present = "all")]
    pub ids: Vec<String>,
    /// All of them
    #[arg(long, conflicts_with = "ids")]
    pub all: bool,
    /// Which daemon, and how to answer
    #[command(flatten)]
    pub at: Where,
}

/// A log.
#[derive(Debug, Args)]
pub struct Logs {
    /// Whose
    pub id: String,
    /// Go on until the desktop is over
    #[arg(short, long)]
    pub follow: bool,
    /// The launcher's instead
    #[arg(long)]
    pub launcher: bool,
    /// Its bridge's instead
    #[arg(long, conflicts_with = "launcher")]
    pub bridge: bool,
    /// The daemon's socket
    #[arg(long, value_name = "PATH", default_value = DEFAULT_SOCKET, env = "HYDRA_SOCKET")]
    pub socket: PathBuf,
}

/// A program.
#[derive(Debug, Args)]
pub struct Exec {
    /// In which desktop
    pub id: String,
    /// As the container's root
    #[arg(long)]
    pub root: bool,
    /// Seconds that it may take
    #[arg(long, value_name = "S", default_value = "60")]
    pub timeout: u64,
    /// Program and arguments
    #[arg(required = true, trailing_var_arg = true, allow_hyphen_values = true)]
    pub argv: Vec<String>,
    /// Which daemon, and how to answer
    #[command(flatten)]
    pub at: Where,
}

/// Events from a keyboard, a pointer or a touch screen.
#[derive(Debug, Args)]
pub struct Input {
    /// For which desktop
    pub id: String,
    /// The daemon's socket
    #[arg(long, value_name = "PATH", default_value = DEFAULT_SOCKET, env = "HYDRA_SOCKET")]
    pub socket: PathBuf,
}

/// Another size.
#[derive(Debug, Args)]
pub struct Resize {
    /// Of which desktop
    pub id: String,
    /// The new size
    #[arg(value_name = "WIDTHxHEIGHT")]
    pub size: Size,
    /// Which daemon, and how to answer
    #[command(flatten)]
    pub at: Where,
}

/// Reads the command line. `--help`, `--version` and mistakes end the process.
pub fn parse(args: impl IntoIterator<Item = OsString>) -> Command {
    let cli = Cli::try_parse_from(args).unwrap_or_else(|error| error.exit());
    cli.command.unwrap_or_else(|| Command::Serve(Box::new(cli.serve)))
}

impl Serve {
    /// The daemon's configuration, and what it logs itself.
    ///
    /// # Errors
    /// When a group is unknown.
    pub fn config(self) -> anyhow::Result<(Config, String)> {
        let docker_socket = self.docker_socket.unwrap_or_else(default_docker_socket);
        let launcher = match self.launcher {
            Some(launcher) => launcher,
            None => std::env::current_exe().context("cannot find this program")?.with_file_name("lease-launcher"),
        };
        let in_clear = if self.dial_in_clear { InClear::Allowed } else { InClear::Refused };
        let dial = self.dial.zip(self.dial_name).zip(self.dial_token_file);
        let certificates = self.dial_certificates;
        let dial = dial.map(|((server, name), token_file)| Dial::new(server, name, token_file, certificates, in_clear));
        let config = Config {
            socket: self.socket,
            group: self.group.as_deref().map(group).transpose()?,
            // Launchers are told, and run elsewhere.
            dir: std::path::absolute(self.dir)?,
            profiles: self.profiles,
            disks: Some(PathBuf::from(self.disks)).filter(|disks| !disks.as_os_str().is_empty()),
            launcher: std::path::absolute(launcher)?,
            backend: self.backend.choose(&docker_socket),
            docker_socket,
            lease_socket: self.lease_socket,
            host: self.host,
            listen_bridges: self.listen_bridges,
            bridges_url: self.bridges_url,
            listen_api: self.listen_api,
            api_token_file: self.api_token_file,
            dial: dial.transpose()?,
            max_desktops: self.max_desktops.into(),
            overcommit: self.overcommit,
            stop_desktops_on_exit: self.stop_desktops_on_exit,
            log: self.log.clone(),
        };
        Ok((config, self.log))
    }
}

impl Backend {
    fn choose(self, docker_socket: &Path) -> BackendKind {
        match self {
            Self::Runc => BackendKind::Runc,
            Self::Docker => BackendKind::Docker,
            Self::Auto if !is_in_path("runc") && docker_socket.exists() => BackendKind::Docker,
            Self::Auto => BackendKind::Runc,
        }
    }
}

fn mount(text: &str) -> Result<BindMount, String> {
    let (text, read_only) = text.strip_suffix(":ro").map_or((text, false), |text| (text, true));
    let (source, destination) = text.split_once(':').ok_or("a mount is SOURCE:DESTINATION, with :ro to read only")?;
    Ok(BindMount { source: source.into(), destination: destination.into(), read_only })
}

fn is_in_path(program: &str) -> bool {
    std::env::var_os("PATH")
        .is_some_and(|path| std::env::split_paths(&path).any(|folder| folder.join(program).exists()))
}

/// A number, or a name of `/etc/group`.
fn group(name: &str) -> anyhow::Result<u32> {
    if let Ok(number) = name.parse() {
        return Ok(number);
    }
    let groups = std::fs::read_to_string("/etc/group").context("cannot read /etc/group")?;
    let number = |line: &str| {
        let mut fields = line.split(':');
        (fields.next() == Some(name)).then(|| fields.nth(1)?.parse().ok()).flatten()
    };
    groups.lines().find_map(number).with_context(|| format!("no group {name}"))
}

fn variable(text: &str) -> Result<(String, String), String> {
    let split = text.split_once('=').filter(|(name, _)| !name.is_empty());
    split.map(|(name, value)| (name.to_owned(), value.to_owned())).ok_or_else(|| format!("{text} is not NAME=VALUE"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(args: &[&str]) -> Command {
        parse(["hydra"].iter().chain(args).map(OsString::from))
    }

    #[test]
    fn it_is_the_daemon_unless_told_otherwise() {
        for args in [&["--max-desktops", "3"][..], &["serve", "--max-desktops", "3"]] {
            let Command::Serve(serve) = parsed(args) else { panic!("the daemon") };
            let (config, _) = serve.config().unwrap();
            assert_eq!((config.max_desktops, config.socket.as_path()), (3, Path::new(DEFAULT_SOCKET)));
        }
    }

    #[test]
    fn whoever_dials_says_as_whom() {
        let dialled = |args: &[&str]| match Cli::try_parse_from(["hydra"].iter().chain(args)) {
            Ok(cli) => Ok(cli.serve.config().unwrap().0.dial),
            Err(error) => Err(error.kind()),
        };
        let all = ["--dial", "https://example.org", "--dial-name", "far", "--dial-token-file", "/t"];
        assert_eq!(dialled(&all).unwrap().map(|dial| dial.host().to_string()).as_deref(), Some("far"));
        assert_eq!(dialled(&[]).unwrap(), None);
        for half in [&all[..2], &all[..4], &all[2..], &["--dial-certificates", "/c"]] {
            assert!(dialled(half).is_err(), "{half:?}");
        }
    }

    #[test]
    fn words_behind_a_program_are_its_own() {
        let Command::Exec(exec) = parsed(&["exec", "--json", "a", "ls", "-l", "--json"]) else { panic!("exec") };
        assert_eq!((exec.id.as_str(), exec.argv), ("a", vec!["ls".into(), "-l".into(), "--json".into()]));
    }

    #[test]
    fn groups_have_names_and_numbers() {
        assert_eq!((group("0").unwrap(), group("root").unwrap()), (0, 0));
        assert!(group("no such group").is_err());
    }
}
