//! Standard output and error of a process, as a daemon interleaves them: eight bytes of which and how many, then so
//! many bytes.

use std::io;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

/// The daemon's own pieces are 32 KiB; nothing of this length is held in memory.
const PIECE: usize = 16 << 10;

/// Passes both on into one stream until the end.
pub(super) async fn merge(from: impl AsyncRead + Unpin, out: impl AsyncWrite + Unpin) -> io::Result<()> {
    pass(from, out, None::<tokio::io::Sink>).await
}

/// Passes everything on until the end; what a side that nobody reads any more would get is dropped.
pub(super) async fn divide(
    from: impl AsyncRead + Unpin,
    out: impl AsyncWrite + Unpin,
    err: impl AsyncWrite + Unpin,
) -> io::Result<()> {
    pass(from, out, Some(err)).await
}

async fn pass(
    mut from: impl AsyncRead + Unpin,
    mut out: impl AsyncWrite + Unpin,
    mut err: Option<impl AsyncWrite + Unpin>,
) -> io::Result<()> {
    let mut buffer = vec![0; PIECE];
    loop {
        let mut header = [0; 8];
        match from.read_exact(&mut header).await {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(()),
            done => done?,
        };
        let [kind, _, _, _, length @ ..] = header;
        let mut rest = u32::from_be_bytes(length) as usize;
        while rest > 0 {
            let count = from.read(&mut buffer[..rest.min(PIECE)]).await?;
            if count == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            rest -= count;
            let _ = match (kind, &mut err) {
                (2, Some(err)) => err.write_all(&buffer[..count]).await,
                _ => out.write_all(&buffer[..count]).await,
            };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn both_streams_come_out_apart_and_in_order() {
        let wire =
            [&[1, 0, 0, 0, 0, 0, 0, 2][..], b"ab", &[2, 0, 0, 0, 0, 0, 0, 1], b"!", &[1, 0, 0, 0, 0, 0, 0, 1], b"c"];
        let (mut out, mut err) = (Vec::new(), Vec::new());
        divide(&wire.concat()[..], &mut out, &mut err).await.unwrap();
        assert_eq!((out.as_slice(), err.as_slice()), (&b"abc"[..], &b"!"[..]));
    }

    #[tokio::test]
    async fn a_piece_that_is_cut_off_is_an_error() {
        let wire = [1, 0, 0, 0, 0xff, 0, 0, 0, 7];
        assert!(divide(&wire[..], tokio::io::sink(), tokio::io::sink()).await.is_err());
    }
}
