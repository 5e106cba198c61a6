//! The processes of a session, found in its slice's cgroup.

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::process::{PidfdFlags, pidfd_open};
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Where the kernel shows the cgroup hierarchy (cgroups(7)).
pub const MOUNT: &str = "/sys/fs/cgroup";

/// The directory of a cgroup that systemd names, such as `/user.slice/…`.
pub fn directory(control_group: &str) -> PathBuf {
    Path::new(MOUNT).join(control_group.trim_start_matches('/'))
}

/// Sends a signal to the first process of each container in the cgroup: the
/// one with process id 1 in a PID namespace of its own. Podman's init passes
/// it on to the game.
///
/// # Errors
/// No such process is there, or it may not be signalled.
pub fn signal_containers(cgroup: &Path, signal: Signal) -> io::Result<()> {
    let inits = container_inits(cgroup)?;
    if inits.is_empty() {
        return Err(io::Error::new(io::ErrorKind::NotFound, "the session has no running container"));
    }
    for (pid, _) in inits {
        kill(Pid::from_raw(pid), signal)?;
    }
    Ok(())
}

/// Whether a signal would reach the containers. The kernel drops what a
/// namespace's process 1 neither blocks nor catches, and Podman's init does
/// neither in its first moments.
///
/// # Errors
/// The cgroup cannot be read.
pub fn would_reach_containers(cgroup: &Path, signal: Signal) -> io::Result<bool> {
    let forced = matches!(signal, Signal::SIGKILL | Signal::SIGSTOP);
    Ok(forced || container_inits(cgroup)?.iter().all(|(_, status)| takes(status, signal)))
}

/// `SigBlk` and `SigCgt` are bit masks in hexadecimal, the lowest bit signal 1
/// (`proc_pid_status(5)`).
fn takes(status: &str, signal: Signal) -> bool {
    let mask = |name: &str| {
        let text = status.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default();
        u64::from_str_radix(text.trim(), 16).unwrap_or(0)
    };
    (mask("SigBlk:") | mask("SigCgt:")) >> (signal as i32 - 1) & 1 == 1
}

/// The first process of each container with its `/proc/PID/status`.
fn container_inits(cgroup: &Path) -> io::Result<Vec<(i32, String)>> {
    let status = |pid: i32| std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let all = processes(cgroup)?.into_iter().map(|pid| (pid, status(pid)));
    Ok(all.filter(|(_, status)| is_container_init(status)).collect())
}

/// The cgroup below a unit's in which Podman keeps a container's processes.
const PAYLOAD: &str = "libpod-payload-";

/// Podman's processes in the cgroup and those below it, without what runs in
/// the containers. While one lives it may hold a lock that every other Podman
/// of the user waits for. A cgroup that is gone has none.
///
/// # Errors
/// The cgroup cannot be read.
pub fn podman_processes(cgroup: &Path) -> io::Result<Vec<i32>> {
    let comm = |pid: &i32| std::fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default();
    let outside = match processes_below(cgroup, &|name| !name.starts_with(PAYLOAD)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        outside => outside?,
    };
    Ok(outside.into_iter().filter(|pid| comm(pid).trim_end() == "podman").collect())
}

/// Waits until none of [`podman_processes`] lives, at most so long: false if
/// one still does.
///
/// # Errors
/// The cgroup cannot be read, or a process not be watched.
pub async fn podman_leaves(cgroup: &Path, within: Duration) -> io::Result<bool> {
    let deadline = Instant::now() + within;
    loop {
        let Some(pid) = podman_processes(cgroup)?.pop() else { return Ok(true) };
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Ok(false);
        }
        tokio::task::spawn_blocking(move || process_ends(pid, left)).await??;
    }
}

/// Waits for the end of a process, by its descriptor (`pidfd_open(2)`).
fn process_ends(pid: i32, within: Duration) -> io::Result<()> {
    let Some(pid) = rustix::process::Pid::from_raw(pid) else { return Ok(()) };
    let descriptor = match pidfd_open(pid, PidfdFlags::empty()) {
        Ok(descriptor) => descriptor,
        // It ended meanwhile.
        Err(Errno::SRCH) => return Ok(()),
        Err(error) => return Err(error.into()),
    };
    let within = Timespec::try_from(within).map_err(io::Error::other)?;
    match poll(&mut [PollFd::new(&descriptor, PollFlags::IN)], Some(&within)) {
        Ok(_) | Err(Errno::INTR) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// Every process in the cgroup and those below it.
fn processes(cgroup: &Path) -> io::Result<Vec<i32>> {
    processes_below(cgroup, &|_| true)
}

/// Every process in the cgroup, and in those below it whose names are `wanted`.
fn processes_below(cgroup: &Path, wanted: &dyn Fn(&str) -> bool) -> io::Result<Vec<i32>> {
    let own = std::fs::read_to_string(cgroup.join("cgroup.procs"))?;
    let mut pids: Vec<i32> = own.lines().filter_map(|line| line.parse().ok()).collect();
    for entry in std::fs::read_dir(cgroup)?.flatten() {
        let is_wanted = entry.file_name().to_str().is_some_and(wanted);
        if is_wanted && entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            // A cgroup may go away while we read: its processes are gone too.
            pids.extend(processes_below(&entry.path(), wanted).unwrap_or_default());
        }
    }
    Ok(pids)
}

/// `NSpid` lists a process's ids from our namespace inward (`proc_pid_status(5)`).
fn is_container_init(status: &str) -> bool {
    let ids = status.lines().find_map(|line| line.strip_prefix("NSpid:")).unwrap_or_default();
    let ids: Vec<&str> = ids.split_whitespace().collect();
    ids.len() > 1 && ids.last() == Some(&"1")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_runs_in_a_container_is_not_podman() {
        let root = tempfile::tempdir().unwrap();
        let own = std::process::id().to_string();
        let put = |directory: &str| {
            std::fs::create_dir_all(root.path().join(directory)).unwrap();
            std::fs::write(root.path().join(directory).join("cgroup.procs"), format!("{own}\n")).unwrap();
        };
        for directory in ["", "a.service", "a.service/runtime", "a.service/libpod-payload-1"] {
            put(directory);
        }
        assert_eq!(processes(root.path()).unwrap().len(), 4);
        assert_eq!(processes_below(root.path(), &|name| !name.starts_with(PAYLOAD)).unwrap().len(), 3);
        // This test is no Podman.
        assert_eq!(podman_processes(root.path()).unwrap(), Vec::<i32>::new());
        assert_eq!(podman_processes(&root.path().join("gone")).unwrap(), Vec::<i32>::new());
    }

    #[test]
    fn the_end_of_a_process_is_waited_for() {
        let mut child = std::process::Command::new("cat").stdin(std::process::Stdio::piped()).spawn().unwrap();
        let pid = i32::try_from(child.id()).unwrap();
        process_ends(pid, Duration::ZERO).unwrap();
        assert_eq!(child.try_wait().unwrap(), None);
        drop(child.stdin.take());
        process_ends(pid, Duration::from_secs(60)).unwrap();
        assert!(child.try_wait().unwrap().is_some_and(|status| status.success()));
        process_ends(pid, Duration::from_secs(60)).unwrap();
    }

    #[test]
    fn an_init_takes_what_it_blocks_or_catches() {
        let status = "Name:\tx\nNSpid:\t70\t1\nSigBlk:\t0000000000004000\nSigIgn:\t0000000000000001\nSigCgt:\t0000000000000002\n";
        assert!(is_container_init(status));
        assert!(!is_container_init("NSpid:\t1\n"));
        assert!(takes(status, Signal::SIGTERM));
        assert!(takes(status, Signal::SIGINT));
        assert!(!takes(status, Signal::SIGHUP));
        assert!(!takes("", Signal::SIGTERM));
    }
}
