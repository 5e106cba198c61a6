//! The agent's own settings, and the services it talks to.

use super::finding::{Finding, Subject};
use crate::config::Problem;

pub(super) const SETTINGS: Subject = Subject {
    id: "settings",
    why: "with a wrong file none of the files count, the agent keeps the last good settings or the built-in ones",
};
pub(super) const MANAGER: Subject =
    Subject { id: "user-manager", why: "systemd's user manager runs and supervises the sessions" };
pub(super) const BUS: Subject =
    Subject { id: "session-bus", why: "callers reach the agent over the user's session bus" };

/// The first systemd whose user manager delegates the cpu controller.
const SYSTEMD_FLOOR: u32 = 252;

pub(super) fn judge_settings(problems: &[Problem]) -> Finding {
    let Some(first) = problems.first() else { return SETTINGS.ok("all files are right") };
    let all: Vec<String> = problems.iter().map(ToString::to_string).collect();
    SETTINGS.error(
        format!("{} in the settings: {}", count(problems.len()), all.join("; ")),
        format!("mend {}, then systemctl --user reload dillinger-runner.service", first.at.file.display()),
    )
}

fn count(problems: usize) -> String {
    if problems == 1 { "1 problem".to_owned() } else { format!("{problems} problems") }
}

/// On the version that the user manager told.
pub(super) fn judge_manager(version: &Result<String, String>) -> Finding {
    let version = match version {
        Ok(version) => version,
        Err(reason) => {
            let summary = format!("the user manager does not answer: {reason}");
            return MANAGER
                .error(summary, "log in by a session of systemd-logind, see systemctl status user@$UID.service");
        }
    };
    let number = version.trim_start_matches('v').split(|c: char| !c.is_ascii_digit()).next();
    match number.and_then(|number| number.parse::<u32>().ok()) {
        None => MANAGER.unknown(format!("the user manager is of version {version:?}")),
        Some(number) if number < SYSTEMD_FLOOR => MANAGER.warning(
            format!("systemd {version}, sessions are only tested with {SYSTEMD_FLOOR} and newer"),
            "upgrade the distribution",
        ),
        Some(_) => MANAGER.ok(format!("systemd {version}")),
    }
}

/// On the answer of the bus to a question about itself.
pub(super) fn judge_bus(answer: &Result<String, String>) -> Finding {
    match answer {
        Ok(id) => BUS.ok(format!("the bus answers, its id is {id}")),
        Err(reason) => BUS.error(format!("the bus does not answer: {reason}"), "systemctl --user status dbus.socket"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::finding::Status;
    use super::*;
    use crate::config::Settings;
    use std::path::Path;

    #[test]
    fn settings_name_every_problem() {
        assert_eq!(judge_settings(&[]).status, Status::Ok);
        let text = "[session]\nMemoryMx = 1\nTasksMx = 1\n";
        let problems = Settings::parse(Path::new("/etc/dillinger/runner.toml"), text).unwrap_err();
        let finding = judge_settings(&problems);
        assert_eq!(finding.status, Status::Error);
        assert!(finding.summary.starts_with("2 problems"), "{}", finding.summary);
        assert!(finding.summary.contains("MemoryMx") && finding.summary.contains("TasksMx"));
        assert!(finding.remedy.contains("/etc/dillinger/runner.toml"));
    }

    #[test]
    fn managers_are_judged_by_their_version() {
        for (version, status) in [
            (Ok("257.13-1~deb13u1".to_owned()), Status::Ok),
            (Ok("v262".to_owned()), Status::Ok),
            (Ok("249.11".to_owned()), Status::Warning),
            (Ok("unknown".to_owned()), Status::Unknown),
            (Err("no owner".to_owned()), Status::Error),
        ] {
            assert_eq!(judge_manager(&version).status, status, "{version:?}");
        }
        assert_eq!(judge_bus(&Ok("ab".to_owned())).status, Status::Ok);
        assert_eq!(judge_bus(&Err("gone".to_owned())).status, Status::Error);
    }
}
