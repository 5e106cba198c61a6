//! Virtual controllers on the host, for the players of a streamed session.
//!
//! The kernel makes them through `/dev/uinput`, which a host has to open to the
//! user. They look like the one controller that every game knows.
//!
//! The agent alone writes to them, in one thread ([`thread`]): a streamer says on a channel what its players do, and is
//! told on it how the motors are to run. systemd holds the descriptors too ([`store`]), so that the controllers of games
//! that run outlive the agent.

mod controller;
mod device;
mod mapping;
mod memory;
mod missing;
mod node;
mod pace;
mod pads;
mod phys;
mod rumble;
mod store;
mod thread;
mod wish;

use input_linux::sys;
use input_linux::{
    AbsoluteAxis, AbsoluteInfo, AbsoluteInfoSetup, EventKind, ForceFeedbackKind, InputId, Key, UInputHandle,
};
pub use missing::Missing;
pub use pads::Pads;
use std::ffi::CString;
use std::fs::{File, OpenOptions};
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};
pub use store::Kept;
pub use wish::{found, make};

/// The kernel's device, below the root of the file system.
const DEVICE: &str = "dev/uinput";
/// The group that the shipped rule gives the device and the controllers to.
pub const GROUP: &str = "dillinger-input";
/// What a controller's `phys` attribute begins with. The shipped rule knows the
/// controllers by it: their names are those of real ones.
const PHYS: &str = "dillinger-runner/pad";

// What xpad(4), drivers/input/joystick/xpad.c, makes of a wired Xbox 360 controller.
const NAME: &[u8] = b"Microsoft X-Box 360 pad";
const ID: InputId = InputId { bustype: 0x03, vendor: 0x045e, product: 0x028e, version: 0x0114 };
const KEYS: [i32; 11] = [
    sys::BTN_A,
    sys::BTN_B,
    sys::BTN_X,
    sys::BTN_Y,
    sys::BTN_TL,
    sys::BTN_TR,
    sys::BTN_SELECT,
    sys::BTN_START,
    sys::BTN_MODE,
    sys::BTN_THUMBL,
    sys::BTN_THUMBR,
];
const STICKS: [AbsoluteAxis; 4] = [AbsoluteAxis::X, AbsoluteAxis::Y, AbsoluteAxis::RX, AbsoluteAxis::RY];
const TRIGGERS: [AbsoluteAxis; 2] = [AbsoluteAxis::Z, AbsoluteAxis::RZ];
const HATS: [AbsoluteAxis; 2] = [AbsoluteAxis::Hat0X, AbsoluteAxis::Hat0Y];
/// Effects that a game may keep in a controller.
const EFFECTS: u32 = 16;

/// A virtual controller. It is there as long as a copy of the descriptor is open.
#[derive(Debug)]
pub struct Pad {
    /// `/dev/uinput`. Whoever reads and writes it plays the controller.
    pub fd: OwnedFd,
    /// What keeps its effects for the next agent, if there is memory for that.
    pub memory: Option<OwnedFd>,
    /// What the game opens, as `/dev/input/event7`.
    pub node: PathBuf,
    /// From 0.
    pub index: u32,
}

impl Pad {
    /// Its node as text.
    pub fn event_node(&self) -> String {
        self.node.to_string_lossy().into_owned()
    }
}

/// Makes so many controllers with this device, and waits until this user may
/// open their nodes. Blocks for a moment.
///
/// # Errors
/// What of the host is missing. Then there are none.
pub fn create_pads(device: &Path, count: u32) -> Result<Vec<Pad>, Missing> {
    (0..count).map(|index| create_pad(device, index)).collect()
}

/// Where the device is.
pub fn device(root: &Path) -> PathBuf {
    root.join(DEVICE)
}

/// Whether this process may make controllers, as far as that can be said without
/// making one.
///
/// # Errors
/// What of the host is missing.
pub fn check(device: &Path) -> Result<(), Missing> {
    open(device).map(|_| ())
}

fn create_pad(device: &Path, index: u32) -> Result<Pad, Missing> {
    let file = open(device)?;
    let node = describe(&file, index).map_err(Missing::Refused)?;
    node::wait_until_usable(&node)?;
    Ok(Pad { fd: file.into(), memory: memory::create().ok(), node, index })
}

fn open(device: &Path) -> Result<File, Missing> {
    OpenOptions::new().read(true).write(true).open(device).map_err(|error| Missing::of(device, error))
}

/// Describes the controller to the kernel and gives its node.
fn describe(file: &File, index: u32) -> io::Result<PathBuf> {
    let handle = UInputHandle::new(file.as_fd());
    for kind in [EventKind::Key, EventKind::Absolute, EventKind::ForceFeedback] {
        handle.set_evbit(kind)?;
    }
    for code in KEYS {
        let code = u16::try_from(code).map_err(io::Error::other)?;
        handle.set_keybit(Key::from_code(code)?)?;
    }
    let axes = axes();
    for setup in &axes {
        handle.set_absbit(setup.axis)?;
    }
    for kind in [ForceFeedbackKind::Rumble, ForceFeedbackKind::Gain] {
        handle.set_ffbit(kind)?;
    }
    phys::set(file.as_fd(), &CString::new(format!("{PHYS}{index}"))?)?;
    handle.create(&ID, NAME, EFFECTS, &axes)?;
    handle.evdev_path()
}

/// The node of the controller that was made with this descriptor.
///
/// # Errors
/// None was.
fn node_of(device: BorrowedFd<'_>) -> io::Result<PathBuf> {
    UInputHandle::new(device).evdev_path()
}

fn axes() -> Vec<AbsoluteInfoSetup> {
    let axis = |axis, minimum, maximum, fuzz, flat| AbsoluteInfoSetup {
        axis,
        info: AbsoluteInfo { minimum, maximum, fuzz, flat, ..AbsoluteInfo::default() },
    };
    let sticks = STICKS.map(|code| axis(code, i16::MIN.into(), i16::MAX.into(), 16, 128));
    let triggers = TRIGGERS.map(|code| axis(code, 0, u8::MAX.into(), 0, 0));
    let hats = HATS.map(|code| axis(code, -1, 1, 0, 0));
    sticks.into_iter().chain(triggers).chain(hats).collect()
}

#[cfg(test)]
mod bounds;
#[cfg(test)]
mod tests;
