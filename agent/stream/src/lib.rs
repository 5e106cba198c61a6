//! The streamer: the main program of a streamed session's streamer container.
//!
//! It takes what display server and sound server show and play, which connect to
//! it from containers of their own, encodes it, sends it to web browsers, and
//! gives their input to the game. The parts know each other only by the channels
//! of [`media`].

pub mod args;
pub mod audio;
mod clock;
pub mod control;
pub mod input;
pub mod media;
pub mod rtc;
pub mod run;
mod servers;
pub mod video;
