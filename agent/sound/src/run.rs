//! The server's loop: waits for clients and for the time of the next piece.

use crate::server::Server;
use crate::sound::BYTES;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::time::{ClockId, clock_gettime};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{ErrorKind, Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::{UnixListener, UnixStream};
use std::time::Duration;

/// For a client to say who it is, to complete a message, or to read something of what it is sent.
const PATIENCE: Duration = Duration::from_secs(10);
/// Read of a client at once, so that others have their turn.
const READ: usize = 32 * 1024;
/// A client that has so much to read is not listened to until it has.
const UNREAD: usize = 64 * 1024;
/// A client that has so much to read is disconnected.
const MOST_UNREAD: usize = 512 * 1024;
/// Until it is tried again to take clients, if the computer has no room for one more.
const PAUSE: Duration = Duration::from_secs(1);
/// Clients of whose ends is told. A game could go on for ever.
const TOLD: u32 = 20;

/// Why the server cannot begin or go on.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Standard input is something else.
    #[error(
        "standard input is no listening Unix socket; start this program with the socket of the session as standard input"
    )]
    NoSocket,
    /// Standard output is something else.
    #[error("standard output is no pipe; start this program with the end of a pipe that is written as standard output")]
    NoPipe,
    /// Nobody can read any more what is played.
    #[error("nobody reads the pipe any more")]
    Unread,
    /// The system refuses.
    #[error("cannot {what}: {source}")]
    System { what: &'static str, source: std::io::Error },
}

fn system<E: Into<std::io::Error>>(what: &'static str) -> impl FnOnce(E) -> Error {
    move |source| Error::System { what, source: source.into() }
}

/// A client's connection.
#[derive(Debug)]
struct Connection {
    socket: UnixStream,
    /// When it has to have done what it owes.
    deadline: Option<Duration>,
    /// What it owes is that it reads; else that it writes.
    reads: bool,
}

/// The sockets, the pipe and the server behind them.
#[derive(Debug)]
struct Loop {
    listener: UnixListener,
    pipe: File,
    server: Server,
    connections: BTreeMap<u32, Connection>,
    /// Until when no clients are taken.
    pause: Option<Duration>,
    told: u32,
    buffer: Vec<u8>,
    gone: bool,
}

/// Serves clients that connect to a listening socket, and writes what they play into a pipe. Returns only if it cannot go
/// on.
///
/// # Errors
/// The descriptors are others, or nobody reads the pipe any more.
pub fn run(listener: OwnedFd, pipe: OwnedFd) -> Result<std::convert::Infallible, Error> {
    if !matches!(rustix::net::sockopt::socket_acceptconn(&listener), Ok(true)) {
        return Err(Error::NoSocket);
    }
    let kind = rustix::fs::fstat(&pipe).map(|stat| rustix::fs::FileType::from_raw_mode(stat.st_mode));
    if kind != Ok(rustix::fs::FileType::Fifo) {
        return Err(Error::NoPipe);
    }
    rustix::io::ioctl_fionbio(&pipe, true).map_err(system("write into the pipe without waiting"))?;
    let listener = UnixListener::from(listener);
    listener.set_nonblocking(true).map_err(system("listen without waiting"))?;
    let mut all = Loop {
        listener,
        pipe: pipe.into(),
        server: Server::default(),
        connections: BTreeMap::new(),
        pause: None,
        told: 0,
        buffer: vec![0; READ],
        gone: false,
    };
    loop {
        all.turn()?;
    }
}

/// What can be done at a turn.
#[derive(Debug, Default)]
struct Ready {
    accept: bool,
    read: Vec<u32>,
    write: Vec<u32>,
    /// Nobody reads the pipe.
    unread: bool,
}

impl Loop {
    fn turn(&mut self) -> Result<(), Error> {
        let ready = self.wait()?;
        self.play(now())?;
        if ready.unread {
            return Err(Error::Unread);
        }
        for client in ready.write {
            self.flush(client);
        }
        if ready.accept {
            self.accept();
        }
        for client in ready.read {
            self.read(client);
            self.play(now())?;
        }
        self.server.settle(now());
        self.play(now())?;
        let clients: Vec<u32> = self.connections.keys().copied().collect();
        for client in clients {
            self.flush(client);
            self.judge(client, now());
        }
        Ok(())
    }

    /// Until something can be done.
    fn wait(&mut self) -> Result<Ready, Error> {
        let now = now();
        self.pause = self.pause.filter(|pause| *pause > now);
        let deadlines = self.connections.values().filter_map(|connection| connection.deadline);
        let next = deadlines.chain(self.pause).chain(self.server.next()).min();
        let timeout = next.map(|next| timespec(next.saturating_sub(now)));
        let mut clients = Vec::with_capacity(self.connections.len());
        let mut fds = vec![PollFd::from_borrowed_fd(self.pipe.as_fd(), PollFlags::empty())];
        let listening = if self.pause.is_none() { PollFlags::IN } else { PollFlags::empty() };
        fds.push(PollFd::from_borrowed_fd(self.listener.as_fd(), listening));
        for (client, connection) in &self.connections {
            let unread = self.server.out(*client).map_or(0, |out| out.len());
            let reads = if unread < UNREAD { PollFlags::IN } else { PollFlags::empty() };
            let writes = if unread > 0 { PollFlags::OUT } else { PollFlags::empty() };
            clients.push(*client);
            fds.push(PollFd::from_borrowed_fd(connection.socket.as_fd(), reads | writes));
        }
        match poll(&mut fds, timeout.as_ref()) {
            Ok(_) | Err(Errno::INTR) => {}
            Err(error) => return Err(system("wait")(error)),
        }
        let mut happened = fds.iter().map(PollFd::revents);
        let unread = happened.next().is_some_and(|pipe| pipe.contains(PollFlags::ERR));
        let accept = happened.next().is_some_and(|listener| !listener.is_empty());
        let mut ready = Ready { accept, unread, ..Ready::default() };
        for (client, happened) in clients.into_iter().zip(happened) {
            if happened.contains(PollFlags::OUT) {
                ready.write.push(client);
            }
            if happened.intersects(PollFlags::IN | PollFlags::HUP | PollFlags::ERR) {
                ready.read.push(client);
            }
        }
        Ok(ready)
    }

    fn play(&mut self, now: Duration) -> Result<(), Error> {
        let Self { server, pipe, gone, .. } = self;
        server.play(now, |piece| *gone |= write(pipe, piece));
        if self.gone { Err(Error::Unread) } else { Ok(()) }
    }

    fn accept(&mut self) {
        let socket = match self.listener.accept() {
            Ok((socket, _)) => socket,
            Err(error) if error.kind() == ErrorKind::WouldBlock => return,
            Err(_) => {
                self.pause = Some(now() + PAUSE);
                return;
            }
        };
        if socket.set_nonblocking(true).is_ok()
            && let Some(client) = self.server.connect()
        {
            self.connections.insert(client, Connection { socket, deadline: None, reads: false });
        }
    }

    fn read(&mut self, client: u32) {
        let Some(connection) = self.connections.get_mut(&client) else { return };
        match connection.socket.read(&mut self.buffer) {
            Ok(0) => self.end(client, None),
            Ok(length) => {
                let bytes = self.buffer.get(..length).unwrap_or_default();
                if let Err(end) = self.server.receive(client, bytes, now()) {
                    self.flush(client);
                    self.end(client, Some(&end.to_string()));
                }
            }
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => {}
            Err(_) => self.end(client, None),
        }
    }

    /// Sends what there is to be sent, as far as the client reads.
    fn flush(&mut self, client: u32) {
        let (Some(connection), Some(out)) = (self.connections.get_mut(&client), self.server.out(client)) else {
            return;
        };
        while !out.is_empty() {
            match connection.socket.write(out) {
                Ok(written) => {
                    out.drain(..written.min(out.len()));
                    connection.deadline = None;
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => return,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(_) => {
                    self.end(client, None);
                    return;
                }
            }
        }
        out.shrink_to(4096);
    }

    /// Ends a client that owes something for too long.
    fn judge(&mut self, client: u32, now: Duration) {
        let unread = self.server.out(client).map_or(0, |out| out.len());
        let owes = self.server.owes(client);
        let Some(connection) = self.connections.get_mut(&client) else { return };
        let reads = unread > 0;
        if !(reads || owes) || reads != connection.reads {
            connection.deadline = None;
        }
        connection.reads = reads;
        if reads || owes {
            connection.deadline.get_or_insert(now + PATIENCE);
        }
        let late = connection.deadline.is_some_and(|deadline| deadline <= now);
        if unread > MOST_UNREAD || (late && reads) {
            self.end(client, Some("it does not read what it is sent"));
        } else if late {
            self.end(client, Some("it does not complete its message"));
        }
    }

    fn end(&mut self, client: u32, reason: Option<&str>) {
        self.server.disconnect(client);
        self.connections.remove(&client);
        if let (Some(reason), true) = (reason, self.told < TOLD) {
            self.told += 1;
            eprintln!("a client is disconnected: {reason}");
        }
    }
}

/// Writes a piece, unless the pipe is full. Whether nobody reads it any more.
fn write(pipe: &mut File, piece: &[u8; BYTES]) -> bool {
    // Pieces are written whole or not at all, pipe(7): they are smaller than PIPE_BUF.
    matches!(pipe.write(piece), Err(error) if error.kind() == ErrorKind::BrokenPipe)
}

fn now() -> Duration {
    Duration::try_from(clock_gettime(ClockId::Monotonic)).unwrap_or_default()
}

fn timespec(duration: Duration) -> Timespec {
    Timespec::try_from(duration).unwrap_or(Timespec { tv_sec: 1, tv_nsec: 0 })
}
