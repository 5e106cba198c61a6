//! What the parts of a streamed session hand to each other and to the agent, and how they meet.
//!
//! Each part has a container of its own. The streamer listens at a path that the other's container has too, and the other
//! connects ([`connection`]): once the display server, and the sound server each time that it starts.
//!
//! Nothing else passes between display server and streamer: pictures in shared memory ([`memory`]), and messages of one size
//! with at most one file descriptor ([`message`], [`socket`]). Messages of that size, without a descriptor, are also all that
//! passes between streamer and agent for a controller ([`pad`]). Each side believes nothing that the other says: a message of
//! another length, an unknown kind or a field out of its range is an error, after which there is no connection any more.

pub mod connection;
pub mod memory;
pub mod message;
pub mod pad;
pub mod planes;
pub mod socket;
pub mod text;
