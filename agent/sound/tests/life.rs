//! How the server begins and ends, and what it does with its streamer.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

#[allow(unreachable_pub)]
mod support;

use dillinger_ring::connection::Listener;
use pulseaudio::protocol::stream::BufferAttr;
use rustix::process::{Pid, Signal, kill_process};
use std::os::unix::net::UnixListener;
use std::time::Instant;
use support::client::Client;
use support::tone::tone;
use support::{PATIENCE, PIECE, Sound, accept, command};

#[test]
fn systemd_is_told_when_games_can_connect() {
    let sound = Sound::start();
    assert_eq!(sound.tells_systemd(), "READY=1");
    Client::connect(&sound);
}

#[test]
fn a_streamer_that_takes_nothing_stalls_no_game() {
    let sound = Sound::start_unheard();
    let mut game = Client::connect(&sound);
    let stream = game.play(48_000, 2, BufferAttr { pre_buffering: 1920, ..BufferAttr::default() });
    game.write(stream.channel, &tone(48_000, 2, 48_000));
    game.drain(stream.channel);
    // As a pipe of 64 KiB would hold, more or less, and not the whole second.
    let pieces = sound.on_the_way() / u64::try_from(PIECE * 4).unwrap();
    assert!((16..=48).contains(&pieces), "{pieces} pieces wait");
}

#[test]
fn it_ends_without_an_error_when_its_streamer_does() {
    for plays in [false, true] {
        let mut sound = Sound::start_unheard();
        let mut game = Client::connect(&sound);
        if plays {
            let stream = game.play(48_000, 2, BufferAttr { pre_buffering: 1920, ..BufferAttr::default() });
            game.write(stream.channel, &tone(48_000, 2, 48_000));
        }
        sound.leave();
        assert!(sound.ended().success(), "it plays: {plays}");
    }
}

#[test]
fn it_ends_without_an_error_when_it_is_asked_to() {
    for signal in [Signal::TERM, Signal::INT] {
        let mut sound = Sound::start_unheard();
        let _game = Client::connect(&sound);
        sound.terminate(signal);
        assert!(sound.ended().success());
    }
}

#[test]
fn one_that_is_started_again_takes_the_place_of_the_one_before() {
    let directory = tempfile::tempdir().unwrap();
    let listener = Listener::new(&directory.path().join("streamer")).unwrap();
    for _ in 0..2 {
        let mut child = command(directory.path()).spawn().unwrap();
        let connection = accept(&listener);
        std::os::unix::net::UnixStream::connect(directory.path().join("native")).unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
        drop(connection);
    }
}

#[test]
fn while_it_waits_for_its_streamer_it_can_be_asked_to_end() {
    let directory = tempfile::tempdir().unwrap();
    let mut waiting = command(directory.path()).spawn().unwrap();
    let end = Instant::now() + PATIENCE;
    // It takes signals before it listens.
    while !directory.path().join("native").exists() {
        assert!(Instant::now() < end, "it does not listen");
        std::thread::yield_now();
    }
    kill_process(Pid::from_child(&waiting), Signal::TERM).unwrap();
    assert!(waiting.wait().unwrap().success());
}

#[test]
fn what_it_cannot_begin_without_is_told() {
    let directory = tempfile::tempdir().unwrap();
    let said = |directory: &std::path::Path| {
        let output = command(directory).output().unwrap();
        assert_eq!(output.status.code(), Some(1));
        String::from_utf8(output.stderr).unwrap()
    };
    let _stream = UnixListener::bind(directory.path().join("streamer")).unwrap();
    let no_streamer = said(directory.path());
    assert!(no_streamer.starts_with("dillinger-sound: cannot connect to ") && no_streamer.lines().count() == 1);
    let no_directory = said(&directory.path().join("none"));
    assert!(no_directory.contains("none/native for games: ") && no_directory.lines().count() == 1, "{no_directory}");
}
