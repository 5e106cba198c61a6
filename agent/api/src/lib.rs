//! The D-Bus contract of Dillinger Runner, `org.dillinger.Runner1`.
//!
//! The contract itself is the XML in `dbus/`, see [`xml`]. Everything else here is that contract
//! in Rust, for the agent and for its clients: [`names`], [`keys`] of a request, [`text`] forms of
//! their values, [`wire`] types, typed [`error`]s and client [`proxy`] types. [`streamer`] is the private
//! interface between the agent and the streamer of a session.

#[cfg(any(test, feature = "contract"))]
pub mod contract;
pub mod error;
pub mod keys;
pub mod names;
pub mod proxy;
pub mod streamer;
pub mod text;
pub mod value;
pub mod wire;
pub mod xml;

pub use error::Error;
pub use value::{Dict, Value};
