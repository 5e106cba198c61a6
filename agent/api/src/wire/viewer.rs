//! Viewers of a streamed session.

use super::convert::dictionary;

dictionary! {
    /// One viewer of a streamed session.
    Viewer {
        /// Its id.
        "Viewer" viewer: String,
        /// `player` or `spectator`.
        "Role" role: String,
        /// A name for people.
        "Name" name: String,
        /// xkb layout of its keyboard.
        "KeyboardLayout" keyboard_layout: String,
        /// `connecting` or `connected`.
        "State" state: String,
        /// When it was connected, in µs since 1970 UTC; 0 if it is not.
        "ConnectedTimestamp" connected_timestamp: u64,
        /// Time to the viewer and back in µs; 0 until it is known.
        "RoundTripTimeUSec" round_trip_time_usec: u64,
        /// What its connection takes, bits a second; 0 until it is known.
        "Bitrate" bitrate: u64,
        /// Part of the packets that are lost on the way, 0 to 1.
        "LossFraction" loss_fraction: f64,
        /// Frames sent to it.
        "FramesSent" frames_sent: u64,
        /// Frames left out for it because its connection was too slow or it waited for a keyframe.
        "FramesDropped" frames_dropped: u64,
        /// Where it is, `ip:port`; empty until it is connected.
        "Address" address: String,
    }
}
