//! What stays, and whose it is.

use super::*;

#[test]
fn failed_migrations_keep_the_state_before() {
    let world = World::new();
    let (old, new) = (world.template("aaa", Layering::Overlay), world.template("bbb", Layering::Overlay));
    let files = world.open("doom", &old).unwrap().prefix.files();
    fs::write(files.join("state"), "good").unwrap();
    for _ in 0..KEEP + 3 {
        let opened = world.open("doom", &new).unwrap();
        assert!(opened.migrate);
        world.store.snapshot_opened(&opened, KEEP).unwrap();
        fs::write(files.join("state"), "half").unwrap();
    }
    let migrations = |world: &World| {
        let prefix = world.store.find("doom").unwrap();
        let all = world.store.snapshots(&prefix).unwrap();
        all.into_iter().filter(|one| one.record.comment == "before-migration").collect::<Vec<_>>()
    };
    let [kept] = migrations(&world).try_into().unwrap();
    assert_eq!(kept.name, "1");
    assert_eq!(fs::read_to_string(kept.files().join("state")).unwrap(), "good");
    // What was rolled back to, or used since, is another state.
    world.store.rollback("doom", "1", KEEP).unwrap();
    drop(world.open("doom", &new).unwrap());
    assert_eq!(migrations(&world).len(), 2);
    world.store.note_used("doom", &old.key, &[], None).unwrap();
    drop(world.open("doom", &new).unwrap());
    drop(world.open("doom", &new).unwrap());
    let last = migrations(&world).pop().unwrap();
    assert!(last.record.prefix.last_used_usec > 0 && last.record.prefix.template == old.key);
    // Once it has succeeded they are snapshots as any others.
    world.store.note_used("doom", &new.key, &[], None).unwrap();
    let opened = world.open("doom", &new).unwrap();
    for _ in 0..KEEP {
        world.store.snapshot_opened(&opened, KEEP).unwrap();
    }
    assert_eq!(migrations(&world), []);
}

#[test]
fn an_id_that_reads_as_another_name_is_its_own_game() {
    let world = World::new();
    let template = world.template("aaa", Layering::Overlay);
    let other = world.open("a b", &template).unwrap();
    assert_eq!(other.prefix.name, "a%20b");
    assert_eq!(world.store.of_game("a%20b").unwrap(), None);
    let absent = Error::NoSuchPrefix("a%20b".to_owned());
    assert_eq!(world.store.note_used("a%20b", "zzz", &[], None).unwrap_err(), absent);
    assert_eq!(world.store.lock_managed("a%20b", "session b").unwrap_err(), absent);
    assert_eq!(world.store.of_game("a b").unwrap().unwrap().record, other.prefix.record);
    assert_eq!(world.open("a%20b", &template).unwrap().prefix.name, "a%2520b");
}

#[test]
fn an_export_has_the_profile_that_the_game_used() {
    let world = World::new();
    let template = world.template("aaa", Layering::Overlay);
    drop(world.open("doom", &template).unwrap());
    let elsewhere = world.place.path().join("elsewhere");
    for (saves, text) in [(elsewhere.clone(), "used"), (world.place.path().join("saves/doom"), "unused")] {
        fs::create_dir_all(saves.join("profile")).unwrap();
        fs::write(saves.join("profile/game.ini"), text).unwrap();
    }
    let exported = |to: &str| {
        let files = through_an_archive(&world, "doom", to).files();
        fs::read_to_string(files.join("drive_c/users/player/game.ini")).unwrap()
    };
    assert_eq!(exported("before"), "unused");
    world.store.note_used("doom", &template.key, &[], Some(&elsewhere)).unwrap();
    assert_eq!(exported("after"), "used");
}

#[test]
fn templates_of_snapshots_stay() {
    let world = World::new();
    let (old, new) = (world.template("aaa", Layering::Overlay), world.template("bbb", Layering::Overlay));
    drop(world.open("doom", &old).unwrap());
    drop(world.open("doom", &new).unwrap());
    world.store.note_used("doom", &new.key, &[], None).unwrap();
    assert_eq!(world.store.remove_unused_templates(|_| false).unwrap(), Vec::<String>::new());
    world.store.remove("doom").unwrap();
    assert_eq!(world.store.remove_unused_templates(|_| false).unwrap().len(), 2);
}

#[test]
fn nothing_is_left_of_a_prefix_that_cannot_be_made() {
    let world = World::new();
    let template = world.template("aaa", Layering::Copy);
    fs::remove_dir_all(&template.files).unwrap();
    assert!(matches!(world.open("doom", &template).unwrap_err(), Error::Storage(text) if text.contains("copying")));
    assert_eq!(world.parts(), Vec::<PathBuf>::new());
}
