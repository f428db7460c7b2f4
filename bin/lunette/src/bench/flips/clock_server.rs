//! Tells guests this machine's time.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result};

/// A client that is silent for so long is gone.
const SILENCE: Duration = Duration::from_secs(10);

/// Answers every byte with eight: the monotonic clock, in nanoseconds, little-endian. Ends with this process.
pub(super) fn start() -> Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0").context("cannot tell guests the time")?;
    let address = listener.local_addr()?;
    let serve = move || {
        for stream in listener.incoming().flatten() {
            // Who hangs up has heard enough.
            let _ = answer(stream);
        }
    };
    thread::Builder::new().name("clock".to_owned()).spawn(serve)?;
    Ok(address)
}

fn answer(mut stream: TcpStream) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(SILENCE))?;
    let mut byte = [0];
    loop {
        stream.read_exact(&mut byte)?;
        stream.write_all(&lunette_capture::now().as_nanos().to_le_bytes())?;
    }
}
