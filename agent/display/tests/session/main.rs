//! The display server, with a streamer and programs made of this code.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

mod support;

mod clipboard;
mod input;
mod pace;
mod pictures;
mod resize;
mod start;
mod windows;
mod x11;
mod x11_windows;
