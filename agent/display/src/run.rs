//! The event loop.

use crate::args::Args;
use crate::clock::now;
use crate::server::Server;
use crate::sys;
use anyhow::Context;
use dillinger_ring::message::ToDisplay;
use dillinger_ring::socket::Socket;
use rustix::io::Errno;
use smithay::reexports::calloop::generic::Generic;
use smithay::reexports::calloop::{EventLoop, Interest, LoopHandle, Mode, PostAction};
use smithay::reexports::wayland_server::{Display, ListeningSocket};
use std::os::fd::OwnedFd;
use std::path::Path;
use std::time::Duration;

/// The socket's name is agreed with the units: it is mounted into the game's container.
const SOCKET: &str = "wayland-0";

/// Runs until the streamer closes the connection, which is no error, or until there is something that it cannot be without.
pub fn run(args: &Args) -> anyhow::Result<()> {
    let socket = Socket::new(streamer()?);
    // Open until the program has ended: who sees the end of the connection ends too, and this program with it.
    std::mem::forget(socket.clone());
    let mut events: EventLoop<'static, Server> = EventLoop::try_new().context("no event loop")?;
    let display: Display<Server> = Display::new().context("no Wayland server")?;
    let handle = events.handle();
    let mut server = Server::new(args, display.handle(), handle.clone(), socket.clone())?;
    serve_programs(&handle, display)?;
    obey_streamer(&handle, socket)?;
    server.start_x11(&args.directory, args.x11_number)?;
    // Last: who connects finds everything.
    listen(&handle, &args.directory)?;
    match serve(&mut events, &mut server) {
        Err(error) if !error.is::<Gone>() => Err(error),
        _ => Ok(()),
    }
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

/// The streamer closed the connection.
#[derive(Debug, thiserror::Error)]
#[error("the streamer is gone")]
pub(crate) struct Gone;

/// What a message was that could not be sent to the streamer.
pub(crate) fn unsent(error: Errno) -> anyhow::Error {
    match error {
        Errno::PIPE | Errno::CONNRESET => Gone.into(),
        error => anyhow::Error::new(error).context("the streamer does not read"),
    }
}

/// The connection to the streamer: standard input, which is then empty.
fn streamer() -> anyhow::Result<OwnedFd> {
    let stdin = std::io::stdin();
    let socket = rustix::io::fcntl_dupfd_cloexec(&stdin, 3).context("standard input")?;
    rustix::net::sockopt::socket_type(&socket).context("standard input is not the connection to the streamer")?;
    let empty = std::fs::File::open("/dev/null").context("/dev/null")?;
    rustix::stdio::dup2_stdin(&empty).context("standard input")?;
    Ok(socket)
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
                Err(dillinger_ring::socket::ReceiveError::Closed) => {
                    server.fail(Gone);
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
