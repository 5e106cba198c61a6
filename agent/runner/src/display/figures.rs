//! What a streamer measures, read when somebody asks.

use super::link::Link;
use super::state::{clipped, value};
use dillinger_runner_api::{Dict, streamer};
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
        let fraction = value::<f64>(properties, "FrameRate").unwrap_or_default();
        Self {
            frame_rate: finite(fraction),
            bitrate: value(properties, "Bitrate").unwrap_or_default(),
            encode_latency_usec: value(properties, "EncodeLatencyUSec").unwrap_or_default(),
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

/// JSON has no other numbers.
fn finite(number: f64) -> f64 {
    if number.is_finite() { number } else { 0.0 }
}

/// The viewers of a streamer's properties, their texts within bounds.
pub(super) fn viewers(properties: &Dict) -> Vec<streamer::Viewer> {
    let listed: Vec<Dict> = value(properties, "Viewers").unwrap_or_default();
    let bounded = |dict: &Dict| {
        let viewer = streamer::Viewer::from_dict(dict);
        streamer::Viewer {
            viewer: clipped(&viewer.viewer),
            role: clipped(&viewer.role),
            name: clipped(&viewer.name),
            keyboard_layout: clipped(&viewer.keyboard_layout),
            state: clipped(&viewer.state),
            address: clipped(&viewer.address),
            loss_fraction: finite(viewer.loss_fraction).clamp(0.0, 1.0),
            ..viewer
        }
    };
    listed.iter().take(VIEWERS).map(bounded).collect()
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
