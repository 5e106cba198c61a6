//! What the display server and the streamer of a session hand to each other, and how the programs of a session's display meet.
//!
//! Each of these programs has a container of its own. The streamer listens at a path that the other's container has too, and
//! the other connects ([`connection`]): once the display server, and the sound server each time that it starts.
//!
//! Nothing else passes between display server and streamer: pictures in shared memory ([`memory`]), and messages of one size
//! with at most one file descriptor ([`message`], [`socket`]). Each side believes nothing that the other says: a message of
//! another length, an unknown kind or a field out of its range is an error, after which there is no connection any more.

pub mod connection;
pub mod memory;
pub mod message;
pub mod planes;
pub mod socket;
pub mod text;
