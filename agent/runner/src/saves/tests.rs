//! Saves in directories of the tests' own.

use super::*;
use crate::prefix::{Error, Hold, Locks};
use crate::tree::Mark;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use tar::{Builder, EntryType, Header};

struct World {
    place: tempfile::TempDir,
    store: SavesStore,
}

impl World {
    fn new() -> Self {
        let place = tempfile::tempdir().unwrap();
        let store = SavesStore::new(place.path().join("saves"), Locks::default());
        Self { place, store }
    }

    /// Saves of a Windows game.
    fn saves(&self, name: &str) -> PathBuf {
        let profile = self.place.path().join("template");
        fs::create_dir_all(profile.join("Documents")).unwrap();
        let saves = self.place.path().join("saves").join(name);
        ensure(&saves, &profile).unwrap();
        saves
    }

    fn archive(&self, name: &str) -> Vec<u8> {
        let mut archive = Vec::new();
        self.store.export(name).unwrap().write(&mut archive).unwrap();
        archive
    }
}

#[test]
fn a_profile_is_filled_once() {
    let world = World::new();
    let saves = world.saves("doom");
    assert!(saves.join("profile/Documents").is_dir() && saves.join(".work").is_dir());
    fs::remove_dir(saves.join("profile/Documents")).unwrap();
    world.saves("doom");
    assert!(!saves.join("profile/Documents").exists());
    let bare = world.place.path().join("bare");
    ensure(&bare, Path::new("/nowhere")).unwrap();
    assert!(bare.join("profile").is_dir());
}

#[test]
fn nothing_that_is_mounted_may_be_a_link() {
    let world = World::new();
    let (outside, profile) = (world.place.path().join("outside"), world.place.path().join("template"));
    fs::create_dir_all(&outside).unwrap();
    for part in ["home", "profile", "library", ".work"] {
        // As a native game may leave its home.
        let saves = world.place.path().join("saves").join(part.trim_start_matches('.'));
        fs::create_dir_all(&saves).unwrap();
        symlink(&outside, saves.join(part)).unwrap();
        let refused = ensure(&saves, &profile).unwrap_err();
        let text = format!("{} is a symbolic link, expected a directory of its own", saves.join(part).display());
        assert_eq!(refused, Error::Invalid(text));
        fs::remove_file(saves.join(part)).unwrap();
        fs::write(saves.join(part), "").unwrap();
        assert!(matches!(ensure(&saves, &profile), Err(Error::Invalid(text)) if text.contains("is no directory")));
    }
    let saves = world.place.path().join("saves/link");
    symlink(&outside, &saves).unwrap();
    assert!(matches!(ensure(&saves, &profile), Err(Error::Invalid(text)) if text.contains("symbolic link")));
    assert_eq!(fs::read_dir(&outside).unwrap().count(), 0);
    symlink(&outside, &profile).unwrap();
    let fresh = world.place.path().join("saves/fresh");
    assert!(matches!(ensure(&fresh, &profile), Err(Error::Invalid(text)) if text.contains("symbolic link")));
    assert!(!fresh.join("profile").is_symlink());
}

#[test]
fn an_imported_home_gets_no_links_mounted() {
    let world = World::new();
    let mut archive = tar::Builder::new(Vec::new());
    for name in ["home/profile", "home/library"] {
        let mut header = Header::new_gnu();
        header.set_entry_type(EntryType::Symlink);
        header.set_size(0);
        archive.append_link(&mut header, name, world.place.path()).unwrap();
    }
    let archive = archive.into_inner().unwrap();
    let entry = world.store.import("doom", archive.as_slice()).unwrap();
    assert!(entry.directory.join("profile").is_symlink());
    let refused = ensure(&entry.directory, Path::new("")).unwrap_err();
    assert!(matches!(&refused, Error::Invalid(text) if text.contains("symbolic link")), "{refused}");
}

#[test]
fn a_home_is_never_swept() {
    let world = World::new();
    let native = world.place.path().join("saves/native");
    for name in [".download.part", ".profile.part", ".work"] {
        fs::create_dir_all(native.join(name)).unwrap();
    }
    let windows = world.saves("windows");
    fs::create_dir(windows.join(".profile.part")).unwrap();
    fs::create_dir(windows.join("home/.download.part")).unwrap();
    world.store.sweep().unwrap();
    assert_eq!(fs::read_dir(&native).unwrap().count(), 3);
    assert!(windows.join("home/.download.part").is_dir() && !windows.join(".profile.part").exists());
}

#[test]
fn saves_are_listed_and_measured() {
    let world = World::new();
    assert_eq!(world.store.list().unwrap(), []);
    let saves = world.saves("doom");
    fs::write(saves.join("library/new.dat"), vec![1; 20_000]).unwrap();
    Mark::make_whiteout(&saves.join("library/gone.dat")).unwrap();
    fs::create_dir_all(world.place.path().join("saves/native")).unwrap();
    fs::write(world.place.path().join("saves/native/save"), "x").unwrap();
    fs::create_dir_all(world.place.path().join("saves/.left.part")).unwrap();
    let listed = world.store.list().unwrap();
    let figures: Vec<_> = listed.iter().map(|entry| (entry.name.as_str(), entry.measure().files)).collect();
    assert_eq!(figures, [("doom", 1), ("native", 1)]);
    assert!(listed.first().unwrap().measure().bytes >= 20_000);
    world.store.sweep().unwrap();
    assert!(!world.place.path().join("saves/.left.part").exists());
}

#[test]
fn saves_go_and_come_back() {
    let world = World::new();
    let saves = world.saves("a%20game");
    fs::write(saves.join("home/save"), "home").unwrap();
    fs::create_dir(saves.join("library/mods")).unwrap();
    Mark::set_opaque(&saves.join("library/mods")).unwrap();
    Mark::make_whiteout(&saves.join("library/gone.dat")).unwrap();
    fs::write(saves.join(".work/x"), "none of his").unwrap();
    let archive = world.archive("a game");
    fs::write(saves.join("home/save"), "later").unwrap();
    fs::remove_file(saves.join("library/gone.dat")).unwrap();
    let back = world.store.import("a game", archive.as_slice()).unwrap();
    assert_eq!((back.name.as_str(), back.directory.as_path()), ("a%20game", saves.as_path()));
    assert_eq!(fs::read_to_string(saves.join("home/save")).unwrap(), "home");
    assert_eq!(Mark::of(&saves.join("library/gone.dat")).unwrap(), Mark::Whiteout);
    assert_eq!(Mark::of(&saves.join("library/mods")).unwrap(), Mark::Opaque);
    assert!(saves.join(".work").is_dir() && !saves.join(".work/x").exists());
    assert_eq!(world.store.list().unwrap().len(), 1);
    let other = world.store.import("other", archive.as_slice()).unwrap();
    assert_eq!(fs::read_to_string(other.directory.join("home/save")).unwrap(), "home");
}

#[test]
fn saves_of_a_native_game_are_its_home() {
    let world = World::new();
    let saves = world.place.path().join("saves/native");
    fs::create_dir_all(saves.join(".config")).unwrap();
    fs::write(saves.join(".config/game"), "one").unwrap();
    let archive = world.archive("native");
    fs::write(saves.join(".config/game"), "two").unwrap();
    world.store.import("native", archive.as_slice()).unwrap();
    world.store.import("elsewhere", archive.as_slice()).unwrap();
    for name in ["native", "elsewhere"] {
        let game = world.place.path().join("saves").join(name).join(".config/game");
        assert_eq!(fs::read_to_string(game).unwrap(), "one", "{name}");
    }
    let windows = world.saves("windows");
    world.store.import("windows", archive.as_slice()).unwrap();
    assert_eq!(fs::read_to_string(windows.join("home/.config/game")).unwrap(), "one");
    assert!(windows.join("profile").is_dir());
}

#[test]
fn saves_in_use_stay_as_they_are() {
    let world = World::new();
    let saves = world.saves("doom");
    let archive = world.archive("doom");
    let lock = world.store.lock(&saves, Hold::Alone, "session a").unwrap();
    for refused in [
        world.store.export("doom").unwrap_err(),
        world.store.import("doom", archive.as_slice()).unwrap_err(),
        world.store.lock(&saves, Hold::Shared, "session b").unwrap_err(),
    ] {
        assert!(matches!(&refused, Error::Busy { holder: Some(holder), .. } if holder == "session a"), "{refused}");
    }
    drop(lock);
    assert_eq!(world.store.export("absent").unwrap_err(), Error::NoSuchSaves("absent".to_owned()));
}

/// An archive of one entry, whatever its name.
fn with(name: &[u8], kind: EntryType, link: &str) -> Vec<u8> {
    let mut builder = Builder::new(Vec::new());
    let mut header = Header::new_gnu();
    header.as_old_mut().name.get_mut(..name.len()).unwrap().copy_from_slice(name);
    header.set_entry_type(kind);
    header.set_mode(0o644);
    header.set_size(0);
    header.set_mtime(0);
    header.set_device_major(1).unwrap();
    header.set_device_minor(3).unwrap();
    if !link.is_empty() {
        header.set_link_name(link).unwrap();
    }
    header.set_cksum();
    builder.append(&header, std::io::empty()).unwrap();
    builder.into_inner().unwrap()
}

#[test]
fn hostile_archives_change_nothing() {
    let world = World::new();
    let saves = world.saves("doom");
    fs::write(saves.join("home/save"), "mine").unwrap();
    let outside = world.place.path().join("outside");
    for (name, kind, link, reason) in [
        ("/home/x", EntryType::Regular, "", "without a leading /"),
        ("home/../../outside", EntryType::Regular, "", "without .."),
        ("../outside", EntryType::Regular, "", "without .."),
        (".work/x", EntryType::Regular, "", "expected only home, profile, library"),
        ("other", EntryType::Regular, "", "expected only home, profile, library"),
        ("home/null", EntryType::Char, "", "a device"),
        ("home/disk", EntryType::Block, "", "a device"),
        ("home/pipe", EntryType::Fifo, "", "a pipe"),
        ("library", EntryType::Symlink, "/etc", "expected a directory"),
    ] {
        let archive = with(name.as_bytes(), kind, link);
        let refused = world.store.import("doom", archive.as_slice()).unwrap_err();
        assert!(matches!(&refused, Error::Invalid(text) if text.contains(reason)), "{name}: {refused}");
    }
    let mut through = with(b"home/out", EntryType::Symlink, world.place.path().to_str().unwrap());
    through.truncate(512);
    through.extend(with(b"home/out/outside", EntryType::Regular, ""));
    assert!(world.store.import("doom", through.as_slice()).is_err());
    let empty = world.store.import("doom", [0; 1024].as_slice()).unwrap_err();
    assert_eq!(empty, Error::Invalid("the archive is empty".to_owned()));
    assert!(!outside.exists());
    assert_eq!(fs::read_to_string(saves.join("home/save")).unwrap(), "mine");
    assert_eq!(fs::read_dir(world.place.path().join("saves")).unwrap().count(), 1);
}
