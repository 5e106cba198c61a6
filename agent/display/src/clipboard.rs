//! Text of the clipboard on its way to programs and from them.
//!
//! The other end of each pipe is a program that may never read or write it, so each has a deadline, and there are only so
//! many at once.

use crate::protocol::Owner;
use crate::server::Server;
use dillinger_ring::message::{FromDisplay, MAX_CLIPBOARD};
use dillinger_ring::text;
use rustix::io::Errno;
use rustix::pipe::{PipeFlags, pipe_with};
use smithay::reexports::calloop::generic::Generic;
use smithay::reexports::calloop::timer::{TimeoutAction, Timer};
use smithay::reexports::calloop::{Interest, Mode, PostAction, RegistrationToken};
use smithay::wayland::selection::SelectionTarget;
use smithay::wayland::selection::data_device::set_data_device_selection;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;
use std::time::Duration;

/// How long a program may take.
const DEADLINE: Duration = Duration::from_secs(5);
/// How many programs may read at once.
const MOST_READERS: usize = 8;
/// Names of UTF-8 text, the best first.
const TEXT_TYPES: [&str; 4] = ["text/plain;charset=utf-8", "UTF8_STRING", "text/plain", "TEXT"];

/// What is known of the clipboard, and its pipes.
#[derive(Debug)]
pub(crate) struct Clipboard {
    /// Text goes to the players and comes from them.
    shared: bool,
    /// What a player put there last, as long as nobody else has put anything there.
    player: Option<Arc<str>>,
    /// What a Wayland program put there last, by its types.
    offered: Vec<String>,
    /// What is being read from a program: only the newest matters.
    reading: Option<Transfer>,
    readers: Vec<Transfer>,
    count: u64,
}

/// A pipe that is waited for, and until when.
#[derive(Debug)]
struct Transfer {
    number: u64,
    pipe: RegistrationToken,
    deadline: RegistrationToken,
}

/// What a player's text is offered as.
fn text_types() -> Vec<String> {
    TEXT_TYPES.map(str::to_owned).into()
}

/// The best of these types that is text.
pub(crate) fn best_type<'a>(types: impl Iterator<Item = &'a String>) -> Option<String> {
    let rank = |name: &String| TEXT_TYPES.iter().position(|known| known.eq_ignore_ascii_case(name));
    types.filter_map(|name| rank(name).map(|rank| (rank, name))).min().map(|(_, name)| name.clone())
}

impl Clipboard {
    pub(crate) fn new(shared: bool) -> Self {
        Self { shared, player: None, offered: Vec::new(), reading: None, readers: Vec::new(), count: 0 }
    }

    /// What a player put there, if that is what is there.
    pub(crate) fn player(&self) -> Option<Arc<str>> {
        self.player.clone()
    }

    /// A Wayland program put something of these types there, or an X program something.
    pub(crate) fn replace(&mut self, offered: Vec<String>) {
        (self.player, self.offered) = (None, offered);
    }

    /// The types of what is there, for X programs that come later.
    pub(crate) fn types(&self) -> Option<Vec<String>> {
        if self.player.is_some() {
            return Some(text_types());
        }
        (!self.offered.is_empty()).then(|| self.offered.clone())
    }
}

impl Server {
    /// A player puts text on the clipboard, for programs of either kind.
    pub(crate) fn set_clipboard(&mut self, text: String) {
        if !self.clipboard.shared {
            return;
        }
        let text: Arc<str> = text.into();
        self.clipboard.replace(Vec::new());
        self.clipboard.player = Some(Arc::clone(&text));
        self.stop_reading();
        let types = text_types();
        set_data_device_selection(&self.display, &self.seat, types.clone(), Owner::Player(text));
        if let Some(x11) = &mut self.x11 {
            let _ = x11.new_selection(SelectionTarget::Clipboard, Some(types));
        }
    }

    /// Reads the text that a program offers, for the players: `ask` asks it to write to a pipe.
    pub(crate) fn read_clipboard(&mut self, ask: impl FnOnce(&mut Self, OwnedFd)) {
        self.stop_reading();
        if !self.clipboard.shared {
            return;
        }
        let (reader, writer) = match pipe_with(PipeFlags::CLOEXEC | PipeFlags::NONBLOCK) {
            Ok(pipe) => pipe,
            Err(error) => return tracing::warn!(%error, "no pipe for the clipboard"),
        };
        // The program's end is one that waits.
        let _ = rustix::fs::fcntl_setfl(&writer, rustix::fs::OFlags::empty());
        ask(self, writer);
        let mut bytes = Vec::new();
        let transfer = self.transfer(reader, Interest::READ, move |server, pipe| {
            let done = read(pipe, &mut bytes)?;
            if done {
                server.tell_clipboard(std::mem::take(&mut bytes));
            }
            Ok(done)
        });
        self.clipboard.reading = transfer;
    }

    /// Writes a player's text to a program that asked for it.
    pub(crate) fn write_clipboard(&mut self, text: Arc<str>, pipe: OwnedFd) {
        if self.clipboard.readers.len() >= MOST_READERS {
            return tracing::debug!("too many programs read the clipboard at once");
        }
        if let Err(error) = rustix::io::ioctl_fionbio(&pipe, true) {
            return tracing::debug!(%error, "a program cannot be given the clipboard");
        }
        let mut written = 0;
        let transfer = self.transfer(pipe, Interest::WRITE, move |_, pipe| write(pipe, text.as_bytes(), &mut written));
        self.clipboard.readers.extend(transfer);
    }

    /// Calls whenever the pipe is ready, until that says that it is done, or fails, or the deadline comes.
    fn transfer(
        &mut self,
        pipe: OwnedFd,
        interest: Interest,
        mut call: impl FnMut(&mut Self, &OwnedFd) -> Result<bool, Errno> + 'static,
    ) -> Option<Transfer> {
        self.clipboard.count += 1;
        let number = self.clipboard.count;
        let ready = move |_, pipe: &mut smithay::reexports::calloop::generic::NoIoDrop<OwnedFd>, server: &mut Self| {
            match call(server, pipe) {
                Ok(false) => return Ok(PostAction::Continue),
                Ok(true) => {}
                Err(error) => tracing::debug!(%error, "a program's clipboard"),
            }
            server.end_transfer(number);
            Ok(PostAction::Remove)
        };
        let pipe = self.events.insert_source(Generic::new(pipe, interest, Mode::Level), ready).ok()?;
        let late = move |_, (): &mut (), server: &mut Self| {
            tracing::debug!("a program has not read or written the clipboard in time");
            server.end_transfer(number);
            TimeoutAction::Drop
        };
        let Ok(deadline) = self.events.insert_source(Timer::from_duration(DEADLINE), late) else {
            self.events.remove(pipe);
            return None;
        };
        Some(Transfer { number, pipe, deadline })
    }

    fn end_transfer(&mut self, number: u64) {
        let reading = self.clipboard.reading.take_if(|transfer| transfer.number == number);
        let ended = self.clipboard.readers.extract_if(.., |transfer| transfer.number == number);
        for Transfer { pipe, deadline, .. } in ended.chain(reading) {
            self.events.remove(pipe);
            self.events.remove(deadline);
        }
    }

    fn stop_reading(&mut self) {
        if let Some(number) = self.clipboard.reading.as_ref().map(|transfer| transfer.number) {
            self.end_transfer(number);
        }
    }

    /// The text of a program, to the streamer.
    fn tell_clipboard(&self, bytes: Vec<u8>) {
        let Ok(length) = u32::try_from(bytes.len()) else { return };
        let Ok(text) = String::from_utf8(bytes) else { return tracing::debug!("a clipboard that is no UTF-8") };
        let sent = text::memory(&text)
            .map_err(anyhow::Error::from)
            .and_then(|memory| Ok(self.socket.send_with(FromDisplay::Clipboard { bytes: length }, memory.as_fd())?));
        if let Err(error) = sent {
            tracing::warn!(%error, "the clipboard is not told");
        }
    }
}

/// Reads what is there. True: to the end.
fn read(pipe: &OwnedFd, bytes: &mut Vec<u8>) -> Result<bool, Errno> {
    let mut chunk = [0; 4096];
    loop {
        match rustix::io::read(pipe, &mut chunk) {
            Ok(0) => return Ok(true),
            Ok(count) => bytes.extend_from_slice(chunk.get(..count).unwrap_or_default()),
            Err(Errno::AGAIN | Errno::INTR) => return Ok(false),
            Err(error) => return Err(error),
        }
        if bytes.len() > MAX_CLIPBOARD as usize {
            return Err(Errno::TOOBIG);
        }
    }
}

/// Writes what there is room for. True: everything is written.
fn write(pipe: &OwnedFd, text: &[u8], written: &mut usize) -> Result<bool, Errno> {
    while let Some(rest) = text.get(*written..).filter(|rest| !rest.is_empty()) {
        match rustix::io::write(pipe, rest) {
            Ok(count) => *written += count,
            Err(Errno::AGAIN | Errno::INTR) => return Ok(false),
            Err(error) => return Err(error),
        }
    }
    Ok(true)
}
