//! The program, as it is run: how it begins and how it ends. The test is its display server, its sound server and systemd.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use dillinger_ring::connection::connect;
use dillinger_ring::memory::Writer;
use dillinger_ring::message::{FromDisplay, ToDisplay};
use dillinger_ring::planes::Planes;
use dillinger_ring::socket::Socket;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::net::{SendFlags, send};
use rustix::process::{Pid, Signal, kill_process};
use std::fs::File;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixDatagram;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus};
use std::time::Duration;
use tempfile::TempDir;

/// How long a test waits for what must come.
const PATIENCE: Duration = Duration::from_secs(20);

struct Streamer {
    directory: TempDir,
    systemd: UnixDatagram,
    child: Child,
}

impl Streamer {
    fn start(words: &[&str]) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let systemd = UnixDatagram::bind(directory.path().join("notify")).unwrap();
        systemd.set_read_timeout(Some(PATIENCE)).unwrap();
        let child = Command::new(env!("CARGO_BIN_EXE_dillinger-stream"))
            .arg("--directory")
            .arg(directory.path())
            .args(["--width=320", "--height=200", "--encoder=vp8"])
            .args(words)
            .env("NOTIFY_SOCKET", directory.path().join("notify"))
            .stderr(File::create(directory.path().join("log")).unwrap())
            .spawn()
            .unwrap();
        Self { directory, systemd, child }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// A connection to one of its sockets, as soon as it listens.
    fn connect(&self, name: &str) -> OwnedFd {
        let (end, _end) = std::io::pipe().unwrap();
        connect(&self.path(name), PATIENCE, end).unwrap().unwrap()
    }

    /// A display server that has set the first mode and shown its ring.
    fn display(&self) -> Socket {
        let socket = Socket::new(self.connect("display/socket"));
        let (serial, planes) = loop {
            wait(&socket, PollFlags::IN);
            if let Some((ToDisplay::Mode { serial, planes, .. }, _)) = socket.receive().unwrap() {
                break (serial, planes);
            }
        };
        assert_eq!(planes, Planes::new(320, 200).unwrap());
        let ring = Writer::new(planes).unwrap();
        socket.send_with(FromDisplay::Ring { generation: 0, planes }, ring.as_fd()).unwrap();
        socket.send(FromDisplay::ModeSet { serial }).unwrap();
        socket
    }

    /// The next that systemd is told.
    fn told(&self) -> String {
        let mut told = [0; 256];
        let length = self.systemd.recv(&mut told).unwrap_or_else(|error| panic!("{error}\n{}", self.log()));
        String::from_utf8(told[..length].to_vec()).unwrap()
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.path("log")).unwrap()
    }

    fn terminate(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    fn ended(&mut self) -> ExitStatus {
        self.child.wait().unwrap()
    }
}

impl Drop for Streamer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn wait(descriptor: impl AsFd, flags: PollFlags) {
    let patience = Timespec::try_from(PATIENCE).unwrap();
    assert!(poll(&mut [PollFd::new(&descriptor, flags)], Some(&patience)).unwrap() > 0, "nothing happens");
}

#[test]
fn it_is_ready_with_its_display_server_and_ends_well_with_it() {
    let mut streamer = Streamer::start(&[]);
    let display = streamer.display();
    assert_eq!(streamer.told(), "READY=1\n");
    assert!(streamer.path("control").exists(), "the agent can connect");
    assert!(!streamer.path("display/socket").exists(), "no other display server comes");
    drop(display);
    assert_eq!(streamer.told(), "STOPPING=1\n");
    assert!(streamer.ended().success());
    let log = streamer.log();
    assert!(log.contains("INFO") && log.contains("the display server has gone") && !log.contains("ERROR"), "{log}");
}

#[test]
fn a_display_server_that_goes_before_it_has_shown_anything_is_no_error_of_the_streamer() {
    let mut streamer = Streamer::start(&[]);
    drop(streamer.connect("display/socket"));
    assert!(streamer.ended().success());
    assert!(streamer.log().contains("the display server has gone"), "{}", streamer.log());
}

#[test]
fn a_message_that_makes_no_sense_is_an_error() {
    let mut streamer = Streamer::start(&[]);
    let display = streamer.display();
    streamer.told();
    let mut unknown = [0; 32];
    unknown[0] = 99;
    send(&display, &unknown, SendFlags::NOSIGNAL).unwrap();
    assert_eq!(streamer.ended().code(), Some(1));
    let log = streamer.log();
    assert!(
        log.contains("the display server") && log.contains("unknown kind 99") && !log.contains("has gone"),
        "{log}"
    );
}

#[test]
fn it_ends_well_when_it_is_asked_to() {
    for signal in [Signal::TERM, Signal::INT] {
        let mut streamer = Streamer::start(&[]);
        let _display = streamer.display();
        streamer.told();
        streamer.terminate(signal);
        assert!(streamer.ended().success(), "{}", streamer.log());
    }
}

#[test]
fn while_it_waits_for_its_display_server_it_can_be_asked_to_end() {
    let mut streamer = Streamer::start(&[]);
    // It takes signals once it takes sound servers, of which the second replaces the first.
    let (first, _second) = (streamer.connect("sound/socket"), streamer.connect("sound/socket"));
    wait(&first, PollFlags::empty());
    streamer.terminate(Signal::TERM);
    assert!(streamer.ended().success(), "{}", streamer.log());
}

#[test]
fn without_sound_there_is_no_socket_for_it() {
    let streamer = Streamer::start(&["--no-audio"]);
    let _display = streamer.display();
    streamer.told();
    assert!(!streamer.path("sound").exists());
}
