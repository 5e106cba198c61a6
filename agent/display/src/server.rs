//! The state of the display server, and what it offers to programs.

use crate::args::Args;
use crate::clipboard::Clipboard;
use crate::clock::now;
use crate::input::Keymaps;
use crate::pace::Pace;
use crate::picture::{Pictures, Pixman};
use crate::protocol::Limits;
use crate::x11::Aside;
use anyhow::Context;
use dillinger_ring::planes::Planes;
use dillinger_ring::socket::Socket;
use smithay::desktop::{PopupManager, Space, Window};
use smithay::input::keyboard::XkbConfig;
use smithay::input::pointer::CursorImageStatus;
use smithay::input::{Seat, SeatState};
use smithay::output::{Mode, Output, PhysicalProperties, Scale, Subpixel};
use smithay::reexports::calloop::LoopHandle;
use smithay::reexports::wayland_server::DisplayHandle;
use smithay::reexports::wayland_server::protocol::wl_shm::Format;
use smithay::utils::{Logical, Size, Transform};
use smithay::wayland::compositor::CompositorState;
use smithay::wayland::cursor_shape::CursorShapeManagerState;
use smithay::wayland::fractional_scale::FractionalScaleManagerState;
use smithay::wayland::idle_inhibit::IdleInhibitManagerState;
use smithay::wayland::output::OutputManagerState;
use smithay::wayland::pointer_constraints::PointerConstraintsState;
use smithay::wayland::presentation::PresentationState;
use smithay::wayland::relative_pointer::RelativePointerManagerState;
use smithay::wayland::selection::data_device::DataDeviceState;
use smithay::wayland::shell::xdg::XdgShellState;
use smithay::wayland::shell::xdg::decoration::XdgDecorationState;
use smithay::wayland::shm::ShmState;
use smithay::wayland::single_pixel_buffer::SinglePixelBufferState;
use smithay::wayland::viewporter::ViewporterState;
use smithay::wayland::xwayland_shell::XWaylandShellState;
use smithay::xwayland::X11Wm;

/// Milliseconds that a key is held before it repeats, and repetitions a second.
const KEY_REPEAT: (i32, i32) = (600, 25);

/// The display server.
pub(crate) struct Server {
    pub(crate) display: DisplayHandle,
    pub(crate) events: LoopHandle<'static, Self>,
    /// Why it ends.
    pub(crate) failed: Option<anyhow::Error>,
    pub(crate) protocols: Protocols,
    pub(crate) output: Output,
    pub(crate) space: Space<Window>,
    /// Windows of Wayland programs that have no pixels.
    pub(crate) hidden: Vec<Window>,
    pub(crate) popups: PopupManager,
    pub(crate) seat: Seat<Self>,
    pub(crate) cursor: CursorImageStatus,
    pub(crate) x11: Option<X11Wm>,
    pub(crate) aside: Option<Aside>,
    pub(crate) pace: Pace,
    pub(crate) pictures: Pictures,
    pub(crate) keymaps: Keymaps,
    pub(crate) clipboard: Clipboard,
    pub(crate) limits: Limits,
    /// A lone window that is smaller than the display is the picture.
    pub(crate) fill_display: bool,
    pub(crate) socket: Socket,
}

/// All that a program can reach. No screencopy, virtual input, data-control, layer-shell or output management.
pub(crate) struct Protocols {
    pub(crate) compositor: CompositorState,
    pub(crate) xdg: XdgShellState,
    pub(crate) shm: ShmState,
    pub(crate) seats: SeatState<Server>,
    pub(crate) data: DataDeviceState,
    pub(crate) xwayland: XWaylandShellState,
}

impl Protocols {
    fn new(display: &DisplayHandle) -> Self {
        CursorShapeManagerState::new::<Server>(display);
        FractionalScaleManagerState::new::<Server>(display);
        IdleInhibitManagerState::new::<Server>(display);
        OutputManagerState::new_with_xdg_output::<Server>(display);
        PointerConstraintsState::new::<Server>(display);
        PresentationState::new::<Server>(display, rustix::time::ClockId::Monotonic as u32);
        RelativePointerManagerState::new::<Server>(display);
        SinglePixelBufferState::new::<Server>(display);
        ViewporterState::new::<Server>(display);
        XdgDecorationState::new::<Server>(display);
        Self {
            compositor: CompositorState::new::<Server>(display),
            xdg: XdgShellState::new::<Server>(display),
            shm: ShmState::new::<Server>(display, [Format::Xbgr8888, Format::Abgr8888]),
            seats: SeatState::new(),
            data: DataDeviceState::new::<Server>(display),
            // Smithay shows it to Xwayland alone.
            xwayland: XWaylandShellState::new::<Server>(display),
        }
    }
}

impl Server {
    pub(crate) fn new(
        args: &Args,
        display: DisplayHandle,
        events: LoopHandle<'static, Self>,
        socket: Socket,
    ) -> anyhow::Result<Self> {
        let planes = Planes::new(args.width, args.height)?;
        let mut protocols = Protocols::new(&display);
        let output = output(mode(planes, args.refresh_rate));
        output.create_global::<Self>(&display);
        let mut seat = protocols.seats.new_wl_seat(&display, "seat0");
        let (delay, rate) = KEY_REPEAT;
        seat.add_keyboard(XkbConfig::default(), delay, rate).context("no keymap; is xkb-data installed?")?;
        seat.add_pointer();
        let mut space = Space::default();
        space.map_output(&output, (0, 0));
        Ok(Self {
            display,
            events,
            failed: None,
            protocols,
            output,
            space,
            hidden: Vec::new(),
            popups: PopupManager::default(),
            seat,
            cursor: CursorImageStatus::default_named(),
            x11: None,
            aside: None,
            pace: Pace::new(args.refresh_rate, !args.no_frame_on_input),
            pictures: Pictures::new(socket.clone(), planes, Box::new(Pixman::new()?))?,
            keymaps: Keymaps::default(),
            clipboard: Clipboard::new(args.clipboard),
            limits: Limits::new()?,
            fill_display: !args.no_fill_display,
            socket,
        })
    }

    /// The size of the display.
    pub(crate) fn size(&self) -> Size<i32, Logical> {
        self.output.current_mode().map_or((0, 0).into(), |mode| (mode.size.w, mode.size.h).into())
    }

    /// Another mode.
    pub(crate) fn set_mode(&mut self, planes: Planes, refresh_rate: u32) {
        self.pace.set_refresh_rate(refresh_rate);
        let mode = mode(planes, refresh_rate);
        if let Some(old) = self.output.current_mode().filter(|old| *old != mode) {
            self.output.change_current_state(Some(mode), None, None, None);
            self.output.set_preferred(mode);
            self.output.delete_mode(old);
            self.arrange();
        }
        self.changed();
    }

    /// There is something else to see.
    pub(crate) fn changed(&mut self) {
        self.pace.changed(now());
    }

    /// The end, for this reason.
    pub(crate) fn fail(&mut self, error: impl Into<anyhow::Error>) {
        self.failed.get_or_insert(error.into());
    }
}

fn mode(planes: Planes, refresh_rate: u32) -> Mode {
    let [width, height, refresh] = [planes.width(), planes.height(), refresh_rate * 1000].map(u32::cast_signed);
    Mode { size: (width, height).into(), refresh }
}

/// The one output, which has no size in millimetres, as there is no screen.
fn output(mode: Mode) -> Output {
    let properties = PhysicalProperties {
        size: (0, 0).into(),
        subpixel: Subpixel::None,
        make: "Dillinger".to_owned(),
        model: "stream".to_owned(),
    };
    let output = Output::new("STREAM-1".to_owned(), properties);
    let place = Some((0, 0).into());
    output.change_current_state(Some(mode), Some(Transform::Normal), Some(Scale::Integer(1)), place);
    output.set_preferred(mode);
    output
}
