//! Limits: what a program can have, and what it can say.
//!
//! Programs are hostile. Everything that a request makes the display keep is counted, and each request is looked at before
//! Smithay sees it, as some would make Smithay panic, run in circles or reckon beyond its numbers. What no limit of a request
//! reaches is measured instead: [`meters`]. Who exceeds a limit is disconnected, and the others are served on.

mod delegate;
mod meters;
mod requests;

pub(super) use requests::{configured, has_parents, refuse, seen};

use super::{Client, is_xwayland};
use crate::server::Server;
use meters::Meters;
use smithay::reexports::wayland_server::backend::{ClientId, Handle, ObjectId, protocol::Interface};
use smithay::reexports::wayland_server::{Client as WaylandClient, Resource};
use smithay::xwayland::{X11Surface, XWaylandClientData};
use std::collections::{BTreeMap, HashMap};
use std::ffi::CString;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

/// Programs at once. A browser has a few connections, a game one.
const MOST_CLIENTS: u32 = 128;
/// Bytes that a program leaves unread: half a minute of the fastest mouse while a game loads and does not look.
pub(super) const MOST_UNREAD: usize = 1 << 20;
/// Of each kind of object a program can have so many. Kinds that are not here: [`MOST_OTHERS`].
const MOST_OBJECTS: [(&str, usize); 15] = [
    // Browsers have hundreds with their subsurfaces.
    ("wl_surface", 2048),
    // Commits of a tree cost the square of its size.
    ("wl_subsurface", 1024),
    // Windows of one program; an editor of pictures may have a hundred.
    ("xdg_toplevel", 256),
    // Menus and tooltips; a dozen are open at once.
    ("xdg_popup", 256),
    // Each keeps a descriptor open and memory mapped; toolkits have a pool a buffer.
    ("wl_shm_pool", 1024),
    // Each may be the last of its pool.
    ("wl_buffer", 2048),
    // Those not called yet: one a frame and surface.
    ("wl_callback", 8192),
    ("wp_presentation_feedback", 8192),
    // A client deletes an offer when the next one comes.
    ("wl_data_offer", 1024),
    ("wl_data_source", 256),
    // Smithay forgets none of a program that ends without deleting it.
    ("wl_data_device", 16),
    // Each gets a keymap as a descriptor, or is told of all input.
    ("wl_keyboard", 64),
    ("wl_pointer", 64),
    ("zwp_relative_pointer_v1", 64),
    // Each is told of all surfaces.
    ("wl_output", 256),
];
/// Of others: Vulkan on shared memory makes a registry and a `wl_shm` each time it asks for a window's size, and there is no
/// request to delete them.
const MOST_OTHERS: usize = 16_384;
/// Xwayland is one program for all of X.
const X11_TIMES: usize = 8;
/// Objects are counted each time a program has made so many requests, as counting takes time.
const COUNT_EVERY: u32 = 256;
/// Rectangles of a region: a window in the shape of a picture has hundreds.
const MOST_RECTANGLES: u32 = 2048;
/// Rectangles of all regions of a program.
const MOST_RECTANGLES_OF_ALL: u32 = 32_768;
/// Damaged parts of a surface that are not seen yet: minutes of a subsurface whose parent does not commit.
const MOST_DAMAGE: u32 = 65_536;
/// Kinds of data on the clipboard: office programs offer fifty. Each is told to whoever has the keyboard.
pub(crate) const MOST_TYPES: usize = 256;
/// The names of all of them, bytes: no more than a program that does not read at the moment can be told.
pub(crate) const MOST_TYPE_BYTES: usize = 16 << 10;
/// Subsurfaces in each other: toolkits have three or four.
const MOST_NESTED: usize = 16;
/// Menus in each other.
const MOST_SUBMENUS: usize = 32;
/// Sizes that a program was told and has not taken: one a frame for seconds.
const MOST_CONFIGURES: usize = 1024;
/// A place or a side of a window, pixels: more than two of the largest displays side by side.
const MOST_PIXELS: i32 = 16_384;
/// The side of a buffer, pixels, as X has it and pixman can draw it.
const MOST_BUFFER_PIXELS: i32 = 32_767;
/// The largest scale: that of the densest screens is 4.
const MOST_SCALE: i32 = 16;

/// Windows of all X programs. Each has up to 40 KiB of texts that the window manager reads.
const MOST_X11_WINDOWS: usize = 4096;

/// Questions to X programs for what they offer: so many at once, and one a second. Smithay keeps a descriptor for each until it
/// is answered, which may be never.
const MOST_QUESTIONS: u64 = 32;
const SECOND: u64 = 1_000_000_000;

/// What is counted.
#[derive(Debug)]
pub(crate) struct Limits {
    connected: Arc<AtomicU32>,
    /// Rectangles of regions.
    rectangles: HashMap<ObjectId, u32>,
    /// Kinds of data of a source, and the bytes of their names.
    types: HashMap<ObjectId, (usize, usize)>,
    x11_windows: usize,
    /// When the questions so far would have been one a second.
    questions: u64,
    meters: Meters,
}

/// Why a request is not done.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Refused {
    /// It makes no sense, and has done so before: nothing happens.
    Ignored,
    /// Too much of something.
    Limit(&'static str),
    /// A value that the protocol forbids, with the code of that error.
    Wrong(u32, &'static str),
}

/// What is counted of one program.
#[derive(Debug, Default)]
pub(crate) struct Account {
    requests: AtomicU32,
    registries: AtomicU32,
}

/// A place among the programs that are served.
#[derive(Debug)]
pub(super) struct Admission(Arc<AtomicU32>);

impl Drop for Admission {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Refused {
    /// The end of a program.
    fn tell<I: Resource>(self, server: &Server, client: &WaylandClient, resource: &I) {
        match self {
            Self::Ignored => {}
            Self::Limit(what) => disconnect(&server.display.backend_handle(), client.id(), what),
            Self::Wrong(code, what) => {
                tracing::warn!("a program is disconnected: {what}");
                resource.post_error(code, what);
            }
        }
    }
}

/// Ends a program that has too much of something.
pub(crate) fn disconnect(handle: &Handle, client: ClientId, what: &'static str) {
    /// Of `wl_display`.
    const NO_MEMORY: u32 = 2;
    tracing::warn!("a program is disconnected: {what}");
    let text = CString::new(what).unwrap_or_default();
    let mut display = None;
    let _ = handle.with_all_objects_for(client, |object| {
        if object.protocol_id() == 1 {
            display = Some(object);
        }
    });
    if let Some(display) = display {
        handle.post_error(display, NO_MEMORY, text);
    }
}

fn account(client: &WaylandClient) -> Option<&Account> {
    let program = client.get_data::<Client>().map(|data| &data.account);
    let xwayland = || client.get_data::<XWaylandClientData>().map(XWaylandClientData::user_data);
    program.or_else(|| Some(xwayland()?.get_or_insert_threadsafe(Account::default)))
}

impl Limits {
    pub(crate) fn new() -> anyhow::Result<Self> {
        let (rectangles, types) = (HashMap::new(), HashMap::new());
        Ok(Self { connected: Arc::default(), rectangles, types, x11_windows: 0, questions: 0, meters: Meters::new()? })
    }

    /// A place for one more program, if there is one.
    pub(super) fn admit(&self) -> Option<Admission> {
        if self.connected.fetch_add(1, Ordering::Relaxed) < MOST_CLIENTS {
            return Some(Admission(Arc::clone(&self.connected)));
        }
        self.connected.fetch_sub(1, Ordering::Relaxed);
        None
    }

    /// A request more. Now and then all objects of the program are counted.
    fn count(handle: &Handle, client: &WaylandClient) -> Result<(), Refused> {
        let Some(account) = account(client) else { return Ok(()) };
        if account.requests.fetch_add(1, Ordering::Relaxed) % COUNT_EVERY != COUNT_EVERY - 1 {
            return Ok(());
        }
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        let count = |object: ObjectId| *counts.entry(name(object.interface())).or_default() += 1;
        let _ = handle.with_all_objects_for(client.id(), count);
        let times = if is_xwayland(client) { X11_TIMES } else { 1 };
        let most =
            |kind: &str| MOST_OBJECTS.iter().find(|(name, _)| *name == kind).map_or(MOST_OTHERS, |(_, most)| *most);
        match counts.into_iter().find(|(kind, count)| *count > most(kind) * times) {
            Some((kind, _)) => Err(Refused::Limit(too_many(kind))),
            None => Ok(()),
        }
    }

    /// One more rectangle of a region.
    fn add_rectangle(&mut self, region: ObjectId) -> Result<(), Refused> {
        let all =
            self.rectangles.iter().filter(|(other, _)| other.same_client_as(&region)).map(|(_, count)| count).sum();
        let own = self.rectangles.entry(region).or_default();
        *own += 1;
        let most = *own > MOST_RECTANGLES || u32::saturating_add(all, 1) > MOST_RECTANGLES_OF_ALL;
        if most { Err(Refused::Limit("too many rectangles in its regions")) } else { Ok(()) }
    }

    /// One more kind of data.
    fn add_type(&mut self, source: ObjectId, name: &str) -> Result<(), Refused> {
        let (count, bytes) = self.types.entry(source).or_default();
        (*count, *bytes) = (*count + 1, *bytes + name.len());
        let most = *count > MOST_TYPES || *bytes > MOST_TYPE_BYTES;
        if most { Err(Refused::Limit("too many kinds of data in what it offers")) } else { Ok(()) }
    }

    /// A window more of an X program: one too many is closed.
    pub(crate) fn add_x11_window(&mut self, window: &X11Surface) {
        self.x11_windows += 1;
        if self.x11_windows > MOST_X11_WINDOWS {
            tracing::warn!("a window of an X program is closed: too many windows");
            let _ = window.close();
        }
    }

    /// Whether an X program is asked for what it offers.
    pub(crate) fn may_ask_x11(&mut self, now: u64) -> bool {
        let next = self.questions.max(now) + SECOND;
        let may = next <= now + MOST_QUESTIONS * SECOND;
        if may {
            self.questions = next;
        } else {
            tracing::warn!("an X program is not asked for its clipboard: too many questions");
        }
        may
    }

    pub(crate) fn remove_x11_window(&mut self) {
        self.x11_windows = self.x11_windows.saturating_sub(1);
    }

    fn forget(&mut self, object: &ObjectId) {
        self.rectangles.remove(object);
        self.types.remove(object);
    }
}

fn name(interface: &'static Interface) -> &'static str {
    interface.name
}

/// In words.
fn too_many(kind: &str) -> &'static str {
    match kind {
        "wl_surface" => "too many surfaces",
        "wl_subsurface" => "too many subsurfaces",
        "xdg_toplevel" => "too many windows",
        "xdg_popup" => "too many popups",
        "wl_shm_pool" => "too many pools",
        "wl_buffer" => "too many buffers",
        "wl_callback" => "too many callbacks that were not called",
        "wp_presentation_feedback" => "too many feedbacks that were not given",
        _ => "too many objects",
    }
}

/// The kinds of data of an X program, as far as others are told of them.
pub(crate) fn bounded_types(types: Vec<String>) -> Vec<String> {
    let mut left = MOST_TYPE_BYTES;
    let fits = |name: &String| left.checked_sub(name.len()).inspect(|rest| left = *rest).is_some();
    types.into_iter().take(MOST_TYPES).take_while(fits).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_x_programs_offer_is_told_as_far_as_everybody_can_read_it() {
        let types = |count: usize, length: usize| vec!["x".repeat(length); count];
        assert_eq!(bounded_types(types(40, 100)).len(), 40);
        assert_eq!(bounded_types(types(4096, 1)).len(), MOST_TYPES);
        assert_eq!(bounded_types(types(4096, 4096)).len(), 4);
    }

    #[test]
    fn x_programs_are_asked_again_after_a_while() {
        let mut limits = Limits::new().unwrap();
        let asked = (0..1000).filter(|_| limits.may_ask_x11(5 * SECOND)).count();
        assert_eq!(asked as u64, MOST_QUESTIONS);
        assert!(limits.may_ask_x11(6 * SECOND) && !limits.may_ask_x11(6 * SECOND));
        assert!(limits.may_ask_x11(3600 * SECOND));
    }
}
