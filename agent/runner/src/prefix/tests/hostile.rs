//! What games and archives may have made of the files.

use super::*;
use std::os::unix::fs::symlink;

fn refused<T: std::fmt::Debug>(result: Result<T>) -> String {
    match result.unwrap_err() {
        Error::Invalid(text) => text,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_profile_that_is_a_link_is_no_source() {
    let world = World::new();
    let template = world.template("aaa", Layering::Copy);
    let outside = world.place.path().join("outside");
    fs::create_dir_all(outside.join("player")).unwrap();
    for at in ["drive_c/users/player", "drive_c/users", "drive_c"] {
        let game = at.replace('/', "-");
        let link = world.open(&game, &template).unwrap().prefix.files().join(at);
        fs::remove_dir_all(&link).unwrap();
        symlink(&outside, &link).unwrap();
        let text = refused(world.open(&game, &template));
        assert_eq!(text, format!("{} is a symbolic link, expected a directory of its own", link.display()));
    }
    let overlay = world.template("bbb", Layering::Overlay);
    let link = overlay.files.join("drive_c/users/player");
    fs::remove_dir_all(&link).unwrap();
    symlink(&outside, &link).unwrap();
    assert!(refused(world.open("new", &overlay)).contains("drive_c/users/player is a symbolic link"));
    assert!(refused(overlay.profile()).contains("is a symbolic link"));
}

#[test]
fn an_imported_profile_that_is_a_link_is_no_source() {
    let world = World::new();
    let template = world.template("aaa", Layering::Overlay);
    let mut archive = tar::Builder::new(Vec::new());
    archive.append_dir("drive_c/users", &template.files).unwrap();
    archive.append_path_with_name(template.files.join("system.reg"), "system.reg").unwrap();
    let mut header = tar::Header::new_gnu();
    header.set_entry_type(tar::EntryType::Symlink);
    header.set_size(0);
    archive.append_link(&mut header, "drive_c/users/player", world.place.path()).unwrap();
    world.store.import("doom", archive.into_inner().unwrap().as_slice()).unwrap();
    assert!(refused(world.open("doom", &template)).contains("drive_c/users/player is a symbolic link"));
}

#[test]
fn layers_are_directories_of_their_own() {
    let world = World::new();
    let outside = world.place.path().join("outside");
    fs::create_dir(&outside).unwrap();
    let (overlay, copy) = (world.template("aaa", Layering::Overlay), world.template("bbb", Layering::Copy));
    for (template, part) in [(&overlay, "upper"), (&overlay, "work"), (&copy, "prefix")] {
        let directory = world.open(part, template).unwrap().prefix.directory;
        fs::remove_dir_all(directory.join(part)).unwrap();
        symlink(&outside, directory.join(part)).unwrap();
        assert!(refused(world.open(part, template)).contains(&format!("/{part} is a symbolic link")));
    }
}

#[test]
fn an_export_follows_no_link() {
    let world = World::new();
    let mut template = world.template("aaa", Layering::Copy);
    template.record.tool = Tool::Proton;
    let files = world.open("doom", &template).unwrap().prefix.files();
    let outside = world.place.path().join("outside");
    fs::create_dir(&outside).unwrap();
    symlink(&outside, files.join("pfx")).unwrap();
    assert!(refused(world.store.export("doom", &outside)).contains("/pfx is a symbolic link"));
}
