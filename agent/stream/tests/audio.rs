//! Sound from the connection of a sound server to packets, decoded again.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]
#![allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, reason = "few and small samples")]

use dillinger_ring::connection::Listener;
use dillinger_stream::audio;
use dillinger_stream::media::{AccessUnit, Audio, AudioStatus};
use opusic_c::{Channels, Decoder, SampleRate};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::net::{SendAncillaryBuffer, SendAncillaryMessage, SendFlags, sendmsg, sockopt};
use rustix::time::ClockId;
use std::io::{IoSlice, Read};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;
use tokio::sync::broadcast;

/// Samples of each channel in a packet.
const FRAMES: usize = 480;
const LENGTH: Duration = Duration::from_millis(10);
/// How long a test waits for what must come.
const PATIENCE: Duration = Duration::from_secs(20);
/// How much earlier than the sound its packet is: 120 samples of the encoder.
const DELAY: Duration = Duration::from_micros(2500);

/// The sound server, which is the test.
struct Server {
    directory: TempDir,
    connection: OwnedFd,
    audio: Audio,
    units: broadcast::Receiver<Arc<AccessUnit>>,
    at: usize,
}

fn now() -> Duration {
    Duration::try_from(rustix::time::clock_gettime(ClockId::Monotonic)).unwrap()
}

/// Sends a message, if there is room for it.
fn send(connection: &OwnedFd, message: &[u8]) -> Result<(), Errno> {
    rustix::net::send(connection, message, SendFlags::DONTWAIT | SendFlags::NOSIGNAL).map(drop)
}

fn failed(reason: &str) -> AudioStatus {
    AudioStatus::Failed(reason.to_owned())
}

impl Server {
    /// One that is connected.
    async fn start() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let audio = audio::start(Listener::new(&directory.path().join("socket")).unwrap()).unwrap();
        assert_eq!(*audio.status.borrow(), failed("the sound server has not connected yet"));
        let units = audio.units.subscribe();
        let connection = connect(directory.path());
        let server = Self { directory, connection, audio, units, at: 0 };
        server.told(AudioStatus::Running).await;
        server
    }

    /// Waits until the sound is said to be so.
    async fn told(&self, status: AudioStatus) {
        let mut told = self.audio.status.clone();
        let told = tokio::time::timeout(PATIENCE, told.wait_for(|told| *told == status)).await;
        told.unwrap_or_else(|_| panic!("{:?} instead of {status:?}", self.audio.status.borrow())).unwrap();
    }

    /// As a sound server does it: a step of 10 ms at once. The left channel has `hertz`, the right one is silent.
    fn play(&mut self, hertz: f64) {
        let mut bytes = Vec::with_capacity(FRAMES * 4);
        for _ in 0..FRAMES {
            let sample = f64::sin(std::f64::consts::TAU * hertz * self.at as f64 / 48_000.0) * 8000.0;
            bytes.extend((sample as i16).to_le_bytes());
            bytes.extend(0_i16.to_le_bytes());
            self.at += 1;
        }
        send(&self.connection, &bytes).unwrap();
    }

    async fn unit(&mut self) -> Arc<AccessUnit> {
        tokio::time::timeout(PATIENCE, self.units.recv()).await.expect("a packet comes").unwrap()
    }

    /// Until all that was sent has been received.
    async fn drained(&self) {
        let empty = async {
            while !is_empty(&self.connection) {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        tokio::time::timeout(PATIENCE, empty).await.expect("the socket is read");
    }

    /// Until somebody listens, and what was played before has been left out.
    async fn listened(&self) {
        send(&self.connection, &[0; FRAMES * 4]).unwrap();
        self.audio.wanted.send_replace(true);
        self.drained().await;
    }
}

fn connect(directory: &Path) -> OwnedFd {
    let (end, _end) = std::io::pipe().unwrap();
    dillinger_ring::connection::connect(&directory.join("socket"), PATIENCE, end).unwrap().unwrap()
}

/// Whether all was received: one that has hardly any memory can only then be written to.
fn is_empty(connection: &OwnedFd) -> bool {
    let size = sockopt::socket_send_buffer_size(connection).unwrap();
    sockopt::set_socket_send_buffer_size(connection, 1).unwrap();
    let mut polled = [PollFd::new(connection, PollFlags::OUT)];
    let empty = poll(&mut polled, Some(&Timespec::default())).unwrap() > 0;
    // The kernel doubles what is set.
    sockopt::set_socket_send_buffer_size(connection, size / 2).unwrap();
    empty
}

/// The channels of a packet.
fn decoded(decoder: &mut Decoder, unit: &AccessUnit) -> [Vec<i16>; 2] {
    let mut samples = vec![0; FRAMES * 2];
    assert_eq!(decoder.decode_to_slice(&unit.data, &mut samples, false).unwrap(), FRAMES);
    [0, 1].map(|channel| samples.iter().skip(channel).step_by(2).map(|sample| sample.cast_signed()).collect())
}

fn loudness(samples: &[i16]) -> f64 {
    (samples.iter().map(|sample| f64::from(*sample).powi(2)).sum::<f64>() / samples.len() as f64).sqrt()
}

fn zero_crossings(samples: &[i16]) -> usize {
    samples.windows(2).filter(|pair| (pair[0] < 0) != (pair[1] < 0)).count()
}

#[tokio::test]
async fn a_tone_is_heard_as_it_was_played() {
    let mut server = Server::start().await;
    server.listened().await;
    let mut decoder = Decoder::new(Channels::Stereo, SampleRate::Hz48000).unwrap();
    let (mut left, mut right) = (Vec::new(), Vec::new());
    for _ in 0..100 {
        server.play(1000.0);
        let [one, other] = decoded(&mut decoder, &*server.unit().await);
        left.extend(one);
        right.extend(other);
    }
    // The sine's loudness, after the codec has begun.
    let expected = 8000.0 / f64::sqrt(2.0);
    assert!((loudness(&left[4800..]) / expected - 1.0).abs() < 0.05, "{}", loudness(&left[4800..]));
    assert!(loudness(&right[4800..]) < expected / 50.0, "{}", loudness(&right[4800..]));
    assert!(zero_crossings(&left[..48_000]).abs_diff(2000) <= 4, "{}", zero_crossings(&left));
}

#[tokio::test]
async fn times_are_those_of_the_steps() {
    let mut server = Server::start().await;
    server.listened().await;
    let before = now();
    server.play(1000.0);
    let first = server.unit().await.taken + DELAY;
    assert!(first >= before && first <= now(), "{before:?} {first:?}");
    // What the server writes late, all at once, was played at its time.
    for _ in 0..5 {
        server.play(1000.0);
    }
    for step in 1..6 {
        let time = server.unit().await.taken + DELAY;
        assert!(time <= first + LENGTH * step, "{first:?} {time:?}");
        assert!(time + LENGTH * 6 >= first, "{first:?} {time:?}");
    }
}

#[tokio::test]
async fn silence_is_not_sent() {
    let mut server = Server::start().await;
    server.listened().await;
    for _ in 0..20 {
        server.play(0.0);
    }
    server.drained().await;
    server.play(1000.0);
    let first = server.unit().await;
    let mut decoder = Decoder::new(Channels::Stereo, SampleRate::Hz48000).unwrap();
    assert!(loudness(&decoded(&mut decoder, &first)[0]) > 1000.0, "the first packet is the sound");
    for _ in 0..20 {
        server.play(0.0);
    }
    server.drained().await;
    let mut tail = 0;
    while server.units.try_recv().is_ok() {
        tail += 1;
    }
    assert_eq!(tail, 5);
}

#[tokio::test]
async fn nobody_hears_what_was_played_before_he_came() {
    let mut server = Server::start().await;
    // Nothing is received for nobody, so that there is no room at last.
    while send(&server.connection, &[1; FRAMES * 4]).is_ok() {}
    server.audio.wanted.send_replace(true);
    server.drained().await;
    let before = now();
    server.play(1000.0);
    assert!(server.unit().await.taken + DELAY >= before);
    assert!(server.units.try_recv().is_err());
}

#[tokio::test]
async fn a_server_that_goes_is_missed_whether_somebody_listens_or_not() {
    for listens in [false, true] {
        let mut server = Server::start().await;
        server.audio.wanted.send_replace(listens);
        server.connection = connect(server.directory.path());
        server.told(AudioStatus::Running).await;
        let replaced = std::mem::replace(&mut server.connection, std::io::pipe().unwrap().0.into());
        drop(replaced);
        server.told(failed("the sound server closed its connection")).await;
        server.connection = connect(server.directory.path());
        server.told(AudioStatus::Running).await;
        server.listened().await;
        server.play(1000.0);
        server.unit().await;
    }
}

#[tokio::test]
async fn the_server_that_comes_takes_the_place_of_the_one_before() {
    let mut server = Server::start().await;
    server.listened().await;
    let before = std::mem::replace(&mut server.connection, connect(server.directory.path()));
    // As soon as it is not connected any more.
    tokio::task::spawn_blocking(move || {
        poll(&mut [PollFd::new(&before, PollFlags::empty())], Some(&Timespec { tv_sec: 20, tv_nsec: 0 })).unwrap();
        assert_eq!(send(&before, &[1; FRAMES * 4]), Err(Errno::PIPE));
    })
    .await
    .unwrap();
    server.play(1000.0);
    server.unit().await;
    assert_eq!(*server.audio.status.borrow(), AudioStatus::Running);
}

#[tokio::test]
async fn a_message_of_another_length_is_the_end_of_its_connection() {
    let mut server = Server::start().await;
    for length in [1, FRAMES * 4 - 1, FRAMES * 4 + 1, 65_536] {
        send(&server.connection, &vec![1; length]).unwrap();
        server.audio.wanted.send_replace(true);
        server.told(failed(&format!("the sound server sent {length} bytes, where each message has 1920"))).await;
        assert_eq!(send(&server.connection, &[1; FRAMES * 4]), Err(Errno::PIPE), "{length}");
        server.connection = connect(server.directory.path());
        server.told(AudioStatus::Running).await;
    }
    assert!(server.units.try_recv().is_err());
    server.play(1000.0);
    server.unit().await;
}

#[tokio::test]
async fn descriptors_are_not_taken() {
    let mut server = Server::start().await;
    server.listened().await;
    let (mut reader, writer) = std::io::pipe().unwrap();
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut ancillary = SendAncillaryBuffer::new(&mut space);
    let descriptors = [writer.as_fd()];
    ancillary.push(SendAncillaryMessage::ScmRights(&descriptors));
    let piece = [1; FRAMES * 4];
    sendmsg(&server.connection, &[IoSlice::new(&piece)], &mut ancillary, SendFlags::empty()).unwrap();
    drop(writer);
    server.unit().await;
    assert_eq!(reader.read(&mut [0]).unwrap(), 0, "nobody has the pipe");
}
