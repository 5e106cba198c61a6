use super::*;

/// A field with a length, as journalctl prints values that are not plain text.
fn long(name: &str, value: &[u8]) -> Vec<u8> {
    [name.as_bytes(), b"\n", &(value.len() as u64).to_le_bytes(), value, b"\n"].concat()
}

fn parse(pieces: &[&[u8]]) -> Vec<Entry> {
    let (mut parser, mut entries) = (Parser::default(), Vec::new());
    for piece in pieces {
        parser.push(piece, &mut |entry| entries.push(entry));
    }
    entries
}

fn sample() -> (Vec<u8>, Vec<Entry>) {
    let bytes = [
        b"__CURSOR=s=1;i=2\n__REALTIME_TIMESTAMP=1700000000000001\n__MONOTONIC_TIMESTAMP=5\n_BOOT_ID=ab\n".to_vec(),
        b"PRIORITY=3\n_PID=42\n_COMM=doom\nMESSAGE=a = b\nMESSAGE=second value\nUNKNOWN=x\n\n".to_vec(),
        b"__CURSOR=s=1;i=3\n__REALTIME_TIMESTAMP=oops\n".to_vec(),
        long("MESSAGE", b"two\nlines \xff\n\n"),
        long("_COMM", b""),
        b"_TRANSPORT=driver\nN_DROPPED=7\n\n".to_vec(),
        b"__CURSOR=unfinished\n".to_vec(),
    ]
    .concat();
    let first = Entry {
        cursor: "s=1;i=2".to_owned(),
        timestamp_usec: 1_700_000_000_000_001,
        message: Some(b"a = b".to_vec()),
        priority: Some(3),
        pid: Some(42),
        comm: Some("doom".to_owned()),
        ..Entry::default()
    };
    let second = Entry {
        cursor: "s=1;i=3".to_owned(),
        message: Some(b"two\nlines \xff\n\n".to_vec()),
        comm: Some(String::new()),
        transport: Some("driver".to_owned()),
        dropped: Some(7),
        ..Entry::default()
    };
    (bytes, vec![first, second])
}

#[test]
fn entries_are_read_whole() {
    let (bytes, entries) = sample();
    assert_eq!(parse(&[&bytes]), entries);
}

#[test]
fn it_does_not_matter_where_pieces_end() {
    let (bytes, entries) = sample();
    for at in 0..bytes.len() {
        let (head, tail) = bytes.split_at(at);
        assert_eq!(parse(&[head, tail]), entries, "split at byte {at}");
    }
    let single: Vec<&[u8]> = bytes.chunks(1).collect();
    assert_eq!(parse(&single), entries);
}

#[test]
fn long_values_are_cut_and_what_follows_is_read() {
    let huge = vec![b'x'; VALUE_MAX + 1];
    let exact = vec![b'y'; VALUE_MAX];
    let bytes =
        [long("MESSAGE", &huge), b"_PID=1\n\n".to_vec(), long("MESSAGE", &exact), b"_PID=2\n\n".to_vec()].concat();
    let seen: Vec<_> = parse(&bytes.chunks(10_000).collect::<Vec<_>>())
        .into_iter()
        .map(|entry| (entry.message.unwrap().len(), entry.truncated, entry.pid))
        .collect();
    assert_eq!(seen, [(VALUE_MAX, true, Some(1)), (VALUE_MAX, false, Some(2))]);
}

#[test]
fn a_value_that_never_ends_is_not_held() {
    let mut parser = Parser::default();
    let mut none = |entry| panic!("no entry is complete: {entry:?}");
    parser.push(&[b"MESSAGE\n".as_slice(), &u64::MAX.to_le_bytes()].concat(), &mut none);
    for _ in 0..1000 {
        parser.push(&[0; 8 * 1024], &mut none);
    }
    assert!(parser.held.capacity() <= 2 * VALUE_MAX, "{} bytes", parser.held.capacity());
}

#[test]
fn empty_lines_alone_are_no_entries() {
    assert_eq!(parse(&[b"\n\n\n"]), []);
}
