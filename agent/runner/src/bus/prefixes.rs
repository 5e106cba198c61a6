//! `org.dillinger.Runner1.Prefixes`

use super::convert::{Dict, Options};
use super::files::{Transfers, off_thread};
use crate::prefix::{self, Prefix, Snapshot, Store};
use crate::tree::measure;
use crate::windows::AUTOMATIC_SNAPSHOTS;
use dillinger_runner_api::Error;
use dillinger_runner_core::problem::quoted;
use dillinger_runner_core::wine::Tool;
use std::collections::HashMap;
use std::path::PathBuf;
use zbus::{OwnedFd, Variant, interface};

/// Longest comment of a snapshot, in bytes.
const COMMENT: usize = 200;

/// The prefixes on the bus.
#[derive(Debug)]
pub(super) struct PrefixesObject {
    store: Store,
    saves: PathBuf,
    transfers: Transfers,
}

type Record = HashMap<String, Variant<'static>>;

impl PrefixesObject {
    pub(super) fn new(store: Store, saves: PathBuf, transfers: Transfers) -> Self {
        Self { store, saves, transfers }
    }

    async fn work<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Store) -> prefix::Result<T> + Send + 'static,
    ) -> Result<T, Error> {
        let store = self.store.clone();
        off_thread(move || work(&store)).await
    }
}

#[interface(name = "org.dillinger.Runner1.Prefixes")]
impl PrefixesObject {
    #[zbus(out_args("prefixes"))]
    async fn list_prefixes(&self) -> Result<Vec<Record>, Error> {
        self.work(|store| store.list()?.iter().map(|prefix| record(store, prefix)).collect()).await
    }

    #[zbus(out_args("prefix"))]
    async fn get_prefix(&self, name: String) -> Result<Record, Error> {
        self.work(move |store| {
            let prefix = store.find(&name)?;
            let snapshots: Vec<Record> = store.snapshots(&prefix)?.iter().map(snapshot).collect();
            let mut all = record(store, &prefix)?;
            all.insert("Snapshots".to_owned(), Variant::from(snapshots));
            Ok(all)
        })
        .await
    }

    #[zbus(out_args("snapshot"))]
    async fn snapshot_prefix(&self, name: String, options: Dict) -> Result<String, Error> {
        let mut options = Options::new(options);
        let comment = options.take::<String>("Comment", "s")?.unwrap_or_default();
        options.finish()?;
        if comment.len() > COMMENT || comment.contains(char::is_control) {
            let expected = format!("expected at most {COMMENT} bytes without control characters");
            return Err(Error::InvalidRequest(format!("Comment: {} is not valid, {expected}", quoted(&comment))));
        }
        self.work(move |store| Ok(store.snapshot(&name, &comment)?.name)).await
    }

    #[zbus(out_args("before"))]
    async fn rollback_prefix(&self, name: String, snapshot: String) -> Result<String, Error> {
        self.work(move |store| Ok(store.rollback(&name, &snapshot, AUTOMATIC_SNAPSHOTS)?.name)).await
    }

    #[zbus(out_args("tar"))]
    async fn export_prefix(&self, name: String) -> Result<OwnedFd, Error> {
        let (store, saves) = (self.store.clone(), self.saves.clone());
        let begin = move || store.export(&name, &saves).map(|export| move |out| export.write(out));
        self.transfers.send(begin).await
    }

    async fn import_prefix(&self, name: String, tar: OwnedFd) -> Result<(), Error> {
        let store = self.store.clone();
        self.transfers.receive(tar, move |from| store.import(&name, from).map(|_| ())).await
    }

    async fn remove_prefix(&self, name: String) -> Result<(), Error> {
        self.work(move |store| store.remove(&name).map(|_| ())).await
    }
}

fn record(store: &Store, prefix: &Prefix) -> prefix::Result<Record> {
    let size = measure(&prefix.files());
    let of = &prefix.record;
    let runner = match of.tool {
        Tool::Wine => "wine",
        Tool::Proton => "proton",
    };
    let snapshots = u32::try_from(store.snapshots(prefix)?.len()).unwrap_or(u32::MAX);
    Ok([
        ("Name", Variant::from(prefix.name.clone())),
        ("GameId", Variant::from(of.game_id.clone())),
        ("Runner", Variant::from(runner)),
        ("RunnerVersion", Variant::from(of.build.clone().unwrap_or_default())),
        ("Template", Variant::from(of.template.clone())),
        ("Layered", Variant::from(of.layered)),
        ("Path", Variant::from(prefix.directory.to_string_lossy().into_owned())),
        ("CreatedTimestamp", Variant::from(of.created_usec)),
        ("LastUsedTimestamp", Variant::from(of.last_used_usec)),
        ("Bytes", Variant::from(size.bytes)),
        ("Files", Variant::from(size.files)),
        ("SnapshotCount", Variant::from(snapshots)),
        ("Winetricks", Variant::from(of.verbs.clone())),
        ("Holder", Variant::from(store.holder(prefix).unwrap_or_default())),
    ]
    .map(|(key, value)| (key.to_owned(), value))
    .into())
}

fn snapshot(snapshot: &Snapshot) -> Record {
    let of = &snapshot.record;
    [
        ("Name", Variant::from(snapshot.name.clone())),
        ("Comment", Variant::from(of.comment.clone())),
        ("Automatic", Variant::from(of.automatic)),
        ("CreatedTimestamp", Variant::from(of.created_usec)),
        ("Template", Variant::from(of.prefix.template.clone())),
        ("Bytes", Variant::from(measure(&snapshot.files()).bytes)),
    ]
    .map(|(key, value)| (key.to_owned(), value))
    .into()
}
