//! Prefixes and saves.

use super::convert::dictionary;

dictionary! {
    /// One prefix of `ListPrefixes`.
    Prefix {
        /// Name of its directory.
        "Name" name: String,
        /// The caller's name of the game.
        "GameId" game_id: String,
        /// `wine` or `proton`.
        "Runner" runner: String,
        /// The build of the host that used it last; empty for the Wine of the image.
        "RunnerVersion" runner_version: String,
        /// Key of its template.
        "Template" template: String,
        /// Whether it is a layer over that.
        "Layered" layered: bool,
        /// Its directory.
        "Path" path: String,
        /// When it was made, in µs since 1970 UTC.
        "CreatedTimestamp" created_timestamp: u64,
        /// When a session last used it, in µs since 1970 UTC; 0 if none did.
        "LastUsedTimestamp" last_used_timestamp: u64,
        /// What it takes on the disk, without its template and its snapshots.
        "Bytes" bytes: u64,
        /// Number of its files.
        "Files" files: u64,
        /// Number of its snapshots.
        "SnapshotCount" snapshot_count: u32,
        /// winetricks verbs that it has.
        "Winetricks" winetricks: Vec<String>,
        /// Who uses it; empty if nobody does.
        "Holder" holder: String,
    }
}

dictionary! {
    /// One snapshot of a prefix.
    PrefixSnapshot {
        /// A number, the higher the later.
        "Name" name: String,
        /// What its maker says of it.
        "Comment" comment: String,
        /// Whether nobody asked for it by name.
        "Automatic" automatic: bool,
        /// When it was taken, in µs since 1970 UTC.
        "CreatedTimestamp" created_timestamp: u64,
        /// Key of the template that the prefix had then.
        "Template" template: String,
        /// What it takes on the disk.
        "Bytes" bytes: u64,
    }
}

dictionary! {
    /// One game of `ListSaves`.
    SavesRecord {
        /// Name of the directory.
        "Name" name: String,
        /// The directory.
        "Path" path: String,
        /// Whether a Windows session has made them.
        "Windows" windows: bool,
        /// What they take on the disk.
        "Bytes" bytes: u64,
        /// Number of files.
        "Files" files: u64,
        /// When something in them was last modified, in µs since 1970 UTC; 0 if they are empty.
        "ModifiedTimestamp" modified_timestamp: u64,
        /// Who uses them; empty if nobody does.
        "Holder" holder: String,
    }
}
