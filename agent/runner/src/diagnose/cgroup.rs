//! cgroup v2, and the controllers that the user manager may use.

use super::finding::{Finding, Subject};
use std::path::{Path, PathBuf};

pub(super) const VERSION: Subject = Subject {
    id: "cgroup-version",
    why: "limits, accounting and clean stops need the unified cgroup hierarchy, version 2",
};
pub(super) const CONTROLLERS: Subject = Subject {
    id: "cgroup-controllers",
    why: "systemd ignores a limit silently when its controller is not delegated to the user manager",
};
pub(super) const PRESSURE: Subject = Subject {
    id: "cgroup-pressure",
    why: "pressure stall information tells whether a game waits for processor, memory or disk",
};

/// Controllers without which sessions have no limits.
const NEEDED: [&str; 3] = ["cpu", "memory", "pids"];
/// Controllers that only single keys need, and which.
const OPTIONAL: [(&str, &str); 2] = [("io", "IOWeight and I/O metrics"), ("cpuset", "AllowedCPUs")];

/// What is known of the cgroups of this user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Cgroups {
    unified: bool,
    /// Controllers that the kernel has for version 2.
    kernel: Vec<String>,
    /// Controllers of the user manager; or why they cannot be read.
    delegated: Result<Vec<String>, String>,
}

/// Controllers that are delegated to the user manager of `uid`.
///
/// # Errors
/// There is no cgroup v2, or no user manager of this user.
pub fn delegated_controllers(root: &Path, uid: u32) -> std::io::Result<Vec<String>> {
    let manager = format!("user.slice/user-{uid}.slice/user@{uid}.service/cgroup.controllers");
    words(&hierarchy(root).join(manager))
}

/// True where the kernel has pressure stall information and it is switched on.
pub fn pressure_available(root: &Path) -> bool {
    // Without psi=1 the file may exist, but cannot be read.
    std::fs::read(root.join("proc/pressure/cpu")).is_ok()
}

/// True where the unified hierarchy is mounted in its usual place.
pub fn is_unified(root: &Path) -> bool {
    hierarchy(root).join("cgroup.controllers").exists()
}

fn hierarchy(root: &Path) -> PathBuf {
    root.join("sys/fs/cgroup")
}

fn words(file: &Path) -> std::io::Result<Vec<String>> {
    Ok(std::fs::read_to_string(file)?.split_whitespace().map(str::to_owned).collect())
}

pub(super) fn read(root: &Path, uid: u32) -> Cgroups {
    Cgroups {
        unified: is_unified(root),
        kernel: words(&hierarchy(root).join("cgroup.controllers")).unwrap_or_default(),
        delegated: delegated_controllers(root, uid).map_err(|error| error.to_string()),
    }
}

pub(super) fn judge_version(cgroups: &Cgroups) -> Finding {
    if cgroups.unified {
        return VERSION.ok("cgroup v2");
    }
    VERSION.error(
        "this host does not use cgroup v2, sessions are refused",
        "boot with systemd.unified_cgroup_hierarchy=1 on the kernel command line",
    )
}

pub(super) fn judge_controllers(cgroups: &Cgroups) -> Finding {
    let delegated = match &cgroups.delegated {
        Ok(delegated) => delegated,
        Err(reason) => return CONTROLLERS.unknown(format!("the user manager's cgroup: {reason}")),
    };
    let lacks = |name: &str| !delegated.iter().any(|have| have == name);
    let needed: Vec<String> = NEEDED.into_iter().filter(|name| lacks(name)).map(str::to_owned).collect();
    let optional = OPTIONAL.into_iter().filter(|(name, _)| lacks(name));
    let missing: Vec<&str> =
        NEEDED.into_iter().chain(OPTIONAL.map(|(name, _)| name)).filter(|name| lacks(name)).collect();
    let lost: Vec<String> = optional.map(|(name, what)| format!("{name} ({what})")).collect();
    let summary =
        format!("delegated: {}; missing: {}", delegated.join(" "), [needed.clone(), lost].concat().join(", "));
    match (missing.is_empty(), needed.is_empty()) {
        (true, _) => CONTROLLERS.ok(format!("delegated: {}", delegated.join(" "))),
        (false, true) => CONTROLLERS.warning(summary, remedy(cgroups, &missing)),
        (false, false) => CONTROLLERS.error(summary, remedy(cgroups, &missing)),
    }
}

/// The drop-in that delegates what the kernel has.
fn remedy(cgroups: &Cgroups, missing: &[&str]) -> String {
    let in_kernel = |name: &&&str| cgroups.kernel.iter().any(|have| have == **name);
    if missing.iter().filter(in_kernel).count() == 0 {
        return format!("this kernel lacks {}, only another kernel has them", missing.join(" and "));
    }
    "sudo mkdir -p /etc/systemd/system/user@.service.d && \
     printf '[Service]\\nDelegate=cpu cpuset io memory pids\\n' | \
     sudo tee /etc/systemd/system/user@.service.d/50-dillinger.conf && sudo systemctl daemon-reload, \
     then log out and in again"
        .to_owned()
}

pub(super) fn judge_pressure(available: bool) -> Finding {
    if available {
        return PRESSURE.ok("the kernel has pressure stall information");
    }
    PRESSURE.warning(
        "the kernel has no pressure stall information, metrics come without it",
        "boot with psi=1 on the kernel command line, or a kernel with CONFIG_PSI",
    )
}

#[cfg(test)]
mod tests {
    use super::super::finding::Status;
    use super::*;
    use std::fs;

    fn host(kernel: &str, delegated: &str) -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        let manager = root.path().join("sys/fs/cgroup/user.slice/user-1000.slice/user@1000.service");
        fs::create_dir_all(&manager).unwrap();
        fs::write(root.path().join("sys/fs/cgroup/cgroup.controllers"), kernel).unwrap();
        fs::write(manager.join("cgroup.controllers"), delegated).unwrap();
        root
    }

    #[test]
    fn controllers_are_judged_by_what_they_are_for() {
        let all = "cpuset cpu io memory pids\n";
        for (kernel, delegated, status, summary, remedy) in [
            (all, "cpuset cpu io memory pids\n", Status::Ok, "delegated: cpuset cpu io memory pids", ""),
            (
                all,
                "cpu memory pids\n",
                Status::Warning,
                "missing: io (IOWeight and I/O metrics), cpuset",
                "50-dillinger.conf",
            ),
            (
                "cpu memory pids\n",
                "cpu memory pids\n",
                Status::Warning,
                "missing: io",
                "this kernel lacks io and cpuset",
            ),
            (all, "memory\n", Status::Error, "missing: cpu, pids, io", "Delegate=cpu cpuset io memory pids"),
        ] {
            let finding = judge_controllers(&read(host(kernel, delegated).path(), 1000));
            assert_eq!(finding.status, status, "{delegated}");
            assert!(finding.summary.contains(summary), "{}", finding.summary);
            assert!(
                finding.remedy.contains(remedy) && finding.remedy.is_empty() == remedy.is_empty(),
                "{}",
                finding.remedy
            );
        }
    }

    #[test]
    fn without_a_user_manager_it_is_unknown() {
        let cgroups = read(host("cpu\n", "cpu\n").path(), 1001);
        assert_eq!(judge_controllers(&cgroups).status, Status::Unknown);
    }

    #[test]
    fn version_1_is_refused() {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir_all(root.path().join("sys/fs/cgroup/memory")).unwrap();
        let finding = judge_version(&read(root.path(), 1000));
        assert_eq!(finding.status, Status::Error);
        assert!(finding.summary.contains("does not use cgroup v2"));
        assert_eq!(judge_version(&read(host("cpu", "cpu").path(), 1000)).status, Status::Ok);
    }

    #[test]
    fn pressure_is_what_can_be_read() {
        let root = tempfile::tempdir().unwrap();
        assert!(!pressure_available(root.path()));
        fs::create_dir_all(root.path().join("proc/pressure")).unwrap();
        fs::write(root.path().join("proc/pressure/cpu"), "some avg10=0.00\n").unwrap();
        assert!(pressure_available(root.path()));
        assert_eq!(judge_pressure(true).status, Status::Ok);
        assert_eq!(judge_pressure(false).status, Status::Warning);
    }
}
