//! What is tried with each input: by the fuzzer with what it makes up, by the test `seeds` with what is kept in `seeds/`.

use dillinger_sound::server::Server;
use dillinger_sound::sound::BYTES;
use dillinger_sound::wire::NONE;
use dillinger_sound::wire::names::command;
use std::collections::VecDeque;
use std::time::Duration;

/// More than a client is ever owed at once here.
const MOST_OUT: usize = 16 * 1024 * 1024;
/// Numbers at which something may change.
const NUMBERS: [u32; 16] = [
    0,
    1,
    2,
    3,
    4,
    7,
    48_000,
    44_100,
    8000,
    384_000,
    0x1_0000,
    0x7fff_ffff,
    0x8000_0000,
    NONE - 1,
    NONE,
    4 * 1024 * 1024,
];

/// What has happened.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Done {
    /// Packets that were sent.
    pub packets: usize,
    /// Clients that were disconnected for what they sent.
    pub ended: usize,
    /// Pieces that were written.
    pub pieces: usize,
    /// Pieces that were not silent.
    pub loud: usize,
}

/// The input, read as decisions.
struct Input<'a>(&'a [u8]);

impl Input<'_> {
    fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*first)
    }

    fn or_zero(&mut self) -> u8 {
        self.byte().unwrap_or_default()
    }

    /// A number of interest, or a small one, or any.
    fn number(&mut self) -> u32 {
        match self.or_zero() {
            byte @ 0..=0x3f => byte.into(),
            byte @ 0x40..=0xef => NUMBERS.get(usize::from(byte % 16)).copied().unwrap_or_default(),
            _ => u32::from_be_bytes(std::array::from_fn(|_| self.or_zero())),
        }
    }

    fn bytes(&mut self, most: u8) -> Vec<u8> {
        (0..self.or_zero() % most.max(1)).map(|_| self.or_zero()).collect()
    }
}

/// Several clients that send commands, right ones and wrong ones, sound and nonsense, while time goes on.
pub fn session(input: &[u8]) -> Done {
    let mut input = Input(input);
    let mut all = Session::default();
    while let Some(step) = input.byte() {
        all.step(step, &mut input);
    }
    all.done
}

#[derive(Default)]
struct Session {
    server: Server,
    clients: VecDeque<(u32, u8)>,
    now: Duration,
    done: Done,
}

impl Session {
    fn step(&mut self, step: u8, input: &mut Input<'_>) {
        match step % 8 {
            0 => self.connect(input),
            1 => self.advance(input),
            2 => self.clients.rotate_left(usize::from(!self.clients.is_empty())),
            3 => {
                let version = self.clients.front().map_or(35, |(_, version)| *version);
                self.send(&create(input, version), input);
            }
            4 => self.send(&sound(input), input),
            5 => self.send(&of_stream(input), input),
            6 => self.send(&any(input), input),
            _ => self.send(&input.bytes(60), input),
        }
        self.after();
    }

    fn connect(&mut self, input: &mut Input<'_>) {
        if self.clients.len() < 4
            && let Some(client) = self.server.connect()
        {
            let version = 8 + input.or_zero() % 30;
            self.clients.push_front((client, version));
            let auth = [&number(version.into())[..], b"x\0\0\0\0"].concat();
            self.send(&packet(command::AUTH, &auth), input);
        }
    }

    /// Sends in one piece, or in several.
    fn send(&mut self, bytes: &[u8], input: &mut Input<'_>) {
        let Some((client, _)) = self.clients.front().copied() else { return };
        self.done.packets += 1;
        let piece = match input.or_zero() {
            0..=0x7f => usize::MAX,
            byte => usize::from(byte & 0x3f) + 1,
        };
        for piece in bytes.chunks(piece.min(bytes.len().max(1))) {
            if self.server.receive(client, piece, self.now).is_err() {
                self.server.disconnect(client);
                self.clients.pop_front();
                self.done.ended += 1;
                return;
            }
        }
    }

    fn advance(&mut self, input: &mut Input<'_>) {
        self.now += Duration::from_millis(u64::from(input.or_zero() % 80));
        let Self { server, now, done, .. } = self;
        let before = done.pieces;
        server.play(*now, |piece: &[u8; BYTES]| {
            done.pieces += 1;
            done.loud += usize::from(piece.iter().any(|byte| *byte != 0));
        });
        assert!(done.pieces - before <= 6, "it makes good for more than a little");
        assert!(server.next().is_none_or(|next| next > *now));
    }

    fn after(&mut self) {
        self.server.settle(self.now);
        for (client, _) in &self.clients {
            if let Some(out) = self.server.out(*client) {
                assert!(out.len() < MOST_OUT);
                whole(out);
                out.clear();
            }
        }
    }
}

/// All that is sent is whole packets.
fn whole(mut out: &[u8]) {
    while let Some((length, _)) = out.split_first_chunk() {
        let length = usize::try_from(u32::from_be_bytes(*length)).unwrap_or(usize::MAX);
        let next = out.get(20usize.saturating_add(length)..);
        assert!(length >= 10 && next.is_some(), "a packet of {length} in {}", out.len());
        out = next.unwrap_or_default();
    }
    assert!(out.is_empty());
}

fn number(value: u32) -> Vec<u8> {
    [&b"L"[..], &value.to_be_bytes()].concat()
}

fn head(length: usize, channel: u32, offset: u64, flags: u32) -> Vec<u8> {
    let length = u32::try_from(length).unwrap_or(NONE);
    [&length.to_be_bytes()[..], &channel.to_be_bytes(), &offset.to_be_bytes(), &flags.to_be_bytes()].concat()
}

fn packet(command: u32, arguments: &[u8]) -> Vec<u8> {
    let body = [&number(command)[..], &number(7), arguments].concat();
    [head(body.len(), NONE, 0, 0), body].concat()
}

fn flags(input: &mut Input<'_>, count: u32) -> Vec<u8> {
    let bits = input.or_zero();
    (0..count).map(|bit| if bits >> (bit % 8) & 1 == 1 { b'1' } else { b'0' }).collect()
}

/// A stream, of which all is as it should be but for its values.
fn create(input: &mut Input<'_>, version: u8) -> Vec<u8> {
    let (format, channels) = (input.or_zero() % 13, 1 + input.or_zero() % 32);
    let rate = input.number().clamp(1, 384_000);
    let mut arguments = if version < 13 { b"tname\0".to_vec() } else { Vec::new() };
    arguments.extend([&[b'a', format, channels][..], &rate.to_be_bytes(), &[b'm', channels]].concat());
    arguments.extend((0..channels).map(|_| input.or_zero() % 51));
    arguments.extend([number(NONE), b"N".to_vec(), number(input.number()), flags(input, 1)].concat());
    arguments.extend([input.number(), input.number(), input.number(), 0].map(number).concat());
    arguments.extend([b'v', channels]);
    arguments.extend((0..channels).flat_map(|_| input.number().min(NONE / 2).to_be_bytes()));
    if version >= 12 {
        arguments.extend([b"00", &flags(input, 3)[..], b"00"].concat());
    }
    if version >= 13 {
        arguments.extend([&flags(input, 2)[..], b"PN"].concat());
    }
    let more = [(14, 2), (15, 3), (17, 1)].into_iter().filter(|(from, _)| version >= *from);
    arguments.extend(more.flat_map(|(_, count)| vec![b'1'; count]));
    arguments.extend(if version >= 18 { b"0".to_vec() } else { Vec::new() });
    arguments.extend(if version >= 21 { offered(input) } else { Vec::new() });
    packet(command::CREATE_PLAYBACK_STREAM, &arguments)
}

/// Formats, mostly none.
fn offered(input: &mut Input<'_>) -> Vec<u8> {
    let count = input.or_zero() % 8 / 6;
    let mut formats = vec![b'B', count];
    for _ in 0..count {
        let rate = [&input.bytes(40)[..], b"\0"].concat();
        let length = u32::try_from(rate.len()).unwrap_or_default();
        let value = [&number(length)[..], b"x", &length.to_be_bytes(), &rate].concat();
        formats.extend([&b"fB\x01Ptformat.rate\0"[..], &value, b"N"].concat());
    }
    formats
}

fn sound(input: &mut Input<'_>) -> Vec<u8> {
    let (channel, seek) = (input.or_zero() % 4, input.or_zero() % 16);
    let offset = u64::from(input.number()) << (input.or_zero() % 64);
    let sample = input.or_zero();
    let length = usize::from(input.or_zero()) * 32;
    // Mostly one after the other.
    let (seek, offset) = if seek < 4 { (seek, offset) } else { (0, 0) };
    [head(length, channel.into(), offset, seek.into()), vec![sample; length]].concat()
}

/// A command of one of the first streams, with what belongs to it.
fn of_stream(input: &mut Input<'_>) -> Vec<u8> {
    let (kind, channel) = (input.or_zero() % 12, u32::from(input.or_zero() % 4));
    let properties = b"Ptkey\0L\0\0\0\x02x\0\0\0\x02a\0N";
    let (command, arguments) = match kind {
        0 => (command::CORK_PLAYBACK_STREAM, flags(input, 1)),
        1 => (command::DRAIN_PLAYBACK_STREAM, Vec::new()),
        2 => (command::FLUSH_PLAYBACK_STREAM, Vec::new()),
        3 => (command::TRIGGER_PLAYBACK_STREAM, Vec::new()),
        4 => (command::PREBUF_PLAYBACK_STREAM, Vec::new()),
        5 => (command::GET_PLAYBACK_LATENCY, [&b"T"[..], &input.number().to_be_bytes(), &[0xff; 4]].concat()),
        6 => {
            let wishes: Vec<u8> = (0..4).flat_map(|_| number(input.number())).collect();
            (command::SET_PLAYBACK_STREAM_BUFFER_ATTR, [wishes, flags(input, 2)].concat())
        }
        7 => (command::UPDATE_PLAYBACK_STREAM_SAMPLE_RATE, number(input.number())),
        8 => (command::UPDATE_PLAYBACK_STREAM_PROPLIST, [&number(input.number() % 4)[..], properties].concat()),
        9 => (command::SET_PLAYBACK_STREAM_NAME, b"tname\0".to_vec()),
        10 => (command::REMOVE_PLAYBACK_STREAM_PROPLIST, b"tkey\0N".to_vec()),
        _ => (command::DELETE_PLAYBACK_STREAM, Vec::new()),
    };
    packet(command, &[number(channel), arguments].concat())
}

/// Any command with any values.
fn any(input: &mut Input<'_>) -> Vec<u8> {
    let command = u32::from(input.or_zero() % 108);
    let mut arguments = Vec::new();
    for _ in 0..input.or_zero() % 8 {
        arguments.extend(value(input));
    }
    packet(command, &arguments)
}

fn value(input: &mut Input<'_>) -> Vec<u8> {
    match input.or_zero() % 12 {
        0 | 1 => number(input.number()),
        2 => b"N".to_vec(),
        3 => flags(input, 1),
        4 => [&b"t"[..], &input.bytes(20), b"\0"].concat(),
        5 => b"t@DEFAULT_SINK@\0".to_vec(),
        6 => b"PtK\0L\0\0\0\x02x\0\0\0\x02a\0N".to_vec(),
        7 => [&[b'v', 2][..], &input.number().to_be_bytes(), &input.number().to_be_bytes()].concat(),
        8 => [&b"x"[..], &input.number().to_be_bytes()].concat(),
        9 => [&b"a"[..], &input.bytes(7)].concat(),
        10 => [&b"m"[..], &input.bytes(40)].concat(),
        _ => input.bytes(20),
    }
}
