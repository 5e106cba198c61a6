//! Snapshots of a prefix, and the way back to one.

use super::error::{Error, Result};
use super::open::Opened;
use super::record::{SnapshotRecord, read, write};
use super::store::{Prefix, SNAPSHOTS, Store, WORK, fresh_part, names, put_away};
use crate::clock::now_usec;
use crate::store::make_private;
use crate::tree;
use nix::fcntl::{AT_FDCWD, RenameFlags, renameat2};
use std::path::{Path, PathBuf};

const RECORD: &str = "snapshot.json";
const MIGRATION: &str = "before-migration";
const ROLLBACK: &str = "before-rollback to ";

/// Why a snapshot is taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cause {
    /// Somebody asked for it, and says this of it.
    Asked(String),
    /// A session is about to start.
    Session,
    /// The prefix is about to be brought up to another build.
    Migration,
    /// The prefix is about to go back to this snapshot.
    Rollback(String),
}

impl Cause {
    fn comment(&self) -> String {
        match self {
            Self::Asked(comment) => comment.clone(),
            Self::Session => "before-session".to_owned(),
            Self::Migration => MIGRATION.to_owned(),
            Self::Rollback(snapshot) => format!("{ROLLBACK}{snapshot}"),
        }
    }
}

/// A snapshot that is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    /// Its name: a number, the higher the later.
    pub name: String,
    /// Its directory.
    pub directory: PathBuf,
    /// What is written down of it.
    pub record: SnapshotRecord,
}

impl Snapshot {
    /// Its files.
    pub fn files(&self) -> PathBuf {
        self.directory.join(if self.record.prefix.layered { super::store::UPPER } else { super::store::FULL })
    }
}

impl SnapshotRecord {
    fn is_migration(&self) -> bool {
        self.automatic && self.comment == MIGRATION
    }

    /// Whether it was taken before a migration that has not succeeded yet.
    fn is_way_back_of(&self, prefix: &Prefix) -> bool {
        let (then, now) = (&self.prefix, &prefix.record);
        self.is_migration() && then.template == now.template && then.last_used_usec == now.last_used_usec
    }

    fn is_rollback(&self) -> bool {
        self.automatic && self.comment.starts_with(ROLLBACK)
    }
}

impl Store {
    /// Snapshots of a prefix, the oldest first. One that cannot be read is left out with a warning.
    ///
    /// # Errors
    /// The directory cannot be read.
    pub fn snapshots(&self, prefix: &Prefix) -> Result<Vec<Snapshot>> {
        let directory = prefix.directory.join(SNAPSHOTS);
        let mut all: Vec<(u64, Snapshot)> = Vec::new();
        for name in names(&directory)? {
            let Some(number) = number_of(&name) else { continue };
            let directory = directory.join(&name);
            match read(&directory.join(RECORD)) {
                Ok(record) => all.push((number, Snapshot { name, directory, record })),
                Err(error) => tracing::warn!(prefix = prefix.name, snapshot = name, %error, "it cannot be read"),
            }
        }
        all.sort_by_key(|(number, _)| *number);
        Ok(all.into_iter().map(|(_, snapshot)| snapshot).collect())
    }

    /// Takes a snapshot of a prefix that nobody uses.
    ///
    /// # Errors
    /// There is none, somebody uses it, or the file system refuses.
    pub fn snapshot(&self, name: &str, comment: &str) -> Result<Snapshot> {
        let prefix = self.find(name)?;
        let _lock = self.lock(&prefix, "SnapshotPrefix")?;
        store_snapshot(&prefix, &prefix.files(), &Cause::Asked(comment.to_owned()))
    }

    /// Takes a snapshot of a prefix that is open for a session which has not begun, and drops the oldest automatic ones
    /// beyond `keep`.
    ///
    /// # Errors
    /// The file system refuses.
    pub fn snapshot_opened(&self, opened: &Opened, keep: usize) -> Result<Snapshot> {
        self.take_snapshot(&opened.prefix, &Cause::Session, keep)
    }

    /// Makes a prefix what it was at a snapshot. What it is now becomes an automatic snapshot of its own, which is
    /// returned; the newest `keep` of these are kept.
    ///
    /// # Errors
    /// There is no such prefix or snapshot, somebody uses it, or the file system refuses; then nothing has changed.
    pub fn rollback(&self, name: &str, snapshot: &str, keep: usize) -> Result<Snapshot> {
        let mut prefix = self.find(name)?;
        let _lock = self.lock(&prefix, "RollbackPrefix")?;
        let all = self.snapshots(&prefix)?;
        let Some(target) = all.iter().find(|one| one.name == snapshot) else {
            let has = all.into_iter().map(|snapshot| snapshot.name).collect();
            return Err(Error::NoSuchSnapshot { prefix: prefix.name, snapshot: snapshot.to_owned(), has });
        };
        if target.record.prefix.layered != prefix.record.layered {
            let text = format!("snapshot {snapshot} of prefix {name} is of another kind than the prefix is now");
            return Err(Error::Invalid(text));
        }
        // A copy of the target stands where the state before will be: one exchange then gives each its place, and a
        // crash at any moment leaves two whole states.
        let before = store_snapshot(&prefix, &target.files(), &Cause::Rollback(snapshot.to_owned()))?;
        // Too early to be true, and then only makes the next session look whether the prefix is up to its template.
        prefix.record.template.clone_from(&target.record.prefix.template);
        prefix.record.build.clone_from(&target.record.prefix.build);
        prefix.record.verbs.clone_from(&target.record.prefix.verbs);
        prefix.save()?;
        exchange(&prefix.files(), &before.files())?;
        put_away(&prefix.directory.join(WORK), &prefix.directory.join(SNAPSHOTS))?;
        self.drop_automatic(&prefix, keep)?;
        Ok(before)
    }

    /// Takes an automatic snapshot of a prefix whose lock the caller has, and drops the oldest automatic ones beyond
    /// `keep`.
    pub(super) fn take_snapshot(&self, prefix: &Prefix, cause: &Cause, keep: usize) -> Result<Snapshot> {
        let snapshot = store_snapshot(prefix, &prefix.files(), cause)?;
        self.drop_automatic(prefix, keep)?;
        Ok(snapshot)
    }

    /// Whether the state before a migration that has failed is kept already. The prefix is then what the failure left, and
    /// a snapshot of that would only take the place of a better one.
    pub(super) fn has_way_back(&self, prefix: &Prefix) -> Result<bool> {
        let all = self.snapshots(prefix)?;
        // After a rollback the prefix is something else again.
        let newest = all.iter().rev().find(|one| one.record.is_migration() || one.record.is_rollback());
        Ok(newest.is_some_and(|one| one.record.is_way_back_of(prefix)))
    }

    fn drop_automatic(&self, prefix: &Prefix, keep: usize) -> Result<()> {
        let all = self.snapshots(prefix)?;
        let may_go = |one: &&Snapshot| one.record.automatic && !one.record.is_way_back_of(prefix);
        let automatic: Vec<&Snapshot> = all.iter().filter(may_go).collect();
        // The newest was taken now, for a reason.
        let surplus = automatic.len().saturating_sub(keep.max(1));
        for snapshot in automatic.into_iter().take(surplus) {
            put_away(&snapshot.directory, &prefix.directory.join(SNAPSHOTS))?;
        }
        Ok(())
    }
}

/// Makes these files a snapshot of a prefix.
fn store_snapshot(prefix: &Prefix, files: &Path, cause: &Cause) -> Result<Snapshot> {
    let snapshots = prefix.directory.join(SNAPSHOTS);
    make_private(&snapshots).map_err(Error::storage("making", &snapshots))?;
    let highest = names(&snapshots)?.iter().filter_map(|name| number_of(name)).max().unwrap_or(0);
    let name = highest.saturating_add(1).to_string();
    let making = fresh_part(&snapshots, &name)?;
    let copied = tree::copy(files, &making.join(prefix.part()));
    if let Err(error) = copied {
        // A full disk is no place for half a copy.
        let _ = tree::remove(&making);
        return Err(Error::storage("copying", files)(error));
    }
    let automatic = !matches!(cause, Cause::Asked(_));
    let comment = cause.comment();
    let record = SnapshotRecord { created_usec: now_usec(), comment, automatic, prefix: prefix.record.clone() };
    write(&making.join(RECORD), &record)?;
    let directory = snapshots.join(&name);
    std::fs::rename(&making, &directory).map_err(Error::storage("making", &directory))?;
    Ok(Snapshot { name, directory, record })
}

fn number_of(name: &str) -> Option<u64> {
    name.parse::<u64>().ok().filter(|number| number.to_string() == name)
}

pub(crate) fn exchange(one: &Path, other: &Path) -> Result<()> {
    let done = renameat2(AT_FDCWD, one, AT_FDCWD, other, RenameFlags::RENAME_EXCHANGE);
    done.map_err(|error| Error::storage("exchanging", one)(error.into()))
}
