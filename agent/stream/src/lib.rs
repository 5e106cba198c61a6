//! The streamer: the main program of a streamed session's display container.
//!
//! It runs the display server and the sound server, encodes what they show and
//! play, sends it to web browsers, and gives their input to the game. The parts
//! know each other only by the channels of [`media`].

pub mod args;
pub mod audio;
mod clock;
pub mod control;
pub mod input;
pub mod media;
mod process;
pub mod rtc;
pub mod run;
mod sys;
pub mod video;
