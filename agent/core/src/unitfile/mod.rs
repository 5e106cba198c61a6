//! Unit files, and the only way for text of a caller to get into them.
//!
//! A [`UnitFile`] is ordered sections of repeated keys. Names of sections and
//! keys are the product's own constants; a [`Value`] exists only through a
//! constructor that knows how its kind of text is read at the other end, so
//! nothing that a caller says can add a line, a key or a section.
//!
//! # The way of a word
//! A word of `Exec=`, `Environment=`, `Mount=` or `PodmanArgs=` in `[Container]`
//! is unquoted by Podman's generator, quoted again by it into `ExecStart=`,
//! unquoted and freed of `%` by systemd when it loads the unit, and freed of `$`
//! when it starts the command (systemd.syntax(7), systemd.service(5),
//! podman-systemd.unit(5)). Every text arrives unchanged, with these exceptions,
//! which are refused:
//!
//! - NUL, which ends an argument;
//! - U+0080, which the generator hands on as the single byte 0x80;
//! - noncharacters (U+FDD0 to U+FDEF, and the last two code points of each
//!   plane), since systemd drops the line they are in;
//! - a carriage return before a line feed in a variable or a mount, of which
//!   `podman run` keeps the line feed alone;
//! - an argument of more than [`ARGUMENT_MAX`] bytes (execve(2)), and a command
//!   whose line is longer than [`LINE_MAX`] bytes (systemd.syntax(7)).
//!
//! The generator loses an empty word and leaves a lone `;` bare, which would end
//! the command. Both are written with `%i` before them, the instance name, which
//! is empty in a unit without an instance. Such a file must therefore never be
//! installed as a template unit.

mod error;
mod file;
mod mount;
mod setting;
mod value;
mod word;

pub use error::EscapeError;
pub use file::UnitFile;
pub use mount::Mount;
pub use setting::Setting;
pub use value::Value;

/// Longest argument of a command in bytes, without the NUL at its end:
/// `MAX_ARG_STRLEN` of Linux with pages of 4 KiB.
pub const ARGUMENT_MAX: usize = 131_071;

/// Longest line of a unit file in bytes, without the line break: one less than
/// `LONG_LINE_MAX` of systemd.
pub const LINE_MAX: usize = 1_048_575;

/// Longest path in bytes, without the NUL at its end: `PATH_MAX` of Linux.
pub const PATH_MAX: usize = 4095;

/// Longest description in bytes.
pub const DESCRIPTION_MAX: usize = 512;

#[cfg(test)]
mod tests;
