//! A Podman service on a Unix socket, and a generator of Podman's kind.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{UnixListener, UnixStream};

/// The image of games.
pub(crate) const IMAGE: &str = "localhost/dillinger/base:latest";
/// The image of displays, which is there too.
pub(crate) const DISPLAY_IMAGE: &str = "localhost/dillinger/display:latest";
/// The image of Windows games.
pub(crate) const WINE_IMAGE: &str = "localhost/dillinger/wine:latest";
/// While this file is in the runtime directory, it is not.
pub(crate) const WITHOUT_DISPLAY: &str = "podman/without-display";
/// An image about which it says nothing, for ever.
pub(crate) const SLOW: &str = "localhost/slow:latest";
/// The variable that names real generators, separated by colons.
const GENERATORS: &str = "DILLINGER_QUADLET";

/// Serves Podman's socket in the runtime directory for as long as the test runs. The program in `bin` there has no
/// containers.
pub(crate) fn serve(runtime: &Path) {
    fs::create_dir_all(runtime.join("bin")).unwrap();
    std::os::unix::fs::symlink("/bin/true", runtime.join("bin/podman")).unwrap();
    fs::create_dir_all(runtime.join("podman")).unwrap();
    let without_display = runtime.join(WITHOUT_DISPLAY);
    let listener = UnixListener::bind(runtime.join("podman/podman.sock")).unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(answer(stream, without_display.exists()));
        }
    });
}

async fn answer(stream: UnixStream, without_display: bool) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    let mut head = String::new();
    stream.read_line(&mut head).await?;
    let mut length = 0;
    loop {
        let mut header = String::new();
        stream.read_line(&mut header).await?;
        if header.trim().is_empty() {
            break;
        }
        if let Some(value) = header.to_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
    }
    stream.read_exact(&mut vec![0; length]).await?;
    let path = head.split(' ').nth(1).unwrap_or_default().trim_start_matches('/');
    if path.contains(DISPLAY_IMAGE) && without_display {
        stream.write_all(b"HTTP/1.1 404 Status\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}").await?;
        return stream.shutdown().await;
    }
    if path.contains(SLOW) {
        return std::future::pending().await;
    }
    let (status, body) = body(path.split_once('/').map_or("", |(_version, path)| path));
    let length = body.len();
    let head = format!(
        "HTTP/1.1 {status} Status\r\nContent-Type: application/json\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await?;
    stream.write_all(body.as_bytes()).await?;
    stream.shutdown().await
}

fn body(path: &str) -> (u16, String) {
    if [IMAGE, DISPLAY_IMAGE, WINE_IMAGE].iter().any(|image| path == format!("libpod/images/{image}/json")) {
        return (200, r#"{"Id":"0123456789abcdef","Size":2048,"Labels":{"org.dillinger.display":"1"}}"#.to_owned());
    }
    match path {
        "libpod/info" => (200, r#"{"version":{"Version":"5.4.2"},"host":{"cgroupVersion":"v2"}}"#.to_owned()),
        "libpod/volumes/games/json" => {
            (200, r#"{"Name":"games","Driver":"local","Mountpoint":"/","Scope":"local"}"#.to_owned())
        }
        _ => (404, format!(r#"{{"cause":"no such thing","message":"{path}","response":404}}"#)),
    }
}

/// What a generator does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Generator {
    /// A service of each Quadlet: Podman's own where it is at hand.
    Works,
    /// Says why not, makes nothing.
    Complains,
    /// Makes nothing and says nothing.
    Silent,
    /// Is killed.
    Dies,
    /// Is older than the floor.
    Old,
}

/// Installs a generator; gives its path.
pub(crate) fn generator(directory: &Path, kind: Generator) -> PathBuf {
    let real = std::env::var(GENERATORS).ok().and_then(|paths| paths.split([':', '\n']).next().map(PathBuf::from));
    if let (Generator::Works, Some(real)) = (kind, real.filter(|path| path.is_file())) {
        return real;
    }
    let work = match kind {
        Generator::Works | Generator::Old => {
            r#"for file in "${QUADLET_UNIT_DIRS%%:*}"/*.container; do
    name=${file##*/}; cp "$file" "$3/${name%.container}.service"
done"#
        }
        Generator::Complains => "echo 'quadlet: unsupported key Whatever' >&2; exit 1",
        Generator::Silent => "exit 0",
        Generator::Dies => "kill -9 $$",
    };
    let version = if kind == Generator::Old { "5.2.9" } else { "5.4.2" };
    let script = format!("#!/bin/sh\n[ \"$1\" = -version ] && {{ echo {version}; exit; }}\n{work}\n");
    let path = directory.join("generator");
    // Written by another process: a file that this one has open for writing while a thread starts a program is busy.
    let draft = directory.join("generator.draft");
    fs::write(&draft, script).unwrap();
    let made = std::process::Command::new("cp").arg(&draft).arg(&path).status().unwrap();
    assert!(made.success());
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    path
}
