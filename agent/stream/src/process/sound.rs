//! The sound server, which writes what games play into a pipe to this process.

use super::{beside, command, ending, spawn, stop};
use crate::media::AudioStatus;
use anyhow::Context;
use rustix::pipe::{PipeFlags, pipe_with};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use tokio::net::unix::pipe;
use tokio::process::Child;
use tokio::sync::watch;

/// The program.
const PROGRAM: &str = "dillinger-sound";
/// Where programs that play connect, in the directory of the display. Agreed with the units.
const SOCKET: &str = "pulse/native";
/// Between the end of the server and its next start, at first and at most.
const BACK_OFF: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(10));
/// A server that ran this long has nothing to do with the failures before.
const STEADY: Duration = Duration::from_secs(30);

/// The sound server, which is started again when it dies.
#[derive(Debug)]
pub(crate) struct Sound {
    program: PathBuf,
    directory: PathBuf,
    /// The game's socket outlives the server behind it: it is mounted into the game's container.
    listener: UnixListener,
    /// The pipe outlives it too.
    pipe: OwnedFd,
    running: Option<Child>,
    status: watch::Sender<AudioStatus>,
}

impl Sound {
    /// Makes the game's socket and the pipe, which it returns; `run` starts the server.
    ///
    /// To be called in a tokio runtime.
    pub(crate) fn new(directory: &Path) -> anyhow::Result<(Self, pipe::Receiver)> {
        Self::of(beside(PROGRAM)?, directory)
    }

    /// The same with another program.
    fn of(program: PathBuf, directory: &Path) -> anyhow::Result<(Self, pipe::Receiver)> {
        let path = directory.join(SOCKET);
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent).with_context(|| format!("cannot make {}", parent.display()))?;
        }
        remove(&path).with_context(|| format!("cannot replace {}", path.display()))?;
        let listener = UnixListener::bind(&path).with_context(|| format!("cannot listen at {}", path.display()))?;
        let (reader, pipe) = pipe_with(PipeFlags::CLOEXEC | PipeFlags::NONBLOCK).context("no pipe for sound")?;
        let reader = pipe::Receiver::from_owned_fd(reader).context("no pipe for sound")?;
        let (status, _) = watch::channel(AudioStatus::Failed("the sound server has not been started yet".to_owned()));
        Ok((Self { program, directory: directory.to_owned(), listener, pipe, running: None, status }, reader))
    }

    /// How the server is.
    pub(crate) fn status(&self) -> watch::Receiver<AudioStatus> {
        self.status.subscribe()
    }

    /// Starts the server whenever it is not there. Never returns.
    pub(crate) async fn run(&mut self) {
        let mut back_off = BACK_OFF.0;
        loop {
            let began = Instant::now();
            let reason = match self.serve().await {
                Ok(ended) => ended,
                Err(error) => format!("{error:#}"),
            };
            if began.elapsed() >= STEADY {
                back_off = BACK_OFF.0;
            }
            tracing::error!(reason, next_start = ?back_off, "no sound");
            self.status.send_replace(AudioStatus::Failed(reason));
            tokio::time::sleep(back_off).await;
            back_off = (back_off * 2).min(BACK_OFF.1);
        }
    }

    /// Starts the server, and returns how it ended.
    async fn serve(&mut self) -> anyhow::Result<String> {
        let mut program = command(&self.program, &self.directory);
        let socket = self.listener.try_clone().context("the socket of the sound server")?;
        let pipe = self.pipe.try_clone().context("the pipe of the sound server")?;
        program.stdin(OwnedFd::from(socket)).stdout(pipe);
        let child = self.running.insert(spawn(program)?);
        // Who connects before it serves waits in the socket.
        self.status.send_replace(AudioStatus::Running);
        let status = child.wait().await.context(PROGRAM)?;
        self.running = None;
        Ok(format!("{PROGRAM} {}", ending(status)))
    }

    /// Ends it.
    pub(crate) async fn stop(&mut self) {
        stop(self.running.iter_mut()).await;
        self.running = None;
    }
}

/// A file that may not be there.
fn remove(path: &Path) -> std::io::Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;
    use tokio::io::AsyncReadExt;

    /// A server that plays a word and then does what the script says.
    fn server(directory: &Path, script: &str) -> PathBuf {
        let program = directory.join("server");
        std::fs::write(&program, format!("#!/bin/sh\nprintf word\n{script}\n")).unwrap();
        std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
        program
    }

    async fn until(status: &mut watch::Receiver<AudioStatus>, wanted: &AudioStatus) {
        status.wait_for(|status| status == wanted).await.unwrap();
    }

    #[tokio::test]
    async fn a_server_that_dies_goes_on_in_the_same_socket_and_pipe() {
        let directory = tempfile::tempdir().unwrap();
        let program = server(directory.path(), "[ -S /proc/self/fd/0 ] && exit 3");
        let (mut sound, mut pipe) = Sound::of(program, directory.path()).unwrap();
        std::os::unix::net::UnixStream::connect(directory.path().join(SOCKET)).unwrap();
        let mut status = sound.status();
        let play = async {
            until(&mut status, &AudioStatus::Failed("dillinger-sound ended with status 3".to_owned())).await;
            until(&mut status, &AudioStatus::Running).await;
            let mut played = [0; 8];
            pipe.read_exact(&mut played).await.unwrap();
            assert_eq!(&played, b"wordword");
        };
        tokio::select! { () = sound.run() => {}, () = play => {} }
        sound.stop().await;
    }

    #[tokio::test]
    async fn a_server_that_cannot_be_started_is_told() {
        let directory = tempfile::tempdir().unwrap();
        let (mut sound, _pipe) = Sound::of(directory.path().join("none"), directory.path()).unwrap();
        let mut status = sound.status();
        let told = async {
            let failed = |status: &AudioStatus| matches!(status, AudioStatus::Failed(reason) if reason.contains("cannot start") && reason.contains("none"));
            status.wait_for(failed).await.unwrap();
        };
        tokio::select! { () = sound.run() => {}, () = told => {} }
    }
}
