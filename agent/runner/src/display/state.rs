//! What is known of a display without asking its streamer.

use super::told::{clipped, is_node, word};
use dillinger_runner_api::{Dict, Error, streamer};
use dillinger_runner_core::spec::StreamSpec;
use std::collections::BTreeMap;

/// Most viewers that are kept count of, those included that only have an offer.
const VIEWERS: usize = 4 * streamer::MOST_VIEWERS;
/// Most controllers that are listed.
const GAMEPADS: usize = 16;
/// The largest display, and the fastest.
const LARGEST: Mode = Mode { width: 7680, height: 4320, refresh_rate: 240 };

/// Size and rate of a display.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Mode {
    /// Pixels.
    pub width: u32,
    /// Pixels.
    pub height: u32,
    /// Frames per second.
    pub refresh_rate: u32,
}

impl Mode {
    /// That of a session that starts.
    pub fn of(stream: &StreamSpec) -> Self {
        Self { width: stream.width, height: stream.height, refresh_rate: stream.refresh_rate }
    }

    /// Checks a wish for another mode, in which 0 keeps a value.
    pub(super) fn check_change(self) -> Result<(), Error> {
        let sides = [("width", self.width, LARGEST.width), ("height", self.height, LARGEST.height)];
        let side = |(name, value, most): (&str, u32, u32)| {
            let wrong = value != 0 && (!(16..=most).contains(&value) || value % 2 != 0);
            wrong.then(|| format!("{name}: {value} is no size, expected an even number from 16 to {most}, or 0"))
        };
        let most = LARGEST.refresh_rate;
        let rate = (self.refresh_rate > most)
            .then(|| format!("refresh_rate: {} is too much, expected at most {most}, or 0", self.refresh_rate));
        let wrong: Vec<String> = sides.into_iter().filter_map(side).chain(rate).collect();
        if wrong.is_empty() { Ok(()) } else { Err(Error::InvalidRequest(wrong.join("; "))) }
    }

    /// The same without what no display can have.
    fn believed(self) -> Self {
        let within = |value: u32, most: u32| if value > most { 0 } else { value };
        Self {
            width: within(self.width, LARGEST.width),
            height: within(self.height, LARGEST.height),
            refresh_rate: within(self.refresh_rate, LARGEST.refresh_rate),
        }
    }

    /// Takes over what is not 0; true if that changes anything.
    pub(super) fn change(&mut self, to: Self) -> bool {
        let before = *self;
        let pairs =
            [(&mut self.width, to.width), (&mut self.height, to.height), (&mut self.refresh_rate, to.refresh_rate)];
        for (value, to) in pairs.into_iter().filter(|(_, to)| *to != 0) {
            *value = to;
        }
        *self != before
    }
}

/// Who watches: ids of viewers, and whether they are connected.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Viewing(BTreeMap<String, bool>);

impl Viewing {
    /// How many were let in: those that are connected, and those that have [`streamer::OFFER_SECONDS`] left for it.
    pub fn count(&self) -> usize {
        self.0.len()
    }

    pub(super) fn contains(&self, id: &str) -> bool {
        self.0.contains_key(id)
    }

    /// One that was just given an id; false if there is no room. The streamer has fewer; this only bounds what a lying
    /// one can make us keep.
    pub(super) fn add(&mut self, id: &str) -> bool {
        self.0.len() < VIEWERS && self.0.insert(id.to_owned(), false).is_none()
    }

    /// True if that is news.
    pub(super) fn connect(&mut self, id: &str) -> bool {
        self.0.get_mut(id).is_some_and(|connected| !std::mem::replace(connected, true))
    }

    /// True if that is news.
    pub(super) fn remove(&mut self, id: &str) -> bool {
        self.0.remove(id).is_some()
    }

    pub(super) fn drop_connecting(&mut self, id: &str) -> bool {
        self.0.get(id) == Some(&false) && self.remove(id)
    }

    pub(super) fn take(&mut self) -> Vec<String> {
        std::mem::take(&mut self.0).into_keys().collect()
    }

    /// As the streamer lists those that were made here.
    pub(super) fn of(viewers: &[streamer::Viewer]) -> Self {
        let connected = |viewer: &streamer::Viewer| (viewer.viewer.clone(), viewer.state == "connected");
        Self(viewers.iter().take(VIEWERS).map(connected).collect())
    }
}

/// A display as its streamer tells it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct State {
    /// The streamer is there.
    pub up: bool,
    /// See the properties of these names in the contract.
    pub encoder: String,
    /// `EncoderReason`
    pub encoder_reason: String,
    /// `Codec`
    pub codec: String,
    /// `Width`, `Height`, `RefreshRate`
    pub mode: Mode,
    /// `AudioStatus`
    pub audio: String,
    /// Nodes of the controllers; none as long as the streamer has not told them.
    pub gamepads: Option<Vec<String>>,
    /// Who watches.
    pub viewers: Viewing,
}

impl State {
    /// `GamepadStatus`, where `plan` is what was found when the session was planned with so many controllers: the
    /// devices, once the streamer has them.
    pub fn gamepad_status(&self, planned: u32, plan: &str) -> String {
        match &self.gamepads {
            Some(nodes) if !nodes.is_empty() => nodes.join(" "),
            Some(_) if planned > 0 => format!("missing: the display has none of the controllers, {planned} expected"),
            _ => plan.to_owned(),
        }
    }

    /// Takes over properties of the streamer. What is unknown, has the wrong type or makes no sense is left out.
    pub(super) fn take_over(&mut self, properties: &Dict) {
        let text = |name: &str| value::<String>(properties, name);
        let words = [("Encoder", &mut self.encoder), ("Codec", &mut self.codec)];
        for (name, kept) in words {
            if let Some(word) = text(name).and_then(word) {
                *kept = word;
            }
        }
        for (name, kept) in [("EncoderReason", &mut self.encoder_reason), ("Audio", &mut self.audio)] {
            if let Some(text) = text(name) {
                *kept = clipped(&text);
            }
        }
        let number = |name: &str| value::<u32>(properties, name).unwrap_or_default();
        let told = Mode { width: number("Width"), height: number("Height"), refresh_rate: number("RefreshRate") };
        self.mode.change(told.believed());
        if let Some(nodes) = value::<Vec<String>>(properties, "Gamepads") {
            self.gamepads = Some(nodes.into_iter().filter(|node| is_node(node)).take(GAMEPADS).collect());
        }
    }
}

pub(super) fn value<T: TryFrom<zbus::OwnedVariant>>(properties: &Dict, name: &str) -> Option<T> {
    T::try_from(properties.get(name)?.try_clone().ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::super::told::TEXT;
    use super::*;
    use zbus::{OwnedVariant, Variant};

    fn mode(width: u32, height: u32, refresh_rate: u32) -> Mode {
        Mode { width, height, refresh_rate }
    }

    #[test]
    fn every_wrong_number_of_a_mode_is_named() {
        for good in [mode(0, 0, 0), mode(16, 16, 1), mode(7680, 4320, 240), mode(0, 720, 0)] {
            assert_eq!(good.check_change(), Ok(()));
        }
        let Err(Error::InvalidRequest(text)) = mode(1281, 14, 241).check_change() else { panic!() };
        assert_eq!(text.matches("expected").count(), 3, "{text}");
        let mut now = mode(1280, 720, 60);
        assert!(!now.change(mode(0, 720, 0)));
        assert!(now.change(mode(640, 0, 0)));
        assert_eq!(now, mode(640, 720, 60));
    }

    #[test]
    fn viewers_come_and_go_once() {
        let mut viewing = Viewing::default();
        assert!(!viewing.connect("a"), "nobody made that one");
        viewing.add("a");
        assert!(viewing.connect("a") && !viewing.connect("a"));
        viewing.drop_connecting("a");
        assert_eq!(viewing.count(), 1);
        assert!(viewing.remove("a") && !viewing.remove("a"));
        let added = (0..1000).filter(|number: &i32| viewing.add(&number.to_string())).count();
        assert_eq!((added, viewing.take().len()), (VIEWERS, VIEWERS));
    }

    #[test]
    fn what_a_streamer_tells_has_bounds() {
        let entry = |name: &str, value: Variant<'static>| (name.to_owned(), OwnedVariant::try_from(value).unwrap());
        let told = Dict::from([
            entry("Encoder", "x264".into()),
            entry("EncoderReason", "a\nb".repeat(1000).into()),
            entry("Codec", 7u32.into()),
            entry("Width", 640u32.into()),
            entry("Height", 4_000_000_000u32.into()),
            entry("RefreshRate", u32::MAX.into()),
            entry("Gamepads", ["/dev/input/event7", "/dev/sda", "a\n"].repeat(100).into()),
            entry("Whatever", true.into()),
        ]);
        let mut state = State { mode: mode(1280, 720, 60), ..State::default() };
        state.take_over(&told);
        assert_eq!((state.encoder.as_str(), state.codec.as_str()), ("x264", ""));
        assert_eq!(state.encoder_reason.chars().count(), TEXT);
        assert!(!state.encoder_reason.contains('\n'));
        assert!(state.gamepads.iter().flatten().all(|node| node == "/dev/input/event7"));
        assert_eq!((state.mode, state.gamepads.map(|nodes| nodes.len())), (mode(640, 720, 60), Some(GAMEPADS)));
    }

    #[test]
    fn controllers_are_those_that_the_streamer_has() {
        let status = |gamepads: Option<&[&str]>, planned, plan| {
            let gamepads = gamepads.map(|nodes| nodes.iter().map(ToString::to_string).collect());
            State { gamepads, ..State::default() }.gamepad_status(planned, plan)
        };
        let (one, two) = ("/dev/input/event7", "/dev/input/event7 /dev/input/event8");
        assert_eq!(status(None, 2, two), two, "not told yet");
        assert_eq!(status(Some(&[one]), 2, two), one);
        assert!(status(Some(&[]), 2, two).starts_with("missing: "));
        assert_eq!(status(Some(&[]), 0, "off"), "off");
    }
}
