//! Tools that look.

use std::io::Write;
use std::time::Duration;

use lunette_frame::Rect;
use lunette_snapshot::{Changed, Scale, Shot, View};
use tokio::time::Instant;

use super::arguments::Arguments;
use super::result::{Content, Failure};
use crate::agent::{AgentHost, FIRST, Format, Picture, USUAL_WAIT, in_words, picture, pictures};
use crate::files::{FileError, FileName};
use crate::problem::Problem;

/// Pictures in one answer; more parts than that are covered by one.
const PARTS: usize = 4;
const QUIET: u64 = 500;

/// What a picture should look like.
struct Look {
    format: Format,
    quality: u8,
    scale: Scale,
    region: Option<Rect>,
    cursor: bool,
}

impl Look {
    fn of(arguments: Arguments<'_>) -> Self {
        let format = arguments.text("format").and_then(|format| format.parse().ok()).unwrap_or(Format::Png);
        let quality = arguments.whole("quality").and_then(|quality| u8::try_from(quality).ok()).unwrap_or(80);
        let scale = arguments.number("scale").and_then(Scale::new).unwrap_or_default();
        let cursor = arguments.switch("include_cursor").unwrap_or(true);
        Self { format, quality, scale, region: arguments.region(), cursor }
    }

    async fn take<H: AgentHost>(&self, host: &H, shot: Shot) -> Result<Picture, Problem> {
        let cursor = if self.cursor { host.cursor() } else { None };
        let view = View { region: self.region, scale: self.scale, cursor };
        picture(shot, view, self.format.encoding(self.quality)).await
    }

    /// How places in the file are places on the screen.
    fn told(&self, shot: &Shot, picture: &Picture) -> String {
        let mut text = format!("Frame {}, the screen has {} pixels.", shot.frame(), shot.size());
        let corner = self.region.unwrap_or(shot.size().bounds());
        if self.region.is_some() || self.scale != Scale::FULL {
            let scale = self.scale.get();
            text += &format!(
                " The picture has {} pixels; its pixel (u, v) is ({} + u / {scale}, {} + v / {scale}) on the screen.",
                picture.size, corner.x, corner.y
            );
        }
        text
    }
}

fn soon() -> Instant {
    Instant::now() + FIRST
}

pub(super) async fn screenshot<H: AgentHost>(host: &H, arguments: Arguments<'_>) -> Result<Content, Failure> {
    let look = Look::of(arguments);
    if let Some(since) = arguments.whole("since") {
        let changed = host.snapshots().changed_since(since, look.region, soon()).await;
        let (shot, changed) = changed.map_err(Problem::from)?;
        if let Changed::Rects { rects, .. } = changed {
            return parts(shot, rects, since, &look).await;
        }
    }
    let shot = host.snapshots().shot(soon()).await.map_err(Problem::from)?;
    let picture = look.take(host, shot.clone()).await?;
    Ok(Content::text(look.told(&shot, &picture)).and_picture(&picture))
}

/// What changed, each part as a picture.
async fn parts(shot: Shot, rects: Vec<Rect>, since: u64, look: &Look) -> Result<Content, Failure> {
    let (frame, size) = (shot.frame(), shot.size());
    if rects.is_empty() {
        return Ok(Content::text(format!("Frame {frame}: nothing changed since frame {since}.")));
    }
    let rects = if rects.len() > PARTS { rects.into_iter().reduce(Rect::cover).into_iter().collect() } else { rects };
    let views = rects.iter().map(|rect| View { region: Some(*rect), scale: look.scale, cursor: None }).collect();
    let made = pictures(shot, views, look.format.encoding(look.quality)).await?;
    let text =
        format!("Frame {frame}, the screen has {size} pixels. Changed since frame {since}: {}.", in_words(&rects));
    Ok(made.iter().fold(Content::text(text), Content::and_picture))
}

pub(super) async fn save<H: AgentHost>(host: &H, arguments: Arguments<'_>) -> Result<Content, Failure> {
    let look = Look::of(arguments);
    let folder = host.folder().ok_or_else(|| Failure::new("this desktop has no folder for files"))?;
    let name = FileName::sanitised(arguments.required("path")?).map_err(|error| Failure::new(error.to_string()))?;
    let shot = host.snapshots().shot(soon()).await.map_err(Problem::from)?;
    let made = look.take(host, shot.clone()).await?;
    let mut new = folder.create().map_err(Problem::from)?;
    let kept = tokio::task::spawn_blocking(move || {
        let mut file = new.take().ok_or_else(|| FileError::Missing(name.to_string()))?;
        let written = file.write_all(&made.file);
        written.map_err(|source| FileError::Io { action: "write the file", source })?;
        new.keep(&name)
    });
    let kept = kept.await.map_err(|error| Failure::new(error.to_string()))?.map_err(Problem::from)?;
    Ok(Content::text(format!("Frame {} is saved as {}.", shot.frame(), folder.path().join(kept.as_str()).display())))
}

pub(super) async fn screen<H: AgentHost>(host: &H) -> Result<Content, Failure> {
    let shot = host.snapshots().shot(soon()).await.map_err(Problem::from)?;
    let pointer = match host.cursor() {
        Some(cursor) => format!("the mouse pointer is at {},{}", cursor.x, cursor.y),
        None => "where the mouse pointer is is not known".to_owned(),
    };
    Ok(Content::text(format!("Frame {}, the screen has {} pixels; {pointer}.", shot.frame(), shot.size())))
}

fn deadline(arguments: Arguments<'_>) -> Instant {
    Instant::now() + arguments.whole("timeout_ms").map_or(USUAL_WAIT, Duration::from_millis)
}

pub(super) async fn wait_change<H: AgentHost>(host: &H, arguments: Arguments<'_>) -> Result<Content, Failure> {
    let since = arguments.whole("since").unwrap_or(0);
    let wait = host.snapshots().wait_change(since, arguments.region(), deadline(arguments)).await;
    let wait = wait.map_err(Problem::from)?;
    let frame = wait.shot.frame();
    Ok(Content::text(match wait.changed {
        Changed::Rects { rects, .. } if rects.is_empty() => {
            format!("Frame {frame}: nothing changed since frame {since} before the time was over.")
        }
        Changed::Rects { rects, .. } => format!("Frame {frame}: changed since frame {since}: {}.", in_words(&rects)),
        Changed::Unknown { .. } => format!("Frame {frame}: nobody knows what changed since frame {since}; look again."),
    }))
}

pub(super) async fn wait_stable<H: AgentHost>(host: &H, arguments: Arguments<'_>) -> Result<Content, Failure> {
    let quiet = arguments.whole("quiet_ms").unwrap_or(QUIET);
    let wait = host.snapshots().wait_stable(Duration::from_millis(quiet), arguments.region(), deadline(arguments));
    let wait = wait.await.map_err(Problem::from)?;
    let frame = wait.shot.frame();
    Ok(Content::text(match wait.stable {
        true => format!("Frame {frame}: nothing has changed for {quiet} ms."),
        false => format!("Frame {frame}: it was never quiet for {quiet} ms before the time was over."),
    }))
}
