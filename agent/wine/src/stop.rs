//! How the time that a stop may take is shared out.

use std::time::Duration;

/// The most that terminated processes need to end; then the wineserver is ended.
const TERMINATE: Duration = Duration::from_secs(2);
/// The most that the wineserver needs to write the registry; then it is killed.
const SAVE: Duration = Duration::from_secs(5);
/// The most that killed processes need to be gone.
const KILL: Duration = Duration::from_secs(1);

/// What each step of a stop may take. The container is killed twice [`Self::close`] after the stop was asked for; what
/// is left of that is for the report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StopTimes {
    /// For windows to close, before their programs are terminated.
    pub close: Duration,
    /// For terminated processes to end, before the wineserver is told to.
    pub terminate: Duration,
    /// For the wineserver to write the registry, before all is killed.
    pub save: Duration,
    /// For killed processes to be gone, before they are given up.
    pub kill: Duration,
}

impl StopTimes {
    /// The times for a [`dillinger_runner_core::wine::Launch::close_usec`].
    pub fn new(close: Duration) -> Self {
        Self { close, terminate: TERMINATE.min(close / 2), save: SAVE.min(close / 4), kill: KILL.min(close / 8) }
    }
}

/// For who is not told: as long as it is of use.
impl Default for StopTimes {
    fn default() -> Self {
        Self { close: 4 * SAVE, terminate: TERMINATE, save: SAVE, kill: KILL }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn times(timeout_stop_usec: u64) -> StopTimes {
        StopTimes::new(Duration::from_micros(timeout_stop_usec / 2))
    }

    #[test]
    fn all_steps_end_before_the_container_is_killed() {
        for timeout in [2, 100_000, 1_000_000, 2_000_000, 4_000_000, 5_000_000, 90_000_000, 600_000_000, u64::MAX] {
            let StopTimes { close, terminate, save, kill } = times(timeout);
            let whole = close + terminate + save + kill;
            let killed = Duration::from_micros(timeout);
            assert!(whole < killed, "{timeout}: {whole:?}");
            // An eighth of the first half is left for the report, but for what was rounded to whole nanoseconds.
            assert!(whole + close / 8 <= killed + Duration::from_nanos(8), "{timeout}: {whole:?}");
        }
    }

    #[test]
    fn a_short_stop_has_all_steps_too() {
        let expected = StopTimes {
            close: Duration::from_secs(2),
            terminate: Duration::from_secs(1),
            save: Duration::from_millis(500),
            kill: Duration::from_millis(250),
        };
        assert_eq!(times(4_000_000), expected);
    }

    #[test]
    fn a_long_stop_waits_no_longer_than_is_of_use() {
        let expected = StopTimes { close: Duration::from_secs(45), ..StopTimes::default() };
        assert_eq!(times(90_000_000), expected);
    }
}
