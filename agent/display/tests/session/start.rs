//! The plain thing, how it begins and how it ends.

use crate::support::canvas::{BLACK, Canvas};
use crate::support::display::{Display, command, start};
use crate::support::program::Program;
use crate::support::until;
use crate::support::x11::{XProgram, has_server};
use dillinger_ring::message::ToDisplay;
use dillinger_ring::socket::ReceiveError;
use rustix::net::{SendFlags, send};
use rustix::process::{Pid, Signal, kill_process};
use std::os::fd::AsFd;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;

#[test]
fn a_window_is_seen() {
    let mut display = start((320, 200), &[]);
    display.shows_nearly(&Canvas::of(BLACK, 320, 200), 255);
    let mut program = Program::connect(&display);
    let canvas = Canvas::noise(1, 320, 200);
    let window = program.bare(&canvas);
    assert_eq!(window.size, (320, 200));
    display.shows(&canvas);
}

#[test]
fn what_programs_can_reach_is_exactly_this() {
    let display = start((320, 200), &[]);
    let program = Program::connect(&display);
    let mut globals: Vec<_> =
        program.state.globals.iter().map(|(_, name, version)| format!("{name} {version}")).collect();
    globals.sort();
    let expected = [
        "wl_compositor 5",
        "wl_data_device_manager 3",
        "wl_output 4",
        "wl_seat 9",
        "wl_shm 2",
        "wl_subcompositor 1",
        "wp_cursor_shape_manager_v1 2",
        "wp_fractional_scale_manager_v1 1",
        "wp_presentation 2",
        "wp_single_pixel_buffer_manager_v1 1",
        "wp_viewporter 1",
        "xdg_wm_base 6",
        "zwp_idle_inhibit_manager_v1 1",
        "zwp_pointer_constraints_v1 1",
        "zwp_relative_pointer_manager_v1 1",
        "zxdg_decoration_manager_v1 1",
        "zxdg_output_manager_v1 3",
    ];
    assert_eq!(globals, expected);
}

#[test]
fn systemd_is_told_when_programs_can_connect() {
    let display = start((320, 200), &[]);
    assert_eq!(display.tells_systemd(), "READY=1\n");
    let x11 = format!("/tmp/.X11-unix/X{}", display.number);
    for socket in [display.directory.path().join("wayland-0"), x11.into()] {
        UnixStream::connect(socket).unwrap();
    }
}

#[test]
fn it_ends_without_an_error_when_the_streamer_does() {
    let mut display = start((320, 200), &[]);
    let mut program = Program::connect(&display);
    program.bare(&Canvas::noise(1, 320, 200));
    display.socket = None;
    assert!(display.end().success());
    assert!(display.log().contains("INFO") && display.log().contains("the streamer has gone"), "{}", display.log());
}

#[test]
fn it_ends_without_an_error_when_it_is_asked_to() {
    for signal in [Signal::TERM, Signal::INT] {
        let mut display = start((320, 200), &[]);
        // Nobody can be given a slot back when it has ended.
        display.keeps = true;
        let mut program = Program::connect(&display);
        program.bare(&Canvas::noise(1, 320, 200));
        display.terminate(signal);
        assert!(display.end().success());
        // Only its end closes the connection.
        let gone = loop {
            if let Err(error) = display.receive() {
                break error;
            }
        };
        assert!(matches!(gone, ReceiveError::Closed), "{gone}");
    }
}

/// Ends a display server that has an X server.
fn ends_with_its_x_server(end: impl FnOnce(&mut Display)) {
    if !has_server() {
        return;
    }
    let mut display = start((320, 200), &[]);
    let mut program = XProgram::connect(&display);
    program.shown(&Canvas::noise(1, 320, 200));
    end(&mut display);
    assert!(display.end().success());
    let socket = format!("/tmp/.X11-unix/X{}", display.number);
    until("no X server", || UnixStream::connect(&socket).is_err());
}

#[test]
fn it_ends_with_its_x_server_when_the_streamer_does() {
    ends_with_its_x_server(|display| display.socket = None);
}

#[test]
fn it_ends_with_its_x_server_when_it_is_asked_to() {
    ends_with_its_x_server(|display| display.terminate(Signal::TERM));
}

#[test]
fn a_message_that_makes_no_sense_ends_it_with_an_error() {
    let mut unknown = [0; 32];
    unknown[0] = 99;
    for (bytes, why) in [(&unknown[..], "unknown kind 99"), (&unknown[..31], "31 bytes")] {
        let mut display = start((320, 200), &[]);
        display.picture();
        send(display.socket.as_ref().unwrap().as_fd(), bytes, SendFlags::NOSIGNAL).unwrap();
        assert!(!display.end().success());
        assert!(display.log().contains(why), "{}", display.log());
    }
}

#[test]
fn a_text_in_memory_that_can_change_ends_it_with_an_error() {
    let mut display = start((320, 200), &[]);
    let (pipe, _writer) = std::io::pipe().unwrap();
    let socket = display.socket.as_ref().unwrap();
    socket.send_with(ToDisplay::Keymap { number: 1, bytes: 1 }, pipe.as_fd()).unwrap();
    assert!(!display.end().success());
    assert!(display.log().contains("not sealed"), "{}", display.log());
}

#[test]
fn while_it_waits_for_the_streamer_it_can_be_asked_to_end() {
    let directory = tempfile::tempdir().unwrap();
    // Who has not yet taken it is waited for as well.
    let streamer = directory.path().join("streamer");
    drop(UnixListener::bind(&streamer).unwrap());
    let mut waiting = command(directory.path()).args(["--width=320", "--height=200"]).spawn().unwrap();
    let id = Pid::from_child(&waiting);
    let caught = format!("/proc/{id}/status");
    until("somebody who takes signals", || {
        let status = std::fs::read_to_string(&caught).unwrap();
        let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:")).unwrap().trim().to_owned();
        u64::from_str_radix(&caught, 16).unwrap() & 1 << (Signal::TERM.as_raw() - 1) != 0
    });
    kill_process(id, Signal::TERM).unwrap();
    assert!(waiting.wait().unwrap().success());
}

#[test]
fn a_streamer_that_it_cannot_connect_to_is_told() {
    let directory = tempfile::tempdir().unwrap();
    let streamer = directory.path().join("streamer");
    let _stream = UnixListener::bind(&streamer).unwrap();
    let output = command(directory.path()).args(["--width=320", "--height=200"]).output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    let expected = format!("the streamer: cannot connect to {}", streamer.display());
    assert!(output.status.code() == Some(1) && said.contains(&expected), "{said}");
}

#[test]
fn sizes_that_pictures_cannot_have_are_refused() {
    for (width, height) in [("321", "200"), ("8", "200"), ("320", "8000")] {
        let mut command = command(Path::new("/nonexistent"));
        let output = command.args(["--width", width, "--height", height]).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{width}x{height}");
    }
}
