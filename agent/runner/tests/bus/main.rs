//! The agent on a message bus of its own, among peers that speak the real protocols.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, clippy::string_slice)]
// "status" and "states" are two words of the trade; systemd's suffixes have one case.
#![allow(clippy::similar_names, clippy::case_sensitive_file_extension_comparisons)]
// Methods have the shape that the interface gives them.
#![allow(clippy::unused_self, clippy::needless_pass_by_value, clippy::trivially_copy_pass_by_ref)]

mod adopt;
mod client;
mod contract;
mod control;
mod display;
mod display_bounds;
mod display_hostile;
mod ends;
mod hostile;
mod jobs;
mod kept;
mod podman;
mod prefixes;
mod problems;
mod process;
mod puppet;
mod refusals;
mod reload;
mod signals;
mod starts;
mod stream_case;
mod streamed;
mod streamer;
mod systemd;
mod windows;
mod world;
