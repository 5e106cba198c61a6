//! What a Wayland program is told of its keyboard, its pointer and the clipboard.

use super::state::{Event, State};
use rustix::event::{PollFd, PollFlags, poll};
use std::fs::File;
use std::io::Write;
use std::os::fd::OwnedFd;
use std::os::unix::fs::FileExt;
use std::sync::Arc;
use wayland_client::protocol::{
    wl_data_device, wl_data_device::WlDataDevice, wl_data_offer, wl_data_offer::WlDataOffer, wl_data_source,
    wl_keyboard, wl_pointer, wl_surface::WlSurface,
};
use wayland_client::{Connection, Dispatch, Proxy, QueueHandle, WEnum, event_created_child};
use wayland_protocols::wp::pointer_constraints::zv1::client::zwp_locked_pointer_v1;
use wayland_protocols::wp::relative_pointer::zv1::client::zwp_relative_pointer_v1;

impl Dispatch<wl_keyboard::WlKeyboard, ()> for State {
    fn event(
        state: &mut Self,
        _: &wl_keyboard::WlKeyboard,
        event: wl_keyboard::Event,
        (): &(),
        _: &Connection,
        _: &QueueHandle<Self>,
    ) {
        let number = |surface: &WlSurface| surface.id().protocol_id();
        state.events.push(match event {
            wl_keyboard::Event::Keymap { fd, size, .. } => Event::Keymap(keymap(fd, size)),
            wl_keyboard::Event::Enter { surface, keys, serial } => {
                state.serial = serial;
                let keys = keys.as_chunks::<4>().0.iter().map(|word| u32::from_ne_bytes(*word)).collect();
                Event::KeyboardEnter { surface: number(&surface), keys }
            }
            wl_keyboard::Event::Leave { surface, .. } => Event::KeyboardLeave { surface: number(&surface) },
            wl_keyboard::Event::Key { key, state: pressed, serial, .. } => {
                state.serial = serial;
                Event::Key { code: key, pressed: pressed == WEnum::Value(wl_keyboard::KeyState::Pressed) }
            }
            wl_keyboard::Event::Modifiers { mods_depressed, mods_locked, group, .. } => {
                Event::Modifiers { depressed: mods_depressed, locked: mods_locked, group }
            }
            _ => return,
        });
    }
}

/// The text of a keymap, which ends with a zero.
fn keymap(memory: OwnedFd, size: u32) -> String {
    let mut bytes = vec![0; size as usize];
    File::from(memory).read_exact_at(&mut bytes, 0).unwrap();
    assert_eq!(bytes.pop(), Some(0));
    String::from_utf8(bytes).unwrap()
}

impl Dispatch<wl_pointer::WlPointer, ()> for State {
    fn event(
        state: &mut Self,
        _: &wl_pointer::WlPointer,
        event: wl_pointer::Event,
        (): &(),
        _: &Connection,
        _: &QueueHandle<Self>,
    ) {
        let number = |surface: &WlSurface| surface.id().protocol_id();
        state.events.push(match event {
            wl_pointer::Event::Enter { surface, surface_x, surface_y, serial } => {
                state.entered = serial;
                Event::PointerEnter { surface: number(&surface), place: (surface_x, surface_y) }
            }
            wl_pointer::Event::Leave { surface, .. } => Event::PointerLeave { surface: number(&surface) },
            wl_pointer::Event::Motion { surface_x, surface_y, .. } => Event::Motion { place: (surface_x, surface_y) },
            wl_pointer::Event::Button { button, state: pressed, serial, .. } => {
                state.serial = serial;
                Event::Button { code: button, pressed: pressed == WEnum::Value(wl_pointer::ButtonState::Pressed) }
            }
            wl_pointer::Event::Axis { axis: WEnum::Value(axis), value, .. } => Event::Axis { axis, value },
            wl_pointer::Event::AxisValue120 { axis: WEnum::Value(axis), value120 } => {
                Event::Axis120 { axis, value: value120 }
            }
            _ => return,
        });
    }
}

impl Dispatch<zwp_relative_pointer_v1::ZwpRelativePointerV1, ()> for State {
    fn event(
        state: &mut Self,
        _: &zwp_relative_pointer_v1::ZwpRelativePointerV1,
        event: zwp_relative_pointer_v1::Event,
        (): &(),
        _: &Connection,
        _: &QueueHandle<Self>,
    ) {
        if let zwp_relative_pointer_v1::Event::RelativeMotion { dx, dy, dx_unaccel, dy_unaccel, .. } = event {
            state.events.push(Event::Relative { delta: (dx, dy), raw: (dx_unaccel, dy_unaccel) });
        }
    }
}

impl Dispatch<zwp_locked_pointer_v1::ZwpLockedPointerV1, ()> for State {
    fn event(
        state: &mut Self,
        _: &zwp_locked_pointer_v1::ZwpLockedPointerV1,
        event: zwp_locked_pointer_v1::Event,
        (): &(),
        _: &Connection,
        _: &QueueHandle<Self>,
    ) {
        state.events.push(match event {
            zwp_locked_pointer_v1::Event::Locked => Event::Locked,
            _ => Event::Unlocked,
        });
    }
}

impl Dispatch<WlDataDevice, ()> for State {
    fn event(
        state: &mut Self,
        _: &WlDataDevice,
        event: wl_data_device::Event,
        (): &(),
        _: &Connection,
        _: &QueueHandle<Self>,
    ) {
        match event {
            wl_data_device::Event::DataOffer { id } => state.offers.push((id, Vec::new())),
            wl_data_device::Event::Selection { id } => {
                let types = state.offers.iter().find(|(offer, _)| Some(offer) == id.as_ref());
                state.events.push(Event::Selection(types.map(|(_, types)| types.clone()).unwrap_or_default()));
                state.offer = id;
            }
            _ => {}
        }
    }

    event_created_child!(Self, WlDataDevice, [wl_data_device::EVT_DATA_OFFER_OPCODE => (WlDataOffer, ())]);
}

impl Dispatch<WlDataOffer, ()> for State {
    fn event(
        state: &mut Self,
        this: &WlDataOffer,
        event: wl_data_offer::Event,
        (): &(),
        _: &Connection,
        _: &QueueHandle<Self>,
    ) {
        if let wl_data_offer::Event::Offer { mime_type } = event
            && let Some((_, types)) = state.offers.iter_mut().find(|(offer, _)| offer == this)
        {
            types.push(mime_type);
        }
    }
}

/// The text that a source is.
impl Dispatch<wl_data_source::WlDataSource, Arc<str>> for State {
    fn event(
        _: &mut Self,
        _: &wl_data_source::WlDataSource,
        event: wl_data_source::Event,
        text: &Arc<str>,
        _: &Connection,
        _: &QueueHandle<Self>,
    ) {
        if let wl_data_source::Event::Send { fd, .. } = event {
            // Who asked may have gone.
            let _ = poll(&mut [PollFd::new(&fd, PollFlags::OUT)], None);
            let _ = File::from(fd).write_all(text.as_bytes());
        }
    }
}
