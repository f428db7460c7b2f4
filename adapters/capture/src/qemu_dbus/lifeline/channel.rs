//! Messages and descriptors over a stream socket.

use std::io::{self, IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::{BorrowedFd, OwnedFd};

use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer, SendAncillaryMessage, SendFlags,
    recvmsg, sendmsg,
};

use super::error::LifelineError;
use super::message::Message;

/// Sends a message, whole or not at all, with a descriptor if one belongs to it.
pub(super) fn send(socket: BorrowedFd<'_>, message: Message, attached: Option<BorrowedFd<'_>>) -> io::Result<()> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut ancillary = SendAncillaryBuffer::new(&mut space);
    if let Some(fd) = &attached {
        let fits = ancillary.push(SendAncillaryMessage::ScmRights(std::slice::from_ref(fd)));
        debug_assert!(fits, "there is space for one");
    }
    let sent = sendmsg(socket, &[IoSlice::new(&message.encode())], &mut ancillary, SendFlags::DONTWAIT)?;
    if sent == Message::LEN { Ok(()) } else { Err(io::ErrorKind::WriteZero.into()) }
}

/// What a look at the socket has brought.
#[derive(Debug)]
pub(super) enum Received {
    Message(Message, Option<OwnedFd>),
    /// The rest of it is to come.
    Part,
    /// Nothing comes any more.
    End,
}

/// The message that is being received.
#[derive(Debug, Default)]
pub(super) struct Inbox {
    bytes: [u8; Message::LEN],
    filled: usize,
    attached: Option<OwnedFd>,
}

impl Inbox {
    /// Reads once, up to the end of a message.
    pub(super) fn receive(&mut self, socket: BorrowedFd<'_>) -> Result<Received, LifelineError> {
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
        let mut ancillary = RecvAncillaryBuffer::new(&mut space);
        let mut target = [IoSliceMut::new(&mut self.bytes[self.filled..])];
        let received = match recvmsg(socket, &mut target, &mut ancillary, RecvFlags::empty()) {
            Ok(message) if message.bytes > 0 => message.bytes,
            Ok(_) | Err(rustix::io::Errno::CONNRESET) => return Ok(Received::End),
            Err(error) => return Err(LifelineError::Read(error.into())),
        };
        for message in ancillary.drain() {
            if let RecvAncillaryMessage::ScmRights(descriptors) = message {
                self.attached = descriptors.last().or(self.attached.take());
            }
        }
        self.filled += received;
        if self.filled < Message::LEN {
            return Ok(Received::Part);
        }
        self.filled = 0;
        let message = Message::decode(self.bytes).ok_or(LifelineError::Nonsense)?;
        Ok(Received::Message(message, self.attached.take()))
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::os::fd::AsFd;
    use std::os::unix::net::UnixStream;

    use super::super::message::HeldId;
    use super::*;

    #[test]
    fn a_descriptor_arrives_with_its_message_and_no_other() {
        let (ours, theirs) = UnixStream::pair().unwrap();
        let (near, mut far) = UnixStream::pair().unwrap();
        let hold = Message::Hold(HeldId(u64::MAX));
        send(ours.as_fd(), Message::Beat, None).unwrap();
        send(ours.as_fd(), hold, Some(near.as_fd())).unwrap();
        send(ours.as_fd(), Message::Beat, None).unwrap();
        drop((ours, near));
        let mut inbox = Inbox::default();
        let mut next = || inbox.receive(theirs.as_fd()).unwrap();
        assert!(matches!(next(), Received::Message(Message::Beat, None)));
        let Received::Message(message, Some(fd)) = next() else { panic!("no descriptor") };
        assert_eq!(message, hold);
        UnixStream::from(fd).write_all(b"x").unwrap();
        assert_eq!(far.read(&mut [0]).unwrap(), 1);
        assert!(matches!(next(), Received::Message(Message::Beat, None)));
        assert!(matches!(next(), Received::End));
    }

    #[test]
    fn a_message_may_come_in_parts() {
        let (mut ours, theirs) = UnixStream::pair().unwrap();
        let mut inbox = Inbox::default();
        let bytes = Message::Forget(HeldId(7)).encode();
        ours.write_all(&bytes[..4]).unwrap();
        assert!(matches!(inbox.receive(theirs.as_fd()), Ok(Received::Part)));
        ours.write_all(&bytes[4..]).unwrap();
        let whole = inbox.receive(theirs.as_fd());
        assert!(matches!(whole, Ok(Received::Message(Message::Forget(HeldId(7)), None))));
    }

    #[test]
    fn what_is_no_message_is_an_error() {
        let (mut ours, theirs) = UnixStream::pair().unwrap();
        ours.write_all(&[0xFF; 30]).unwrap();
        let received = Inbox::default().receive(theirs.as_fd());
        assert!(matches!(received, Err(LifelineError::Nonsense)));
    }

    #[test]
    fn a_full_socket_is_an_error_and_does_not_block() {
        let (ours, _theirs) = UnixStream::pair().unwrap();
        let error = std::iter::repeat_with(|| send(ours.as_fd(), Message::Beat, None)).find_map(Result::err).unwrap();
        assert_eq!(error.kind(), io::ErrorKind::WouldBlock);
    }
}
