//! Clients that do what no client does: others play on.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

#[allow(unreachable_pub)]
mod support;

use pulseaudio::protocol::{Command, PulseError, stream::BufferAttr};
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use support::Sound;
use support::client::{Client, params};
use support::tone::{assert_tone, tone};

/// A game that plays while something else is done, again and again until that is over; it must be heard as if nothing was.
fn plays_on(sound: &Sound, meanwhile: impl FnOnce() + Send) {
    let mut game = Client::connect(sound);
    std::thread::scope(|scope| {
        let meanwhile = scope.spawn(meanwhile);
        let mut over = false;
        while !over {
            let samples = sound.undisturbed(|| {
                over = meanwhile.is_finished();
                let stream = game.play(48_000, 2, BufferAttr { pre_buffering: 1920, ..BufferAttr::default() });
                game.write(stream.channel, &tone(48_000, 2, 48_000));
                game.drain(stream.channel);
                game.act(&Command::DeletePlaybackStream(stream.channel)).unwrap();
            });
            assert_tone(&samples, 0, 1.0, 0.5, 0.0005, "the game");
        }
    });
}

/// A connection that has said nothing.
fn connect(sound: &Sound) -> UnixStream {
    let socket = UnixStream::connect(sound.socket()).unwrap();
    socket.set_read_timeout(Some(support::PATIENCE)).unwrap();
    socket
}

/// Waits for the end of a connection.
fn assert_ended(socket: &mut UnixStream) {
    let mut buffer = [0; 4096];
    loop {
        match socket.read(&mut buffer) {
            Ok(0) => return,
            Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => return,
            read => read.unwrap(),
        };
    }
}

fn head(length: u32, channel: u32, flags: u32) -> Vec<u8> {
    [length, channel, 0, 0, flags].map(u32::to_be_bytes).concat()
}

#[test]
fn bytes_that_make_no_sense_end_their_connection_and_no_other() {
    let sound = Sound::start();
    plays_on(&sound, || {
        let wrong = [
            head(u32::MAX, u32::MAX, 0),
            head(u32::MAX, 0, 0),
            head(4, 0, 0x8000_0000),
            [head(4, u32::MAX, 0), b"what".to_vec()].concat(),
            [head(16, u32::MAX, 0), b"L\0\0\0\x08L\0\0\0\0tnone".to_vec()].concat(),
            vec![0xff; 60_000],
        ];
        for wrong in wrong {
            let mut socket = connect(&sound);
            let _ = socket.write_all(&wrong);
            assert_ended(&mut socket);
        }
    });
}

#[test]
fn who_sends_half_a_message_or_none_or_does_not_read_is_disconnected_after_a_while() {
    let sound = Sound::start();
    let (mut silent, mut half) = (connect(&sound), Client::connect(&sound));
    half.socket.write_all(&head(100, u32::MAX, 0)).unwrap();
    let mut deaf = Client::connect(&sound);
    let ask = [head(10, u32::MAX, 0), b"L\0\0\0\x14L\0\0\0\0".to_vec()].concat();
    plays_on(&sound, || {
        // Until the server reads no more of it, and then no longer waits.
        while deaf.socket.write_all(&ask).is_ok() {}
    });
    assert_ended(&mut silent);
    assert_ended(&mut half.socket);
}

#[test]
fn streams_and_clients_are_bounded_and_come_free_again() {
    let sound = Sound::start();
    plays_on(&sound, || {
        let mut many = Client::connect(&sound);
        let wanted = || params(48_000, 2, BufferAttr::default());
        let made = (0..10_000).filter(|_| many.create(wanted()).is_ok()).count();
        assert_eq!(made, 32);
        assert_eq!(many.create(wanted()).unwrap_err(), PulseError::TooLarge);
        many.act(&Command::DeletePlaybackStream(0)).unwrap();
        many.create(wanted()).unwrap();
        let mut clients: Vec<_> = (0..62).map(|_| Client::connect(&sound)).collect();
        assert_ended(&mut connect(&sound));
        clients.pop();
        while connect_once(&sound).is_none() {}
        let refused = clients.iter_mut().find_map(|client| (0..32).find_map(|_| client.create(wanted()).err()));
        assert_eq!(refused, Some(PulseError::TooLarge), "of all clients together there are not so many");
    });
}

/// A connection, if the server has room for it.
fn connect_once(sound: &Sound) -> Option<()> {
    let mut socket = connect(sound);
    socket.write_all(&[head(20, u32::MAX, 0), b"L\0\0\0\x08L\0\0\0\0L\0\0\0\x23x\0\0\0\0".to_vec()].concat()).ok()?;
    socket.read_exact(&mut [0; 20]).ok()
}

#[test]
fn sound_that_nobody_asked_for_is_not_kept_without_end() {
    let sound = Sound::start();
    plays_on(&sound, || {
        let mut flood = Client::connect(&sound);
        let stream = flood.play(48_000, 2, BufferAttr { pre_buffering: u32::MAX, ..BufferAttr::default() });
        flood.cork(stream.channel, true);
        flood.write(stream.channel, &vec![0; 64 * 1024 * 1024]);
        flood.event(|event| matches!(event, Command::Overflow(_)).then_some(()));
        let status = std::fs::read_to_string(format!("/proc/{}/status", sound.id())).unwrap();
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
        let peak: usize = peak.trim().trim_end_matches("kB").trim().parse().unwrap();
        assert!(peak < 32 * 1024, "{peak} KiB");
    });
}

#[test]
fn who_asks_for_much_and_changes_all_the_time_takes_no_time_from_others() {
    let sound = Sound::start();
    plays_on(&sound, || {
        let mut flood = Client::connect(&sound);
        let streams: Vec<_> = (0..32).map(|_| flood.play(44_101, 2, BufferAttr::default()).channel).collect();
        let list = [head(10, u32::MAX, 0), b"L\0\0\0\x1eL\0\0\0\0".to_vec()].concat();
        let rates = streams.iter().zip(8000_u32..).map(|(stream, rate)| {
            let numbers =
                [74, 0, *stream, rate].map(|number: u32| [&b"L"[..], &number.to_be_bytes()].concat()).concat();
            [head(20, u32::MAX, 0), numbers].concat()
        });
        let rates: Vec<u8> = rates.flatten().collect();
        for _ in 0..200 {
            flood.socket.write_all(&rates).unwrap();
        }
        flood.answer(&Command::GetServerInfo).unwrap();
        while flood.socket.write_all(&list.repeat(3000)).is_ok() {}
    });
}
