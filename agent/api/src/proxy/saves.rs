//! `org.dillinger.Runner1.Saves`

use super::interface::interface;
use crate::value::Dict;
use zbus::Fd;
use zbus::OwnedFd;

interface! {
    /// What belongs to the player.
    SavesProxy = trait Saves "org.dillinger.Runner1.Saves"
        (, default_path = "/org/dillinger/Runner1");
    methods {
        /// One dictionary per game; see [`crate::wire::SavesRecord`].
        method "ListSaves" list_saves() -> (saves: Vec<Dict>);
        /// The saves of a game as a tar archive.
        method "ExportSaves" export_saves(name: &str) -> (tar: OwnedFd);
        /// Makes the saves of a game those of a tar archive.
        method "ImportSaves" import_saves(name: &str, tar: Fd<'_>) -> ();
    }
    signals {}
    properties {}
}
