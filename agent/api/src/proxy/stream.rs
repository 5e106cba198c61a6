//! `org.dillinger.Runner1.Session.Stream`

use super::Options;
use super::interface::interface;
use crate::value::Dict;
use zbus::OwnedFd;

interface! {
    /// The display of a streamed session and its viewers.
    StreamProxy = trait Stream "org.dillinger.Runner1.Session.Stream" ();
    methods {
        /// Lets a viewer in: its id and the answer to its offer. Options: Role, Name, KeyboardLayout.
        method "Connect" connect(offer: &str, options: &Options<'_>) -> (viewer: String, answer: String);
        /// Cuts a viewer off at once.
        method "Disconnect" disconnect(viewer: &str) -> ();
        /// Gives the display another mode; 0 keeps a value.
        method "Resize" resize(width: u32, height: u32, refresh_rate: u32) -> ();
        /// The display as it is now, a whole PNG file.
        method "Screenshot" screenshot(options: &Options<'_>) -> (image: OwnedFd);
    }
    signals {
        /// Pictures go to a viewer.
        signal "ViewerConnected" viewer_connected(viewer: String);
        /// A viewer has gone.
        signal "ViewerDisconnected" viewer_disconnected(viewer: String, reason: String);
    }
    properties {
        /// One dictionary per viewer, measured when it is read; see [`crate::wire::Viewer`].
        property "Viewers" "false" viewers: Vec<Dict>;
        /// nvenc, vaapi, x264, openh264 or vp8; empty as long as the display is not up.
        property "Encoder" "true" encoder: String;
        /// Why this encoder, one line for people.
        property "EncoderReason" "true" encoder_reason: String;
        /// H264 or VP8; empty as long as the display is not up.
        property "Codec" "true" codec: String;
        /// Width of the display in pixels.
        property "Width" "true" width: u32;
        /// Height of the display in pixels.
        property "Height" "true" height: u32;
        /// Frames per second of the display.
        property "RefreshRate" "true" refresh_rate: u32;
        /// Frames that were encoded in the last second.
        property "FrameRate" "false" frame_rate: f64;
        /// What the encoder aims at, in bits per second.
        property "Bitrate" "false" bitrate: u64;
        /// From a picture to its encoded form, mean of the last second, in microseconds.
        property "EncodeLatencyUSec" "false" encode_latency_usec: u64;
        /// running, off, or "failed: " and why; empty as long as the display is not up.
        property "AudioStatus" "true" audio_status: String;
        /// The event devices of the virtual controllers, off, or what this host lacks to have them.
        property "GamepadStatus" "true" gamepad_status: String;
    }
}
