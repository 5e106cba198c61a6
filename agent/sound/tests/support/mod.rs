//! The server, as it is run; what it writes; and a client whose messages are those of another implementation.

#![allow(dead_code, reason = "each test uses a part of it")]

pub mod client;
pub mod tone;

use pulseaudio::protocol::{Command, SinkState, StatInfo};
use rustix::event::{PollFd, PollFlags, poll};
use std::io::Read;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

/// For what must happen. Nothing is waited for this long but what never comes.
pub const PATIENCE: Duration = Duration::from_secs(60);
/// Samples of each channel in a piece.
pub const PIECE: usize = 480;

/// A server of a test's own.
pub struct Sound {
    child: Child,
    directory: tempfile::TempDir,
    pipe: Option<std::io::PipeReader>,
    written: Arc<(Mutex<Vec<u8>>, Condvar)>,
}

/// A test that has been disturbed is tried again.
const TRIES: usize = 30;

impl Sound {
    pub fn start() -> Self {
        let (mut reader, writer) = std::io::pipe().unwrap();
        let mut sound = Self::start_with(writer.into());
        sound.pipe = Some(reader.try_clone().unwrap());
        let written = Arc::clone(&sound.written);
        std::thread::spawn(move || {
            let mut piece = vec![0; 65_536];
            while poll(&mut [PollFd::new(&reader, PollFlags::IN)], None).is_ok() {
                // All that is not in the pipe any more is there for who has the lock.
                let mut now = written.0.lock().unwrap();
                let Ok(length @ 1..) = reader.read(&mut piece) else { break };
                now.extend(&piece[..length]);
                written.1.notify_all();
            }
        });
        sound
    }

    /// One whose pipe is the test's.
    pub fn start_with(pipe: OwnedFd) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let listener = UnixListener::bind(directory.path().join("native")).unwrap();
        let child = std::process::Command::new(env!("CARGO_BIN_EXE_dillinger-sound"))
            .env_clear()
            .stdin(OwnedFd::from(listener))
            .stdout(pipe)
            .stderr(Stdio::inherit())
            .spawn()
            .unwrap();
        Self { child, directory, pipe: None, written: Arc::default() }
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
        self.until("an empty pipe", |bytes| {
            let left = rustix::io::ioctl_fionread(self.pipe.as_ref().unwrap()).unwrap();
            (left == 0).then(|| tone::samples(bytes))
        })
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

impl Drop for Sound {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
