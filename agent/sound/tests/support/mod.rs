//! The server, as it is run; what it writes; and a client whose messages are those of another implementation.

#![allow(dead_code, reason = "each test uses a part of it")]

pub mod client;
pub mod tone;

use dillinger_ring::connection::Listener;
use pulseaudio::protocol::{Command, SinkState, StatInfo};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::net::{RecvFlags, recv};
use rustix::process::{Pid, Signal, kill_process};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::process::Child;
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

/// For what must happen. Nothing is waited for this long but what never comes.
pub const PATIENCE: Duration = Duration::from_secs(60);
/// Samples of each channel in a piece.
pub const PIECE: usize = 480;

/// A server of a test's own, whose streamer is the test.
pub struct Sound {
    child: Child,
    directory: tempfile::TempDir,
    streamer: Option<Arc<OwnedFd>>,
    systemd: UnixDatagram,
    written: Arc<(Mutex<Vec<u8>>, Condvar)>,
}

/// A test that has been disturbed is tried again.
const TRIES: usize = 30;

impl Sound {
    /// One that is listened to.
    pub fn start() -> Self {
        let sound = Self::start_unheard();
        let (written, streamer) = (Arc::clone(&sound.written), Arc::clone(sound.streamer.as_ref().unwrap()));
        std::thread::spawn(move || {
            // One byte more than there should be, so that it would be seen.
            let mut piece = [0; PIECE * 4 + 1];
            while poll(&mut [PollFd::new(&streamer, PollFlags::IN)], None).is_ok() {
                // All that is not in the socket any more is there for who has the lock.
                let mut now = written.0.lock().unwrap();
                match recv(&streamer, &mut piece, RecvFlags::TRUNC) {
                    Ok((_, 0)) | Err(_) => break,
                    Ok((_, length)) => assert_eq!(length, PIECE * 4, "each message is one piece"),
                }
                now.extend(&piece[..PIECE * 4]);
                written.1.notify_all();
            }
        });
        sound
    }

    /// One that has connected, and to which nobody listens.
    pub fn start_unheard() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let listener = Listener::new(&directory.path().join("streamer")).unwrap();
        let systemd = UnixDatagram::bind(directory.path().join("notify")).unwrap();
        let child = command(directory.path()).env("NOTIFY_SOCKET", directory.path().join("notify")).spawn().unwrap();
        let streamer = accept(&listener);
        Self { child, directory, streamer: Some(Arc::new(streamer)), systemd, written: Arc::default() }
    }

    /// The streamer goes, if nobody listens.
    pub fn leave(&mut self) {
        self.streamer = None;
    }

    /// What it tells systemd next.
    pub fn tells_systemd(&self) -> String {
        self.systemd.set_read_timeout(Some(PATIENCE)).unwrap();
        let mut told = [0; 256];
        let length = self.systemd.recv(&mut told).unwrap();
        String::from_utf8(told[..length].to_vec()).unwrap()
    }

    /// Asks it to end.
    pub fn terminate(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// Bytes that are on the way to the streamer.
    pub fn on_the_way(&self) -> u64 {
        rustix::io::ioctl_fionread(self.streamer.as_ref().unwrap()).unwrap()
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    pub fn socket(&self) -> PathBuf {
        self.directory.path().join("native")
    }

    pub fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// Until the server has ended.
    pub fn ended(&mut self) -> std::process::ExitStatus {
        self.child.wait().unwrap()
    }

    pub fn runs(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    /// Waits for something in all that has been written.
    pub fn until<T>(&self, what: &str, mut found: impl FnMut(&[u8]) -> Option<T>) -> T {
        let end = Instant::now() + PATIENCE;
        let mut written = self.written.0.lock().unwrap();
        loop {
            if let Some(found) = found(&written) {
                return found;
            }
            let left = end.checked_duration_since(Instant::now()).unwrap_or_else(|| panic!("there never was {what}"));
            written = self.written.1.wait_timeout(written, left).unwrap().0;
        }
    }

    /// All that has been written, once the server is quiet.
    pub fn heard(&self) -> Vec<[f64; 2]> {
        self.quiet();
        self.until("an empty socket", |bytes| (self.on_the_way() == 0).then(|| tone::samples(bytes)))
    }

    /// Pieces that the server has made, too late ones included.
    fn pieces(&self) -> u32 {
        client::Client::connect(self).ask::<StatInfo>(&Command::Stat).unwrap().memblock_allocated
    }

    /// Waits until the server writes nothing any more.
    fn quiet(&self) {
        let mut client = client::Client::connect(self);
        let end = Instant::now() + PATIENCE;
        while client.sink().state != SinkState::Idle {
            assert!(Instant::now() < end, "the server does not become quiet");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Forgets what has been written.
    pub fn forget(&self) {
        self.written.0.lock().unwrap().clear();
    }

    /// Does something, again and again until the server was in time with all of it, and returns what was heard.
    pub fn undisturbed(&self, mut act: impl FnMut()) -> Vec<[f64; 2]> {
        for _ in 0..TRIES {
            self.heard();
            let before = self.pieces();
            self.forget();
            act();
            let heard = self.heard();
            if heard.len() == usize::try_from(self.pieces() - before).unwrap() * PIECE {
                return heard;
            }
        }
        panic!("the computer is too busy");
    }

    /// How many bytes have been written.
    pub fn written(&self) -> usize {
        self.written.0.lock().unwrap().len()
    }
}

/// The server with a directory, and its streamer there.
pub fn command(directory: &Path) -> std::process::Command {
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_dillinger-sound"));
    command.env_clear().arg("--directory").arg(directory).arg("--streamer").arg(directory.join("streamer"));
    command
}

/// The next who connects.
pub fn accept(listener: &Listener) -> OwnedFd {
    let patience = Timespec::try_from(PATIENCE).unwrap();
    assert!(poll(&mut [PollFd::new(listener, PollFlags::IN)], Some(&patience)).unwrap() > 0, "nobody comes");
    listener.accept().unwrap().unwrap()
}

impl Drop for Sound {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
