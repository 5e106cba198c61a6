//! `org.dillinger.Runner1.Saves`

use super::files::{Transfers, off_thread};
use crate::saves::{SavesEntry, SavesStore};
use dillinger_runner_api::Error;
use std::collections::HashMap;
use zbus::{OwnedFd, Variant, interface};

/// The saves on the bus.
#[derive(Debug)]
pub(super) struct SavesObject {
    store: SavesStore,
    transfers: Transfers,
}

type Record = HashMap<String, Variant<'static>>;

impl SavesObject {
    pub(super) fn new(store: SavesStore, transfers: Transfers) -> Self {
        Self { store, transfers }
    }
}

#[interface(name = "org.dillinger.Runner1.Saves")]
impl SavesObject {
    #[zbus(out_args("saves"))]
    async fn list_saves(&self) -> Result<Vec<Record>, Error> {
        let store = self.store.clone();
        off_thread(move || Ok(store.list()?.iter().map(|entry| record(&store, entry)).collect())).await
    }

    #[zbus(out_args("tar"))]
    async fn export_saves(&self, name: String) -> Result<OwnedFd, Error> {
        let store = self.store.clone();
        let begin = move || store.export(&name).map(|export| move |out| export.write(out));
        self.transfers.send(begin).await
    }

    async fn import_saves(&self, name: String, tar: OwnedFd) -> Result<(), Error> {
        let store = self.store.clone();
        self.transfers.receive(tar, move |from| store.import(&name, from).map(|_| ())).await
    }
}

fn record(store: &SavesStore, entry: &SavesEntry) -> Record {
    let size = entry.measure();
    [
        ("Name", Variant::from(entry.name.clone())),
        ("Path", Variant::from(entry.directory.to_string_lossy().into_owned())),
        ("Windows", Variant::from(entry.is_windows())),
        ("Bytes", Variant::from(size.bytes)),
        ("Files", Variant::from(size.files)),
        ("ModifiedTimestamp", Variant::from(size.modified_usec)),
        ("Holder", Variant::from(store.holder(entry).unwrap_or_default())),
    ]
    .map(|(key, value)| (key.to_owned(), value))
    .into()
}
