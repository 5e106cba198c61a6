//! The player page of a streamed session, served on the loopback interface for `dillingerctl watch`.
//!
//! Who may use it: processes of this user alone (the kernel tells whose a connection is), and of those only the browser
//! that has opened the one-time link. It gets a cookie for it.

mod access;
mod assets;
mod browser;
mod peer;
mod relay;
mod server;

pub(crate) use access::Access;
pub(crate) use browser::open;
pub(crate) use relay::{Relay, Viewer};
pub(crate) use server::{Page, serve};
