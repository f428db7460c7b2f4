//! A connection to a control plane, by TLS or without.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

const LIMIT: Duration = Duration::from_secs(10);

/// Bytes both ways.
pub(crate) trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}

impl<S: AsyncRead + AsyncWrite + Unpin + Send> Stream for S {}

/// Connects to a URL's host; returns the host, as requests name it, and the connection.
pub(crate) async fn connect(url: &str, certificate: Option<&Path>) -> Result<(String, Box<dyn Stream>)> {
    let (scheme, rest) = url.split_once("://").with_context(|| format!("{url} is no URL"))?;
    let host = rest.split('/').next().unwrap_or_default();
    let (name, port) = match host.rsplit_once(':').filter(|(_, port)| port.bytes().all(|byte| byte.is_ascii_digit())) {
        Some((name, port)) => (name, port.parse().with_context(|| format!("{url} has no port"))?),
        None => (host, if scheme == "https" { 443 } else { 80 }),
    };
    let name = name.trim_start_matches('[').trim_end_matches(']');
    // What listens everywhere listens here.
    let name = if matches!(name, "0.0.0.0" | "::") { "127.0.0.1" } else { name };
    let connecting = timeout(LIMIT, TcpStream::connect((name, port))).await;
    let stream = connecting.context("no connection in time")?;
    let stream = stream.with_context(|| format!("no control plane answers at {url}"))?;
    stream.set_nodelay(true)?;
    match scheme {
        "http" => Ok((host.to_owned(), Box::new(stream))),
        "https" => Ok((host.to_owned(), Box::new(secure(stream, name, certificate).await?))),
        other => bail!("{other} is neither http nor https"),
    }
}

async fn secure(stream: TcpStream, name: &str, certificate: Option<&Path>) -> Result<impl Stream + use<>> {
    let path = certificate.context("the control plane speaks TLS, and its certificate is not known here")?;
    let mut roots = RootCertStore::empty();
    for known in CertificateDer::pem_file_iter(path)? {
        roots.add(known?)?;
    }
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    let server = ServerName::try_from(name.to_owned())?;
    Ok(timeout(LIMIT, TlsConnector::from(Arc::new(config)).connect(server, stream)).await??)
}
