//! The sound server of a streamed session.
//!
//! Games speak the native protocol of `PulseAudio` with it, over a Unix socket; what they play is mixed and sent to the
//! streamer, as 48 kHz, two channels, 16 bits, in messages of 10 ms, each when it begins to be played. There is one sink. A
//! client sees that, and its own streams, and nothing of other clients.
//!
//! All is one thread. [`server::Server`] knows neither sockets nor clocks: it is given what clients send and what time it
//! is; [`run`] is what waits.
//!
//! Source: `PulseAudio`'s protocol.txt, pulsecore/native-common.h and what its server answers. The reader of messages is
//! our own, since those of the crate `pulseaudio` allocate what a length says before it is there, and panic at some times.

mod client;
pub mod clock;
pub mod run;
pub mod server;
pub mod sound;
pub mod stream;
mod streamer;
mod systemd;
pub mod wire;
