//! Windows prefixes on this host, and the templates they are made from.
//!
//! ```text
//! <state>/templates/<key>/prefix/          what a Wine or Proton build makes of an empty directory; never changes
//! <state>/templates/<key>/template.json    see [`TemplateRecord`]
//! <state>/prefixes/<name>/upper, work      a game's prefix: a layer over a template
//! <state>/prefixes/<name>/prefix           or all of it, where layers are not possible or it was imported
//! <state>/prefixes/<name>/prefix.json      see [`PrefixRecord`]
//! <state>/prefixes/<name>/snapshots/<number>/{upper or prefix, snapshot.json}
//! ```
//!
//! What is being made has a name that begins with a dot and ends with `.part`, until it is renamed into place.
//! Everything here blocks: it works on files.

mod directory;
mod error;
mod export;
mod import;
mod lock;
mod make;
mod open;
mod record;
mod snapshot;
mod store;
mod sweep;
mod template;

pub use error::{Error, Result};
pub use export::Export;
pub use lock::{Hold, Lock, Locks};
pub use make::{HostBuild, Maker, Wish};
pub use open::{Layers, Opened};
pub use record::{Layering, PrefixRecord, SnapshotRecord, TemplateRecord};
pub use snapshot::{Cause, Snapshot};
pub(crate) use store::{FULL, UPPER, WORK};
pub use store::{Prefix, Store};
pub use template::{Template, profile_path, template_key, wine_prefix};

pub(crate) use directory::{is_there, require};
pub(crate) use import::unpack_failed;
pub(crate) use snapshot::exchange;
pub(crate) use store::{is_name, names, own_part, put_away};
pub(crate) use sweep::sweep;

#[cfg(test)]
mod tests;
