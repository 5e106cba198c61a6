//! Client proxies of the interfaces of the contract.
//!
//! Every method fails with the typed [`Error`] of the contract.

// The documentation repeats the words of the contract, which are not Rust items.
#![allow(clippy::doc_markdown)]
// `(T)` is `T` for the one result that most methods have.
#![allow(unused_parens)]

mod interface;
mod job;
mod manager;
mod prefixes;
mod saves;
mod session;
mod stream;
mod windows;

pub use job::JobProxy;
pub use manager::{ManagerProxy, SessionAdded, SessionAddedStream, SessionRemoved, SessionRemovedStream};
pub use prefixes::PrefixesProxy;
pub use saves::SavesProxy;
pub use session::SessionProxy;
pub use stream::{StreamProxy, ViewerConnected, ViewerConnectedStream, ViewerDisconnected, ViewerDisconnectedStream};
pub use windows::WindowsProxy;

use crate::Error;

type Result<T> = std::result::Result<T, Error>;

/// A dictionary as it is sent: request, options or limits.
pub type Options<'a> = std::collections::BTreeMap<&'a str, zbus::Variant<'a>>;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{contract, xml};
    use std::collections::BTreeSet;

    fn proxies() -> [(&'static str, String); 7] {
        [
            ("org.dillinger.Runner1.Manager.xml", ManagerProxy::introspection()),
            ("org.dillinger.Runner1.Session.xml", SessionProxy::introspection()),
            ("org.dillinger.Runner1.Session.Stream.xml", StreamProxy::introspection()),
            ("org.dillinger.Runner1.Session.Windows.xml", WindowsProxy::introspection()),
            ("org.dillinger.Runner1.Job.xml", JobProxy::introspection()),
            ("org.dillinger.Runner1.Prefixes.xml", PrefixesProxy::introspection()),
            ("org.dillinger.Runner1.Saves.xml", SavesProxy::introspection()),
        ]
    }

    #[test]
    fn proxies_are_the_contract() {
        for (file, proxy) in proxies() {
            let (_, text) = xml::FILES.iter().find(|(name, _)| *name == file).unwrap();
            assert_eq!(contract::compare(text, &proxy).unwrap(), [], "{file}");
        }
    }

    #[test]
    fn every_xml_file_is_listed_and_has_a_proxy() {
        let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/dbus");
        let on_disk: BTreeSet<String> = std::fs::read_dir(directory)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        let listed = xml::FILES.iter().map(|(name, _)| (*name).to_owned()).collect();
        assert_eq!(on_disk, listed);
        let with_proxy = proxies().map(|(name, _)| name.to_owned()).into();
        assert_eq!(on_disk, with_proxy);
    }

    #[test]
    fn file_names_are_interface_names() {
        for (file, text) in xml::FILES {
            let interface = file.strip_suffix(".xml").unwrap();
            assert_eq!(contract::interface_names(text).unwrap(), [interface]);
        }
    }
}
