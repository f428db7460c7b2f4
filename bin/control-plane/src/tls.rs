//! The certificate.

use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;

use anyhow::Context;
use rcgen::{CertifiedKey, generate_simple_self_signed};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

use crate::config::TlsConfig;

/// What speaks TLS, by the certificate that is asked for.
pub(crate) fn acceptor(tls: &TlsConfig, state: &Path, names: Vec<String>) -> anyhow::Result<TlsAcceptor> {
    let (certificate, key) = match tls {
        TlsConfig::Files { certificate, key } => (certificate.clone(), key.clone()),
        TlsConfig::SelfMade => {
            let (certificate, key) = (state.join("tls-certificate.pem"), state.join("tls-key.pem"));
            if !certificate.exists() || !key.exists() {
                make(&certificate, &key, names).context("cannot make a certificate")?;
            }
            (certificate, key)
        }
    };
    let chain = CertificateDer::pem_file_iter(&certificate)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .with_context(|| format!("{} holds no certificates", certificate.display()))?;
    let secret = PrivateKeyDer::from_pem_file(&key).with_context(|| format!("{} holds no key", key.display()))?;
    let versions = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .context("no version of TLS can be had")?;
    let mut config = versions
        .with_no_client_auth()
        .with_single_cert(chain, secret)
        .with_context(|| format!("{} and {} do not belong together", certificate.display(), key.display()))?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}

fn make(certificate: &Path, key: &Path, names: Vec<String>) -> anyhow::Result<()> {
    use std::io::Write as _;
    use std::os::unix::fs::OpenOptionsExt as _;
    let CertifiedKey { cert, signing_key } = generate_simple_self_signed(names)?;
    let mut file = std::fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(key)?;
    file.write_all(signing_key.serialize_pem().as_bytes())?;
    Ok(std::fs::write(certificate, cert.pem())?)
}

/// Names that a certificate of our own is for.
pub(crate) fn names(bound: IpAddr, hosts: &[String]) -> Vec<String> {
    let mut names = vec!["localhost".to_owned(), "127.0.0.1".to_owned(), "::1".to_owned()];
    if !bound.is_unspecified() && !bound.is_loopback() {
        names.push(bound.to_string());
    }
    names.extend(hosts.iter().filter(|host| !host.contains([':', '*'])).cloned());
    names
}
