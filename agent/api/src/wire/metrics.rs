//! What a session uses.

use super::convert::dictionary;

dictionary! {
    /// The answer of `ReadMetrics` and one line of `WatchMetrics`: the whole session, `None` where
    /// the host has no source for a number.
    Metrics {
        /// When it was read, in µs since 1970 UTC.
        "TimestampUSec" timestamp_usec: Option<u64>,
        /// Processor time in µs.
        "CPUUsageUSec" cpu_usage_usec: Option<u64>,
        /// Of it in user mode.
        "CPUUserUSec" cpu_user_usec: Option<u64>,
        /// Of it in the kernel.
        "CPUSystemUSec" cpu_system_usec: Option<u64>,
        /// Periods of the quota.
        "CPUPeriods" cpu_periods: Option<u64>,
        /// Periods in which the quota held the session back.
        "CPUThrottledPeriods" cpu_throttled_periods: Option<u64>,
        /// Time it was held back in µs.
        "CPUThrottledUSec" cpu_throttled_usec: Option<u64>,
        /// Memory in bytes.
        "MemoryCurrent" memory_current: Option<u64>,
        /// Most memory in bytes.
        "MemoryPeak" memory_peak: Option<u64>,
        /// Swap in bytes.
        "MemorySwapCurrent" memory_swap_current: Option<u64>,
        /// Processes the kernel killed for want of memory.
        "OOMKills" oom_kills: Option<u64>,
        /// Processes and threads.
        "TasksCurrent" tasks_current: Option<u64>,
        /// Most processes and threads.
        "TasksPeak" tasks_peak: Option<u64>,
        /// Bytes read from block devices.
        "IOReadBytes" io_read_bytes: Option<u64>,
        /// Bytes written to block devices.
        "IOWriteBytes" io_write_bytes: Option<u64>,
        /// Reads from block devices.
        "IOReadOperations" io_read_operations: Option<u64>,
        /// Writes to block devices.
        "IOWriteOperations" io_write_operations: Option<u64>,
        /// Time in µs in which some task waited for a processor.
        "CPUPressureSomeUSec" cpu_pressure_some_usec: Option<u64>,
        /// Time in µs in which all tasks waited for a processor.
        "CPUPressureFullUSec" cpu_pressure_full_usec: Option<u64>,
        /// Of the last 10 s, in percent.
        "CPUPressureSomeAvg10" cpu_pressure_some_avg10: Option<f64>,
        /// Of the last 10 s, in percent.
        "CPUPressureFullAvg10" cpu_pressure_full_avg10: Option<f64>,
        /// Time in µs in which some task waited for memory.
        "MemoryPressureSomeUSec" memory_pressure_some_usec: Option<u64>,
        /// Time in µs in which all tasks waited for memory.
        "MemoryPressureFullUSec" memory_pressure_full_usec: Option<u64>,
        /// Of the last 10 s, in percent.
        "MemoryPressureSomeAvg10" memory_pressure_some_avg10: Option<f64>,
        /// Of the last 10 s, in percent.
        "MemoryPressureFullAvg10" memory_pressure_full_avg10: Option<f64>,
        /// Time in µs in which some task waited for I/O.
        "IOPressureSomeUSec" io_pressure_some_usec: Option<u64>,
        /// Time in µs in which all tasks waited for I/O.
        "IOPressureFullUSec" io_pressure_full_usec: Option<u64>,
        /// Of the last 10 s, in percent.
        "IOPressureSomeAvg10" io_pressure_some_avg10: Option<f64>,
        /// Of the last 10 s, in percent.
        "IOPressureFullAvg10" io_pressure_full_avg10: Option<f64>,
        /// Viewers of a streamed session who are connected.
        "Viewers" viewers: Option<u64>,
        /// Frames that were encoded for them in the last second.
        "FrameRate" frame_rate: Option<f64>,
        /// What the encoder aims at in bits per second.
        "EncodeBitrate" encode_bitrate: Option<u64>,
        /// From a picture to its encoded form in µs, mean of the last second.
        "EncodeLatencyUSec" encode_latency_usec: Option<u64>,
        /// Time to the slowest viewer and back in µs.
        "ViewerRoundTripTimeUSec" viewer_round_trip_time_usec: Option<u64>,
        /// Part of the packets to the worst viewer that are lost, 0 to 1.
        "ViewerLossFraction" viewer_loss_fraction: Option<f64>,
        /// Samples of `WatchMetrics` left out before this one, because the reader was slow.
        "Missed" missed: Option<u64>,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn absent_is_not_zero() {
        let metrics = Metrics { memory_current: Some(0), io_pressure_some_avg10: Some(0.5), ..Metrics::default() };
        let dict = metrics.clone().into_dict();
        assert_eq!(dict.len(), 2);
        assert_eq!(Metrics::from_dict(&dict), metrics);
        let line = serde_json::to_string(&metrics).unwrap();
        assert_eq!(line, r#"{"MemoryCurrent":0,"IOPressureSomeAvg10":0.5}"#);
        assert_eq!(serde_json::from_str::<Metrics>(&line).unwrap(), metrics);
    }
}
