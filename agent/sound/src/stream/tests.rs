use super::*;
use crate::sound::format::Format;

const WISHES: Wishes = Wishes {
    maxlength: u32::MAX,
    tlength: 9600,
    prebuf: 3840,
    minreq: 1920,
    adjust_latency: false,
    early_requests: false,
};

/// A stream of 48 kHz, two channels and 16 bits: a piece is 1920 bytes.
fn stream(prebuf: u32, corked: bool) -> Stream {
    let spec = Spec::new(Format::S16Le, 2, 48_000).unwrap();
    let wishes = Wishes { prebuf, ..WISHES };
    let (map, volumes) = (Map::usual(2), Volumes::normal(2));
    let settings = Settings { spec, map, wishes, volumes, muted: false, corked, properties: Properties::default() };
    let (stream, wanted) = Stream::new(1, settings);
    assert_eq!(wanted, 9600);
    stream
}

/// Writes so many bytes.
fn write(stream: &mut Stream, bytes: u32) -> Vec<Event> {
    told(|tell| {
        assert!(stream.begin(Seek::Relative(0), bytes, usize::MAX, tell));
        stream.push(&vec![1; usize::try_from(bytes).unwrap()], tell);
    })
}

fn told(act: impl FnOnce(&mut dyn FnMut(Event))) -> Vec<Event> {
    let mut events = Vec::new();
    act(&mut |event| events.push(event));
    events
}

/// Plays one piece.
fn piece(stream: &mut Stream) -> Vec<Event> {
    let mut scratch = Scratch::default();
    told(|tell| {
        stream.play(&mut scratch, &mut 1, tell);
    })
}

#[test]
fn it_plays_once_there_is_enough_and_asks_for_more() {
    let mut stream = stream(3840, false);
    assert!(!stream.active());
    assert_eq!(write(&mut stream, 1920), []);
    assert!(!stream.active());
    write(&mut stream, 7680);
    assert!(stream.active());
    assert_eq!(piece(&mut stream), [Event::Started, Event::Request(1920)]);
    assert_eq!(piece(&mut stream), [Event::Request(1920)]);
    let timing = stream.timing();
    assert_eq!((timing.playing, timing.playing_for, timing.indices), (true, 3840, (9600, 3840)));
}

#[test]
fn a_stream_that_runs_dry_says_so_once_and_where_and_starts_anew() {
    let mut stream = stream(3840, false);
    write(&mut stream, 3840 + 960);
    assert_eq!(piece(&mut stream)[0], Event::Started);
    piece(&mut stream);
    assert_eq!(piece(&mut stream)[0], Event::Underflow(4800), "half of a piece is missing");
    assert!(piece(&mut stream).iter().all(|event| matches!(event, Event::Request(_))));
    assert!(!stream.timing().playing && stream.timing().underrun_for >= 1920);
    write(&mut stream, 3840);
    assert_eq!(piece(&mut stream)[0], Event::Started);
}

#[test]
fn time_ends_for_a_stream_without_sound_but_not_if_it_waits_for_nothing() {
    let mut waits = stream(3840, false);
    write(&mut waits, 3840);
    let mut pieces = 0;
    while waits.active() {
        piece(&mut waits);
        pieces += 1;
    }
    assert_eq!(pieces, 3, "and one in which the last is heard");
    let mut goes_on = stream(0, false);
    assert!((0..100).all(|_| goes_on.active() && piece(&mut goes_on).len() < 3));
    assert_eq!(goes_on.timing().indices, (0, 192_000));
    assert!(!stream(0, true).active());
}

#[test]
fn it_is_drained_when_its_last_piece_has_been_played() {
    let mut stream = stream(9600, false);
    write(&mut stream, 1920);
    assert!(!stream.active());
    assert_eq!(told(|tell| stream.drain(5, tell)), [], "less than it waited for is played too");
    assert!(stream.active());
    assert!(!piece(&mut stream).contains(&Event::Drained(5)), "it begins to be played");
    assert!(piece(&mut stream).contains(&Event::Drained(5)));
    while stream.active() {
        assert!(!piece(&mut stream).contains(&Event::Drained(5)), "once");
    }
    assert_eq!(told(|tell| stream.drain(6, tell)), [Event::Drained(6)], "there is nothing");
}

#[test]
fn a_corked_stream_stands_still_and_waits_for_enough_when_it_goes_on() {
    let mut stream = stream(3840, false);
    write(&mut stream, 5760);
    piece(&mut stream);
    piece(&mut stream);
    told(|tell| stream.cork(true, tell));
    assert!(!stream.active() && !stream.timing().playing);
    assert!(piece(&mut stream).is_empty());
    let events = told(|tell| stream.cork(false, tell));
    assert!(!events.iter().any(|event| matches!(event, Event::Underflow(_))));
    assert!(!stream.active(), "1920 of 3840 are there");
    told(|tell| stream.trigger(tell));
    assert!(stream.active());
    assert_eq!(piece(&mut stream)[0], Event::Started);
}

#[test]
fn what_does_not_fit_is_told_and_counted_as_written() {
    let mut stream = stream(3840, false);
    let most = stream.attributes().maxlength;
    write(&mut stream, most);
    let events = told(|tell| assert!(!stream.begin(Seek::Relative(0), 1920, usize::MAX, tell)));
    assert_eq!(events, [Event::Overflow]);
    assert_eq!(stream.timing().indices.0, i64::from(most) + 1920);
    let events = told(|tell| assert!(!stream.begin(Seek::Relative(0), 1919, usize::MAX, tell)));
    assert_eq!(events, [], "what is no whole sample is left out");
}

#[test]
fn what_is_flushed_is_not_played() {
    let mut stream = stream(3840, false);
    write(&mut stream, 9600);
    piece(&mut stream);
    let events = told(|tell| stream.flush(tell));
    assert_eq!(events, [Event::Request(7680)]);
    assert_eq!((stream.held(), stream.timing().indices), (0, (1920, 1920)));
}
