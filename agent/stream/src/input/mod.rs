//! Input of the players: keyboards, a pointer, the clipboard and
//! controllers.
//!
//! One thread has all state. Whatever
//! arrives in `commands` is with the display server before the next wait, but for
//! what is faster than a hand.

mod devices;
mod gamepad;
mod held;
mod keyboard;
mod keymap;
mod pace;
pub(crate) mod readiness;
mod seat;
mod wheel;
mod worker;

use crate::media::Input;
use dillinger_ring::socket::Socket;
pub use keymap::{Layout, LayoutError};
use std::io;
use tokio::sync::{broadcast, mpsc, oneshot, watch};

/// Requests that wait; a player's hand makes at most about a thousand a second.
const COMMANDS: usize = 256;
const FEEDBACK: usize = 64;

/// How input is to be.
#[derive(Debug, Clone)]
pub struct Options {
    /// The connection to the display server.
    pub socket: Socket,
    /// Whether text of the clipboard goes to and fro.
    pub clipboard: bool,
}

/// Why there is no input.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The socket cannot be waited for.
    #[error("cannot wait for the display server: {0}")]
    Connect(io::Error),
    /// The keymap of the first keyboard does not compile.
    #[error("{0}; is xkb-data installed?")]
    Layout(LayoutError),
    /// The keymap cannot be handed over.
    #[error("the keymap cannot be handed to the display server: {0}")]
    Keymap(io::Error),
    /// The thread cannot be started.
    #[error("the input thread: {0}")]
    Thread(io::Error),
    /// The thread ended meanwhile.
    #[error("the input thread ended before it began")]
    Gone,
}

/// Makes a keyboard of layout `us`.
///
/// Input ends, and `commands` closes, when the display server goes; the receiver is told why.
///
/// # Errors
/// See [`StartError`].
pub async fn start(options: Options) -> Result<(Input, oneshot::Receiver<io::Error>), StartError> {
    let (commands, requests) = mpsc::channel(COMMANDS);
    let (feedback, _) = broadcast::channel(FEEDBACK);
    let (nodes, gamepads) = watch::channel(Vec::new());
    let (ready, started) = oneshot::channel();
    let (failed, failure) = oneshot::channel();
    let ends = worker::Ends { requests, feedback: feedback.clone(), nodes };
    let thread = std::thread::Builder::new().name("input".to_owned());
    thread.spawn(move || worker::run(&options, ends, ready, failed)).map_err(StartError::Thread)?;
    started.await.unwrap_or(Err(StartError::Gone))?;
    Ok((Input { commands, feedback, gamepads }, failure))
}
