//! Connections of `SOCK_SEQPACKET` sockets that are made at a path: each message is whole.

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::net::{
    AddressFamily, SocketAddrUnix, SocketFlags, SocketType, accept_with, bind, connect as connect_to, listen,
    socket_with,
};
use std::fs::remove_file;
use std::io::{self, ErrorKind};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Connections that wait to be accepted.
const BACKLOG: i32 = 4;
/// Between two tries to connect.
const PAUSE: Timespec = Timespec { tv_sec: 0, tv_nsec: 5_000_000 };

/// Why nobody can connect.
#[derive(Debug, thiserror::Error)]
#[error("cannot listen at {path}: {source}")]
pub struct ListenError {
    path: PathBuf,
    source: io::Error,
}

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// There was nobody in time.
    #[error("nobody has listened at {path} for {} s, where dillinger-stream has to: {source}", patience.as_secs())]
    Nobody { path: PathBuf, patience: Duration, source: Errno },
    /// The system refuses, now and later.
    #[error("cannot connect to {path}: {source}")]
    Refused { path: PathBuf, source: Errno },
}

/// A socket at a path. The file is there as long as this.
#[derive(Debug)]
pub struct Listener {
    socket: OwnedFd,
    path: PathBuf,
}

impl Listener {
    /// Listens at a path. A file that is there is replaced, and the directories above are made.
    pub fn new(path: &Path) -> Result<Self, ListenError> {
        let error = |source: io::Error| ListenError { path: path.to_owned(), source };
        let socket = listener(path).map_err(error)?;
        Ok(Self { socket, path: path.to_owned() })
    }

    /// The next connection, without waiting. `None`: nobody has come, or has gone again.
    pub fn accept(&self) -> io::Result<Option<OwnedFd>> {
        match accept_with(&self.socket, SocketFlags::CLOEXEC) {
            Ok(connection) => Ok(Some(connection)),
            Err(Errno::AGAIN | Errno::INTR | Errno::CONNABORTED) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }
}

impl AsFd for Listener {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        // Nobody finds it without somebody behind it.
        let _ = remove_file(&self.path);
    }
}

fn listener(path: &Path) -> io::Result<OwnedFd> {
    if let Some(directory) = path.parent() {
        std::fs::create_dir_all(directory)?;
    }
    match remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let socket = socket()?;
    bind(&socket, &SocketAddrUnix::new(path)?)?;
    listen(&socket, BACKLOG)?;
    Ok(socket)
}

/// A socket that does not wait.
fn socket() -> Result<OwnedFd, Errno> {
    socket_with(AddressFamily::UNIX, SocketType::SEQPACKET, SocketFlags::CLOEXEC | SocketFlags::NONBLOCK, None)
}

/// Connects to who listens at a path, and waits until somebody does. `None`: `end` can be read, and nothing is waited for
/// any more.
pub fn connect(path: &Path, patience: Duration, end: impl AsFd) -> Result<Option<OwnedFd>, ConnectError> {
    let refused = |source| ConnectError::Refused { path: path.to_owned(), source };
    let (address, last) = (SocketAddrUnix::new(path).map_err(refused)?, Instant::now() + patience);
    let socket = socket().map_err(refused)?;
    loop {
        match connect_to(&socket, &address) {
            Ok(()) => return Ok(Some(socket)),
            Err(Errno::NOENT | Errno::CONNREFUSED | Errno::AGAIN | Errno::INTR) if Instant::now() < last => {}
            Err(source @ (Errno::NOENT | Errno::CONNREFUSED | Errno::AGAIN | Errno::INTR)) => {
                return Err(ConnectError::Nobody { path: path.to_owned(), patience, source });
            }
            Err(source) => return Err(refused(source)),
        }
        match poll(&mut [PollFd::new(&end, PollFlags::IN)], Some(&PAUSE)) {
            Ok(0) | Err(Errno::INTR) => {}
            Ok(_) => return Ok(None),
            Err(error) => return Err(refused(error)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::net::{RecvFlags, SendFlags, recv, send};

    const PATIENCE: Duration = Duration::from_secs(60);

    /// Never asked to end.
    fn never() -> (io::PipeReader, io::PipeWriter) {
        io::pipe().unwrap()
    }

    #[test]
    fn who_connects_first_waits_for_who_listens() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("below/socket");
        let (end, _end) = never();
        std::thread::scope(|scope| {
            let connected = scope.spawn(|| connect(&path, PATIENCE, &end).unwrap().unwrap());
            let listener = Listener::new(&path).unwrap();
            poll(&mut [PollFd::new(&listener, PollFlags::IN)], None).unwrap();
            let ours = listener.accept().unwrap().unwrap();
            let theirs = connected.join().unwrap();
            assert!(listener.accept().unwrap().is_none());
            for message in [&b"one"[..], b"another"] {
                send(&theirs, message, SendFlags::empty()).unwrap();
            }
            let mut received = [0; 16];
            assert_eq!(recv(&ours, &mut received, RecvFlags::empty()).unwrap().1, 3, "each message is whole");
        });
    }

    #[test]
    fn a_file_that_was_left_is_replaced_and_none_is_left() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("socket");
        let (end, _end) = never();
        drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
        let listener = Listener::new(&path).unwrap();
        connect(&path, Duration::ZERO, &end).unwrap().unwrap();
        drop(listener);
        assert!(!path.exists());
    }

    #[test]
    fn who_does_not_come_is_told() {
        let directory = tempfile::tempdir().unwrap();
        let (end, asked) = never();
        let nobody = connect(&directory.path().join("socket"), Duration::ZERO, &end).unwrap_err().to_string();
        assert!(nobody.contains("nobody has listened at") && nobody.contains("for 0 s"), "{nobody}");
        let file = directory.path().join("file");
        std::fs::write(&file, "").unwrap();
        let _left = std::os::unix::net::UnixListener::bind(directory.path().join("stream")).unwrap();
        let refused = connect(&directory.path().join("stream"), PATIENCE, &end).unwrap_err();
        assert!(matches!(refused, ConnectError::Refused { source: Errno::PROTOTYPE, .. }), "{refused}");
        let long = connect(&directory.path().join("x".repeat(200)), PATIENCE, &end).unwrap_err();
        assert!(matches!(long, ConnectError::Refused { source: Errno::NAMETOOLONG, .. }), "{long}");
        assert!(Listener::new(&file.join("socket")).unwrap_err().to_string().starts_with("cannot listen at "));
        drop(asked);
    }

    #[test]
    fn who_is_asked_to_end_waits_no_longer() {
        let directory = tempfile::tempdir().unwrap();
        let (end, mut asked) = never();
        io::Write::write_all(&mut asked, b"!").unwrap();
        assert!(connect(&directory.path().join("socket"), PATIENCE, &end).unwrap().is_none());
    }
}
