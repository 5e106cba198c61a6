//! Resource limits of a session, as in systemd.resource-control(5).

use serde::{Deserialize, Serialize};
use std::fmt;
use std::ops::RangeInclusive;
use std::str::FromStr;

/// "No limit" and "not set", as systemd writes both on D-Bus.
pub const INFINITY: u64 = u64::MAX;

/// A numeric limit of the session's slice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Limit {
    /// CPU time per second of wall time, in µs; 1 000 000 is one whole CPU.
    CpuQuotaPerSecUsec,
    /// Share of the CPU against siblings, 1 to 10000.
    CpuWeight,
    /// Memory in bytes above which the session is slowed and reclaimed from.
    MemoryHigh,
    /// Memory in bytes above which the kernel kills.
    MemoryMax,
    /// Swap in bytes.
    MemorySwapMax,
    /// Number of processes and threads.
    TasksMax,
    /// Share of block I/O against siblings, 1 to 10000.
    IoWeight,
}

impl Limit {
    /// All limits in the order in which they are shown.
    pub const ALL: [Self; 7] = [
        Self::CpuQuotaPerSecUsec,
        Self::CpuWeight,
        Self::MemoryHigh,
        Self::MemoryMax,
        Self::MemorySwapMax,
        Self::TasksMax,
        Self::IoWeight,
    ];

    /// The request key, which is also systemd's D-Bus property.
    pub fn key(self) -> &'static str {
        match self {
            Self::CpuQuotaPerSecUsec => "CPUQuotaPerSecUSec",
            Self::CpuWeight => "CPUWeight",
            Self::MemoryHigh => "MemoryHigh",
            Self::MemoryMax => "MemoryMax",
            Self::MemorySwapMax => "MemorySwapMax",
            Self::TasksMax => "TasksMax",
            Self::IoWeight => "IOWeight",
        }
    }

    /// The limit with this request key.
    pub fn from_key(key: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|limit| limit.key() == key)
    }

    /// The cgroup controller that enforces it, see cgroups(7).
    pub fn controller(self) -> &'static str {
        match self {
            Self::CpuQuotaPerSecUsec | Self::CpuWeight => "cpu",
            Self::MemoryHigh | Self::MemoryMax | Self::MemorySwapMax => "memory",
            Self::TasksMax => "pids",
            Self::IoWeight => "io",
        }
    }

    /// True where [`INFINITY`] means "no limit"; a weight has no such value,
    /// there it means "not set".
    pub fn is_ceiling(self) -> bool {
        !matches!(self, Self::CpuWeight | Self::IoWeight)
    }

    /// The values that make sense, besides [`INFINITY`].
    pub fn range(self) -> RangeInclusive<u64> {
        match self {
            // The kernel refuses a quota below 1 ms per period (100 ms).
            Self::CpuQuotaPerSecUsec => 10_000..=1_000_000_000_000,
            Self::CpuWeight | Self::IoWeight => 1..=10_000,
            // Less than this, crun cannot even set the container up.
            Self::MemoryHigh | Self::MemoryMax => 4 << 20..=1 << 60,
            Self::MemorySwapMax => 0..=1 << 60,
            Self::TasksMax => 8..=4_194_304,
        }
    }

    /// Checks one value.
    ///
    /// # Errors
    /// A message that says which values are right.
    pub fn check(self, value: u64) -> Result<u64, String> {
        let range = self.range();
        if value == INFINITY || range.contains(&value) {
            return Ok(value);
        }
        let unset = if self.is_ceiling() { "no limit" } else { "not set" };
        Err(format!(
            "{value} is out of range, expected {} to {}, or {INFINITY} for {unset}",
            range.start(),
            range.end()
        ))
    }
}

/// Limits of one session; [`INFINITY`] where there is none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    values: [u64; 7],
    /// CPUs the session may run on; empty means all.
    pub allowed_cpus: CpuSet,
}

impl Default for Limits {
    fn default() -> Self {
        Self { values: [INFINITY; 7], allowed_cpus: CpuSet::default() }
    }
}

impl Limits {
    /// The value of one limit.
    pub fn get(&self, limit: Limit) -> u64 {
        self.values.get(limit as usize).copied().unwrap_or(INFINITY)
    }

    /// Sets one limit; the value must have passed [`Limit::check`].
    pub fn set(&mut self, limit: Limit, value: u64) {
        if let Some(slot) = self.values.get_mut(limit as usize) {
            *slot = value;
        }
    }

    /// The limits that are set.
    pub fn iter_set(&self) -> impl Iterator<Item = (Limit, u64)> {
        Limit::ALL.into_iter().map(|limit| (limit, self.get(limit))).filter(|(_, value)| *value != INFINITY)
    }
}

/// A set of CPUs in the kernel's list format (cpuset(7)): `0-3,8`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct CpuSet(Vec<(u16, u16)>);

/// The text is not a list of CPUs.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a list of CPUs, expected numbers below {CPU_LIMIT} and ranges such as 0-3,8")]
pub struct InvalidCpuSet;

/// One more than the highest CPU number accepted: systemd's own bound.
const CPU_LIMIT: u16 = 8192;

impl CpuSet {
    /// True when no CPU is named, which means no restriction.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The CPUs of the set, in their order.
    pub fn iter(&self) -> impl Iterator<Item = u16> {
        self.0.iter().flat_map(|(first, last)| *first..=*last)
    }

    /// True for a CPU of the set.
    pub fn contains(&self, cpu: u16) -> bool {
        self.0.iter().any(|(first, last)| (*first..=*last).contains(&cpu))
    }

    /// The bit mask systemd wants for `AllowedCPUs` on D-Bus: byte `n` holds
    /// the CPUs `8n` to `8n+7`, lowest bit first.
    pub fn mask(&self) -> Vec<u8> {
        let last = self.0.iter().map(|(_, last)| *last).max();
        let bytes = last.map_or(0, |last| usize::from(last) / 8 + 1);
        (0..bytes)
            .map(|byte| {
                (0..8u16)
                    .filter(|bit| self.contains(u16::try_from(byte * 8).unwrap_or(CPU_LIMIT) + bit))
                    .fold(0u8, |mask, bit| mask | 1 << bit)
            })
            .collect()
    }
}

impl FromStr for CpuSet {
    type Err = InvalidCpuSet;

    fn from_str(text: &str) -> Result<Self, InvalidCpuSet> {
        if text.is_empty() {
            return Ok(Self::default());
        }
        let mut ranges = Vec::new();
        for part in text.split(',') {
            let (first, last) = part.split_once('-').unwrap_or((part, part));
            let (first, last) = (cpu_number(first)?, cpu_number(last)?);
            if first > last {
                return Err(InvalidCpuSet);
            }
            ranges.push((first, last));
        }
        ranges.sort_unstable();
        let mut merged: Vec<(u16, u16)> = Vec::new();
        for (first, last) in ranges {
            match merged.last_mut() {
                Some(previous) if first <= previous.1.saturating_add(1) => previous.1 = previous.1.max(last),
                _ => merged.push((first, last)),
            }
        }
        Ok(Self(merged))
    }
}

fn cpu_number(text: &str) -> Result<u16, InvalidCpuSet> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|cpu| digits && *cpu < CPU_LIMIT).ok_or(InvalidCpuSet)
}

impl TryFrom<String> for CpuSet {
    type Error = InvalidCpuSet;

    fn try_from(text: String) -> Result<Self, InvalidCpuSet> {
        text.parse()
    }
}

impl From<CpuSet> for String {
    fn from(set: CpuSet) -> Self {
        set.to_string()
    }
}

impl fmt::Display for CpuSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, (first, last)) in self.0.iter().enumerate() {
            let comma = if at == 0 { "" } else { "," };
            if first == last {
                write!(f, "{comma}{first}")?;
            } else {
                write!(f, "{comma}{first}-{last}")?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cpu_sets_are_normalised() {
        for (text, normal, mask) in [
            ("", "", vec![]),
            ("0-3,8", "0-3,8", vec![0x0f, 0x01]),
            ("3,1,2", "1-3", vec![0x0e]),
            ("7,0-2,1-4", "0-4,7", vec![0x9f]),
        ] {
            let set: CpuSet = text.parse().unwrap();
            assert_eq!(set.to_string(), normal, "{text}");
            assert_eq!(set.mask(), mask, "{text}");
        }
        for text in ["a", "1-", "-1", "3-1", "8192", "1,,2", "+1", " 1", "99999999"] {
            assert_eq!(text.parse::<CpuSet>(), Err(InvalidCpuSet), "{text}");
        }
    }

    #[test]
    fn limits_know_their_range() {
        assert_eq!(Limit::CpuWeight.check(10_000), Ok(10_000));
        assert!(Limit::CpuWeight.check(0).unwrap_err().contains("1 to 10000"));
        assert_eq!(Limit::MemoryMax.check(INFINITY), Ok(INFINITY));
        assert!(Limit::MemoryMax.check(1).is_err());
        assert_eq!(Limit::MemorySwapMax.check(0), Ok(0));
        for limit in Limit::ALL {
            assert_eq!(Limit::from_key(limit.key()), Some(limit));
        }
    }
}
