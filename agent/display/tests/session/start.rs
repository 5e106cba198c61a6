//! The plain thing, how it begins and how it ends.

use crate::support::canvas::{BLACK, Canvas};
use crate::support::display::start;
use crate::support::program::Program;
use crate::support::until;
use crate::support::x11::{XProgram, has_server};
use dillinger_ring::message::ToDisplay;
use rustix::net::{SendFlags, send};
use std::os::fd::AsFd;
use std::process::{Command, Stdio};

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
fn it_ends_without_an_error_when_the_streamer_does() {
    let mut display = start((320, 200), &[]);
    let mut program = Program::connect(&display);
    program.bare(&Canvas::noise(1, 320, 200));
    display.socket = None;
    assert!(display.end().success());
}

#[test]
fn it_ends_with_its_x_server_when_the_streamer_does() {
    if !has_server() {
        return;
    }
    let mut display = start((320, 200), &[]);
    let mut program = XProgram::connect(&display);
    program.shown(&Canvas::noise(1, 320, 200));
    display.socket = None;
    assert!(display.end().success());
    let socket = format!("/tmp/.X11-unix/X{}", display.number);
    until("no X server", || std::os::unix::net::UnixStream::connect(&socket).is_err());
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
fn without_a_streamer_it_does_not_start() {
    let directory = tempfile::tempdir().unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_dillinger-display"))
        .args(["--width=320", "--height=200", "--directory"])
        .arg(directory.path())
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success() && said.contains("the connection to the streamer"), "{said}");
}

#[test]
fn sizes_that_pictures_cannot_have_are_refused() {
    for (width, height) in [("321", "200"), ("8", "200"), ("320", "8000")] {
        let output = Command::new(env!("CARGO_BIN_EXE_dillinger-display"))
            .args(["--directory=/nonexistent", "--width", width, "--height", height])
            .stdin(Stdio::null())
            .output()
            .unwrap();
        assert!(!output.status.success(), "{width}x{height}");
    }
}
