//! A Wayland program.

use super::PATIENCE;
use super::canvas::Canvas;
use super::display::{Display, wait_for};
use super::state::{Event, State};
use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::AsFd;
use std::time::Instant;
use wayland_client::backend::WaylandError;
use wayland_client::protocol::wl_buffer::WlBuffer;
use wayland_client::protocol::wl_compositor::WlCompositor;
use wayland_client::protocol::wl_data_device::WlDataDevice;
use wayland_client::protocol::wl_data_device_manager::WlDataDeviceManager;
use wayland_client::protocol::wl_display::WlDisplay;
use wayland_client::protocol::wl_pointer::WlPointer;
use wayland_client::protocol::wl_registry::WlRegistry;
use wayland_client::protocol::wl_seat::WlSeat;
use wayland_client::protocol::wl_shm::{Format, WlShm};
use wayland_client::{Connection, Dispatch, EventQueue, Proxy, QueueHandle};
use wayland_protocols::xdg::shell::client::xdg_wm_base::XdgWmBase;

/// A program that is connected, with a keyboard, a pointer and the clipboard.
pub(crate) struct Program {
    pub(crate) queue: EventQueue<State>,
    pub(crate) handle: QueueHandle<State>,
    pub(crate) state: State,
    display: WlDisplay,
    registry: WlRegistry,
    pub(crate) compositor: WlCompositor,
    pub(crate) shm: WlShm,
    pub(crate) shell: XdgWmBase,
    pub(crate) pointer: WlPointer,
    pub(crate) clipboards: WlDataDeviceManager,
    pub(crate) clipboard: WlDataDevice,
}

impl Program {
    pub(crate) fn connect(display: &Display) -> Self {
        let connection = Connection::from_socket(display.connect()).unwrap();
        let mut queue = connection.new_event_queue();
        let handle = queue.handle();
        let registry = connection.display().get_registry(&handle, ());
        let mut state = State::default();
        queue.roundtrip(&mut state).unwrap();
        let seat: WlSeat = bind(&state, &registry, &handle);
        seat.get_keyboard(&handle, ());
        let clipboards: WlDataDeviceManager = bind(&state, &registry, &handle);
        Self {
            compositor: bind(&state, &registry, &handle),
            shm: bind(&state, &registry, &handle),
            shell: bind(&state, &registry, &handle),
            pointer: seat.get_pointer(&handle, ()),
            clipboard: clipboards.get_data_device(&seat, &handle, ()),
            clipboards,
            queue,
            handle,
            state,
            display: connection.display(),
            registry,
        }
    }

    /// One of the globals.
    pub(crate) fn bind<I: Proxy + 'static>(&self) -> I
    where
        State: Dispatch<I, ()>,
    {
        bind(&self.state, &self.registry, &self.handle)
    }

    /// All that was asked for is done, and what the display server had to say before is here.
    pub(crate) fn roundtrip(&mut self) {
        self.display.sync(&self.handle, Some(0));
        self.wait_for(&Event::Frame { surface: 0 });
    }

    /// All that was asked for until now is sent.
    pub(crate) fn flush(&self) {
        self.queue.flush().unwrap();
    }

    /// Receives what comes next, if it comes in time.
    fn receive(&mut self, end: Instant) -> bool {
        self.flush();
        if self.queue.dispatch_pending(&mut self.state).unwrap() > 0 {
            return true;
        }
        let guard = self.queue.prepare_read().unwrap();
        if !wait_for(guard.connection_fd(), end.saturating_duration_since(Instant::now())) {
            return false;
        }
        match guard.read() {
            Err(WaylandError::Io(error)) if error.kind() == std::io::ErrorKind::WouldBlock => {}
            read => drop(read.unwrap()),
        }
        self.queue.dispatch_pending(&mut self.state).unwrap();
        true
    }

    /// Waits for an event, which is then forgotten; all others are kept.
    #[track_caller]
    pub(crate) fn wait<T>(&mut self, what: &str, look: impl Fn(&Event) -> Option<T>) -> T {
        let end = Instant::now() + PATIENCE;
        loop {
            let events = &mut self.state.events;
            if let Some((at, found)) = events.iter().enumerate().find_map(|(at, event)| Some((at, look(event)?))) {
                events.remove(at);
                return found;
            }
            assert!(self.receive(end), "not in time: {what}; there was {:?}", self.state);
        }
    }

    /// Waits for exactly this event.
    #[track_caller]
    pub(crate) fn wait_for(&mut self, wanted: &Event) {
        self.wait(&format!("{wanted:?}"), |event| (event == wanted).then_some(()));
    }

    /// What it was told since it looked last.
    pub(crate) fn events(&mut self) -> Vec<Event> {
        self.roundtrip();
        std::mem::take(&mut self.state.events)
    }

    /// A buffer with a drawing, whose rows are padded by so many bytes and begin that far from the start of its pool.
    pub(crate) fn buffer_with(&self, canvas: &Canvas, format: Format, padding: u32, start: u32) -> WlBuffer {
        let stride = canvas.width * 4 + padding;
        let mut bytes = vec![0xa5; start as usize];
        bytes.extend(canvas.bytes(format, stride));
        let memory = rustix::fs::memfd_create("pool", rustix::fs::MemfdFlags::CLOEXEC).unwrap();
        let mut file = File::from(memory);
        file.write_all(&bytes).unwrap();
        let pool = self.shm.create_pool(file.as_fd(), i32::try_from(bytes.len()).unwrap(), &self.handle, ());
        let [start, width, height, stride] = [start, canvas.width, canvas.height, stride].map(u32::cast_signed);
        let buffer = pool.create_buffer(start, width, height, stride, format, &self.handle, ());
        pool.destroy();
        buffer
    }

    /// A buffer with an opaque drawing.
    pub(crate) fn buffer(&self, canvas: &Canvas) -> WlBuffer {
        self.buffer_with(canvas, Format::Xrgb8888, 0, 0)
    }

    /// Puts text on the clipboard, as these types.
    pub(crate) fn copy(&self, text: &str, types: &[&str]) {
        let source = self.clipboards.create_data_source(&self.handle, text.into());
        for name in types {
            source.offer((*name).to_owned());
        }
        self.clipboard.set_selection(Some(&source), self.state.serial);
        self.flush();
    }

    /// Asks for what is on the clipboard.
    pub(crate) fn ask(&self, name: &str) -> File {
        let (reader, writer) = std::io::pipe().unwrap();
        self.state.offer.as_ref().unwrap().receive(name.to_owned(), writer.as_fd());
        self.flush();
        std::os::fd::OwnedFd::from(reader).into()
    }

    /// What is on the clipboard, of another program.
    pub(crate) fn paste(&self, name: &str) -> String {
        let mut reader = self.ask(name);
        assert!(wait_for(&reader, PATIENCE), "nothing is pasted");
        let mut text = String::new();
        reader.read_to_string(&mut text).unwrap();
        text
    }
}

fn bind<I: Proxy + 'static>(state: &State, registry: &WlRegistry, handle: &QueueHandle<State>) -> I
where
    State: Dispatch<I, ()>,
{
    let wanted = I::interface();
    let found = state.globals.iter().find(|(_, interface, _)| interface == wanted.name);
    let (name, _, version) = found.unwrap_or_else(|| panic!("there is no {}", wanted.name));
    registry.bind(*name, (*version).min(wanted.version), handle, ())
}
