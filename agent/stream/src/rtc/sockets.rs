//! The UDP sockets of the session.

use super::Error;
use rustix::net::sockopt;
use std::net::SocketAddr;
use std::os::fd::OwnedFd;
use std::task::Poll;
use tokio::io::ReadBuf;
use tokio::net::UdpSocket;

/// Most sockets of a session: one for each address of the host.
const MOST: usize = 32;
/// Room for a keyframe in the kernel, in bytes.
const BUFFER: usize = 1 << 20;

/// Where a socket is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Address {
    /// What it is bound to.
    pub local: SocketAddr,
    /// What viewers are told; another one behind 1:1 NAT.
    pub advertised: SocketAddr,
}

/// A socket that was looked at and is ready for use.
#[derive(Debug)]
pub(super) struct Socket {
    udp: UdpSocket,
    address: Address,
}

impl Socket {
    /// Takes a descriptor that the agent made.
    ///
    /// # Errors
    /// It is no UDP socket, is bound to no address or to all of them, or the
    /// advertised address is none.
    pub(super) fn new(descriptor: OwnedFd, advertised: &str) -> Result<Self, Error> {
        let wrong = |what: &str| Error::InvalidRequest(format!("socket for {advertised}: {what}"));
        let advertised: SocketAddr = advertised.parse().map_err(|_| wrong("the address must be ip:port"))?;
        if !matches!(sockopt::socket_type(&descriptor), Ok(rustix::net::SocketType::DGRAM)) {
            return Err(wrong("the descriptor must be a UDP socket"));
        }
        // The kernel may give less; that is no reason to go without the socket.
        let _ = sockopt::set_socket_send_buffer_size(&descriptor, BUFFER);
        let _ = sockopt::set_socket_recv_buffer_size(&descriptor, BUFFER);
        let udp = std::net::UdpSocket::from(descriptor);
        let local = udp.local_addr().map_err(|error| wrong(&error.to_string()))?;
        if local.ip().is_unspecified() || local.port() == 0 {
            return Err(wrong("it must be bound to one address and port, not to all"));
        }
        if advertised.is_ipv4() != local.is_ipv4() || advertised.ip().is_unspecified() || advertised.port() == 0 {
            return Err(wrong(&format!("viewers cannot be told this address for {local}")));
        }
        let udp = udp.set_nonblocking(true).and_then(|()| UdpSocket::from_std(udp));
        let udp = udp.map_err(|error| wrong(&error.to_string()))?;
        Ok(Self { udp, address: Address { local, advertised } })
    }
}

/// All sockets of the session.
#[derive(Debug, Default)]
pub(super) struct Sockets {
    sockets: Vec<Socket>,
    turn: usize,
}

impl Sockets {
    /// Adds sockets; one with an address that is known keeps its old descriptor
    /// and takes the new advertised address.
    ///
    /// # Errors
    /// There would be too many; none was added then.
    pub(super) fn add(&mut self, sockets: Vec<Socket>) -> Result<(), Error> {
        let known = |all: &Self, local| all.sockets.iter().position(|socket| socket.address.local == local);
        let new = sockets.iter().filter(|socket| known(self, socket.address.local).is_none()).count();
        if self.sockets.len() + new > MOST {
            return Err(Error::InvalidRequest(format!("more than {MOST} sockets")));
        }
        for socket in sockets {
            let place = known(self, socket.address.local).and_then(|at| self.sockets.get_mut(at));
            match place {
                Some(old) => old.address.advertised = socket.address.advertised,
                None => self.sockets.push(socket),
            }
        }
        Ok(())
    }

    /// Where they are.
    pub(super) fn addresses(&self) -> Vec<Address> {
        self.sockets.iter().map(|socket| socket.address).collect()
    }

    /// Waits for a datagram of any socket: its length, who sent it, and the
    /// local address it came to. The sockets take turns.
    pub(super) async fn receive(&mut self, buffer: &mut [u8]) -> (usize, SocketAddr, SocketAddr) {
        std::future::poll_fn(|context| {
            let count = self.sockets.len();
            for step in 0..count {
                let at = (self.turn + step) % count;
                let Some(socket) = self.sockets.get(at) else { continue };
                let mut into = ReadBuf::new(buffer);
                match socket.udp.poll_recv_from(context, &mut into) {
                    Poll::Ready(Ok(source)) => {
                        self.turn = at + 1;
                        return Poll::Ready((into.filled().len(), source, socket.address.local));
                    }
                    // This is the error of an earlier datagram, such as an
                    // unreachable port; the next poll is past it.
                    Poll::Ready(Err(_)) => context.waker().wake_by_ref(),
                    Poll::Pending => {}
                }
            }
            Poll::Pending
        })
        .await
    }

    /// A datagram that is there already, if any.
    pub(super) fn receive_more(&mut self, buffer: &mut [u8]) -> Option<(usize, SocketAddr, SocketAddr)> {
        let count = self.sockets.len();
        (0..count).find_map(|step| {
            let at = (self.turn + step) % count;
            let socket = self.sockets.get(at)?;
            let (length, source) = socket.udp.try_recv_from(buffer).ok()?;
            self.turn = at + 1;
            Some((length, source, socket.address.local))
        })
    }

    /// Sends a datagram, or loses it: where the kernel has no room the network
    /// would have none either, and what is lost is sent again when it is missed.
    pub(super) fn send(&self, source: SocketAddr, destination: SocketAddr, contents: &[u8]) {
        if let Some(socket) = self.sockets.iter().find(|socket| socket.address.local == source) {
            let _ = socket.udp.try_send_to(contents, destination);
        }
    }
}
