//! What is tried with each input: by the fuzzer with what it makes up, by the test `seeds` with what is kept in `seeds/`.

use dillinger_ring::memory::{Reader, Writer};
use dillinger_ring::message::{FromDisplay, MAX_CLIPBOARD, MAX_KEYMAP, Message, SIZE, SLOTS, ToDisplay};
use dillinger_ring::pad::{Rumble, State};
use dillinger_ring::planes::Planes;
use dillinger_ring::socket::{Socket, pair};
use dillinger_ring::text;
use rustix::fs::MemfdFlags;
use rustix::net::{SendAncillaryBuffer, SendAncillaryMessage, SendFlags, sendmsg};
use std::io::IoSlice;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, OwnedFd};

/// Flags: from the streamer, not from the display.
const TO_DISPLAY: u8 = 1;
/// The kind is as it is; otherwise it is made one of the 32 first.
const ANY_KIND: u8 = 2;
/// How many descriptors come with it, in two bits.
const DESCRIPTORS: u8 = 4;
/// What they are, in two bits: memory as it has to be, memory that is not sealed, memory of no length, a pipe.
const MEMORY: u8 = 16;
/// On the channel of a controller: from the streamer with [`TO_DISPLAY`], else from the agent.
const PAD: u8 = 64;
/// Of a message in an input: flags, its length, and what it says.
const RECORD: usize = 2 + SIZE;

/// Whatever the other side sends. Returns how many of the messages make sense.
pub fn messages(input: &[u8]) -> usize {
    let records = input.as_chunks::<RECORD>().0;
    records.iter().filter(|[flags, length, message @ ..]| one(*flags, *length, *message)).count()
}

fn one(flags: u8, length: u8, mut message: [u8; SIZE]) -> bool {
    if flags & ANY_KIND == 0
        && let Some(kind) = message.first_chunk_mut::<4>()
    {
        *kind = (u32::from_le_bytes(*kind) % 32).to_le_bytes();
    }
    // Most are as long as they have to be.
    let length = if length < 128 { SIZE } else { usize::from(length - 128) };
    let mut bytes = message.to_vec();
    bytes.resize(length, 0xa5);
    let count = usize::from(flags / DESCRIPTORS % 4);
    let memory = what(flags / MEMORY % 4, message);
    let (socket, theirs) = pair().expect("a socket");
    send(&theirs, &bytes, &vec![&memory; count]);
    let valid = match (flags & PAD != 0, flags & TO_DISPLAY != 0) {
        (false, false) => from_display(&socket),
        (false, true) => to_display(&socket),
        (true, false) => of_pad::<Rumble>(&socket),
        (true, true) => of_pad::<State>(&socket),
    };
    assert!(!valid || (length == SIZE && count <= 1));
    valid
}

/// A message as the system takes it. One without bytes is the end of the connection.
fn send(socket: &OwnedFd, bytes: &[u8], descriptors: &[&OwnedFd]) {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(3))];
    let mut ancillary = SendAncillaryBuffer::new(&mut space);
    let descriptors: Vec<_> = descriptors.iter().map(AsFd::as_fd).collect();
    if !descriptors.is_empty() {
        ancillary.push(SendAncillaryMessage::ScmRights(&descriptors));
    }
    sendmsg(socket, &[IoSlice::new(bytes)], &mut ancillary, SendFlags::NOSIGNAL).expect("it is sent");
}

/// The descriptor that comes with a message.
fn what(kind: u8, message: [u8; SIZE]) -> OwnedFd {
    let empty = || rustix::fs::memfd_create("fuzz", MemfdFlags::ALLOW_SEALING).expect("memory");
    match (kind, FromDisplay::decode(&message)) {
        (0, Ok(FromDisplay::Ring { planes, .. })) => {
            Writer::new(planes).and_then(|ring| ring.as_fd().try_clone_to_owned()).expect("a ring")
        }
        (0, _) => text::memory("Täxt").expect("a text"),
        (1, _) => {
            let memory = empty();
            rustix::fs::ftruncate(&memory, 1 << 16).expect("its length");
            memory
        }
        (2, _) => empty(),
        _ => std::io::pipe().expect("a pipe").0.into(),
    }
}

/// As the streamer does.
fn from_display(socket: &Socket) -> bool {
    let Ok(Some((message, descriptor))) = socket.receive::<FromDisplay>() else { return false };
    assert_eq!(FromDisplay::decode(&message.encode()), Ok(message));
    assert_eq!(message.has_descriptor(), descriptor.is_some());
    match (message, descriptor) {
        (FromDisplay::Ring { planes, .. }, Some(memory)) => read_ring(&memory, planes),
        (FromDisplay::Clipboard { bytes }, Some(memory)) => read_text(memory, bytes, MAX_CLIPBOARD),
        (FromDisplay::Frame { slot, .. }, None) => assert!(slot < SLOTS),
        _ => {}
    }
    true
}

/// As the display does.
fn to_display(socket: &Socket) -> bool {
    let Ok(Some((message, descriptor))) = socket.receive::<ToDisplay>() else { return false };
    assert_eq!(ToDisplay::decode(&message.encode()), Ok(message));
    assert_eq!(message.has_descriptor(), descriptor.is_some());
    match (message, descriptor) {
        (ToDisplay::Keymap { bytes, .. }, Some(memory)) => read_text(memory, bytes, MAX_KEYMAP),
        (ToDisplay::Clipboard { bytes }, Some(memory)) => read_text(memory, bytes, MAX_CLIPBOARD),
        (ToDisplay::Release { slot, .. }, None) => assert!(slot < SLOTS),
        _ => {}
    }
    true
}

/// As the streamer and the agent do.
fn of_pad<M: Message + Copy + PartialEq + std::fmt::Debug>(socket: &Socket) -> bool {
    let Ok(Some((message, descriptor))) = socket.receive::<M>() else { return false };
    assert_eq!(M::decode(&message.encode()), Ok(message));
    assert!(descriptor.is_none());
    true
}

fn read_ring(memory: &OwnedFd, planes: Planes) {
    let Ok(ring) = Reader::new(memory, planes) else { return };
    for slot in 0..SLOTS {
        let picture = ring.slot(slot).expect("a slot");
        assert_eq!(picture.len(), planes.bytes());
        // The last byte of each plane is there.
        assert!(planes.split(picture).is_some_and(|split| split.iter().all(|plane| plane.last().is_some())));
    }
    assert!(ring.slot(SLOTS).is_none());
}

fn read_text(memory: OwnedFd, bytes: u32, most: u32) {
    assert!(bytes <= most);
    if let Ok(text) = text::read(memory, bytes) {
        assert_eq!(text.len(), bytes as usize);
    }
}
