//! The socket of a connection to a streamer, for zbus.
//!
//! zbus reads any message that D-Bus allows, takes descriptors without number, leaves them open for programs that are
//! started, and reads as fast as the other side writes. Here each has a bound: see [`Frame`] and [`Pace`].

use super::addresses::MOST;
use super::framing::{DESCRIPTORS, Frame};
use super::pace::Pace;
use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, ReturnFlags, SendAncillaryBuffer, SendAncillaryMessage,
    SendFlags, recvmsg, sendmsg,
};
use std::io::{self, ErrorKind, IoSlice, IoSliceMut};
use std::mem::{MaybeUninit, replace};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::Arc;
use tokio::io::Interest;
use tokio::net::UnixStream;
use zbus::Message;
use zbus::connection::socket::{ReadHalf, Socket, Split, WriteHalf};
use zbus::export::async_trait::async_trait;

/// A connected socket whose handshake is done.
#[derive(Debug)]
pub(super) struct Bounded(Arc<UnixStream>);

impl Bounded {
    /// Takes over a stream at the first byte of the first message.
    pub(super) fn new(stream: UnixStream) -> Self {
        Self(Arc::new(stream))
    }
}

impl Socket for Bounded {
    type ReadHalf = Reader;
    type WriteHalf = Writer;

    fn split(self) -> Split<Reader, Writer> {
        let reader = Reader { stream: Arc::clone(&self.0), frame: Frame::default(), pace: Pace::default() };
        Split::new(reader, Writer { stream: self.0, is_cut: false })
    }
}

/// The half that is read.
#[derive(Debug)]
pub(super) struct Reader {
    stream: Arc<UnixStream>,
    frame: Frame,
    pace: Pace,
}

#[async_trait]
impl ReadHalf for Reader {
    async fn recvmsg(&mut self, buffer: &mut [u8]) -> io::Result<(usize, Vec<OwnedFd>)> {
        if self.frame.is_new() {
            self.pace.wait().await;
        }
        let most = self.frame.wanted().min(buffer.len());
        let piece = buffer.get_mut(..most).unwrap_or_default();
        let stream = &*self.stream;
        let (read, descriptors) = stream.async_io(Interest::READABLE, || receive(stream.as_fd(), piece)).await?;
        let read_piece = piece.get(..read).unwrap_or_default();
        let announced = self.frame.take(read_piece, descriptors.len());
        if let Some(length) = announced.map_err(|violation| io::Error::new(ErrorKind::InvalidData, violation))? {
            self.pace.charge(length);
        }
        Ok((read, descriptors))
    }

    fn can_pass_unix_fd(&self) -> bool {
        true
    }
}

/// What is there now. Descriptors that are not given on are closed.
fn receive(stream: BorrowedFd<'_>, piece: &mut [u8]) -> io::Result<(usize, Vec<OwnedFd>)> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(DESCRIPTORS))];
    let mut control = RecvAncillaryBuffer::new(&mut space);
    let received = recvmsg(stream, &mut [IoSliceMut::new(piece)], &mut control, RecvFlags::CMSG_CLOEXEC)?;
    let mut descriptors = Vec::new();
    for message in control.drain() {
        if let RecvAncillaryMessage::ScmRights(rights) = message {
            descriptors.extend(rights);
        }
    }
    if received.flags.contains(ReturnFlags::CTRUNC) {
        return Err(io::Error::new(ErrorKind::InvalidData, "a message brings more descriptors than can be taken"));
    }
    Ok((received.bytes, descriptors))
}

/// The half that is written.
#[derive(Debug)]
pub(super) struct Writer {
    stream: Arc<UnixStream>,
    /// The last message was given up half written: its caller had no more time.
    is_cut: bool,
}

#[async_trait]
impl WriteHalf for Writer {
    async fn send_message(&mut self, message: &Message) -> zbus::Result<()> {
        if replace(&mut self.is_cut, true) {
            self.close().await?;
            return Err(io::Error::new(ErrorKind::BrokenPipe, "it did not take a whole message in time").into());
        }
        let data = message.data();
        let descriptors: Vec<BorrowedFd<'_>> = data.fds().iter().map(AsFd::as_fd).collect();
        let (mut rest, mut along): (&[u8], &[BorrowedFd<'_>]) = (data, &descriptors);
        while !rest.is_empty() {
            let stream = &*self.stream;
            let sent = stream.async_io(Interest::WRITABLE, || send(stream.as_fd(), rest, along)).await?;
            (rest, along) = (rest.get(sent..).unwrap_or_default(), &[]);
        }
        self.is_cut = false;
        Ok(())
    }

    async fn close(&mut self) -> io::Result<()> {
        rustix::net::shutdown(&*self.stream, rustix::net::Shutdown::Both)?;
        Ok(())
    }

    fn can_pass_unix_fd(&self) -> bool {
        true
    }
}

fn send(stream: BorrowedFd<'_>, bytes: &[u8], descriptors: &[BorrowedFd<'_>]) -> io::Result<usize> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MOST))];
    let mut control = SendAncillaryBuffer::new(&mut space);
    if !descriptors.is_empty() && !control.push(SendAncillaryMessage::ScmRights(descriptors)) {
        return Err(io::Error::new(ErrorKind::InvalidInput, "too many descriptors for one message"));
    }
    Ok(sendmsg(stream, &[IoSlice::new(bytes)], &mut control, SendFlags::NOSIGNAL)?)
}

#[cfg(test)]
mod tests;
