//! The parts around the viewers, and a page made of str0m.

// Each test file uses a part of it.
#![allow(dead_code, unreachable_pub)]
#![allow(clippy::cast_precision_loss, clippy::too_many_lines)]

pub mod page;

use dillinger_stream::media::{
    AccessUnit, Audio, AudioStatus, EncodedPicture, Feedback, Input, InputCommand, Video, VideoCodec, VideoCommand,
    VideoStatus, ViewerId,
};
use dillinger_stream::rtc::{self, Request, Role, Settings, Viewers};
use std::net::UdpSocket;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{broadcast, mpsc, watch};

/// How long a test waits for what must come.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// A session without display server, encoder and sound server.
pub struct Session {
    pub viewers: Viewers,
    pub video: Video,
    pub audio: Audio,
    pub input: Input,
    pub asked: mpsc::Receiver<VideoCommand>,
    pub played: mpsc::Receiver<InputCommand>,
    pub status: watch::Sender<VideoStatus>,
    pub listened: watch::Receiver<bool>,
    pub sound_status: watch::Sender<AudioStatus>,
    pub gamepads: watch::Sender<Vec<String>>,
}

pub fn video_status() -> VideoStatus {
    VideoStatus {
        encoder: "x264".to_owned(),
        encoder_reason: "test".to_owned(),
        codec: VideoCodec::H264,
        codecs: vec![VideoCodec::H264, VideoCodec::Vp8],
        width: 1280,
        height: 720,
        refresh_rate: 60,
        frame_rate: 60.0,
        bitrate: 4_000_000,
        max_bitrate: 20_000_000,
        encode_latency: Duration::from_millis(4),
        captured: 100,
        dropped: 1,
    }
}

impl Session {
    /// Begins; `room` is that of the queue of input.
    pub fn start(room: usize) -> Self {
        let (commands, asked) = mpsc::channel(64);
        let (status, video_status) = watch::channel(video_status());
        let (input_commands, played) = mpsc::channel(room);
        let (sound_status, audio_status) = watch::channel(AudioStatus::Running);
        let (gamepads, nodes) = watch::channel(vec!["/dev/input/event7".to_owned()]);
        let (wanted, listened) = watch::channel(false);
        let video = Video { units: broadcast::channel(16).0, commands, status: video_status };
        let audio = Audio { units: broadcast::channel(64).0, wanted, status: audio_status };
        let input = Input { commands: input_commands, feedback: broadcast::channel(16).0, gamepads: nodes };
        let settings = Settings { clipboard: true };
        let viewers = rtc::start(settings, video.clone(), audio.clone(), input.clone());
        Self { viewers, video, audio, input, asked, played, status, listened, sound_status, gamepads }
    }

    /// Gives the session a socket and returns its address.
    pub async fn socket(&self, advertised: Option<&str>) -> std::net::SocketAddr {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        let address = socket.local_addr().unwrap();
        let told = advertised.map_or_else(|| address.to_string(), str::to_owned);
        self.viewers.set_sockets(vec![(OwnedFd::from(socket), told)]).await.unwrap();
        address
    }

    /// Lets a viewer in; the keyboard of a player is ready at once.
    pub async fn connect(&mut self, name: &str, role: Role, offer: String) -> Result<String, rtc::Error> {
        let viewers = self.viewers.clone();
        let connect = viewers.connect(request(name, role), offer);
        tokio::pin!(connect);
        loop {
            tokio::select! {
                answer = &mut connect => return answer,
                Some(command) = self.played.recv() => {
                    if let InputCommand::Join { layout, done, .. } = command {
                        let known = if layout == "xx" { Err("no layout xx".to_owned()) } else { Ok(()) };
                        done.send(known).unwrap();
                    }
                }
            }
        }
    }

    /// The next input, other than that somebody joined.
    pub async fn input(&mut self) -> InputCommand {
        tokio::time::timeout(PATIENCE, self.played.recv()).await.expect("no input").unwrap()
    }

    /// Waits for a request to the video part.
    pub async fn asked(&mut self, what: impl Fn(&VideoCommand) -> bool) -> VideoCommand {
        let found = async {
            loop {
                let command = self.asked.recv().await.unwrap();
                if what(&command) {
                    return command;
                }
            }
        };
        tokio::time::timeout(PATIENCE, found).await.expect("the video part was not asked")
    }

    /// Makes pictures of `bytes` at 60 Hz, or of fewer where the limits ask for
    /// it, and sound, until dropped; keyframes where they are asked for.
    pub fn play(&mut self, bytes: usize) -> Player {
        let (video, audio) = (self.video.units.clone(), self.audio.units.clone());
        let mut asked = std::mem::replace(&mut self.asked, mpsc::channel(1).1);
        let (told, record) = watch::channel(Asked::default());
        let task = tokio::spawn(async move {
            let mut ticks = tokio::time::interval(Duration::from_micros(16_667));
            let (mut codec, mut key, mut bytes) = (VideoCodec::H264, false, bytes);
            let most = bytes;
            loop {
                tokio::select! {
                    _ = ticks.tick() => {
                        let _ = video.send(Arc::new(picture(codec, std::mem::take(&mut key), bytes)));
                        let _ = audio.send(Arc::new(sound()));
                    }
                    command = asked.recv() => match command {
                        Some(VideoCommand::Keyframe) => {
                            key = true;
                            told.send_modify(|told| told.keyframes += 1);
                        }
                        Some(VideoCommand::Codec(other)) => {
                            (codec, key) = (other, true);
                            told.send_modify(|told| told.codecs.push(other));
                        }
                        Some(VideoCommand::Limits { bitrate, frame_rate }) => {
                            bytes = most.min(usize::try_from(bitrate / 8 / 60).unwrap());
                            told.send_modify(|told| told.limits.push((bitrate, frame_rate)));
                        }
                        Some(_) => {}
                        None => return,
                    },
                }
            }
        });
        Player { task, asked: record }
    }
}

/// What the video part was asked.
#[derive(Debug, Default, Clone)]
pub struct Asked {
    pub keyframes: usize,
    pub codecs: Vec<VideoCodec>,
    pub limits: Vec<(u64, u32)>,
}

pub struct Player {
    task: tokio::task::JoinHandle<()>,
    pub asked: watch::Receiver<Asked>,
}

impl Drop for Player {
    fn drop(&mut self) {
        self.task.abort();
    }
}

pub fn request(name: &str, role: Role) -> Request {
    Request { viewer: ViewerId(name.into()), role, name: name.to_owned(), keyboard_layout: "us".to_owned() }
}

/// The time of `CLOCK_MONOTONIC`.
pub fn clock() -> Duration {
    rustix::time::clock_gettime(rustix::time::ClockId::Monotonic).try_into().unwrap()
}

/// An access unit in form. H.264: parameter sets and an IDR slice, or a slice. VP8: the tag of a frame.
pub fn picture(codec: VideoCodec, keyframe: bool, bytes: usize) -> EncodedPicture {
    let mut data = Vec::new();
    match (codec, keyframe) {
        (VideoCodec::H264, true) => data.extend([
            0, 0, 0, 1, 0x67, 0x42, 0xe0, 0x1f, 1, 2, 3, 0, 0, 0, 1, 0x68, 0xce, 0x3c, 0x80, 0, 0, 0, 1, 0x65,
        ]),
        (VideoCodec::H264, false) => data.extend([0, 0, 0, 1, 0x41]),
        (VideoCodec::Vp8, true) => data.extend([0x10, 2, 0, 0x9d, 0x01, 0x2a, 0, 5, 0xd0, 2]),
        (VideoCodec::Vp8, false) => data.extend([0x11, 2, 0]),
    }
    data.resize(if keyframe { bytes * 6 } else { bytes }, 0x55);
    EncodedPicture { codec, unit: AccessUnit { data: data.into(), keyframe, taken: clock() } }
}

pub fn sound() -> AccessUnit {
    AccessUnit { data: vec![0xfc; 120].into(), keyframe: true, taken: clock() }
}

pub fn rumble(viewer: &str) -> Feedback {
    let viewer = ViewerId(viewer.into());
    Feedback::Rumble { viewer, pad: 0, strong: 1.0, weak: 0.5, duration: Duration::from_millis(200) }
}
