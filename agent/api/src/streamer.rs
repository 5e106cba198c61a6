//! The private interface between the agent and the streamer of a session, `org.dillinger.Streamer1`.
//!
//! It is spoken peer to peer on a socket in the session's directory, never on a bus. The agent
//! connects; several connections may come one after the other or side by side.

// The documentation repeats D-Bus names, which are not Rust items.
#![allow(clippy::doc_markdown)]

use crate::value::Dict;
use zbus::{DBusError, Fd, OwnedFd};

pub use crate::wire::Viewer;

/// The one object path.
pub const PATH: &str = "/org/dillinger/Streamer1";
/// The interface, also what a message to it may have as destination.
pub const INTERFACE: &str = "org.dillinger.Streamer1";
/// File name of the socket in the directory of the display.
pub const SOCKET: &str = "control";
/// Version of the interface, the answer to `Hello`.
pub const VERSION: u32 = 1;
/// Most viewers of a session at one time.
pub const MOST_VIEWERS: usize = 16;
/// How long an offer waits for its viewer, in seconds.
pub const OFFER_SECONDS: u64 = 60;

/// An error of the streamer; the text is one line for people.
#[derive(Debug, Clone, PartialEq, DBusError)]
#[zbus(prefix = "org.dillinger.Streamer1.Error")]
pub enum Error {
    /// The connection, or an error that is none of the interface.
    #[zbus(error)]
    ZBus(zbus::Error),
    /// The offer is no SDP, lacks what is needed, offers no codec that is made here, or came before.
    InvalidOffer(String),
    /// No viewer has this id.
    NoSuchViewer(String),
    /// As many viewers as can be are there already.
    Busy(String),
    /// A value has the wrong form or range.
    InvalidRequest(String),
    /// It was tried and went wrong.
    Failed(String),
}

/// The streamer as the agent sees it.
#[zbus::proxy(
    interface = "org.dillinger.Streamer1",
    default_service = "org.dillinger.Streamer1",
    default_path = "/org/dillinger/Streamer1"
)]
pub trait Streamer {
    /// The version of the interface, see [`VERSION`].
    fn hello(&self) -> Result<u32, Error>;

    /// Hands over the UDP sockets of the session, each bound to one address (not the wildcard), with
    /// the `ip:port` that viewers are told beside it, which is another one behind 1:1 NAT. For an
    /// address that is known already the old descriptor stays, the new one is closed, and later
    /// viewers are told the new `ip:port`; others are added.
    fn set_sockets(&self, sockets: Vec<(Fd<'_>, &str)>) -> Result<(), Error>;

    /// Lets a viewer in and answers its SDP offer; the answer holds all candidates. `viewer` is an
    /// id that the agent chooses, `role` is `player` or `spectator`, `keyboard_layout` is an xkb
    /// layout such as `us`, `de` or `us(intl)`; empty: `us`. An offer can be used once, and a viewer
    /// that is not connected in [`OFFER_SECONDS`] is dropped.
    fn connect(
        &self,
        viewer: &str,
        role: &str,
        name: &str,
        keyboard_layout: &str,
        offer: &str,
    ) -> Result<String, Error>;

    /// Cuts a viewer off at once.
    fn disconnect(&self, viewer: &str) -> Result<(), Error>;

    /// Gives the display another mode; 0 keeps a value. Returns when the display has it.
    fn resize(&self, width: u32, height: u32, refresh_rate: u32) -> Result<(), Error>;

    /// The display as it is now: a readable descriptor with a whole PNG file, a sealed memfd.
    fn screenshot(&self) -> Result<OwnedFd, Error>;

    /// Hands over a channel to a controller of the agent's, a socket for the messages of
    /// `dillinger_ring::pad`, with the controller's number from 0 and its node such as
    /// `/dev/input/event7`. Another one of the same number takes the place of the one before.
    fn add_gamepad(&self, channel: Fd<'_>, index: u32, event_node: &str) -> Result<(), Error>;

    /// A viewer is connected: pictures go to it.
    #[zbus(signal)]
    fn viewer_connected(&self, viewer: &str) -> zbus::Result<()>;

    /// A viewer is gone. `reason` is `left`, `timeout`, `never-connected`, `disconnected` (by call),
    /// `ended` (the display ends), or `failed: ` and why.
    #[zbus(signal)]
    fn viewer_disconnected(&self, viewer: &str, reason: &str) -> zbus::Result<()>;

    /// The viewers, see [`Viewer`].
    #[zbus(property(emits_changed_signal = "false"))]
    fn viewers(&self) -> Result<Vec<Dict>, Error>;

    /// `nvenc`, `vaapi`, `x264`, `openh264` or `vp8`.
    #[zbus(property)]
    fn encoder(&self) -> Result<String, Error>;

    /// Why this encoder.
    #[zbus(property)]
    fn encoder_reason(&self) -> Result<String, Error>;

    /// `H264` or `VP8`.
    #[zbus(property)]
    fn codec(&self) -> Result<String, Error>;

    /// Of the display, pixels.
    #[zbus(property)]
    fn width(&self) -> Result<u32, Error>;

    /// Of the display, pixels.
    #[zbus(property)]
    fn height(&self) -> Result<u32, Error>;

    /// Of the display, Hz.
    #[zbus(property)]
    fn refresh_rate(&self) -> Result<u32, Error>;

    /// Encoded frames of the last second.
    #[zbus(property(emits_changed_signal = "false"))]
    fn frame_rate(&self) -> Result<f64, Error>;

    /// What the encoder aims at, bits a second.
    #[zbus(property(emits_changed_signal = "false"))]
    fn bitrate(&self) -> Result<u64, Error>;

    /// From picture to access unit, mean of the last second, in µs.
    #[zbus(property(emits_changed_signal = "false"), name = "EncodeLatencyUSec")]
    fn encode_latency_usec(&self) -> Result<u64, Error>;

    /// `running`, `off`, or `failed: ` and why.
    #[zbus(property)]
    fn audio(&self) -> Result<String, Error>;

    /// The nodes of the controllers, such as `/dev/input/event7`.
    #[zbus(property)]
    fn gamepads(&self) -> Result<Vec<String>, Error>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_belong_together() {
        let error = Error::Busy("16 viewers".to_owned());
        assert_eq!(error.name().as_str(), format!("{INTERFACE}.Error.Busy"));
        assert_eq!(PATH, format!("/{}", INTERFACE.replace('.', "/")));
    }
}
