//! Sound from the pipe of a sound server to packets, decoded again.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]
#![allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, reason = "few and small samples")]

use dillinger_stream::audio;
use dillinger_stream::media::{AccessUnit, Audio, AudioStatus};
use opusic_c::{Channels, Decoder, SampleRate};
use rustix::time::ClockId;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tokio::net::unix::pipe;
use tokio::sync::{broadcast, watch};

/// Samples of each channel in a packet.
const FRAMES: usize = 480;
const LENGTH: Duration = Duration::from_millis(10);
/// How long a test waits for what must come.
const PATIENCE: Duration = Duration::from_secs(20);
/// How much earlier than the sound its packet is: 120 samples of the encoder.
const DELAY: Duration = Duration::from_micros(2500);

struct Server {
    pipe: pipe::Sender,
    audio: Audio,
    units: broadcast::Receiver<Arc<AccessUnit>>,
    status: watch::Sender<AudioStatus>,
    at: usize,
}

fn now() -> Duration {
    Duration::try_from(rustix::time::clock_gettime(ClockId::Monotonic)).unwrap()
}

impl Server {
    fn start() -> Self {
        let (pipe, reader) = pipe::pipe().unwrap();
        let (status, server) = watch::channel(AudioStatus::Running);
        let audio = audio::start(reader, server).unwrap();
        let units = audio.units.subscribe();
        Self { pipe, audio, units, status, at: 0 }
    }

    /// As a sound server does it: a step of 10 ms at once. The left channel has `hertz`, the right one is silent.
    async fn play(&mut self, hertz: f64) {
        let mut bytes = Vec::with_capacity(FRAMES * 4);
        for _ in 0..FRAMES {
            let sample = f64::sin(std::f64::consts::TAU * hertz * self.at as f64 / 48_000.0) * 8000.0;
            bytes.extend((sample as i16).to_le_bytes());
            bytes.extend(0_i16.to_le_bytes());
            self.at += 1;
        }
        self.pipe.write_all(&bytes).await.unwrap();
    }

    async fn unit(&mut self) -> Arc<AccessUnit> {
        tokio::time::timeout(PATIENCE, self.units.recv()).await.expect("a packet comes").unwrap()
    }

    /// Until all that was written has been read.
    async fn drained(&self) {
        let empty = async {
            while rustix::io::ioctl_fionread(&self.pipe).unwrap() > 0 {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        tokio::time::timeout(PATIENCE, empty).await.expect("the pipe is read");
    }
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
    let mut server = Server::start();
    server.audio.wanted.send_replace(true);
    let mut decoder = Decoder::new(Channels::Stereo, SampleRate::Hz48000).unwrap();
    let (mut left, mut right) = (Vec::new(), Vec::new());
    for _ in 0..100 {
        server.play(1000.0).await;
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
    let mut server = Server::start();
    server.audio.wanted.send_replace(true);
    server.drained().await;
    let before = now();
    server.play(1000.0).await;
    let first = server.unit().await.taken + DELAY;
    assert!(first >= before && first <= now(), "{before:?} {first:?}");
    // What the server writes late, all at once, was played at its time.
    for _ in 0..5 {
        server.play(1000.0).await;
    }
    for step in 1..6 {
        let time = server.unit().await.taken + DELAY;
        assert!(time <= first + LENGTH * step, "{first:?} {time:?}");
        assert!(time + LENGTH * 6 >= first, "{first:?} {time:?}");
    }
}

#[tokio::test]
async fn silence_is_not_sent() {
    let mut server = Server::start();
    server.audio.wanted.send_replace(true);
    for _ in 0..20 {
        server.play(0.0).await;
    }
    server.drained().await;
    server.play(1000.0).await;
    let first = server.unit().await;
    let mut decoder = Decoder::new(Channels::Stereo, SampleRate::Hz48000).unwrap();
    assert!(loudness(&decoded(&mut decoder, &first)[0]) > 1000.0, "the first packet is the sound");
    for _ in 0..20 {
        server.play(0.0).await;
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
    let mut server = Server::start();
    for _ in 0..10 {
        server.play(1000.0).await;
    }
    assert_eq!(rustix::io::ioctl_fionread(&server.pipe).unwrap(), 19_200, "nothing is read for nobody");
    server.audio.wanted.send_replace(true);
    server.drained().await;
    let before = now();
    server.play(1000.0).await;
    assert!(server.unit().await.taken + DELAY >= before);
    assert!(server.units.try_recv().is_err());
    server.audio.wanted.send_replace(false);
}

#[tokio::test]
async fn the_server_s_status_is_told_and_its_pipe_is_missed() {
    let Server { pipe, audio, status, .. } = Server::start();
    let mut told = audio.status.clone();
    let down = AudioStatus::Failed("pipewire was killed by signal 9".to_owned());
    status.send_replace(down.clone());
    tokio::time::timeout(PATIENCE, told.wait_for(|status| *status == down)).await.unwrap().unwrap();
    status.send_replace(AudioStatus::Running);
    tokio::time::timeout(PATIENCE, told.wait_for(|status| *status == AudioStatus::Running)).await.unwrap().unwrap();
    audio.wanted.send_replace(true);
    drop(pipe);
    let failed = told.wait_for(|status| matches!(status, AudioStatus::Failed(reason) if reason.contains("pipe")));
    tokio::time::timeout(PATIENCE, failed).await.unwrap().unwrap();
}
