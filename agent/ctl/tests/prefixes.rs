//! `prefix`, `saves` and `runners` against an agent that speaks the real protocol.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

mod fake;

use fake::files::ARCHIVE;
use fake::world;
use serde_json::Value;

#[tokio::test]
async fn prefixes_are_listed_and_shown() {
    let world = world().await;
    let (result, out, _) = world.ctl(&["prefix", "list"]).await;
    assert_eq!(result.unwrap(), 0);
    let lines: Vec<Vec<&str>> = out.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(lines[0], ["NAME", "RUNNER", "BUILD", "SIZE", "SNAPSHOTS", "LAST", "USED", "IN", "USE", "BY"]);
    assert_eq!(lines[1], ["doom", "wine", "-", "20M", "1", "-", "session", "0123"]);
    let (_, out, _) = world.ctl(&["prefix", "list", "-q"]).await;
    assert_eq!(out, "doom\n");
    let (_, out, _) = world.ctl(&["--json", "prefix", "list"]).await;
    assert_eq!(serde_json::from_str::<Value>(&out).unwrap()[0]["Bytes"], 20_u64 << 20);
    let (_, out, _) = world.ctl(&["prefix", "show", "doom"]).await;
    assert!(out.starts_with("Bytes=20971520\nHolder=session 0123\nName=doom\n"), "{out}");
    assert!(out.contains("level 1"), "{out}");
    let (_, out, _) = world.ctl(&["--json", "prefix", "show", "doom"]).await;
    assert_eq!(serde_json::from_str::<Value>(&out).unwrap().pointer("/Snapshots/0/Comment").unwrap(), "level 1");
    let (result, ..) = world.ctl(&["prefix", "show", "absent"]).await;
    assert_eq!(result.unwrap_err().exit_code(), 4);
}

#[tokio::test]
async fn what_was_done_is_said() {
    let world = world().await;
    let (_, out, _) = world.ctl(&["prefix", "snapshot", "doom", "--comment", "level 1"]).await;
    assert_eq!(out, "2\n");
    let (_, out, _) = world.ctl(&["prefix", "rollback", "doom", "1"]).await;
    assert_eq!(out, "prefix doom is what it was at snapshot 1; its state before is snapshot 3\n");
    let (_, out, _) = world.ctl(&["--json", "prefix", "rollback", "doom", "1"]).await;
    assert_eq!(serde_json::from_str::<Value>(&out).unwrap()["Before"], "3");
    let (result, out, _) = world.ctl(&["prefix", "rm", "doom", "used", "other"]).await;
    assert_eq!(out, "removed prefix doom and its snapshots\n");
    let failure = result.unwrap_err();
    assert_eq!((failure.exit_code(), failure.message().unwrap().contains("session 0123")), (1, true));
    let calls = ["snapshot doom [\"Comment\"]", "rollback doom 1", "rollback doom 1", "remove doom", "remove used"];
    assert_eq!(world.calls(), calls);
}

#[tokio::test]
async fn archives_go_both_ways() {
    let world = world().await;
    let place = tempfile::tempdir().unwrap();
    let file = place.path().join("doom.tar");
    let path = file.to_str().unwrap();
    for command in ["prefix", "saves"] {
        let (result, out, _) = world.ctl(&["--json", command, "export", "doom", path]).await;
        assert_eq!(result.unwrap(), 0);
        assert_eq!(serde_json::from_str::<Value>(&out).unwrap()["Size"], 1024);
        assert_eq!(std::fs::read(&file).unwrap(), ARCHIVE);
        let (result, ..) = world.ctl(&[command, "import", "copy", path]).await;
        assert_eq!(result.unwrap(), 0);
        std::fs::remove_file(&file).unwrap();
        let (result, ..) = world.ctl(&[command, "export", "broken", path]).await;
        assert!(result.unwrap_err().message().unwrap().contains("broke off"));
        assert!(!file.exists());
        let (result, ..) = world.ctl(&[command, "import", "copy", path]).await;
        assert!(result.unwrap_err().message().unwrap().contains("doom.tar"));
        let (result, ..) = world.ctl(&[command, "export", "absent", path]).await;
        assert_eq!(result.unwrap_err().exit_code(), 4);
    }
    assert_eq!(world.calls(), ["import copy 1024", "import saves copy 1024"]);
}

#[tokio::test]
async fn saves_are_listed() {
    let world = world().await;
    let (_, out, _) = world.ctl(&["saves", "list"]).await;
    let row: Vec<&str> = out.lines().nth(1).unwrap().split_whitespace().collect();
    assert_eq!(row, ["doom", "3K", "7", "-", "-"]);
    let (_, out, _) = world.ctl(&["saves", "list", "--quiet"]).await;
    assert_eq!(out, "doom\n");
}

#[tokio::test]
async fn runners_say_what_cannot_be_used() {
    let world = world().await;
    let (result, out, _) = world.ctl(&["runners"]).await;
    assert_eq!(result.unwrap(), 0);
    assert!(out.contains("GE-Proton10-1") && out.ends_with("Proton9: needs pressure-vessel\n"), "{out}");
    let (_, out, _) = world.ctl(&["--json", "runners"]).await;
    assert_eq!(serde_json::from_str::<Value>(&out).unwrap()[1]["Supported"], false);
}
