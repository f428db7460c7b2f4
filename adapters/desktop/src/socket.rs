//! The launcher's input socket: one JSON object per line, devices of the kernel behind it.

use std::io::{ErrorKind, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use lunette_frame::Size;
use lunette_input_events::{Event, Fraction, Step, TouchPhase, Typist};
use serde_json::{Value, json};

use crate::{InputSink, SinkError};

const SOCKET: &str = "the input socket";
/// A launcher that reads nothing for so long hangs.
const WRITE: Duration = Duration::from_secs(1);
/// Between attempts to connect again.
const PAUSE: Duration = Duration::from_millis(500);
/// Of the answers that are kept until a line is whole.
const LONGEST_ANSWER: usize = 16 << 10;

/// Writes to the input socket. Keysyms and texts are typed on an American keyboard, which is what those devices are
/// taken for unless the compositor was told otherwise.
#[derive(Debug)]
pub struct SocketSink {
    path: PathBuf,
    stream: Option<UnixStream>,
    lost: Option<(Instant, SinkError)>,
    answers: Vec<u8>,
    typist: Typist,
    size: Option<Size>,
}

impl SocketSink {
    /// Connects.
    ///
    /// # Errors
    /// When nobody listens there.
    pub fn connect(path: &Path) -> Result<Self, SinkError> {
        let stream = Some(connect(path)?);
        let typist = Typist::american();
        Ok(Self { path: path.into(), stream, lost: None, answers: Vec::new(), typist, size: None })
    }

    fn place(&self, x: Fraction, y: Fraction) -> Result<(f64, f64), SinkError> {
        let size = self.size.ok_or(SinkError::NoPictureSize)?;
        Ok((x.of(size.width), y.of(size.height)))
    }

    fn lines(&mut self, event: &Event) -> Result<Vec<Value>, SinkError> {
        let line = match event {
            Event::MoveTo { x, y } => {
                let (x, y) = self.place(*x, *y)?;
                json!({"type": "mouse_move_abs", "x": x, "y": y})
            }
            Event::MoveBy { dx, dy } => json!({"type": "mouse_move_rel", "dx": dx, "dy": dy}),
            Event::Button { button, down } => json!({"type": "button", "button": button.0, "state": down}),
            Event::Scroll(scroll) => json!({"type": "scroll", "dx": scroll.dx, "dy": scroll.dy}),
            Event::Touch { slot, phase: TouchPhase::Up | TouchPhase::Cancel, .. } => {
                json!({"type": "touch_up", "slot": slot})
            }
            Event::Touch { slot, phase, x, y } => {
                let (x, y) = self.place(*x, *y)?;
                let kind = if *phase == TouchPhase::Down { "touch_down" } else { "touch_motion" };
                json!({"type": kind, "slot": slot, "x": x, "y": y})
            }
            Event::Key { .. } | Event::Keysym { .. } | Event::Tap { .. } | Event::Text(_) => return self.keys(event),
        };
        Ok(vec![line])
    }

    fn keys(&mut self, event: &Event) -> Result<Vec<Value>, SinkError> {
        let steps = self.typist.handle(event).map_err(|what| SinkError::CannotType {
            sink: SOCKET,
            wanted: what.to_string(),
            reason: "behind it is a keyboard with an American layout, which has no such key",
        })?;
        let line = |step| match step {
            Step::Key { code, down } => Some(json!({"type": "key", "keycode": code.0, "state": down})),
            Step::Keymap(_) => None,
        };
        Ok(steps.into_iter().filter_map(line).collect())
    }

    fn stream(&mut self) -> Result<&mut UnixStream, SinkError> {
        if self.stream.is_none() {
            if let Some((since, error)) = &self.lost
                && since.elapsed() < PAUSE
            {
                return Err(error.clone());
            }
            match connect(&self.path) {
                // The launcher lets go of what a lost client held.
                Ok(stream) => {
                    self.typist.release();
                    self.stream = Some(stream);
                }
                Err(error) => {
                    self.lost = Some((Instant::now(), error.clone()));
                    return Err(error);
                }
            }
        }
        Ok(self.stream.as_mut().expect("it was just made"))
    }

    fn write(&mut self, lines: &[Value]) -> Result<(), SinkError> {
        let mut bytes = Vec::new();
        for line in lines {
            bytes.extend(line.to_string().into_bytes());
            bytes.push(b'\n');
        }
        let written = self.stream()?.write_all(&bytes);
        written.map_err(|error| self.lose(SinkError::gone(SOCKET, error.to_string())))
    }

    fn lose(&mut self, error: SinkError) -> SinkError {
        self.stream = None;
        self.answers.clear();
        self.lost = Some((Instant::now(), error.clone()));
        error
    }

    /// The first refusal among the answers that have come by now.
    fn read_answers(&mut self) -> Result<(), SinkError> {
        let mut buffer = [0; 4096];
        while let Some(stream) = self.stream.as_mut() {
            match read_now(stream, &mut buffer) {
                Ok(0) => return Err(self.lose(SinkError::gone(SOCKET, "the launcher closed it"))),
                Ok(length) if self.answers.len() < LONGEST_ANSWER => self.answers.extend(&buffer[..length]),
                Ok(_) => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) => return Err(self.lose(SinkError::gone(SOCKET, error.to_string()))),
            }
        }
        let Some(end) = self.answers.iter().rposition(|byte| *byte == b'\n') else { return Ok(()) };
        let whole: Vec<u8> = self.answers.drain(..=end).collect();
        match whole.split(|byte| *byte == b'\n').find_map(refusal) {
            Some(reason) => Err(SinkError::refused(SOCKET, reason)),
            None => Ok(()),
        }
    }
}

fn connect(path: &Path) -> Result<UnixStream, SinkError> {
    let failed =
        |error: std::io::Error| SinkError::Connect { what: SOCKET, path: path.into(), reason: error.to_string() };
    let stream = UnixStream::connect(path).map_err(failed)?;
    stream.set_write_timeout(Some(WRITE)).map_err(failed)?;
    Ok(stream)
}

fn read_now(stream: &mut UnixStream, buffer: &mut [u8]) -> std::io::Result<usize> {
    stream.set_nonblocking(true)?;
    let read = stream.read(buffer);
    stream.set_nonblocking(false)?;
    read
}

fn refusal(line: &[u8]) -> Option<String> {
    let answer: Value = serde_json::from_slice(line).ok()?;
    answer.get("error")?.as_str().map(str::to_owned)
}

impl InputSink for SocketSink {
    fn send(&mut self, event: &Event) -> Result<(), SinkError> {
        // Before the keys are found: a new connection holds none.
        self.stream()?;
        let lines = self.lines(event)?;
        self.write(&lines)?;
        self.read_answers()
    }

    fn flush(&mut self) -> Result<(), SinkError> {
        self.read_answers()
    }

    fn set_picture_size(&mut self, size: Size) {
        self.size = Some(size);
    }

    fn name(&self) -> &'static str {
        "input socket"
    }

    fn can_type_unicode(&self) -> bool {
        false
    }
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead, BufReader};
    use std::os::unix::net::UnixListener;

    use lunette_input_events::{KeyCode, Keysym, Modifiers, PointerButton, Scroll, ScrollKind};

    use super::*;

    struct Launcher {
        _folder: tempfile::TempDir,
        path: PathBuf,
        listener: UnixListener,
    }

    impl Launcher {
        fn new() -> Self {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("input.sock");
            let listener = UnixListener::bind(&path).unwrap();
            Self { _folder: folder, path, listener }
        }

        fn accept(&self) -> BufReader<UnixStream> {
            let (stream, _) = self.listener.accept().unwrap();
            stream.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
            BufReader::new(stream)
        }
    }

    fn next(client: &mut BufReader<UnixStream>) -> Value {
        let mut line = String::new();
        client.read_line(&mut line).unwrap();
        serde_json::from_str(&line).unwrap()
    }

    fn fraction(value: f64) -> Fraction {
        Fraction::new(value).unwrap()
    }

    #[test]
    fn every_event_is_a_line_that_the_launcher_understands() {
        let launcher = Launcher::new();
        let mut sink = SocketSink::connect(&launcher.path).unwrap();
        let mut client = launcher.accept();
        sink.set_picture_size(Size::new(1920, 1080));
        let (x, y) = (fraction(0.5), fraction(0.25));
        let scroll = Scroll { dx: 0.0, dy: 1.5, kind: ScrollKind::Wheel };
        let touch = |phase| Event::Touch { slot: 1, phase, x, y };
        for (event, expected) in [
            (Event::MoveTo { x, y }, json!({"type": "mouse_move_abs", "x": 960.0, "y": 270.0})),
            (Event::MoveBy { dx: 3.0, dy: -1.5 }, json!({"type": "mouse_move_rel", "dx": 3.0, "dy": -1.5})),
            (Event::Scroll(scroll), json!({"type": "scroll", "dx": 0.0, "dy": 1.5})),
            (touch(TouchPhase::Down), json!({"type": "touch_down", "slot": 1, "x": 960.0, "y": 270.0})),
            (touch(TouchPhase::Move), json!({"type": "touch_motion", "slot": 1, "x": 960.0, "y": 270.0})),
            (touch(TouchPhase::Cancel), json!({"type": "touch_up", "slot": 1})),
            (
                Event::Button { button: PointerButton::LEFT, down: true },
                json!({"type": "button", "button": 272, "state": true}),
            ),
            (Event::Key { code: KeyCode(30), down: true }, json!({"type": "key", "keycode": 30, "state": true})),
        ] {
            sink.send(&event).unwrap();
            assert_eq!(next(&mut client), expected);
        }
    }

    #[test]
    fn american_text_is_typed_and_other_text_is_refused_whole() {
        let launcher = Launcher::new();
        let mut sink = SocketSink::connect(&launcher.path).unwrap();
        let mut client = launcher.accept();
        let error = sink.send(&Event::Text("aß".into())).unwrap_err();
        assert!(matches!(&error, SinkError::CannotType { wanted, .. } if wanted == "'ß'"), "{error}");
        sink.send(&Event::Text("aB".into())).unwrap();
        for (code, down) in [(30, true), (30, false), (42, true), (48, true), (48, false), (42, false)] {
            assert_eq!(next(&mut client), json!({"type": "key", "keycode": code, "state": down}));
        }
        let tap = Event::Tap { keysym: Keysym(0x63), modifiers: Modifiers { ctrl: true, ..Modifiers::default() } };
        sink.send(&tap).unwrap();
        assert_eq!(next(&mut client)["keycode"], 29);
    }

    #[test]
    fn a_position_needs_the_size_of_the_picture() {
        let launcher = Launcher::new();
        let mut sink = SocketSink::connect(&launcher.path).unwrap();
        let sent = sink.send(&Event::MoveTo { x: fraction(0.0), y: fraction(0.0) });
        assert!(matches!(sent, Err(SinkError::NoPictureSize)));
    }

    #[test]
    fn a_refused_line_is_an_error() {
        let launcher = Launcher::new();
        let mut sink = SocketSink::connect(&launcher.path).unwrap();
        let mut client = launcher.accept();
        sink.send(&Event::Key { code: KeyCode(30), down: true }).unwrap();
        next(&mut client);
        client.get_mut().write_all(b"{\"error\":\"no keyboard has the code 30\"}\n").unwrap();
        let error = sink.flush().unwrap_err();
        assert!(error.to_string().contains("no keyboard has the code 30"), "{error}");
        sink.flush().unwrap();
    }

    #[test]
    fn a_launcher_that_comes_back_is_found() {
        let launcher = Launcher::new();
        let mut sink = SocketSink::connect(&launcher.path).unwrap();
        drop(launcher.accept());
        let lost = sink.flush().unwrap_err();
        assert!(matches!(lost, SinkError::Gone { .. }), "{lost}");
        let deadline = Instant::now() + Duration::from_secs(5);
        while sink.send(&Event::Key { code: KeyCode(30), down: true }).is_err() {
            assert!(Instant::now() < deadline);
        }
        assert_eq!(next(&mut launcher.accept())["keycode"], 30);
    }
}
