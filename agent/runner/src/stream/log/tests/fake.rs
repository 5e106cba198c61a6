//! A journalctl and a journald to test against.

use crate::stream::Streams;
use crate::stream::log::Journal;
use nix::sys::signal::kill;
use nix::unistd::Pid;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{UnixDatagram, UnixListener};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

/// What the scripts may use: entries with rising cursors in the export format.
const PRELUDE: &str = r#"#!/bin/sh
cd "$(dirname "$0")" || exit 9
echo $$ > pid.new && mv pid.new pid
number=0 comm=doom
entry() {
    number=$((number + 1))
    printf '__CURSOR=s=1;i=%d\n__REALTIME_TIMESTAMP=%d\n_TRANSPORT=stdout\nPRIORITY=6\n_PID=7\n_COMM=%s\nMESSAGE=%s\n\n' \
        "$number" "$number" "$comm" "$1"
}
entries() {
    i=$1
    while [ "$i" -le "$2" ]; do entry "line $i"; i=$((i + 1)); done
}
noise() {
    number=$((number + 1))
    printf '__CURSOR=s=1;i=%d\n__REALTIME_TIMESTAMP=5\n_COMM=podman\nPODMAN_EVENT=start\nMESSAGE=container start\n\n' "$number"
}
notice() {
    number=$((number + 1))
    printf '__CURSOR=s=1;i=%d\n__REALTIME_TIMESTAMP=5\n_TRANSPORT=driver\n' "$number"
    printf 'MESSAGE_ID=a596d6fe7bfa4994828e72309e95d61e\nN_DROPPED=%d\n' "$1"
    printf 'MESSAGE=Suppressed %d messages from user@1000.service\n\n' "$1"
}
probe() {
    number=$((number + 1))
    printf '__CURSOR=s=1;i=%d\nMESSAGE=read\n' "$number"
    printf 'DILLINGER_LOG_PROBE=%s\n\n' "$probe_name"
}
for argument in "$@"; do
    case "$argument" in DILLINGER_LOG_PROBE=*) probe_name=${argument#*=} ;; esac
done
"#;

/// A script in the place of journalctl, in a directory of its own.
pub(super) struct Fake {
    dir: tempfile::TempDir,
    pub(super) journal: Journal,
    pub(super) streams: Streams,
}

impl Fake {
    pub(super) fn new(script: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let program = dir.path().join("journalctl");
        fs::write(&program, format!("{PRELUDE}{script}\n")).unwrap();
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
        let journal = Journal {
            journalctl: program,
            varlink_socket: dir.path().join("varlink"),
            native_socket: dir.path().join("native"),
            uid: 1000,
        };
        Self { dir, journal, streams: Streams::default() }
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Answers `Synchronize` as journald does since systemd 258, and takes entries.
    pub(super) fn journald(&self) -> JoinSet<()> {
        let listener = UnixListener::bind(&self.journal.varlink_socket).unwrap();
        let entries = UnixDatagram::bind(&self.journal.native_socket).unwrap();
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            loop {
                let (mut client, _) = listener.accept().await.unwrap();
                let mut call = Vec::new();
                while !call.ends_with(&[0]) {
                    client.read_buf(&mut call).await.unwrap();
                }
                let call: serde_json::Value = serde_json::from_slice(&call[..call.len() - 1]).unwrap();
                assert_eq!(call["method"], "io.systemd.Journal.Synchronize");
                client.write_all(b"{\"parameters\":{}}\0").await.unwrap();
            }
        });
        tasks.spawn(async move {
            let mut entry = [0; 4096];
            loop {
                let length = entries.recv(&mut entry).await.unwrap();
                assert!(entry[..length].starts_with(b"MESSAGE="));
            }
        });
        tasks
    }

    /// The process id of the running script.
    pub(super) fn child(&self) -> Pid {
        Pid::from_raw(fs::read_to_string(self.path("pid")).unwrap().trim().parse().unwrap())
    }

    pub(super) async fn until_all_closed(&self) {
        until("all streams are closed", || self.streams.open() == 0).await;
    }

    /// Until the script waits in a write for its reader.
    pub(super) async fn until_blocked(&self) {
        until("the script runs", || self.path("pid").exists()).await;
        let wchan = format!("/proc/{}/wchan", self.child());
        let syscall = format!("/proc/{}/syscall", self.child());
        until("the script waits for its reader", || {
            fs::read_to_string(&wchan).is_ok_and(|place| place.contains("pipe"))
                || fs::read_to_string(&syscall).is_ok_and(|call| call.starts_with("1 "))
        })
        .await;
    }
}

pub(super) fn is_alive(child: Pid) -> bool {
    kill(child, None).is_ok()
}

/// Until the process is gone and reaped: a zombie still takes signals.
pub(super) async fn until_gone(child: Pid) {
    until("journalctl is gone and reaped", || !is_alive(child)).await;
}

async fn until(what: &str, fact: impl Fn() -> bool) {
    let wait = async {
        while !fact() {
            sleep(Duration::from_millis(2)).await;
        }
    };
    assert!(timeout(Duration::from_secs(30), wait).await.is_ok(), "not within 30 s: {what}");
}
