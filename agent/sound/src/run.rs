//! The server's loop: waits for clients, for the time of the next piece and for the end.

use crate::server::Server;
use crate::streamer::Streamer;
use crate::systemd;
use dillinger_ring::connection::ConnectError;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::time::{ClockId, clock_gettime};
use std::collections::BTreeMap;
use std::io::{ErrorKind, Read, Write};
use std::os::fd::AsFd;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Where games connect. Agreed with the units.
const SOCKET: &str = "native";
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
    /// There is no connection to the streamer.
    #[error(transparent)]
    Streamer(#[from] ConnectError),
    /// Games could not connect.
    #[error("cannot listen at {path} for games: {source}")]
    Listen { path: PathBuf, source: std::io::Error },
    /// The system refuses.
    #[error("cannot {what}: {source}")]
    System { what: &'static str, source: std::io::Error },
}

/// Why the server ends, without an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// By a signal.
    Asked,
    /// Nobody takes any more what is played.
    StreamerGone,
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

/// The sockets and the server behind them.
#[derive(Debug)]
struct Loop {
    /// Can be read from when the server is to end.
    end: UnixStream,
    listener: UnixListener,
    streamer: Streamer,
    server: Server,
    connections: BTreeMap<u32, Connection>,
    /// Until when no clients are taken.
    pause: Option<Duration>,
    told: u32,
    buffer: Vec<u8>,
    ended: Option<Ended>,
}

/// Serves clients that connect to the socket `native` in the directory, and sends what they play to the streamer, which
/// listens at the other path.
///
/// # Errors
/// It cannot listen, the streamer does not, or the system has no room.
pub fn run(directory: &Path, streamer: &Path) -> Result<Ended, Error> {
    let end = systemd::end().map_err(system("take signals"))?;
    let listener = listen(&directory.join(SOCKET))?;
    let Some(streamer) = Streamer::connect(streamer, &end)? else { return Ok(Ended::Asked) };
    systemd::ready().map_err(system("tell systemd that the sound server is ready"))?;
    let mut all = Loop {
        end,
        listener,
        streamer,
        server: Server::default(),
        connections: BTreeMap::new(),
        pause: None,
        told: 0,
        buffer: vec![0; READ],
        ended: None,
    };
    loop {
        all.turn()?;
        if let Some(ended) = all.ended {
            return Ok(ended);
        }
    }
}

/// Listens for games. The socket of a server that is not there any more is replaced.
fn listen(path: &Path) -> Result<UnixListener, Error> {
    let error = |source| Error::Listen { path: path.to_owned(), source };
    match std::fs::remove_file(path) {
        Err(source) if source.kind() != ErrorKind::NotFound => return Err(error(source)),
        _ => {}
    }
    let listener = UnixListener::bind(path).map_err(error)?;
    listener.set_nonblocking(true).map_err(error)?;
    Ok(listener)
}

/// What can be done at a turn.
#[derive(Debug, Default)]
struct Ready {
    accept: bool,
    read: Vec<u32>,
    write: Vec<u32>,
}

impl Loop {
    fn turn(&mut self) -> Result<(), Error> {
        let ready = self.wait()?;
        self.play(now());
        for client in ready.write {
            self.flush(client);
        }
        if ready.accept {
            self.accept();
        }
        for client in ready.read {
            self.read(client);
            self.play(now());
        }
        self.server.settle(now());
        self.play(now());
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
        let listening = if self.pause.is_none() { PollFlags::IN } else { PollFlags::empty() };
        let mut fds = vec![
            PollFd::from_borrowed_fd(self.end.as_fd(), PollFlags::IN),
            // The streamer says nothing; that it goes is told without being asked for.
            PollFd::from_borrowed_fd(self.streamer.as_fd(), PollFlags::empty()),
            PollFd::from_borrowed_fd(self.listener.as_fd(), listening),
        ];
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
        let [end, gone, accept] = std::array::from_fn(|_| happened.next().is_some_and(|happened| !happened.is_empty()));
        self.ended = end.then_some(Ended::Asked).or(gone.then_some(Ended::StreamerGone));
        let mut ready = Ready { accept, ..Ready::default() };
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

    fn play(&mut self, now: Duration) {
        let Self { server, streamer, ended, .. } = self;
        server.play(now, |piece| {
            if !streamer.send(piece) {
                ended.get_or_insert(Ended::StreamerGone);
            }
        });
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

fn now() -> Duration {
    Duration::try_from(clock_gettime(ClockId::Monotonic)).unwrap_or_default()
}

fn timespec(duration: Duration) -> Timespec {
    Timespec::try_from(duration).unwrap_or(Timespec { tv_sec: 1, tv_nsec: 0 })
}
