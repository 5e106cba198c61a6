//! Commands against an agent that speaks the real protocol.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

mod fake;

use dillingerctl::client::Connector;
use dillingerctl::exit::Failure;
use fake::{ID, OTHER, world};
use serde_json::Value;
use std::time::Duration;

/// What a command says when it takes longer than any of them may.
const DEADLINE: Duration = Duration::from_secs(20);

async fn in_time<T>(work: impl Future<Output = T>) -> T {
    tokio::time::timeout(DEADLINE, work).await.expect("the command did not end")
}

#[tokio::test]
async fn start_prints_the_id() {
    let world = world().await;
    let (result, out, _) = world.ctl(&["start", "--title", "x", "-p", "MemoryMax=1G", "--", "/game"]).await;
    assert_eq!(result.unwrap(), 0);
    assert_eq!(out, format!("{ID}\n"));
    assert_eq!(world.calls(), [r#"start ["Command", "MemoryMax", "Title"]"#]);
    let (_, out, _) = world.ctl(&["--json", "explain", "--", "/game"]).await;
    let explanation: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(explanation.pointer("/Units/x.container").unwrap(), "[Container]\nImage=i\n");
}

#[tokio::test]
async fn run_shows_the_log_and_exits_as_the_game() {
    for (program, code, said) in [("/exit7", 7, "failed"), ("/crash", 139, "killed"), ("/ok", 0, "")] {
        let world = world().await;
        let (result, out, err) = in_time(world.ctl(&["run", "--", program])).await;
        assert_eq!(result.unwrap(), code, "{program}");
        assert_eq!(out, "line 1\nline 2\nline 3\n");
        assert!(err.starts_with(&format!("session {ID}\n")), "{err}");
        assert!(err.contains("journald dropped 9 messages"), "{err}");
        assert_eq!(err.contains("ended: "), !said.is_empty(), "{err}");
        assert!(err.contains(said), "{err}");
    }
}

#[tokio::test]
async fn run_tells_the_end_in_json() {
    let world = world().await;
    let (_, out, _) = in_time(world.ctl(&["--json", "run", "--", "/exit7"])).await;
    let last: Value = serde_json::from_str(out.lines().last().unwrap()).unwrap();
    assert_eq!((last["Outcome"].as_str(), last["ExitStatus"].as_i64()), (Some("failed"), Some(7)));
    assert_eq!(out.lines().count(), 5);
}

#[tokio::test]
async fn run_of_a_refused_request_is_125() {
    let world = world().await;
    let (result, ..) = in_time(world.ctl(&["run", "--", "/refused"])).await;
    let failure = result.unwrap_err();
    assert_eq!(failure.exit_code(), 125);
    assert_eq!(failure.message().unwrap(), "MemoryMax: more than 1G (LimitExceeded)");
    let (result, ..) = world.ctl(&["start", "--", "/refused"]).await;
    assert_eq!(result.unwrap_err().exit_code(), 1);
}

#[tokio::test]
async fn stop_waits_for_the_end_of_each() {
    let world = world().await;
    world.add(ID, "running").await;
    world.add(OTHER, "running").await;
    let (result, ..) = in_time(world.ctl(&["stop", "01234567", OTHER])).await;
    assert_eq!(result.unwrap(), 0);
    assert_eq!(world.calls(), ["stop 01234567", "stop 0123ffff"]);
    let (_, out, _) = world.ctl(&["list", "--quiet"]).await;
    assert_eq!(out, "");
    let (_, out, _) = world.ctl(&["list", "--all", "--quiet"]).await;
    assert_eq!(out, format!("{ID}\n{OTHER}\n"));
}

#[tokio::test]
async fn sessions_have_short_names() {
    let world = world().await;
    world.add(ID, "running").await;
    world.add(OTHER, "running").await;
    let upper = "01234567-89AB-CDEF-0123-456789ABCDEF";
    for (name, code) in [(upper, None), ("0123f", None), ("0123", Some(2)), ("abcd", Some(4)), ("xyz", Some(2))] {
        let (result, ..) = world.ctl(&["pause", name]).await;
        assert_eq!(result.err().map(|failure| failure.exit_code()), code, "{name}");
    }
    let gone = "f".repeat(32);
    let (result, ..) = world.ctl(&["pause", &gone]).await;
    assert_eq!(result.unwrap_err().exit_code(), 4);
    assert_eq!(world.calls(), ["pause 01234567", "pause 0123ffff"]);
}

#[tokio::test]
async fn control_commands_send_what_was_said() {
    let world = world().await;
    world.add(ID, "running").await;
    let (result, ..) = world.ctl(&["set-limits", "0123", "MemoryMax=1G", "CPUQuota=50%"]).await;
    assert_eq!(result.unwrap(), 0);
    let (result, ..) = world.ctl(&["kill", "-s", "USR1", "0123"]).await;
    assert_eq!(result.unwrap(), 0);
    let (result, ..) = world.ctl(&["kill", "-s", "NONE", "0123"]).await;
    assert_eq!(result.unwrap_err().exit_code(), 2);
    let calls = world.calls();
    assert_eq!(calls, [r#"limits ["CPUQuotaPerSecUSec", "MemoryMax"] 01234567"#, "kill 10 01234567"]);
}

#[tokio::test]
async fn show_looks_like_systemctl() {
    let world = world().await;
    world.add(ID, "running").await;
    let (_, out, _) = world.ctl(&["show", "0123", "-p", "State,MemoryMax"]).await;
    assert_eq!(out, "State=running\nMemoryMax=2147483648\n");
    let (_, out, _) = world.ctl(&["show", "0123", "-p", "State", "--value"]).await;
    assert_eq!(out, "running\n");
    let (_, out, _) = world.ctl(&["--json", "show", "0123"]).await;
    assert_eq!(serde_json::from_str::<Value>(&out).unwrap()["MemoryMax"], 2_147_483_648_u64);
    let (_, out, _) = world.ctl(&["show", "0123"]).await;
    assert!(out.starts_with(&format!("● {ID} - Doom\n")), "{out}");
    assert!(out.contains("Limits: MemoryMax=2G\n") && out.contains("Memory: 3M\n"), "{out}");
    let (result, ..) = world.ctl(&["show", "0123", "-p", "Stat"]).await;
    assert_eq!(result.unwrap_err().exit_code(), 2);
}

#[tokio::test]
async fn logs_have_three_looks() {
    let world = world().await;
    world.add(ID, "ended").await;
    let (_, cat, _) = in_time(world.ctl(&["logs", "-o", "cat", "0123"])).await;
    assert_eq!(cat, "line 1\nline 2\nline 3\n");
    let (_, short, _) = in_time(world.ctl(&["logs", "0123"])).await;
    assert!(short.lines().all(|line| line.contains(" sh[7]: line ")), "{short}");
    let (_, json, _) = in_time(world.ctl(&["--json", "logs", "0123"])).await;
    assert!(json.lines().all(|line| serde_json::from_str::<Value>(line).unwrap().is_object()), "{json}");
    assert_eq!(json.lines().count(), 4);
}

#[tokio::test]
async fn tables_and_their_json() {
    let world = world().await;
    world.add(ID, "running").await;
    let (_, out, _) = world.ctl(&["ended", "-n", "5", "--since", "1h"]).await;
    assert!(out.contains("SIGSEGV") && out.contains("killed"), "{out}");
    assert_eq!(world.calls(), [r#"ended ["Limit", "SinceUSec"]"#]);
    let (result, out, _) = world.ctl(&["doctor"]).await;
    assert_eq!(result.unwrap(), 1);
    assert!(out.contains("linger: it matters\n    loginctl enable-linger\n"), "{out}");
    let (_, out, _) = world.ctl(&["capabilities"]).await;
    assert!(out.starts_with("MaxSessions=16\nNetworks=private none\nRunnerVersions=["), "{out}");
    let (_, out, _) = in_time(world.ctl(&["top", "-n", "2", "-d", "100ms"])).await;
    let heads = out.lines().filter(|line| line.starts_with("ID")).count();
    assert_eq!((heads, out.matches("3M").count()), (2, 2), "{out}");
    let (_, out, _) = world.ctl(&["--json", "list"]).await;
    assert_eq!(serde_json::from_str::<Value>(&out).unwrap()[0]["Id"], ID);
}

#[tokio::test]
async fn images_are_prepared_with_progress() {
    let world = world().await;
    let (result, out, err) = in_time(world.ctl(&["images", "prepare", "base"])).await;
    assert_eq!((result.unwrap(), out.as_str()), (0, ""));
    assert_eq!(world.calls(), ["prepare base 1"]);
    assert!(err.lines().all(|line| ["looking", "pulling"].contains(&line)), "{err}");
    let world = fake::world().await;
    let (result, ..) = in_time(world.ctl(&["images", "prepare", "missing"])).await;
    assert_eq!(result.unwrap_err().message().unwrap(), "no such image (ImageMissing)");
}

#[tokio::test]
async fn events_tell_states() {
    let world = world().await;
    world.add(ID, "running").await;
    let events = world.ctl(&["--json", "events"]);
    let stop = async {
        // The second command ends the session after the first has subscribed: both use one
        // connection, whose calls are answered in order.
        let (result, ..) = world.ctl(&["stop", "0123"]).await;
        result.unwrap();
        let agent = world.agent.clone();
        agent.close().await.unwrap();
    };
    let ((result, out, _), ()) = in_time(async { tokio::join!(events, stop) }).await;
    assert!(matches!(result, Err(Failure::Unreachable(_) | Failure::Agent(_))), "{result:?}");
    let event: Value = serde_json::from_str(out.lines().next().unwrap()).unwrap();
    assert_eq!((&event["Event"], &event["State"]), (&Value::from("session"), &Value::from("ended")));
}

#[tokio::test]
async fn wrong_arguments_are_told_without_an_agent() {
    let (ours, _) = std::os::unix::net::UnixStream::pair().unwrap();
    drop(ours);
    let cli =
        <dillingerctl::cli::Cli as clap::Parser>::try_parse_from(["dillingerctl", "start", "-p", "Nope=1"]).unwrap();
    let mut output = dillingerctl::output::Output::plain(Box::new(std::io::sink()), Box::new(std::io::sink()), false);
    let result = dillingerctl::execute(&cli, &Connector::SessionBus, &mut output).await;
    assert_eq!(result.unwrap_err().exit_code(), 2);
}
