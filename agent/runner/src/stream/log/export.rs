//! The journal export format, as `journalctl -o export` prints it, read piece by piece.
//!
//! Chosen over JSON because it carries any bytes as they are, gives the length of a long field before the field, and
//! so lets the memory for one entry be bounded. Format: <https://systemd.io/JOURNAL_EXPORT_FORMATS/>. A field is
//! `NAME=value\n`, or `NAME\n`, a 64-bit little endian length, that many bytes and `\n`; an empty line ends an entry.

/// The longest value kept, in bytes; the rest of a longer one is dropped, and [`Entry::truncated`] says so.
pub(crate) const VALUE_MAX: usize = 1024 * 1024;

/// The fields that the log needs; what `--output-fields=` asks for. Cursor and timestamp always come.
pub(super) const FIELDS: &str = "MESSAGE,PRIORITY,_COMM,_PID,_TRANSPORT,_LINE_BREAK,SYSLOG_IDENTIFIER,USER_UNIT,\
MESSAGE_ID,N_DROPPED,PODMAN_EVENT,PODMAN_ID,DILLINGER_LOG_PROBE";

/// One journal entry, as far as the log needs it. Of a field with several values the first counts.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Entry {
    pub(crate) cursor: String,
    /// When journald received it, in microseconds since the epoch.
    pub(crate) timestamp_usec: u64,
    pub(crate) message: Option<Vec<u8>>,
    /// The message was longer than [`VALUE_MAX`].
    pub(crate) truncated: bool,
    pub(crate) priority: Option<u8>,
    pub(crate) comm: Option<String>,
    pub(crate) pid: Option<u32>,
    pub(crate) transport: Option<String>,
    pub(crate) line_break: Option<String>,
    pub(crate) identifier: Option<String>,
    pub(crate) user_unit: Option<String>,
    pub(crate) message_id: Option<String>,
    pub(crate) dropped: Option<u64>,
    pub(crate) podman_event: Option<String>,
    pub(crate) podman_id: Option<String>,
    pub(crate) probe: Option<String>,
}

impl Entry {
    fn set(&mut self, name: &[u8], value: Vec<u8>, truncated: bool) {
        if name == b"MESSAGE" {
            if self.message.is_none() {
                (self.message, self.truncated) = (Some(value), truncated);
            }
            return;
        }
        let text = String::from_utf8_lossy(&value).into_owned();
        let slot = match name {
            b"__CURSOR" => return self.cursor = text,
            b"__REALTIME_TIMESTAMP" => return self.timestamp_usec = text.parse().unwrap_or_default(),
            b"PRIORITY" => return keep_first(&mut self.priority, text.parse().ok()),
            b"_PID" => return keep_first(&mut self.pid, text.parse().ok()),
            b"N_DROPPED" => return keep_first(&mut self.dropped, text.parse().ok()),
            b"_COMM" => &mut self.comm,
            b"_TRANSPORT" => &mut self.transport,
            b"_LINE_BREAK" => &mut self.line_break,
            b"SYSLOG_IDENTIFIER" => &mut self.identifier,
            b"USER_UNIT" => &mut self.user_unit,
            b"MESSAGE_ID" => &mut self.message_id,
            b"PODMAN_EVENT" => &mut self.podman_event,
            b"PODMAN_ID" => &mut self.podman_id,
            b"DILLINGER_LOG_PROBE" => &mut self.probe,
            _ => return,
        };
        keep_first(slot, Some(text));
    }
}

fn keep_first<T>(slot: &mut Option<T>, value: Option<T>) {
    if slot.is_none() {
        *slot = value;
    }
}

#[derive(Debug, Default)]
enum Expect {
    /// A line: `NAME=value`, `NAME` of a field with a length, or the empty one.
    #[default]
    Line,
    /// The eight bytes of a length.
    Length { name: Vec<u8>, bytes: Vec<u8> },
    /// The bytes of a value, `left` of them still to come.
    Value { name: Vec<u8>, left: u64 },
    /// The newline after such a value.
    Newline,
}

/// Understands the format from pieces of any size; holds at most [`VALUE_MAX`] bytes of an unfinished field.
#[derive(Debug, Default)]
pub(super) struct Parser {
    expect: Expect,
    held: Vec<u8>,
    overlong: bool,
    entry: Entry,
    any_field: bool,
}

impl Parser {
    /// Takes the next piece; gives each entry that is complete with it to `sink`.
    pub(super) fn push(&mut self, mut piece: &[u8], sink: &mut impl FnMut(Entry)) {
        while !piece.is_empty() {
            piece = match std::mem::take(&mut self.expect) {
                Expect::Line => self.line(piece, sink),
                Expect::Length { name, bytes } => self.length(name, bytes, piece),
                Expect::Value { name, left } => self.value(name, left, piece),
                Expect::Newline => piece.get(1..).unwrap_or_default(),
            };
        }
    }

    fn line<'p>(&mut self, piece: &'p [u8], sink: &mut impl FnMut(Entry)) -> &'p [u8] {
        let Some(end) = piece.iter().position(|byte| *byte == b'\n') else {
            self.hold(piece);
            return &[];
        };
        let (head, tail) = piece.split_at(end);
        self.hold(head);
        let mut line = std::mem::take(&mut self.held);
        let overlong = std::mem::take(&mut self.overlong);
        if let Some(equals) = line.iter().position(|byte| *byte == b'=') {
            let value = line.split_off(equals + 1);
            line.truncate(equals);
            self.entry.set(&line, value, overlong);
            self.any_field = true;
        } else if !line.is_empty() {
            self.expect = Expect::Length { name: line, bytes: Vec::with_capacity(8) };
        } else if std::mem::take(&mut self.any_field) {
            sink(std::mem::take(&mut self.entry));
        }
        tail.get(1..).unwrap_or_default()
    }

    fn length<'p>(&mut self, name: Vec<u8>, mut bytes: Vec<u8>, piece: &'p [u8]) -> &'p [u8] {
        let (head, tail) = piece.split_at(piece.len().min(8 - bytes.len()));
        bytes.extend_from_slice(head);
        self.expect = match <[u8; 8]>::try_from(bytes.as_slice()) {
            Ok(length) => Expect::Value { name, left: u64::from_le_bytes(length) },
            Err(_) => Expect::Length { name, bytes },
        };
        if let Expect::Value { left: 0, .. } = self.expect {
            self.finish_value();
        }
        tail
    }

    fn value<'p>(&mut self, name: Vec<u8>, left: u64, piece: &'p [u8]) -> &'p [u8] {
        let take = usize::try_from(left).unwrap_or(usize::MAX).min(piece.len());
        let (head, tail) = piece.split_at(take);
        self.hold(head);
        self.expect = Expect::Value { name, left: left - take as u64 };
        if left == take as u64 {
            self.finish_value();
        }
        tail
    }

    fn finish_value(&mut self) {
        if let Expect::Value { name, .. } = std::mem::replace(&mut self.expect, Expect::Newline) {
            let value = std::mem::take(&mut self.held);
            self.entry.set(&name, value, std::mem::take(&mut self.overlong));
            self.any_field = true;
        }
    }

    fn hold(&mut self, bytes: &[u8]) {
        let room = VALUE_MAX.saturating_sub(self.held.len());
        self.overlong |= bytes.len() > room;
        self.held.extend_from_slice(bytes.get(..room).unwrap_or(bytes));
    }
}

#[cfg(test)]
mod tests;
