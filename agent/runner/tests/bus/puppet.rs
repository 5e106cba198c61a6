//! A streamer that was taken over: it speaks the protocol as far as that serves to break it.

use dillinger_runner_api::{Dict, streamer};
use std::collections::BTreeMap;
use std::io::Write;
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use tokio::net::UnixListener;
use tokio::task::JoinHandle;
use zbus::{Connection, Message, MessageStream, Variant};

/// The id of a viewer that the agent did not make.
pub(crate) const STRANGER: &str = "0123456789abcdef0123456789abcdef";

/// What it does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Trick {
    /// It says this instead of shaking hands, again and again.
    Says(&'static [u8]),
    /// Its answer to this call announces 127 MiB.
    Announces(&'static str),
    /// It hangs up in the middle of its answer to this call.
    HangsUp(&'static str),
    /// It answers this call with a value that has nothing to do with it.
    Nonsense(&'static str),
    /// It answers as it should, and talks as fast as it can beside that.
    Floods,
    /// It tells of viewers that nobody made.
    Strangers,
}

#[derive(Debug, Default)]
struct Counts {
    knocks: AtomicUsize,
    bytes: AtomicUsize,
}

/// Such a streamer; it ends with its value.
#[derive(Debug)]
pub(crate) struct Puppet {
    counts: Arc<Counts>,
    task: JoinHandle<()>,
}

impl Puppet {
    /// One that listens in this directory.
    pub(crate) fn start(directory: &Path, trick: Trick) -> Self {
        let socket = directory.join(streamer::SOCKET);
        let _ = std::fs::remove_file(&socket);
        let listener = UnixListener::bind(&socket).unwrap();
        let counts = Arc::<Counts>::default();
        let task = tokio::spawn(accept(listener, trick, Arc::clone(&counts)));
        Self { counts, task }
    }

    /// How often the agent has connected.
    pub(crate) fn knocks(&self) -> usize {
        self.counts.knocks.load(Relaxed)
    }

    /// What it got rid of in its flood, in bytes.
    pub(crate) fn bytes(&self) -> usize {
        self.counts.bytes.load(Relaxed)
    }
}

impl Drop for Puppet {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn accept(listener: UnixListener, trick: Trick, counts: Arc<Counts>) {
    while let Ok((stream, _)) = listener.accept().await {
        counts.knocks.fetch_add(1, Relaxed);
        let stream = stream.into_std().unwrap();
        match trick {
            Trick::Says(text) => std::mem::drop(tokio::task::spawn_blocking(move || say(&stream, text))),
            _ => std::mem::drop(tokio::spawn(serve(stream, trick, Arc::clone(&counts)))),
        }
    }
}

/// Until the agent hangs up.
fn say(mut stream: &UnixStream, text: &[u8]) {
    stream.set_nonblocking(false).unwrap();
    while stream.write_all(text).is_ok() {}
}

async fn serve(stream: UnixStream, trick: Trick, counts: Arc<Counts>) {
    let mut raw = stream.try_clone().unwrap();
    let Ok(connection) = zbus::connection::Builder::unix_stream(stream).p2p().build().await else { return };
    let mut calls = MessageStream::from(&connection);
    while let Some(Ok(call)) = futures_util::StreamExt::next(&mut calls).await {
        let member = call.header().member().map(ToString::to_string).unwrap_or_default();
        match trick {
            Trick::Announces(at) if at == member => announce(&mut raw),
            Trick::HangsUp(at) if at == member => hang_up(&mut raw, &call),
            Trick::Nonsense(at) if at == member => drop(connection.reply(&call.header(), &(true, "no")).await),
            _ => answer(&connection, &call, &member, trick).await,
        }
        match (trick, member.as_str()) {
            (Trick::Floods, "GetAll") => drop(tokio::spawn(flood(connection.clone(), Arc::clone(&counts)))),
            (Trick::Strangers, "Connect") => tell_of_a_stranger(&connection).await,
            _ => {}
        }
    }
}

fn announce(raw: &mut UnixStream) {
    let mut header = [b'l', 2, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 32, 0, 0, 0];
    header[4..8].copy_from_slice(&(127u32 << 20).to_le_bytes());
    raw.write_all(&header).unwrap();
}

fn hang_up(raw: &mut UnixStream, call: &Message) {
    let answer = Message::method_return(&call.header()).build(&"half").unwrap();
    let bytes: &[u8] = answer.data();
    raw.write_all(&bytes[..bytes.len() / 2]).unwrap();
    raw.shutdown(Shutdown::Both).unwrap();
}

async fn answer(connection: &Connection, call: &Message, member: &str, trick: Trick) {
    let header = call.header();
    // The agent may have hung up.
    let _ = match member {
        "Hello" => connection.reply(&header, &streamer::VERSION).await,
        "GetAll" => connection.reply(&header, &properties(trick)).await,
        "Connect" => connection.reply(&header, &"v=0").await,
        _ => connection.reply(&header, &()).await,
    };
}

fn properties(trick: Trick) -> BTreeMap<&'static str, Variant<'static>> {
    let viewer =
        streamer::Viewer { viewer: STRANGER.to_owned(), state: "connected".to_owned(), ..streamer::Viewer::default() };
    let viewers: Vec<Dict> = (0..100).map(|_| viewer.clone().into_dict()).collect();
    let listed = if trick == Trick::Strangers { viewers } else { Vec::new() };
    BTreeMap::from([("Encoder", Variant::from("x264")), ("Viewers", Variant::from(listed))])
}

async fn tell_of_a_stranger(connection: &Connection) {
    for member in ["ViewerConnected", "ViewerDisconnected"] {
        for body in [STRANGER.to_owned(), "x".repeat(50_000)] {
            let tell = connection.emit_signal(None::<&str>, streamer::PATH, streamer::INTERFACE, member, &body);
            tell.await.unwrap();
        }
    }
}

/// Small signals, large ones, ones of objects that there are not, and answers to no call.
async fn flood(connection: Connection, counts: Arc<Counts>) {
    let signal = |path, member| Message::signal(path, streamer::INTERFACE, member);
    let changed = BTreeMap::from([("EncoderReason", Variant::from("x".repeat(100_000)))]);
    let properties = Message::signal(streamer::PATH, "org.freedesktop.DBus.Properties", "PropertiesChanged");
    let nobody = Message::method_call("/", "Nothing").build(&()).unwrap();
    let messages = [
        signal(streamer::PATH, "ViewerConnected").build(&STRANGER).unwrap(),
        signal("/elsewhere", "Nothing").build(&"x".repeat(100_000)).unwrap(),
        properties.build(&(streamer::INTERFACE, changed, Vec::<&str>::new())).unwrap(),
        Message::method_return(&nobody.header()).build(&"x".repeat(1000)).unwrap(),
    ];
    for message in messages.iter().cycle() {
        if connection.send(message).await.is_err() {
            return;
        }
        counts.bytes.fetch_add(message.data().len(), Relaxed);
    }
}
