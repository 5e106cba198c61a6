//! Messages of one size, over a connection whose messages are whole: of display server and streamer, see [`crate::connection`],
//! or of streamer and agent for a controller.

use crate::message::{Invalid, Message, SIZE};
use rustix::io::Errno;
use rustix::net::{
    AddressFamily, RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, ReturnFlags, SendAncillaryBuffer,
    SendAncillaryMessage, SendFlags, SocketFlags, SocketType, recvmsg, sendmsg, socketpair,
};
use std::io::{self, IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::Arc;

/// One end. Any thread may send, as each message is whole.
#[derive(Debug, Clone)]
pub struct Socket(Arc<OwnedFd>);

/// Why nothing more is received.
#[derive(Debug, thiserror::Error)]
pub enum ReceiveError {
    /// The other side closed the connection.
    #[error("the other side closed the connection")]
    Closed,
    /// The system says so.
    #[error("cannot receive: {0}")]
    System(#[from] Errno),
    /// Not a message.
    #[error("invalid message of {0} bytes: expected {SIZE} bytes and at most one descriptor")]
    Shape(usize),
    /// With a descriptor where none belongs, or without.
    #[error("invalid message: its descriptor is missing, or it has none to have")]
    Descriptor,
    /// A message that makes no sense.
    #[error(transparent)]
    Invalid(#[from] Invalid),
}

/// Two ends that belong together, for tests of one side.
pub fn pair() -> io::Result<(Socket, OwnedFd)> {
    let (one, other) = socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, SocketFlags::CLOEXEC, None)?;
    Ok((Socket::new(one), other))
}

impl Socket {
    /// The end that this descriptor is.
    pub fn new(descriptor: OwnedFd) -> Self {
        Self(Arc::new(descriptor))
    }

    /// Sends a message, and never waits. Errors: [`Errno::AGAIN`] if the other side does not read.
    pub fn send(&self, message: impl Message) -> Result<(), Errno> {
        self.send_bytes(&message.encode(), None)
    }

    /// The same with a descriptor.
    pub fn send_with(&self, message: impl Message, descriptor: BorrowedFd<'_>) -> Result<(), Errno> {
        self.send_bytes(&message.encode(), Some(descriptor))
    }

    fn send_bytes(&self, bytes: &[u8], descriptor: Option<BorrowedFd<'_>>) -> Result<(), Errno> {
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
        let mut ancillary = SendAncillaryBuffer::new(&mut space);
        let descriptors = descriptor.map(|descriptor| [descriptor]);
        if let Some(descriptors) = &descriptors {
            ancillary.push(SendAncillaryMessage::ScmRights(descriptors));
        }
        sendmsg(&*self.0, &[IoSlice::new(bytes)], &mut ancillary, SendFlags::DONTWAIT | SendFlags::NOSIGNAL).map(drop)
    }

    /// The next message, and what came with it. `None`: there is none yet.
    pub fn receive<M: Message>(&self) -> Result<Option<(M, Option<OwnedFd>)>, ReceiveError> {
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
        let mut ancillary = RecvAncillaryBuffer::new(&mut space);
        let mut bytes = [0; SIZE];
        let flags = RecvFlags::DONTWAIT | RecvFlags::CMSG_CLOEXEC;
        let received = match recvmsg(&*self.0, &mut [IoSliceMut::new(&mut bytes)], &mut ancillary, flags) {
            Ok(received) => received,
            Err(Errno::AGAIN | Errno::INTR) => return Ok(None),
            Err(Errno::CONNRESET) => return Err(ReceiveError::Closed),
            Err(error) => return Err(error.into()),
        };
        // There may be room for two, and none may stay open.
        let mut descriptors = ancillary.drain().flat_map(|message| match message {
            RecvAncillaryMessage::ScmRights(descriptors) => descriptors.collect(),
            _ => Vec::new(),
        });
        let (descriptor, more) = (descriptors.next(), descriptors.count() > 0);
        if received.bytes == 0 {
            return Err(ReceiveError::Closed);
        }
        if more || received.bytes != SIZE || received.flags.intersects(ReturnFlags::TRUNC | ReturnFlags::CTRUNC) {
            return Err(ReceiveError::Shape(received.bytes));
        }
        let message = M::decode(&bytes)?;
        if message.has_descriptor() != descriptor.is_some() {
            return Err(ReceiveError::Descriptor);
        }
        Ok(Some((message, descriptor)))
    }
}

impl AsFd for Socket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::{FromDisplay, ToDisplay};

    fn ends() -> (Socket, Socket) {
        let (one, other) = pair().unwrap();
        (one, Socket::new(other))
    }

    #[test]
    fn messages_and_descriptors_arrive() {
        let (one, other) = ends();
        assert!(other.receive::<FromDisplay>().unwrap().is_none());
        one.send(FromDisplay::ModeSet { serial: 5 }).unwrap();
        one.send_with(FromDisplay::Clipboard { bytes: 3 }, other.as_fd()).unwrap();
        let (message, descriptor) = other.receive::<FromDisplay>().unwrap().unwrap();
        assert_eq!((message, descriptor.is_some()), (FromDisplay::ModeSet { serial: 5 }, false));
        let (message, descriptor) = other.receive::<FromDisplay>().unwrap().unwrap();
        assert_eq!(message, FromDisplay::Clipboard { bytes: 3 });
        assert!(rustix::io::fcntl_getfd(descriptor.unwrap()).unwrap().contains(rustix::io::FdFlags::CLOEXEC));
        drop(one);
        assert!(matches!(other.receive::<FromDisplay>(), Err(ReceiveError::Closed)));
    }

    #[test]
    fn what_is_no_message_ends_it() {
        let valid = FromDisplay::ModeSet { serial: 1 }.encode();
        let long = [valid, valid].concat();
        for bytes in [&valid[..31], &long, &valid[..1]] {
            let (one, other) = ends();
            one.send_bytes(bytes, None).unwrap();
            assert!(matches!(other.receive::<FromDisplay>(), Err(ReceiveError::Shape(_))), "{} bytes", bytes.len());
        }
        let (one, other) = ends();
        one.send(ToDisplay::Refresh).unwrap();
        assert!(matches!(other.receive::<FromDisplay>(), Err(ReceiveError::Invalid(Invalid::Kind(26)))));
    }

    #[test]
    fn descriptors_only_where_they_belong_and_one_at_most() {
        let (one, other) = ends();
        one.send_with(FromDisplay::ModeSet { serial: 1 }, other.as_fd()).unwrap();
        assert!(matches!(other.receive::<FromDisplay>(), Err(ReceiveError::Descriptor)));
        one.send(FromDisplay::Clipboard { bytes: 3 }).unwrap();
        assert!(matches!(other.receive::<FromDisplay>(), Err(ReceiveError::Descriptor)));

        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(2))];
        let mut ancillary = SendAncillaryBuffer::new(&mut space);
        let two = [other.as_fd(), one.as_fd()];
        ancillary.push(SendAncillaryMessage::ScmRights(&two));
        let bytes = FromDisplay::Clipboard { bytes: 3 }.encode();
        sendmsg(&one, &[IoSlice::new(&bytes)], &mut ancillary, SendFlags::empty()).unwrap();
        assert!(matches!(other.receive::<FromDisplay>(), Err(ReceiveError::Shape(SIZE))));
    }

    #[test]
    fn who_does_not_read_is_not_waited_for() {
        let (one, _other) = ends();
        let sent = (0..100_000).find_map(|_| one.send(ToDisplay::Refresh).err());
        assert_eq!(sent, Some(Errno::AGAIN));
    }
}
