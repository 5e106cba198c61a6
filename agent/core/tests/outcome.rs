//! How a session ended, from what was recorded: one row for each truth.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use dillinger_runner_core::id::Role;
use dillinger_runner_core::outcome::{EndFacts, Outcome};

const EXITED: i32 = 1;
const KILLED: i32 = 2;
const DUMPED: i32 = 3;

struct Row {
    what: &'static str,
    result: &'static str,
    main: (i32, i32),
    started: bool,
    stopping: Option<&'static str>,
    oom_kills: u64,
    expected: (Outcome, i32),
}

const PLAIN: Row = Row {
    what: "",
    result: "success",
    main: (EXITED, 0),
    started: true,
    stopping: None,
    oom_kills: 0,
    expected: (Outcome::Exited, 0),
};

const ROWS: &[Row] = &[
    Row { what: "status 0", ..PLAIN },
    Row { what: "status 7", result: "exit-code", main: (EXITED, 7), expected: (Outcome::Failed, 7), ..PLAIN },
    Row {
        what: "SIGSEGV in the container",
        result: "exit-code",
        main: (EXITED, 139),
        expected: (Outcome::Killed, 11),
        ..PLAIN
    },
    Row {
        what: "the highest signal",
        result: "exit-code",
        main: (EXITED, 192),
        expected: (Outcome::Killed, 64),
        ..PLAIN
    },
    Row {
        what: "a status that is no signal",
        result: "exit-code",
        main: (EXITED, 193),
        expected: (Outcome::Failed, 193),
        ..PLAIN
    },
    Row {
        what: "128 is no signal",
        result: "exit-code",
        main: (EXITED, 128),
        expected: (Outcome::Failed, 128),
        ..PLAIN
    },
    Row { what: "conmon killed", result: "signal", main: (KILLED, 9), expected: (Outcome::Killed, 9), ..PLAIN },
    Row { what: "core dumped", result: "core-dump", main: (DUMPED, 6), expected: (Outcome::Killed, 6), ..PLAIN },
    Row {
        what: "out of memory",
        result: "oom-kill",
        main: (EXITED, 137),
        oom_kills: 1,
        expected: (Outcome::OomKill, 137),
        ..PLAIN
    },
    Row { what: "out of memory in a child of a shell", oom_kills: 1, expected: (Outcome::OomKill, 0), ..PLAIN },
    Row {
        what: "stopped, and the game obeys",
        main: (EXITED, 143),
        stopping: Some("success"),
        expected: (Outcome::Stopped, 143),
        ..PLAIN
    },
    Row {
        what: "stopped, and the game must be killed",
        result: "timeout",
        main: (EXITED, 137),
        stopping: Some("success"),
        expected: (Outcome::Stopped, 137),
        ..PLAIN
    },
    Row {
        what: "stopped while memory ran out",
        result: "oom-kill",
        main: (EXITED, 137),
        stopping: Some("success"),
        oom_kills: 1,
        expected: (Outcome::Stopped, 137),
        ..PLAIN
    },
    Row {
        what: "longest run time",
        result: "timeout",
        main: (EXITED, 143),
        stopping: Some("timeout"),
        expected: (Outcome::Timeout, 143),
        ..PLAIN
    },
    Row {
        what: "never ran, program missing",
        result: "exit-code",
        main: (EXITED, 127),
        started: false,
        expected: (Outcome::StartFailed, 127),
        ..PLAIN
    },
    Row {
        what: "never ran, start time-out",
        result: "timeout",
        main: (KILLED, 15),
        started: false,
        expected: (Outcome::StartFailed, 15),
        ..PLAIN
    },
    Row {
        what: "stopped by hand while starting",
        main: (EXITED, 0),
        started: false,
        expected: (Outcome::Stopped, 0),
        ..PLAIN
    },
    Row {
        what: "stopped by the agent while starting",
        result: "exit-code",
        main: (EXITED, 125),
        started: false,
        stopping: Some("success"),
        expected: (Outcome::Stopped, 125),
        ..PLAIN
    },
    Row {
        what: "systemd gave up on it",
        result: "watchdog",
        main: (EXITED, 0),
        expected: (Outcome::Failed, 0),
        ..PLAIN
    },
];

#[test]
fn each_end_has_its_outcome() {
    for row in ROWS {
        let facts = EndFacts {
            result: row.result.to_owned(),
            main_code: row.main.0,
            main_status: row.main.1,
            started_usec: u64::from(row.started),
            ended_usec: 2,
            left_usec: None,
            stopping: row.stopping.map(str::to_owned),
            oom_kills: Some(row.oom_kills),
            stopping_usec: None,
            cpu_usage_usec: None,
            memory_peak: None,
            windows: None,
        };
        let ending = facts.ending();
        assert_eq!((ending.outcome, ending.exit_status), row.expected, "{}", row.what);
        assert!(!ending.reason.is_empty(), "{}", row.what);
    }
}

#[test]
fn a_failed_start_says_why() {
    for (status, words) in
        [(125, "Podman could not make"), (126, "cannot be executed"), (127, "not found"), (1, "could not be started")]
    {
        let facts =
            EndFacts { result: "exit-code".to_owned(), main_code: EXITED, main_status: status, ..EndFacts::default() };
        assert!(facts.ending().reason.contains(words), "{status}: {}", facts.ending().reason);
    }
}

#[test]
fn the_words_of_outcomes_are_those_of_their_records() {
    for outcome in Outcome::ALL {
        assert_eq!(serde_json::to_value(outcome).unwrap(), outcome.as_str());
    }
}

/// The display's end, and what the session's outcome is beside this end of the game.
struct Beside {
    what: &'static str,
    game: EndFacts,
    display: EndFacts,
    expected: (Outcome, i32, Role),
}

fn facts(result: &str, status: i32, started_usec: u64, ended_usec: u64) -> EndFacts {
    EndFacts {
        result: result.to_owned(),
        main_code: EXITED,
        main_status: status,
        started_usec,
        ended_usec,
        ..EndFacts::default()
    }
}

fn stopped(facts: EndFacts, result: &str, usec: Option<u64>) -> EndFacts {
    EndFacts { stopping: Some(result.to_owned()), stopping_usec: usec, ..facts }
}

fn row(what: &'static str, game: EndFacts, display: EndFacts, expected: (Outcome, i32, Role)) -> Beside {
    Beside { what, game, display, expected }
}

fn oom(facts: EndFacts) -> EndFacts {
    EndFacts { oom_kills: Some(1), ..facts }
}

/// A game that systemd stopped, and a display that died. Times are in µs.
fn taken_down() -> EndFacts {
    stopped(facts("success", 143, 1, 60), "success", Some(55))
}

fn dead(status: i32) -> EndFacts {
    facts("exit-code", status, 1, 50)
}

/// It ceased to be active before its process ended.
fn announced(facts: EndFacts, left_usec: u64, ended_usec: u64) -> EndFacts {
    EndFacts { left_usec: Some(left_usec), ended_usec, ..facts }
}

/// A display that nobody needed any more.
fn dropped() -> EndFacts {
    stopped(facts("success", 0, 1, 70), "success", Some(60))
}

fn by_the_display() -> Vec<Beside> {
    let died = |status| (Outcome::DisplayFailed, status, Role::Display);
    let unstarted = facts("exit-code", 1, 0, 50);
    let set_up = stopped(facts("exit-code", 125, 0, 60), "success", None);
    vec![
        row("it dies", taken_down(), dead(3), died(3)),
        row("it is killed", taken_down(), dead(139), died(11)),
        row("it just ends", taken_down(), dead(0), died(0)),
        row("it says that it ends, and does", taken_down(), announced(dead(3), 52, 58), died(3)),
        row("the game ends for want of it", facts("exit-code", 1, 1, 40), dead(3), died(3)),
        row("it runs out of memory", oom(taken_down()), dead(137), (Outcome::OomKill, 9, Role::Display)),
        row("it dies while the game is set up", set_up, dead(3), (Outcome::StartFailed, 3, Role::Display)),
        row("it does not come up", unstarted.clone(), unstarted, (Outcome::StartFailed, 1, Role::Display)),
    ]
}

fn by_others() -> Vec<Beside> {
    let ended = || facts("success", 0, 1, 50);
    let failed = facts("exit-code", 7, 1, 50);
    let by_hand = stopped(dead(143), "success", Some(45));
    let before = stopped(facts("success", 143, 1, 60), "success", Some(30));
    let idle = stopped(facts("success", 143, 1, 60), "idle", Some(55));
    let timeout = stopped(facts("timeout", 143, 1, 60), "timeout", Some(55));
    let game = |outcome, status| (outcome, status, Role::Game);
    vec![
        row("the game ends first", ended(), dropped(), game(Outcome::Exited, 0)),
        row("the game fails first", failed, dropped(), game(Outcome::Failed, 7)),
        row("the game runs out of memory", oom(ended()), dropped(), game(Outcome::OomKill, 0)),
        row("the display dies while the game is stopped", before, dead(3), game(Outcome::Stopped, 143)),
        row(
            "the display says that it ends while the game is stopped",
            taken_down(),
            announced(dead(3), 56, 58),
            game(Outcome::Stopped, 143),
        ),
        row("the display is stopped by hand", taken_down(), by_hand, game(Outcome::Stopped, 143)),
        row("nobody was connected", idle, dropped(), game(Outcome::Stopped, 143)),
        row("the longest run time", timeout, dropped(), game(Outcome::Timeout, 143)),
    ]
}

#[test]
fn a_display_that_dies_is_to_blame_unless_a_stop_was_asked_for_before() {
    for row in by_the_display().into_iter().chain(by_others()) {
        let (ending, role) = row.game.ending_with(&[(Role::Display, row.display)]);
        assert_eq!((ending.outcome, ending.exit_status, role), row.expected, "{}", row.what);
        assert_eq!(ending.reason.contains("display server"), role == Role::Display, "{}: {}", row.what, ending.reason);
    }
}

#[test]
fn of_two_parts_that_die_the_one_that_failed_is_to_blame_or_the_first() {
    let ended = |display: EndFacts, streamer: EndFacts| {
        let (ending, role) = taken_down().ending_with(&[(Role::Display, display), (Role::Streamer, streamer)]);
        (role, ending.reason)
    };
    let at = |usec, facts: EndFacts| EndFacts { ended_usec: usec, ..facts };
    assert_eq!(
        ended(at(40, dead(137)), dead(0)),
        (Role::Display, "its display server was killed by signal 9".to_owned())
    );
    assert_eq!(ended(at(40, dead(0)), dead(1)), (Role::Streamer, "its streamer exited with status 1".to_owned()));
    assert_eq!(ended(at(51, dead(2)), dead(1)).0, Role::Streamer);
    assert_eq!(ended(at(49, dead(0)), at(48, dead(0))).0, Role::Streamer);
    assert_eq!(ended(dropped(), dead(1)).0, Role::Streamer);
    // systemd saw the streamer's end first, and stopped what had died before.
    let late = stopped(dead(137), "success", Some(52));
    assert_eq!(ended(late, dead(0)), (Role::Display, "its display server was killed by signal 9".to_owned()));
    let by_hand = stopped(dead(137), "success", Some(45));
    assert_eq!(ended(by_hand, dead(0)).0, Role::Streamer);
    assert_eq!(ended(dropped(), dropped()).0, Role::Game);
}

#[test]
fn a_windows_game_ends_as_its_supervisor_reports() {
    use dillinger_runner_core::wine::{Installed, Report};
    // The container's own status is 1 for whatever does not fit.
    let ended = |report: Report, status| EndFacts { windows: Some(report), ..facts("success", status, 1, 2) }.ending();
    let code = |code| Report { exit_code: Some(code), program: Some("game.exe".to_owned()), ..Report::default() };
    let good = ended(code(0), 0);
    assert_eq!((good.outcome, good.exit_status), (Outcome::Exited, 0));
    let failed = ended(code(256), 1);
    assert_eq!((failed.outcome, failed.exit_status), (Outcome::Failed, 256));
    // 137 is this program's own status, and no signal of anybody.
    let own = ended(code(137), 1);
    assert_eq!((own.outcome, own.exit_status), (Outcome::Failed, 137));
    let crash = ended(Report { exception: Some(0xC000_0005), ..code(0xC000_0005) }, 1);
    assert_eq!((crash.outcome, crash.exit_status), (Outcome::Failed, 0xC000_0005_u32.cast_signed()));
    assert!(crash.reason.contains("0xC0000005 (access violation) in \"game.exe\""), "{}", crash.reason);
    let setup = Report { installed: Some(Installed::default()), ..code(3010) };
    let restart = ended(setup, 0);
    assert_eq!((restart.outcome, restart.exit_status), (Outcome::Exited, 3010));
    assert_eq!(ended(code(3010), 1).outcome, Outcome::Failed, "of a game it is a status like others");
    let refused = ended(Report { error: Some("no prefix".to_owned()), ..Report::default() }, 1);
    assert_eq!((refused.outcome, refused.reason.as_str()), (Outcome::StartFailed, "no prefix"));
    // A stop that was asked for stays one, with the game's own status.
    let stopped =
        EndFacts { stopping: Some("success".to_owned()), windows: Some(code(3)), ..facts("success", 1, 1, 2) }.ending();
    assert_eq!((stopped.outcome, stopped.exit_status), (Outcome::Stopped, 3));
    // Without a word of it, what systemd says counts.
    let silent = ended(Report::default(), 137);
    assert_eq!((silent.outcome, silent.exit_status), (Outcome::Killed, 9));
}
