//! What a streamer measures, read when somebody asks.

use super::link::Link;
use super::state::value;
use super::told;
use dillinger_runner_api::{Dict, streamer};
use std::collections::BTreeSet;
use std::time::Duration;
use tokio::sync::Mutex;
use tokio::time::Instant;

/// A streamer that lives answers in a millisecond; one that does not is not asked again for a while, so that nobody
/// who reads all properties of all sessions waits for each of them.
const PATIENCE: Duration = Duration::from_millis(500);
const BACK_OFF: Duration = Duration::from_secs(5);
/// Several properties that are read one after the other come from one answer.
const FRESH: Duration = Duration::from_millis(50);
/// Most viewers that are shown.
const VIEWERS: usize = 4 * streamer::MOST_VIEWERS;

/// A streamer's figures at one moment.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Figures {
    /// Frames that were encoded in the last second.
    pub frame_rate: f64,
    /// What the encoder aims at, bits per second.
    pub bitrate: u64,
    /// From picture to encoded form, µs.
    pub encode_latency_usec: u64,
    /// The viewers.
    pub viewers: Vec<streamer::Viewer>,
}

impl Figures {
    fn of(properties: &Dict) -> Self {
        let number = |name: &str| value::<u64>(properties, name).unwrap_or_default();
        Self {
            frame_rate: told::frames(value(properties, "FrameRate").unwrap_or_default()),
            bitrate: told::bitrate(number("Bitrate")),
            encode_latency_usec: told::usec(number("EncodeLatencyUSec")),
            viewers: viewers(properties),
        }
    }

    /// How many viewers are connected.
    pub fn connected(&self) -> u64 {
        let connected = self.viewers.iter().filter(|viewer| viewer.state == "connected").count();
        u64::try_from(connected).unwrap_or(u64::MAX)
    }

    /// Time to the slowest viewer and back, µs.
    pub fn worst_round_trip_usec(&self) -> u64 {
        self.viewers.iter().map(|viewer| viewer.round_trip_time_usec).max().unwrap_or_default()
    }

    /// Loss on the way to the worst viewer, 0 to 1.
    pub fn worst_loss(&self) -> f64 {
        self.viewers.iter().map(|viewer| viewer.loss_fraction).fold(0.0, f64::max)
    }
}

/// The viewers of a streamer's properties as far as they can be believed, each once. Some may not have been made here.
pub(super) fn viewers(properties: &Dict) -> Vec<streamer::Viewer> {
    let listed: Vec<Dict> = value(properties, "Viewers").unwrap_or_default();
    let mut seen = BTreeSet::new();
    let viewers = listed.iter().take(VIEWERS).map(|dict| believed(&streamer::Viewer::from_dict(dict)));
    viewers.filter(|viewer| seen.insert(viewer.viewer.clone())).collect()
}

fn believed(viewer: &streamer::Viewer) -> streamer::Viewer {
    streamer::Viewer {
        viewer: told::clipped(&viewer.viewer),
        role: told::one_of(&viewer.role, ["player", "spectator"]),
        name: told::clipped(&viewer.name),
        keyboard_layout: told::clipped(&viewer.keyboard_layout),
        state: told::one_of(&viewer.state, ["connecting", "connected"]),
        connected_timestamp: told::moment(viewer.connected_timestamp),
        round_trip_time_usec: told::usec(viewer.round_trip_time_usec),
        bitrate: told::bitrate(viewer.bitrate),
        loss_fraction: told::fraction(viewer.loss_fraction),
        frames_sent: told::count(viewer.frames_sent),
        frames_dropped: told::count(viewer.frames_dropped),
        address: told::address(&viewer.address),
    }
}

/// The last answer.
#[derive(Debug, Default)]
pub(super) struct Cache(Mutex<Option<(Instant, Option<Figures>)>>);

impl Cache {
    /// The figures now, or none if the streamer does not answer.
    pub(super) async fn read(&self, link: &Link) -> Option<Figures> {
        let mut last = self.0.lock().await;
        if let Some((at, figures)) = &*last
            && at.elapsed() < if figures.is_some() { FRESH } else { BACK_OFF }
        {
            return figures.clone();
        }
        let figures = link.properties(PATIENCE).await.map(|properties| Figures::of(&properties));
        *last = Some((Instant::now(), figures.clone()));
        figures
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use zbus::{OwnedVariant, Variant};

    #[test]
    fn what_a_streamer_measures_has_bounds() {
        let entry = |name: &str, value: Variant<'static>| (name.to_owned(), OwnedVariant::try_from(value).unwrap());
        let viewer = |id: &str| {
            let viewer = streamer::Viewer {
                viewer: id.to_owned(),
                role: "root".to_owned(),
                name: "\x1b[2J".repeat(1000),
                state: "connected".to_owned(),
                round_trip_time_usec: u64::MAX,
                loss_fraction: f64::NAN,
                address: "here\n".to_owned(),
                ..streamer::Viewer::default()
            };
            viewer.into_dict()
        };
        let listed: Vec<Dict> = ["a", "a", "b"].iter().cycle().take(1000).map(|id| viewer(id)).collect();
        let properties = Dict::from([
            entry("FrameRate", f64::NEG_INFINITY.into()),
            entry("Bitrate", u64::MAX.into()),
            entry("EncodeLatencyUSec", "soon".into()),
            entry("Viewers", listed.into()),
        ]);
        let figures = Figures::of(&properties);
        assert!(figures.frame_rate.abs() < f64::EPSILON && figures.bitrate < u64::MAX);
        assert_eq!((figures.encode_latency_usec, figures.connected()), (0, 2), "each is listed once");
        assert!(figures.worst_round_trip_usec() < u64::MAX && figures.worst_loss().abs() < f64::EPSILON);
        let shown = &figures.viewers[0];
        assert_eq!((shown.role.as_str(), shown.address.as_str()), ("player", ""));
        assert!(!shown.name.contains('\x1b') && shown.name.chars().count() <= told::TEXT);
    }
}
