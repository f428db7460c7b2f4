//! A client that shows whatever size its output is given, as a compositor does.

use std::os::fd::AsFd;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::Context;
use drm_flipper::{Api, Coverage, Held, Painter, Screen, Stop, Terms, TokenFile, take};
use lunette_frame::Size;
use lunette_leasing::readable;
use lunette_sys_kms::{Card, Probe};

const LEASE_LIMIT: Duration = Duration::from_secs(60);
const MODE_LIMIT: Duration = Duration::from_secs(30);
const BUFFERS: u32 = 2;
/// Between two pictures, and two looks at the connector.
const PACE: Duration = Duration::from_millis(100);

/// What to do.
#[derive(Debug)]
pub struct Plan {
    /// drm-manager's socket.
    pub socket: PathBuf,
    /// Size of the output at first.
    pub size: Size,
    /// Where to write the lease's token.
    pub token_file: PathBuf,
}

/// Shows pictures until the lease ends; prints a line when it shows a size for the first time.
///
/// # Errors
/// When there is no lease, or a size cannot be shown.
pub fn run(plan: &Plan) -> anyhow::Result<String> {
    let (stop, _going_on) = Stop::when_dropped()?;
    let held = take(&plan.socket, &Terms { size: plan.size, light_crtc: false, limit: LEASE_LIMIT }, &stop)?;
    let _file = TokenFile::create(&plan.token_file, &held.token.context("a lease without a token")?)?;
    let mut show = Show::start(&held, plan.size)?;
    loop {
        let [ended] = readable([held.connection.as_fd()], Instant::now() + PACE)?;
        if ended {
            return Ok("the lease has ended".to_owned());
        }
        if let Some(size) = offered(&held)?.filter(|size| *size != show.size) {
            // The old buffers go when the new ones are shown, so that the screen is never dark.
            show = Show::start(&held, size)?;
        }
        show.next()?;
    }
}

struct Show {
    screen: Screen,
    painter: Painter,
    size: Size,
    frame: u64,
}

impl Show {
    fn start(held: &Held, size: Size) -> anyhow::Result<Self> {
        let card = Card::from_fd(held.card.as_fd().try_clone_to_owned()?);
        let screen = Screen::open(card, &held.connector, size, Api::Atomic, BUFFERS, MODE_LIMIT)?;
        let painter = Painter::new(held.scanout, size, Coverage::Small, BUFFERS).context("too small")?;
        let mut show = Self { screen, painter, size, frame: 0 };
        show.next()?;
        println!("shows scanout={} size={size}", held.scanout);
        Ok(show)
    }

    fn next(&mut self) -> anyhow::Result<()> {
        self.painter.paint(self.frame, &mut self.screen.canvas(self.frame), &mut Vec::new());
        self.screen.light(self.frame)?;
        self.frame += 1;
        Ok(())
    }
}

/// The size that the host would like.
fn offered(held: &Held) -> anyhow::Result<Option<Size>> {
    let outputs = held.card.outputs()?;
    let output = outputs.first().context("the lease has no output")?;
    let connector = held.card.connector_probed(output.connector, Probe::Forced)?;
    Ok(connector.preferred_mode().map(|mode| mode.size()))
}
