//! The display server, with its X server.

use super::{beside, command, ending, socket, spawn, stop};
use crate::args::Args;
use anyhow::Context;
use dillinger_ring::socket::Socket;
use std::path::Path;
use std::time::Duration;
use tokio::process::Child;

/// The names are agreed with the units: the sockets are mounted into the game's container.
const SOCKET: &str = "wayland-0";
const PROGRAM: &str = "dillinger-display";
/// For the display to begin to listen.
const PATIENCE: Duration = Duration::from_secs(10);

/// The running display server. The session ends with it.
#[derive(Debug)]
pub(crate) struct Display {
    child: Child,
}

impl Display {
    /// Starts it, and returns the connection to it. Its other sockets are made in the directory.
    pub(crate) fn start(args: &Args) -> anyhow::Result<(Self, Socket)> {
        let (socket, other) = dillinger_ring::socket::pair().context("no connection to the display server")?;
        let mut server = command(beside(PROGRAM)?, &args.directory);
        let number = |value: u32| value.to_string();
        server
            .arg("--directory")
            .arg(&args.directory)
            .args(["--width", &number(args.width), "--height", &number(args.height)])
            .args(["--refresh-rate", &number(args.refresh_rate)])
            .args(args.clipboard.then_some("--clipboard"))
            .stdin(other);
        Ok((Self { child: spawn(server)? }, socket))
    }

    /// Waits until Wayland clients can connect.
    pub(crate) async fn listens(directory: &Path) -> anyhow::Result<()> {
        socket(&directory.join(SOCKET), PATIENCE).await.context("the display server")
    }

    /// Waits for its end, which nobody asked for.
    pub(crate) async fn died(&mut self) -> anyhow::Error {
        match self.child.wait().await {
            Ok(status) => anyhow::anyhow!("the display server {}", ending(status)),
            Err(error) => anyhow::Error::new(error).context("the display server is not watched"),
        }
    }

    pub(crate) async fn stop(&mut self) {
        stop([&mut self.child]).await;
    }
}
