//! Saves: what belongs to the player, whatever becomes of a game's prefix.
//!
//! ```text
//! <saves>/home       his home in the container
//! <saves>/profile    the files of the Windows user
//! <saves>/library    what games have written into the library
//! <saves>/.work      overlayfs's own
//! ```
//!
//! Those of a game that has no key `Saves` are in `<state>/saves/<name>`. A native game has its home right there, without
//! these directories.

mod store;
mod transfer;

pub use store::{SavesEntry, SavesStore, ensure};
pub use transfer::Export;

#[cfg(test)]
mod tests;
