//! What the parts of the streamer hand to each other.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{broadcast, mpsc, oneshot, watch};

/// A viewer, by the id that the agent chose.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ViewerId(pub Arc<str>);

impl fmt::Display for ViewerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// How the video is encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VideoCodec {
    /// H.264, constrained baseline, byte stream.
    H264,
    /// VP8.
    Vp8,
}

impl VideoCodec {
    /// The name in SDP and in the property `Codec`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::H264 => "H264",
            Self::Vp8 => "VP8",
        }
    }
}

/// The bytes of one encoded picture, or one Opus packet.
#[derive(Clone)]
pub struct AccessUnit {
    /// The bytes as the encoder made them.
    pub data: Arc<[u8]>,
    /// It can be decoded by itself. Always so for sound.
    pub keyframe: bool,
    /// When the picture was taken or the sound was played: `CLOCK_MONOTONIC`.
    /// Sound and picture have one clock, so that they stay in step.
    pub taken: Duration,
}

impl fmt::Debug for AccessUnit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (bytes, keyframe, taken) = (self.data.len(), self.keyframe, self.taken);
        f.debug_struct("AccessUnit").field("bytes", &bytes).field("keyframe", &keyframe).field("taken", &taken).finish()
    }
}

/// One encoded picture.
#[derive(Debug, Clone)]
pub struct EncodedPicture {
    /// How it is encoded, which may be another way than the one before.
    pub codec: VideoCodec,
    /// The picture.
    pub unit: AccessUnit,
}

/// What the video part can be asked for.
#[derive(Debug)]
pub enum VideoCommand {
    /// Another codec from the next keyframe on, one of [`VideoStatus::codecs`].
    Codec(VideoCodec),
    /// A keyframe soon: a viewer joined or lost pictures. Also of a picture that
    /// stands still.
    Keyframe,
    /// The most that the viewers' connections take.
    Limits {
        /// Bits a second.
        bitrate: u64,
        /// Frames a second; 0 means as many as the display has.
        frame_rate: u32,
    },
    /// Whether anybody watches: nothing is encoded for nobody.
    Watched(bool),
    /// Another mode of the display; 0 keeps a value.
    Resize {
        /// Pixels.
        width: u32,
        /// Pixels.
        height: u32,
        /// Hz.
        refresh_rate: u32,
        /// Told when the display has the mode, or why it has not.
        done: oneshot::Sender<Result<(), String>>,
    },
    /// The display as it is now, as a PNG file.
    Screenshot(oneshot::Sender<Result<Vec<u8>, String>>),
}

/// How the video is at the moment.
#[derive(Debug, Clone, PartialEq)]
pub struct VideoStatus {
    /// The encoder: `nvenc`, `vaapi`, `x264`, `openh264` or `vp8`.
    pub encoder: String,
    /// Why this one.
    pub encoder_reason: String,
    /// What it makes.
    pub codec: VideoCodec,
    /// What can be made instead for viewers that need it, the preferred one first.
    pub codecs: Vec<VideoCodec>,
    /// Of the display, pixels.
    pub width: u32,
    /// Of the display, pixels.
    pub height: u32,
    /// Of the display, Hz.
    pub refresh_rate: u32,
    /// Access units of the last second.
    pub frame_rate: f64,
    /// What the encoder aims at, bits a second.
    pub bitrate: u64,
    /// The most that it ever aims at in this mode, bits a second.
    pub max_bitrate: u64,
    /// From picture to access unit, mean of the last second.
    pub encode_latency: Duration,
    /// Pictures taken since the start.
    pub captured: u64,
    /// Pictures that were taken and not encoded, since the start.
    pub dropped: u64,
}

/// The video part as the others see it.
#[derive(Debug, Clone)]
pub struct Video {
    /// Every picture; whoever lags behind asks for a keyframe.
    pub units: broadcast::Sender<Arc<EncodedPicture>>,
    /// Requests.
    pub commands: mpsc::Sender<VideoCommand>,
    /// Changes once a second while anything changes.
    pub status: watch::Receiver<VideoStatus>,
}

/// How the sound is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AudioStatus {
    /// Not wanted in this session.
    Off,
    /// There is a sound server.
    Running,
    /// There should be one.
    Failed(String),
}

impl fmt::Display for AudioStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Off => f.write_str("off"),
            Self::Running => f.write_str("running"),
            Self::Failed(reason) => write!(f, "failed: {reason}"),
        }
    }
}

/// The sound part as the others see it.
#[derive(Debug, Clone)]
pub struct Audio {
    /// Opus packets of 10 ms; none while the game is silent.
    pub units: broadcast::Sender<Arc<AccessUnit>>,
    /// Whether anybody listens: nothing is encoded for nobody.
    pub wanted: watch::Sender<bool>,
    /// How it is.
    pub status: watch::Receiver<AudioStatus>,
}

/// What a player does. The parser of the data channel makes these.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InputEvent {
    /// A key by its Linux code (`KEY_*` of linux/input-event-codes.h).
    Key {
        /// `KEY_*`
        code: u16,
        /// Down or up.
        pressed: bool,
    },
    /// A mouse button (`BTN_LEFT` and so on).
    Button {
        /// `BTN_*`
        code: u16,
        /// Down or up.
        pressed: bool,
    },
    /// The pointer's place, 0 to 65535 across the picture.
    Absolute {
        /// From the left.
        x: u16,
        /// From the top.
        y: u16,
    },
    /// The pointer's move, pixels.
    Relative {
        /// To the right.
        dx: i16,
        /// Downward.
        dy: i16,
    },
    /// The wheel, 1/120 of a notch.
    Wheel {
        /// To the right instead of down.
        horizontal: bool,
        /// Positive is down or right.
        value: i16,
    },
    /// The page lost the focus: everything this viewer holds is let go.
    ReleaseAll,
    /// The whole state of a controller, in the standard mapping of the
    /// Gamepad API.
    Gamepad {
        /// Which one, from 0.
        pad: u8,
        /// One bit a button, in the order of the standard mapping.
        buttons: u32,
        /// Left x and y, right x and y; down and right are positive.
        axes: [i16; 4],
        /// Left and right, 0 to 255.
        triggers: [u8; 2],
    },
}

/// What the input part can be asked for.
#[derive(Debug)]
pub enum InputCommand {
    /// A player joined, with a keyboard layout as `us`, `de` or `us(intl)`.
    Join {
        /// Who.
        viewer: ViewerId,
        /// xkb layout, with a variant in parentheses if any; empty means `us`.
        layout: String,
        /// Told whether there is such a layout.
        done: oneshot::Sender<Result<(), String>>,
    },
    /// A player left: what he holds is let go.
    Leave(ViewerId),
    /// He did something.
    Event(ViewerId, InputEvent),
    /// Text that he put on his clipboard.
    Clipboard(String),
    /// A controller of the agent's, or another channel to one that is known.
    AddGamepad {
        /// A socket for the messages of [`dillinger_ring::pad`].
        channel: std::os::fd::OwnedFd,
        /// Which one, from 0.
        index: u32,
        /// Its node, as `/dev/input/event7`.
        node: String,
    },
}

/// What comes back from the game to the players.
#[derive(Debug, Clone, PartialEq)]
pub enum Feedback {
    /// Text that the game put on the clipboard.
    Clipboard(String),
    /// A controller is to rumble.
    Rumble {
        /// Whose: other players do not feel it.
        viewer: ViewerId,
        /// Which of his, from 0, as in his [`InputEvent::Gamepad`].
        pad: u8,
        /// The heavy motor, 0 to 1.
        strong: f32,
        /// The light motor, 0 to 1.
        weak: f32,
        /// How long; zero stops the motors.
        duration: Duration,
    },
}

/// The input part as the others see it.
#[derive(Debug, Clone)]
pub struct Input {
    /// Requests, in order.
    pub commands: mpsc::Sender<InputCommand>,
    /// What comes back.
    pub feedback: broadcast::Sender<Feedback>,
    /// The nodes of the controllers.
    pub gamepads: watch::Receiver<Vec<String>>,
}
