//! The private interface, as the agent speaks it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

mod support;

use dillinger_runner_api::streamer::{Error, SOCKET, StreamerProxy, VERSION};
use dillinger_runner_api::wire::Viewer;
use dillinger_stream::control;
use dillinger_stream::media::{InputCommand, VideoCommand};
use futures_util::StreamExt;
use std::fs::File;
use std::io::Read;
use std::net::UdpSocket;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use support::page::{Network, Page};
use support::{PATIENCE, Session};
use zbus::OwnedFd;

fn serve(session: &Session, directory: &Path) {
    let parts = control::Parts {
        viewers: session.viewers.clone(),
        video: session.video.clone(),
        audio: session.audio.clone(),
        input: session.input.clone(),
    };
    control::start(directory, parts).unwrap();
}

async fn agent(directory: &Path) -> StreamerProxy<'static> {
    let socket = tokio::net::UnixStream::connect(directory.join(SOCKET)).await.unwrap();
    let stream = socket.into_std().unwrap();
    let connection =
        zbus::connection::Builder::unix_stream(stream).server(zbus::Guid::generate()).p2p().build().await.unwrap();
    StreamerProxy::new(&connection).await.unwrap()
}

fn socket() -> (OwnedFd, String) {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let address = socket.local_addr().unwrap().to_string();
    (std::os::fd::OwnedFd::from(socket).into(), address)
}

async fn set(agent: &StreamerProxy<'_>, socket: &OwnedFd, address: &str) -> Result<(), Error> {
    agent.set_sockets(vec![(zbus::Fd::from(socket), address)]).await
}

#[tokio::test]
async fn a_viewer_comes_and_goes() {
    let directory = tempfile::tempdir().unwrap();
    let mut session = Session::start(64);
    serve(&session, directory.path());
    let mode = std::fs::metadata(directory.path().join(SOCKET)).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let (agent, other) = (agent(directory.path()).await, self::agent(directory.path()).await);
    assert_eq!((agent.hello().await, other.hello().await), (Ok(VERSION), Ok(VERSION)));
    let (udp, address) = socket();
    set(&agent, &udp, &address).await.unwrap();
    let mut connected = other.receive_viewer_connected().await.unwrap();
    let mut left = other.receive_viewer_disconnected().await.unwrap();

    let page = Page::new().await;
    let answer = agent.connect("ann", "spectator", "Ann", "", &page.offer).await.unwrap();
    assert!(answer.contains(address.rsplit_once(':').unwrap().1));
    let viewers = agent.viewers().await.unwrap();
    let viewer = Viewer::from_dict(&viewers[0]);
    assert_eq!((&*viewer.state, &*viewer.name, &*viewer.keyboard_layout), ("connecting", "Ann", "us"));
    let mut page = page.run(&answer, Network::default(), None);
    page.ready().await;
    let signal = tokio::time::timeout(PATIENCE, connected.next()).await.unwrap().unwrap();
    assert_eq!(signal.args().unwrap().viewer, "ann");
    let viewer = Viewer::from_dict(&agent.viewers().await.unwrap()[0]);
    assert_eq!(viewer.state, "connected");
    assert!(viewer.connected_timestamp > 0);

    agent.disconnect("ann").await.unwrap();
    let signal = tokio::time::timeout(PATIENCE, left.next()).await.unwrap().unwrap();
    assert_eq!(signal.args().unwrap().reason, "disconnected");
    assert_eq!(agent.viewers().await.unwrap(), []);
    let gone = agent.disconnect("ann").await;
    assert!(matches!(gone, Err(Error::NoSuchViewer(_))), "{gone:?}");
    session.asked(|command| matches!(command, VideoCommand::Watched(false))).await;
}

#[tokio::test]
async fn errors_are_typed() {
    let directory = tempfile::tempdir().unwrap();
    let session = Session::start(64);
    serve(&session, directory.path());
    let agent = agent(directory.path()).await;
    let offer = Page::new().await.offer;
    let early = agent.connect("ann", "spectator", "", "", &offer).await;
    assert!(matches!(early, Err(Error::Failed(_))), "{early:?}");
    let (udp, address) = socket();
    set(&agent, &udp, &address).await.unwrap();
    set(&agent, &udp, &address).await.unwrap();
    let nonsense = agent.connect("ann", "spectator", "", "", "v=0").await;
    assert!(matches!(nonsense, Err(Error::InvalidOffer(_))), "{nonsense:?}");
    for (viewer, role) in [("", "player"), ("ann", "king")] {
        let wrong = agent.connect(viewer, role, "", "", &offer).await;
        assert!(matches!(wrong, Err(Error::InvalidRequest(_))), "{wrong:?}");
    }
    let all = UdpSocket::bind("0.0.0.0:0").unwrap();
    let file: OwnedFd = std::os::fd::OwnedFd::from(File::open("/dev/null").unwrap()).into();
    let all: OwnedFd = std::os::fd::OwnedFd::from(all).into();
    for (descriptor, told) in [(&all, "127.0.0.1:9"), (&file, "127.0.0.1:9"), (&udp, "localhost:9"), (&udp, "[::1]:9")]
    {
        let wrong = set(&agent, descriptor, told).await;
        assert!(matches!(wrong, Err(Error::InvalidRequest(_))), "{told}: {wrong:?}");
    }
    for (width, height, rate) in [(17, 0, 0), (8, 8, 0), (7682, 0, 0), (0, 0, 241)] {
        let wrong = agent.resize(width, height, rate).await;
        assert!(matches!(wrong, Err(Error::InvalidRequest(_))), "{wrong:?}");
    }
    for (index, node) in [(99, "/dev/input/event1"), (0, "/dev/sda"), (0, "/dev/input/event")] {
        let wrong = agent.add_gamepad(zbus::Fd::from(&file), index, node).await;
        assert!(matches!(wrong, Err(Error::InvalidRequest(_))), "{wrong:?}");
    }
}

#[tokio::test]
async fn the_display_is_asked_and_changes_are_told() {
    let directory = tempfile::tempdir().unwrap();
    let mut session = Session::start(64);
    serve(&session, directory.path());
    let agent = agent(directory.path()).await;
    let mut widths = agent.receive_width_changed().await;
    let first = tokio::time::timeout(PATIENCE, widths.next()).await.unwrap().unwrap();
    assert_eq!(first.get().await.unwrap(), 1280);

    let resized = tokio::spawn({
        let agent = agent.clone();
        async move { (agent.resize(1920, 1080, 0).await, agent.resize(640, 480, 0).await) }
    });
    let VideoCommand::Resize { width: 1920, done, .. } = session.asked(|_| true).await else { panic!("no resize") };
    done.send(Ok(())).unwrap();
    let VideoCommand::Resize { done, .. } = session.asked(|_| true).await else { panic!("no resize") };
    done.send(Err("no such mode".to_owned())).unwrap();
    let (first, second) = resized.await.unwrap();
    assert_eq!((first, second), (Ok(()), Err(Error::Failed("no such mode".to_owned()))));
    session.status.send_modify(|status| status.width = 1920);
    let changed = tokio::time::timeout(PATIENCE, widths.next()).await.unwrap().unwrap();
    assert_eq!(changed.get().await.unwrap(), 1920);
    assert_eq!((agent.encoder().await, agent.audio().await), (Ok("x264".to_owned()), Ok("running".to_owned())));
    assert_eq!(agent.encode_latency_usec().await, Ok(4000));

    let png = tokio::spawn({
        let agent = agent.clone();
        async move { agent.screenshot().await }
    });
    let VideoCommand::Screenshot(done) = session.asked(|_| true).await else { panic!("no screenshot") };
    done.send(Ok(vec![7; 100_000])).unwrap();
    let mut file = File::from(std::os::fd::OwnedFd::from(png.await.unwrap().unwrap()));
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes).unwrap();
    assert_eq!(bytes, vec![7; 100_000]);

    let null: OwnedFd = std::os::fd::OwnedFd::from(File::open("/dev/null").unwrap()).into();
    agent.add_gamepad(zbus::Fd::from(&null), 1, "/dev/input/event9").await.unwrap();
    let InputCommand::AddGamepad { index, node, .. } = session.input().await else { panic!("no gamepad") };
    assert_eq!((index, &*node), (1, "/dev/input/event9"));
}

#[tokio::test]
async fn a_stale_socket_is_replaced_and_a_live_one_is_not() {
    let directory = tempfile::tempdir().unwrap();
    let session = Session::start(64);
    drop(std::os::unix::net::UnixListener::bind(directory.path().join(SOCKET)).unwrap());
    serve(&session, directory.path());
    for _ in 0..12 {
        assert_eq!(agent(directory.path()).await.hello().await, Ok(VERSION), "an agent that starts again and again");
    }
    let parts = control::Parts {
        viewers: session.viewers.clone(),
        video: session.video.clone(),
        audio: session.audio.clone(),
        input: session.input.clone(),
    };
    let second = control::start(directory.path(), parts).unwrap_err();
    assert_eq!(second.kind(), std::io::ErrorKind::AddrInUse);
}
