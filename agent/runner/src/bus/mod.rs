//! The agent's objects on the bus. They check what came, ask, and answer; what
//! they hold are handles.

#![allow(
    clippy::unused_self,
    clippy::unused_async,
    clippy::unnecessary_literal_bound,
    reason = "members of an interface have a receiver and are asynchronous, whether they need it or not"
)]

mod capabilities;
mod convert;
mod explain;
mod figures;
mod files;
mod findings;
mod job;
mod manager;
mod prefixes;
mod publish;
mod saves;
mod session;
mod stream;
mod windows;

pub use files::serve as serve_files;
pub use findings::Diagnoser;
pub use job::Jobs;
pub use manager::Manager;
pub use publish::Publisher;
pub use session::SessionObject;
