//! The commands that a session's units run at their ends, so that what happened
//! is written down whether or not the agent lives.

use crate::cgroup;
use crate::clock::now_usec;
use crate::store::{Records, read_stopping, write_stopping};
use crate::stream::metrics;
use crate::systemd::service_status;
use crate::windows;
use anyhow::{Context, Result};
use dillinger_runner_core::id::{Role, SessionId};
use dillinger_runner_core::outcome::EndFacts;
use dillinger_runner_core::plan::WINE_DIRECTORY;
use std::env;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

/// How long the user manager may take to answer before its environment must
/// do: a record that comes too late for systemd is none.
const ANSWER: Duration = Duration::from_secs(5);

/// Where the agent's files are, as the unit's command says.
#[derive(Debug, Clone)]
pub struct Directories {
    /// `$XDG_RUNTIME_DIR` of the user.
    pub runtime: PathBuf,
    /// The agent's state directory.
    pub state: PathBuf,
}

impl Directories {
    /// The private directory of a session.
    #[must_use]
    pub fn session(&self, id: SessionId) -> PathBuf {
        self.runtime.join("dillinger/sessions").join(id.to_string())
    }
}

/// `ExecStop=`: notes that systemd stops a part of the session while it runs, and
/// with which result (systemd.exec(5), `$SERVICE_RESULT`). systemd runs this also
/// after it ended by itself; then there is no `$MAINPID`.
///
/// # Errors
/// The note cannot be written.
pub fn stopping(directories: &Directories, id: SessionId, role: Role) -> Result<()> {
    if env::var_os("MAINPID").is_none() {
        return Ok(());
    }
    let session = directories.session(id);
    if read_stopping(&session, role).is_some() {
        return Ok(());
    }
    let result = env::var("SERVICE_RESULT").unwrap_or_else(|_| "success".to_owned());
    write_stopping(&session, role, &result).context("noting the stop")
}

/// `ExecStopPost=`: records how the unit of a part of the session ended.
///
/// # Errors
/// The record cannot be written.
pub async fn end(directories: &Directories, id: SessionId, role: Role) -> Result<()> {
    let mut stop_asked = false;
    let asked = tokio::time::timeout(ANSWER, service_status(&id.unit(role))).await;
    let mut facts = match asked.map_err(anyhow::Error::from).and_then(|answer| Ok(answer?)) {
        Ok(status) => {
            stop_asked = status.job == "stop";
            status.end_facts(now_usec())
        }
        // systemd's environment says less, but says it always.
        Err(error) => {
            eprintln!("dillinger-runner: asking the user manager: {error}");
            from_environment()
        }
    };
    if let Ok(result) = env::var("SERVICE_RESULT") {
        facts.result = result;
    }
    facts.set_stopping(read_stopping(&directories.session(id), role));
    // systemd runs no `ExecStop=` for a unit that is still starting.
    if facts.stopping.is_none() && facts.started_usec == 0 && stop_asked {
        facts.stopping = Some("success".to_owned());
    }
    if role == Role::Game {
        facts.windows = windows::report(&directories.state.join(WINE_DIRECTORY).join(id.to_string()));
    }
    add_usage(&mut facts, id);
    let records = Records::open(&directories.state).context("opening the records")?;
    records.write_end(id, role, &facts).context("recording the end")?;
    if facts.was_killed() {
        find_dead_monitor(&id.container(role));
    }
    if let Some(session) = records.session(id).filter(|_| role == Role::Game) {
        windows::clear_work(&session.spec);
    }
    Ok(())
}

/// Podman needs two tries to remove a container whose monitor was killed: the
/// first only finds that out, and fails. The second is the unit's own.
fn find_dead_monitor(container: &str) {
    let mut podman = Command::new("podman");
    podman.args(["rm", "--force", "--ignore", "--volumes", "--time=0"]).arg(container);
    // It says nothing that the second try does not say.
    if let Err(error) = podman.stdout(Stdio::null()).stderr(Stdio::null()).status() {
        eprintln!("dillinger-runner: running podman: {error}");
    }
}

fn from_environment() -> EndFacts {
    let code = env::var("EXIT_CODE").unwrap_or_default();
    let status = env::var("EXIT_STATUS").unwrap_or_default();
    let main_code = match code.as_str() {
        "exited" => 1,
        "killed" => 2,
        "dumped" => 3,
        _ => 0,
    };
    let signal = || format!("SIG{status}").parse::<nix::sys::signal::Signal>().map_or(0, |signal| signal as i32);
    EndFacts {
        main_code,
        main_status: status.parse().unwrap_or_else(|_| signal()),
        started_usec: now_usec(),
        ended_usec: now_usec(),
        ..EndFacts::default()
    }
}

/// What the slice used in all. This command runs in it, two levels below.
fn add_usage(facts: &mut EndFacts, id: SessionId) {
    let own = std::fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
    let path = own.lines().find_map(|line| line.strip_prefix("0::")).unwrap_or_default();
    let slice = Path::new(path).ancestors().find(|ancestor| ancestor.ends_with(id.slice()));
    let Some(slice) = slice.and_then(Path::to_str) else { return };
    if let Ok(used) = metrics::read(&cgroup::directory(slice)) {
        facts.oom_kills = used.oom_kills;
        facts.cpu_usage_usec = used.cpu_usage_usec;
        facts.memory_peak = used.memory_peak;
    }
}
