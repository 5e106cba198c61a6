//! The user's runtime directory.

use super::finding::{Finding, Subject};
use nix::sys::statfs::{TMPFS_MAGIC, statfs};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

pub(super) const SUBJECT: Subject = Subject {
    id: "runtime-directory",
    why: "a session's files, units and sockets are in it; it must be private and vanish at the last logout",
};
/// Less than this and starting sessions may fail.
const SPACE_MIN: u64 = 16 << 20;

/// What is known of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct RuntimeDirectory {
    path: PathBuf,
    owner: u32,
    /// Permission bits.
    mode: u32,
    in_memory: bool,
    /// Bytes free for the user.
    free: u64,
}

pub(super) fn read(path: &Path) -> Result<RuntimeDirectory, String> {
    let told = |error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
    let metadata = std::fs::metadata(path).map_err(|error| told(&error))?;
    let file_system = statfs(path).map_err(|error| told(&error))?;
    let block = u64::try_from(file_system.block_size()).unwrap_or(0);
    Ok(RuntimeDirectory {
        path: path.to_owned(),
        owner: metadata.uid(),
        mode: metadata.mode() & 0o7777,
        in_memory: file_system.filesystem_type() == TMPFS_MAGIC,
        free: file_system.blocks_available().saturating_mul(block),
    })
}

pub(super) fn judge(directory: &Result<RuntimeDirectory, String>, uid: u32) -> Finding {
    let directory = match directory {
        Ok(directory) => directory,
        Err(reason) => {
            return SUBJECT.error(reason.clone(), "log in by a session of systemd-logind, see pam_systemd(8)");
        }
    };
    let path = directory.path.display();
    let mebibytes = directory.free >> 20;
    if directory.owner != uid {
        let summary = format!("{path} belongs to user {}, not to {uid}", directory.owner);
        return SUBJECT.error(summary, format!("sudo systemctl restart user-runtime-dir@{uid}.service"));
    }
    if directory.mode & 0o077 != 0 {
        let summary = format!("{path} has mode {:04o}, others can look into it", directory.mode);
        return SUBJECT.error(summary, format!("chmod 0700 {path}"));
    }
    if !directory.in_memory {
        let summary = format!("{path} is not in memory: files of sessions outlive a crash of the host");
        return SUBJECT.warning(summary, format!("sudo systemctl restart user-runtime-dir@{uid}.service"));
    }
    if directory.free < SPACE_MIN {
        let summary = format!("{path} has {mebibytes} MiB free");
        return SUBJECT.warning(summary, "raise RuntimeDirectorySize= in /etc/systemd/logind.conf, or remove files");
    }
    SUBJECT.ok(format!("{path} is private, in memory, and has {mebibytes} MiB free"))
}

#[cfg(test)]
mod tests {
    use super::super::finding::Status;
    use super::*;
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn directories_are_judged() {
        let good = || RuntimeDirectory {
            path: "/run/user/1000".into(),
            owner: 1000,
            mode: 0o700,
            in_memory: true,
            free: 1 << 30,
        };
        for (directory, status, says) in [
            (Ok(good()), Status::Ok, "1024 MiB"),
            (Ok(RuntimeDirectory { owner: 0, ..good() }), Status::Error, "belongs to user 0"),
            (Ok(RuntimeDirectory { mode: 0o755, ..good() }), Status::Error, "mode 0755"),
            (Ok(RuntimeDirectory { in_memory: false, ..good() }), Status::Warning, "not in memory"),
            (Ok(RuntimeDirectory { free: 1 << 20, ..good() }), Status::Warning, "1 MiB free"),
            (Err("$XDG_RUNTIME_DIR is not set".to_owned()), Status::Error, "not set"),
        ] {
            let finding = judge(&directory, 1000);
            assert_eq!(finding.status, status, "{directory:?}");
            assert!(finding.summary.contains(says), "{}", finding.summary);
            assert_eq!(finding.remedy.is_empty(), status == Status::Ok);
        }
    }

    #[test]
    fn a_directory_is_read() {
        let root = tempfile::tempdir().unwrap();
        fs::set_permissions(root.path(), fs::Permissions::from_mode(0o700)).unwrap();
        let directory = read(root.path()).unwrap();
        assert_eq!((directory.owner, directory.mode), (nix::unistd::getuid().as_raw(), 0o700));
        assert!(read(&root.path().join("absent")).unwrap_err().contains("absent"));
    }
}
