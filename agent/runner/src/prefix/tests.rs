//! Prefixes in directories of the tests' own.

use super::*;
use crate::tree::Mark;
use dillinger_runner_core::wine::Tool;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

mod hostile;
mod kept;

const KEEP: usize = 3;

struct World {
    place: tempfile::TempDir,
    store: Store,
}

impl World {
    fn new() -> Self {
        let place = tempfile::tempdir().unwrap();
        let store = Store::new(place.path(), Locks::default());
        Self { place, store }
    }

    /// A template as a Wine build makes it.
    fn template(&self, key: &str, layering: Layering) -> Template {
        let directory = self.place.path().join("templates").join(key);
        let files = directory.join("prefix");
        fs::create_dir_all(files.join("drive_c/users/player/Documents")).unwrap();
        fs::create_dir_all(files.join("drive_c/windows/system32")).unwrap();
        fs::write(files.join("drive_c/windows/system32/kernel32.dll"), key).unwrap();
        fs::write(files.join("system.reg"), format!("WINE REGISTRY {key}")).unwrap();
        let record = TemplateRecord {
            image_id: format!("{key}0123456789"),
            image: "localhost/dillinger/wine:latest".to_owned(),
            build: None,
            tool: Tool::Wine,
            layering,
            created_usec: 1,
        };
        fs::write(directory.join("template.json"), serde_json::to_vec(&record).unwrap()).unwrap();
        self.store.template(key).unwrap()
    }

    fn open(&self, game: &str, template: &Template) -> Result<Opened> {
        self.store.open_managed(game, template, KEEP, "session a")
    }

    /// What is left over of unfinished work.
    fn parts(&self) -> Vec<PathBuf> {
        let directories = ["prefixes", "templates", "prefixes/doom/snapshots"].map(|name| self.place.path().join(name));
        let entries = directories.iter().flat_map(|directory| fs::read_dir(directory).into_iter().flatten().flatten());
        entries
            .map(|entry| entry.path())
            .filter(|path| path.file_name().unwrap().as_encoded_bytes().starts_with(b"."))
            .collect()
    }
}

fn names_of(snapshots: &[Snapshot]) -> Vec<&str> {
    snapshots.iter().map(|snapshot| snapshot.name.as_str()).collect()
}

#[test]
fn a_prefix_is_a_layer_or_a_copy() {
    let world = World::new();
    let template = world.template("aaa", Layering::Overlay);
    let opened = world.open("a game/1", &template).unwrap();
    let directory = world.place.path().join("prefixes/a%20game%2F1");
    let (upper, work) = (directory.join("upper"), directory.join("work"));
    assert_eq!(opened.layers, Layers::Overlay { lower: template.files.clone(), upper: upper.clone(), work });
    assert!(!opened.migrate && upper.is_dir());
    assert_eq!(opened.profile, template.files.join("drive_c/users/player"));
    let copied = world.open("copied", &world.template("bbb", Layering::Copy)).unwrap();
    let Layers::Full(files) = &copied.layers else { panic!("{:?}", copied.layers) };
    assert_eq!(fs::read_to_string(files.join("drive_c/windows/system32/kernel32.dll")).unwrap(), "bbb");
    assert_eq!(copied.profile, files.join("drive_c/users/player"));
    let listed: Vec<String> = world.store.list().unwrap().into_iter().map(|prefix| prefix.name).collect();
    assert_eq!(listed, ["a%20game%2F1", "copied"]);
    assert_eq!(world.store.find("a game/1").unwrap(), world.store.find("a%20game%2F1").unwrap());
    assert_eq!(world.parts(), Vec::<PathBuf>::new());
}

#[test]
fn one_session_at_a_time() {
    let world = World::new();
    let template = world.template("aaa", Layering::Overlay);
    let opened = world.open("doom", &template).unwrap();
    let refusals = [
        world.open("doom", &template).unwrap_err(),
        world.store.snapshot("doom", "").unwrap_err(),
        world.store.rollback("doom", "1", KEEP).unwrap_err(),
        world.store.remove("doom").unwrap_err(),
        world.store.export("doom", Path::new("/nowhere")).unwrap_err(),
        world.store.import("doom", std::io::empty()).unwrap_err(),
        world.store.lock_managed("doom", "session b").unwrap_err(),
    ];
    for refusal in refusals {
        assert_eq!(refusal.to_string(), "prefix doom is in use by session a");
    }
    assert_eq!(world.store.holder(&opened.prefix).as_deref(), Some("session a"));
    drop(opened);
    let lock = world.store.lock_managed("doom", "session b").unwrap();
    assert_eq!(world.open("doom", &template).unwrap_err().to_string(), "prefix doom is in use by session b");
    drop(lock);
    assert!(world.open("doom", &template).is_ok());
}

#[test]
fn of_two_that_make_it_at_once_one_has_it() {
    let world = World::new();
    for layering in [Layering::Overlay, Layering::Copy] {
        let template = world.template("aaa", layering);
        let game = format!("{layering:?}");
        let opened: Vec<Result<Opened>> = std::thread::scope(|scope| {
            let all: Vec<_> = (0..8).map(|_| scope.spawn(|| world.open(&game, &template))).collect();
            all.into_iter().map(|one| one.join().unwrap()).collect()
        });
        assert_eq!(opened.iter().filter(|one| one.is_ok()).count(), 1, "{opened:?}");
        let refused = opened.iter().filter(|one| matches!(one, Err(Error::Busy { .. }))).count();
        assert_eq!(refused, 7, "{opened:?}");
    }
    assert_eq!(world.parts(), Vec::<PathBuf>::new());
}

#[test]
fn names_that_are_none_find_nothing() {
    let world = World::new();
    for name in ["", ".", "..", "../templates", "a/b", "absent", ".doom.part", "%"] {
        assert_eq!(world.store.find(name).unwrap_err(), Error::NoSuchPrefix(name.to_owned()), "{name}");
    }
    assert_eq!(world.store.of_game("absent").unwrap(), None);
    let plain = world.place.path().join("plain");
    fs::create_dir(&plain).unwrap();
    assert!(world.store.lock_plain(&plain, "a").unwrap_err().to_string().contains("holds drive_c"));
    fs::create_dir(plain.join("drive_c")).unwrap();
    let _lock = world.store.lock_plain(&plain, "session a").unwrap();
    assert!(world.store.lock_plain(&plain, "b").unwrap_err().to_string().ends_with("in use by session a"));
}

#[test]
fn another_build_migrates_and_the_way_back_is_open() {
    let world = World::new();
    let (old, new) = (world.template("aaa", Layering::Overlay), world.template("bbb", Layering::Overlay));
    let opened = world.open("doom", &old).unwrap();
    fs::write(opened.prefix.files().join("save"), "old").unwrap();
    drop(opened);
    let opened = world.open("doom", &new).unwrap();
    assert!(opened.migrate);
    let Layers::Overlay { lower, upper, .. } = &opened.layers else { panic!() };
    assert_eq!(lower, &new.files);
    fs::write(upper.join("save"), "new").unwrap();
    world.store.note_used("doom", &new.key, &["corefonts".to_owned()], None).unwrap();
    world.store.note_used("doom", &new.key, &["corefonts".to_owned(), "vcrun2019".to_owned()], None).unwrap();
    drop(opened);
    let prefix = world.store.find("doom").unwrap();
    assert_eq!((prefix.record.template.as_str(), prefix.record.verbs.len()), ("bbb", 2));
    let snapshots = world.store.snapshots(&prefix).unwrap();
    let first = snapshots.first().unwrap();
    assert_eq!((first.record.comment.as_str(), first.record.automatic), ("before-migration", true));
    world.store.rollback("doom", &first.name, KEEP).unwrap();
    let prefix = world.store.find("doom").unwrap();
    assert_eq!(fs::read_to_string(prefix.files().join("save")).unwrap(), "old");
    assert_eq!((prefix.record.template.as_str(), prefix.record.verbs.len()), ("aaa", 0));
    assert!(!world.open("doom", &old).unwrap().migrate);
}

#[test]
fn a_rollback_keeps_what_was() {
    let world = World::new();
    let template = world.template("aaa", Layering::Overlay);
    let files = world.open("doom", &template).unwrap().prefix.files();
    fs::write(files.join("state"), "one").unwrap();
    Mark::make_whiteout(&files.join("gone")).unwrap();
    let one = world.store.snapshot("doom", "level 1").unwrap();
    assert_eq!((one.name.as_str(), one.record.comment.as_str(), one.record.automatic), ("1", "level 1", false));
    fs::write(files.join("state"), "two").unwrap();
    fs::remove_file(files.join("gone")).unwrap();
    // As overlayfs leaves it.
    let work = world.place.path().join("prefixes/doom/work").join("work");
    fs::create_dir_all(&work).unwrap();
    fs::set_permissions(&work, std::os::unix::fs::PermissionsExt::from_mode(0o000)).unwrap();
    let before = world.store.rollback("doom", "1", KEEP).unwrap();
    assert_eq!(fs::read_to_string(files.join("state")).unwrap(), "one");
    assert_eq!(Mark::of(&files.join("gone")).unwrap(), Mark::Whiteout);
    assert_eq!((before.name.as_str(), before.record.comment.as_str()), ("2", "before-rollback to 1"));
    assert_eq!(fs::read_to_string(before.files().join("state")).unwrap(), "two");
    assert!(!before.files().join("gone").exists() && !work.exists());
    world.store.rollback("doom", "2", KEEP).unwrap();
    assert_eq!(fs::read_to_string(files.join("state")).unwrap(), "two");
    let absent = world.store.rollback("doom", "9", KEEP).unwrap_err().to_string();
    assert_eq!(absent, "prefix doom has no snapshot \"9\", expected one of 1, 2, 3");
    assert_eq!(world.parts(), Vec::<PathBuf>::new());
}

#[test]
fn only_the_newest_automatic_snapshots_stay() {
    let world = World::new();
    let template = world.template("aaa", Layering::Overlay);
    drop(world.open("doom", &template).unwrap());
    world.store.snapshot("doom", "mine").unwrap();
    let opened = world.open("doom", &template).unwrap();
    for _ in 0..4 {
        world.store.snapshot_opened(&opened, 2).unwrap();
    }
    assert_eq!(names_of(&world.store.snapshots(&opened.prefix).unwrap()), ["1", "4", "5"]);
    world.store.snapshot_opened(&opened, 0).unwrap();
    assert_eq!(names_of(&world.store.snapshots(&opened.prefix).unwrap()), ["1", "6"]);
}

#[test]
fn what_a_killed_agent_left_is_swept() {
    let world = World::new();
    let template = world.template("aaa", Layering::Overlay);
    let opened = world.open("doom", &template).unwrap();
    world.store.snapshot_opened(&opened, 1).unwrap();
    drop(opened);
    let left = ["prefixes/.quake.part/upper", "templates/.bbb.part/prefix", "prefixes/doom/snapshots/.2.part/upper"];
    for name in left {
        let path = world.place.path().join(name);
        fs::create_dir_all(&path).unwrap();
        fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o000)).unwrap();
    }
    assert_eq!(world.parts().len(), 3);
    world.store.sweep().unwrap();
    assert_eq!(world.parts(), Vec::<PathBuf>::new());
    assert_eq!(world.store.list().unwrap().len(), 1);
    World::new().store.sweep().unwrap();
}

#[test]
fn a_removed_prefix_is_gone() {
    let world = World::new();
    let template = world.template("aaa", Layering::Overlay);
    let long = "x".repeat(255);
    drop(world.open(&long, &template).unwrap());
    world.store.remove(&long).unwrap();
    drop(world.open("doom", &template).unwrap());
    world.store.snapshot("doom", "").unwrap();
    assert_eq!(world.store.remove("doom").unwrap().name, "doom");
    assert_eq!(fs::read_dir(world.place.path().join("prefixes")).unwrap().count(), 0);
    assert_eq!(world.store.remove("doom").unwrap_err(), Error::NoSuchPrefix("doom".to_owned()));
}

#[test]
fn templates_that_nothing_needs_go() {
    let world = World::new();
    let (used, unused) = (world.template("aaa", Layering::Overlay), world.template("bbb", Layering::Overlay));
    let present = world.template("ccc", Layering::Overlay);
    drop(world.open("doom", &used).unwrap());
    let removed = world.store.remove_unused_templates(|id| id == present.record.image_id).unwrap();
    assert_eq!(removed, std::slice::from_ref(&unused.key));
    assert!(world.store.template(&unused.key).is_none() && world.store.template(&used.key).is_some());
    assert_eq!(world.parts(), Vec::<PathBuf>::new());
}

#[test]
fn keys_are_directory_names() {
    let id = "0123456789abcdef0123456789abcdef";
    assert_eq!(template_key(id, None), "0123456789ab");
    assert_eq!(template_key(id, Some("GE-Proton9-20")), "0123456789ab-GE-Proton9-20");
    assert_eq!(template_key(id, Some("a b/../c")), "0123456789ab-a%20b%2F..%2Fc");
}

#[test]
fn a_prefix_of_the_other_tool_is_refused() {
    let world = World::new();
    let template = world.template("aaa", Layering::Overlay);
    drop(world.open("doom", &template).unwrap());
    let mut proton = template;
    proton.record.tool = Tool::Proton;
    let refused = world.open("doom", &proton).unwrap_err();
    assert!(matches!(&refused, Error::Invalid(text) if text.contains("expected Runner=wine")), "{refused}");
}

/// Exports a prefix, and imports it as another game's.
fn through_an_archive(world: &World, from: &str, to: &str) -> Prefix {
    let mut archive = Vec::new();
    let saves = world.place.path().join("saves");
    world.store.export(from, &saves).unwrap().write(&mut archive).unwrap();
    world.store.import(to, archive.as_slice()).unwrap()
}

#[test]
fn an_exported_prefix_is_whole_and_comes_back() {
    let world = World::new();
    let template = world.template("aaa", Layering::Overlay);
    let lower = &template.files;
    fs::create_dir_all(lower.join("drive_c/old/deep")).unwrap();
    fs::write(lower.join("drive_c/old/deep/file"), "below").unwrap();
    fs::create_dir_all(lower.join("dosdevices")).unwrap();
    std::os::unix::fs::symlink("../drive_c", lower.join("dosdevices/c:")).unwrap();
    std::os::unix::fs::symlink("/", lower.join("dosdevices/z:")).unwrap();
    let upper = world.open("doom", &template).unwrap().prefix.files();
    fs::create_dir_all(upper.join("drive_c/old")).unwrap();
    Mark::set_opaque(&upper.join("drive_c/old")).unwrap();
    fs::write(upper.join("drive_c/old/new"), "above").unwrap();
    fs::create_dir_all(upper.join("drive_c/windows/system32")).unwrap();
    Mark::make_whiteout(&upper.join("drive_c/windows/system32/kernel32.dll")).unwrap();
    let profile = world.place.path().join("saves/doom/profile");
    fs::create_dir_all(&profile).unwrap();
    fs::write(profile.join("game.ini"), "mine").unwrap();
    let long = format!("drive_c/{}", "x".repeat(200));
    fs::write(upper.join(&long), "long").unwrap();
    let imported = through_an_archive(&world, "doom", "copy of doom");
    let files = imported.files();
    let read = |name: &str| fs::read_to_string(files.join(name)).ok();
    assert_eq!(read("drive_c/old/new").as_deref(), Some("above"));
    assert_eq!(read("drive_c/old/deep/file"), None);
    assert_eq!(read("drive_c/windows/system32/kernel32.dll"), None);
    assert_eq!(read("system.reg").as_deref(), Some("WINE REGISTRY aaa"));
    assert_eq!(read("drive_c/users/player/game.ini").as_deref(), Some("mine"));
    assert_eq!(read(&long).as_deref(), Some("long"));
    assert_eq!(fs::read_link(files.join("dosdevices/z:")).unwrap(), Path::new("/"));
    assert!(!files.join("drive_c/users/player/Documents").exists());
    assert_eq!((imported.record.layered, imported.record.template.as_str()), (false, ""));
    // It is used as it is, and looked at by the Wine that gets it.
    let opened = world.open("copy of doom", &template).unwrap();
    assert!(opened.migrate);
    assert_eq!(opened.layers, Layers::Full(files.clone()));
    assert_eq!(opened.profile, files.join("drive_c/users/player"));
    assert_eq!(world.store.snapshots(&opened.prefix).unwrap(), []);
}

#[test]
fn an_import_replaces_all_or_nothing() {
    let world = World::new();
    let template = world.template("aaa", Layering::Overlay);
    let upper = world.open("doom", &template).unwrap().prefix.files();
    fs::write(upper.join("mine"), "").unwrap();
    let mut archive = Vec::new();
    world.store.export("doom", Path::new("/nowhere")).unwrap().write(&mut archive).unwrap();
    let cut = archive.get(..archive.len() - 1024).unwrap();
    let mut plain = tar::Builder::new(Vec::new());
    plain.append_dir("drive_c", &upper).unwrap();
    let plain = plain.into_inner().unwrap();
    for (bad, reason) in [
        (cut, "was cut off"),
        (plain.as_slice(), "expected system.reg at its top"),
        (b"no archive at all", "no tar archive"),
        (&[], "was cut off"),
    ] {
        let refused = world.store.import("doom", bad).unwrap_err();
        assert!(matches!(&refused, Error::Invalid(text) if text.contains(reason)), "{refused}");
    }
    assert!(upper.join("mine").exists());
    let imported = world.store.import("doom", archive.as_slice()).unwrap();
    assert_eq!((imported.record.game_id.as_str(), imported.name.as_str()), ("doom", "doom"));
    assert!(imported.files().join("mine").exists() && !upper.exists());
    assert_eq!(world.parts(), Vec::<PathBuf>::new());
}

#[test]
fn an_export_that_fails_has_no_end() {
    struct Full(usize);
    impl Write for Full {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0 = self.0.checked_sub(bytes.len()).ok_or(std::io::ErrorKind::StorageFull)?;
            Ok(bytes.len())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let world = World::new();
    let template = world.template("aaa", Layering::Overlay);
    let upper = world.open("doom", &template).unwrap().prefix.files();
    fs::write(upper.join("large"), vec![7; 1 << 20]).unwrap();
    let error = world.store.export("doom", Path::new("/nowhere")).unwrap().write(Full(300_000)).unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::StorageFull);
    fs::remove_dir_all(world.place.path().join("templates/aaa")).unwrap();
    let gone = world.store.export("doom", Path::new("/nowhere")).unwrap_err();
    assert_eq!(gone, Error::NoTemplate("aaa".to_owned()));
}
