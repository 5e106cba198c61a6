//! Peers that speak the real protocols: a Podman service on a Unix socket, and
//! the user manager's D-Bus interface.

use crate::systemd::Systemd;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::mpsc;
use zbus::object_server::SignalEmitter;
use zbus::{Connection, OwnedObjectPath, connection};

/// What the service answers to one request line.
pub(crate) enum Answer {
    /// Status and JSON body.
    Json(u16, String),
    /// Status 200 and the lines that come through the channel, until it closes.
    Stream(mpsc::Receiver<String>),
    /// Nothing until the channel closes, then status 200 and `0`.
    Later(mpsc::Receiver<String>),
}

#[derive(Default)]
struct Script {
    answers: Mutex<HashMap<String, Vec<Answer>>>,
    requests: Mutex<Vec<String>>,
    bodies: Mutex<Vec<(String, String)>>,
}

/// A Podman service in a runtime directory of its own.
pub(crate) struct FakePodman {
    pub(crate) runtime: tempfile::TempDir,
    script: Arc<Script>,
}

impl FakePodman {
    /// A service that does not listen yet.
    pub(crate) fn new() -> Self {
        let runtime = tempfile::tempdir().unwrap();
        std::fs::create_dir(runtime.path().join("podman")).unwrap();
        Self { runtime, script: Arc::default() }
    }

    /// A service that listens.
    pub(crate) fn listening() -> Self {
        let podman = Self::new();
        podman.listen();
        podman
    }

    /// A service whose socket is there, and which itself takes so long to start.
    pub(crate) fn starting(takes: Duration) -> Self {
        let podman = Self::new();
        serve(&podman.socket(), Arc::clone(&podman.script), takes);
        podman
    }

    pub(crate) fn listen(&self) {
        serve(&self.socket(), Arc::clone(&self.script), Duration::ZERO);
    }

    pub(crate) fn socket(&self) -> PathBuf {
        self.runtime.path().join("podman/podman.sock")
    }

    /// Queues an answer to a request, named `METHOD PATH` without the version.
    /// The last one queued is given again and again.
    pub(crate) fn on(&self, request: &str, answer: Answer) -> &Self {
        self.script.answers.lock().unwrap().entry(request.to_owned()).or_default().push(answer);
        self
    }

    pub(crate) fn json(&self, request: &str, status: u16, body: &str) -> &Self {
        self.on(request, Answer::Json(status, body.to_owned()))
    }

    /// The requests so far.
    pub(crate) fn requests(&self) -> Vec<String> {
        self.script.requests.lock().unwrap().clone()
    }

    /// The bodies of a request, each time it came.
    pub(crate) fn bodies(&self, request: &str) -> Vec<String> {
        let bodies = self.script.bodies.lock().unwrap();
        bodies.iter().filter(|(seen, _)| seen == request).map(|(_, body)| body.clone()).collect()
    }

    /// How often a request came.
    pub(crate) fn count(&self, request: &str) -> usize {
        self.requests().iter().filter(|seen| *seen == request).count()
    }

    /// Its listener, started by a unit of a fake user manager.
    pub(crate) fn starter(&self) -> impl Fn() + Send + Sync + 'static {
        let (socket, script) = (self.socket(), Arc::clone(&self.script));
        move || serve(&socket, Arc::clone(&script), Duration::ZERO)
    }
}

fn serve(socket: &Path, script: Arc<Script>, after: Duration) {
    let listener = UnixListener::bind(socket).unwrap();
    tokio::spawn(async move {
        tokio::time::sleep(after).await;
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(answer(stream, Arc::clone(&script)));
        }
    });
}

/// Serves one request and closes, as a client without a pool sees it.
async fn answer(stream: UnixStream, script: Arc<Script>) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    let mut head = String::new();
    stream.read_line(&mut head).await?;
    let mut length = 0;
    loop {
        let mut header = String::new();
        stream.read_line(&mut header).await?;
        if header.trim().is_empty() {
            break;
        }
        if let Some(value) = header.to_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await?;
    let mut words = head.split(' ');
    let (method, path) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let path = path.trim_start_matches('/').split_once('/').map_or("", |(_version, path)| path);
    let request = format!("{method} {path}");
    script.requests.lock().unwrap().push(request.clone());
    script.bodies.lock().unwrap().push((request.clone(), String::from_utf8_lossy(&body).into_owned()));
    let answer = next_answer(&script, &request);
    match answer {
        Answer::Json(status, body) => write_json(&mut stream, status, &body).await,
        Answer::Stream(lines) => write_stream(&mut stream, lines).await,
        Answer::Later(mut closed) => {
            while closed.recv().await.is_some() {}
            write_json(&mut stream, 200, "0").await
        }
    }
}

fn next_answer(script: &Script, request: &str) -> Answer {
    let mut answers = script.answers.lock().unwrap();
    let Some(queue) = answers.get_mut(request) else {
        return Answer::Json(404, format!(r#"{{"cause":"no such thing","message":"{request}","response":404}}"#));
    };
    match queue.first() {
        Some(Answer::Json(status, body)) if queue.len() == 1 => Answer::Json(*status, body.clone()),
        _ => queue.remove(0),
    }
}

async fn write_json(stream: &mut BufReader<UnixStream>, status: u16, body: &str) -> std::io::Result<()> {
    let head = format!(
        "HTTP/1.1 {status} Status\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        if status == 204 { 0 } else { body.len() }
    );
    stream.write_all(head.as_bytes()).await?;
    stream.write_all(if status == 204 { b"" } else { body.as_bytes() }).await?;
    stream.shutdown().await
}

async fn write_stream(stream: &mut BufReader<UnixStream>, mut lines: mpsc::Receiver<String>) -> std::io::Result<()> {
    let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n";
    stream.write_all(head.as_bytes()).await?;
    while let Some(line) = lines.recv().await {
        let chunk = format!("{:x}\r\n{line}\r\n", line.len());
        stream.write_all(chunk.as_bytes()).await?;
    }
    stream.write_all(b"0\r\n\r\n").await?;
    stream.shutdown().await
}

/// The part of the user manager that starts a unit.
struct Manager {
    start: Box<dyn Fn() + Send + Sync>,
    result: &'static str,
}

#[zbus::interface(name = "org.freedesktop.systemd1.Manager")]
impl Manager {
    #[allow(clippy::unused_self, reason = "the form of a D-Bus method")]
    fn subscribe(&self) {}

    #[zbus(property)]
    #[allow(clippy::unused_self, reason = "the form of a D-Bus property")]
    fn version(&self) -> String {
        "257.13".to_owned()
    }

    async fn start_unit(
        &self,
        name: String,
        mode: String,
        #[zbus(signal_emitter)] emitter: SignalEmitter<'_>,
    ) -> zbus::fdo::Result<OwnedObjectPath> {
        let job = OwnedObjectPath::try_from("/org/freedesktop/systemd1/job/1").unwrap();
        assert_eq!(mode, "replace");
        (self.start)();
        Self::job_removed(&emitter, 1, job.clone(), name, self.result.to_owned()).await?;
        Ok(job)
    }

    #[zbus(signal)]
    async fn job_removed(
        emitter: &SignalEmitter<'_>,
        id: u32,
        job: OwnedObjectPath,
        unit: String,
        result: String,
    ) -> zbus::Result<()>;
}

/// A fake user manager and the connections that keep it alive.
pub(crate) struct UserManager {
    pub(crate) systemd: Systemd,
    pub(crate) client: Connection,
    pub(crate) server: Connection,
}

/// A user manager in which starting a unit calls `start` and ends with
/// `result`.
pub(crate) async fn user_manager(result: &'static str, start: impl Fn() + Send + Sync + 'static) -> UserManager {
    let (ours, theirs) = std::os::unix::net::UnixStream::pair().unwrap();
    let manager = Manager { start: Box::new(start), result };
    let server = connection::Builder::unix_stream(theirs)
        .server(zbus::Guid::generate())
        .p2p()
        .serve_at("/org/freedesktop/systemd1", manager)
        .build();
    let client = connection::Builder::unix_stream(ours).p2p().build();
    let (server, client) = tokio::join!(server, client);
    let client = client.unwrap();
    UserManager { systemd: Systemd::connect(&client).await.unwrap(), client, server: server.unwrap() }
}
