//! The D-Bus object.

use super::{Parts, file};
use crate::media::{InputCommand, VideoCommand, ViewerId};
use crate::rtc;
use dillinger_runner_api::streamer::{Error, VERSION};
use dillinger_runner_api::value::Dict;
use std::os::fd::OwnedFd;
use std::time::Duration;
use tokio::sync::oneshot;
use zbus::object_server::SignalEmitter;

/// How long another mode or a picture may take.
const VIDEO_TIME: Duration = Duration::from_secs(10);
/// Most bytes of a viewer's id, name or layout.
const TEXT_BYTES: usize = 256;
/// Most controllers.
const GAMEPADS: u32 = 16;

type Result<T> = std::result::Result<T, Error>;

/// The object at [`dillinger_runner_api::streamer::PATH`].
pub(super) struct Streamer {
    parts: Parts,
}

impl Streamer {
    pub(super) fn new(parts: Parts) -> Self {
        Self { parts }
    }

    async fn ask<T>(
        &self,
        command: impl FnOnce(oneshot::Sender<std::result::Result<T, String>>) -> VideoCommand,
    ) -> Result<T> {
        let (done, answer) = oneshot::channel();
        let asked = async {
            self.parts.video.commands.send(command(done)).await.ok()?;
            answer.await.ok()
        };
        match tokio::time::timeout(VIDEO_TIME, asked).await {
            Ok(Some(answer)) => answer.map_err(Error::Failed),
            Ok(None) => Err(Error::Failed("the streamer stops".to_owned())),
            Err(_) => Err(Error::Failed(format!("the display did not answer in {} s", VIDEO_TIME.as_secs()))),
        }
    }
}

// Everything that zbus may call is async, and D-Bus has its own names.
#[allow(clippy::unused_async)]
#[zbus::interface(name = "org.dillinger.Streamer1")]
impl Streamer {
    async fn hello(&self) -> u32 {
        VERSION
    }

    async fn set_sockets(&self, sockets: Vec<(zbus::OwnedFd, String)>) -> Result<()> {
        let sockets = sockets.into_iter().map(|(socket, address)| (OwnedFd::from(socket), address)).collect();
        self.parts.viewers.set_sockets(sockets).await.map_err(error)
    }

    async fn connect(
        &self,
        viewer: String,
        role: String,
        name: String,
        keyboard_layout: String,
        offer: String,
    ) -> Result<String> {
        for (what, text) in [("viewer", &viewer), ("name", &name), ("keyboard_layout", &keyboard_layout)] {
            if text.len() > TEXT_BYTES {
                return Err(Error::InvalidRequest(format!("{what} has more than {TEXT_BYTES} bytes")));
            }
        }
        if viewer.is_empty() {
            return Err(Error::InvalidRequest("viewer is empty; it must be an id".to_owned()));
        }
        let role = role.parse().map_err(error)?;
        let layout = if keyboard_layout.is_empty() { "us".to_owned() } else { keyboard_layout };
        let request = rtc::Request { viewer: ViewerId(viewer.into()), role, name, keyboard_layout: layout };
        self.parts.viewers.connect(request, offer).await.map_err(error)
    }

    async fn disconnect(&self, viewer: String) -> Result<()> {
        self.parts.viewers.disconnect(ViewerId(viewer.into())).await.map_err(error)
    }

    async fn resize(&self, width: u32, height: u32, refresh_rate: u32) -> Result<()> {
        let fits = |value: u32, least, most| value == 0 || (least..=most).contains(&value);
        let even = width.is_multiple_of(2) && height.is_multiple_of(2);
        if !(fits(width, 16, 7680) && fits(height, 16, 4320) && fits(refresh_rate, 1, 240) && even) {
            let text = format!(
                "{width}x{height} at {refresh_rate} Hz: width must be 16 to 7680 and height 16 to 4320, both even, \
                 the refresh rate 1 to 240, or 0 to keep it"
            );
            return Err(Error::InvalidRequest(text));
        }
        self.ask(|done| VideoCommand::Resize { width, height, refresh_rate, done }).await
    }

    async fn screenshot(&self) -> Result<zbus::OwnedFd> {
        let png = self.ask(VideoCommand::Screenshot).await?;
        let file = file::sealed("screenshot.png", &png);
        file.map(zbus::OwnedFd::from).map_err(|error| Error::Failed(format!("no memory file: {error}")))
    }

    async fn add_gamepad(&self, channel: zbus::OwnedFd, index: u32, event_node: String) -> Result<()> {
        if index >= GAMEPADS {
            return Err(Error::InvalidRequest(format!("index {index} must be less than {GAMEPADS}")));
        }
        let number = event_node.strip_prefix("/dev/input/event");
        if !number.is_some_and(|number| !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())) {
            let text = format!("event_node {event_node:.64} must be /dev/input/event and a number");
            return Err(Error::InvalidRequest(text));
        }
        let command = InputCommand::AddGamepad { channel: channel.into(), index, node: event_node };
        let sent = self.parts.input.commands.send(command).await;
        sent.map_err(|_| Error::Failed("the streamer stops".to_owned()))
    }

    #[zbus(signal)]
    pub(super) async fn viewer_connected(emitter: &SignalEmitter<'_>, viewer: &str) -> zbus::Result<()>;

    #[zbus(signal)]
    pub(super) async fn viewer_disconnected(
        emitter: &SignalEmitter<'_>,
        viewer: &str,
        reason: &str,
    ) -> zbus::Result<()>;

    #[zbus(property(emits_changed_signal = "false"))]
    async fn viewers(&self) -> Vec<Dict> {
        self.parts.viewers.status().borrow().iter().map(|viewer| viewer.clone().into_dict()).collect()
    }

    #[zbus(property)]
    async fn encoder(&self) -> String {
        self.parts.video.status.borrow().encoder.clone()
    }

    #[zbus(property)]
    async fn encoder_reason(&self) -> String {
        self.parts.video.status.borrow().encoder_reason.clone()
    }

    #[zbus(property)]
    async fn codec(&self) -> String {
        self.parts.video.status.borrow().codec.as_str().to_owned()
    }

    #[zbus(property)]
    async fn width(&self) -> u32 {
        self.parts.video.status.borrow().width
    }

    #[zbus(property)]
    async fn height(&self) -> u32 {
        self.parts.video.status.borrow().height
    }

    #[zbus(property)]
    async fn refresh_rate(&self) -> u32 {
        self.parts.video.status.borrow().refresh_rate
    }

    #[zbus(property(emits_changed_signal = "false"))]
    async fn frame_rate(&self) -> f64 {
        self.parts.video.status.borrow().frame_rate
    }

    #[zbus(property(emits_changed_signal = "false"))]
    async fn bitrate(&self) -> u64 {
        self.parts.video.status.borrow().bitrate
    }

    #[zbus(property(emits_changed_signal = "false"), name = "EncodeLatencyUSec")]
    async fn encode_latency_usec(&self) -> u64 {
        u64::try_from(self.parts.video.status.borrow().encode_latency.as_micros()).unwrap_or(u64::MAX)
    }

    #[zbus(property)]
    async fn audio(&self) -> String {
        self.parts.audio.status.borrow().to_string()
    }

    #[zbus(property)]
    async fn gamepads(&self) -> Vec<String> {
        self.parts.input.gamepads.borrow().clone()
    }
}

// `map_err` hands over the error.
#[allow(clippy::needless_pass_by_value)]
fn error(error: rtc::Error) -> Error {
    let text = error.to_string();
    match error {
        rtc::Error::InvalidOffer(_) => Error::InvalidOffer(text),
        rtc::Error::NoSuchViewer(_) => Error::NoSuchViewer(text),
        rtc::Error::Busy(_) => Error::Busy(text),
        rtc::Error::InvalidRequest(_) => Error::InvalidRequest(text),
        rtc::Error::Failed(_) => Error::Failed(text),
    }
}
