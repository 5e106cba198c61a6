//! The viewers that were made here.

use crate::store::write_whole;
use dillinger_runner_api::{Error, streamer};
use std::collections::BTreeSet;
use std::path::PathBuf;

/// The ids that the streamer was given. They are written down for the agent after this one, which could not tell them
/// from those that the streamer makes up.
#[derive(Debug)]
pub(super) struct Made {
    file: PathBuf,
    ids: BTreeSet<String>,
}

impl Made {
    pub(super) fn new(file: PathBuf) -> Self {
        let text = std::fs::read_to_string(&file).unwrap_or_default();
        Self { ids: text.lines().map(ToOwned::to_owned).collect(), file }
    }

    pub(super) fn add(&mut self, id: &str) {
        self.ids.insert(id.to_owned());
        self.write_down();
    }

    pub(super) fn remove(&mut self, id: &str) {
        if self.ids.remove(id) {
            self.write_down();
        }
    }

    /// Those of `listed` that were made here. What the streamer does not have any more is forgotten.
    pub(super) fn among(&mut self, listed: Vec<streamer::Viewer>) -> Vec<streamer::Viewer> {
        let ours: Vec<_> = listed.into_iter().filter(|viewer| self.ids.contains(&viewer.viewer)).collect();
        let before = self.ids.len();
        self.ids = ours.iter().map(|viewer| viewer.viewer.clone()).collect();
        if self.ids.len() != before {
            self.write_down();
        }
        ours
    }

    fn write_down(&self) {
        let lines: Vec<&str> = self.ids.iter().map(String::as_str).collect();
        if let Err(error) = write_whole(&self.file, lines.join("\n").as_bytes()) {
            tracing::warn!(%error, file = %self.file.display(), "the viewers of a display are not written down");
        }
    }
}

/// An id from the kernel's random numbers (random(4)): who does not know it cannot name the viewer.
pub(super) fn viewer_id() -> Result<String, Error> {
    let text = std::fs::read_to_string("/proc/sys/kernel/random/uuid").unwrap_or_default();
    let id: String = text.chars().filter(char::is_ascii_hexdigit).collect();
    if id.len() == 32 { Ok(id) } else { Err(Error::SystemdFailed("the kernel gives no random id".to_owned())) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn viewers(ids: &[&str]) -> Vec<streamer::Viewer> {
        ids.iter().map(|id| streamer::Viewer { viewer: (*id).to_owned(), ..streamer::Viewer::default() }).collect()
    }

    #[test]
    fn the_next_agent_knows_those_that_were_made_and_no_others() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("viewers");
        let mut made = Made::new(file.clone());
        assert!(made.among(viewers(&["x"])).is_empty());
        for id in ["a", "b", "c"] {
            made.add(id);
        }
        made.remove("b");
        let mut next = Made::new(file.clone());
        assert_eq!(next.among(viewers(&["a", "b", "x", ""])), viewers(&["a"]));
        assert_eq!(Made::new(file).among(viewers(&["a", "c"])), viewers(&["a"]), "gone with the list before");
    }
}
