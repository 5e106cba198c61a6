//! The plumbing, with a journalctl that is a shell script: a real process that speaks the real format.

mod fake;

use super::*;
use fake::Fake;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::time::Duration;
use tokio::sync::oneshot;
use tokio::task::spawn_blocking;

fn request(follow: bool) -> LogRequest {
    LogRequest { units: vec!["game.service".to_owned()], created_usec: 1, follow, ..LogRequest::default() }
}

/// All messages of a log, read to its end by a blocking reader as a client is.
async fn read_all(fd: OwnedFd) -> Vec<serde_json::Value> {
    let lines = spawn_blocking(|| {
        let lines = BufReader::new(File::from(fd)).lines();
        lines.map(|line| serde_json::from_str(&line.unwrap()).unwrap()).collect()
    });
    tokio::time::timeout(Duration::from_secs(60), lines).await.expect("the log did not end").unwrap()
}

fn messages(lines: &[serde_json::Value]) -> Vec<&str> {
    lines.iter().map(|line| line["Message"].as_str().unwrap()).collect()
}

fn open_log(fake: &Fake, request: LogRequest) -> OwnedFd {
    open(&fake.streams, &fake.journal, request, std::future::pending()).unwrap()
}

#[tokio::test]
async fn thirty_thousand_lines_arrive_whole_and_in_order() {
    let fake = Fake::new("entries 1 30000");
    let lines = read_all(open_log(&fake, request(false))).await;
    let expected: Vec<String> = (1..=30_000).map(|number| format!("line {number}")).collect();
    assert_eq!(messages(&lines), expected);
    fake.until_all_closed().await;
}

#[tokio::test]
async fn a_log_that_is_not_followed_ends_with_the_session_still_alive() {
    let fake = Fake::new("entry one; entry two");
    let lines = read_all(open_log(&fake, request(false))).await;
    assert_eq!(messages(&lines), ["one", "two"]);
    assert_eq!(lines[1]["Cursor"], "s=1;i=2");
}

#[tokio::test]
async fn a_slow_reader_stops_journalctl_and_loses_nothing() {
    let fake = Fake::new("entries 1 30000; touch done");
    let fd = open_log(&fake, request(false));
    fake.until_blocked().await;
    assert!(!fake.path("done").exists(), "journalctl went on without a reader");
    assert_eq!(read_all(fd).await.len(), 30_000);
    assert!(fake.path("done").exists());
}

#[tokio::test]
async fn a_reader_that_leaves_a_silent_session_takes_journalctl_with_it() {
    let fake = Fake::new("entry one; exec sleep 1000");
    let fd = open_log(&fake, request(true));
    let fd = first_line(fd).await;
    let child = fake.child();
    assert!(fake::is_alive(child));
    drop(fd);
    fake.until_all_closed().await;
    fake::until_gone(child).await;
}

#[tokio::test]
async fn a_reader_that_leaves_in_the_middle_of_much_takes_journalctl_with_it() {
    let fake = Fake::new("entries 1 1000000");
    let fd = first_line(open_log(&fake, request(false))).await;
    let child = fake.child();
    drop(fd);
    fake.until_all_closed().await;
    fake::until_gone(child).await;
}

/// Reads the first line; the rest stays in the pipe.
async fn first_line(fd: OwnedFd) -> OwnedFd {
    let read = spawn_blocking(move || {
        let (mut file, mut byte) = (File::from(fd), [0]);
        while byte[0] != b'\n' {
            file.read_exact(&mut byte).unwrap();
        }
        file.into()
    });
    tokio::time::timeout(Duration::from_secs(20), read).await.expect("no first line").unwrap()
}

#[tokio::test]
async fn following_ends_after_the_session_with_everything_that_was_written() {
    // What the follower had not seen yet when it was told to end comes from the pass after it, with the probe.
    let script = r#"case "$*" in
        *--follow*) entry one; entry two; exec sleep 1000 ;;
        *--after-cursor=s=1\;i=1*) number=1; entry two; entry three; probe ;;
        *--after-cursor=s=1\;i=2*) number=2; entry three; probe ;;
        *--after-cursor=s=1\;i=4*) if [ -e seen ]; then number=4; probe; else touch seen; fi ;;
    esac"#;
    for synchronous in [true, false] {
        let fake = Fake::new(script);
        let _journald = synchronous.then(|| fake.journald());
        let (end, ended) = oneshot::channel::<()>();
        let fd = open(&fake.streams, &fake.journal, request(true), async { drop(ended.await) }).unwrap();
        let fd = first_line(fd).await;
        drop(end);
        let lines = read_all(fd).await;
        assert_eq!(messages(&lines), ["two", "three"], "synchronous: {synchronous}");
        fake.until_all_closed().await;
    }
}

#[tokio::test]
async fn a_followed_log_says_when_its_end_may_be_missing() {
    let fake = Fake::new(r#"case "$*" in *--follow*) entry one; exec sleep 1000 ;; esac"#);
    let fd = open(&fake.streams, &fake.journal, request(true), std::future::ready(())).unwrap();
    let lines = read_all(fd).await;
    let last = lines.last().unwrap();
    assert_eq!(last["Incomplete"], true, "{last}");
}

#[tokio::test]
async fn dropped_messages_are_told_with_their_number() {
    let script = r#"case "$*" in
        *--follow*) entry one; exec sleep 1000 ;;
        *) if [ -e later ]; then number=1; notice 500; probe; else touch later; fi ;;
    esac"#;
    let fake = Fake::new(script);
    let _journald = fake.journald();
    let (end, ended) = oneshot::channel::<()>();
    let fd = open(&fake.streams, &fake.journal, request(true), async { drop(ended.await) }).unwrap();
    let fd = first_line(fd).await;
    drop(end);
    let lines = read_all(fd).await;
    let dropped: Vec<_> = lines.iter().map(|line| line["Dropped"].as_u64()).collect();
    assert_eq!(dropped, [Some(499)], "one of the 500 is the first probe");
}

#[tokio::test]
async fn the_last_lines_are_counted_without_noise() {
    let script = r#"
        history() { entry one; entry two; entry three; number=3; noise; }
        case "$*" in
            *--reverse*) number=3; noise; number=2; entry three; number=1; entry two; number=0; entry one ;;
            *"--cursor=s=1;i=2 "*) number=1; entry two; entry three; noise ;;
            *--since=@0.000001*) history ;;
            *--since=*) ;;
            *--after-cursor=s=1\;i=2*) number=2; entry three; noise ;;
        esac"#;
    let fake = Fake::new(script);
    let cursor = |text: &str| Some(text.to_owned());
    for (lines, after, expected) in [
        (Some(2), None, vec!["two", "three"]),
        (Some(9), None, vec!["one", "two", "three"]),
        (Some(0), None, vec![]),
        (Some(2), cursor("s=1;i=2"), vec!["three"]),
        (None, cursor("s=1;i=2"), vec!["three"]),
    ] {
        let request = LogRequest { lines, cursor: after, ..request(false) };
        let log = read_all(open_log(&fake, request.clone())).await;
        assert_eq!(messages(&log), expected, "{request:?}");
    }
}

#[tokio::test]
async fn a_journalctl_that_fails_is_told_and_not_an_empty_log() {
    let fake = Fake::new("entry one; echo 'No journal files were opened' >&2; exit 1");
    let lines = read_all(open_log(&fake, request(false))).await;
    assert_eq!(lines[0]["Message"], "one");
    assert!(lines[1]["Message"].as_str().unwrap().ends_with("No journal files were opened"), "{}", lines[1]);
    assert_eq!(lines[1]["Incomplete"], true);
    let absent = Journal { journalctl: fake.path("absent"), ..fake.journal.clone() };
    let lines = read_all(open(&fake.streams, &absent, request(false), std::future::pending()).unwrap()).await;
    assert_eq!(lines[0]["Incomplete"], true);
}

#[tokio::test]
async fn the_last_words_of_podman_and_of_a_display_are_found() {
    let script = r#"number=9; comm=podman; entry "Error: no such image"; comm=doom; entry "not mine"
        comm=dillinger-displ; entry "cannot start"; comm=podman; noise; entry first"#;
    let fake = Fake::new(script);
    let units = ["game.service".to_owned()];
    let tail = Tail::new(&fake.journal, &units, 1).await;
    assert_eq!(tail.of_starters(2).await, ["cannot start", "Error: no such image"]);
    assert_eq!(tail.of_starters(9).await, ["first", "cannot start", "Error: no such image"]);
    let silent = Fake::new("exec sleep 1000");
    let tail = Tail::new(&silent.journal, &units, 1).await;
    assert!(tail.of_starters(2).await.is_empty());
    assert!(!tail.has(2, |_| true).await);
    fake::until_gone(silent.child()).await;
}

#[tokio::test]
async fn the_last_words_of_a_game_are_looked_through_as_far_as_was_asked() {
    let fake =
        Fake::new(r#"noise; entry 3; entry "$(head -c 5000 /dev/zero | tr '\0' x)"; comm=podman; entry 1; entry 0"#);
    let units = ["game.service".to_owned()];
    let tail = Tail::new(&fake.journal, &units, 1).await;
    for (count, line, found) in [(9, "0", true), (4, "0", true), (3, "0", false), (1, "3", true), (9, "2", false)] {
        assert_eq!(tail.has(count, |said| said == line).await, found, "{line} within {count}");
    }
    assert!(!tail.has(9, |said| said.contains("container start")).await, "Podman's own is none of it");
    assert!(!tail.has(9, |said| said.len() > 1024).await);
    let endless = Fake::new("while :; do entries 1 1000; done");
    let tail = Tail::new(&endless.journal, &units, 1).await;
    assert!(!tail.has(5000, |said| said == "0").await);
    fake::until_gone(endless.child()).await;
}

#[tokio::test]
async fn wrong_cursors_and_too_many_readers_are_refused() {
    let fake = Fake::new("exec sleep 1000");
    for cursor in ["", "s", "s=", "--file=/etc/passwd", "s=1; i=2", "s=xyz", "s=1;i=2\n", "S=1", "s=1;;i=2"] {
        let request = LogRequest { cursor: Some(cursor.to_owned()), ..request(false) };
        let refused = open(&fake.streams, &fake.journal, request, std::future::pending());
        assert!(matches!(refused, Err(StreamError::Cursor(_))), "{cursor:?}");
    }
    assert!(is_cursor("s=6c5e1f2a3b4c4d5e8f90a1b2c3d4e5f6;i=1a2b;b=0123456789abcdef0123456789abcdef;m=3;t=64f;x=ab12"));
    let streams = Streams::new(1);
    let _first = open(&streams, &fake.journal, request(true), std::future::pending()).unwrap();
    let second = open(&streams, &fake.journal, request(true), std::future::pending());
    assert!(matches!(second, Err(StreamError::TooMany(1))));
}
