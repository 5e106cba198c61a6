//! The few calls that the compiler cannot check.

#![allow(unsafe_code)]

use rustix::process::Signal;
use tokio::process::Command;

/// Makes the child die with the thread that starts it.
///
/// To be started by the main thread, which lives as long as the program.
pub(crate) fn die_with_parent(command: &mut Command) {
    // SAFETY: between fork and exec only system calls may be made that are async-signal-safe; prctl(2) is.
    unsafe {
        command.pre_exec(|| {
            rustix::process::set_parent_process_death_signal(Some(Signal::KILL))?;
            Ok(())
        });
    }
}
