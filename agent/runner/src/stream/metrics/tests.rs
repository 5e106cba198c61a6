use super::*;
use crate::stream::StreamError;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use tokio::sync::oneshot;

/// A directory with the files of a control group.
fn cgroup() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    for (name, text) in [
        ("cpu.stat", "usage_usec 10\nuser_usec 6\nsystem_usec 4\nnr_periods 0\nnr_throttled 0\nthrottled_usec 0\n"),
        ("memory.current", "4096\n"),
        ("memory.peak", "8192\n"),
        ("memory.events", "low 0\nhigh 0\nmax 0\noom 0\noom_kill 0\noom_group_kill 0\n"),
        ("pids.current", "2\n"),
        ("cpu.pressure", "some avg10=0.10 avg60=0.00 avg300=0.00 total=7\n"),
    ] {
        fs::write(dir.path().join(name), text).unwrap();
    }
    dir
}

/// A session without a display.
fn source(cgroup_dir: PathBuf) -> Source {
    Source { cgroup_dir, display: None }
}

async fn until_free(streams: &Streams) {
    let free = async {
        while streams.open() > 0 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), free).await.unwrap();
}

#[test]
fn a_group_is_read_and_a_vanished_one_is_an_error() {
    let dir = cgroup();
    let metrics = read(dir.path()).unwrap();
    assert_eq!(
        (metrics.memory_current, metrics.memory_swap_current, metrics.tasks_current),
        (Some(4096), None, Some(2))
    );
    assert!(metrics.timestamp_usec > 0);
    assert_eq!(read(&dir.path().join("gone")).unwrap_err().kind(), io::ErrorKind::NotFound);
}

#[tokio::test]
async fn samples_come_until_the_session_ends() {
    let (dir, streams) = (cgroup(), Streams::default());
    let (end, ended) = oneshot::channel::<()>();
    let ended = async { drop(ended.await) };
    let fd = watch(&streams, source(dir.path().to_owned()), MIN_INTERVAL, ended).unwrap();
    let reader = tokio::task::spawn_blocking(move || {
        let mut lines = BufReader::new(File::from(fd)).lines();
        let samples: Vec<String> = (0..3).map(|_| lines.next().unwrap().unwrap()).collect();
        drop(end);
        (samples, lines.map(Result::unwrap).count())
    });
    let (samples, _) = reader.await.unwrap();
    for sample in samples {
        let sample: serde_json::Value = serde_json::from_str(&sample).unwrap();
        assert_eq!((&sample["MemoryPeak"], sample.get("Missed")), (&8192.into(), None));
    }
    until_free(&streams).await;
}

#[tokio::test]
async fn the_stream_ends_at_once_when_the_reader_goes_or_the_group_does() {
    let (dir, streams) = (cgroup(), Streams::default());
    let fd = watch(&streams, source(dir.path().to_owned()), MAX_INTERVAL, std::future::pending()).unwrap();
    assert_eq!(streams.open(), 1);
    drop(fd);
    until_free(&streams).await;
    let mut file =
        File::from(watch(&streams, source(dir.path().join("gone")), MAX_INTERVAL, std::future::pending()).unwrap());
    until_free(&streams).await;
    assert_eq!(file.read(&mut [0; 8]).unwrap(), 0);
}

#[tokio::test(start_paused = true)]
async fn samples_a_slow_reader_missed_are_counted() {
    let (dir, streams) = (cgroup(), Streams::default());
    let fd = watch(&streams, source(dir.path().to_owned()), MIN_INTERVAL, std::future::pending()).unwrap();
    tokio::time::sleep(Duration::from_secs(1000)).await;
    let mut reader = BufReader::new(File::from(fd));
    let mut sample = String::new();
    let (mut delivered, mut missed) = (0, None);
    while missed.is_none() {
        sample.clear();
        tokio::time::sleep(MIN_INTERVAL).await;
        reader.read_line(&mut sample).unwrap();
        delivered += 1;
        missed = serde_json::from_str::<serde_json::Value>(&sample)
            .unwrap()
            .get("Missed")
            .and_then(serde_json::Value::as_u64);
    }
    assert!(delivered < 200, "{delivered} samples were held for a reader that did not read");
    assert!(missed.unwrap() > 9000, "{missed:?} samples of 10000 missed");
}

#[tokio::test]
async fn readers_are_limited_and_intervals_bounded() {
    let (dir, streams) = (cgroup(), Streams::new(1));
    let open = |every| watch(&streams, source(dir.path().to_owned()), every, std::future::pending());
    for every in [Duration::ZERO, Duration::from_millis(99), MAX_INTERVAL + Duration::from_nanos(1)] {
        assert!(matches!(open(every), Err(StreamError::Interval(_))), "{every:?}");
    }
    let first = open(MIN_INTERVAL).unwrap();
    assert!(matches!(open(MIN_INTERVAL), Err(StreamError::TooMany(1))));
    drop(first);
    until_free(&streams).await;
    open(MIN_INTERVAL).unwrap();
}

#[test]
fn the_longest_line_is_written_whole_or_not_at_all() {
    let pressure = "some avg10=100.00 total=18446744073709551615\nfull avg10=100.00 total=18446744073709551615\n";
    let most = Some("18446744073709551615");
    let keyed = "usage_usec 18446744073709551615\nuser_usec 18446744073709551615\nsystem_usec 18446744073709551615\n\
        nr_periods 18446744073709551615\nnr_throttled 18446744073709551615\nthrottled_usec 18446744073709551615\n\
        oom_kill 18446744073709551615\n";
    let io = "8:0 rbytes=18446744073709551615 wbytes=18446744073709551615 rios=18446744073709551615 wios=18446744073709551615";
    let text = MetricsText {
        cpu_stat: Some(keyed),
        memory_current: most,
        memory_peak: most,
        memory_swap_current: most,
        memory_events: Some(keyed),
        pids_current: most,
        pids_peak: most,
        io_stat: Some(io),
        cpu_pressure: Some(pressure),
        memory_pressure: Some(pressure),
        io_pressure: Some(pressure),
    };
    let worst = Figure::Fraction(f64::MAX);
    let streamed: Vec<_> = ["Viewers", "FrameRate", "EncodeBitrate", "EncodeLatencyUSec", "ViewerRoundTripTimeUSec"]
        .map(|key| (key, worst))
        .into();
    let line = sample_line(&Metrics::parse(u64::MAX, &text), &streamed, u64::MAX);
    let sample: serde_json::Value = serde_json::from_slice(&line).unwrap();
    assert_eq!(sample.as_object().unwrap().len(), 35);
    assert!(line.len() <= 4096, "{} bytes", line.len());
}
