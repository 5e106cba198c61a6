//! The display of a streamed session: what the request and the settings make
//! of it.

use crate::policy::{DEFAULT_IDLE_TIMEOUT_USEC, Policy};
use crate::problem::{ProblemClass, Problems, quoted};
use crate::request::{IdleAction, SessionRequest};
use crate::value::RawRequest;
use serde::{Deserialize, Serialize};

/// A display of the session's own, with what shows it to viewers.
#[expect(clippy::struct_excessive_bools, reason = "each is a key of its own")]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StreamSpec {
    /// Image of the display's container.
    pub image: String,
    /// Width in pixels, even.
    pub width: u32,
    /// Height in pixels, even.
    pub height: u32,
    /// Frames per second.
    pub refresh_rate: u32,
    /// Whether there is a sound server.
    pub audio: bool,
    /// Number of virtual gamepads.
    pub gamepads: u32,
    /// Why there are none, or which.
    pub gamepad_status: String,
    /// Whether viewers share the clipboard's text with the game.
    pub clipboard: bool,
    /// Whether a key or a button lets the game draw at once.
    #[serde(default = "yes")]
    pub frame_on_input: bool,
    /// Whether a lone window that is smaller than the display is the whole
    /// picture.
    #[serde(default = "yes")]
    pub fill_display: bool,
    /// What happens when nobody is connected.
    pub idle_action: IdleAction,
    /// How long nobody must have been connected for that, in µs; `u64::MAX` is
    /// for ever.
    pub idle_timeout_usec: u64,
    /// The encoder to use; `auto` lets the streamer choose.
    pub encoder: String,
    /// Most bits per second of the picture; none leaves it to the streamer.
    pub max_bitrate: Option<u64>,
}

/// What a display does whose session was recorded by an agent without the key.
fn yes() -> bool {
    true
}

/// Keys that say something of a session's own display only.
const OWN_KEYS: [&str; 8] =
    ["Width", "Height", "RefreshRate", "Clipboard", "FrameOnInput", "FillDisplay", "IdleAction", "IdleTimeoutUSec"];
/// The directory of the display's X11 socket, where no other mount may be.
const X11_TARGET: &str = "/tmp/.X11-unix";

/// The display that a request asks for, if it does.
pub(super) fn resolve(
    request: &SessionRequest,
    raw: &RawRequest,
    policy: &Policy,
    problems: &mut Problems,
) -> Option<StreamSpec> {
    match request.display.as_deref() {
        Some("stream") => {}
        other => {
            check_without_display(request, other, raw, problems);
            return None;
        }
    }
    check_mounts(request, problems);
    let wants_gamepads = request.gamepads.unwrap_or(true) && policy.stream.gamepads > 0;
    if raw.contains_key("Gamepads") && request.gamepads == Some(true) && !wants_gamepads {
        problems.push(ProblemClass::LimitExceeded, "Gamepads", "the settings permit no virtual gamepads");
    }
    Some(StreamSpec {
        image: policy.stream.image.clone(),
        width: request.width.unwrap_or(1280),
        height: request.height.unwrap_or(720),
        refresh_rate: request.refresh_rate.unwrap_or(60),
        audio: request.audio.as_deref() != Some("none"),
        gamepads: if wants_gamepads { policy.stream.gamepads } else { 0 },
        gamepad_status: "off".to_owned(),
        clipboard: request.clipboard.unwrap_or(false),
        frame_on_input: request.frame_on_input.unwrap_or(true),
        fill_display: request.fill_display.unwrap_or(true),
        idle_action: request.idle_action.unwrap_or(IdleAction::Keep),
        idle_timeout_usec: request.idle_timeout_usec.unwrap_or(DEFAULT_IDLE_TIMEOUT_USEC),
        encoder: policy.stream.encoder.clone(),
        max_bitrate: policy.stream.max_bitrate,
    })
}

/// What belongs to a display of the session's own is refused without one where
/// the request says it; the settings may say it for the sessions that have one.
fn check_without_display(request: &SessionRequest, display: Option<&str>, raw: &RawRequest, problems: &mut Problems) {
    let mut refuse = |key: &str, what: &str| {
        let text = format!("{what} is not supported by this version without Display stream, expected none or auto");
        problems.push(ProblemClass::Unsupported, key, text);
    };
    if let Some(display @ ("wayland" | "x11")) = display {
        let text = format!("{display} is not supported by this version, expected stream, none or auto");
        problems.push(ProblemClass::Unsupported, "Display", text);
        return;
    }
    if let Some(audio @ ("pipewire" | "pulse")) = request.audio.as_deref().filter(|_| raw.contains_key("Audio")) {
        refuse("Audio", audio);
    }
    if request.gamepads == Some(true) && raw.contains_key("Gamepads") {
        let text = "controllers are not supported by this version without Display stream, expected false";
        problems.push(ProblemClass::Unsupported, "Gamepads", text);
    }
    for key in OWN_KEYS.into_iter().filter(|key| raw.contains_key(*key)) {
        problems.invalid(key, "belongs to a session's own display, expected Display stream with it");
    }
}

fn check_mounts(request: &SessionRequest, problems: &mut Problems) {
    let taken =
        |target: &str| target.strip_prefix(X11_TARGET).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    for mount in request.mounts.iter().flatten().filter(|mount| taken(&mount.target)) {
        problems.invalid("Mounts", format!("target {} is taken by the session's display", quoted(&mount.target)));
    }
}
