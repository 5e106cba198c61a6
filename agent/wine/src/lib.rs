//! The supervisor of a Windows session: the first program of its container after the init.
//!
//! It makes the prefix what it should be ([`prefix`]), starts the program through `dillinger-launch.exe`, which tells
//! what becomes of each process ([`session`], [`events`]), ends everything of Wine afterwards ([`processes`]) and writes
//! a report for the agent ([`run`]).

pub mod command_line;
pub mod events;
pub mod installed;
pub mod prefix;
pub mod processes;
pub mod registry;
pub mod run;
pub mod scratch;
pub mod session;
pub mod stop;
pub mod whole;
pub mod wine;
