//! The agent's program as a process of its own.

use crate::client::Client;
use crate::world::{AGENT, DEADLINE, World};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use tokio::process::{Child, Command};
use tokio::time::timeout;

/// What the shipped unit sets in the program's environment.
fn unit_environment() -> impl Iterator<Item = (&'static str, &'static str)> {
    let unit = include_str!("../../../../units/dillinger-runner.service");
    let values = unit.lines().filter_map(|line| line.strip_prefix("Environment="));
    values.flat_map(str::split_whitespace).filter_map(|one| one.split_once('='))
}

/// A running program; it ends with its value.
pub(crate) struct Process {
    child: Child,
    pub(crate) client: Client,
}

impl Process {
    /// Starts it in a world, whose root alone it cannot see, and waits until it serves.
    pub(crate) async fn start(world: &World) -> Self {
        let child = Self::spawn(world);
        let client = Client::new(&world.bus.address).await;
        client.agent_is_there(true).await;
        Self { child, client }
    }

    /// Starts it and does not wait.
    pub(crate) fn spawn(world: &World) -> Child {
        Self::environment(world, Command::new(AGENT)).spawn().unwrap()
    }

    /// Starts it as systemd does that has kept a descriptor of this file under this name, and waits until it serves. What
    /// it tells systemd goes to this socket.
    pub(crate) async fn start_with(world: &World, kept: &Path, name: &str, notify: &Path) -> Self {
        let mut command = Self::environment(world, Command::new("/bin/sh"));
        let script = "exec 3<>\"$1\"; LISTEN_PID=$$ exec \"$0\"";
        command.args(["-c", script, AGENT]).arg(kept).env("LISTEN_FDS", "1").env("LISTEN_FDNAMES", name);
        let child = command.env("NOTIFY_SOCKET", notify).spawn().unwrap();
        let client = Client::new(&world.bus.address).await;
        client.agent_is_there(true).await;
        Self { child, client }
    }

    /// Gives it its environment.
    fn environment(world: &World, mut command: Command) -> Command {
        let top = world.directory.path();
        command
            .env_clear()
            .env("DBUS_SESSION_BUS_ADDRESS", &world.bus.address)
            .env("XDG_RUNTIME_DIR", &world.paths.runtime)
            .env("XDG_STATE_HOME", top.join("state"))
            .env("XDG_CONFIG_HOME", top.join("config"))
            .env("HOME", top)
            .env("QUADLET", world.paths.generator.as_ref().unwrap())
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("DILLINGER_LOG", "off")
            .envs(unit_environment())
            .stdin(Stdio::null())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        command
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id().expect("a process that lives")
    }

    /// Sends it a signal.
    pub(crate) fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(self.pid().try_into().unwrap()), signal).unwrap();
    }

    /// Sends it a signal that ends it.
    pub(crate) async fn end(mut self, signal: Signal) -> ExitStatus {
        self.signal(signal);
        let status = timeout(DEADLINE, self.child.wait()).await.expect("it did not end").unwrap();
        self.client.agent_is_there(false).await;
        status
    }

    /// Memory that is resident, in KiB (`proc_pid_status(5)`).
    pub(crate) fn resident_kib(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.pid())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        line.trim().trim_end_matches(" kB").parse().unwrap()
    }

    /// Files that are open.
    pub(crate) fn open_files(&self) -> usize {
        std::fs::read_dir(format!("/proc/{}/fd", self.pid())).unwrap().count()
    }

    /// It has not ended.
    pub(crate) fn lives(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }
}
