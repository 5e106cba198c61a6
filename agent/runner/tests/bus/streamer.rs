//! A streamer that speaks the real protocol on the real socket; what it shows is a matter of the test.

use dillinger_runner_api::streamer::{self, Error};
use dillinger_runner_api::{Dict, wire};
use nix::fcntl::{FcntlArg, SealFlag, fcntl};
use nix::sys::memfd::{MFdFlags, memfd_create};
use std::collections::BTreeMap;
use std::io::Write;
use std::net::{SocketAddr, UdpSocket};
use std::os::fd::{AsFd, OwnedFd as StdFd};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::net::{UnixListener, UnixStream};
use tokio::task::JoinHandle;
use zbus::object_server::SignalEmitter;
use zbus::{Connection, OwnedFd, Variant, interface};

/// What a streamer that answers has as its picture.
pub(crate) const PICTURE: &[u8] = b"\x89PNG\r\n\x1a\n";

/// How a streamer behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Manner {
    /// It answers.
    #[default]
    Good,
    /// It takes connections and says nothing as long as it is so, as if it were frozen.
    Silent,
    /// It answers `Hello` and what it is, and then to no call.
    Stuck,
    /// It speaks another version.
    Newer,
    /// Its pictures are pipes that never end.
    Pipes,
}

#[derive(Debug, Default)]
struct State {
    manner: Manner,
    calls: Vec<String>,
    sockets: BTreeMap<String, UdpSocket>,
    viewers: BTreeMap<String, &'static str>,
    mode: (u32, u32, u32),
    connections: Vec<Connection>,
    /// Connections that were taken, answered or not.
    knocks: usize,
}

/// The streamer of one session. It ends with its value.
#[derive(Debug)]
pub(crate) struct Streamer {
    state: Arc<Mutex<State>>,
    socket: PathBuf,
    task: JoinHandle<()>,
}

impl Streamer {
    /// One that listens in this directory.
    pub(crate) fn start(directory: &Path, manner: Manner) -> Self {
        let socket = directory.join(streamer::SOCKET);
        let _ = std::fs::remove_file(&socket);
        let listener = UnixListener::bind(&socket).unwrap();
        let state = Arc::new(Mutex::new(State { manner, mode: (1280, 720, 60), ..State::default() }));
        let task = tokio::spawn(accept(listener, Arc::clone(&state)));
        Self { state, socket, task }
    }

    /// Dies as by SIGKILL: the socket stays, nobody listens at it.
    pub(crate) async fn die(self) {
        self.task.abort();
        let connections = std::mem::take(&mut self.state.lock().unwrap().connections);
        for connection in connections {
            let _ = connection.close().await;
        }
        assert!(self.socket.exists());
    }

    pub(crate) fn set(&self, manner: Manner) {
        self.state.lock().unwrap().manner = manner;
    }

    pub(crate) fn calls(&self) -> Vec<String> {
        self.state.lock().unwrap().calls.clone()
    }

    /// What it was told to advertise, with the address that the socket really has.
    pub(crate) fn sockets(&self) -> BTreeMap<String, SocketAddr> {
        let state = self.state.lock().unwrap();
        state.sockets.iter().map(|(told, socket)| (told.clone(), socket.local_addr().unwrap())).collect()
    }

    pub(crate) fn connections(&self) -> usize {
        self.state.lock().unwrap().connections.len()
    }

    /// How often somebody connected, whether it was answered or not.
    pub(crate) fn knocks(&self) -> usize {
        self.state.lock().unwrap().knocks
    }

    fn last(&self) -> Connection {
        self.state.lock().unwrap().connections.last().unwrap().clone()
    }

    /// A viewer is connected, as far as the streamer says.
    pub(crate) async fn viewer_connected(&self, viewer: &str) {
        if let Some(state) = self.state.lock().unwrap().viewers.get_mut(viewer) {
            *state = "connected";
        }
        Object::viewer_connected(&emitter(&self.last()), viewer).await.unwrap();
    }

    /// A viewer is gone, as far as the streamer says.
    pub(crate) async fn viewer_disconnected(&self, viewer: &str, reason: &str) {
        self.state.lock().unwrap().viewers.remove(viewer);
        Object::viewer_disconnected(&emitter(&self.last()), viewer, reason).await.unwrap();
    }

    /// Properties change, as far as the streamer says.
    pub(crate) async fn tell(&self, changed: &[(&str, Variant<'_>)]) {
        let changed: BTreeMap<&str, &Variant<'_>> = changed.iter().map(|(name, value)| (*name, value)).collect();
        let body = (streamer::INTERFACE, changed, Vec::<&str>::new());
        let interface = "org.freedesktop.DBus.Properties";
        self.last().emit_signal(None::<&str>, streamer::PATH, interface, "PropertiesChanged", &body).await.unwrap();
    }
}

impl Drop for Streamer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn emitter(connection: &Connection) -> SignalEmitter<'static> {
    SignalEmitter::new(connection, streamer::PATH).unwrap()
}

async fn accept(listener: UnixListener, state: Arc<Mutex<State>>) {
    while let Ok((stream, _)) = listener.accept().await {
        state.lock().unwrap().knocks += 1;
        tokio::spawn(serve(stream, Arc::clone(&state)));
    }
}

async fn serve(stream: UnixStream, state: Arc<Mutex<State>>) {
    let is_silent = || state.lock().unwrap().manner == Manner::Silent;
    while is_silent() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let object = Object { state: Arc::clone(&state) };
    let server = zbus::connection::Builder::unix_stream(stream.into_std().unwrap()).p2p();
    let server = server.serve_at(streamer::PATH, object);
    if let Ok(connection) = server.build().await {
        state.lock().unwrap().connections.push(connection);
    }
}

#[derive(Debug)]
struct Object {
    state: Arc<Mutex<State>>,
}

impl Object {
    async fn called(&self, call: String) {
        let stuck = {
            let mut state = self.state.lock().unwrap();
            state.calls.push(call);
            state.manner == Manner::Stuck
        };
        if stuck {
            std::future::pending::<()>().await;
        }
    }

    fn viewers_now(&self) -> Vec<Dict> {
        let state = self.state.lock().unwrap();
        let viewer = |(id, state): (&String, &&str)| {
            let viewer = wire::Viewer {
                viewer: id.clone(),
                state: (*state).to_owned(),
                role: "player".to_owned(),
                round_trip_time_usec: 7000,
                loss_fraction: 0.25,
                ..wire::Viewer::default()
            };
            viewer.into_dict()
        };
        state.viewers.iter().map(viewer).collect()
    }
}

fn picture() -> StdFd {
    let file = memfd_create("picture", MFdFlags::MFD_CLOEXEC | MFdFlags::MFD_ALLOW_SEALING).unwrap();
    let mut file = std::fs::File::from(file);
    file.write_all(PICTURE).unwrap();
    let seals = SealFlag::F_SEAL_WRITE | SealFlag::F_SEAL_SHRINK | SealFlag::F_SEAL_GROW;
    fcntl(file.as_fd(), FcntlArg::F_ADD_SEALS(seals)).unwrap();
    file.into()
}

/// The error of an offer that asks for one.
fn refusal(offer: &str) -> Option<Error> {
    let text = "as the test wants it".to_owned();
    match offer {
        "bad" => Some(Error::InvalidOffer(text)),
        "full" => Some(Error::Busy(text)),
        "odd" => Some(Error::InvalidRequest(text)),
        "broken" => Some(Error::Failed(text)),
        _ => None,
    }
}

#[interface(name = "org.dillinger.Streamer1")]
impl Object {
    fn hello(&self) -> u32 {
        if self.state.lock().unwrap().manner == Manner::Newer { 2 } else { streamer::VERSION }
    }

    async fn set_sockets(&self, sockets: Vec<(OwnedFd, String)>) {
        self.called(format!("sockets {}", sockets.len())).await;
        let mut state = self.state.lock().unwrap();
        for (descriptor, advertised) in sockets {
            let socket = UdpSocket::from(StdFd::from(descriptor));
            state.sockets.entry(advertised).or_insert(socket);
        }
    }

    async fn connect(&self, viewer: &str, role: &str, name: &str, layout: &str, offer: &str) -> Result<String, Error> {
        self.called(format!("connect {role} {name:?} {layout:?} {}", offer.len())).await;
        if let Some(error) = refusal(offer) {
            return Err(error);
        }
        self.state.lock().unwrap().viewers.insert(viewer.to_owned(), "connecting");
        Ok(format!("answer to {offer}"))
    }

    async fn disconnect(&self, viewer: &str, #[zbus(connection)] connection: &Connection) -> Result<(), Error> {
        self.called("disconnect".to_owned()).await;
        if self.state.lock().unwrap().viewers.remove(viewer).is_none() {
            return Err(Error::NoSuchViewer(viewer.to_owned()));
        }
        Ok(Self::viewer_disconnected(&emitter(connection), viewer, "disconnected").await?)
    }

    async fn resize(&self, width: u32, height: u32, refresh_rate: u32) {
        self.called(format!("resize {width} {height} {refresh_rate}")).await;
        let mut state = self.state.lock().unwrap();
        let keep = |now: u32, then: u32| if then == 0 { now } else { then };
        let (w, h, r) = state.mode;
        state.mode = (keep(w, width), keep(h, height), keep(r, refresh_rate));
    }

    async fn screenshot(&self) -> OwnedFd {
        self.called("screenshot".to_owned()).await;
        if self.state.lock().unwrap().manner == Manner::Pipes {
            return StdFd::from(std::io::pipe().unwrap().0).into();
        }
        picture().into()
    }

    async fn add_gamepad(&self, channel: OwnedFd, index: u32, event_node: &str) {
        drop(channel);
        self.called(format!("gamepad {index} {event_node}")).await;
    }

    #[zbus(signal)]
    async fn viewer_connected(emitter: &SignalEmitter<'_>, viewer: &str) -> zbus::Result<()>;

    #[zbus(signal)]
    async fn viewer_disconnected(emitter: &SignalEmitter<'_>, viewer: &str, reason: &str) -> zbus::Result<()>;

    #[zbus(property)]
    fn viewers(&self) -> Vec<Dict> {
        self.viewers_now()
    }

    #[zbus(property)]
    fn encoder(&self) -> &'static str {
        "x264"
    }

    #[zbus(property)]
    fn encoder_reason(&self) -> &'static str {
        "it worked"
    }

    #[zbus(property)]
    fn codec(&self) -> &'static str {
        "H264"
    }

    #[zbus(property)]
    fn width(&self) -> u32 {
        self.state.lock().unwrap().mode.0
    }

    #[zbus(property)]
    fn height(&self) -> u32 {
        self.state.lock().unwrap().mode.1
    }

    #[zbus(property)]
    fn refresh_rate(&self) -> u32 {
        self.state.lock().unwrap().mode.2
    }

    #[zbus(property)]
    async fn frame_rate(&self) -> f64 {
        // Asking for the figures is a call like any other.
        if self.state.lock().unwrap().manner == Manner::Stuck && !self.state.lock().unwrap().calls.is_empty() {
            std::future::pending::<()>().await;
        }
        59.5
    }

    #[zbus(property)]
    fn bitrate(&self) -> u64 {
        8_000_000
    }

    #[zbus(property, name = "EncodeLatencyUSec")]
    fn encode_latency_usec(&self) -> u64 {
        1234
    }

    #[zbus(property)]
    fn audio(&self) -> &'static str {
        "running"
    }

    #[zbus(property)]
    fn gamepads(&self) -> Vec<String> {
        Vec::new()
    }
}
