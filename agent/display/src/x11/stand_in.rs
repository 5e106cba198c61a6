//! A stand-in for Xwayland, which takes 60 MiB that a session without X programs does not need: this program under its
//! name. It sleeps until a program connects to the display's socket, and becomes the real one then.

use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;
use std::ffi::OsString;
use std::io;
use std::os::fd::BorrowedFd;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

/// The name that Smithay starts.
const NAME: &str = "Xwayland";
const PROGRAM: &str = "/usr/bin/Xwayland";
/// What else it is told. A game types on no keyboard but its own, and is not looked at by others.
const FLAGS: [&str; 4] = ["-extension", "XTEST", "-extension", "RECORD"];

/// Makes the directory with this program under Xwayland's name.
pub(super) fn install(directory: &Path) -> io::Result<()> {
    std::fs::create_dir_all(directory)?;
    let link = directory.join(NAME);
    match std::fs::remove_file(&link) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    std::os::unix::fs::symlink(std::env::current_exe()?, link)
}

/// Does its work if this program runs as the stand-in, and returns if that fails or the display server is gone.
pub fn stand_in() -> Option<io::Result<()>> {
    let arguments: Vec<OsString> = std::env::args_os().collect();
    let (name, arguments) = arguments.split_first()?;
    if Path::new(name).file_name()? != NAME {
        return None;
    }
    // Nobody is to take it for the real one.
    let _ = rustix::thread::set_name(c"x11-stand-in");
    match wait(arguments) {
        Ok(true) => Some(Err(Command::new(PROGRAM).args(arguments).args(FLAGS).env("PATH", "/usr/bin:/bin").exec())),
        Ok(false) => Some(Ok(())),
        Err(error) => Some(Err(error.into())),
    }
}

/// Until somebody connects to one of the sockets. False: the display server is gone, and nobody is served any more.
fn wait(arguments: &[OsString]) -> Result<bool, Errno> {
    let pairs = arguments.iter().zip(arguments.iter().skip(1));
    let sockets = pairs.filter(|(flag, _)| *flag == "-listenfd").map(|(_, number)| number.clone());
    let server = std::env::var_os("WAYLAND_SOCKET");
    // The end of its connection is told whether it is asked for or not.
    let waits = sockets.map(|socket| (socket, PollFlags::IN)).chain(server.map(|server| (server, PollFlags::empty())));
    let waits: Vec<(BorrowedFd<'_>, PollFlags)> = waits
        .filter_map(|(number, flags)| Some((crate::sys::inherited(number.to_str()?.parse().ok()?), flags)))
        .collect();
    let mut polled: Vec<_> = waits.iter().map(|(socket, flags)| PollFd::new(socket, *flags)).collect();
    while let Err(error) = poll(&mut polled, None) {
        if error != Errno::INTR {
            return Err(error);
        }
    }
    Ok(!polled.iter().any(|socket| socket.revents().contains(PollFlags::HUP)))
}
