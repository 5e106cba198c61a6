//! The numbers of commands and errors, as pulsecore/native-common.h and pulse/def.h count them.

/// Commands, and what the server tells by itself.
#[allow(missing_docs, reason = "the protocol's own names")]
pub mod command {
    pub const ERROR: u32 = 0;
    pub const REPLY: u32 = 2;
    pub const CREATE_PLAYBACK_STREAM: u32 = 3;
    pub const DELETE_PLAYBACK_STREAM: u32 = 4;
    pub const CREATE_RECORD_STREAM: u32 = 5;
    pub const DELETE_RECORD_STREAM: u32 = 6;
    pub const EXIT: u32 = 7;
    pub const AUTH: u32 = 8;
    pub const SET_CLIENT_NAME: u32 = 9;
    pub const LOOKUP_SINK: u32 = 10;
    pub const LOOKUP_SOURCE: u32 = 11;
    pub const DRAIN_PLAYBACK_STREAM: u32 = 12;
    pub const STAT: u32 = 13;
    pub const GET_PLAYBACK_LATENCY: u32 = 14;
    pub const CREATE_UPLOAD_STREAM: u32 = 15;
    pub const DELETE_UPLOAD_STREAM: u32 = 16;
    pub const FINISH_UPLOAD_STREAM: u32 = 17;
    pub const PLAY_SAMPLE: u32 = 18;
    pub const REMOVE_SAMPLE: u32 = 19;
    pub const GET_SERVER_INFO: u32 = 20;
    pub const GET_SINK_INFO: u32 = 21;
    pub const GET_SINK_INFO_LIST: u32 = 22;
    pub const GET_SOURCE_INFO: u32 = 23;
    pub const GET_SOURCE_INFO_LIST: u32 = 24;
    pub const GET_MODULE_INFO: u32 = 25;
    pub const GET_MODULE_INFO_LIST: u32 = 26;
    pub const GET_CLIENT_INFO: u32 = 27;
    pub const GET_CLIENT_INFO_LIST: u32 = 28;
    pub const GET_SINK_INPUT_INFO: u32 = 29;
    pub const GET_SINK_INPUT_INFO_LIST: u32 = 30;
    pub const GET_SOURCE_OUTPUT_INFO: u32 = 31;
    pub const GET_SOURCE_OUTPUT_INFO_LIST: u32 = 32;
    pub const GET_SAMPLE_INFO: u32 = 33;
    pub const GET_SAMPLE_INFO_LIST: u32 = 34;
    pub const SUBSCRIBE: u32 = 35;
    pub const SET_SINK_VOLUME: u32 = 36;
    pub const SET_SINK_INPUT_VOLUME: u32 = 37;
    pub const SET_SOURCE_VOLUME: u32 = 38;
    pub const SET_SINK_MUTE: u32 = 39;
    pub const SET_SOURCE_MUTE: u32 = 40;
    pub const CORK_PLAYBACK_STREAM: u32 = 41;
    pub const FLUSH_PLAYBACK_STREAM: u32 = 42;
    pub const TRIGGER_PLAYBACK_STREAM: u32 = 43;
    pub const SET_DEFAULT_SINK: u32 = 44;
    pub const SET_DEFAULT_SOURCE: u32 = 45;
    pub const SET_PLAYBACK_STREAM_NAME: u32 = 46;
    pub const SET_RECORD_STREAM_NAME: u32 = 47;
    pub const KILL_CLIENT: u32 = 48;
    pub const KILL_SINK_INPUT: u32 = 49;
    pub const KILL_SOURCE_OUTPUT: u32 = 50;
    pub const LOAD_MODULE: u32 = 51;
    pub const UNLOAD_MODULE: u32 = 52;
    pub const GET_RECORD_LATENCY: u32 = 57;
    pub const CORK_RECORD_STREAM: u32 = 58;
    pub const FLUSH_RECORD_STREAM: u32 = 59;
    pub const PREBUF_PLAYBACK_STREAM: u32 = 60;
    pub const REQUEST: u32 = 61;
    pub const OVERFLOW: u32 = 62;
    pub const UNDERFLOW: u32 = 63;
    pub const PLAYBACK_STREAM_KILLED: u32 = 64;
    pub const SUBSCRIBE_EVENT: u32 = 66;
    pub const MOVE_SINK_INPUT: u32 = 67;
    pub const MOVE_SOURCE_OUTPUT: u32 = 68;
    pub const SET_SINK_INPUT_MUTE: u32 = 69;
    pub const SUSPEND_SINK: u32 = 70;
    pub const SUSPEND_SOURCE: u32 = 71;
    pub const SET_PLAYBACK_STREAM_BUFFER_ATTR: u32 = 72;
    pub const SET_RECORD_STREAM_BUFFER_ATTR: u32 = 73;
    pub const UPDATE_PLAYBACK_STREAM_SAMPLE_RATE: u32 = 74;
    pub const UPDATE_RECORD_STREAM_SAMPLE_RATE: u32 = 75;
    pub const UPDATE_RECORD_STREAM_PROPLIST: u32 = 80;
    pub const UPDATE_PLAYBACK_STREAM_PROPLIST: u32 = 81;
    pub const UPDATE_CLIENT_PROPLIST: u32 = 82;
    pub const REMOVE_RECORD_STREAM_PROPLIST: u32 = 83;
    pub const REMOVE_PLAYBACK_STREAM_PROPLIST: u32 = 84;
    pub const REMOVE_CLIENT_PROPLIST: u32 = 85;
    pub const STARTED: u32 = 86;
    pub const EXTENSION: u32 = 87;
    pub const GET_CARD_INFO: u32 = 88;
    pub const GET_CARD_INFO_LIST: u32 = 89;
    pub const SET_CARD_PROFILE: u32 = 90;
    pub const SET_SINK_PORT: u32 = 96;
    pub const SET_SOURCE_PORT: u32 = 97;
    pub const SET_SOURCE_OUTPUT_VOLUME: u32 = 98;
    pub const SET_SOURCE_OUTPUT_MUTE: u32 = 99;
    pub const SET_PORT_LATENCY_OFFSET: u32 = 100;
    pub const SEND_OBJECT_MESSAGE: u32 = 104;
    /// The first number that is no command of these versions.
    pub const END: u32 = 105;
}

/// How the server refuses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// It is not for clients to do this here.
    #[error("access denied")]
    Access,
    /// There is no such command.
    #[error("unknown command")]
    Command,
    /// The arguments make no sense.
    #[error("invalid argument")]
    Invalid,
    /// There is none that this client may see.
    #[error("no such entity")]
    NoEntity,
    /// The version of the protocol is too old.
    #[error("incompatible protocol version")]
    Version,
    /// There are too many, or it is too much.
    #[error("too large")]
    TooLarge,
    /// This server has nothing of the kind.
    #[error("not supported")]
    NotSupported,
}

impl Refusal {
    /// The protocol's number.
    pub fn number(self) -> u32 {
        match self {
            Self::Access => 1,
            Self::Command => 2,
            Self::Invalid => 3,
            Self::NoEntity => 5,
            Self::Version => 17,
            Self::TooLarge => 18,
            Self::NotSupported => 19,
        }
    }
}
