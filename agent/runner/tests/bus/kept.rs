//! What systemd has kept for an agent.

use crate::process::Process;
use crate::world::{DEADLINE, World};
use nix::sys::signal::Signal;
use std::fs::read_link;
use std::os::unix::net::UnixDatagram;

/// Whether a process has this file open.
fn has_open(pid: u32, file: &std::path::Path) -> bool {
    let descriptors = std::fs::read_dir(format!("/proc/{pid}/fd")).unwrap().flatten();
    descriptors.filter_map(|descriptor| read_link(descriptor.path()).ok()).any(|open| open == file)
}

#[tokio::test]
async fn what_no_session_claims_is_closed_here_and_there() {
    let world = World::new().await;
    let file = world.directory.path().join("kept");
    std::fs::write(&file, "").unwrap();
    let notify = world.directory.path().join("notify");
    let told = UnixDatagram::bind(&notify).unwrap();
    told.set_read_timeout(Some(DEADLINE)).unwrap();
    let name = format!("pad-{}-0", crate::client::ID);
    let process = Process::start_with(&world, &file, &name, &notify).await;
    let mut bytes = [0; 4096];
    let mut next = || {
        let length = told.recv(&mut bytes).unwrap();
        String::from_utf8_lossy(&bytes[..length]).into_owned()
    };
    assert_eq!(next(), format!("FDSTOREREMOVE=1\nFDNAME={name}\n"));
    assert!(next().starts_with("READY=1\n"));
    assert!(!has_open(process.pid(), &file));
    process.end(Signal::SIGTERM).await;
}
