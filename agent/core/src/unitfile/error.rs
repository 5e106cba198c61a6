//! Why a text cannot be carried into a unit.

/// A text that would not arrive unchanged at the other end of a unit file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EscapeError {
    /// A character that cannot be carried.
    #[error("{} at byte {offset} cannot be carried: {reason}", code_point(*.character))]
    Character {
        /// Where it begins, in bytes from the start of the text.
        offset: usize,
        /// The character.
        character: char,
        /// What happens to it on the way, or which rule forbids it.
        reason: &'static str,
    },
    /// A text, or everything on one line, that is too long.
    #[error("{what} has {length} bytes, at most {limit} can be carried")]
    TooLong {
        /// What is too long.
        what: &'static str,
        /// Its length in bytes.
        length: usize,
        /// The most bytes that can be carried.
        limit: usize,
    },
    /// A text of the wrong form.
    #[error("{what} must be {expected}")]
    Form {
        /// What has the wrong form.
        what: &'static str,
        /// The form that would be right.
        expected: &'static str,
    },
}

/// A visible character with its code point, any other as the code point alone.
fn code_point(character: char) -> String {
    if character.is_ascii_graphic() {
        format!("{character:?} (U+{:04X})", u32::from(character))
    } else {
        format!("U+{:04X}", u32::from(character))
    }
}
