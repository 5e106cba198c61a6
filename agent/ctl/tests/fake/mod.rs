//! A small agent at the other end of a socket: the real protocol, games made of a few steps.

// Each test program uses its part.
#![allow(dead_code, reason = "not every test file needs all of it")]
// Methods have the shape that the interface gives them.
#![allow(clippy::unused_self, clippy::needless_pass_by_value)]

pub(crate) mod files;

use dillinger_runner_api::error::Error;
use dillinger_runner_api::{Dict, names};
use dillingerctl::cli::Cli;
use dillingerctl::client::Connector;
use dillingerctl::exit::Failure;
use dillingerctl::output::Output;
use std::io::{self, Write};
use std::os::fd::OwnedFd as StdFd;
use std::os::unix::net::UnixStream;
use std::sync::{Arc, Mutex};
use zbus::connection::Builder;
use zbus::object_server::SignalEmitter;
use zbus::{Connection, ObjectServer, OwnedFd, OwnedObjectPath, OwnedVariant, Variant, fdo, interface};

pub(crate) const ID: &str = "0123456789abcdef0123456789abcdef";
pub(crate) const OTHER: &str = "0123ffff89abcdef0123456789abcdef";

/// What the fake was asked to do.
pub(crate) type Calls = Arc<Mutex<Vec<String>>>;

/// An agent with one end of a connection, and the other end.
pub(crate) struct World {
    pub(crate) agent: Connection,
    pub(crate) connector: Connector,
    pub(crate) calls: Calls,
}

pub(crate) async fn world() -> World {
    let (ours, theirs) = UnixStream::pair().unwrap();
    let calls = Calls::default();
    let manager = Manager { calls: calls.clone() };
    let guid = zbus::Guid::generate();
    let server = Builder::unix_stream(theirs)
        .server(guid)
        .p2p()
        .serve_at(names::MANAGER_PATH, fdo::ObjectManager)
        .serve_at(names::MANAGER_PATH, manager)
        .serve_at(names::MANAGER_PATH, files::Prefixes { calls: calls.clone() })
        .serve_at(names::MANAGER_PATH, files::Saves { calls: calls.clone() });
    let client = Builder::unix_stream(ours).p2p();
    let (agent, client) = tokio::join!(server.build(), client.build());
    World { agent: agent.unwrap(), connector: Connector::Ready(client.unwrap()), calls }
}

/// An agent on a message bus, known by its name, with sessions in these states.
pub(crate) async fn agent_on(address: &str, calls: &Calls, sessions: &[(&str, &str)]) -> Connection {
    let mut agent = Builder::address(address)
        .serve_at(names::MANAGER_PATH, fdo::ObjectManager)
        .serve_at(names::MANAGER_PATH, Manager { calls: calls.clone() });
    for (id, state) in sessions {
        agent = agent.serve_at(names::session_path(id).unwrap(), Session::new(id, state, calls));
    }
    agent.name(names::BUS_NAME).build().await.unwrap()
}

/// A client on a message bus.
pub(crate) async fn client_on(address: &str, agent: Connection, calls: Calls) -> World {
    let client = Builder::address(address).build().await.unwrap();
    World { agent, connector: Connector::Ready(client), calls }
}

impl World {
    /// Runs a command line; gives its result, standard output and standard error.
    pub(crate) async fn ctl(&self, line: &[&str]) -> (Result<u8, Failure>, String, String) {
        let (out, err) = (Buffer::default(), Buffer::default());
        let arguments = ["dillingerctl"].iter().chain(line);
        let cli = <Cli as clap::Parser>::try_parse_from(arguments).unwrap();
        let mut output = Output::plain(Box::new(out.clone()), Box::new(err.clone()), cli.json);
        let result = Box::pin(dillingerctl::execute(&cli, &self.connector, &mut output)).await;
        (result, out.text(), err.text())
    }

    /// A session that runs until something ends it.
    pub(crate) async fn add(&self, id: &str, state: &str) {
        let path = names::session_path(id).unwrap();
        let session = Session::new(id, state, &self.calls);
        self.agent.object_server().at(path, session).await.unwrap();
    }

    pub(crate) fn calls(&self) -> Vec<String> {
        self.calls.lock().unwrap().clone()
    }
}

#[derive(Clone, Default)]
pub(crate) struct Buffer(Arc<Mutex<Vec<u8>>>);

impl Buffer {
    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl Write for Buffer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

struct Manager {
    calls: Calls,
}

fn owned<'a>(value: impl Into<Variant<'a>>) -> OwnedVariant {
    value.into().try_into_owned().unwrap()
}

#[interface(name = "org.dillinger.Runner1.Manager")]
impl Manager {
    async fn start_session(
        &self,
        request: Dict,
        #[zbus(object_server)] server: &ObjectServer,
    ) -> Result<OwnedObjectPath, Error> {
        let mut keys: Vec<&String> = request.keys().collect();
        keys.sort();
        self.calls.lock().unwrap().push(format!("start {keys:?}"));
        let command: Vec<String> = request.get("Command").unwrap().try_clone().unwrap().try_into().unwrap();
        if command.first().is_some_and(|program| program == "/refused") {
            return Err(Error::LimitExceeded("MemoryMax: more than 1G".to_owned()));
        }
        let path = names::session_path(ID).unwrap();
        let mut session = Session::new(ID, "running", &self.calls);
        session.command = command;
        server.at(path.clone(), session).await.map_err(Error::from)?;
        Ok(path)
    }

    fn explain(&self, request: Dict) -> Dict {
        let mut explanation = request;
        let decisions = vec![("Network", "private", "the default")];
        let units = std::collections::BTreeMap::from([("x.container", "[Container]\nImage=i\n")]);
        explanation.insert("Decisions".to_owned(), owned(decisions));
        explanation.insert("Units".to_owned(), owned(units));
        explanation.insert("Warnings".to_owned(), owned(vec!["no swap"]));
        explanation
    }

    async fn get_session(
        &self,
        id: &str,
        #[zbus(object_server)] server: &ObjectServer,
    ) -> Result<OwnedObjectPath, Error> {
        let path = names::session_path(id).unwrap();
        match server.interface::<_, Session>(&path).await {
            Ok(_) => Ok(path),
            Err(_) => Err(Error::NoSuchSession(format!("no session {id}"))),
        }
    }

    async fn list_sessions(
        &self,
        #[zbus(object_server)] server: &ObjectServer,
    ) -> Vec<(String, OwnedObjectPath, String)> {
        let mut sessions = Vec::new();
        for id in [ID, OTHER] {
            let path = names::session_path(id).unwrap();
            if let Ok(session) = server.interface::<_, Session>(&path).await {
                sessions.push((id.to_owned(), path, session.get().await.state.clone()));
            }
        }
        sessions
    }

    fn list_ended(&self, options: Dict) -> Vec<Dict> {
        let mut keys: Vec<&String> = options.keys().collect();
        keys.sort();
        self.calls.lock().unwrap().push(format!("ended {keys:?}"));
        let record =
            [("Id", owned(ID)), ("Title", owned("Doom")), ("Outcome", owned("killed")), ("ExitStatus", owned(11i32))];
        vec![record.map(|(key, value)| (key.to_owned(), value)).into()]
    }

    async fn prepare_image(
        &self,
        image: &str,
        options: Dict,
        #[zbus(object_server)] server: &ObjectServer,
        #[zbus(connection)] connection: &Connection,
    ) -> Result<OwnedObjectPath, Error> {
        self.calls.lock().unwrap().push(format!("prepare {image} {}", options.len()));
        let path = names::job_path(1).unwrap();
        let job = Job { image: image.to_owned(), state: "running", phase: "looking" };
        server.at(path.clone(), job).await.map_err(Error::from)?;
        let connection = connection.clone();
        let failed = image == "missing";
        tokio::spawn(async move { work(&connection, failed).await.unwrap() });
        Ok(path)
    }

    fn diagnose(&self) -> Vec<Dict> {
        let finding = |id: &str, status: &str, remedy: &str| {
            let keys =
                [("Id", id), ("Status", status), ("Summary", "what is"), ("Why", "it matters"), ("Remedy", remedy)];
            keys.map(|(key, value)| (key.to_owned(), owned(value))).into()
        };
        vec![finding("podman-version", "ok", ""), finding("linger", "error", "loginctl enable-linger")]
    }

    #[zbus(property)]
    fn capabilities(&self) -> Dict {
        let build = |name: &str, supported: bool, reason: &str| {
            Dict::from([
                ("Name".to_owned(), owned(name)),
                ("Supported".to_owned(), owned(supported)),
                ("Reason".to_owned(), owned(reason)),
            ])
        };
        let builds = vec![build("GE-Proton10-1", true, ""), build("Proton9", false, "needs pressure-vessel")];
        Dict::from([
            ("MaxSessions".to_owned(), owned(16u32)),
            ("Networks".to_owned(), owned(vec!["private", "none"])),
            ("RunnerVersions".to_owned(), owned(builds)),
        ])
    }
}

/// The steps of a job, each told as it happens.
async fn work(connection: &Connection, failed: bool) -> zbus::Result<()> {
    let job = connection.object_server().interface::<_, Job>(names::job_path(1).unwrap()).await?;
    for (state, phase) in [("running", "pulling"), (if failed { "failed" } else { "done" }, "finished")] {
        let mut object = job.get_mut().await;
        (object.state, object.phase) = (state, phase);
        object.phase_changed(job.signal_emitter()).await?;
        object.state_changed(job.signal_emitter()).await?;
    }
    Ok(())
}

struct Job {
    image: String,
    state: &'static str,
    phase: &'static str,
}

#[interface(name = "org.dillinger.Runner1.Job")]
impl Job {
    #[zbus(property)]
    fn image(&self) -> &str {
        &self.image
    }
    #[zbus(property)]
    fn state(&self) -> &str {
        self.state
    }
    #[zbus(property)]
    fn phase(&self) -> &str {
        self.phase
    }
    #[zbus(property)]
    fn error_name(&self) -> &'static str {
        if self.state == "failed" { "org.dillinger.Runner1.Error.ImageMissing" } else { "" }
    }
    #[zbus(property)]
    fn error_message(&self) -> &'static str {
        if self.state == "failed" { "no such image" } else { "" }
    }
}

struct Session {
    id: String,
    state: String,
    outcome: &'static str,
    status: i32,
    command: Vec<String>,
    calls: Calls,
}

impl Session {
    fn new(id: &str, state: &str, calls: &Calls) -> Self {
        let outcome = if state == "ended" { "exited" } else { "" };
        Self {
            id: id.to_owned(),
            state: state.to_owned(),
            outcome,
            status: 0,
            command: Vec::new(),
            calls: calls.clone(),
        }
    }

    fn called(&self, what: &str) {
        self.calls.lock().unwrap().push(format!("{what} {}", self.id.get(..8).unwrap()));
    }

    async fn end(&mut self, outcome: &'static str, status: i32, emitter: &SignalEmitter<'_>) {
        (self.state, self.outcome, self.status) = ("ended".to_owned(), outcome, status);
        self.state_changed(emitter).await.unwrap();
    }
}

#[interface(name = "org.dillinger.Runner1.Session")]
impl Session {
    async fn stop(&mut self, options: Dict, #[zbus(signal_emitter)] emitter: SignalEmitter<'_>) {
        assert!(options.is_empty());
        self.called("stop");
        self.end("stopped", 143, &emitter).await;
    }

    async fn kill(&mut self, signal: i32, #[zbus(signal_emitter)] emitter: SignalEmitter<'_>) {
        self.called(&format!("kill {signal}"));
        self.end("killed", signal, &emitter).await;
    }

    fn pause(&self) {
        self.called("pause");
    }

    fn set_limits(&self, limits: Dict) {
        let mut keys: Vec<&String> = limits.keys().collect();
        keys.sort();
        self.called(&format!("limits {keys:?}"));
    }

    fn read_metrics(&self) -> Dict {
        Dict::from([("TimestampUSec".to_owned(), owned(1u64)), ("MemoryCurrent".to_owned(), owned(3u64 << 20))])
    }

    /// Three lines; then the game ends as its command says: exits, dies, or waits to be stopped.
    async fn open_log(&mut self, options: Dict, #[zbus(signal_emitter)] emitter: SignalEmitter<'_>) -> OwnedFd {
        let after: Option<String> = options.get("Cursor").map(|cursor| cursor.try_clone().unwrap().try_into().unwrap());
        self.called(&format!("log {after:?}"));
        let (read, write) = io::pipe().unwrap();
        let mut write = std::fs::File::from(StdFd::from(write));
        for at in if after.is_some() { 4..=5 } else { 1..=3 } {
            writeln!(
                write,
                "{{\"Timestamp\":{at},\"Comm\":\"sh\",\"Pid\":7,\"Cursor\":\"c{at}\",\"Message\":\"line {at}\"}}"
            )
            .unwrap();
        }
        writeln!(write, "{{\"Timestamp\":4,\"Dropped\":9,\"Message\":\"journald dropped 9 messages\"}}").unwrap();
        drop(write);
        if options.contains_key("Follow") {
            match self.command.first().map(String::as_str) {
                Some("/exit7") => self.end("failed", 7, &emitter).await,
                Some("/crash") => self.end("killed", 11, &emitter).await,
                Some("/ok") => self.end("exited", 0, &emitter).await,
                _ => (),
            }
        }
        StdFd::from(read).into()
    }

    #[zbus(property)]
    fn id(&self) -> &str {
        &self.id
    }
    #[zbus(property)]
    fn title(&self) -> &'static str {
        "Doom"
    }
    #[zbus(property)]
    fn display(&self) -> &'static str {
        if self.id == ID { "stream" } else { "wayland" }
    }
    #[zbus(property)]
    fn state(&self) -> &str {
        &self.state
    }
    #[zbus(property)]
    fn outcome(&self) -> &str {
        self.outcome
    }
    #[zbus(property)]
    fn exit_status(&self) -> i32 {
        self.status
    }
    #[zbus(property)]
    fn memory_max(&self) -> u64 {
        2 << 30
    }
}
