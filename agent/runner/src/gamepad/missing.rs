//! What a host lacks for virtual controllers.

use super::GROUP;
use nix::errno::Errno;
use nix::unistd::{Gid, Group};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

const ENXIO: i32 = Errno::ENXIO as i32;
const ENODEV: i32 = Errno::ENODEV as i32;
/// The rule that udev has from this product.
const RULE: &str = "72-dillinger-runner-uinput.rules";
const APPLY: &str = "sudo systemd-sysusers && sudo udevadm control --reload && \
     sudo udevadm trigger --action=change /sys/devices/virtual/misc/uinput";

/// Why there are no virtual controllers, as `doctor` and the property
/// `GamepadStatus` tell it.
#[derive(Debug, thiserror::Error)]
pub enum Missing {
    /// There is no `/dev/uinput`.
    #[error("{} does not exist: the kernel module uinput is not loaded", .0.display())]
    Module(PathBuf),
    /// The device is not open to the group that the shipped rule names.
    #[error("{} belongs to group {group} with mode {mode:04o}: the udev rule {RULE} is not in force", device.display())]
    Rule {
        /// The device.
        device: PathBuf,
        /// Whose it is.
        group: String,
        /// Its permissions.
        mode: u32,
    },
    /// The user is not in the group that may open the device, or was not when he
    /// logged in.
    #[error("{} is open to group {group}, of which this user manager is no member", device.display())]
    Group {
        /// The device.
        device: PathBuf,
        /// Who may open it.
        group: String,
    },
    /// The device cannot be opened for another reason.
    #[error("{} cannot be opened: {error}", device.display())]
    Device {
        /// The device.
        device: PathBuf,
        /// Why not.
        error: io::Error,
    },
    /// The kernel did not make the controller.
    #[error("the kernel did not make a virtual controller: {0}")]
    Refused(io::Error),
    /// The controller is there, but not for this user.
    #[error("the virtual controller {} cannot be opened: {error}: the udev rule {RULE} is not in force", node.display())]
    Node {
        /// Its node.
        node: PathBuf,
        /// Why not.
        error: io::Error,
    },
}

impl Missing {
    /// Why the device cannot be opened.
    pub(super) fn of(device: &Path, error: io::Error) -> Self {
        let device = device.to_owned();
        match (error.kind(), std::fs::metadata(&device)) {
            (io::ErrorKind::NotFound, _) => Self::Module(device),
            (io::ErrorKind::PermissionDenied, Ok(found)) => Self::of_permissions(device, found.gid(), found.mode()),
            // ENODEV and ENXIO: a static node, whose module cannot be loaded.
            (_, Ok(_)) if matches!(error.raw_os_error(), Some(ENODEV | ENXIO)) => Self::Module(device),
            _ => Self::Device { device, error },
        }
    }

    fn of_permissions(device: PathBuf, gid: u32, mode: u32) -> Self {
        let name = Group::from_gid(Gid::from_raw(gid)).ok().flatten().map(|group| group.name);
        let group = name.unwrap_or_else(|| gid.to_string());
        let mode = mode & 0o7777;
        if gid != 0 && mode & 0o060 == 0o060 {
            return Self::Group { device, group };
        }
        Self::Rule { device, group, mode }
    }

    /// What mends it.
    pub fn remedy(&self, user: &str) -> String {
        match self {
            Self::Module(_) => "sudo modprobe uinput".to_owned(),
            Self::Rule { .. } | Self::Node { .. } => format!("install {RULE}, then {APPLY}"),
            Self::Group { group, .. } => format!(
                "sudo usermod --append --groups {group} {user}, then log out everywhere and in again, or \
                 sudo systemctl restart user@$(id -u {user}).service (this ends his sessions)"
            ),
            Self::Device { .. } | Self::Refused(_) => {
                format!("see journalctl --dmesg; the device is for group {GROUP}")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of_permissions(gid: u32, mode: u32) -> Missing {
        Missing::of_permissions(PathBuf::from("/dev/uinput"), gid, mode)
    }

    #[test]
    fn what_is_missing_is_named() {
        let nowhere = Missing::of(Path::new("/nonexistent/uinput"), io::ErrorKind::NotFound.into());
        let denied = || io::Error::from(io::ErrorKind::PermissionDenied);
        let node = Missing::Node { node: PathBuf::from("/dev/input/event7"), error: denied() };
        for (missing, text, remedy) in [
            (nowhere, "the kernel module uinput is not loaded", "sudo modprobe uinput"),
            (of_permissions(0, 0o20_600), "group root with mode 0600: the udev rule 72-", "install 72-dillinger"),
            (of_permissions(0, 0o20_660), "group root with mode 0660", "udevadm control --reload"),
            (of_permissions(4_000_000, 0o20_640), "group 4000000 with mode 0640", "install"),
            (
                of_permissions(4_000_000, 0o20_660),
                "open to group 4000000, of which",
                "usermod --append --groups 4000000 player",
            ),
            (node, "/dev/input/event7 cannot be opened", "install 72-dillinger-runner-uinput.rules"),
            (Missing::of(Path::new("/"), io::ErrorKind::IsADirectory.into()), "/ cannot be opened", "journalctl"),
            (Missing::of(Path::new("/"), io::Error::from_raw_os_error(ENODEV)), "not loaded", "modprobe"),
        ] {
            assert!(missing.to_string().contains(text), "{missing}");
            assert!(missing.remedy("player").contains(remedy), "{}", missing.remedy("player"));
        }
    }
}
