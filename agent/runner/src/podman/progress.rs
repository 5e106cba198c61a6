//! How far a pull is, from what Podman says about each layer.

use serde::Deserialize;
use std::collections::BTreeMap;

/// One line of Podman's pull stream, in the form of the Docker API (libpod's
/// `compatMode=true`, the only one with byte counts).
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct PullMessage {
    id: String,
    status: String,
    #[serde(rename = "progressDetail")]
    detail: Option<Detail>,
    error: Option<String>,
    message: Option<String>,
    cause: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Detail {
    current: i64,
    total: i64,
}

impl PullMessage {
    /// The failure that the line reports, if it does.
    pub(super) fn failure(&self) -> Option<String> {
        let text = self.error.as_ref().or(self.message.as_ref()).filter(|text| !text.is_empty())?;
        match self.cause.as_ref().filter(|cause| !text.contains(cause.as_str())) {
            Some(cause) => Some(format!("{text}: {cause}")),
            None => Some(text.clone()),
        }
    }
}

/// What is known about one layer.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
struct Layer {
    done: u64,
    /// 0 while unknown.
    total: u64,
    finished: bool,
}

/// What is known about a pull.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct PullProgress {
    layers: BTreeMap<String, Layer>,
    /// Layers become known one by one, which would move the fraction back.
    shown: f64,
}

/// More layers than any image has; bounds the memory that a stream can take.
const LAYERS_MAX: usize = 1024;

impl PullProgress {
    /// Takes in one line.
    pub(super) fn update(&mut self, message: &PullMessage) {
        if message.id.is_empty() || (self.layers.len() >= LAYERS_MAX && !self.layers.contains_key(&message.id)) {
            return;
        }
        let known = |number: i64| u64::try_from(number).unwrap_or(0);
        let layer = self.layers.entry(message.id.clone()).or_default();
        match message.status.as_str() {
            "Downloading" => {
                let detail = message.detail.as_ref();
                layer.total = detail.map_or(layer.total, |detail| known(detail.total));
                layer.done = detail.map_or(layer.done, |detail| known(detail.current)).max(layer.done);
            }
            "Already exists" | "Download complete" => {
                layer.done = layer.done.max(layer.total);
                layer.finished = true;
            }
            _ => {}
        }
        self.shown = self.shown.max(self.measured());
    }

    /// Bytes so far.
    pub(super) fn bytes_done(&self) -> u64 {
        self.layers.values().fold(0, |sum, layer| sum.saturating_add(layer.done))
    }

    /// Bytes of all layers whose size is known.
    pub(super) fn bytes_total(&self) -> u64 {
        self.layers.values().fold(0, |sum, layer| sum.saturating_add(layer.total))
    }

    /// Between 0 and 1, never falling.
    pub(super) fn fraction(&self) -> f64 {
        self.shown
    }

    /// By layers, since sizes become known only when a layer is begun.
    #[expect(clippy::cast_precision_loss, reason = "a fraction for people")]
    fn measured(&self) -> f64 {
        let part = |layer: &Layer| match layer.total {
            _ if layer.finished => 1.0,
            0 => 0.0,
            total => (layer.done as f64 / total as f64).min(1.0),
        };
        let sum: f64 = self.layers.values().map(part).sum();
        if self.layers.is_empty() { 0.0 } else { sum / self.layers.len() as f64 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(lines: &[&str]) -> PullProgress {
        let mut progress = PullProgress::default();
        for line in lines {
            progress.update(&serde_json::from_str(line).unwrap());
        }
        progress
    }

    #[test]
    fn bytes_and_fraction_follow_the_layers() {
        let begun = [
            r#"{"status":"Pulling fs layer","progressDetail":{},"id":"a"}"#,
            r#"{"status":"Pulling fs layer","id":"b"}"#,
        ];
        let half = r#"{"status":"Downloading","progressDetail":{"current":50,"total":100},"progress":"x","id":"a"}"#;
        let progress = after(&[begun[0], begun[1], half]);
        assert_eq!((progress.bytes_done(), progress.bytes_total()), (50, 100));
        assert!((progress.fraction() - 0.25).abs() < 1e-9);
        let done = [r#"{"status":"Download complete","id":"a"}"#, r#"{"status":"Already exists","id":"b"}"#];
        let progress = after(&[begun[0], begun[1], half, done[0], done[1]]);
        assert_eq!(progress.bytes_done(), 100);
        assert!((progress.fraction() - 1.0).abs() < 1e-9);
    }

    #[test]
    fn the_fraction_never_falls() {
        let progress = after(&[r#"{"status":"Already exists","id":"a"}"#, r#"{"status":"Pulling fs layer","id":"b"}"#]);
        assert!((progress.fraction() - 1.0).abs() < 1e-9);
    }

    #[test]
    fn odd_numbers_do_no_harm() {
        let progress = after(&[r#"{"status":"Downloading","progressDetail":{"current":-5,"total":-1},"id":"a"}"#]);
        assert_eq!((progress.bytes_done(), progress.bytes_total()), (0, 0));
        let all = r#"{"status":"Downloading","progressDetail":{"current":9223372036854775807,"total":1},"id":"x"}"#;
        assert!(after(&[all, &all.replace("\"x\"", "\"y\""), &all.replace("\"x\"", "\"z\"")]).fraction() <= 1.0);
    }

    #[test]
    fn failures_are_found_in_every_form() {
        let failure = |line: &str| serde_json::from_str::<PullMessage>(line).unwrap().failure();
        assert_eq!(failure(r#"{"errorDetail":{"message":"m"},"error":"m"}"#).as_deref(), Some("m"));
        assert_eq!(failure(r#"{"code":0,"message":"manifest unknown"}"#).as_deref(), Some("manifest unknown"));
        assert_eq!(failure(r#"{"cause":"c","message":"m","response":500}"#).as_deref(), Some("m: c"));
        assert_eq!(failure(r#"{"status":"Download complete","id":"a"}"#), None);
    }
}
