//! The pointer.

use crate::clock::{milliseconds, now};
use crate::server::Server;
use crate::windows::is_override_redirect;
use dillinger_ring::message::EXTENT;
use smithay::backend::input::{Axis, AxisSource, ButtonState};
use smithay::desktop::{PopupManager, Window, WindowSurfaceType};
use smithay::input::pointer::{
    AxisFrame, ButtonEvent, CursorImageStatus, MotionEvent, PointerHandle, RelativeMotionEvent,
};
use smithay::reexports::wayland_server::protocol::wl_surface::WlSurface;
use smithay::utils::{Logical, Point, SERIAL_COUNTER};
use smithay::wayland::pointer_constraints::{PointerConstraint, with_pointer_constraint};

/// A notch of the wheel in the protocol's two units: 1/120 of a notch, and how far it scrolls, as libinput has it.
const NOTCH: (f64, f64) = (120.0, 15.0);

/// A surface and where its corner is on the display.
type Place = (WlSurface, Point<f64, Logical>);

impl Server {
    /// To a place of the picture.
    pub(super) fn move_to(&mut self, x: u16, y: u16) {
        let view = self.reach().to_f64();
        let part = |at: u16, length: f64| f64::from(at) * length / f64::from(EXTENT);
        let place: Point<f64, Logical> = (part(x, view.size.w), part(y, view.size.h)).into();
        self.motion(view.loc + place, None);
    }

    /// By so many pixels of the picture.
    pub(super) fn move_by(&mut self, dx: i32, dy: i32) {
        let delta = Point::from((f64::from(dx), f64::from(dy))).upscale(self.scale());
        let from = self.seat.get_pointer().map(|pointer| pointer.current_location()).unwrap_or_default();
        self.motion(from + delta, Some(delta));
    }

    fn motion(&mut self, to: Point<f64, Logical>, delta: Option<Point<f64, Logical>>) {
        let Some(pointer) = self.seat.get_pointer() else { return };
        let to = self.within(to);
        let from = pointer.current_location();
        let focus = self.under(from);
        let to = focus.as_ref().map_or(Some(to), |focus| self.constrained(&pointer, focus, from, to));
        if let Some(delta) = delta {
            let event = RelativeMotionEvent { delta, delta_unaccel: delta, utime: now() / 1000 };
            pointer.relative_motion(self, focus, &event);
        }
        if let Some(to) = to {
            self.put_pointer(&pointer, to);
            if !matches!(self.cursor, CursorImageStatus::Hidden) {
                self.changed();
            }
        }
        pointer.frame(self);
    }

    /// The place that is nearest to this one and in the picture.
    fn within(&self, place: Point<f64, Logical>) -> Point<f64, Logical> {
        let view = self.reach().to_f64();
        let last = |start: f64, length: f64| start + (length - 1.0).max(0.0);
        let (right, bottom) = (last(view.loc.x, view.size.w), last(view.loc.y, view.size.h));
        (place.x.clamp(view.loc.x, right), place.y.clamp(view.loc.y, bottom)).into()
    }

    /// Moves it, and locks it to the window that wants that.
    fn put_pointer(&mut self, pointer: &PointerHandle<Self>, to: Point<f64, Logical>) {
        let focus = self.under(to);
        let event = MotionEvent { location: to, serial: SERIAL_COUNTER.next_serial(), time: milliseconds() };
        pointer.motion(self, focus.clone(), &event);
        if let Some((surface, _)) = focus {
            with_pointer_constraint(&surface, pointer, |constraint| {
                if let Some(constraint) = constraint.filter(|constraint| !constraint.is_active()) {
                    constraint.activate();
                }
            });
        }
    }

    /// Where the pointer may go: nowhere if it is locked.
    fn constrained(
        &self,
        pointer: &PointerHandle<Self>,
        (surface, origin): &Place,
        from: Point<f64, Logical>,
        to: Point<f64, Logical>,
    ) -> Option<Point<f64, Logical>> {
        // What is below a place is not looked for in here: the surface is locked.
        let limits = with_pointer_constraint(surface, pointer, |constraint| {
            match &*constraint.filter(|constraint| constraint.is_active())? {
                PointerConstraint::Confined(confined) => Some(Some(confined.region().cloned())),
                PointerConstraint::Locked(_) => Some(None),
            }
        });
        let Some(confined) = limits else { return Some(to) };
        let inside = match confined? {
            Some(region) => region.contains((to - *origin).to_i32_floor()),
            None => self.under(to).is_some_and(|(below, _)| below == *surface),
        };
        Some(if inside { to } else { from })
    }

    /// What is below a place.
    fn under(&self, place: Point<f64, Logical>) -> Option<Place> {
        self.space.elements().rev().find_map(|window| {
            let origin = self.space.element_location(window)? - window.geometry().loc;
            let (surface, at) = window.surface_under(place - origin.to_f64(), WindowSurfaceType::ALL)?;
            Some((surface, (at + origin).to_f64()))
        })
    }

    /// What is below the pointer may be something else now.
    pub(crate) fn repoint(&mut self) {
        let Some(pointer) = self.seat.get_pointer().filter(|pointer| !pointer.is_grabbed()) else { return };
        let location = self.within(pointer.current_location());
        let focus = self.under(location);
        if location != pointer.current_location()
            || pointer.current_focus().as_ref() != focus.as_ref().map(|(surface, _)| surface)
        {
            let event = MotionEvent { location, serial: SERIAL_COUNTER.next_serial(), time: milliseconds() };
            pointer.motion(self, focus, &event);
            pointer.frame(self);
        }
    }

    pub(super) fn button(&mut self, code: u16, pressed: bool) {
        let Some(pointer) = self.seat.get_pointer() else { return };
        if pressed && !pointer.is_grabbed() {
            self.click(pointer.current_location());
        }
        let state = if pressed { ButtonState::Pressed } else { ButtonState::Released };
        let (serial, time) = (SERIAL_COUNTER.next_serial(), milliseconds());
        pointer.button(self, &ButtonEvent { button: code.into(), state, serial, time });
        pointer.frame(self);
        if pressed {
            self.frame_on_input();
        }
    }

    /// A click focuses what it hits, and popups go when something else is hit.
    fn click(&mut self, place: Point<f64, Logical>) {
        let hit = self.under(place).map(|(surface, _)| surface);
        let window = self.space.element_under(place).map(|(window, _)| window.clone());
        for root in self.space.elements().filter_map(Window::toplevel) {
            let root = root.wl_surface();
            let popups: Vec<_> = PopupManager::popups_for_surface(root).map(|(popup, _)| popup).collect();
            if !popups.iter().any(|popup| Some(popup.wl_surface()) == hit.as_ref()) {
                for popup in &popups {
                    drop(PopupManager::dismiss_popup(root, popup));
                }
            }
        }
        if let Some(window) = window.filter(|window| !is_override_redirect(window)) {
            self.focus(Some(&window));
        }
    }

    pub(super) fn turn_wheel(&mut self, horizontal: bool, value: i32) {
        let Some(pointer) = self.seat.get_pointer() else { return };
        let axis = if horizontal { Axis::Horizontal } else { Axis::Vertical };
        let (notch, length) = NOTCH;
        let frame = AxisFrame::new(milliseconds()).source(AxisSource::Wheel).v120(axis, value);
        pointer.axis(self, frame.value(axis, f64::from(value) / notch * length));
        pointer.frame(self);
    }
}
