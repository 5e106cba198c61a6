//! What Wayland programs ask for.

mod compositor;
mod limits;
mod seat;
mod selection;
mod xdg;

pub(crate) use limits::{Limits, bounded_types, disconnect};
pub(crate) use selection::Owner;

use crate::server::Server;
use limits::{Account, Admission, MOST_UNREAD};
use rustix::net::Shutdown;
use smithay::reexports::wayland_server::Client as WaylandClient;
use smithay::reexports::wayland_server::backend::{ClientData, ClientId, DisconnectReason};
use smithay::reexports::wayland_server::protocol::{wl_buffer::WlBuffer, wl_surface::WlSurface};
use smithay::wayland::buffer::BufferHandler;
use smithay::wayland::compositor::CompositorClientState;
use smithay::wayland::fractional_scale::FractionalScaleHandler;
use smithay::wayland::idle_inhibit::IdleInhibitHandler;
use smithay::wayland::output::OutputHandler;
use smithay::wayland::shm::{ShmHandler, ShmState};
use smithay::wayland::tablet_manager::TabletSeatHandler;
use smithay::xwayland::XWaylandClientData;
use std::os::unix::net::UnixStream;
use std::sync::Arc;

/// What is known of a program.
#[derive(Debug)]
pub(crate) struct Client {
    compositor: CompositorClientState,
    account: Account,
    /// Its connection, which is Smithay's to read and write.
    stream: Arc<UnixStream>,
    _admission: Admission,
}

impl Client {
    /// Ends the connection where a program cannot be told why.
    fn hang_up(&self, what: &'static str) {
        tracing::warn!("a program is disconnected: {what}");
        let _ = rustix::net::shutdown(&self.stream, Shutdown::Both);
    }
}

impl ClientData for Client {
    fn initialized(&self, _: ClientId) {}

    /// Smithay closes the connection when it serves programs again, which is now.
    fn disconnected(&self, _: ClientId, _: DisconnectReason) {
        let _ = rustix::net::shutdown(&self.stream, Shutdown::Read);
    }
}

/// Whether this is Xwayland.
pub(crate) fn is_xwayland(client: &WaylandClient) -> bool {
    client.get_data::<XWaylandClientData>().is_some()
}

impl Server {
    /// A program connects.
    pub(crate) fn accept(&mut self, stream: UnixStream) {
        let Some(admission) = self.limits.admit() else {
            return tracing::warn!("a program is refused: too many programs");
        };
        let inserted = stream.try_clone().and_then(|own| {
            let (compositor, account) = (CompositorClientState::default(), Account::default());
            let client = Client { compositor, account, stream: Arc::new(own), _admission: admission };
            self.display.insert_client(stream, Arc::new(client))
        });
        match inserted {
            Ok(client) => client.set_max_buffer_size(&self.display, MOST_UNREAD),
            Err(error) => tracing::warn!(%error, "a program cannot be served"),
        }
    }
}

impl BufferHandler for Server {
    fn buffer_destroyed(&mut self, _: &WlBuffer) {}
}

impl ShmHandler for Server {
    fn shm_state(&self) -> &ShmState {
        &self.protocols.shm
    }
}

impl OutputHandler for Server {}
impl FractionalScaleHandler for Server {}
impl TabletSeatHandler for Server {}

impl IdleInhibitHandler for Server {
    fn inhibit(&mut self, _: WlSurface) {}
    fn uninhibit(&mut self, _: WlSurface) {}
}
