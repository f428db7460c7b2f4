//! A cable to the host that can be cut.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// Listens on a port of its own and carries every connection to the host.
pub(crate) struct Relay {
    pub(crate) tcp: SocketAddr,
    cables: Arc<Mutex<Vec<TcpStream>>>,
}

impl Relay {
    pub(crate) fn to(host: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let tcp = listener.local_addr().expect("bound");
        let cables = Arc::<Mutex<Vec<TcpStream>>>::default();
        let known = Arc::clone(&cables);
        std::thread::spawn(move || {
            for near in listener.incoming().map_while(Result::ok) {
                let Ok(far) = TcpStream::connect(host) else { continue };
                known
                    .lock()
                    .expect("nobody panics with it")
                    .extend([near.try_clone(), far.try_clone()].map(Result::unwrap));
                carry(near.try_clone().expect("open"), far.try_clone().expect("open"));
                carry(far, near);
            }
        });
        Self { tcp, cables }
    }

    /// Ends every connection, wherever in a message it is.
    pub(crate) fn cut(&self) {
        for cable in self.cables.lock().expect("nobody panics with it").drain(..) {
            // It may have ended by itself.
            let _ = cable.shutdown(Shutdown::Both);
        }
    }
}

fn carry(mut from: TcpStream, mut to: TcpStream) {
    std::thread::spawn(move || {
        let mut buffer = [0; 16 << 10];
        while let Ok(read) = from.read(&mut buffer) {
            if read == 0 || to.write_all(&buffer[..read]).is_err() {
                break;
            }
        }
        let _ = to.shutdown(Shutdown::Both);
    });
}
