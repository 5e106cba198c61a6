//! Games that bring a sandbox of their own, and what those say whose sandbox is
//! refused its namespaces.

use crate::outcome::{Ending, Outcome};

/// What the sandbox of Chromium says, and with it Electron and NW.js, after the
/// head of a line of its log. The second is said where the program for hosts
/// without user namespaces lies beside the game, as it does with Electron.
const CHROMIUM: [&str; 2] =
    ["No usable sandbox!", "The SUID sandbox helper binary was found, but is not configured correctly"];
/// What is in that head.
const CHROMIUM_FATAL: &str = ":FATAL:";
/// What bubblewrap says, with which Steam's runtime makes its containers.
const BUBBLEWRAP: [&str; 4] = [
    // "create new namespace", or "creating new namespace".
    "bwrap: No permissions to creat",
    "bwrap: Creating new namespace failed",
    "bwrap: setting up uid map",
    "bwrap: Can't mount proc on /newroot/proc",
];
/// The signals by which Chromium ends itself: SIGILL, SIGTRAP, SIGABRT.
const CHROMIUM_SIGNALS: [i32; 3] = [4, 5, 6];

/// Whether a line of a game's log says that a sandbox got no namespace. The words
/// count at the beginning alone, or after the head of Chromium's log.
pub fn is_refusal(line: &str) -> bool {
    let of_chromium = |text: &str| CHROMIUM.iter().any(|words| text.starts_with(words));
    if BUBBLEWRAP.iter().any(|words| line.starts_with(words)) || of_chromium(line) {
        return true;
    }
    let headed = line.strip_prefix('[').and_then(|line| line.split_once("] "));
    headed.is_some_and(|(head, text)| head.contains(CHROMIUM_FATAL) && of_chromium(text))
}

impl Ending {
    /// Whether the game ended as one does whose sandbox is refused.
    pub fn may_be_of_a_sandbox(&self) -> bool {
        match self.outcome {
            Outcome::Failed => true,
            Outcome::Killed => CHROMIUM_SIGNALS.contains(&self.exit_status),
            _ => false,
        }
    }

    /// Says why a sandbox was refused: the session has no user namespaces, or, if
    /// it has, the host permits none.
    pub fn explain_sandbox(&mut self, user_namespaces: bool) {
        let why = if user_namespaces {
            "this host forbids the user namespaces that the game's own sandbox needs, see user.max_user_namespaces and \
             kernel.apparmor_restrict_unprivileged_userns"
        } else {
            "the game's own sandbox needs UserNamespaces=true"
        };
        self.reason = format!("{}; {why}", self.reason);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ELECTRON: &str = "[15135:0722/124637.533693:FATAL:setuid_sandbox_host.cc(157)] The SUID sandbox helper \
                            binary was found, but is not configured correctly. Rather than run without sandboxing \
                            I'm aborting now.";

    #[test]
    fn what_sandboxes_say_is_known() {
        for line in [
            "[3:3:1130/101500.000000:FATAL:zygote_host_impl_linux.cc(132)] No usable sandbox! If you are running on …",
            "[1130/101500.000000:FATAL:content/browser/zygote_host/zygote_host_impl_linux.cc:132] No usable sandbox!",
            "No usable sandbox! Update your kernel",
            ELECTRON,
            "bwrap: No permissions to create new namespace, likely because the kernel does not allow non-privileged …",
            "bwrap: No permissions to creating new namespace, likely because the kernel does not allow …",
            "bwrap: Creating new namespace failed: nesting depth or /proc/sys/user/max_*_namespaces exceeded (ENOSPC)",
            "bwrap: setting up uid map: Permission denied",
            "bwrap: Can't mount proc on /newroot/proc: Operation not permitted",
        ] {
            assert!(is_refusal(line), "{line}");
        }
    }

    #[test]
    fn nothing_else_is_taken_for_it() {
        for line in [
            "",
            "[",
            "[] ",
            "] No usable sandbox!",
            "chat: No usable sandbox!",
            "[chat] No usable sandbox!",
            "[3:3:1130/101500.000000:ERROR:gpu.cc(1)] No usable sandbox!",
            "[3:3:1130/101500.000000:FATAL:gpu.cc(1)] it says: No usable sandbox!",
            "bwrap: execvp doom: No such file or directory",
            " bwrap: setting up uid map: Permission denied",
        ] {
            assert!(!is_refusal(line), "{line}");
        }
    }

    #[test]
    fn a_game_that_failed_by_itself_may_have_failed_for_its_sandbox() {
        let may = |outcome, exit_status| Ending { outcome, exit_status, reason: String::new() }.may_be_of_a_sandbox();
        assert!(may(Outcome::Failed, 1) && may(Outcome::Failed, 0) && may(Outcome::Killed, 5));
        assert!(!may(Outcome::Killed, 9) && !may(Outcome::Exited, 0) && !may(Outcome::Stopped, 1));
    }

    #[test]
    fn the_reason_names_the_key_or_what_the_host_forbids() {
        let explained = |user_namespaces| {
            let reason = "exited with status 7".to_owned();
            let mut ending = Ending { outcome: Outcome::Failed, exit_status: 7, reason };
            ending.explain_sandbox(user_namespaces);
            ending.reason
        };
        assert_eq!(explained(false), "exited with status 7; the game's own sandbox needs UserNamespaces=true");
        let forbidden = explained(true);
        assert!(forbidden.starts_with("exited with status 7; this host forbids") && !forbidden.contains("=true"));
    }
}
