//! What holds for any bytes at all. The fuzz targets `dial_lines` and `dial_frames` are these functions.

use std::time::Duration;

use lunette_dial::{ConnPath, Frame, FrameError, Frames, LineError, Lines, MAX_FRAME, MAX_LINE, Message, Relay, Side};

type Read<T, E> = (Vec<T>, Option<E>);

fn lines(pieces: &[&[u8]]) -> Read<Message, LineError> {
    let (mut lines, mut messages) = (Lines::default(), Vec::new());
    let read = pieces.iter().try_for_each(|piece| lines.push(piece, |message| messages.push(message)));
    (messages, read.err())
}

/// Lines say the same however they are cut, and what they say can be said again.
///
/// Input: a byte that says how long the pieces are, then lines.
pub(crate) fn lines_of_any_bytes(data: &[u8]) {
    let Some((length, bytes)) = data.split_first() else { return };
    let pieces: Vec<&[u8]> = bytes.chunks(usize::from(*length).max(1)).collect();
    let (messages, error) = lines(&pieces);
    assert_eq!((&messages, error), (&lines(&[bytes]).0, lines(&[bytes]).1), "cut differently");
    for message in messages {
        say_again(&message);
        if let Message::ConnReady(path) | Message::PickupFailed { path, .. } = message
            && let Ok(path) = path.parse::<ConnPath>()
        {
            assert_eq!(path.to_string().parse(), Ok(path));
            let target = path.target("/below/");
            let query = target.split_once('?').map(|(_, query)| query).unwrap_or_default();
            assert_eq!(ConnPath::from_query(query), Ok(Some(path)));
        }
    }
}

fn say_again(message: &Message) {
    let line = message.encode();
    assert_eq!(line.iter().position(|byte| *byte == b'\n'), Some(line.len() - 1), "one line");
    // A word of the future is not repeated, and a path that nearly fills a line may not fit one with a reason besides.
    if *message != Message::Other && line.len() <= MAX_LINE {
        assert_eq!(lines(&[&line]), (vec![message.clone()], None));
    }
}

fn frames(masked: bool, pieces: &[&[u8]]) -> (Read<Frame, FrameError>, usize) {
    let (mut frames, mut whole) = (Frames::new(masked), Vec::new());
    for piece in pieces {
        frames.push(piece);
        loop {
            match frames.next_frame() {
                Ok(Some(frame)) => whole.push(frame),
                Ok(None) => break,
                Err(error) => return ((whole, Some(error)), frames.begun()),
            }
        }
    }
    ((whole, None), frames.begun())
}

/// Frames are the same however they are cut, hold every byte that came, and leave a relay whole.
///
/// Input: a byte that says whether they are masked, one that says how long the pieces are, then frames.
pub(crate) fn frames_of_any_bytes(data: &[u8]) {
    let [masked, length, bytes @ ..] = data else { return };
    let masked = masked & 1 == 1;
    let pieces: Vec<&[u8]> = bytes.chunks(usize::from(*length).max(1)).collect();
    let ((whole, error), left) = frames(masked, &pieces);
    let (at_once, _) = frames(masked, &[bytes]);
    assert_eq!((&whole, error), (&at_once.0, at_once.1), "cut differently");
    let taken: Vec<u8> = whole.iter().flat_map(|frame| frame.bytes().to_vec()).collect();
    assert!(bytes.starts_with(&taken), "frames are what came");
    assert!(error.is_some() || taken.len() + left == bytes.len(), "every byte is in one");
    for frame in &whole {
        assert!(frame.bytes().len() <= MAX_FRAME);
        assert!(frame.is_close() || frame.code().is_none());
    }
    carried(if masked { Side::Viewer } else { Side::Desktop }, &pieces);
}

/// Whatever one side sends, the other one gets whole frames, and an end.
fn carried(from: Side, pieces: &[&[u8]]) {
    let now = Duration::ZERO;
    let (mut relay, mut got) = (Relay::new(now, [1, 2, 3, 4]), Vec::new());
    let mut flush = |relay: &mut Relay| {
        while let Some(bytes) = relay.take(now, from.other()) {
            got.extend_from_slice(&bytes);
            relay.wrote(from.other(), bytes.len());
        }
    };
    for piece in pieces {
        relay.received(now, from, piece);
        flush(&mut relay);
    }
    relay.ended(now, from);
    flush(&mut relay);
    relay.ended(now, from.other());
    flush(&mut relay);
    assert!(relay.outcome().is_some(), "both have ended");
    let ((whole, error), left) = frames(from == Side::Viewer, &[&got]);
    assert_eq!((error, left), (None, 0), "it ends within a frame");
    assert!(whole.last().is_none_or(Frame::is_close), "the last one is the end");
}
