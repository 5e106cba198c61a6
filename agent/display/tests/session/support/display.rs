//! The display server, and the test as its streamer.

use super::canvas::{Canvas, Picture};
use super::{PATIENCE, until};
use dillinger_ring::connection::Listener;
use dillinger_ring::memory::Reader;
use dillinger_ring::message::{FromDisplay, ToDisplay};
use dillinger_ring::planes::Planes;
use dillinger_ring::socket::{ReceiveError, Socket};
use dillinger_ring::text;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, Signal, kill_process, pidfd_open};
use std::collections::VecDeque;
use std::ffi::OsString;
use std::fs::File;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::{UnixDatagram, UnixStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// A ring of pictures as the test has it.
pub(crate) struct Ring {
    pub(crate) generation: u32,
    pub(crate) reader: Reader,
}

/// A display server that runs.
pub(crate) struct Display {
    /// The runtime directory of programs.
    pub(crate) directory: TempDir,
    /// Of the X display.
    pub(crate) number: u32,
    pub(crate) socket: Option<Socket>,
    /// All rings, the newest last.
    pub(crate) rings: Vec<Ring>,
    /// No slot is given back.
    pub(crate) keeps: bool,
    /// Slots that were not given back.
    pub(crate) kept: Vec<ToDisplay>,
    pictures: VecDeque<Picture>,
    modes: VecDeque<u32>,
    clipboards: VecDeque<String>,
    systemd: UnixDatagram,
    child: Child,
    log: PathBuf,
}

/// One display server of this size, with these words on its command line, whose pictures are all wanted.
pub(crate) fn start(size: (u32, u32), words: &[&str]) -> Display {
    let display = Display::start(size, words);
    display.send(ToDisplay::Run { wanted: true, frame_rate: 0 });
    display
}

impl Display {
    /// Without wanting pictures.
    pub(crate) fn start((width, height): (u32, u32), words: &[&str]) -> Self {
        let directory = tempfile::tempdir().unwrap();
        // A thread has one display at a time, and its number nobody else has; another display may have been killed.
        let start = 100 + rustix::thread::gettid().as_raw_nonzero().get().cast_unsigned() % 30_000;
        let number = (start..40_000).find(|number| !PathBuf::from(lock(*number)).exists()).unwrap();
        let log = directory.path().join("log");
        let listener = Listener::new(&directory.path().join("streamer")).unwrap();
        let systemd = UnixDatagram::bind(directory.path().join("notify")).unwrap();
        let child = command(directory.path())
            .args([format!("--width={width}"), format!("--height={height}"), format!("--x11-number={number}")])
            .args(words)
            .env("NOTIFY_SOCKET", directory.path().join("notify"))
            .stderr(File::create(&log).unwrap())
            .spawn()
            .unwrap();
        assert!(wait_for(&listener, PATIENCE), "it does not come");
        let socket = Socket::new(listener.accept().unwrap().unwrap());
        Self {
            directory,
            number,
            socket: Some(socket),
            rings: Vec::new(),
            keeps: false,
            kept: Vec::new(),
            pictures: VecDeque::new(),
            modes: VecDeque::new(),
            clipboards: VecDeque::new(),
            systemd,
            child,
            log,
        }
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// A connection to the socket of Wayland programs.
    pub(crate) fn connect(&self) -> UnixStream {
        connect(&self.directory.path().join("wayland-0"))
    }

    /// A connection to the socket of X programs.
    pub(crate) fn connect_x11(&self) -> UnixStream {
        connect(&PathBuf::from(format!("/tmp/.X11-unix/X{}", self.number)))
    }

    pub(crate) fn send(&self, message: ToDisplay) {
        self.socket.as_ref().unwrap().send(message).unwrap();
    }

    /// A text with the message that names its length.
    pub(crate) fn send_text(&self, content: &str, message: impl FnOnce(u32) -> ToDisplay) {
        let memory = text::memory(content).unwrap();
        let message = message(u32::try_from(content.len()).unwrap());
        self.socket.as_ref().unwrap().send_with(message, memory.as_fd()).unwrap();
    }

    /// Sets another mode, and waits until it is set.
    pub(crate) fn set_mode(&mut self, serial: u32, (width, height): (u32, u32), refresh_rate: u32) {
        let planes = Planes::new(width, height).unwrap();
        self.send(ToDisplay::Mode { serial, planes, refresh_rate });
        assert_eq!(self.wait("a mode", |this| this.modes.pop_front()), serial);
    }

    /// What is there is received. Never waits.
    pub(crate) fn receive(&mut self) -> Result<(), ReceiveError> {
        while let Some(socket) = &self.socket
            && let Some((message, descriptor)) = socket.receive::<FromDisplay>()?
        {
            self.take(message, descriptor);
        }
        Ok(())
    }

    fn take(&mut self, message: FromDisplay, descriptor: Option<OwnedFd>) {
        match message {
            FromDisplay::Ring { generation, planes } => {
                let reader = Reader::new(&descriptor.unwrap(), planes).unwrap();
                self.rings.push(Ring { generation, reader });
            }
            FromDisplay::Frame { generation, slot, time } => {
                let ring = self.rings.last().unwrap();
                assert_eq!(generation, ring.generation, "a picture of a ring that is not the newest");
                let (planes, bytes) = (ring.reader.planes(), ring.reader.slot(slot).unwrap().to_vec());
                self.pictures.push_back(Picture { planes, bytes, time, slot });
                let release = ToDisplay::Release { generation, slot };
                if self.keeps {
                    self.kept.push(release);
                } else {
                    self.send(release);
                }
            }
            FromDisplay::ModeSet { serial } => self.modes.push_back(serial),
            FromDisplay::Clipboard { bytes } => {
                self.clipboards.push_back(text::read(descriptor.unwrap(), bytes).unwrap());
            }
        }
    }

    /// Receives until there is what is looked for.
    pub(crate) fn wait<T>(&mut self, what: &str, mut look: impl FnMut(&mut Self) -> Option<T>) -> T {
        let end = Instant::now() + PATIENCE;
        loop {
            self.receive().unwrap_or_else(|error| panic!("waiting for {what}: {error}"));
            if let Some(found) = look(self) {
                return found;
            }
            let left = end.saturating_duration_since(Instant::now());
            assert!(!left.is_zero(), "not in time: {what}; the last picture {:?}", self.pictures.back());
            wait_for(self.socket.as_ref().unwrap().as_fd(), left);
        }
    }

    /// The pictures that are there, without waiting.
    pub(crate) fn pictures(&mut self) -> Vec<Picture> {
        self.receive().unwrap();
        self.pictures.drain(..).collect()
    }

    /// The next picture.
    pub(crate) fn picture(&mut self) -> Picture {
        self.wait("a picture", |this| this.pictures.pop_front())
    }

    /// The first picture that is so.
    pub(crate) fn picture_where(&mut self, what: &str, mut is: impl FnMut(&Picture) -> bool) -> Picture {
        let mut last = None;
        let found = |this: &mut Self| {
            std::iter::from_fn(|| this.pictures.pop_front()).find(|picture| {
                last = Some(picture.clone());
                is(picture)
            })
        };
        self.wait(what, found)
    }

    /// Waits for this picture, whose colours may be so much off.
    pub(crate) fn shows_nearly(&mut self, canvas: &Canvas, most: u8) -> Picture {
        let (expected, end) = (canvas.picture(), Instant::now() + PATIENCE);
        let mut difference = "there was none".to_owned();
        loop {
            self.receive().unwrap();
            while let Some(picture) = self.pictures.pop_front() {
                match picture.difference(&expected, most) {
                    None => return picture,
                    Some(found) => difference = found,
                }
            }
            let left = end.saturating_duration_since(Instant::now());
            assert!(!left.is_zero(), "the last picture is not what was drawn: {difference}");
            wait_for(self.socket.as_ref().unwrap().as_fd(), left);
        }
    }

    /// Waits for exactly this picture.
    #[track_caller]
    pub(crate) fn shows(&mut self, canvas: &Canvas) -> Picture {
        self.shows_nearly(canvas, 0)
    }

    /// The texts of programs that are there, without waiting.
    pub(crate) fn clipboards(&mut self) -> Vec<String> {
        self.receive().unwrap();
        self.clipboards.drain(..).collect()
    }

    /// The pointer goes to a pixel of the picture: into its middle, as the axes have their own measure.
    pub(crate) fn point(&mut self, (x, y): (u32, u32)) {
        let planes = self.wait("a ring", |this| this.rings.last().map(|ring| ring.reader.planes()));
        let part = |at: u32, length: u32| u16::try_from((at * 2 + 1) * u32::from(u16::MAX) / (length * 2)).unwrap();
        self.send(ToDisplay::Absolute { x: part(x, planes.width()), y: part(y, planes.height()) });
    }

    /// What it tells systemd next.
    pub(crate) fn tells_systemd(&self) -> String {
        assert!(wait_for(&self.systemd, PATIENCE), "it tells systemd nothing");
        let mut told = [0; 256];
        let length = self.systemd.recv(&mut told).unwrap();
        String::from_utf8(told[..length].to_vec()).unwrap()
    }

    /// Asks it to end.
    pub(crate) fn terminate(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// How it ended, of itself.
    pub(crate) fn end(&mut self) -> ExitStatus {
        if let Some(status) = self.child.try_wait().unwrap() {
            return status;
        }
        let id = Pid::from_child(&self.child);
        let process = pidfd_open(id, PidfdFlags::empty()).unwrap();
        assert!(wait_for(process.as_fd(), PATIENCE), "it does not end");
        self.child.wait().unwrap()
    }
}

/// The display server that is tested: what `DILLINGER_DISPLAY` names, or the one that was built with this test.
fn program() -> OsString {
    std::env::var_os("DILLINGER_DISPLAY").unwrap_or_else(|| env!("CARGO_BIN_EXE_dillinger-display").into())
}

/// The display server with a directory, and its streamer there.
pub(crate) fn command(directory: &Path) -> Command {
    let mut command = Command::new(program());
    command.arg("--directory").arg(directory).arg("--streamer").arg(directory.join("streamer"));
    command
}

/// Says that the number of an X display is taken.
fn lock(number: u32) -> String {
    format!("/tmp/.X{number}-lock")
}

impl Drop for Display {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("the display server said:\n{}", self.log());
            let _ = self.child.kill();
        }
        self.socket = None;
        self.end();
        // Whose number is taken is told by files, which nobody else removes.
        for file in [lock(self.number), format!("/tmp/.X11-unix/X{}", self.number)] {
            let _ = std::fs::remove_file(file);
        }
    }
}

/// Waits until there is something to read. False: not in time.
pub(crate) fn wait_for(descriptor: impl AsFd, time: Duration) -> bool {
    let time = Timespec::try_from(time).unwrap();
    poll(&mut [PollFd::new(&descriptor, PollFlags::IN)], Some(&time)).unwrap() > 0
}

fn connect(path: &std::path::Path) -> UnixStream {
    let mut stream = None;
    until(&format!("a socket at {}", path.display()), || {
        stream = UnixStream::connect(path).ok();
        stream.is_some()
    });
    stream.unwrap()
}
