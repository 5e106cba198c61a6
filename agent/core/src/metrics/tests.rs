use super::{Figure, Metrics, MetricsText, Pressure, Stall};

const CPU_STAT: &str = "usage_usec 1234567\nuser_usec 1000000\nsystem_usec 234567\nnice_usec 0\ncore_sched.force_idle_usec 0\n\
nr_periods 40\nnr_throttled 7\nthrottled_usec 350000\nnr_bursts 0\nburst_usec 0\n";
const CPU_STAT_WITHOUT_CONTROLLER: &str = "usage_usec 99\nuser_usec 90\nsystem_usec 9\n";
const MEMORY_EVENTS: &str = "low 0\nhigh 12\nmax 3\noom 2\noom_kill 1\noom_group_kill 0\n";
const IO_STAT: &str = "259:0 rbytes=8192 wbytes=4096 rios=2 wios=1 dbytes=0 dios=0\n\
8:16 rbytes=100 wbytes=0 rios=1 wios=0 dbytes=0 dios=0\n8:0\n";
const PRESSURE: &str =
    "some avg10=1.53 avg60=0.87 avg300=0.22 total=1234\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=56\n";

fn keys(metrics: &Metrics) -> Vec<&'static str> {
    metrics.pairs().into_iter().map(|(key, _)| key).collect()
}

#[test]
fn every_source_gives_its_keys_in_order() {
    let text = MetricsText {
        cpu_stat: Some(CPU_STAT),
        memory_current: Some("1048576\n"),
        memory_peak: Some("2097152\n"),
        memory_swap_current: Some("0\n"),
        memory_events: Some(MEMORY_EVENTS),
        pids_current: Some("5\n"),
        pids_peak: Some("9\n"),
        io_stat: Some(IO_STAT),
        cpu_pressure: Some(PRESSURE),
        memory_pressure: Some(PRESSURE),
        io_pressure: Some(PRESSURE),
    };
    let metrics = Metrics::parse(17, &text);
    let expected = concat!(
        r#"{"TimestampUSec":17,"CPUUsageUSec":1234567,"CPUUserUSec":1000000,"CPUSystemUSec":234567,"CPUPeriods":40,"#,
        r#""CPUThrottledPeriods":7,"CPUThrottledUSec":350000,"MemoryCurrent":1048576,"MemoryPeak":2097152,"#,
        r#""MemorySwapCurrent":0,"OOMKills":1,"TasksCurrent":5,"TasksPeak":9,"IOReadBytes":8292,"IOWriteBytes":4096,"#,
        r#""IOReadOperations":3,"IOWriteOperations":1,"#,
        r#""CPUPressureSomeUSec":1234,"CPUPressureSomeAvg10":1.53,"CPUPressureFullUSec":56,"CPUPressureFullAvg10":0.0,"#,
        r#""MemoryPressureSomeUSec":1234,"MemoryPressureSomeAvg10":1.53,"MemoryPressureFullUSec":56,"MemoryPressureFullAvg10":0.0,"#,
        r#""IOPressureSomeUSec":1234,"IOPressureSomeAvg10":1.53,"IOPressureFullUSec":56,"IOPressureFullAvg10":0.0}"#,
    );
    assert_eq!(serde_json::to_string(&metrics).unwrap(), expected);
}

#[test]
fn nothing_readable_is_a_timestamp_alone() {
    assert_eq!(keys(&Metrics::parse(1, &MetricsText::default())), ["TimestampUSec"]);
}

#[test]
fn throttling_is_absent_without_the_cpu_controller() {
    let text = MetricsText { cpu_stat: Some(CPU_STAT_WITHOUT_CONTROLLER), ..MetricsText::default() };
    assert_eq!(keys(&Metrics::parse(1, &text)), ["TimestampUSec", "CPUUsageUSec", "CPUUserUSec", "CPUSystemUSec"]);
}

#[test]
fn single_values() {
    for (text, expected) in [
        ("0\n", Some(0)),
        ("4096", Some(4096)),
        ("18446744073709551615\n", Some(u64::MAX)),
        ("max\n", None),
        ("", None),
        ("-1\n", None),
        ("18446744073709551616\n", None),
        ("12 34\n", None),
    ] {
        let metrics = Metrics::parse(0, &MetricsText { memory_current: Some(text), ..MetricsText::default() });
        assert_eq!(metrics.memory_current, expected, "{text:?}");
    }
}

#[test]
fn keyed_values() {
    for (text, expected) in [
        (MEMORY_EVENTS, Some(1)),
        ("low 0\noom_kill 3", Some(3)),
        ("oom_kill\n", None),
        ("oom_kill x\n", None),
        ("oom_killer 4\n", None),
        ("oom 4\n", None),
        ("", None),
    ] {
        let metrics = Metrics::parse(0, &MetricsText { memory_events: Some(text), ..MetricsText::default() });
        assert_eq!(metrics.oom_kills, expected, "{text:?}");
    }
}

#[test]
fn io_is_zero_without_devices_and_absent_without_the_controller() {
    let empty = Metrics::parse(0, &MetricsText { io_stat: Some(""), ..MetricsText::default() });
    assert_eq!((empty.io_read_bytes, empty.io_write_operations), (Some(0), Some(0)));
    assert_eq!(Metrics::parse(0, &MetricsText::default()).io_read_bytes, None);
}

#[test]
fn io_sums_saturate() {
    let text = "8:0 rbytes=18446744073709551615 wbytes=x\n8:1 rbytes=5 wbytes=2\n";
    let metrics = Metrics::parse(0, &MetricsText { io_stat: Some(text), ..MetricsText::default() });
    assert_eq!((metrics.io_read_bytes, metrics.io_write_bytes), (Some(u64::MAX), Some(2)));
}

#[test]
fn pressure_lines() {
    let some = Stall { total_usec: Some(1234), avg10: Some(1.53) };
    for (text, expected) in [
        (PRESSURE, Pressure { some, full: Stall { total_usec: Some(56), avg10: Some(0.0) } }),
        ("some avg10=1.53 avg60=0 avg300=0 total=1234\n", Pressure { some, full: Stall::default() }),
        ("some avg10=nan total=-1\n", Pressure::default()),
        ("something avg10=1.0 total=3\n", Pressure::default()),
        ("", Pressure::default()),
    ] {
        let metrics = Metrics::parse(0, &MetricsText { cpu_pressure: Some(text), ..MetricsText::default() });
        assert_eq!(metrics.cpu_pressure, expected, "{text:?}");
    }
}

#[test]
fn fractions_and_whole_numbers_keep_their_types() {
    let metrics = Metrics::parse(0, &MetricsText { io_pressure: Some(PRESSURE), ..MetricsText::default() });
    let pairs = metrics.pairs();
    assert!(pairs.contains(&("IOPressureSomeUSec", Figure::Whole(1234))));
    assert!(pairs.contains(&("IOPressureSomeAvg10", Figure::Fraction(1.53))));
}
