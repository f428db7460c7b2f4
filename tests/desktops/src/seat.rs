//! What the desktop's own seat must refuse.

use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use lunette_seat::Request;

use crate::attempt::{Attempt, Target};

/// Where a desktop's seat is.
const SOCKET: &str = "/run/lunette/seat/seat.sock";
const ANSWER: Duration = Duration::from_secs(5);

/// The opcodes of answers that count here.
const SEAT_OPENED: u16 = 0x8001;
const ENABLED: u16 = 0x8006;
const REFUSED: u16 = 0xffff;

pub(crate) fn attempts(target: &Target) -> Vec<Attempt> {
    let paths = [
        format!("/dev/input/{}", target.neighbour_input),
        format!("/dev/dri/{}", target.neighbour_card),
        "/dev/uinput".to_owned(),
        "/dev/mem".to_owned(),
    ];
    paths.iter().map(|path| attempt(format!("have the seat open {path}"), path)).collect()
}

fn attempt(what: String, path: &str) -> Attempt {
    match open_seat() {
        Ok(seat) => Attempt::new(what, open(seat, path)),
        Err(error) => Attempt::untried(what, error),
    }
}

fn open_seat() -> io::Result<UnixStream> {
    let mut seat = UnixStream::connect(SOCKET)?;
    seat.set_read_timeout(Some(ANSWER))?;
    seat.write_all(&Request::OpenSeat.encode())?;
    match answer(&mut seat)? {
        (SEAT_OPENED, _) => Ok(seat),
        (opcode, body) => Err(io::Error::other(format!("the seat answers {opcode:#06x} {body:?}"))),
    }
}

fn open(mut seat: UnixStream, path: &str) -> io::Result<()> {
    seat.write_all(&Request::OpenDevice(path.into()).encode())?;
    match answer(&mut seat)? {
        (REFUSED, body) => Err(match body.as_slice().try_into() {
            Ok(number) => io::Error::from_raw_os_error(i32::from_ne_bytes(number)),
            Err(_) => io::Error::other("refused"),
        }),
        _ => Ok(()),
    }
}

/// The next answer; the seat says by itself when it may be used.
fn answer(seat: &mut UnixStream) -> io::Result<(u16, Vec<u8>)> {
    loop {
        let mut header = [0; 4];
        seat.read_exact(&mut header)?;
        let [opcode, length] = [[header[0], header[1]], [header[2], header[3]]].map(u16::from_ne_bytes);
        let mut body = vec![0; length.into()];
        seat.read_exact(&mut body)?;
        if opcode != ENABLED {
            return Ok((opcode, body));
        }
    }
}
