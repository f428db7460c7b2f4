//! The flags, with their environment variables and help.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use lunette_fleet::HostName;
use lunette_net::client::Address;

use crate::config::{Config, HostConfig, TlsConfig};

/// Desktops of several hosts, for people and programs: API, wall, stream gateway.
#[derive(Debug, Parser)]
#[command(name = "control-plane", version)]
pub struct Cli {
    /// What to do
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Serve
    Serve(Box<Serve>),
    /// Copy the store, also while it is in use
    Backup(Backup),
    /// Check an audit log from its first line to its last
    Verify {
        /// The log
        log: PathBuf,
    },
    /// Print the description of the API
    Openapi,
}

/// A copy of the store.
#[derive(Debug, Args)]
pub struct Backup {
    /// The folder of the control plane
    #[arg(long, value_name = "FOLDER", env = "LUNETTE_STATE")]
    pub state: PathBuf,
    /// Where the copy goes
    pub to: PathBuf,
}

/// The server's flags.
#[derive(Debug, Args)]
pub struct Serve {
    /// Where to listen. Plain HTTP is for loopback only
    #[arg(long, value_name = "ADDR:PORT", default_value = "127.0.0.1:8600", env = "LUNETTE_LISTEN")]
    listen: SocketAddr,
    /// Where the store, the audit log and the administrator's token are
    #[arg(long, value_name = "FOLDER", env = "LUNETTE_STATE")]
    state: PathBuf,
    /// A name that browsers reach this by, besides addresses and localhost; may be given again
    #[arg(long, value_name = "HOST", env = "LUNETTE_ALLOWED_HOST", value_delimiter = ',')]
    allowed_host: Vec<String>,
    /// An origin whose pages may use this; may be given again
    #[arg(long, value_name = "ORIGIN", env = "LUNETTE_ALLOWED_ORIGIN", value_delimiter = ',')]
    allowed_origin: Vec<String>,
    /// A certificate, with its chain, as PEM
    #[arg(long, value_name = "FILE", requires = "tls_key", env = "LUNETTE_TLS_CERTIFICATE")]
    tls_certificate: Option<PathBuf>,
    /// Its key
    #[arg(long, value_name = "FILE", requires = "tls_certificate", env = "LUNETTE_TLS_KEY")]
    tls_key: Option<PathBuf>,
    /// Make a certificate of our own where there is none, and use it
    #[arg(long, conflicts_with = "tls_certificate", env = "LUNETTE_TLS_SELF_MADE")]
    tls_self_made: bool,
    /// What to call the host of --hydra
    #[arg(long, value_name = "NAME", default_value = "local", env = "LUNETTE_HOST_NAME")]
    host_name: HostName,
    /// Where a host's hydra answers: HOST:PORT, or unix:PATH
    #[arg(long, value_name = "ADDR", env = "LUNETTE_HYDRA")]
    hydra: Option<Address>,
    /// A file with the token of that
    #[arg(long, value_name = "FILE", requires = "hydra", env = "LUNETTE_HYDRA_TOKEN_FILE")]
    hydra_token_file: Option<PathBuf>,
    /// Where frame-export serves that host's pictures: HOST:PORT, or unix:PATH
    #[arg(long, value_name = "ADDR", requires = "hydra", env = "LUNETTE_EXPORT")]
    export: Option<Address>,
    /// A file with the secret of that machine
    #[arg(long, value_name = "FILE", requires = "export", env = "LUNETTE_EXPORT_SECRET_FILE")]
    export_secret_file: Option<PathBuf>,
    /// One more host: NAME=HYDRA[,TOKEN-FILE[,EXPORT,SECRET-FILE]]; may be given again
    #[arg(long = "host", value_name = "HOST", value_parser = host)]
    hosts: Vec<HostConfig>,
    /// What to log: error, warn, info, debug, trace, or a filter such as `info,control_plane=debug`
    #[arg(long, value_name = "FILTER", default_value = "info", env = "LUNETTE_LOG")]
    pub log: String,
}

impl Serve {
    /// What the flags ask for.
    #[must_use]
    pub fn config(self) -> Config {
        let tls = match (self.tls_certificate, self.tls_key) {
            (Some(certificate), Some(key)) => Some(TlsConfig::Files { certificate, key }),
            _ => self.tls_self_made.then_some(TlsConfig::SelfMade),
        };
        let first = self.hydra.map(|hydra| HostConfig {
            name: self.host_name,
            hydra,
            hydra_token: self.hydra_token_file,
            export: self.export,
            export_secret: self.export_secret_file,
        });
        Config {
            listen: self.listen,
            state: self.state,
            allowed_hosts: self.allowed_host,
            allowed_origins: self.allowed_origin,
            tls,
            hosts: first.into_iter().chain(self.hosts).collect(),
        }
    }
}

fn host(text: &str) -> Result<HostConfig, String> {
    let (name, rest) = text.split_once('=').ok_or("a host is NAME=HYDRA[,TOKEN-FILE[,EXPORT,SECRET-FILE]]")?;
    let parts: Vec<&str> = rest.split(',').collect();
    let file = |index: usize| parts.get(index).filter(|part| !part.is_empty()).map(PathBuf::from);
    let address = |text: &str| text.parse::<Address>().map_err(|error| error.to_string());
    Ok(HostConfig {
        name: name.parse().map_err(|error: lunette_fleet::HostNameError| error.to_string())?,
        hydra: address(parts[0])?,
        hydra_token: file(1),
        export: parts.get(2).map(|text| address(text)).transpose()?,
        export_secret: file(3),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_given_in_one_word_each() {
        let one = host("big=10.0.0.2:9878,/run/token,10.0.0.2:15937,/run/secret").expect("a host");
        assert_eq!((one.name.as_str(), one.hydra.to_string().as_str()), ("big", "10.0.0.2:9878"));
        assert_eq!(one.export_secret, Some(PathBuf::from("/run/secret")));
        assert!(host("unix:/run/hydra.sock").is_err() && host("A=x:1").is_err() && host("a=x").is_err());
        assert!(host("a=unix:/run/hydra.sock").expect("a host").hydra_token.is_none());
    }
}
