//! The programs that the streamer runs: the display server and the sound server.

mod display;
mod sound;

pub(crate) use display::Display;
pub(crate) use sound::Sound;

use crate::sys;
use anyhow::Context;
use futures_util::future::join_all;
use rustix::process::{Pid, Signal};
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::time::Duration;
use tokio::net::UnixStream;
use tokio::process::{Child, Command};

/// Between two looks whether a program is ready.
const LOOK: Duration = Duration::from_millis(5);
/// For programs to end after they were asked to.
const PATIENCE: Duration = Duration::from_secs(2);

/// A program with nothing of the environment that would lead it to somebody else's display or bus.
///
/// To be started by the main thread: the program dies with it.
fn command(program: impl AsRef<OsStr>, directory: &Path) -> Command {
    let mut command = Command::new(program);
    for name in ["WAYLAND_DISPLAY", "WAYLAND_SOCKET", "DISPLAY", "DBUS_SESSION_BUS_ADDRESS", "NOTIFY_SOCKET"] {
        command.env_remove(name);
    }
    command.env("XDG_RUNTIME_DIR", directory).kill_on_drop(true);
    sys::die_with_parent(&mut command);
    command
}

/// A program that lies beside this one.
fn beside(name: &str) -> anyhow::Result<PathBuf> {
    Ok(std::env::current_exe().context("this program")?.with_file_name(name))
}

fn spawn(mut command: Command) -> anyhow::Result<Child> {
    let name = command.as_std().get_program().to_owned();
    command.spawn().with_context(|| format!("cannot start {}", name.display()))
}

/// Until somebody listens there.
async fn socket(path: &Path, most: Duration) -> anyhow::Result<()> {
    let listens = async {
        while UnixStream::connect(path).await.is_err() {
            tokio::time::sleep(LOOK).await;
        }
    };
    tokio::time::timeout(most, listens)
        .await
        .map_err(|_| anyhow::anyhow!("nobody listens at {} after {} s", path.display(), most.as_secs()))
}

/// Asks programs to end, all at once, makes those that do not, and reaps them.
async fn stop(children: impl IntoIterator<Item = &mut Child>) {
    join_all(children.into_iter().map(|child| async {
        if let Some(pid) = child.id().and_then(|id| Pid::from_raw(id.cast_signed())) {
            let _ = rustix::process::kill_process(pid, Signal::TERM);
        }
        if tokio::time::timeout(PATIENCE, child.wait()).await.is_err() {
            let _ = child.kill().await;
        }
    }))
    .await;
}

/// How a program ended.
fn ending(status: ExitStatus) -> String {
    use std::os::unix::process::ExitStatusExt;
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("ended with status {code}"),
        (None, Some(signal)) => format!("was killed by signal {signal}"),
        (None, None) => "ended".to_owned(),
    }
}
