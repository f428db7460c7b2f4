//! What the manager answers to a client that asked for more than existing clients know.

use super::{Reply, ReplyError};
use crate::Token;

/// The answer to a request with options: a [`Reply`] and the lease's token; 101 bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LongReply {
    /// What every client gets.
    pub reply: Reply,
    /// What to show the host as AUTHORIZE; [`None`], which a refusal has, is 32 bytes of 0.
    pub token: Option<Token>,
}

impl LongReply {
    /// Bytes of a long reply.
    pub const LEN: usize = Reply::LEN + Token::LEN;

    const NO_TOKEN: [u8; Token::LEN] = [0; Token::LEN];

    /// The reply's bytes, all of which go out in one `sendmsg`.
    #[must_use]
    pub fn encode(&self) -> [u8; Self::LEN] {
        let mut bytes = [0; Self::LEN];
        let (reply, token) = bytes.split_at_mut(Reply::LEN);
        reply.copy_from_slice(&self.reply.encode());
        token.copy_from_slice(&self.token.map_or(Self::NO_TOKEN, |token| *token.as_bytes()));
        bytes
    }

    /// Reads a long reply. The token of a refusal is ignored.
    ///
    /// # Errors
    /// As [`Reply::decode`].
    pub fn decode(bytes: &[u8; Self::LEN]) -> Result<Self, ReplyError> {
        const SPLIT: &str = "69 and 32 are the length";
        let (reply, token) = bytes.split_first_chunk::<{ Reply::LEN }>().expect(SPLIT);
        let token: [u8; Token::LEN] = token.try_into().expect(SPLIT);
        let reply = Reply::decode(reply)?;
        let known = reply.carries_fd() && token != Self::NO_TOKEN;
        Ok(Self { reply, token: known.then(|| Token::new(token)) })
    }
}

#[cfg(test)]
mod tests {
    use lunette_frame::ScanoutId;

    use super::*;

    #[test]
    fn a_refusal_has_no_token() {
        let refused = LongReply { reply: Reply::Refused { reason: "no".into() }, token: None };
        let mut bytes = refused.encode();
        assert_eq!(bytes[Reply::LEN..], [0; 32]);
        bytes[Reply::LEN..].fill(7);
        assert_eq!(LongReply::decode(&bytes), Ok(refused));
    }

    #[test]
    fn the_token_follows_the_reply() {
        let reply = Reply::Granted { scanout: ScanoutId::new(4), connector: "Virtual-5".into() };
        let bytes = LongReply { reply: reply.clone(), token: Some(Token::new([7; 32])) }.encode();
        assert_eq!((&bytes[..Reply::LEN], &bytes[Reply::LEN..]), (&reply.encode()[..], &[7; 32][..]));
    }
}
