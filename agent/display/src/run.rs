//! The event loop.

use crate::args::Args;
use crate::clock::now;
use crate::server::Server;
use crate::sys;
use anyhow::Context;
use dillinger_ring::connection::connect;
use dillinger_ring::message::ToDisplay;
use dillinger_ring::socket::{ReceiveError, Socket};
use libsystemd::daemon::{self, NotifyState};
use rustix::io::Errno;
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::low_level::pipe::register;
use smithay::reexports::calloop::generic::Generic;
use smithay::reexports::calloop::{EventLoop, Interest, LoopHandle, Mode, PostAction};
use smithay::reexports::wayland_server::{Display, ListeningSocket};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

/// The socket's name is agreed with the units: it is mounted into the game's container.
const SOCKET: &str = "wayland-0";
/// For the streamer to listen.
const PATIENCE: Duration = Duration::from_secs(30);

/// Runs until SIGTERM or SIGINT or until the streamer goes, which are no errors, or until there is something that it cannot be
/// without.
pub fn run(args: &Args) -> anyhow::Result<()> {
    match display(args) {
        Err(error) => match error.downcast::<Ended>() {
            Ok(Ended::Asked) => Ok(()),
            Ok(gone @ Ended::StreamerGone) => {
                tracing::info!("{gone}");
                Ok(())
            }
            Err(error) => Err(error),
        },
        Ok(()) => Ok(()),
    }
}

fn display(args: &Args) -> anyhow::Result<()> {
    let end = end().context("no signals")?;
    let socket = connect(&args.streamer, PATIENCE, &end).context("the streamer")?.ok_or(Ended::Asked)?;
    let socket = Socket::new(socket);
    // Open until the program has ended: the streamer ends too when it sees the end of the connection.
    std::mem::forget(socket.clone());
    let mut events: EventLoop<'static, Server> = EventLoop::try_new().context("no event loop")?;
    let display: Display<Server> = Display::new().context("no Wayland server")?;
    let handle = events.handle();
    let mut server = Server::new(args, display.handle(), handle.clone(), socket.clone())?;
    serve_programs(&handle, display)?;
    obey_streamer(&handle, socket)?;
    obey_systemd(&handle, end)?;
    server.start_x11(&args.directory, args.x11_number)?;
    // Last: who connects finds everything.
    listen(&handle, &args.directory)?;
    daemon::notify(false, &[NotifyState::Ready]).context("systemd is not told")?;
    serve(&mut events, &mut server)
}

/// Until there is a reason to end.
fn serve(events: &mut EventLoop<'static, Server>, server: &mut Server) -> anyhow::Result<()> {
    // Not `EventLoop::run`: when the next thing is to be done is known exactly before each wait.
    while server.failed.is_none() {
        let wait = server.pace.deadline().map(|at| Duration::from_nanos(at.saturating_sub(now())));
        events.dispatch(wait, server).context("no events")?;
        server.work()?;
        server.space.refresh();
        server.popups.cleanup();
        server.display.flush_clients().context("programs")?;
    }
    server.failed.take().map_or(Ok(()), Err)
}

/// Why it ends, without an error.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Ended {
    /// By a signal.
    #[error("a signal asks for the end")]
    Asked,
    /// The streamer closed the connection.
    #[error("the streamer has gone")]
    StreamerGone,
}

/// What a message was that could not be sent to the streamer.
pub(crate) fn unsent(error: Errno) -> anyhow::Error {
    match error {
        Errno::PIPE | Errno::CONNRESET => Ended::StreamerGone.into(),
        error => anyhow::Error::new(error).context("the streamer does not read"),
    }
}

/// A descriptor that can be read from once the program is asked to end. The main program of a container has to ask for
/// these signals: they do nothing to it otherwise.
fn end() -> std::io::Result<UnixStream> {
    let (asked, tell) = UnixStream::pair()?;
    register(SIGTERM, tell.try_clone()?)?;
    register(SIGINT, tell)?;
    Ok(asked)
}

fn obey_systemd(events: &LoopHandle<'static, Server>, end: UnixStream) -> anyhow::Result<()> {
    let source = Generic::new(end, Interest::READ, Mode::Level);
    let end = |_, _: &mut _, server: &mut Server| {
        server.fail(Ended::Asked);
        Ok(PostAction::Remove)
    };
    events.insert_source(source, end).map_err(|error| error.error).context("no event source")?;
    Ok(())
}

fn serve_programs(events: &LoopHandle<'static, Server>, display: Display<Server>) -> anyhow::Result<()> {
    let source = Generic::new(display, Interest::READ, Mode::Level);
    let serve = |_, display: &mut _, server: &mut Server| {
        server.serve(sys::display(display));
        Ok(PostAction::Continue)
    };
    events.insert_source(source, serve).map_err(|error| error.error).context("no event source")?;
    Ok(())
}

fn obey_streamer(events: &LoopHandle<'static, Server>, socket: Socket) -> anyhow::Result<()> {
    let source = Generic::new(socket, Interest::READ, Mode::Level);
    let obey = |_, socket: &mut smithay::reexports::calloop::generic::NoIoDrop<Socket>, server: &mut Server| {
        loop {
            match socket.receive::<ToDisplay>() {
                Ok(Some((message, descriptor))) => server.obey(message, descriptor),
                Ok(None) => return Ok(PostAction::Continue),
                Err(ReceiveError::Closed) => {
                    server.fail(Ended::StreamerGone);
                    return Ok(PostAction::Remove);
                }
                Err(error) => {
                    server.fail(anyhow::Error::new(error).context("the streamer"));
                    return Ok(PostAction::Remove);
                }
            }
        }
    };
    events.insert_source(source, obey).map_err(|error| error.error).context("no event source")?;
    Ok(())
}

fn listen(events: &LoopHandle<'static, Server>, directory: &Path) -> anyhow::Result<()> {
    let path = directory.join(SOCKET);
    let socket =
        ListeningSocket::bind_absolute(path.clone()).with_context(|| format!("cannot listen at {}", path.display()))?;
    let source = Generic::new(socket, Interest::READ, Mode::Level);
    let accept =
        |_, socket: &mut smithay::reexports::calloop::generic::NoIoDrop<ListeningSocket>, server: &mut Server| {
            loop {
                match socket.accept() {
                    Ok(Some(stream)) => server.accept(stream),
                    Ok(None) => return Ok(PostAction::Continue),
                    // It is asked again: a program that is gone already, or no descriptor is left now.
                    Err(error) => {
                        tracing::debug!(%error, "a program cannot be accepted");
                        return Ok(PostAction::Continue);
                    }
                }
            }
        };
    events.insert_source(source, accept).map_err(|error| error.error).context("no event source")?;
    Ok(())
}
