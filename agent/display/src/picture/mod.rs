//! Takes pictures: from a program's own buffer where one window is all that is seen, otherwise from a composition.

mod buffer;
mod compose;
pub mod convert;
pub mod cursor;

pub(crate) use compose::{Pixman, Renderer};

use crate::clock::now;
use crate::pace::Class;
use crate::protocol::disconnect;
use crate::run::unsent;
use crate::server::Server;
use crate::windows::surface_of;
use anyhow::Context;
use buffer::with_pixels;
use convert::{Pixels, convert};
use cursor::Cursor;
use dillinger_ring::memory::Writer;
use dillinger_ring::message::FromDisplay;
use dillinger_ring::planes::Planes;
use dillinger_ring::socket::Socket;
use smithay::backend::renderer::utils::with_renderer_surface_state;
use smithay::desktop::utils::{
    OutputPresentationFeedback, send_frames_surface_tree, take_presentation_feedback_surface_tree,
};
use smithay::desktop::{PopupManager, Space};
use smithay::input::pointer::{CursorImageStatus, CursorImageSurfaceData};
use smithay::reexports::wayland_protocols::wp::presentation_time::server::wp_presentation_feedback::Kind;
use smithay::reexports::wayland_server::Resource;
use smithay::reexports::wayland_server::protocol::wl_surface::WlSurface;
use smithay::utils::{Logical, Rectangle, Size, Transform};
use smithay::wayland::compositor::{get_children, with_states};
use smithay::wayland::presentation::Refresh;
use std::os::fd::AsFd;
use std::time::Duration;

/// Rings after the last sign of the streamer: with more, a window that changes its size all the time would fill the
/// connection to one that hangs.
const MOST_UNSEEN: u32 = 16;

/// The memory of pictures, and what is sent of them.
pub(crate) struct Pictures {
    socket: Socket,
    generation: u32,
    ring: Writer,
    /// Rings since the streamer gave a picture back.
    unseen: u32,
    /// Pictures are wanted, or one is.
    wanted: bool,
    once: bool,
    /// When the newest thing that will be seen was committed.
    committed: Option<u64>,
    renderer: Box<dyn Renderer>,
    arrow: Cursor,
    /// The pictures that were taken.
    count: u64,
}

impl Pictures {
    pub(crate) fn new(socket: Socket, planes: Planes, renderer: Box<dyn Renderer>) -> anyhow::Result<Self> {
        let ring = Writer::new(planes).context("no memory for pictures")?;
        let arrow = cursor::arrow();
        let (wanted, once, committed) = (false, false, None);
        let this = Self { socket, generation: 0, ring, unseen: 0, wanted, once, committed, renderer, arrow, count: 0 };
        this.announce()?;
        Ok(this)
    }

    fn announce(&self) -> anyhow::Result<()> {
        let ring = FromDisplay::Ring { generation: self.generation, planes: self.ring.planes() };
        self.socket.send_with(ring, self.ring.as_fd()).map_err(unsent)
    }

    /// Whether there is memory for a picture of this size: one of another size gets a ring of its own.
    pub(crate) fn has_room(&self, planes: Planes) -> bool {
        if planes == self.ring.planes() { self.ring.free().is_some() } else { self.unseen < MOST_UNSEEN }
    }

    /// Pictures of another size from now on, in another ring.
    pub(crate) fn resize(&mut self, planes: Planes) -> anyhow::Result<()> {
        if planes != self.ring.planes() {
            self.ring = Writer::new(planes).context("no memory for pictures")?;
            self.generation = self.generation.wrapping_add(1);
            self.unseen += 1;
            self.announce()?;
        }
        Ok(())
    }

    /// Whether pictures are wanted. True: they were not before.
    pub(crate) fn want(&mut self, wanted: bool) -> bool {
        !std::mem::replace(&mut self.wanted, wanted) && wanted
    }

    /// One picture, even if none are wanted.
    pub(crate) fn refresh(&mut self) {
        self.once = true;
    }

    /// Something was committed that will be seen.
    pub(crate) fn committed(&mut self, time: u64) {
        self.committed = Some(time);
    }

    /// The streamer gives a slot back; one of an older ring is of no use.
    pub(crate) fn release(&mut self, generation: u32, slot: u32) {
        self.unseen = 0;
        if generation == self.generation {
            self.ring.take_back(slot);
        }
    }

    /// The picture in this slot is the streamer's.
    fn hand_over(&mut self, slot: u32, time: u64) -> anyhow::Result<()> {
        self.once = false;
        self.count += 1;
        self.ring.lend(slot);
        let frame = FromDisplay::Frame { generation: self.generation, slot, time };
        self.socket.send(frame).map_err(unsent)
    }
}

impl Server {
    /// Does what is due: a picture first, as it is what the player waits for.
    pub(crate) fn work(&mut self) -> anyhow::Result<()> {
        // A window may have got pixels, moved or gone.
        self.repoint();
        let wanted = self.pictures.wanted || self.pictures.once;
        self.pace.block(wanted && !self.has_room());
        let time = now();
        if self.pace.is_picture_due(time) {
            self.pace.taken(time);
            if wanted {
                self.take_picture(time)?;
            }
        }
        let time = now();
        let classes = [Class::Wayland, Class::X11].map(|class| self.pace.call(time, class));
        if classes.contains(&true) {
            self.call(classes);
        }
        Ok(())
    }

    /// Tells programs that they may draw, and that what they drew is seen. Also those whose windows are hidden: a game
    /// behind a dialog would freeze otherwise.
    fn call(&mut self, [wayland, x11]: [bool; 2]) {
        let (output, time) = (self.output.clone(), Duration::from_nanos(now()));
        let here = |_: &WlSurface, _: &_| Some(output.clone());
        let mut feedback = OutputPresentationFeedback::new(&output);
        let windows = self.space.elements().chain(&self.hidden);
        for window in windows.filter(|window| if window.is_x11() { x11 } else { wayland }) {
            window.send_frame(&output, time, Some(Duration::ZERO), here);
            window.take_presentation_feedback(&mut feedback, here, |_, _| Kind::empty());
        }
        if let CursorImageStatus::Surface(surface) = &self.cursor {
            send_frames_surface_tree(surface, &output, time, Some(Duration::ZERO), here);
            take_presentation_feedback_surface_tree(surface, &mut feedback, here, |_, _| Kind::empty());
        }
        let refresh = Refresh::fixed(Duration::from_nanos(self.pace.period()));
        feedback.presented::<_, smithay::utils::Monotonic>(time, refresh, self.pictures.count, Kind::empty());
    }

    fn take_picture(&mut self, began: u64) -> anyhow::Result<()> {
        self.fit_pictures()?;
        let slot = self.pictures.ring.free().context("the streamer has all slots")?;
        let cursor = self.cursor_image();
        if !self.take_directly(slot, cursor.as_ref()) && !self.compose(slot, cursor.as_ref())? {
            self.changed();
            return Ok(());
        }
        let time = self.pictures.committed.take().unwrap_or(began);
        self.pictures.hand_over(slot, time)
    }

    /// The only surface that is seen, if it fills the picture.
    fn only_surface(&self) -> Option<WlSurface> {
        let mut windows = self.space.elements().rev();
        let window = windows.next()?;
        let view = self.view();
        let surface = surface_of(window)?;
        let fills = self.space.element_geometry(window)? == view;
        let plain = get_children(&surface).is_empty() && PopupManager::popups_for_surface(&surface).next().is_none();
        // Alone over black: premultiplied colours are what they are. Over others it must be opaque.
        let alone = windows.next().is_none() || buffer::is_opaque(&surface, view.size);
        (fills && plain && alone).then_some(surface)
    }

    /// From the program's buffer. False: what is seen is not in one buffer.
    fn take_directly(&mut self, slot: u32, cursor: Option<&(Cursor, (i32, i32))>) -> bool {
        let Some(surface) = self.only_surface() else { return false };
        let Some(Some((buffer, view))) = with_renderer_surface_state(&surface, |state| {
            let plain = state.buffer_scale() == 1 && state.buffer_transform() == Transform::Normal;
            state.buffer().filter(|_| plain).cloned().zip(state.view())
        }) else {
            return false;
        };
        let reach = self.reach();
        let ring = &mut self.pictures.ring;
        let planes = ring.planes();
        let size = Size::from((planes.width().cast_signed(), planes.height().cast_signed()));
        // Not a part of it, and not scaled, unless by the X server for a program that has set another mode.
        if view.src != Rectangle::from_size(size.to_f64()) || view.dst != reach.size {
            return false;
        }
        let Some(target) = ring.slot(slot) else { return false };
        with_pixels(&buffer, |pixels| draw(pixels, cursor, planes, target).is_ok()).unwrap_or(false)
    }

    /// From all windows. False: one of them cannot be drawn, and is not there any more.
    fn compose(&mut self, slot: u32, cursor: Option<&(Cursor, (i32, i32))>) -> anyhow::Result<bool> {
        let view = self.view();
        let Pictures { renderer, ring, .. } = &mut self.pictures;
        let planes = ring.planes();
        let target = ring.slot(slot).context("the slot is the streamer's")?;
        let drawn = renderer.draw(&self.space, view, &mut |pixels| Ok(draw(pixels, cursor, planes, target)?));
        let Err(error) = drawn else { return Ok(true) };
        tracing::warn!("a picture cannot be composed: {error:#}");
        self.drop_undrawable(view);
        Ok(false)
    }

    /// Ends programs with windows that cannot be drawn: their memory is gone, or they are scaled beyond all numbers.
    fn drop_undrawable(&mut self, view: Rectangle<i32, Logical>) {
        for window in self.space.elements().cloned().collect::<Vec<_>>() {
            let mut alone = Space::default();
            alone.map_element(window.clone(), self.space.element_location(&window).unwrap_or_default(), false);
            if self.pictures.renderer.draw(&alone, view, &mut |_| Ok(())).is_ok() {
                continue;
            }
            self.space.unmap_elem(&window);
            if let Some(client) = surface_of(&window).filter(|_| !window.is_x11()).and_then(|surface| surface.client())
            {
                disconnect(&self.display.backend_handle(), client.id(), "a window that cannot be drawn");
            }
        }
    }

    /// The pointer's image and its place in the picture, if it is to be seen.
    fn cursor_image(&self) -> Option<(Cursor, (i32, i32))> {
        let place = self.seat.get_pointer()?.current_location() - self.reach().loc.to_f64();
        let place = place.downscale(self.scale()).to_i32_floor::<i32>();
        let place = (place.x, place.y);
        match &self.cursor {
            CursorImageStatus::Named(_) => Some((self.pictures.arrow.clone(), place)),
            CursorImageStatus::Surface(surface) if surface.is_alive() => {
                let hotspot = with_states(surface, |states| {
                    states.data_map.get::<CursorImageSurfaceData>().and_then(|data| Some(data.lock().ok()?.hotspot))
                })?;
                let buffer = with_renderer_surface_state(surface, |state| state.buffer().cloned())??;
                let cursor = with_pixels(&buffer, |pixels| Cursor::copy(pixels, (hotspot.x, hotspot.y)))??;
                Some((cursor, place))
            }
            CursorImageStatus::Hidden | CursorImageStatus::Surface(_) => None,
        }
    }
}

/// A picture and the cursor into the planes of a slot.
fn draw(
    pixels: Pixels<'_>,
    cursor: Option<&(Cursor, (i32, i32))>,
    planes: Planes,
    target: &mut [u8],
) -> Result<(), convert::ConvertError> {
    convert(pixels, planes, target)?;
    if let Some((cursor, place)) = cursor {
        cursor::draw(cursor, *place, pixels, planes, target)?;
    }
    Ok(())
}
