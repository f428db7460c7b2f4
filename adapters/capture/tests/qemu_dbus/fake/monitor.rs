//! The QMP socket: greets, takes a descriptor, makes it the display's.

use std::io::{IoSliceMut, Write};
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;
use std::os::unix::net::{UnixListener, UnixStream};
use std::sync::Arc;
use std::sync::atomic::Ordering::SeqCst;

use rustix::net::{RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, recvmsg};
use serde_json::{Value, json};

use super::display::{Shared, serve_display};

const GREETING: &str =
    r#"{"QMP":{"version":{"qemu":{"major":10,"minor":0,"micro":2},"package":"fake"},"capabilities":[]}}"#;

pub(crate) fn serve(listener: &UnixListener, shared: &Arc<Shared>) {
    while let Ok((stream, _)) = listener.accept() {
        if !shared.crashed.load(SeqCst) {
            let shared = Arc::clone(shared);
            std::thread::spawn(move || serve_client(stream, &shared));
        }
    }
}

fn serve_client(mut stream: UnixStream, shared: &Arc<Shared>) {
    shared.adopt(stream.try_clone().expect("a descriptor"));
    let mut descriptor = None;
    if writeln!(stream, "{GREETING}").is_err() {
        return;
    }
    let mut text = Vec::new();
    while let Some(line) = read_line(&stream, &mut text, &mut descriptor) {
        let request: Value = serde_json::from_slice(&line).expect("JSON");
        if request["execute"] == "add_client" {
            assert_eq!(request["arguments"]["protocol"], "@dbus-display");
            serve_display(descriptor.take().expect("getfd came first"), shared);
        }
        let reply = json!({ "return": {}, "id": request["id"] });
        if writeln!(stream, "{reply}").is_err() {
            return;
        }
    }
}

fn read_line(stream: &UnixStream, text: &mut Vec<u8>, descriptor: &mut Option<OwnedFd>) -> Option<Vec<u8>> {
    loop {
        if let Some(end) = text.iter().position(|byte| *byte == b'\n') {
            return Some(text.drain(..=end).collect());
        }
        let mut bytes = [0; 4096];
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
        let mut control = RecvAncillaryBuffer::new(&mut space);
        let read = recvmsg(stream, &mut [IoSliceMut::new(&mut bytes)], &mut control, RecvFlags::CMSG_CLOEXEC);
        let read = read.ok().filter(|read| read.bytes > 0)?;
        for message in control.drain() {
            if let RecvAncillaryMessage::ScmRights(mut descriptors) = message {
                *descriptor = descriptors.next();
            }
        }
        text.extend_from_slice(&bytes[..read.bytes]);
    }
}
