//! All requests go through the limits to Smithay.

use super::requests::Checked;
use super::{Limits, MOST_OTHERS, account};
use crate::server::Server;
use smithay::input::SeatState;
use smithay::reexports::wayland_protocols::wp::cursor_shape::v1::server::{
    wp_cursor_shape_device_v1::WpCursorShapeDeviceV1, wp_cursor_shape_manager_v1::WpCursorShapeManagerV1,
};
use smithay::reexports::wayland_protocols::wp::fractional_scale::v1::server::{
    wp_fractional_scale_manager_v1::WpFractionalScaleManagerV1, wp_fractional_scale_v1::WpFractionalScaleV1,
};
use smithay::reexports::wayland_protocols::wp::idle_inhibit::zv1::server::{
    zwp_idle_inhibit_manager_v1::ZwpIdleInhibitManagerV1, zwp_idle_inhibitor_v1::ZwpIdleInhibitorV1,
};
use smithay::reexports::wayland_protocols::wp::pointer_constraints::zv1::server::{
    zwp_confined_pointer_v1::ZwpConfinedPointerV1, zwp_locked_pointer_v1::ZwpLockedPointerV1,
    zwp_pointer_constraints_v1::ZwpPointerConstraintsV1,
};
use smithay::reexports::wayland_protocols::wp::presentation_time::server::{
    wp_presentation::WpPresentation, wp_presentation_feedback::WpPresentationFeedback,
};
use smithay::reexports::wayland_protocols::wp::relative_pointer::zv1::server::{
    zwp_relative_pointer_manager_v1::ZwpRelativePointerManagerV1, zwp_relative_pointer_v1::ZwpRelativePointerV1,
};
use smithay::reexports::wayland_protocols::wp::single_pixel_buffer::v1::server::wp_single_pixel_buffer_manager_v1::WpSinglePixelBufferManagerV1;
use smithay::reexports::wayland_protocols::wp::viewporter::server::{
    wp_viewport::WpViewport, wp_viewporter::WpViewporter,
};
use smithay::reexports::wayland_protocols::xdg::decoration::zv1::server::{
    zxdg_decoration_manager_v1::ZxdgDecorationManagerV1, zxdg_toplevel_decoration_v1::ZxdgToplevelDecorationV1,
};
use smithay::reexports::wayland_protocols::xdg::shell::server::{
    xdg_popup::XdgPopup, xdg_positioner::XdgPositioner, xdg_surface::XdgSurface, xdg_toplevel::XdgToplevel,
    xdg_wm_base::XdgWmBase,
};
use smithay::reexports::wayland_protocols::xdg::xdg_output::zv1::server::{
    zxdg_output_manager_v1::ZxdgOutputManagerV1, zxdg_output_v1::ZxdgOutputV1,
};
use smithay::reexports::wayland_protocols::xwayland::shell::v1::server::{
    xwayland_shell_v1::XwaylandShellV1, xwayland_surface_v1::XwaylandSurfaceV1,
};
use smithay::reexports::wayland_server::backend::ClientId;
use smithay::reexports::wayland_server::protocol::{
    wl_buffer::WlBuffer, wl_callback::WlCallback, wl_compositor::WlCompositor, wl_data_device::WlDataDevice,
    wl_data_device_manager::WlDataDeviceManager, wl_data_source::WlDataSource, wl_keyboard::WlKeyboard,
    wl_output::WlOutput, wl_pointer::WlPointer, wl_region::WlRegion, wl_seat::WlSeat, wl_shm::WlShm,
    wl_shm_pool::WlShmPool, wl_subcompositor::WlSubcompositor, wl_subsurface::WlSubsurface, wl_surface::WlSurface,
    wl_touch::WlTouch,
};
use smithay::reexports::wayland_server::{
    Client as WaylandClient, DataInit, Dispatch, DisplayHandle, GlobalDispatch, New, Resource, Weak,
    delegate_global_dispatch,
};
use smithay::wayland::compositor::{CompositorState, RegionUserData, SubsurfaceUserData, SurfaceUserData};
use smithay::wayland::cursor_shape::{CursorShapeDeviceUserData, CursorShapeManagerState};
use smithay::wayland::fractional_scale::FractionalScaleManagerState;
use smithay::wayland::idle_inhibit::{IdleInhibitManagerState, inhibitor::IdleInhibitorState};
use smithay::wayland::output::{OutputManagerState, OutputUserData, WlOutputData, XdgOutputUserData};
use smithay::wayland::pointer_constraints::{PointerConstraintUserData, PointerConstraintsState};
use smithay::wayland::presentation::{PresentationFeedbackState, PresentationState};
use smithay::wayland::relative_pointer::{RelativePointerManagerState, RelativePointerUserData};
use smithay::wayland::seat::{KeyboardUserData, PointerUserData, SeatGlobalData, SeatUserData, TouchUserData};
use smithay::wayland::selection::data_device::{DataDeviceState, DataDeviceUserData, DataSourceUserData};
use smithay::wayland::shell::xdg::decoration::{XdgDecorationManagerGlobalData, XdgDecorationState};
use smithay::wayland::shell::xdg::{
    ToplevelSurface, XdgPositionerUserData, XdgShellState, XdgShellSurfaceUserData, XdgSurfaceUserData,
    XdgWmBaseUserData,
};
use smithay::wayland::shm::{ShmBufferUserData, ShmPoolUserData, ShmState};
use smithay::wayland::single_pixel_buffer::{SinglePixelBufferState, SinglePixelBufferUserData};
use smithay::wayland::viewporter::{ViewportState, ViewporterState};
use smithay::wayland::xwayland_shell::{XWaylandShellState, XWaylandSurfaceUserData};
use std::sync::atomic::Ordering;

/// Counts and looks at all requests of these objects.
macro_rules! bounded {
    ($($interface:ty: $data:ty => $to:ty;)*) => {$(
        impl Dispatch<$interface, $data> for Server {
            fn request(
                server: &mut Self,
                client: &WaylandClient,
                resource: &$interface,
                request: <$interface as Resource>::Request,
                data: &$data,
                display: &DisplayHandle,
                init: &mut DataInit<'_, Self>,
            ) {
                let counted = Limits::count(&display.backend_handle(), client);
                if let Err(refused) = counted.and_then(|()| resource.check(&request, client, server)) {
                    return refused.tell(server, client, resource);
                }
                <$to as Dispatch<$interface, $data, Self>>::request(
                    server, client, resource, request, data, display, init,
                );
            }

            fn destroyed(server: &mut Self, client: ClientId, resource: &$interface, data: &$data) {
                server.limits.forget(&resource.id());
                <$to as Dispatch<$interface, $data, Self>>::destroyed(server, client, resource, data);
            }
        }
    )*};
}

/// All of whose requests are harmless.
macro_rules! unchecked {
    ($($interface:ty,)*) => {$( impl Checked for $interface {} )*};
}

bounded! {
    WlCompositor: () => CompositorState;
    WlSurface: SurfaceUserData => CompositorState;
    WlRegion: RegionUserData => CompositorState;
    WlCallback: () => CompositorState;
    WlSubcompositor: () => CompositorState;
    WlSubsurface: SubsurfaceUserData => CompositorState;
    WlShm: () => ShmState;
    WlShmPool: ShmPoolUserData => ShmState;
    WlBuffer: ShmBufferUserData => ShmState;
    WlBuffer: SinglePixelBufferUserData => SinglePixelBufferState;
    WpSinglePixelBufferManagerV1: () => SinglePixelBufferState;
    WlSeat: SeatUserData<Server> => SeatState<Server>;
    WlPointer: PointerUserData<Server> => SeatState<Server>;
    WlKeyboard: KeyboardUserData<Server> => SeatState<Server>;
    WlTouch: TouchUserData<Server> => SeatState<Server>;
    WlOutput: OutputUserData => OutputManagerState;
    ZxdgOutputV1: XdgOutputUserData => OutputManagerState;
    ZxdgOutputManagerV1: () => OutputManagerState;
    WlDataDeviceManager: () => DataDeviceState;
    WlDataDevice: DataDeviceUserData => DataDeviceState;
    WlDataSource: DataSourceUserData => DataDeviceState;
    XdgWmBase: XdgWmBaseUserData => XdgShellState;
    XdgPositioner: XdgPositionerUserData => XdgShellState;
    XdgPopup: XdgShellSurfaceUserData => XdgShellState;
    XdgSurface: XdgSurfaceUserData => XdgShellState;
    XdgToplevel: XdgShellSurfaceUserData => XdgShellState;
    ZxdgDecorationManagerV1: () => XdgDecorationState;
    ZxdgToplevelDecorationV1: ToplevelSurface => XdgDecorationState;
    WpPresentation: u32 => PresentationState;
    WpPresentationFeedback: () => PresentationFeedbackState;
    WpViewporter: () => ViewporterState;
    WpViewport: ViewportState => ViewportState;
    WpFractionalScaleManagerV1: () => FractionalScaleManagerState;
    WpFractionalScaleV1: Weak<WlSurface> => FractionalScaleManagerState;
    ZwpIdleInhibitManagerV1: () => IdleInhibitManagerState;
    ZwpIdleInhibitorV1: IdleInhibitorState => IdleInhibitManagerState;
    ZwpPointerConstraintsV1: () => PointerConstraintsState;
    ZwpConfinedPointerV1: PointerConstraintUserData<Server> => PointerConstraintsState;
    ZwpLockedPointerV1: PointerConstraintUserData<Server> => PointerConstraintsState;
    ZwpRelativePointerManagerV1: () => RelativePointerManagerState;
    ZwpRelativePointerV1: RelativePointerUserData<Server> => RelativePointerManagerState;
    WpCursorShapeManagerV1: () => CursorShapeManagerState;
    WpCursorShapeDeviceV1: CursorShapeDeviceUserData<Server> => CursorShapeManagerState;
    XwaylandShellV1: () => XWaylandShellState;
    XwaylandSurfaceV1: XWaylandSurfaceUserData => XWaylandShellState;
}

unchecked! {
    WlCompositor, WlCallback, WlShm, WlBuffer, WpSinglePixelBufferManagerV1, WlSeat, WlPointer, WlKeyboard, WlTouch,
    WlOutput, ZxdgOutputV1, ZxdgOutputManagerV1, WlDataDeviceManager, WlDataDevice, XdgWmBase, XdgPopup,
    ZxdgDecorationManagerV1, ZxdgToplevelDecorationV1, WpPresentation, WpPresentationFeedback, WpViewporter,
    WpFractionalScaleManagerV1, WpFractionalScaleV1, ZwpIdleInhibitManagerV1, ZwpIdleInhibitorV1,
    ZwpPointerConstraintsV1, ZwpConfinedPointerV1, ZwpLockedPointerV1, ZwpRelativePointerManagerV1,
    ZwpRelativePointerV1, WpCursorShapeManagerV1, WpCursorShapeDeviceV1, XwaylandShellV1, XwaylandSurfaceV1,
}

delegate_global_dispatch!(Server: [WlCompositor: ()] => CompositorState);
delegate_global_dispatch!(Server: [WlSubcompositor: ()] => CompositorState);
delegate_global_dispatch!(Server: [WpSinglePixelBufferManagerV1: ()] => SinglePixelBufferState);
delegate_global_dispatch!(Server: [WlSeat: SeatGlobalData<Server>] => SeatState<Server>);
delegate_global_dispatch!(Server: [WlOutput: WlOutputData] => OutputManagerState);
delegate_global_dispatch!(Server: [ZxdgOutputManagerV1: ()] => OutputManagerState);
delegate_global_dispatch!(Server: [WlDataDeviceManager: ()] => DataDeviceState);
delegate_global_dispatch!(Server: [XdgWmBase: ()] => XdgShellState);
delegate_global_dispatch!(Server: [ZxdgDecorationManagerV1: XdgDecorationManagerGlobalData] => XdgDecorationState);
delegate_global_dispatch!(Server: [WpPresentation: u32] => PresentationState);
delegate_global_dispatch!(Server: [WpViewporter: ()] => ViewporterState);
delegate_global_dispatch!(Server: [WpFractionalScaleManagerV1: ()] => FractionalScaleManagerState);
delegate_global_dispatch!(Server: [ZwpIdleInhibitManagerV1: ()] => IdleInhibitManagerState);
delegate_global_dispatch!(Server: [ZwpPointerConstraintsV1: ()] => PointerConstraintsState);
delegate_global_dispatch!(Server: [ZwpRelativePointerManagerV1: ()] => RelativePointerManagerState);
delegate_global_dispatch!(Server: [WpCursorShapeManagerV1: ()] => CursorShapeManagerState);
delegate_global_dispatch!(Server: [XwaylandShellV1: ()] => XWaylandShellState);

impl GlobalDispatch<WlShm, ()> for Server {
    fn bind(
        server: &mut Self,
        display: &DisplayHandle,
        client: &WaylandClient,
        resource: New<WlShm>,
        data: &(),
        init: &mut DataInit<'_, Self>,
    ) {
        <ShmState as GlobalDispatch<WlShm, (), Self>>::bind(server, display, client, resource, data, init);
    }

    /// Asked for each registry, while the program cannot be disconnected by the protocol.
    fn can_view(client: WaylandClient, (): &()) -> bool {
        let registries = account(&client).map_or(0, |account| account.registries.fetch_add(1, Ordering::Relaxed));
        if registries as usize >= MOST_OTHERS
            && let Some(data) = client.get_data::<super::Client>()
        {
            data.hang_up("too many registries");
        }
        true
    }
}
