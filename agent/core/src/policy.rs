//! What the settings say about sessions: defaults and ceilings.

use crate::limits::{INFINITY, Limit, Limits};
use crate::value::RawRequest;

/// The name of the library volume that the product ships.
pub const DEFAULT_LIBRARY: &str = "dillinger_library";
/// The image of native games when neither request nor settings name one.
pub const DEFAULT_IMAGE: &str = "localhost/dillinger/base:latest";
/// The image of Windows games when neither request nor settings name one.
pub const DEFAULT_WINE_IMAGE: &str = "localhost/dillinger/wine:latest";
/// The image of the display of streamed sessions.
pub const DEFAULT_DISPLAY_IMAGE: &str = "localhost/dillinger/display:latest";
/// What the label `org.dillinger.display` of an image says whose display server, sound server and streamer understand this
/// agent and each other. To be changed with what they say, here and in `quadlet/images/display/Containerfile`.
pub const DISPLAY_INTERFACE: &str = "1";
/// How long nobody must have been connected to a streamed session before its
/// idle action, in µs.
pub const DEFAULT_IDLE_TIMEOUT_USEC: u64 = 300_000_000;
/// How long a game may take to end after SIGTERM, in µs.
pub const DEFAULT_TIMEOUT_STOP_USEC: u64 = 10_000_000;

/// Defaults and ceilings that apply to every request.
#[derive(Debug, Clone, PartialEq)]
pub struct Policy {
    /// Request keys with the value they have when a request does not name
    /// them. They were checked by [`crate::request::parse`].
    pub defaults: RawRequest,
    /// The most that a request may ask for.
    pub ceilings: Limits,
    /// The longest run time that a request may ask for, in µs.
    pub runtime_max_usec: u64,
    /// How many sessions may live at once.
    pub max_sessions: u32,
    /// The images of sessions that name none.
    pub images: RunnerImages,
    /// What the displays of streamed sessions are.
    pub stream: StreamPolicy,
}

/// Container images by the kind of runner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunnerImages {
    /// Of native games.
    pub native: String,
    /// Of Windows games, through Wine and through Proton.
    pub wine: String,
}

impl Default for RunnerImages {
    fn default() -> Self {
        Self { native: DEFAULT_IMAGE.to_owned(), wine: DEFAULT_WINE_IMAGE.to_owned() }
    }
}

/// What the settings say about the displays of streamed sessions, and no
/// request can.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamPolicy {
    /// Image of the display's container.
    pub image: String,
    /// The encoder to use; `auto` lets the streamer choose.
    pub encoder: String,
    /// Most bits per second of the picture; none leaves it to the streamer.
    pub max_bitrate: Option<u64>,
    /// Virtual gamepads of a session that wants any.
    pub gamepads: u32,
}

impl Default for StreamPolicy {
    fn default() -> Self {
        Self { image: DEFAULT_DISPLAY_IMAGE.to_owned(), encoder: "auto".to_owned(), max_bitrate: None, gamepads: 1 }
    }
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            defaults: RawRequest::new(),
            ceilings: Limits::default(),
            runtime_max_usec: INFINITY,
            max_sessions: 16,
            images: RunnerImages::default(),
            stream: StreamPolicy::default(),
        }
    }
}

impl Policy {
    /// The ceiling of `limit`, if the settings have one.
    pub fn ceiling(&self, limit: Limit) -> Option<u64> {
        Some(self.ceilings.get(limit)).filter(|value| *value != INFINITY && limit.is_ceiling())
    }
}
