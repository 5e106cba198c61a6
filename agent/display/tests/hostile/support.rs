//! A display server, and programs that write their messages by hand.

use dillinger_ring::connection::Listener;
use dillinger_ring::message::{FromDisplay, ToDisplay};
use dillinger_ring::socket::Socket;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::MemfdFlags;
use rustix::io::Errno;
use rustix::net::{SendAncillaryBuffer, SendAncillaryMessage, SendFlags, sendmsg};
use std::collections::{HashMap, VecDeque};
use std::ffi::OsString;
use std::fs::File;
use std::io::IoSlice;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::{Child, Command};
use tempfile::TempDir;

/// How long a fact may take.
const PATIENCE: Timespec = Timespec { tv_sec: 60, tv_nsec: 0 };
pub(crate) const DISPLAY: u32 = 1;
const REGISTRY: u32 = 2;

/// The display server that is tested: what `DILLINGER_DISPLAY` names, or the one that was built with this test.
fn program() -> OsString {
    std::env::var_os("DILLINGER_DISPLAY").unwrap_or_else(|| env!("CARGO_BIN_EXE_dillinger-display").into())
}

/// Waits until one of these is ready.
fn wait(polled: &mut [PollFd<'_>]) {
    assert!(poll(polled, Some(&PATIENCE)).unwrap() > 0, "nothing happens");
}

/// A display server that runs, and the test as its streamer.
pub(crate) struct Display {
    directory: TempDir,
    pub(crate) x11: PathBuf,
    socket: Socket,
    child: Child,
    /// Pictures.
    count: u32,
}

impl Display {
    /// One that takes pictures.
    pub(crate) fn start() -> Self {
        let directory = tempfile::tempdir().unwrap();
        // A thread has one display at a time, and its number nobody else has; another display may have been killed.
        let start = 41_000 + rustix::thread::gettid().as_raw_nonzero().get() % 10_000;
        let free = |number: &i32| !PathBuf::from(format!("/tmp/.X{number}-lock")).exists();
        let number = (start..60_000).find(free).unwrap();
        let listener = Listener::new(&directory.path().join("streamer")).unwrap();
        let child = Command::new(program())
            .arg("--directory")
            .arg(directory.path())
            .arg("--streamer")
            .arg(directory.path().join("streamer"))
            .args(["--width=640", "--height=480", "--clipboard"])
            .arg(format!("--x11-number={number}"))
            .env("RUST_LOG", "debug")
            .stderr(File::create(directory.path().join("log")).unwrap())
            .spawn()
            .unwrap();
        wait(&mut [PollFd::new(&listener, PollFlags::IN)]);
        let socket = Socket::new(listener.accept().unwrap().unwrap());
        let x11 = PathBuf::from(format!("/tmp/.X11-unix/X{number}"));
        let display = Self { directory, x11, socket, child, count: 0 };
        display.socket.send(ToDisplay::Run { wanted: true, frame_rate: 0 }).unwrap();
        display
    }

    pub(crate) fn connect(&self) -> UnixStream {
        connect(&self.directory.path().join("wayland-0"))
    }

    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.directory.path().join("log")).unwrap()
    }

    /// Takes what it says, and gives pictures back.
    fn receive(&mut self) {
        while let Some((message, _)) = self.socket.receive::<FromDisplay>().unwrap_or_else(|error| self.died(&error)) {
            if let FromDisplay::Frame { generation, slot, .. } = message {
                self.count += 1;
                self.socket.send(ToDisplay::Release { generation, slot }).unwrap();
            }
        }
    }

    fn died(&self, error: &dyn std::fmt::Display) -> ! {
        panic!("the display is gone: {error}\n{}", self.log())
    }

    /// A picture comes that is taken from now on.
    pub(crate) fn takes_a_picture(&mut self) {
        self.receive();
        let count = self.count;
        self.socket.send(ToDisplay::Refresh).unwrap();
        while self.count == count {
            wait(&mut [PollFd::new(&self.socket, PollFlags::IN)]);
            self.receive();
        }
    }

    /// Memory of its own, bytes.
    pub(crate) fn memory(&self) -> usize {
        let statm = std::fs::read_to_string(format!("/proc/{}/statm", self.child.id())).unwrap();
        let pages: Vec<usize> = statm.split_whitespace().map(|number| number.parse().unwrap()).collect();
        (pages[1] - pages[2]) * 4096
    }

    /// Its open descriptors. `None`: the kernel tells those of a program that is not dumpable to root alone.
    pub(crate) fn descriptors(&self) -> Option<usize> {
        Some(std::fs::read_dir(format!("/proc/{}/fd", self.child.id())).ok()?.count())
    }
}

impl Drop for Display {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        // One that was killed leaves them, and nobody else removes them.
        let lock = self.x11.to_string_lossy().replace("/tmp/.X11-unix/X", "/tmp/.X") + "-lock";
        for file in [self.x11.clone(), lock.into()] {
            let _ = std::fs::remove_file(file);
        }
    }
}

/// As soon as somebody listens.
pub(crate) fn connect(path: &std::path::Path) -> UnixStream {
    for _ in 0..6000 {
        if let Ok(stream) = UnixStream::connect(path) {
            return stream;
        }
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    panic!("nobody listens at {}", path.display());
}

/// Memory for pixels.
pub(crate) fn memory(bytes: u64) -> OwnedFd {
    let memory = rustix::fs::memfd_create("pixels", MemfdFlags::CLOEXEC).unwrap();
    rustix::fs::ftruncate(&memory, bytes).unwrap();
    memory
}

/// A string as an argument.
pub(crate) fn string(text: &str) -> Vec<u32> {
    let mut bytes = text.as_bytes().to_vec();
    bytes.push(0);
    let length = u32::try_from(bytes.len()).unwrap();
    bytes.resize(bytes.len().next_multiple_of(4), 0);
    let words = bytes.as_chunks::<4>().0.iter().map(|word| u32::from_ne_bytes(*word));
    std::iter::once(length).chain(words).collect()
}

/// A request.
pub(crate) fn message(object: u32, opcode: u32, arguments: &[u32]) -> Vec<u8> {
    let size = u32::try_from(8 + arguments.len() * 4).unwrap();
    [object, size << 16 | opcode].iter().chain(arguments).flat_map(|word| word.to_ne_bytes()).collect()
}

/// An event: sender, opcode, arguments.
type Event = (u32, u32, Vec<u8>);

/// A program.
pub(crate) struct Program {
    stream: UnixStream,
    inbox: Vec<u8>,
    events: VecDeque<Event>,
    /// The display has closed the connection.
    pub(crate) ended: bool,
    /// What it said before.
    pub(crate) error: String,
    next: u32,
    globals: HashMap<String, u32>,
}

impl Program {
    /// One that knows all globals.
    pub(crate) fn new(display: &Display) -> Self {
        let mut program = Self::on(display.connect());
        let registry = program.id();
        program.request(DISPLAY, 1, &[registry]);
        assert!(program.round_trip(), "it is not served: {}", program.error);
        for (_, _, body) in program.take(|sender, _| sender == registry) {
            let word = |at: usize| u32::from_ne_bytes(body[at..at + 4].try_into().unwrap());
            let name = String::from_utf8(body[8..7 + word(4) as usize].to_vec()).unwrap();
            program.globals.insert(name, word(0));
        }
        program
    }

    /// One that knows nothing yet.
    pub(crate) fn on(stream: UnixStream) -> Self {
        stream.set_nonblocking(true).unwrap();
        let (error, globals) = (String::new(), HashMap::new());
        Self { stream, inbox: Vec::new(), events: VecDeque::new(), ended: false, error, next: REGISTRY, globals }
    }

    pub(crate) fn id(&mut self) -> u32 {
        self.next += 1;
        self.next - 1
    }

    pub(crate) fn bind(&mut self, interface: &str, version: u32) -> u32 {
        let id = self.id();
        let name = self.globals[interface];
        let arguments = [vec![name], string(interface), vec![version, id]].concat();
        self.request(REGISTRY, 0, &arguments);
        id
    }

    pub(crate) fn request(&mut self, object: u32, opcode: u32, arguments: &[u32]) {
        self.send(&message(object, opcode, arguments), &[]);
    }

    /// A request that makes an object, whose number is its first argument.
    pub(crate) fn make(&mut self, object: u32, opcode: u32, arguments: &[u32]) -> u32 {
        let id = self.id();
        self.request(object, opcode, &[&[id], arguments].concat());
        id
    }

    /// Sends bytes, and reads meanwhile.
    pub(crate) fn send(&mut self, mut bytes: &[u8], descriptors: &[BorrowedFd<'_>]) {
        let mut descriptors = descriptors;
        while !bytes.is_empty() && !self.ended {
            match send_some(&self.stream, bytes, descriptors) {
                Ok(count) => {
                    (bytes, descriptors) = (&bytes[count..], &[]);
                    self.pull();
                }
                Err(Errno::AGAIN) => {
                    wait(&mut [PollFd::new(&self.stream, PollFlags::IN | PollFlags::OUT)]);
                    self.pull();
                }
                Err(_) => self.wait_until_ended(),
            }
        }
    }

    /// Reads what is there.
    fn pull(&mut self) {
        let mut chunk = vec![0; 1 << 16];
        loop {
            match rustix::io::read(&self.stream, &mut chunk) {
                Ok(0) => self.ended = true,
                Ok(count) => {
                    self.inbox.extend_from_slice(&chunk[..count]);
                    self.parse();
                    continue;
                }
                Err(Errno::AGAIN) => {}
                Err(_) => self.ended = true,
            }
            return;
        }
    }

    fn parse(&mut self) {
        let mut done = 0;
        while let Some(head) = self.inbox[done..].first_chunk::<8>() {
            let [sender, word] = [0, 4].map(|at| u32::from_ne_bytes(head[at..at + 4].try_into().unwrap()));
            let Some(event) = self.inbox.get(done..done + (word >> 16) as usize) else { break };
            match (sender, word & 0xffff) {
                (DISPLAY, 0) => self.error = String::from_utf8_lossy(&event[20..]).trim_end_matches('\0').to_owned(),
                (DISPLAY, _) => {}
                (sender, opcode) => self.events.push_back((sender, opcode, event[8..].to_vec())),
            }
            done += event.len();
        }
        self.inbox.drain(..done);
    }

    /// The events that are these.
    pub(crate) fn take(&mut self, wanted: impl Fn(u32, u32) -> bool) -> Vec<Event> {
        let (taken, rest) = self.events.drain(..).partition(|(sender, opcode, _)| wanted(*sender, *opcode));
        self.events = rest;
        taken.into()
    }

    /// Waits for an event. `None`: the display closed the connection.
    pub(crate) fn wait_for(&mut self, sender: u32, opcode: u32) -> Option<Vec<u8>> {
        loop {
            if let Some((_, _, body)) = self.take(|is, event| (is, event) == (sender, opcode)).pop() {
                return Some(body);
            }
            if self.ended {
                return None;
            }
            wait(&mut [PollFd::new(&self.stream, PollFlags::IN)]);
            self.pull();
        }
    }

    /// Whether all was done that it asked for.
    pub(crate) fn round_trip(&mut self) -> bool {
        let callback = self.make(DISPLAY, 0, &[]);
        self.wait_for(callback, 0).is_some()
    }

    /// What the display said before it closed the connection.
    pub(crate) fn wait_until_ended(&mut self) {
        while !self.ended {
            wait(&mut [PollFd::new(&self.stream, PollFlags::IN)]);
            self.pull();
        }
    }

    pub(crate) fn stream(&self) -> &UnixStream {
        &self.stream
    }
}

fn send_some(stream: &UnixStream, bytes: &[u8], descriptors: &[BorrowedFd<'_>]) -> Result<usize, Errno> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(28))];
    let mut ancillary = SendAncillaryBuffer::new(&mut space);
    if !descriptors.is_empty() {
        ancillary.push(SendAncillaryMessage::ScmRights(descriptors));
    }
    let flags = SendFlags::DONTWAIT | SendFlags::NOSIGNAL;
    sendmsg(stream.as_fd(), &[IoSlice::new(bytes)], &mut ancillary, flags)
}
