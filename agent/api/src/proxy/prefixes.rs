//! `org.dillinger.Runner1.Prefixes`

use super::Options;
use super::interface::interface;
use crate::value::Dict;
use zbus::Fd;
use zbus::OwnedFd;

interface! {
    /// The prefixes of Windows games.
    PrefixesProxy = trait Prefixes "org.dillinger.Runner1.Prefixes"
        (, default_path = "/org/dillinger/Runner1");
    methods {
        /// One dictionary per prefix; see [`crate::wire::Prefix`].
        method "ListPrefixes" list_prefixes() -> (prefixes: Vec<Dict>);
        /// One prefix, with its snapshots.
        method "GetPrefix" get_prefix(name: &str) -> (prefix: Dict);
        /// Keeps a prefix as it is now; returns the name of the snapshot. Options: Comment.
        method "SnapshotPrefix" snapshot_prefix(name: &str, options: &Options<'_>) -> (snapshot: String);
        /// Makes a prefix what it was; returns the name of the snapshot that keeps what it is now.
        method "RollbackPrefix" rollback_prefix(name: &str, snapshot: &str) -> (before: String);
        /// A whole prefix as a tar archive.
        method "ExportPrefix" export_prefix(name: &str) -> (tar: OwnedFd);
        /// Makes a prefix from a tar archive.
        method "ImportPrefix" import_prefix(name: &str, tar: Fd<'_>) -> ();
        /// Removes a prefix with its snapshots.
        method "RemovePrefix" remove_prefix(name: &str) -> ();
    }
    signals {}
    properties {}
}
