use super::*;
use crate::display::handshake::auth_external;
use crate::display::link::Link;
use nix::fcntl::{FcntlArg, FdFlag, fcntl};
use std::io::{Read, Write};
use std::os::unix::net::UnixStream as StdStream;
use tokio::io::AsyncReadExt;

/// The agent's end of a connection, and a streamer's end that blocks.
fn pair() -> (UnixStream, StdStream) {
    let (ours, theirs) = StdStream::pair().unwrap();
    ours.set_nonblocking(true).unwrap();
    (UnixStream::from_std(ours).unwrap(), theirs)
}

/// Shakes hands as a streamer does, and waits for the first call.
fn shake_hands(stream: &mut StdStream) {
    let auth = auth_external(crate::host::uid());
    write!(stream, "{auth}NEGOTIATE_UNIX_FD\r\nBEGIN\r\n").unwrap();
    let mut said = Vec::new();
    while !said.windows(5).any(|bytes| bytes == b"Hello") {
        let mut piece = [0; 4096];
        let read = stream.read(&mut piece).unwrap();
        assert_ne!(read, 0, "the agent hung up: {:?}", String::from_utf8_lossy(&said));
        said.extend_from_slice(&piece[..read]);
    }
}

/// Most memory that this process ever had, in KiB (`proc_pid_status(5)`).
fn peak_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

/// How opening a link ends where the streamer does this after the first call.
async fn opening(streamer: impl FnOnce(&mut StdStream) + Send + 'static) -> String {
    let (ours, mut theirs) = pair();
    let streamer = std::thread::spawn(move || {
        shake_hands(&mut theirs);
        streamer(&mut theirs);
        // Until the agent has hung up.
        let _ = std::io::copy(&mut theirs, &mut std::io::sink());
    });
    let ended = Link::open("f".repeat(32).parse().unwrap(), ours).await.unwrap_err();
    tokio::task::spawn_blocking(|| streamer.join().unwrap()).await.unwrap();
    ended.to_string()
}

#[tokio::test]
async fn a_message_that_is_too_large_ends_the_connection_before_memory_is_taken_for_it() {
    let before = peak_kib();
    for kind in [2, 4] {
        let mut header = [b'l', kind, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 32, 0, 0, 0];
        header[4..8].copy_from_slice(&(127u32 << 20).to_le_bytes());
        let error = opening(move |stream| stream.write_all(&header).unwrap()).await;
        // Saturating, for the kernel sums it up from each processor and may say less than before.
        let grown = peak_kib().saturating_sub(before);
        assert!(grown < 64 << 10, "{grown} KiB");
        assert!(error.contains("a body of 133169152 bytes"), "{error}");
    }
}

#[tokio::test]
async fn bad_framing_ends_the_connection() {
    for (header, words) in [
        (*b"x\x02\0\x01\0\0\0\0\x01\0\0\0\0\0\0\0", "begins with the byte 120"),
        (*b"l\x01\0\x01\0\0\0\0\x01\0\0\0\0\0\0\0", "the type 1"),
        (*b"l\x02\0\x01\0\0\0\0\x01\0\0\0\0\0\0\x40", "bytes of header fields"),
    ] {
        let error = opening(move |stream| stream.write_all(&header).unwrap()).await;
        assert!(error.contains(words), "{error}");
    }
}

/// Writes this with so many copies of a descriptor.
fn bring(stream: &StdStream, bytes: &[u8], descriptor: BorrowedFd<'_>, copies: usize) {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(253))];
    let mut control = SendAncillaryBuffer::new(&mut space);
    let descriptors = vec![descriptor; copies];
    assert!(control.push(SendAncillaryMessage::ScmRights(&descriptors)));
    sendmsg(stream, &[IoSlice::new(bytes)], &mut control, SendFlags::empty()).unwrap();
}

#[tokio::test]
async fn descriptors_that_nobody_asked_for_end_the_connection_and_are_closed() {
    let header = |kind: u8| [b'l', kind, 0, 1, 8, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0];
    for (kind, copies) in [(4, 1), (2, 2), (2, 3), (2, 253), (4, 253)] {
        let (mut reader, writer) = std::io::pipe().unwrap();
        let error = opening(move |stream| bring(stream, &header(kind), writer.as_fd(), copies)).await;
        assert!(error.contains("descriptors"), "{kind} with {copies}: {error}");
        // The pipe ends when nobody holds its other end any more.
        assert_eq!(reader.read(&mut [0]).unwrap(), 0);
    }
}

#[tokio::test]
async fn descriptors_that_come_one_by_one_are_counted_together() {
    let (mut reader, writer) = std::io::pipe().unwrap();
    let error = opening(move |stream| {
        bring(stream, b"l", writer.as_fd(), 1);
        bring(stream, b"\x02", writer.as_fd(), 1);
    });
    let error = error.await;
    assert!(error.contains("2 descriptors"), "{error}");
    assert_eq!(reader.read(&mut [0]).unwrap(), 0);
}

#[tokio::test]
async fn a_descriptor_is_not_left_open_for_programs_that_are_started() {
    let (ours, theirs) = pair();
    let (mut reader, _) = Bounded::new(ours).split().take();
    bring(&theirs, b"l\x02", std::io::pipe().unwrap().0.as_fd(), 1);
    let (read, descriptors) = reader.recvmsg(&mut [0; 100]).await.unwrap();
    assert_eq!((read, descriptors.len()), (2, 1));
    let flags = fcntl(&descriptors[0], FcntlArg::F_GETFD).unwrap();
    assert!(FdFlag::from_bits_truncate(flags).contains(FdFlag::FD_CLOEXEC));
}

#[tokio::test]
async fn a_message_that_was_given_up_half_written_is_the_last() {
    let (ours, mut theirs) = UnixStream::pair().unwrap();
    let (_reader, mut writer) = Bounded::new(ours).split().take();
    let large = Message::method_call("/", "A").build(&"x".repeat(16 << 20)).unwrap();
    tokio::select! {
        sent = writer.send_message(&large) => panic!("nobody reads: {sent:?}"),
        begun = theirs.readable() => begun.unwrap(),
    }
    assert!(writer.send_message(&large).await.is_err());
    let mut all = Vec::new();
    theirs.read_to_end(&mut all).await.unwrap();
    assert!(!all.is_empty() && all.len() < large.data().len(), "{}", all.len());
}
