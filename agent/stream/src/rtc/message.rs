//! The JSON messages of the data channel `control`.

use serde::{Deserialize, Serialize};

/// Most text of a clipboard that is taken over, in bytes.
pub(super) const CLIPBOARD_BYTES: usize = 64 << 10;

/// From the streamer to the page.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub(super) enum ToPage<'a> {
    /// The first message.
    Hello { role: &'a str, width: u32, height: u32, encoder: &'a str, codec: &'a str, clipboard: bool, gamepads: usize },
    /// Once a second.
    Stats {
        frame_rate: f64,
        bitrate: u64,
        encode_latency_usec: u64,
        captured: u64,
        dropped_frames: u64,
        skipped_frames: u64,
        viewers: usize,
    },
    /// The game's clipboard.
    Clipboard { text: &'a str },
    /// A controller is to rumble.
    Rumble { pad: u8, strong: f32, weak: f32, duration_ms: u64 },
    /// The last message.
    Bye { reason: &'a str },
}

impl ToPage<'_> {
    /// As JSON; empty if it cannot be, which no message here can.
    pub(super) fn json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}

/// From the page to the streamer.
#[derive(Debug, PartialEq, Eq, Deserialize)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub(super) enum FromPage {
    /// The viewer's clipboard.
    Clipboard { text: String },
    /// The most that the viewer wants; 0 is no wish.
    Quality {
        #[serde(default)]
        max_bitrate: u64,
        #[serde(default)]
        max_frame_rate: u32,
    },
    /// What another version of the page may say.
    #[serde(other)]
    Other,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_the_page() {
        let stats = ToPage::Stats {
            frame_rate: 59.5,
            bitrate: 4,
            encode_latency_usec: 3,
            captured: 2,
            dropped_frames: 1,
            skipped_frames: 0,
            viewers: 7,
        };
        let expected = r#"{"type":"stats","frameRate":59.5,"bitrate":4,"encodeLatencyUsec":3,"captured":2,"droppedFrames":1,"skippedFrames":0,"viewers":7}"#;
        assert_eq!(stats.json(), expected);
        let rumble = ToPage::Rumble { pad: 0, strong: 0.5, weak: 1.0, duration_ms: 200 };
        assert_eq!(rumble.json(), r#"{"type":"rumble","pad":0,"strong":0.5,"weak":1.0,"durationMs":200}"#);
        let read = |text: &str| serde_json::from_str::<FromPage>(text).ok();
        let quality = FromPage::Quality { max_bitrate: 1_000_000, max_frame_rate: 0 };
        assert_eq!(read(r#"{"type":"quality","maxBitrate":1000000}"#), Some(quality));
        assert_eq!(read(r#"{"type":"dance","much":true}"#), Some(FromPage::Other));
        assert_eq!(read(r#"{"type":"clipboard"}"#), None);
        assert_eq!(read("[]"), None);
    }
}
