//! Whether players of streamed sessions can have controllers.

use super::finding::{Finding, Subject};
use super::user::User;
use crate::gamepad::{self, Missing};
use std::path::Path;

pub(super) const SUBJECT: Subject = Subject {
    id: "gamepads",
    why: "controllers of the players of streamed sessions become virtual controllers of this host, through /dev/uinput",
};

pub(super) fn read(root: &Path) -> Result<(), Missing> {
    gamepad::check(&gamepad::device(root))
}

pub(super) fn judge(usable: &Result<(), Missing>, user: &User) -> Finding {
    match usable {
        Ok(()) => SUBJECT.ok("virtual controllers can be made"),
        Err(missing) => SUBJECT.warning(missing.to_string(), missing.remedy(&user.name)),
    }
}

#[cfg(test)]
mod tests {
    use super::super::finding::Status;
    use super::*;

    #[test]
    fn a_host_without_uinput_is_warned_of() {
        let root = tempfile::tempdir().unwrap();
        let user = User { uid: 1000, name: "player".to_owned(), groups: Vec::new() };
        let finding = judge(&read(root.path()), &user);
        assert_eq!((finding.status, finding.remedy.as_str()), (Status::Warning, "sudo modprobe uinput"));
        std::fs::create_dir(root.path().join("dev")).unwrap();
        std::fs::write(root.path().join("dev/uinput"), "").unwrap();
        assert_eq!(judge(&read(root.path()), &user).status, Status::Ok);
    }
}
