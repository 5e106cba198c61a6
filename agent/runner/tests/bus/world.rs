//! Everything an agent needs around it: a message bus, a user manager, Podman, directories; and the agent itself.

use crate::client::Client;
use crate::podman::{self, Generator};
use crate::systemd::Systemd;
use dillinger_runner::gamepad::Kept;
use dillinger_runner::paths::Paths;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use tokio::sync::oneshot;

/// The agent's program.
pub(crate) const AGENT: &str = env!("CARGO_BIN_EXE_dillinger-runner");
/// Everything that is waited for comes within this time, or never.
pub(crate) const DEADLINE: Duration = Duration::from_secs(30);

/// A dbus-daemon(1) that ends with the test.
pub(crate) struct Bus {
    daemon: Child,
    pub(crate) address: String,
}

impl Bus {
    pub(crate) fn start() -> Self {
        let arguments = ["--session", "--nofork", "--print-address=1"];
        let mut command = Command::new("dbus-daemon");
        command.args(arguments).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut daemon = command.spawn().expect("these tests need the package dbus-daemon");
        let mut address = String::new();
        BufReader::new(daemon.stdout.take().unwrap()).read_line(&mut address).unwrap();
        Self { daemon, address: address.trim().to_owned() }
    }
}

impl Drop for Bus {
    fn drop(&mut self) {
        let _ = self.daemon.kill();
        let _ = self.daemon.wait();
    }
}

/// A host without an agent.
pub(crate) struct World {
    pub(crate) bus: Bus,
    pub(crate) systemd: Systemd,
    pub(crate) directory: tempfile::TempDir,
    pub(crate) paths: Paths,
}

impl World {
    /// A host on which everything works.
    pub(crate) async fn new() -> Self {
        Self::with("", Generator::Works).await
    }

    /// A host with this `runner.toml` and this generator.
    pub(crate) async fn with(settings: &str, generator: Generator) -> Self {
        let bus = Bus::start();
        let directory = tempfile::tempdir().unwrap();
        let paths = paths(directory.path(), generator);
        fs::create_dir_all(&paths.runtime).unwrap();
        hierarchy(&paths.root, "cpu memory pids");
        let world =
            Self { systemd: Systemd::start(&bus.address, &paths.runtime, &paths.agent).await, bus, directory, paths };
        podman::serve(&world.paths.runtime);
        world.settings(settings);
        world
    }

    /// Replaces the settings; the next agent reads them.
    pub(crate) fn settings(&self, text: &str) {
        let directory = self.paths.settings.first().unwrap();
        fs::create_dir_all(directory).unwrap();
        fs::write(directory.join("runner.toml"), text).unwrap();
    }

    /// Starts an agent and waits until it serves.
    pub(crate) async fn agent(&self) -> Agent {
        let (address, paths) = (self.bus.address.clone(), self.paths.clone());
        let (crash, crashed) = oneshot::channel();
        // An agent has threads of its own to lose: all that it does ends with its runtime, wherever it is.
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let connection = zbus::connection::Builder::address(address.as_str()).build().await.unwrap();
                tokio::select! {
                    result = dillinger_runner::agent::run(connection.clone(), paths, Kept::default()) => result.unwrap(),
                    _ = crashed => {}
                }
                // A process that dies takes its socket with it; objects on a connection keep it open.
                let _ = connection.close().await;
            });
        });
        let client = Client::new(&self.bus.address).await;
        client.agent_is_there(true).await;
        Agent { crash: Some(crash), thread: Some(thread), client }
    }

    /// What sessions have left on the host, wherever that may be.
    pub(crate) fn leftovers(&self) -> Vec<String> {
        let places = [self.paths.units(), self.paths.quadlets(), self.paths.control(), self.paths.sessions()];
        let state = self.paths.state.join("sessions");
        let mut left: Vec<String> = places.iter().chain([&state]).flat_map(|place| list(place)).collect();
        left.extend(self.systemd.referenced().into_iter().map(|unit| format!("reference to {unit}")));
        left.extend(self.systemd.active().into_iter().map(|unit| format!("active {unit}")));
        left
    }

    /// Waits until nothing is left of any session.
    pub(crate) async fn clean(&self) {
        let clean = wait(|| self.leftovers().is_empty()).await;
        assert!(clean, "left behind: {:#?}", self.leftovers());
    }
}

fn paths(directory: &Path, generator: Generator) -> Paths {
    Paths {
        root: directory.join("root"),
        runtime: directory.join("runtime"),
        state: directory.join("state/dillinger-runner"),
        settings: vec![directory.join("settings")],
        builds: vec![directory.join("builds")],
        agent: PathBuf::from(AGENT),
        generator: Some(podman::generator(directory, generator)),
    }
}

/// A cgroup v2 hierarchy with these controllers delegated to this user's manager.
fn hierarchy(root: &Path, controllers: &str) {
    let uid = dillinger_runner::host::uid();
    let top = root.join("sys/fs/cgroup");
    let manager = top.join(format!("user.slice/user-{uid}.slice/user@{uid}.service"));
    fs::create_dir_all(&manager).unwrap();
    for directory in [top, manager] {
        fs::write(directory.join("cgroup.controllers"), controllers).unwrap();
    }
}

fn list(directory: &Path) -> Vec<String> {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    entries.map(|entry| entry.path().display().to_string()).collect()
}

/// An agent that serves.
pub(crate) struct Agent {
    crash: Option<oneshot::Sender<()>>,
    thread: Option<std::thread::JoinHandle<()>>,
    pub(crate) client: Client,
}

impl Agent {
    /// Ends it as `kill -9` does: in the middle of everything, without a word.
    pub(crate) async fn crash(mut self) {
        drop(self.crash.take());
        let thread = self.thread.take().unwrap();
        tokio::task::spawn_blocking(move || thread.join().unwrap()).await.unwrap();
        self.client.agent_is_there(false).await;
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        drop(self.crash.take());
        if let Some(thread) = self.thread.take() {
            let ended = thread.join();
            assert!(ended.is_ok() || std::thread::panicking(), "the agent panicked");
        }
    }
}

/// Waits until a condition holds; false if it does not in time.
pub(crate) async fn wait(condition: impl Fn() -> bool) -> bool {
    let end = tokio::time::Instant::now() + DEADLINE;
    while !condition() {
        if tokio::time::Instant::now() > end {
            return false;
        }
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    true
}

/// Waits until a condition holds, which it has to.
pub(crate) async fn eventually(what: &str, condition: impl Fn() -> bool) {
    assert!(wait(condition).await, "not within {DEADLINE:?}: {what}");
}
