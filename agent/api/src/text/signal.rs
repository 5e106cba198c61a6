//! Signals by name and number, signal(7).

use super::{TextError, digits};

/// Names without `SIG` of the signals from 1 on, on x86 and ARM.
const NAMES: [&str; 31] = [
    "HUP", "INT", "QUIT", "ILL", "TRAP", "ABRT", "BUS", "FPE", "KILL", "USR1", "SEGV", "USR2", "PIPE", "ALRM", "TERM",
    "STKFLT", "CHLD", "CONT", "STOP", "TSTP", "TTIN", "TTOU", "URG", "XCPU", "XFSZ", "VTALRM", "PROF", "WINCH", "IO",
    "PWR", "SYS",
];
const REALTIME_MIN: i32 = 34;
const MAX: i32 = 64;

/// Number of a signal from `TERM`, `SIGTERM`, `sigterm`, `15` or `RTMIN+3`.
///
/// # Errors
/// The text is none of them.
pub fn parse_signal(text: &str) -> Result<i32, TextError> {
    let upper = text.to_ascii_uppercase();
    let name = upper.strip_prefix("SIG").unwrap_or(&upper);
    let number = if let Some(number) = digits(text) {
        number.parse().ok()
    } else if let Some(offset) = name.strip_prefix("RTMIN+").and_then(digits) {
        offset.parse::<i32>().ok().and_then(|offset| REALTIME_MIN.checked_add(offset))
    } else {
        let at = NAMES.iter().position(|known| *known == name);
        at.and_then(|at| i32::try_from(at + 1).ok())
    };
    number.filter(|number| (1..=MAX).contains(number)).ok_or_else(|| {
        TextError::not(text, format!("a signal, expected a name such as SIGTERM or a number from 1 to {MAX}"))
    })
}

/// Name of a signal, `SIGTERM`; the number where it has none.
#[must_use]
pub fn signal_name(number: i32) -> String {
    let at = usize::try_from(number).ok().and_then(|number| number.checked_sub(1));
    match at.and_then(|at| NAMES.get(at)) {
        Some(name) => format!("SIG{name}"),
        None if (REALTIME_MIN..=MAX).contains(&number) => format!("SIGRTMIN+{}", number - REALTIME_MIN),
        None => number.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signals() {
        for (text, number) in
            [("TERM", 15), ("SIGKILL", 9), ("sigint", 2), ("15", 15), ("SYS", 31), ("SIGRTMIN+0", 34), ("64", 64)]
        {
            assert_eq!(parse_signal(text), Ok(number), "{text}");
        }
        for text in ["", "0", "65", "-1", "SIG", "SIGFOO", "RTMIN+31", "RTMIN+99999999999"] {
            assert!(parse_signal(text).is_err(), "{text}");
        }
        for number in (1..=31).chain(34..=64) {
            assert_eq!(parse_signal(&signal_name(number)), Ok(number));
        }
    }
}
