//! The settings in force: read at the start, replaced by a good reload.

use crate::config::{Problem, Settings};
use crate::journal;
use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock};

/// The settings, shared by all who ask. Cloning is cheap.
#[derive(Debug, Clone)]
pub struct SharedSettings {
    directories: Arc<Vec<PathBuf>>,
    loaded: Arc<RwLock<Loaded>>,
}

#[derive(Debug, Clone)]
struct Loaded {
    settings: Arc<Settings>,
    problems: Arc<Vec<Problem>>,
}

impl SharedSettings {
    /// Reads the settings files. With wrong ones the built-in defaults are in
    /// force: the agent's living sessions need it more than its settings.
    pub fn load(directories: Vec<PathBuf>) -> Self {
        let first = Loaded { settings: Arc::new(Settings::default()), problems: Arc::default() };
        let shared = Self { directories: Arc::new(directories), loaded: Arc::new(RwLock::new(first)) };
        shared.reload();
        shared
    }

    /// Reads the settings files again; wrong ones change nothing but
    /// [`Self::problems`]. True if the new settings are in force.
    pub fn reload(&self) -> bool {
        let mut loaded = self.loaded.write().unwrap_or_else(PoisonError::into_inner);
        match Settings::load(&self.directories) {
            Ok(settings) => {
                *loaded = Loaded { settings: Arc::new(settings), problems: Arc::default() };
                true
            }
            Err(problems) => {
                let text: Vec<String> = problems.iter().map(ToString::to_string).collect();
                journal::settings_rejected(&text.join("; "));
                loaded.problems = Arc::new(problems);
                false
            }
        }
    }

    /// The settings in force.
    pub fn current(&self) -> Arc<Settings> {
        self.read().settings
    }

    /// What was wrong with the files at the last reading.
    pub fn problems(&self) -> Arc<Vec<Problem>> {
        self.read().problems
    }

    fn read(&self) -> Loaded {
        self.loaded.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
