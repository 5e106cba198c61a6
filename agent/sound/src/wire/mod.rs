//! The messages of the protocol.
//!
//! A packet is a head of 20 bytes and a body: a command, as a list of marked values, or the sound of a stream. All numbers
//! are big-endian.

pub mod names;
pub mod packets;
pub mod properties;
pub mod reader;
pub mod writer;

/// The versions of the protocol that are spoken.
pub const VERSIONS: std::ops::RangeInclusive<u32> = 8..=35;
/// The channel of a packet that is a command; also a number that says nothing.
pub const NONE: u32 = u32::MAX;
/// Of a packet's head.
pub const HEAD: usize = 20;
/// Of a packet with a command. Clients send some hundred bytes; properties may hold an icon.
pub const LARGEST_COMMAND: u32 = 128 * 1024;
/// Of a packet with sound. Clients split at 64 KiB; the protocol allows this.
pub const LARGEST_SOUND: u32 = 16 * 1024 * 1024;
