//! Whose host this is, and whether he stays.

use super::finding::{Finding, Subject};
use std::path::Path;

pub(super) const LINGER: Subject = Subject {
    id: "linger",
    why: "without it systemd stops the user manager, and every session, at the user's last logout",
};

/// The user of the agent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// His id.
    pub uid: u32,
    /// His login name; his id as text if he has none.
    pub name: String,
    /// Names of the groups of this process.
    pub groups: Vec<String>,
}

impl User {
    /// The user of this process.
    pub fn current() -> Self {
        let uid = nix::unistd::getuid();
        let entry = nix::unistd::User::from_uid(uid).ok().flatten();
        let groups = nix::unistd::getgroups().unwrap_or_default();
        let group_name = |gid| nix::unistd::Group::from_gid(gid).ok().flatten().map(|group| group.name);
        Self {
            uid: uid.as_raw(),
            name: entry.map_or_else(|| uid.to_string(), |entry| entry.name),
            groups: groups.into_iter().filter_map(group_name).collect(),
        }
    }

    /// True for a member of the group.
    pub(super) fn is_in(&self, group: &str) -> bool {
        self.groups.iter().any(|name| name == group)
    }
}

/// Whether logind keeps the user manager, by the file that it keeps for that;
/// or why that cannot be said.
pub(super) fn read_linger(root: &Path, user: &User) -> Result<bool, String> {
    let directory = root.join("var/lib/systemd/linger");
    match std::fs::symlink_metadata(directory.join(&user.name)) {
        Ok(_) => Ok(true),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error.to_string()),
    }
}

pub(super) fn judge_linger(linger: &Result<bool, String>, user: &User) -> Finding {
    match linger {
        Ok(true) => LINGER.ok(format!("the user manager of {} stays after his logout", user.name)),
        Ok(false) => LINGER.warning(
            format!("the sessions of {} end at his last logout", user.name),
            format!("loginctl enable-linger {}", user.name),
        ),
        Err(reason) => LINGER.unknown(reason),
    }
}

#[cfg(test)]
mod tests {
    use super::super::finding::Status;
    use super::*;
    use std::fs;

    #[test]
    fn linger_is_a_file_of_logind() {
        let root = tempfile::tempdir().unwrap();
        let user = User { uid: 1000, name: "player".to_owned(), groups: vec!["audio".to_owned()] };
        let finding = || judge_linger(&read_linger(root.path(), &user), &user);
        assert_eq!((finding().status, finding().remedy.as_str()), (Status::Warning, "loginctl enable-linger player"));
        let directory = root.path().join("var/lib/systemd/linger");
        fs::create_dir_all(&directory).unwrap();
        assert_eq!(finding().status, Status::Warning);
        fs::write(directory.join("player"), "").unwrap();
        assert_eq!(finding().status, Status::Ok);
        fs::remove_dir_all(&directory).unwrap();
        fs::write(&directory, "").unwrap();
        assert_eq!(finding().status, Status::Unknown);
        assert!(user.is_in("audio") && !user.is_in("video"));
    }
}
