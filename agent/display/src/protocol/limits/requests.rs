//! Requests that are looked at before they are done.
//!
//! What is refused here as wrong is forbidden by the protocol, and Smithay does not look for it or would panic at it.

use super::{
    MOST_BUFFER_PIXELS, MOST_CONFIGURES, MOST_DAMAGE, MOST_NESTED, MOST_PIXELS, MOST_SCALE, MOST_SUBMENUS, Refused,
    disconnect,
};
use crate::protocol::is_xwayland;
use crate::server::Server;
use smithay::reexports::wayland_protocols::wp::viewporter::server::wp_viewport::{self, WpViewport};
use smithay::reexports::wayland_protocols::xdg::shell::server::{
    xdg_positioner::{self, XdgPositioner},
    xdg_surface::{self, XdgSurface},
    xdg_toplevel::{self, XdgToplevel},
};
use smithay::reexports::wayland_server::protocol::{
    wl_data_source::{self, WlDataSource},
    wl_region::{self, WlRegion},
    wl_shm,
    wl_shm_pool::{self, WlShmPool},
    wl_subcompositor::{self, WlSubcompositor},
    wl_subsurface::{self, WlSubsurface},
    wl_surface::{self, WlSurface},
};
use smithay::reexports::wayland_server::{Client as WaylandClient, DisplayHandle, Resource};
use smithay::wayland::compositor::{SubsurfaceUserData, get_children, get_parent, get_role, with_states};
use smithay::wayland::shell::xdg::{
    PopupSurface, XDG_POPUP_ROLE, XDG_TOPLEVEL_ROLE, XdgPopupSurfaceData, XdgToplevelSurfaceData,
};
use std::cell::Cell;
use std::ops::RangeInclusive;

/// Places on the display and around it.
const PLACES: RangeInclusive<i32> = -MOST_PIXELS..=MOST_PIXELS;
/// Lengths.
const LENGTHS: RangeInclusive<i32> = 1..=MOST_PIXELS;

/// Objects whose requests are looked at.
pub(super) trait Checked: Resource {
    fn check(&self, _: &Self::Request, _: &WaylandClient, _: &mut Server) -> Result<(), Refused> {
        Ok(())
    }
}

fn within<const N: usize>(values: [i32; N], range: &RangeInclusive<i32>, refused: Refused) -> Result<(), Refused> {
    if values.iter().all(|value| range.contains(value)) { Ok(()) } else { Err(refused) }
}

/// Damaged parts of a surface since its last commit that is seen.
#[derive(Debug, Default)]
struct Damage(Cell<u32>);

/// What was committed is seen.
pub(in crate::protocol) fn seen(surface: &WlSurface) {
    with_states(surface, |states| {
        if let Some(damage) = states.data_map.get::<Damage>() {
            damage.0.set(0);
        }
    });
}

impl Checked for WlSurface {
    fn check(&self, request: &Self::Request, _: &WaylandClient, _: &mut Server) -> Result<(), Refused> {
        match *request {
            wl_surface::Request::Damage { width, height, .. }
            | wl_surface::Request::DamageBuffer { width, height, .. } => {
                // Of no extent, which some toolkits send.
                within([width, height], &(0..=i32::MAX), Refused::Ignored)?;
                let count = with_states(self, |states| {
                    states.data_map.insert_if_missing(Damage::default);
                    states.data_map.get::<Damage>().map_or(0, |damage| damage.0.replace(damage.0.get() + 1))
                });
                if count < MOST_DAMAGE { Ok(()) } else { Err(Refused::Limit("too much damage that is not committed")) }
            }
            wl_surface::Request::SetBufferScale { scale } => {
                let wrong = Refused::Wrong(wl_surface::Error::InvalidScale.into(), "a scale out of range");
                within([scale], &(1..=MOST_SCALE), wrong)
            }
            wl_surface::Request::Attach { x, y, .. } | wl_surface::Request::Offset { x, y } => {
                within([x, y], &PLACES, Refused::Limit("a surface beyond all places"))
            }
            _ => Ok(()),
        }
    }
}

impl Checked for WlRegion {
    fn check(&self, request: &Self::Request, client: &WaylandClient, server: &mut Server) -> Result<(), Refused> {
        let (wl_region::Request::Add { width, height, .. } | wl_region::Request::Subtract { width, height, .. }) =
            *request
        else {
            return Ok(());
        };
        within([width, height], &(0..=i32::MAX), Refused::Ignored)?;
        let added = server.limits.add_rectangle(self.id());
        // The shape of an X program's window; the others are to stay.
        if is_xwayland(client) { added.map_err(|_| Refused::Ignored) } else { added }
    }
}

impl Checked for WlSubcompositor {
    fn check(&self, request: &Self::Request, _: &WaylandClient, _: &mut Server) -> Result<(), Refused> {
        let wl_subcompositor::Request::GetSubsurface { surface, parent, .. } = request else { return Ok(()) };
        let above = std::iter::successors(Some(parent.clone()), get_parent).take(MOST_NESTED + 1).count();
        // Smithay follows the tree by recursion.
        if above + nested(surface, MOST_NESTED) > MOST_NESTED {
            return Err(Refused::Limit("too many subsurfaces in each other"));
        }
        Ok(())
    }
}

/// How many surfaces are in each other below this one, itself included.
fn nested(surface: &WlSurface, most: usize) -> usize {
    let Some(rest) = most.checked_sub(1) else { return 1 };
    1 + get_children(surface).iter().map(|child| nested(child, rest)).max().unwrap_or_default()
}

impl Checked for WlSubsurface {
    fn check(&self, request: &Self::Request, _: &WaylandClient, _: &mut Server) -> Result<(), Refused> {
        match request {
            wl_subsurface::Request::SetPosition { x, y } => {
                within([*x, *y], &PLACES, Refused::Limit("a subsurface beyond all places"))
            }
            wl_subsurface::Request::PlaceAbove { sibling } | wl_subsurface::Request::PlaceBelow { sibling } => {
                // Above itself, which puts Smithay beyond the end of a list.
                let itself = self.data::<SubsurfaceUserData>().is_none_or(|data| data.surface() == sibling);
                let wrong = Refused::Wrong(wl_subsurface::Error::BadSurface.into(), "a subsurface beside itself");
                if itself { Err(wrong) } else { Ok(()) }
            }
            _ => Ok(()),
        }
    }
}

impl Checked for WlShmPool {
    fn check(&self, request: &Self::Request, _: &WaylandClient, _: &mut Server) -> Result<(), Refused> {
        match *request {
            // Smithay panics at 0.
            wl_shm_pool::Request::Resize { size } => {
                let wrong = Refused::Wrong(wl_shm::Error::InvalidFd.into(), "a pool of no size");
                within([size], &(1..=i32::MAX), wrong)
            }
            wl_shm_pool::Request::CreateBuffer { width, height, .. } => {
                let wrong = Refused::Wrong(wl_shm::Error::InvalidStride.into(), "a buffer of a size that cannot be");
                within([width, height], &(1..=MOST_BUFFER_PIXELS), wrong)
            }
            _ => Ok(()),
        }
    }
}

impl Checked for WpViewport {
    fn check(&self, request: &Self::Request, _: &WaylandClient, _: &mut Server) -> Result<(), Refused> {
        match *request {
            // -1: none any more. What is too small Smithay refuses.
            wp_viewport::Request::SetDestination { width, height } => {
                let wrong = Refused::Wrong(wp_viewport::Error::BadValue.into(), "a viewport beyond all sizes");
                within([width, height], &(-1..=MOST_PIXELS), wrong)
            }
            _ => Ok(()),
        }
    }
}

impl Checked for XdgSurface {
    fn check(&self, request: &Self::Request, _: &WaylandClient, _: &mut Server) -> Result<(), Refused> {
        let xdg_surface::Request::SetWindowGeometry { x, y, width, height } = *request else { return Ok(()) };
        let wrong = Refused::Wrong(xdg_surface::Error::InvalidSize.into(), "a window of a size that cannot be");
        within([width, height], &(1..=i32::MAX), wrong)?;
        within([x, y], &PLACES, Refused::Limit("a window beyond all places"))
    }
}

impl Checked for XdgToplevel {
    fn check(&self, request: &Self::Request, _: &WaylandClient, _: &mut Server) -> Result<(), Refused> {
        match *request {
            xdg_toplevel::Request::SetMinSize { width, height }
            | xdg_toplevel::Request::SetMaxSize { width, height } => {
                let wrong = Refused::Wrong(xdg_toplevel::Error::InvalidSize.into(), "a negative size");
                within([width, height], &(0..=i32::MAX), wrong)
            }
            _ => Ok(()),
        }
    }
}

impl Checked for XdgPositioner {
    fn check(&self, request: &Self::Request, _: &WaylandClient, _: &mut Server) -> Result<(), Refused> {
        let wrong = Refused::Wrong(xdg_positioner::Error::InvalidInput.into(), "a popup beyond all places");
        match *request {
            xdg_positioner::Request::SetSize { width, height } => within([width, height], &LENGTHS, wrong),
            xdg_positioner::Request::SetAnchorRect { x, y, width, height } => {
                within([x, y], &PLACES, wrong)?;
                // Some toolkits anchor at a point; the protocol allows that since its version 7.
                within([width, height], &(0..=MOST_PIXELS), wrong)
            }
            xdg_positioner::Request::SetOffset { x, y } => within([x, y], &PLACES, wrong),
            _ => Ok(()),
        }
    }
}

impl Checked for WlDataSource {
    fn check(&self, request: &Self::Request, _: &WaylandClient, server: &mut Server) -> Result<(), Refused> {
        match request {
            wl_data_source::Request::Offer { mime_type } => server.limits.add_type(self.id(), mime_type),
            _ => Ok(()),
        }
    }
}

/// Whether the parents of a popup end at a window. Who follows those of one that is its own grandparent never arrives.
pub(in crate::protocol) fn has_parents(popup: &PopupSurface) -> bool {
    let mut next = popup.get_parent_surface();
    for _ in 0..MOST_SUBMENUS {
        let Some(parent) = next.filter(|parent| parent != popup.wl_surface()) else { return false };
        match get_role(&parent) {
            Some(XDG_TOPLEVEL_ROLE) => return true,
            Some(XDG_POPUP_ROLE) => {}
            _ => return false,
        }
        next = with_states(&parent, |states| {
            states.data_map.get::<XdgPopupSurfaceData>().and_then(|data| data.lock().ok()?.parent.clone())
        });
    }
    false
}

/// Ends a program for what a surface of it is.
pub(in crate::protocol) fn refuse(surface: &WlSurface, code: impl Into<u32>, what: &'static str) {
    tracing::warn!("a program is disconnected: {what}");
    surface.post_error(code.into(), what);
}

/// A program was told a size. It has to take them.
pub(in crate::protocol) fn configured(display: &DisplayHandle, surface: &WlSurface) {
    let count = with_states(surface, |states| {
        let window = states.data_map.get::<XdgToplevelSurfaceData>();
        let window = window.and_then(|data| Some(data.lock().ok()?.pending_configures().len()));
        let popup = states.data_map.get::<XdgPopupSurfaceData>();
        window.or_else(|| popup.and_then(|data| Some(data.lock().ok()?.pending_configures().len())))
    });
    if count.is_some_and(|count| count > MOST_CONFIGURES)
        && let Some(client) = surface.client()
    {
        disconnect(&display.backend_handle(), client.id(), "too many sizes that it has not taken");
    }
}
