//! Directory trees of the agent's state: copied, removed, measured, and sent as archives.
//!
//! Trees may hold the upper directory of an overlay: whiteouts (character devices 0:0) and opaque directories
//! (`user.overlay.opaque`), see the kernel's `Documentation/filesystems/overlayfs.rst`. They are made by games and never
//! trusted: no symbolic link in them is followed.

mod access;
mod archive;
mod copy;
mod measure;
mod overlay;
mod remove;
mod unpack;

pub use archive::{Source, write};
pub use copy::copy;
pub use measure::{Measure, is_directory, measure};
pub use overlay::Mark;
pub use remove::remove;
pub use unpack::{Rules, UnpackError, unpack};
