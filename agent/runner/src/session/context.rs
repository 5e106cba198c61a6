//! What every session's task needs: the adapters and the settings.

use super::Result;
use super::systemd_failed;
use crate::bus::Publisher;
use crate::config::DaemonReload;
use crate::display::Displays;
use crate::host::Host;
use crate::paths::Paths;
use crate::podman::Podman;
use crate::prefix::Store;
use crate::saves::SavesStore;
use crate::settings::SharedSettings;
use crate::store::{Records, UnitFiles};
use crate::systemd::Systemd;
use dillinger_runner_api::Error;
use std::sync::Arc;
use tokio::sync::Mutex;

/// The adapters. Cloning is cheap.
#[derive(Debug, Clone)]
pub struct Context {
    /// The user manager.
    pub systemd: Systemd,
    /// What the host has.
    pub host: Arc<Host>,
    /// The user's Podman.
    pub podman: Arc<Podman>,
    /// Records of sessions.
    pub records: Records,
    /// The prefixes of Windows games.
    pub prefixes: Store,
    /// The saves.
    pub saves: SavesStore,
    /// Their unit files.
    pub files: UnitFiles,
    /// Their objects on the bus.
    pub publisher: Publisher,
    /// The displays of streamed sessions.
    pub displays: Displays,
    /// The settings in force.
    pub settings: SharedSettings,
    /// The directories.
    pub paths: Paths,
    /// One reload of systemd at a time.
    pub reload: Arc<Reload>,
}

/// Reloads of systemd, coalesced: whoever comes while one runs shares the next
/// with all others who wait.
#[derive(Debug, Default)]
pub struct Reload {
    turn: Mutex<u64>,
    asked: std::sync::atomic::AtomicU64,
}

impl Reload {
    /// Returns after a reload that began after this call.
    ///
    /// # Errors
    /// systemd refused it.
    pub async fn run(&self, systemd: &Systemd) -> Result<()> {
        use std::sync::atomic::Ordering;
        let mine = self.asked.fetch_add(1, Ordering::SeqCst) + 1;
        let mut done = self.turn.lock().await;
        if *done >= mine {
            return Ok(());
        }
        let covers = self.asked.load(Ordering::SeqCst);
        systemd.reload().await.map_err(systemd_failed)?;
        *done = covers;
        Ok(())
    }
}

impl Context {
    /// Makes systemd see new unit files: without a reload where it can, with
    /// one where it must or where the settings ask for it.
    ///
    /// # Errors
    /// systemd does not find the unit even after a reload.
    pub async fn load(&self, unit: &str) -> Result<()> {
        let loadable = async || self.systemd.is_loadable(unit).await.map_err(systemd_failed);
        if self.settings.current().daemon_reload == DaemonReload::Auto {
            if loadable().await? {
                return Ok(());
            }
            self.files
                .touch()
                .map_err(|error| Error::SystemdFailed(format!("touching the unit directory: {error}")))?;
            if loadable().await? {
                return Ok(());
            }
            tracing::info!(unit, "systemd does not see the new unit file, reloading");
        }
        self.reload.run(&self.systemd).await?;
        if loadable().await? {
            return Ok(());
        }
        Err(Error::SystemdFailed(format!("systemd does not find {unit} after a reload")))
    }
}
