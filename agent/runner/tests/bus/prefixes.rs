//! Prefixes and saves of Windows games over the bus.

use crate::client::Client;
use crate::windows::{game, host};
use crate::world::World;
use dillinger_runner_api::proxy::{Options, PrefixesProxy, SavesProxy};
use dillinger_runner_api::wire::{Prefix, SavesRecord};
use std::fs::{self, File};
use std::io::{Read, Seek, Write};
use std::os::fd::OwnedFd;
use zbus::Fd;
use zbus::proxy::CacheProperties;

async fn prefixes(client: &Client) -> PrefixesProxy<'static> {
    PrefixesProxy::builder(&client.bus).cache_properties(CacheProperties::No).build().await.unwrap()
}

async fn saves(client: &Client) -> SavesProxy<'static> {
    SavesProxy::builder(&client.bus).cache_properties(CacheProperties::No).build().await.unwrap()
}

/// All that comes through a descriptor.
async fn read(fd: zbus::OwnedFd) -> Vec<u8> {
    let read = move || {
        let mut bytes = Vec::new();
        File::from(OwnedFd::from(fd)).read_to_end(&mut bytes).unwrap();
        bytes
    };
    tokio::task::spawn_blocking(read).await.unwrap()
}

fn file(bytes: &[u8]) -> File {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(bytes).unwrap();
    file.rewind().unwrap();
    file
}

/// A prefix of the game `doom`, as a session has left it.
fn prefix(world: &World) {
    let template = world.paths.state.join("templates/0123456789ab/prefix");
    fs::write(template.join("system.reg"), "WINE REGISTRY Version 2").unwrap();
    let directory = world.paths.state.join("prefixes/doom");
    fs::create_dir_all(directory.join("upper/drive_c/doom")).unwrap();
    fs::write(directory.join("upper/drive_c/doom/state"), "one").unwrap();
    let record = r#"{"game_id":"doom","tool":"wine","template":"0123456789ab","layered":true,"verbs":["corefonts"]}"#;
    fs::write(directory.join("prefix.json"), record).unwrap();
}

#[tokio::test]
async fn a_prefix_is_kept_and_goes_back() {
    let world = World::new().await;
    host(&world, true);
    let agent = world.agent().await;
    let prefixes = prefixes(&agent.client).await;
    assert_eq!(prefixes.list_prefixes().await.unwrap().len(), 0);
    prefix(&world);
    let listed = prefixes.list_prefixes().await.unwrap();
    let known = Prefix::from_dict(listed.first().unwrap());
    assert_eq!((known.name.as_str(), known.runner.as_str(), known.files, known.snapshot_count), ("doom", "wine", 1, 0));
    assert_eq!((known.layered, known.holder.as_str(), known.winetricks), (true, "", vec!["corefonts".to_owned()]));
    let options = Options::from([("Comment", "level 1".into())]);
    assert_eq!(prefixes.snapshot_prefix("doom", &options).await.unwrap(), "1");
    let state = world.paths.state.join("prefixes/doom/upper/drive_c/doom/state");
    fs::write(&state, "two").unwrap();
    assert_eq!(prefixes.rollback_prefix("doom", "1").await.unwrap(), "2");
    assert_eq!(fs::read_to_string(&state).unwrap(), "one");
    let shown = prefixes.get_prefix("doom").await.unwrap();
    let snapshots = dillinger_runner_api::wire::json(&shown["Snapshots"]);
    assert_eq!(snapshots.pointer("/0/Comment").unwrap(), "level 1");
    assert_eq!(snapshots.pointer("/1/Automatic").unwrap(), true);
    prefixes.remove_prefix("doom").await.unwrap();
    assert_eq!(prefixes.list_prefixes().await.unwrap().len(), 0);
    assert_eq!(prefixes.get_prefix("doom").await.unwrap_err().short_name(), "NoSuchPrefix");
}

#[tokio::test]
async fn a_prefix_in_use_is_left_alone() {
    let world = World::new().await;
    let library = host(&world, true);
    let agent = world.agent().await;
    let session = agent.client.start(&game(&library, "doom")).await.unwrap();
    world.systemd.until_up(&session.unit).await;
    let (prefixes, saves) = (prefixes(&agent.client).await, saves(&agent.client).await);
    let archive = file(b"");
    for refused in [
        prefixes.snapshot_prefix("doom", &Options::new()).await.unwrap_err(),
        prefixes.rollback_prefix("doom", "1").await.unwrap_err(),
        prefixes.export_prefix("doom").await.unwrap_err(),
        prefixes.import_prefix("doom", Fd::from(&archive)).await.unwrap_err(),
        prefixes.remove_prefix("doom").await.unwrap_err(),
        saves.export_saves("doom").await.unwrap_err(),
        saves.import_saves("doom", Fd::from(&archive)).await.unwrap_err(),
    ] {
        assert_eq!(refused.short_name(), "Busy", "{refused}");
        assert!(refused.message().contains(&session.id), "{refused}");
    }
    let known = Prefix::from_dict(prefixes.list_prefixes().await.unwrap().first().unwrap());
    assert_eq!(known.holder, format!("session {}", session.id));
    let known = SavesRecord::from_dict(saves.list_saves().await.unwrap().first().unwrap());
    assert_eq!((known.windows, known.holder), (true, format!("session {}", session.id)));
}

#[tokio::test]
async fn a_whole_prefix_goes_through_a_pipe() {
    let world = World::new().await;
    host(&world, true);
    prefix(&world);
    let large: Vec<u8> = (0..1_000_000_u32).flat_map(u32::to_le_bytes).collect();
    fs::write(world.paths.state.join("prefixes/doom/upper/drive_c/large"), &large).unwrap();
    let agent = world.agent().await;
    let prefixes = prefixes(&agent.client).await;
    let archive = read(prefixes.export_prefix("doom").await.unwrap()).await;
    assert!(archive.ends_with(&[0; 1024]));
    prefixes.import_prefix("a copy", Fd::from(&file(&archive))).await.unwrap();
    let copy = world.paths.state.join("prefixes/a%20copy/prefix");
    assert_eq!(fs::read_to_string(copy.join("drive_c/doom/state")).unwrap(), "one");
    assert_eq!(fs::read(copy.join("drive_c/large")).unwrap(), large);
    assert!(copy.join("system.reg").exists());
    let (cut, _) = archive.split_at(archive.len() / 2);
    for (bytes, why) in [(cut, "cut off"), (b"no archive".as_slice(), "no tar archive")] {
        let refused = prefixes.import_prefix("other", Fd::from(&file(bytes))).await.unwrap_err();
        assert_eq!(refused.short_name(), "InvalidRequest");
        assert!(refused.message().contains(why), "{refused}");
    }
    // A descriptor of another kind is no archive either.
    let directory = File::open(world.directory.path()).unwrap();
    let refused = prefixes.import_prefix("other", Fd::from(&directory)).await.unwrap_err();
    assert_eq!(refused.short_name(), "InvalidRequest", "{refused}");
    // Whoever stops reading holds the prefix no longer.
    drop(prefixes.export_prefix("doom").await.unwrap());
    while let Err(error) = prefixes.remove_prefix("doom").await {
        assert_eq!(error.short_name(), "Busy");
    }
}

#[tokio::test]
async fn saves_go_through_a_pipe() {
    let world = World::new().await;
    let home = world.paths.state.join("saves/doom/home");
    for part in ["home", "profile", "library", ".work"] {
        fs::create_dir_all(world.paths.state.join("saves/doom").join(part)).unwrap();
    }
    fs::write(home.join("save"), "one").unwrap();
    let agent = world.agent().await;
    let saves = saves(&agent.client).await;
    let known = SavesRecord::from_dict(saves.list_saves().await.unwrap().first().unwrap());
    assert_eq!((known.name.as_str(), known.files, known.windows), ("doom", 1, true));
    let archive = read(saves.export_saves("doom").await.unwrap()).await;
    fs::write(home.join("save"), "two").unwrap();
    saves.import_saves("doom", Fd::from(&file(&archive))).await.unwrap();
    assert_eq!(fs::read_to_string(home.join("save")).unwrap(), "one");
    assert_eq!(saves.export_saves("absent").await.unwrap_err().short_name(), "NoSuchSaves");
}

#[tokio::test]
async fn too_many_archives_at_a_time_are_refused() {
    let world = World::new().await;
    host(&world, true);
    let agent = world.agent().await;
    let prefixes = prefixes(&agent.client).await;
    // More than a pipe holds: each is written until it is read or closed.
    let large = vec![7; 1 << 20];
    let mut pipes = Vec::new();
    for name in ["a", "b", "c", "d", "e"] {
        let saves = world.paths.state.join("saves").join(name);
        fs::create_dir_all(&saves).unwrap();
        fs::write(saves.join("large"), &large).unwrap();
    }
    let saves = saves(&agent.client).await;
    for name in ["a", "b", "c", "d"] {
        pipes.push(saves.export_saves(name).await.unwrap());
    }
    assert_eq!(saves.export_saves("e").await.unwrap_err().short_name(), "Busy");
    let busy = prefixes.import_prefix("doom", Fd::from(&file(b""))).await.unwrap_err();
    assert_eq!(busy.short_name(), "Busy");
    drop(pipes);
    while let Err(error) = saves.export_saves("e").await {
        assert_eq!(error.short_name(), "Busy");
    }
}

#[tokio::test]
async fn wrong_options_are_refused() {
    let world = World::new().await;
    host(&world, true);
    prefix(&world);
    let agent = world.agent().await;
    let prefixes = prefixes(&agent.client).await;
    let long = "x".repeat(201);
    for (key, value, error) in [
        ("Comment", zbus::Variant::from(1u32), "InvalidRequest"),
        ("Comment", zbus::Variant::from("a\nb"), "InvalidRequest"),
        ("Comment", zbus::Variant::from(long.as_str()), "InvalidRequest"),
        ("Comments", zbus::Variant::from("a"), "UnknownKey"),
    ] {
        let refused = prefixes.snapshot_prefix("doom", &Options::from([(key, value)])).await.unwrap_err();
        assert_eq!(refused.short_name(), error, "{refused}");
    }
    let refused = prefixes.rollback_prefix("doom", "../../1").await.unwrap_err();
    assert_eq!(refused.short_name(), "InvalidRequest", "{refused}");
    for name in ["", "..", "../../etc", "/etc", "absent"] {
        assert_eq!(prefixes.remove_prefix(name).await.unwrap_err().short_name(), "NoSuchPrefix", "{name}");
    }
    let options = Options::from([("RunnerVersion", "GE-Proton1-1".into())]);
    let refused = agent.client.manager.prepare_image("localhost/x", &options).await.unwrap_err();
    assert_eq!(refused.short_name(), "Unsupported");
    assert!(refused.message().contains("there is no build"), "{refused}");
}

#[tokio::test]
async fn a_new_agent_removes_what_was_left_half_done() {
    let world = World::new().await;
    let left = ["templates/.0123456789ab.part/prefix", "prefixes/.doom.part/upper", "saves/.doom.part/home"];
    for name in left {
        fs::create_dir_all(world.paths.state.join(name)).unwrap();
    }
    let _agent = world.agent().await;
    for name in left {
        assert!(!world.paths.state.join(name).exists(), "{name}");
    }
}
