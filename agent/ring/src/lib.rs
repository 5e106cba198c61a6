//! What the display server and the streamer of a session hand to each other.
//!
//! Nothing else passes between the two: pictures in shared memory ([`memory`]), and messages of one size with at most one
//! file descriptor ([`message`], [`socket`]). Each side believes nothing that the other says: a message of another length,
//! an unknown kind or a field out of its range is an error, after which there is no connection any more.

pub mod memory;
pub mod message;
pub mod planes;
pub mod socket;
pub mod text;
