//! A client, with the messages of the crate `pulseaudio`.

use super::{PATIENCE, Sound};
use pulseaudio::protocol::{
    AuthParams, AuthReply, ChannelMap, Command, CommandReply, CorkStreamParams, CreatePlaybackStreamReply, Descriptor,
    DescriptorFlags, GetSinkInfo, LatencyParams, PlaybackLatency, PlaybackStreamParams, Props, PulseError,
    SampleFormat, SampleSpec, SetClientNameReply, SinkInfo, TagStructReader, stream::BufferAttr, write_command_message,
    write_descriptor,
};
use std::io::{Cursor, ErrorKind, Read, Write};
use std::os::unix::net::UnixStream;
use std::time::SystemTime;

pub struct Client {
    pub socket: UnixStream,
    pub index: u32,
    version: u16,
    tag: u32,
    events: Vec<Command>,
}

impl Client {
    pub fn connect(sound: &Sound) -> Self {
        Self::with_version(sound, 35)
    }

    pub fn with_version(sound: &Sound, version: u16) -> Self {
        let socket = UnixStream::connect(sound.socket()).unwrap();
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        let mut client = Self { socket, index: 0, version, tag: 0, events: Vec::new() };
        let cookie = vec![7; 256];
        let auth = AuthParams { version, supports_shm: true, supports_memfd: true, cookie };
        let reply: AuthReply = client.ask(&Command::Auth(auth)).unwrap();
        assert_eq!((reply.version, reply.use_memfd), (35, false));
        let reply: SetClientNameReply = client.ask(&Command::SetClientName(Props::new())).unwrap();
        client.index = reply.client_id;
        client
    }

    /// Sends a command, and does not wait for its answer.
    pub fn send(&mut self, command: &Command) -> u32 {
        self.tag += 1;
        write_command_message(&mut self.socket, self.tag, command, self.version).unwrap();
        self.tag
    }

    /// What is answered to a command.
    pub fn ask<R: CommandReply>(&mut self, command: &Command) -> Result<R, PulseError> {
        let body = self.answer(command)?;
        let mut body = Cursor::new(body);
        let reply = TagStructReader::new(&mut body, self.version).read().unwrap();
        assert_eq!(usize::try_from(body.position()).unwrap(), body.get_ref().len(), "there is more in the answer");
        Ok(reply)
    }

    /// A command whose answer has nothing in it.
    pub fn act(&mut self, command: &Command) -> Result<(), PulseError> {
        self.answer(command).map(|body| assert!(body.is_empty(), "{body:?}"))
    }

    pub fn answer(&mut self, command: &Command) -> Result<Vec<u8>, PulseError> {
        let tag = self.send(command);
        self.answered(tag)
    }

    /// The answer to what was sent with this tag.
    pub fn answered(&mut self, tag: u32) -> Result<Vec<u8>, PulseError> {
        loop {
            let packet = self.packet().expect("the server has ended the connection");
            let number = |at: usize| u32::from_be_bytes(packet[at..at + 4].try_into().unwrap());
            match number(1) {
                2 if number(6) == tag => return Ok(packet[10..].to_vec()),
                0 if number(6) == tag => {
                    let (_, error) = Command::read_tag_prefixed(&mut Cursor::new(packet), self.version).unwrap();
                    let Command::Error(error) = error else { panic!("{error:?}") };
                    return Err(error);
                }
                _ => self.note(&packet),
            }
        }
    }

    fn note(&mut self, packet: &[u8]) {
        let (_, event) = Command::read_tag_prefixed(&mut Cursor::new(packet), self.version).unwrap();
        self.events.push(event);
    }

    /// The body of the next packet; none when the connection has ended.
    pub fn packet(&mut self) -> Option<Vec<u8>> {
        let mut head = [0; 20];
        match self.socket.read_exact(&mut head) {
            Err(error) if matches!(error.kind(), ErrorKind::UnexpectedEof | ErrorKind::ConnectionReset) => return None,
            read => read.unwrap(),
        }
        let mut body = vec![0; usize::try_from(u32::from_be_bytes(head[..4].try_into().unwrap())).unwrap()];
        self.socket.read_exact(&mut body).unwrap();
        Some(body)
    }

    /// Waits for an event.
    pub fn event<T>(&mut self, mut find: impl FnMut(&Command) -> Option<T>) -> T {
        loop {
            if let Some((at, found)) = self.events.iter().enumerate().find_map(|(at, event)| Some((at, find(event)?))) {
                self.events.drain(..=at);
                return found;
            }
            let packet = self.packet().expect("the server has ended the connection");
            self.note(&packet);
        }
    }

    /// Events that have come.
    pub fn events(&mut self) -> Vec<Command> {
        std::mem::take(&mut self.events)
    }

    pub fn create(&mut self, params: PlaybackStreamParams) -> Result<CreatePlaybackStreamReply, PulseError> {
        self.ask(&Command::CreatePlaybackStream(params))
    }

    /// A stream of 16 bits.
    pub fn play(&mut self, rate: u32, channels: u8, attributes: BufferAttr) -> CreatePlaybackStreamReply {
        self.create(params(rate, channels, attributes)).unwrap()
    }

    /// Sends sound.
    pub fn write(&mut self, channel: u32, bytes: &[u8]) {
        for chunk in bytes.chunks(65_472) {
            let (length, flags) = (u32::try_from(chunk.len()).unwrap(), DescriptorFlags::empty());
            write_descriptor(&mut self.socket, &Descriptor { length, channel, offset: 0, flags }).unwrap();
            self.socket.write_all(chunk).unwrap();
        }
    }

    pub fn latency(&mut self, channel: u32) -> PlaybackLatency {
        self.ask(&Command::GetPlaybackLatency(LatencyParams { channel, now: SystemTime::now() })).unwrap()
    }

    pub fn sink(&mut self) -> SinkInfo {
        self.ask(&Command::GetSinkInfo(GetSinkInfo { index: Some(0), name: None })).unwrap()
    }

    pub fn cork(&mut self, channel: u32, cork: bool) {
        self.act(&Command::CorkPlaybackStream(CorkStreamParams { channel, cork })).unwrap();
    }

    pub fn drain(&mut self, channel: u32) {
        self.act(&Command::DrainPlaybackStream(channel)).unwrap();
    }
}

pub fn params(sample_rate: u32, channels: u8, buffer_attr: BufferAttr) -> PlaybackStreamParams {
    let sample_spec = SampleSpec { format: SampleFormat::S16Le, channels, sample_rate };
    let channel_map = if channels == 1 { ChannelMap::mono() } else { ChannelMap::stereo() };
    PlaybackStreamParams { sample_spec, channel_map, buffer_attr, ..PlaybackStreamParams::default() }
}
