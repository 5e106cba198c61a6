//! The sound server: `PipeWire` with one sink, which is a pipe to this process.
//!
//! A pipe and not the monitor of a sink without hardware: a reader of a monitor is a client that has to be connected
//! and linked anew after each failure, that holds a library's calls up while the server is stuck, and that keeps the
//! server at work while nothing plays.

mod image;
mod settings;

use super::{LOOK, command, config, ending, pulse, socket, spawn, stop, write};
use crate::media::AudioStatus;
use anyhow::{Context, bail};
use futures_util::future::select_all;
use image::Image;
use rustix::fs::{CWD, Mode};
use std::future;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};
use tokio::net::unix::pipe;
use tokio::process::{Child, Command};
use tokio::sync::watch;

/// For the server to begin to serve. It takes a tenth of a second, or many on a computer that is slow and busy; nobody
/// waits for it.
const PATIENCE: Duration = Duration::from_mins(1);
/// Between the end of a program and its next start, at first and at most.
const BACK_OFF: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(10));
/// A server that ran this long has nothing to do with the failures before.
const STEADY: Duration = Duration::from_secs(30);
/// What games play into.
const SINK: &str = "game-sink";

/// The program without which the others cannot be.
const FIRST: &str = "pipewire";
/// In the order of their start. The second links what plays to the sink, the third speaks with the games.
const PROGRAMS: [&str; 3] = [FIRST, "wireplumber", "pipewire-pulse"];

/// The sound server, whose programs are started again when they die.
#[derive(Debug)]
pub(crate) struct Sound {
    directory: PathBuf,
    /// The game's socket outlives the server behind it: it is mounted into the game's container. None if there will be no
    /// server, so that a game that connects is refused and does not wait.
    listener: Option<UnixListener>,
    /// Those that run.
    programs: Vec<(&'static str, Child)>,
    status: watch::Sender<AudioStatus>,
}

impl Sound {
    /// Makes the game's socket and the pipe, which it returns; `run` starts the server.
    ///
    /// To be called in a tokio runtime.
    pub(crate) fn new(directory: &Path) -> anyhow::Result<(Self, pipe::Receiver)> {
        let settings = config(directory);
        let pipe = settings.join("sound");
        for (file, text) in settings::files(SINK, &pipe) {
            write(&settings.join(file), &text)?;
        }
        let reader = make_pipe(&pipe).with_context(|| format!("cannot make {}", pipe.display()))?;
        let path = Self::socket(directory);
        std::fs::create_dir_all(directory.join("pulse")).context("cannot make the directory of the sound server")?;
        remove(&path).with_context(|| format!("cannot replace {}", path.display()))?;
        let listener = UnixListener::bind(&path).with_context(|| format!("cannot listen at {}", path.display()))?;
        let (status, _) = watch::channel(AudioStatus::Failed("the sound server has not answered yet".to_owned()));
        let listener = Some(listener);
        Ok((Self { directory: directory.to_owned(), listener, programs: Vec::new(), status }, reader))
    }

    /// Where programs that play connect.
    fn socket(directory: &Path) -> PathBuf {
        directory.join("pulse/native")
    }

    /// How the server is.
    pub(crate) fn status(&self) -> watch::Receiver<AudioStatus> {
        self.status.subscribe()
    }

    /// Starts the server's programs whenever they are not there, unless the image has more than they need. Never returns.
    pub(crate) async fn run(&mut self) {
        match Image::look() {
            Ok(image) => self.keep(&image).await,
            Err(error) => self.refuse(&error.to_string()).await,
        }
    }

    /// There will be no sound.
    async fn refuse(&mut self, reason: &str) {
        self.listener = None;
        tracing::error!(reason, "no sound in this session");
        self.status.send_replace(AudioStatus::Failed(reason.to_owned()));
        future::pending::<()>().await;
    }

    /// Starts the programs whenever they are not there.
    async fn keep(&mut self, image: &Image) {
        let mut back_off = BACK_OFF.0;
        loop {
            let began = Instant::now();
            let reason = match self.start(image).await {
                Ok(()) => {
                    tracing::info!(after = ?began.elapsed(), "there is sound");
                    self.status.send_replace(AudioStatus::Running);
                    self.died().await
                }
                Err(error) => {
                    self.stop().await;
                    format!("{error:#}")
                }
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

    /// Starts what is not there, until games can play.
    async fn start(&mut self, image: &Image) -> anyhow::Result<()> {
        for name in PROGRAMS {
            if self.programs.iter().any(|(running, _)| *running == name) {
                continue;
            }
            let child = spawn(self.program(name, image)?)?;
            self.programs.push((name, child));
            if name == FIRST {
                let path = self.directory.join("pipewire-0");
                self.or_died(socket(&path, PATIENCE)).await.context(name)?;
            }
        }
        let path = Self::socket(&self.directory);
        self.or_died(plays(&path)).await
    }

    fn program(&self, name: &str, image: &Image) -> anyhow::Result<Command> {
        let mut program = command(if name == "pipewire-pulse" { "sh" } else { name }, &self.directory);
        program.envs(image.environment()).env("PIPEWIRE_CONFIG_DIR", settings::of_pipewire(&config(&self.directory)));
        match name {
            // The one profile that looks for no hardware, of which there is none. Without a bus it leaves parts out, which it
            // would tell each time.
            "wireplumber" => program.args(["--profile", "policy"]).env("WIREPLUMBER_DEBUG", "W"),
            "pipewire-pulse" => {
                let listener = self.listener.as_ref().context("the socket of the sound server is closed")?;
                let listener: OwnedFd = listener.try_clone().context("the socket of the sound server")?.into();
                // sd_listen_fds(3): descriptor 3, and the process's own number.
                program
                    .args(["-c", "LISTEN_FDS=1 LISTEN_PID=$$ exec pipewire-pulse 3<&0 </dev/null"])
                    .stdin(Stdio::from(listener))
            }
            _ => &mut program,
        };
        Ok(program)
    }

    /// Waits for something, unless a program dies before.
    async fn or_died<T>(&mut self, ready: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
        tokio::select! {
            result = ready => result,
            reason = self.died() => bail!(reason),
        }
    }

    /// Until a program ends, and says so.
    async fn died(&mut self) -> String {
        let ends = self.programs.iter_mut().map(|(_, child)| Box::pin(child.wait()));
        let (ended, which, _) = select_all(ends).await;
        let (name, _) = self.programs.swap_remove(which);
        if name == FIRST {
            self.stop().await;
        }
        ended.map_or_else(|error| format!("{name}: {error}"), |status| format!("{name} {}", ending(status)))
    }

    /// Ends all programs.
    pub(crate) async fn stop(&mut self) {
        stop(self.programs.iter_mut().map(|(_, child)| child)).await;
        self.programs.clear();
    }
}

/// Until a program that connects would play into the sink.
async fn plays(socket: &Path) -> anyhow::Result<()> {
    let plays = async {
        while !pulse::plays_to(socket, SINK).await.unwrap_or(false) {
            tokio::time::sleep(LOOK).await;
        }
    };
    tokio::time::timeout(PATIENCE, plays).await.map_err(|_| anyhow::anyhow!("the sound server does not serve {SINK}"))
}

/// The pipe, and its end that is read. It is held open for both: whoever writes comes and goes.
fn make_pipe(path: &Path) -> std::io::Result<pipe::Receiver> {
    remove(path)?;
    rustix::fs::mkfifoat(CWD, path, Mode::RUSR | Mode::WUSR)?;
    pipe::OpenOptions::new().read_write(true).open_receiver(path)
}

fn remove(path: &Path) -> std::io::Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::ErrorKind;
    use std::os::unix::net::UnixStream;

    #[tokio::test]
    async fn a_game_does_not_wait_for_a_server_that_will_not_be() {
        let directory = tempfile::tempdir().unwrap();
        let (mut sound, _pipe) = Sound::new(directory.path()).unwrap();
        let game = Sound::socket(directory.path());
        UnixStream::connect(&game).unwrap();
        let refused = tokio::time::timeout(Duration::from_millis(1), sound.refuse("there is more")).await;
        assert!(refused.is_err(), "it goes on for ever");
        assert_eq!(*sound.status().borrow(), AudioStatus::Failed("there is more".to_owned()));
        assert_eq!(UnixStream::connect(&game).unwrap_err().kind(), ErrorKind::ConnectionRefused);
        assert!(sound.programs.is_empty());
    }
}
