//! Input of the players: virtual keyboards, a pointer, the clipboard and
//! controllers.
//!
//! One thread owns the connection to the compositor and all state. Whatever
//! arrives in `commands` is with the compositor before the next wait, but for
//! what is faster than a hand.

mod clipboard;
mod gamepad;
mod held;
mod keyboard;
mod keymap;
mod pace;
mod readiness;
mod seat;
mod wayland;
mod wheel;
mod worker;

use crate::media::Input;
pub use keymap::{Layout, LayoutError};
use std::io;
use std::path::PathBuf;
use tokio::sync::{broadcast, mpsc, oneshot, watch};

/// Requests that wait; a player's hand makes at most about a thousand a second.
const COMMANDS: usize = 256;
const FEEDBACK: usize = 64;

/// How input is to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// The compositor's socket.
    pub socket: PathBuf,
    /// Whether text of the clipboard goes to and fro.
    pub clipboard: bool,
}

/// Why there is no input.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Nobody listens, or he does not speak Wayland.
    #[error("cannot connect to the compositor at {}: {reason}", socket.display())]
    Connect {
        /// Where.
        socket: PathBuf,
        /// Why not.
        reason: String,
    },
    /// The compositor cannot do what input needs.
    #[error("the compositor does not offer {name}: {reason}")]
    Protocol {
        /// The interface.
        name: &'static str,
        /// What it said.
        reason: String,
    },
    /// The keymap of the first keyboard does not compile.
    #[error("{0}; is xkb-data installed?")]
    Layout(LayoutError),
    /// The keymap cannot be handed over.
    #[error("the keymap cannot be handed to the compositor: {0}")]
    Keymap(io::Error),
    /// The thread cannot be started.
    #[error("the input thread: {0}")]
    Thread(io::Error),
    /// The compositor died meanwhile.
    #[error("the compositor went away while the input devices were made")]
    Gone,
}

/// Connects to the compositor and makes a keyboard of layout `us` and a pointer.
/// When this returns, clients see a seat that has both.
///
/// Input ends, and `commands` closes, when the compositor goes; the receiver is told why.
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
