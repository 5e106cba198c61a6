//! Lines from a file descriptor that the agent has given.

use crate::exit::Failure;
use nix::fcntl::{FcntlArg, OFlag, fcntl};
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::os::fd::OwnedFd;
use tokio::sync::mpsc;

/// Lines read ahead of the terminal; the agent's side blocks beyond that.
const QUEUE: usize = 256;

/// The lines of a stream as they come. A thread reads, since the descriptor may be of any kind.
pub(crate) fn lines(fd: zbus::OwnedFd) -> Result<mpsc::Receiver<String>, Failure> {
    let fd = OwnedFd::from(fd);
    let flags = fcntl(&fd, FcntlArg::F_GETFL).map_err(std::io::Error::from)?;
    let blocking = OFlag::from_bits_retain(flags) - OFlag::O_NONBLOCK;
    fcntl(&fd, FcntlArg::F_SETFL(blocking)).map_err(std::io::Error::from)?;
    let (sender, receiver) = mpsc::channel(QUEUE);
    tokio::task::spawn_blocking(move || read(File::from(fd), &sender));
    Ok(receiver)
}

fn read(file: File, lines: &mpsc::Sender<String>) {
    let mut reader = BufReader::new(file);
    let mut line = Vec::new();
    // A stream that breaks is one that ends: what there was has been shown.
    while reader.read_until(b'\n', &mut line).is_ok_and(|read| read > 0) {
        let text = String::from_utf8_lossy(line.trim_ascii_end()).into_owned();
        if lines.blocking_send(text).is_err() {
            return;
        }
        line.clear();
    }
}
