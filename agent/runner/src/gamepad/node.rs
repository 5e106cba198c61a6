//! The event node of a new device, which udev gives to its group.

use super::Missing;
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout};
use nix::sys::inotify::{AddWatchFlags, InitFlags, Inotify};
use std::fs::OpenOptions;
use std::io;
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// udev takes some milliseconds; a host that is busy starting up, more.
const PATIENCE: Duration = Duration::from_secs(3);

/// Waits until this process may read and write the node.
pub(super) fn wait_until_usable(node: &Path) -> Result<(), Missing> {
    wait(node, PATIENCE).map_err(|error| Missing::Node { node: node.to_owned(), error })
}

fn wait(node: &Path, patience: Duration) -> io::Result<()> {
    let deadline = Instant::now() + patience;
    let directory = node.parent().map_or_else(|| PathBuf::from("/"), Path::to_owned);
    let changes = Inotify::init(InitFlags::IN_NONBLOCK | InitFlags::IN_CLOEXEC)?;
    changes.add_watch(&directory, AddWatchFlags::IN_CREATE | AddWatchFlags::IN_ATTRIB | AddWatchFlags::IN_MOVED_TO)?;
    loop {
        // Only what happens after the watch can be waited for, so the look comes after it.
        let Err(refused) = OpenOptions::new().read(true).write(true).open(node) else { return Ok(()) };
        let left = deadline.saturating_duration_since(Instant::now());
        let timeout = PollTimeout::try_from(left).unwrap_or(PollTimeout::ZERO);
        let mut watched = [PollFd::new(changes.as_fd(), PollFlags::POLLIN)];
        match nix::poll::poll(&mut watched, timeout) {
            Ok(0) => return Err(refused),
            Ok(_) => drop(changes.read_events()),
            Err(Errno::EINTR) => {}
            Err(errno) => return Err(errno.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_is_waited_for() {
        let directory = tempfile::tempdir().unwrap();
        let node = directory.path().join("event7");
        let error = wait(&node, Duration::from_millis(1)).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::NotFound);
        std::thread::scope(|scope| {
            let waited = scope.spawn(|| wait(&node, Duration::from_secs(60)));
            std::fs::write(directory.path().join("other"), "").unwrap();
            std::fs::write(&node, "").unwrap();
            waited.join().unwrap().unwrap();
        });
    }
}
