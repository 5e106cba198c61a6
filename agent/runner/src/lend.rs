//! The command that a streamed game's unit runs before its container: Podman is
//! given the display's IPC namespace by a name that is known before the display is.

use crate::recorder::Directories;
use anyhow::{Context, Result};
use dillinger_runner_core::id::SessionId;
use dillinger_runner_core::plan::{DISPLAY_PID, IPC_NAMESPACE};
use std::fs;
use std::os::unix::fs::symlink;

/// `ExecStartPre=`: makes the link to the IPC namespace (namespaces(7)) of the
/// display's container, by the number of its first process that Podman wrote.
///
/// # Errors
/// There is no such number, or the link cannot be made.
pub fn ipc_namespace(directories: &Directories, id: SessionId) -> Result<()> {
    let session = directories.session(id);
    let file = session.join(DISPLAY_PID);
    let text = fs::read_to_string(&file).with_context(|| format!("reading {}", file.display()))?;
    let pid: u32 =
        text.trim().parse().with_context(|| format!("{} holds no process number: {text:?}", file.display()))?;
    let link = session.join(IPC_NAMESPACE);
    // A symbolic link cannot be made over one that is there.
    if link.is_symlink() {
        fs::remove_file(&link).with_context(|| format!("removing {}", link.display()))?;
    }
    symlink(format!("/proc/{pid}/ns/ipc"), &link).with_context(|| format!("making {}", link.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_link_leads_to_the_display_that_is_there_now() {
        let top = tempfile::tempdir().unwrap();
        let directories = Directories { runtime: top.path().to_owned(), state: top.path().to_owned() };
        let id: SessionId = "00000000000000000000000000000001".parse().unwrap();
        let session = directories.session(id);
        fs::create_dir_all(&session).unwrap();
        assert!(ipc_namespace(&directories, id).unwrap_err().to_string().contains("display.pid"));
        for (text, leads) in [("12", "/proc/12/ns/ipc"), ("345\n", "/proc/345/ns/ipc")] {
            fs::write(session.join(DISPLAY_PID), text).unwrap();
            ipc_namespace(&directories, id).unwrap();
            assert_eq!(fs::read_link(session.join(IPC_NAMESPACE)).unwrap().to_str(), Some(leads));
        }
        fs::write(session.join(DISPLAY_PID), "../1").unwrap();
        assert!(ipc_namespace(&directories, id).unwrap_err().to_string().contains("holds no process number"));
    }
}
