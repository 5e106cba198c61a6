//! The display server of a streamed session: Wayland and, by Xwayland, X11.
//!
//! One thread with one event loop serves the programs of the session. There is no screen and no clock of one: pictures are
//! taken when a program commits them, straight from its buffer into memory that the streamer reads ([`dillinger_ring`]), and
//! frame callbacks are reckoned by [`pace`]. Its only other connection is the one to the streamer.

pub mod args;
mod clipboard;
mod clock;
mod focus;
mod input;
pub mod pace;
pub mod picture;
mod protocol;
pub mod run;
mod server;
mod sys;
mod windows;
pub mod x11;
