//! What `dillinger-launch.exe` writes of the processes of its job, and which of their exit codes is the game's.

use dillinger_runner_core::wine::exception_name;

/// What became of the programs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Events {
    /// Why the program was not started: the error's number of Windows.
    pub failed: Option<u32>,
    /// Process identifier of the program that was started.
    pub started: Option<u32>,
    /// Whether all that still lived was terminated.
    pub terminated: bool,
    /// The processes that have ended by themselves, in that order.
    pub ended: Vec<Ended>,
}

/// A process that has ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ended {
    /// Its identifier in Windows.
    pub pid: u32,
    /// Its exit code.
    pub code: u32,
    /// File name of its program.
    pub name: String,
}

/// How the game ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// Its exit code.
    pub code: u32,
    /// Whether that is an exception's.
    pub exception: bool,
    /// File name of the program.
    pub name: String,
}

/// Programs that come with others, last longer and end with a code that says nothing of the game: Wine's own, and those
/// that send the makers of a game a report of its crash.
const HELPERS: &[&str] = &[
    "BsSndRpt.exe",
    "BsSndRpt64.exe",
    "conhost.exe",
    "CrashReportClient.exe",
    "CrashSender1403.exe",
    "crashpad_handler.exe",
    "dllhost.exe",
    "dwwin.exe",
    "explorer.exe",
    "mscorsvw.exe",
    "plugplay.exe",
    "rpcss.exe",
    "services.exe",
    "svchost.exe",
    "tabtip.exe",
    "UnityCrashHandler32.exe",
    "UnityCrashHandler64.exe",
    "WerFault.exe",
    "wineboot.exe",
    "winedbg.exe",
    "winedevice.exe",
    "winemenubuilder.exe",
];
/// Programs that start others.
const STARTERS: &[&str] = &["cmd.exe", "start.exe"];

fn among(name: &str, names: &[&str]) -> bool {
    names.iter().any(|known| known.eq_ignore_ascii_case(name))
}

impl Events {
    /// Reads what was written. Lines that are not known or not whole are left out: the writer may have been killed.
    pub fn parse(text: &str) -> Self {
        let mut events = Self::default();
        for line in text.lines() {
            let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
            match word {
                "failed" => events.failed = rest.parse().ok(),
                "started" => events.started = rest.parse().ok(),
                "terminated" => events.terminated = true,
                "ended" => events.ended.extend(Ended::parse(rest)),
                _ => {}
            }
        }
        events
    }

    /// How the game ended: the program that was started or, if that was outlived by others, the last of them.
    pub fn outcome(&self) -> Option<Outcome> {
        let programs: Vec<&Ended> = self.ended.iter().filter(|ended| !among(&ended.name, HELPERS)).collect();
        let last = *programs.last()?;
        if self.terminated {
            // The game was among those that did not end by themselves.
            return None;
        }
        let others = || programs.iter().rev().find(|ended| !among(&ended.name, STARTERS)).copied();
        let game = match self.started {
            // `start /wait` has the code of the program that it has waited for.
            Some(pid) if pid == last.pid => {
                others().filter(|ended| among(&last.name, &["start.exe"]) && ended.code == last.code).unwrap_or(last)
            }
            _ => others().unwrap_or(last),
        };
        let exception = exception_name(game.code).is_some();
        Some(Outcome { code: game.code, exception, name: game.name.clone() })
    }
}

impl Ended {
    fn parse(text: &str) -> Option<Self> {
        let mut words = text.splitn(3, ' ');
        let pid = words.next()?.parse().ok()?;
        let code = u32::from_str_radix(words.next()?, 16).ok()?;
        let path = words.next()?;
        let name = path.rsplit(['\\', '/']).next().unwrap_or(path).to_owned();
        Some(Self { pid, code, name })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(text: &str) -> Option<(u32, String)> {
        Events::parse(text).outcome().map(|outcome| (outcome.code, outcome.name))
    }

    fn is(code: u32, name: &str) -> (u32, String) {
        (code, name.to_owned())
    }

    #[test]
    fn a_program_alone() {
        let text = "started 32\nended 32 0000012c D:\\a b\\gäme.exe\n";
        assert_eq!(outcome(text), Some(is(300, "gäme.exe")));
        assert_eq!(Events::parse("failed 2\n").failed, Some(2));
    }

    #[test]
    fn the_game_counts_not_the_launcher_that_it_outlives() {
        let text = "started 32\nended 32 00000000 D:\\launcher.exe\nended 40 00000007 D:\\game.exe\n";
        assert_eq!(outcome(text), Some(is(7, "game.exe")));
    }

    #[test]
    fn a_program_that_waits_for_its_own_counts_itself() {
        let text = "started 32\nended 40 00000007 D:\\tool.exe\nended 32 00000001 D:\\game.exe\n";
        assert_eq!(outcome(text), Some(is(1, "game.exe")));
    }

    #[test]
    fn helpers_that_outlive_it_do_not_count() {
        let text = "started 32\nended 32 c0000005 D:\\game.exe\nended 40 00000000 C:\\windows\\system32\\winedbg.exe\n\
                    ended 44 00000000 D:\\UnityCrashHandler64.exe\n";
        let expected = Outcome { code: 0xC000_0005, exception: true, name: "game.exe".to_owned() };
        assert_eq!(Events::parse(text).outcome(), Some(expected));
    }

    #[test]
    fn starters_count_only_for_themselves() {
        let batch = "started 32\nended 40 00000007 D:\\tool.exe\nended 32 00000003 C:\\windows\\system32\\cmd.exe\n";
        assert_eq!(outcome(batch), Some(is(3, "cmd.exe")), "a batch file has a code of its own");
        let left = "started 32\nended 32 00000000 C:\\windows\\system32\\cmd.exe\nended 40 00000005 D:\\game.exe\n\
                    ended 44 00000000 C:\\windows\\system32\\cmd.exe\n";
        assert_eq!(outcome(left), Some(is(5, "game.exe")));
        let shortcut =
            "started 32\nended 40 00000007 D:\\game.exe\nended 32 00000007 C:\\windows\\command\\start.exe\n";
        assert_eq!(outcome(shortcut), Some(is(7, "game.exe")));
    }

    #[test]
    fn what_was_terminated_has_no_code() {
        assert_eq!(outcome("started 32\nasked 0\nterminated\n"), None);
        assert_eq!(outcome("started 32\nended 32 00000000 D:\\launcher.exe\nasked 1\nterminated\n"), None);
        assert_eq!(outcome("started 32\nasked 1\nended 32 00000007 D:\\game.exe\n"), Some(is(7, "game.exe")));
    }

    #[test]
    fn a_line_that_is_not_whole_is_left_out() {
        assert_eq!(outcome("started 32\nended 32 000"), None);
        assert_eq!(outcome("started 32\nended x 00000000 a\nended 1 zz a\nnonsense\n"), None);
    }
}
