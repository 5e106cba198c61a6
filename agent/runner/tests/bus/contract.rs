//! What the objects say of themselves is the contract, and every interface of it has an object.

use crate::client::request;
use crate::windows::{game, host};
use crate::world::World;
use dillinger_runner_api::{contract, names};
use std::collections::{BTreeMap, BTreeSet};
use zbus::fdo::IntrospectableProxy;

/// The contract: interface and text, from the files.
fn files() -> BTreeMap<String, String> {
    let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/../api/dbus");
    let files = std::fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
    let text = |path: std::path::PathBuf| std::fs::read_to_string(path).unwrap();
    let named = |path: &std::path::Path| path.file_stem().unwrap().to_str().unwrap().to_owned();
    files.map(|path| (named(&path), text(path))).collect()
}

#[tokio::test]
async fn live_objects_are_the_contract() {
    let world = World::new().await;
    let agent = world.agent().await;
    let mut streamed = request();
    streamed.insert("Display", "stream".into());
    let session = agent.client.start(&streamed).await.unwrap();
    let windows = agent.client.start(&game(&host(&world, true), "doom")).await.unwrap();
    let job = agent.client.manager.prepare_image("localhost/absent", &[("Pull", "never".into())].into()).await.unwrap();
    let files = files();
    let mut found = BTreeSet::new();
    for path in [names::MANAGER_PATH, session.path.as_str(), windows.path.as_str(), job.as_str()] {
        let object = IntrospectableProxy::builder(&agent.client.bus).destination(names::BUS_NAME);
        let xml = object.path(path).build().await.unwrap().introspect().await.unwrap();
        for interface in contract::interface_names(&xml).unwrap() {
            let Some(text) = files.get(&interface) else {
                assert!(interface.starts_with("org.freedesktop.DBus."), "{interface} has no file");
                continue;
            };
            let differences = contract::compare_interface(&interface, text, &xml).unwrap();
            assert!(differences.is_empty(), "contract <> {path}:\n{differences:#?}");
            found.insert(interface);
        }
    }
    assert_eq!(found, files.into_keys().collect(), "interfaces without an object");
}
