//! The connection to the compositor.

use super::StartError;
use super::clipboard::{Clipboard, Manager};
use std::os::unix::net::UnixStream;
use std::path::Path;
use wayland_client::globals::{BindError, GlobalList, GlobalListContents, registry_queue_init};
use wayland_client::protocol::{wl_registry, wl_seat};
use wayland_client::{Connection, Dispatch, EventQueue, Proxy, QueueHandle, delegate_noop};
use wayland_protocols_misc::zwp_virtual_keyboard_v1::client::zwp_virtual_keyboard_manager_v1::ZwpVirtualKeyboardManagerV1;
use wayland_protocols_misc::zwp_virtual_keyboard_v1::client::zwp_virtual_keyboard_v1::ZwpVirtualKeyboardV1;
use wayland_protocols_wlr::virtual_pointer::v1::client::zwlr_virtual_pointer_manager_v1::ZwlrVirtualPointerManagerV1;
use wayland_protocols_wlr::virtual_pointer::v1::client::zwlr_virtual_pointer_v1::ZwlrVirtualPointerV1;

/// What the compositor offers and input needs.
pub(super) struct Globals {
    pub(super) seat: wl_seat::WlSeat,
    pub(super) keyboards: ZwpVirtualKeyboardManagerV1,
    pub(super) pointers: ZwlrVirtualPointerManagerV1,
}

/// What the compositor's events go to.
pub(super) struct Client {
    /// If it is wanted, and the compositor has it.
    pub(super) clipboard: Option<Clipboard>,
}

/// Connects to the compositor that listens at `socket`.
pub(super) fn connect(socket: &Path) -> Result<(Connection, EventQueue<Client>, GlobalList), StartError> {
    let failed = |reason: String| StartError::Connect { socket: socket.to_owned(), reason };
    let stream = UnixStream::connect(socket).map_err(|error| failed(error.to_string()))?;
    let connection = Connection::from_socket(stream).map_err(|error| failed(error.to_string()))?;
    let (globals, queue) = registry_queue_init(&connection).map_err(|error| failed(error.to_string()))?;
    Ok((connection, queue, globals))
}

impl Globals {
    pub(super) fn bind(list: &GlobalList, queue: &QueueHandle<Client>) -> Result<Self, StartError> {
        Ok(Self { seat: bind(list, queue, 1)?, keyboards: bind(list, queue, 1)?, pointers: bind(list, queue, 2)? })
    }
}

/// A clipboard manager of the compositor, if it has any.
pub(super) fn clipboard_manager(list: &GlobalList, queue: &QueueHandle<Client>) -> Option<Manager> {
    let ext = list.bind(queue, 1..=1, ()).map(Manager::Ext);
    ext.or_else(|_| list.bind(queue, 1..=2, ()).map(Manager::Wlr)).ok()
}

fn bind<I>(list: &GlobalList, queue: &QueueHandle<Client>, newest: u32) -> Result<I, StartError>
where
    I: Proxy + 'static,
    Client: Dispatch<I, ()>,
{
    list.bind(queue, 1..=newest, ())
        .map_err(|error: BindError| StartError::Protocol { name: I::interface().name, reason: error.to_string() })
}

impl Dispatch<wl_registry::WlRegistry, GlobalListContents> for Client {
    fn event(
        _: &mut Self,
        _: &wl_registry::WlRegistry,
        _: wl_registry::Event,
        _: &GlobalListContents,
        _: &Connection,
        _: &QueueHandle<Self>,
    ) {
    }
}

delegate_noop!(Client: ignore wl_seat::WlSeat);
delegate_noop!(Client: ZwpVirtualKeyboardManagerV1);
delegate_noop!(Client: ZwpVirtualKeyboardV1);
delegate_noop!(Client: ZwlrVirtualPointerManagerV1);
delegate_noop!(Client: ZwlrVirtualPointerV1);
