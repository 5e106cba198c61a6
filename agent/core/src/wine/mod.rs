//! Windows games: through Wine, or through a Proton build.

mod exception;
pub mod find;
mod launch;
pub mod path;
pub mod pe;
mod registry;

pub use exception::exception_name;
pub use launch::{
    BUILD_DIRECTORY, DIRECTORY, Installed, LAUNCH_FILE, Launch, PREFIX_DIRECTORY, PROTON_USER, PrefixSettings, Program,
    ProgramKind, REPORT_FILE, REPORT_MAX, RegistryValue, Report, SUPERVISOR, Tool, WINDOWS_USER,
};
pub use registry::{InvalidRegistryData, RegistryData};
