//! `org.dillinger.Runner1.Session.Stream`

use super::convert::{Dict, Options};
use crate::display::{Display, Figures, Mode, NewViewer, State, ViewerEvent};
use crate::session::{Command, Handle};
use dillinger_runner_api::{Error, names, streamer};
use dillinger_runner_core::lifecycle::State as Life;
use dillinger_runner_core::problem::quoted;
use std::collections::HashMap;
use std::time::Duration;
use tokio::sync::broadcast::error::RecvError;
use tokio::time::{Instant, sleep_until};
use zbus::{Connection, OwnedFd, OwnedObjectPath, Variant, interface};

/// Longest offer in bytes; that of a browser has some five thousand.
const OFFER: usize = 64 * 1024;
/// Longest name of a viewer, in bytes.
const NAME: usize = 128;
/// Longest keyboard layout, in bytes.
const LAYOUT: usize = 64;

/// The display of a session on the bus.
#[derive(Debug, Clone)]
pub(super) struct StreamObject {
    handle: Handle,
    /// None if the session has ended before this agent started.
    display: Option<Display>,
}

impl StreamObject {
    pub(super) fn new(handle: Handle, display: Option<Display>) -> Self {
        Self { handle, display }
    }

    /// The display of a session that lives and is not frozen, as its streamer would be with it.
    fn awake(&self) -> Result<&Display, Error> {
        let display = self.living()?;
        if self.handle.view.state() == Life::Paused {
            return Err(Error::Busy(format!("session {} is paused", self.handle.view.id())));
        }
        Ok(display)
    }

    fn living(&self) -> Result<&Display, Error> {
        let lives = self.handle.view.state() != Life::Ended;
        let ended = || Error::NoSuchSession(format!("session {} has ended", self.handle.view.id()));
        self.display.as_ref().filter(|_| lives).ok_or_else(ended)
    }

    fn state(&self) -> State {
        match (&self.display, &self.handle.view.record.spec.stream) {
            (Some(display), _) => display.state(),
            (None, Some(stream)) => State { mode: Mode::of(stream), ..State::default() },
            (None, None) => State::default(),
        }
    }

    async fn figures(&self) -> Figures {
        match &self.display {
            Some(display) => display.figures().await.unwrap_or_default(),
            None => Figures::default(),
        }
    }
}

fn viewer(mut options: Options) -> Result<NewViewer, Error> {
    let role = options.take::<String>("Role", "s")?.filter(|role| !role.is_empty());
    let name = options.take::<String>("Name", "s")?.unwrap_or_default();
    let layout = options.take::<String>("KeyboardLayout", "s")?.unwrap_or_default();
    options.finish()?;
    let role = role.unwrap_or_else(|| "player".to_owned());
    let layout_fits = |c: char| c.is_ascii_alphanumeric() || "_-()".contains(c);
    let checks = [
        (matches!(role.as_str(), "player" | "spectator"), "Role", &role, "player or spectator"),
        (
            name.len() <= NAME && !name.contains(char::is_control),
            "Name",
            &name,
            "at most 128 bytes without control characters",
        ),
        (
            layout.len() <= LAYOUT && layout.chars().all(layout_fits),
            "KeyboardLayout",
            &layout,
            "such as us, de or us(intl)",
        ),
    ];
    let wrong: Vec<String> = checks
        .into_iter()
        .filter(|(good, ..)| !good)
        .map(|(_, key, value, expected)| format!("{key}: {} is not valid, expected {expected}", quoted(value)))
        .collect();
    if !wrong.is_empty() {
        return Err(Error::InvalidRequest(wrong.join("; ")));
    }
    Ok(NewViewer { role, name, keyboard_layout: layout })
}

fn check_offer(offer: &str) -> Result<(), Error> {
    match offer.len() {
        0 => Err(Error::InvalidRequest("offer: is empty, expected SDP".to_owned())),
        length if length > OFFER => {
            Err(Error::InvalidRequest(format!("offer: has {length} bytes, expected at most {OFFER}")))
        }
        _ => Ok(()),
    }
}

#[interface(name = "org.dillinger.Runner1.Session.Stream")]
impl StreamObject {
    #[zbus(out_args("viewer", "answer"))]
    async fn connect(&self, offer: &str, options: Dict) -> Result<(String, String), Error> {
        let viewer = viewer(Options::new(options))?;
        check_offer(offer)?;
        let display = self.living()?;
        self.handle.call(Command::Attend).await?;
        display.connect(&viewer, offer).await
    }

    async fn disconnect(&self, viewer: &str) -> Result<(), Error> {
        self.awake()?.disconnect(viewer).await
    }

    async fn resize(&self, width: u32, height: u32, refresh_rate: u32) -> Result<(), Error> {
        self.awake()?.resize(Mode { width, height, refresh_rate }).await
    }

    #[zbus(out_args("image"))]
    async fn screenshot(&self, options: Dict) -> Result<OwnedFd, Error> {
        Options::new(options).finish()?;
        self.awake()?.screenshot().await.map(OwnedFd::from)
    }

    #[zbus(property(emits_changed_signal = "false"))]
    async fn viewers(&self) -> Vec<Dict> {
        self.figures().await.viewers.into_iter().map(streamer::Viewer::into_dict).collect()
    }

    #[zbus(property)]
    fn encoder(&self) -> String {
        self.state().encoder
    }

    #[zbus(property)]
    fn encoder_reason(&self) -> String {
        self.state().encoder_reason
    }

    #[zbus(property)]
    fn codec(&self) -> String {
        self.state().codec
    }

    #[zbus(property)]
    fn width(&self) -> u32 {
        self.state().mode.width
    }

    #[zbus(property)]
    fn height(&self) -> u32 {
        self.state().mode.height
    }

    #[zbus(property)]
    fn refresh_rate(&self) -> u32 {
        self.state().mode.refresh_rate
    }

    #[zbus(property(emits_changed_signal = "false"))]
    async fn frame_rate(&self) -> f64 {
        self.figures().await.frame_rate
    }

    #[zbus(property(emits_changed_signal = "false"))]
    async fn bitrate(&self) -> u64 {
        self.figures().await.bitrate
    }

    #[zbus(property(emits_changed_signal = "false"), name = "EncodeLatencyUSec")]
    async fn encode_latency_usec(&self) -> u64 {
        self.figures().await.encode_latency_usec
    }

    #[zbus(property)]
    fn audio_status(&self) -> String {
        self.state().audio
    }

    #[zbus(property)]
    fn gamepad_status(&self) -> String {
        gamepad_status(&self.handle, &self.state())
    }

    /// Pictures go to a viewer.
    #[zbus(signal)]
    async fn viewer_connected(emitter: &zbus::object_server::SignalEmitter<'_>, viewer: &str) -> zbus::Result<()>;

    /// A viewer has gone.
    #[zbus(signal)]
    async fn viewer_disconnected(
        emitter: &zbus::object_server::SignalEmitter<'_>,
        viewer: &str,
        reason: &str,
    ) -> zbus::Result<()>;
}

fn gamepad_status(handle: &Handle, state: &State) -> String {
    let stream = handle.view.record.spec.stream.as_ref();
    stream.map(|stream| state.gamepad_status(stream.gamepads, &stream.gamepad_status)).unwrap_or_default()
}

/// Between two changes that are told: a display that changes without end does not flood the bus.
const PAUSE: Duration = Duration::from_millis(50);

/// Tells on the bus what a display and its viewers do, until the session has ended.
pub(super) async fn announce(connection: Connection, path: OwnedObjectPath, handle: Handle, display: Display) {
    let Some(mut events) = display.events() else { return };
    let mut states = display.watch();
    let mut before = properties(&handle, &display.state());
    let mut next = Instant::now();
    loop {
        let told = tokio::select! {
            event = events.recv() => match event {
                Ok(event) => tell(&connection, &path, event).await,
                Err(RecvError::Lagged(_)) => Ok(()),
                // The session has ended, and the going of each viewer was told.
                Err(RecvError::Closed) => return,
            },
            told = async { sleep_until(next).await; states.changed().await } => {
                if told.is_err() {
                    return;
                }
                next = Instant::now() + PAUSE;
                let state = states.borrow_and_update().clone();
                let now = properties(&handle, &state);
                let told = tell_changes(&connection, &path, &before, &now).await;
                before = now;
                told
            }
        };
        if let Err(error) = told {
            tracing::warn!(session = %handle.view.id(), %error, "telling of a display on the bus");
        }
    }
}

async fn tell(connection: &Connection, path: &OwnedObjectPath, event: ViewerEvent) -> zbus::Result<()> {
    let emitter = zbus::object_server::SignalEmitter::new(connection, path.clone())?;
    match event {
        ViewerEvent::Connected(viewer) => StreamObject::viewer_connected(&emitter, &viewer).await,
        ViewerEvent::Disconnected(viewer, reason) => {
            StreamObject::viewer_disconnected(&emitter, &viewer, &reason).await
        }
    }
}

type Properties = HashMap<&'static str, Variant<'static>>;

/// The properties whose changes are told.
fn properties(handle: &Handle, state: &State) -> Properties {
    HashMap::from([
        ("Encoder", Variant::from(state.encoder.clone())),
        ("EncoderReason", Variant::from(state.encoder_reason.clone())),
        ("Codec", Variant::from(state.codec.clone())),
        ("Width", Variant::from(state.mode.width)),
        ("Height", Variant::from(state.mode.height)),
        ("RefreshRate", Variant::from(state.mode.refresh_rate)),
        ("AudioStatus", Variant::from(state.audio.clone())),
        ("GamepadStatus", Variant::from(gamepad_status(handle, state))),
    ])
}

/// Those of a session that are the display's too.
const OF_BOTH: [&str; 3] = ["Width", "Height", "RefreshRate"];

async fn tell_changes(
    connection: &Connection,
    path: &OwnedObjectPath,
    before: &Properties,
    now: &Properties,
) -> zbus::Result<()> {
    let changed: HashMap<&str, &Variant<'_>> = now
        .iter()
        .filter(|(name, value)| before.get(*name) != Some(value))
        .map(|(name, value)| (*name, value))
        .collect();
    let of_session: HashMap<&str, &Variant<'_>> =
        changed.iter().filter(|(name, _)| OF_BOTH.contains(name)).map(|(name, value)| (*name, *value)).collect();
    for (interface, changed) in [(names::STREAM_INTERFACE, changed), (names::SESSION_INTERFACE, of_session)] {
        if !changed.is_empty() {
            let body = (interface, changed, Vec::<&str>::new());
            let properties = "org.freedesktop.DBus.Properties";
            connection.emit_signal(None::<&str>, path, properties, "PropertiesChanged", &body).await?;
        }
    }
    Ok(())
}
