//! Resource use of a control group, parsed from the texts of its cgroup v2 files.
//!
//! Pure: the caller reads the files, this module understands them. A figure whose source does not exist, or does not
//! hold a number, is `None`; nothing is ever reported as 0 for want of a source.
//!
//! Formats: the kernel's `Documentation/admin-guide/cgroup-v2.rst` and `Documentation/accounting/psi.rst`.

mod parse;
#[cfg(test)]
mod tests;

use serde::ser::{Serialize, SerializeMap, Serializer};

/// The texts of a control group's files; `None` where a file does not exist or cannot be read.
#[derive(Debug, Clone, Copy, Default)]
pub struct MetricsText<'a> {
    /// `cpu.stat`
    pub cpu_stat: Option<&'a str>,
    /// `memory.current`
    pub memory_current: Option<&'a str>,
    /// `memory.peak` (Linux 5.19)
    pub memory_peak: Option<&'a str>,
    /// `memory.swap.current`
    pub memory_swap_current: Option<&'a str>,
    /// `memory.events`
    pub memory_events: Option<&'a str>,
    /// `pids.current`
    pub pids_current: Option<&'a str>,
    /// `pids.peak` (Linux 6.1)
    pub pids_peak: Option<&'a str>,
    /// `io.stat`
    pub io_stat: Option<&'a str>,
    /// `cpu.pressure`
    pub cpu_pressure: Option<&'a str>,
    /// `memory.pressure`
    pub memory_pressure: Option<&'a str>,
    /// `io.pressure`
    pub io_pressure: Option<&'a str>,
}

/// One line of a pressure file: how long tasks waited for the resource.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Stall {
    /// Total time waited, in microseconds.
    pub total_usec: Option<u64>,
    /// Share of the last ten seconds spent waiting, in per cent.
    pub avg10: Option<f64>,
}

/// A pressure file: `some` task waited, or the `full` set of them did.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Pressure {
    /// At least one task waited.
    pub some: Stall,
    /// All tasks that had work waited at once.
    pub full: Stall,
}

/// A figure: a whole number (bytes, microseconds, counts) or a fraction (per cent).
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Figure {
    /// D-Bus type `t`.
    Whole(u64),
    /// D-Bus type `d`.
    Fraction(f64),
}

/// Resource use of one control group and everything below it at one moment.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Metrics {
    /// When it was read, in microseconds since the epoch.
    pub timestamp_usec: u64,
    /// CPU time, in microseconds.
    pub cpu_usage_usec: Option<u64>,
    /// CPU time in user mode, in microseconds.
    pub cpu_user_usec: Option<u64>,
    /// CPU time in the kernel, in microseconds.
    pub cpu_system_usec: Option<u64>,
    /// Enforcement periods of the CPU quota that passed.
    pub cpu_periods: Option<u64>,
    /// Periods in which the quota was used up.
    pub cpu_throttled_periods: Option<u64>,
    /// Time spent throttled, in microseconds.
    pub cpu_throttled_usec: Option<u64>,
    /// Memory in use, in bytes.
    pub memory_current: Option<u64>,
    /// The most memory ever in use, in bytes.
    pub memory_peak: Option<u64>,
    /// Swap in use, in bytes.
    pub memory_swap_current: Option<u64>,
    /// Processes killed for want of memory.
    pub oom_kills: Option<u64>,
    /// Tasks (processes and threads).
    pub tasks_current: Option<u64>,
    /// The most tasks there ever were.
    pub tasks_peak: Option<u64>,
    /// Bytes read from block devices, all devices together.
    pub io_read_bytes: Option<u64>,
    /// Bytes written to block devices.
    pub io_write_bytes: Option<u64>,
    /// Read operations.
    pub io_read_operations: Option<u64>,
    /// Write operations.
    pub io_write_operations: Option<u64>,
    /// Waiting for the CPU.
    pub cpu_pressure: Pressure,
    /// Waiting for memory.
    pub memory_pressure: Pressure,
    /// Waiting for block devices.
    pub io_pressure: Pressure,
}

impl Metrics {
    /// Understands the files' texts. Never fails: what is not understood is absent.
    pub fn parse(timestamp_usec: u64, text: &MetricsText<'_>) -> Self {
        let cpu = parse::Keyed::new(text.cpu_stat);
        let events = parse::Keyed::new(text.memory_events);
        let io = parse::io_totals(text.io_stat);
        Self {
            timestamp_usec,
            cpu_usage_usec: cpu.get("usage_usec"),
            cpu_user_usec: cpu.get("user_usec"),
            cpu_system_usec: cpu.get("system_usec"),
            cpu_periods: cpu.get("nr_periods"),
            cpu_throttled_periods: cpu.get("nr_throttled"),
            cpu_throttled_usec: cpu.get("throttled_usec"),
            memory_current: parse::single(text.memory_current),
            memory_peak: parse::single(text.memory_peak),
            memory_swap_current: parse::single(text.memory_swap_current),
            oom_kills: events.get("oom_kill"),
            tasks_current: parse::single(text.pids_current),
            tasks_peak: parse::single(text.pids_peak),
            io_read_bytes: io.map(|io| io.read_bytes),
            io_write_bytes: io.map(|io| io.write_bytes),
            io_read_operations: io.map(|io| io.read_operations),
            io_write_operations: io.map(|io| io.write_operations),
            cpu_pressure: parse::pressure(text.cpu_pressure),
            memory_pressure: parse::pressure(text.memory_pressure),
            io_pressure: parse::pressure(text.io_pressure),
        }
    }

    /// The figures that exist, in the order and under the names of the D-Bus contract.
    pub fn pairs(&self) -> Vec<(&'static str, Figure)> {
        let mut pairs = vec![("TimestampUSec", Figure::Whole(self.timestamp_usec))];
        pairs.extend(self.counters().into_iter().filter_map(|(key, value)| Some((key, Figure::Whole(value?)))));
        pairs.extend(self.stalls().into_iter().flatten());
        pairs
    }

    fn counters(&self) -> [(&'static str, Option<u64>); 16] {
        [
            ("CPUUsageUSec", self.cpu_usage_usec),
            ("CPUUserUSec", self.cpu_user_usec),
            ("CPUSystemUSec", self.cpu_system_usec),
            ("CPUPeriods", self.cpu_periods),
            ("CPUThrottledPeriods", self.cpu_throttled_periods),
            ("CPUThrottledUSec", self.cpu_throttled_usec),
            ("MemoryCurrent", self.memory_current),
            ("MemoryPeak", self.memory_peak),
            ("MemorySwapCurrent", self.memory_swap_current),
            ("OOMKills", self.oom_kills),
            ("TasksCurrent", self.tasks_current),
            ("TasksPeak", self.tasks_peak),
            ("IOReadBytes", self.io_read_bytes),
            ("IOWriteBytes", self.io_write_bytes),
            ("IOReadOperations", self.io_read_operations),
            ("IOWriteOperations", self.io_write_operations),
        ]
    }

    fn stalls(&self) -> [Option<(&'static str, Figure)>; 12] {
        let (cpu, memory, io) = (&self.cpu_pressure, &self.memory_pressure, &self.io_pressure);
        let total = |key, stall: &Stall| stall.total_usec.map(|usec| (key, Figure::Whole(usec)));
        let avg10 = |key, stall: &Stall| stall.avg10.map(|share| (key, Figure::Fraction(share)));
        [
            total("CPUPressureSomeUSec", &cpu.some),
            avg10("CPUPressureSomeAvg10", &cpu.some),
            total("CPUPressureFullUSec", &cpu.full),
            avg10("CPUPressureFullAvg10", &cpu.full),
            total("MemoryPressureSomeUSec", &memory.some),
            avg10("MemoryPressureSomeAvg10", &memory.some),
            total("MemoryPressureFullUSec", &memory.full),
            avg10("MemoryPressureFullAvg10", &memory.full),
            total("IOPressureSomeUSec", &io.some),
            avg10("IOPressureSomeAvg10", &io.some),
            total("IOPressureFullUSec", &io.full),
            avg10("IOPressureFullAvg10", &io.full),
        ]
    }
}

/// A map of the keys of [`Metrics::pairs`], in their order.
impl Serialize for Metrics {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let pairs = self.pairs();
        let mut map = serializer.serialize_map(Some(pairs.len()))?;
        for (key, figure) in pairs {
            match figure {
                Figure::Whole(value) => map.serialize_entry(key, &value)?,
                Figure::Fraction(value) => map.serialize_entry(key, &value)?,
            }
        }
        map.end()
    }
}
