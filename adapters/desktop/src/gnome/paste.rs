//! Texts that no key stands for: by way of the clipboard, which gets back what it had.

use std::time::Duration;

use tokio::time::Instant;
use zbus::MessageStream;

use super::hands::{Hands, Paste};
use super::owner::Owner;
use super::remote::Remote;
use crate::SessionError;
use crate::clipboard::{Content, Kind, LARGEST, READ, read};

/// The program with the focus asks for the text within this, or does not want it.
const WANTED: Duration = Duration::from_secs(1);
/// Programs ask for the list of forms first, and for the one that they like later; some ask twice.
const ASKS_AGAIN: Duration = Duration::from_millis(100);

impl Owner {
    pub(super) async fn paste(
        &mut self,
        remote: &Remote,
        hands: &Hands,
        signals: &mut MessageStream,
        paste: &Paste,
    ) -> Result<(), SessionError> {
        let before = self.contents(remote).await;
        self.selection.set(remote, vec![Content::Text(paste.text.clone())]).await?;
        let begun = self.selection.transfers;
        hands.shortcut(remote, paste.keys).await?;
        let wanted = |owner: &Self| owner.selection.transfers > begun;
        self.signals_until(remote, signals, Instant::now() + WANTED, wanted).await?;
        let was_wanted = wanted(self);
        self.signals_until(remote, signals, Instant::now() + ASKS_AGAIN, |_| false).await?;
        if !before.is_empty() {
            self.selection.set(remote, before).await?;
        }
        if was_wanted {
            return Ok(());
        }
        Err(SessionError::refused("the program with the focus", "it did not paste the text"))
    }

    /// What is in the clipboard, as far as it can be had.
    async fn contents(&self, remote: &Remote) -> Vec<Content> {
        let mut contents = Vec::new();
        for kind in Kind::ALL {
            if let Ok(Some(pipe)) = self.selection.read(remote, kind).await
                && let Ok(bytes) = read(pipe, READ, LARGEST).await
                && let Ok(content) = Content::decode(kind, bytes)
            {
                contents.push(content);
            }
        }
        contents
    }
}
