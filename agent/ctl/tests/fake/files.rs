//! Prefixes and saves of the small agent.

use super::{Calls, owned};
use dillinger_runner_api::Dict;
use dillinger_runner_api::error::Error;
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::OwnedFd as StdFd;
use zbus::{OwnedFd, interface};

/// A whole archive: its end.
pub(crate) const ARCHIVE: [u8; 1024] = [0; 1024];

pub(crate) struct Prefixes {
    pub(crate) calls: Calls,
}

pub(crate) struct Saves {
    pub(crate) calls: Calls,
}

fn called(calls: &Calls, what: String) {
    calls.lock().unwrap().push(what);
}

fn dict<const N: usize>(pairs: [(&str, zbus::OwnedVariant); N]) -> Dict {
    pairs.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
}

fn prefix() -> Dict {
    dict([
        ("Name", owned("doom")),
        ("Runner", owned("wine")),
        ("Bytes", owned(20_u64 << 20)),
        ("SnapshotCount", owned(1_u32)),
        ("Holder", owned("session 0123")),
    ])
}

/// What an agent sends: all of the archive, or of the game `broken` a part.
fn archive(name: &str) -> Result<OwnedFd, Error> {
    if name == "absent" {
        return Err(Error::NoSuchPrefix("there is no prefix \"absent\"".to_owned()));
    }
    let (read, mut write) = io::pipe().unwrap();
    write.write_all(if name == "broken" { &ARCHIVE[..100] } else { &ARCHIVE }).unwrap();
    Ok(StdFd::from(read).into())
}

/// What a client sends.
fn received(tar: OwnedFd) -> usize {
    let mut bytes = Vec::new();
    File::from(StdFd::from(tar)).read_to_end(&mut bytes).unwrap();
    bytes.len()
}

#[interface(name = "org.dillinger.Runner1.Prefixes")]
impl Prefixes {
    fn list_prefixes(&self) -> Vec<Dict> {
        vec![prefix()]
    }

    fn get_prefix(&self, name: String) -> Result<Dict, Error> {
        if name == "absent" {
            return Err(Error::NoSuchPrefix("there is no prefix \"absent\"".to_owned()));
        }
        let mut all = prefix();
        let snapshot = dict([("Name", owned("1")), ("Comment", owned("level 1")), ("Automatic", owned(true))]);
        all.insert("Snapshots".to_owned(), owned(vec![snapshot]));
        Ok(all)
    }

    fn snapshot_prefix(&self, name: String, options: Dict) -> String {
        called(&self.calls, format!("snapshot {name} {:?}", options.keys().collect::<Vec<_>>()));
        "2".to_owned()
    }

    fn rollback_prefix(&self, name: String, snapshot: String) -> String {
        called(&self.calls, format!("rollback {name} {snapshot}"));
        "3".to_owned()
    }

    fn export_prefix(&self, name: String) -> Result<OwnedFd, Error> {
        archive(&name)
    }

    fn import_prefix(&self, name: String, tar: OwnedFd) {
        called(&self.calls, format!("import {name} {}", received(tar)));
    }

    fn remove_prefix(&self, name: String) -> Result<(), Error> {
        called(&self.calls, format!("remove {name}"));
        if name == "used" { Err(Error::Busy("prefix used is in use by session 0123".to_owned())) } else { Ok(()) }
    }
}

#[interface(name = "org.dillinger.Runner1.Saves")]
impl Saves {
    fn list_saves(&self) -> Vec<Dict> {
        vec![dict([("Name", owned("doom")), ("Bytes", owned(3_u64 << 10)), ("Files", owned(7_u64))])]
    }

    fn export_saves(&self, name: String) -> Result<OwnedFd, Error> {
        archive(&name)
    }

    fn import_saves(&self, name: String, tar: OwnedFd) {
        called(&self.calls, format!("import saves {name} {}", received(tar)));
    }
}
