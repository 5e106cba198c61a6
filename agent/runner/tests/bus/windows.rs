//! Sessions of Windows games: what they find, what they hold, and what their supervisor reports.

use crate::client::{Session, request_with_id};
use crate::podman::WINE_IMAGE;
use crate::systemd::End;
use crate::world::World;
use dillinger_runner_api::proxy::{Options, WindowsProxy};
use dillinger_runner_core::wine::{Installed, LAUNCH_FILE, Launch, REPORT_FILE, Report};
use std::fs;
use std::path::{Path, PathBuf};

/// A console program of 64 bits: as much of one as is looked at.
fn program() -> Vec<u8> {
    let mut file = vec![0; 1024];
    let mut set = |at: usize, bytes: &[u8]| file[at..at + bytes.len()].copy_from_slice(bytes);
    set(0, b"MZ");
    set(0x3c, &0x80_u32.to_le_bytes());
    set(0x80, b"PE\0\0");
    set(0x84, &0x8664_u16.to_le_bytes());
    // Size of the optional header, and that it is a program.
    set(0x94, &240_u16.to_le_bytes());
    set(0x96, &0x0002_u16.to_le_bytes());
    set(0x98, &0x020b_u16.to_le_bytes());
    set(0x98 + 68, &3_u16.to_le_bytes());
    file
}

/// A library with a game, and with `template` a template of the Wine image.
pub(crate) fn host(world: &World, template: bool) -> PathBuf {
    let library = world.directory.path().join("library");
    fs::create_dir_all(library.join("Doom")).unwrap();
    fs::write(library.join("Doom/DOOM.EXE"), program()).unwrap();
    if template {
        let own = world.paths.state.join("templates/0123456789ab");
        fs::create_dir_all(own.join("prefix/drive_c/users/player/Documents")).unwrap();
        let record = r#"{"image_id":"0123456789abcdef","image":"x","tool":"wine","layering":"overlay"}"#;
        fs::write(own.join("template.json"), record).unwrap();
    }
    library
}

pub(crate) fn game<'a>(library: &Path, game_id: &'a str) -> Options<'a> {
    let library = library.to_str().unwrap().to_owned();
    let keys: [(&str, zbus::Variant<'_>); 5] = [
        ("Runner", "wine".into()),
        ("GameId", game_id.into()),
        ("Image", WINE_IMAGE.into()),
        ("Library", library.into()),
        ("Executable", "doom/doom.exe".into()),
    ];
    keys.into_iter().collect()
}

fn wine_directory(world: &World, session: &Session) -> PathBuf {
    world.paths.windows(&session.id)
}

async fn windows(world: &World, session: &Session) -> WindowsProxy<'static> {
    let connection = zbus::connection::Builder::address(world.bus.address.as_str()).build().await.unwrap();
    let builder = WindowsProxy::builder(&connection).path(session.path.clone());
    builder.cache_properties(zbus::proxy::CacheProperties::No).build().await.unwrap()
}

fn report(world: &World, session: &Session, report: &Report) {
    fs::write(wine_directory(world, session).join(REPORT_FILE), serde_json::to_vec(report).unwrap()).unwrap();
}

#[tokio::test]
async fn a_game_starts_in_a_prefix_of_its_own() {
    let world = World::new().await;
    let library = host(&world, true);
    let agent = world.agent().await;
    let session = agent.client.start(&game(&library, "doom")).await.unwrap();
    let text = fs::read(wine_directory(&world, &session).join(LAUNCH_FILE)).unwrap();
    let launch: Launch = serde_json::from_slice(&text).unwrap();
    assert_eq!(launch.program.unwrap().path, "D:\\Doom\\DOOM.EXE");
    let prefix = world.paths.state.join("prefixes/doom");
    assert_eq!(session.proxy.prefix().await.unwrap(), prefix.to_str().unwrap());
    assert!(prefix.join("upper").is_dir());
    // The player's files are his own from the first time on.
    assert!(world.paths.state.join("saves/doom/profile/Documents").is_dir());
    world.systemd.until_up(&session.unit).await;
    let again = agent.client.start(&game(&library, "doom")).await.err().unwrap();
    assert_eq!(again.short_name(), "Busy");
    assert!(again.message().contains(&session.id), "{again}");
    assert!(agent.client.start(&game(&library, "quake")).await.is_ok());
    drop(agent);
    let agent = world.agent().await;
    // The next agent holds what the living session uses.
    let again = agent.client.start(&game(&library, "doom")).await.err().unwrap();
    assert_eq!(again.short_name(), "Busy", "{again}");
}

#[tokio::test]
async fn an_exception_is_told_with_its_code() {
    let world = World::new().await;
    let library = host(&world, true);
    let agent = world.agent().await;
    let mut events = agent.client.events().await;
    let mut request = game(&library, "doom");
    request.insert("Winetricks", vec!["corefonts"].into());
    let session = agent.client.start(&request).await.unwrap();
    world.systemd.until_up(&session.unit).await;
    let code = 0xC000_0005;
    let told = Report {
        exit_code: Some(code),
        exception: Some(code),
        program: Some("DOOM.EXE".to_owned()),
        verbs: vec!["corefonts".to_owned(), "of nobody".to_owned()],
        ..Report::default()
    };
    report(&world, &session, &told);
    world.systemd.end(&session.unit, End::Exit(1)).await;
    events.until_state("ended").await;
    let outcome = (session.proxy.outcome().await.unwrap(), session.proxy.exit_status().await.unwrap());
    assert_eq!(outcome, ("failed".to_owned(), code.cast_signed()));
    let windows = windows(&world, &session).await;
    assert_eq!(windows.exception_code().await.unwrap(), code);
    assert!(windows.installed().await.unwrap().is_empty());
    // What it made of its prefix is written down, and the prefix is free again.
    let path = world.paths.state.join("prefixes/doom/prefix.json");
    let noted = || fs::read_to_string(&path).is_ok_and(|text| text.contains("corefonts") && !text.contains("nobody"));
    assert!(crate::world::wait(noted).await);
    // Who hears of the end may start it again at once.
    assert!(agent.client.start(&game(&library, "doom")).await.is_ok());
}

#[tokio::test]
async fn an_installer_has_its_directory_and_tells_what_it_added() {
    let world = World::new().await;
    let library = host(&world, true);
    let agent = world.agent().await;
    let mut events = agent.client.events().await;
    let mut request = game(&library, "doom");
    request.insert("Kind", "install".into());
    request.insert("InstallDirectory", "Games/Doom 2".into());
    let session = agent.client.start(&request).await.unwrap();
    assert!(library.join("Games/Doom 2").is_dir());
    world.systemd.until_up(&session.unit).await;
    let installed = Installed { files: 3, bytes: 4096, executables: vec!["D:\\a.exe".to_owned()], programs: vec![] };
    let told = Report { exit_code: Some(0), installed: Some(installed), ..Report::default() };
    report(&world, &session, &told);
    world.systemd.end(&session.unit, End::Exit(0)).await;
    events.until_state("ended").await;
    assert_eq!(session.proxy.outcome().await.unwrap(), "exited");
    let installed = windows(&world, &session).await.installed().await.unwrap();
    assert_eq!(u64::try_from(installed["Files"].try_clone().unwrap()).unwrap(), 3);
    world.clean().await;
}

#[tokio::test]
async fn what_stands_in_the_way_is_told_before_anything_starts() {
    let world = World::new().await;
    let library = host(&world, false);
    let agent = world.agent().await;
    let refused = async |request: &Options<'_>| {
        let error = agent.client.start(request).await.err().unwrap();
        (error.short_name(), error.message())
    };
    for executable in ["doom/doom.exe", r"C:\windows\notepad.exe"] {
        let mut request = game(&library, "doom");
        request.insert("Executable", executable.into());
        let (name, text) = refused(&request).await;
        assert_eq!(name, "ImageMissing", "{text}");
        assert!(text.contains("PrepareImage"), "{text}");
    }
    let _ = host(&world, true);
    fs::write(library.join("notes.exe"), "text").unwrap();
    for (executable, said) in [("Doom/dom.exe", "DOOM.EXE"), ("notes.exe", "cannot be started"), ("../x", "..")] {
        let mut request = game(&library, "doom");
        request.insert("Executable", executable.into());
        let (name, text) = refused(&request).await;
        assert_eq!(name, "InvalidRequest");
        assert!(text.contains(said), "{executable}: {text}");
    }
    let mut proton = game(&library, "doom");
    proton.insert("Runner", "proton".into());
    let (name, text) = refused(&proton).await;
    assert_eq!(name, "Unsupported", "{text}");
    assert!(text.contains("RunnerVersion: there is no build"), "{text}");
    let native = {
        let mut request = request_with_id();
        request.insert("Dxvk", "on".into());
        request
    };
    assert_eq!(refused(&native).await.0, "InvalidRequest");
    assert!(!world.paths.state.join("prefixes").exists());
    world.clean().await;
}

#[tokio::test]
async fn a_report_that_is_none_is_no_end() {
    let world = World::new().await;
    let library = host(&world, true);
    let agent = world.agent().await;
    let mut events = agent.client.events().await;
    let session = agent.client.start(&game(&library, "doom")).await.unwrap();
    world.systemd.until_up(&session.unit).await;
    let directory = wine_directory(&world, &session);
    fs::write(directory.join(REPORT_FILE), vec![b'['; 3 << 20]).unwrap();
    world.systemd.end(&session.unit, End::Exit(3)).await;
    events.until_state("ended").await;
    assert_eq!(session.proxy.exit_status().await.unwrap(), 3);
    assert_eq!(windows(&world, &session).await.exception_code().await.unwrap(), 0);
}
