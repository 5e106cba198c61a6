//! Surfaces and their commits.

use super::{Client, is_xwayland, limits};
use crate::clock::now;
use crate::pace::Class;
use crate::server::Server;
use smithay::backend::renderer::utils::{
    CommitCounter, RendererSurfaceStateUserData, SurfaceView, on_commit_buffer_handler,
};
use smithay::reexports::wayland_server::protocol::wl_surface::WlSurface;
use smithay::reexports::wayland_server::{Client as WaylandClient, Resource};
use smithay::wayland::compositor::{
    CompositorClientState, CompositorHandler, CompositorState, SurfaceData, TraversalAction, get_parent,
    is_sync_subsurface, with_surface_tree_downward,
};
use smithay::xwayland::XWaylandClientData;
use std::cell::Cell;
use std::sync::LazyLock;

/// The last commit of a surface that was seen, and its place: one without damage is no new picture.
#[derive(Default)]
struct Seen(Cell<Option<(CommitCounter, Option<SurfaceView>)>>);

impl CompositorHandler for Server {
    fn compositor_state(&mut self) -> &mut CompositorState {
        &mut self.protocols.compositor
    }

    fn client_compositor_state<'a>(&self, client: &'a WaylandClient) -> &'a CompositorClientState {
        /// Of a client of neither kind, which there is none of.
        static NOBODY: LazyLock<CompositorClientState> = LazyLock::new(CompositorClientState::default);
        let xwayland = client.get_data::<XWaylandClientData>().map(|data| &data.compositor_state);
        let program = || client.get_data::<Client>().map(|data| &data.compositor);
        xwayland.or_else(program).unwrap_or(&NOBODY)
    }

    fn commit(&mut self, surface: &WlSurface) {
        let time = now();
        limits::seen(surface);
        on_commit_buffer_handler::<Self>(surface);
        self.popups.commit(surface);
        let mut hides = false;
        if !is_sync_subsurface(surface)
            && let Some(window) = self.window_of(&root(surface))
        {
            window.on_commit();
            hides = self.settle(&window);
        }
        // What hides its window commits once more before it is to be told anything.
        if !hides {
            self.configure_new(surface);
        }
        let new = is_new(surface);
        if new {
            self.pictures.committed(time);
        }
        let x11 = surface.client().is_some_and(|client| is_xwayland(&client));
        self.pace.committed(time, if x11 { Class::X11 } else { Class::Wayland }, new);
    }

    /// What was below it is seen.
    fn destroyed(&mut self, _: &WlSurface) {
        self.changed();
    }
}

/// The surface that this one is a part of.
fn root(surface: &WlSurface) -> WlSurface {
    let mut root = surface.clone();
    while let Some(parent) = get_parent(&root) {
        root = parent;
    }
    root
}

/// Whether there is something to see in what was just committed: the surface, or others that waited for it.
fn is_new(surface: &WlSurface) -> bool {
    let mut new = false;
    let look = |_: &WlSurface, states: &SurfaceData, (): &()| {
        let state = states.data_map.get::<RendererSurfaceStateUserData>().and_then(|state| state.lock().ok());
        let commit = state.map(|state| (state.current_commit(), state.view()));
        states.data_map.insert_if_missing(Seen::default);
        new |= states.data_map.get::<Seen>().is_none_or(|seen| seen.0.replace(commit) != commit);
    };
    with_surface_tree_downward(surface, (), |_, _, ()| TraversalAction::DoChildren(()), look, |_, _, ()| true);
    new
}
