//! The registry of a prefix: values that are set, and programs that are listed as installed.

mod reg_file;
mod uninstall;

pub use reg_file::{RegFile, RegistryError};
pub use uninstall::programs;
