//! One output: its lease, its first picture, its token.

use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use lunette_frame::ScanoutId;
use lunette_wire::Token;
use scanout_stream_test::verify::{Outcome, Verdict};
use scanout_stream_test::{Address, Limits, Subscriber, Verifier};

use super::address::from_here;
use crate::lab::{Flipper, FlipperPlan, Lab};

/// How long the first picture may take after the lease.
const PICTURE_LIMIT: Duration = Duration::from_secs(30);

/// An output that can be watched.
#[derive(Debug)]
pub(super) struct Output {
    pub(super) scanout: ScanoutId,
    /// Holds what lets its reader watch.
    pub(super) token_file: PathBuf,
    /// From asking for a lease until its first flip.
    pub(super) lease: Duration,
    /// From there until a subscriber had decoded a picture of it.
    pub(super) picture: Duration,
    /// When that was, since the demo began.
    pub(super) shown: Duration,
}

impl Output {
    /// Takes a lease, flips pages on it, and waits for a picture.
    pub(super) fn start(lab: &Lab, plan: &FlipperPlan, began: Instant) -> Result<Self> {
        let asked = Instant::now();
        let flipper = lab.guest().flip(plan)?;
        let flips = Instant::now();
        let address = from_here(lab.exporter().address()).to_string().parse()?;
        first_picture(&address, &flipper)?;
        let (lease, picture, shown) = (flips - asked, flips.elapsed(), began.elapsed());
        let token_file = write_token(lab.vm().paths().root(), &flipper)?;
        Ok(Self { scanout: flipper.scanout, token_file, lease, picture, shown })
    }
}

/// Subscribes until a picture has come that is this output's.
fn first_picture(address: &Address, flipper: &Flipper) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let receive = receive(address, flipper.scanout, flipper.token);
        let received = tokio::time::timeout(PICTURE_LIMIT, receive).await;
        received.with_context(|| format!("no picture within {PICTURE_LIMIT:?}"))?
    })
}

async fn receive(address: &Address, scanout: ScanoutId, token: Token) -> Result<()> {
    let mut subscriber = Subscriber::connect_showing(Some(token), address, scanout, Limits::default()).await?;
    let mut verifier = Verifier::new(scanout)?;
    while let Some(frame) = subscriber.next().await? {
        match verifier.feed(&frame.unit.nals.access_unit()) {
            Outcome::Seen(Verdict::Right(_) | Verdict::Repeated(_)) => return Ok(()),
            // Black from before the first flip.
            Outcome::Seen(Verdict::Missing) => {}
            other => bail!("the first picture is not right: {}", other.fault().unwrap_or_default()),
        }
    }
    bail!("frame-export ended the stream before a picture")
}

/// Writes the token where only this user reads it. It goes with the machine.
fn write_token(folder: &Path, flipper: &Flipper) -> Result<PathBuf> {
    let path = folder.join(format!("token-{}", flipper.scanout));
    let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path);
    let written = file.and_then(|mut file| writeln!(file, "{}", flipper.token.to_hex()));
    written.with_context(|| format!("cannot write {}", path.display()))?;
    Ok(path)
}
