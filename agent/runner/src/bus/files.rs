//! Work on files for a call, and archives that go through a descriptor.

use super::prefixes::PrefixesObject;
use super::saves::SavesObject;
use crate::prefix;
use crate::session::Context;
use dillinger_runner_api::{Error, names};
use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use zbus::ObjectServer;

/// Archives that are written or read at a time: each has a thread.
const AT_ONCE: usize = 4;
/// How long the other end of an archive may do nothing.
const PATIENCE: Duration = Duration::from_secs(300);

/// Puts the prefixes and the saves on the bus.
///
/// # Errors
/// The bus is gone.
pub async fn serve(server: &ObjectServer, context: &Context) -> zbus::Result<()> {
    let transfers = Transfers::new();
    let saves = context.paths.saves();
    let prefixes = PrefixesObject::new(context.prefixes.clone(), saves, transfers.clone());
    server.at(names::MANAGER_PATH, prefixes).await?;
    server.at(names::MANAGER_PATH, SavesObject::new(context.saves.clone(), transfers)).await?;
    Ok(())
}

/// Does work on files off the threads that others wait for.
///
/// # Errors
/// The work's own.
pub(super) async fn off_thread<T: Send + 'static>(
    work: impl FnOnce() -> prefix::Result<T> + Send + 'static,
) -> Result<T, Error> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|error| Error::StorageFailed(error.to_string()))?.map_err(Error::from)
}

/// The places for archives. Cloning is cheap.
#[derive(Debug, Clone)]
pub(super) struct Transfers {
    places: Arc<Semaphore>,
}

impl Transfers {
    /// All free.
    pub(super) fn new() -> Self {
        Self { places: Arc::new(Semaphore::new(AT_ONCE)) }
    }

    fn place(&self) -> Result<OwnedSemaphorePermit, Error> {
        let busy = |_| Error::Busy(format!("{AT_ONCE} archives are written or read already, the most there may be"));
        Arc::clone(&self.places).try_acquire_owned().map_err(busy)
    }

    /// Writes an archive into a pipe, whose reading end is returned; `begin` is done first, and fails the call.
    ///
    /// # Errors
    /// Those of `begin`; too many archives; there are no more descriptors.
    pub(super) async fn send<E, W>(&self, begin: E) -> Result<zbus::OwnedFd, Error>
    where
        E: FnOnce() -> prefix::Result<W> + Send + 'static,
        W: FnOnce(Slow<io::PipeWriter>) -> io::Result<()> + Send + 'static,
    {
        let place = self.place()?;
        let no_pipe = |error: io::Error| Error::StorageFailed(format!("making a pipe: {error}"));
        let (read, write) = io::pipe().map_err(no_pipe)?;
        let write = Slow::new(write).map_err(no_pipe)?;
        let archive = off_thread(begin).await?;
        tokio::task::spawn_blocking(move || {
            // Its reader sees that the end is missing.
            if let Err(error) = archive(write) {
                tracing::warn!(%error, "an archive broke off");
            }
            drop(place);
        });
        Ok(OwnedFd::from(read).into())
    }

    /// Reads an archive from a caller's descriptor.
    ///
    /// # Errors
    /// Those of `work`; too many archives.
    pub(super) async fn receive<T: Send + 'static>(
        &self,
        from: zbus::OwnedFd,
        work: impl FnOnce(Slow<std::fs::File>) -> prefix::Result<T> + Send + 'static,
    ) -> Result<T, Error> {
        let place = self.place()?;
        let from = Slow { inner: std::fs::File::from(OwnedFd::from(from)) };
        let done = off_thread(move || work(from)).await;
        drop(place);
        done
    }
}

/// An end of a pipe, a socket or a file whose other end may be slow, but not for ever.
#[derive(Debug)]
pub(super) struct Slow<F> {
    inner: F,
}

impl Slow<io::PipeWriter> {
    fn new(inner: io::PipeWriter) -> io::Result<Self> {
        let flags = OFlag::from_bits_retain(fcntl(&inner, FcntlArg::F_GETFL)?);
        fcntl(&inner, FcntlArg::F_SETFL(flags | OFlag::O_NONBLOCK))?;
        Ok(Self { inner })
    }
}

impl Read for Slow<std::fs::File> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            // Not by O_NONBLOCK: others may have the same file open, as the terminal of a caller.
            await_other(self.inner.as_fd(), PollFlags::POLLIN)?;
            match self.inner.read(buffer) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                done => return done,
            }
        }
    }
}

impl Write for Slow<io::PipeWriter> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        loop {
            match self.inner.write(bytes) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    await_other(self.inner.as_fd(), PollFlags::POLLOUT)?;
                }
                done => return done,
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

fn await_other(fd: BorrowedFd<'_>, what: PollFlags) -> io::Result<()> {
    let patience = PollTimeout::try_from(PATIENCE).unwrap_or(PollTimeout::MAX);
    match poll(&mut [PollFd::new(fd, what)], patience) {
        Ok(0) => Err(io::Error::new(io::ErrorKind::TimedOut, "the other end of the archive does nothing")),
        Ok(_) | Err(nix::errno::Errno::EINTR) => Ok(()),
        Err(error) => Err(error.into()),
    }
}
