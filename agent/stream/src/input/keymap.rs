//! Keyboard layouts, as xkb has them.

use std::fmt;
use std::str::FromStr;
use xkbcommon::xkb;

/// Of the kernel's key codes to those of xkb.
const EVDEV_OFFSET: u32 = 8;
/// Longer than any name that xkeyboard-config has.
const MAX_NAME: usize = 64;
const HOW: &str = "write an xkb layout with its variant, if any, in parentheses, such as us, de or us(intl); \
     'localectl list-x11-keymap-layouts' lists them";

/// A layout and its variant. The only way to make one is [`FromStr`], so the
/// names hold nothing but what names of xkb files and sections are made of.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Layout {
    name: String,
    variant: String,
}

/// Why there is no such keyboard layout.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LayoutError {
    /// The text is none.
    #[error("{0:?} is not a keyboard layout; {HOW}")]
    Syntax(String),
    /// xkb does not know it.
    #[error("there is no keyboard layout {0}; {HOW}")]
    Unknown(Layout),
}

impl Default for Layout {
    fn default() -> Self {
        Self { name: "us".to_owned(), variant: String::new() }
    }
}

impl fmt::Display for Layout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)?;
        if self.variant.is_empty() { Ok(()) } else { write!(f, "({})", self.variant) }
    }
}

impl FromStr for Layout {
    type Err = LayoutError;

    /// Empty means the default.
    fn from_str(text: &str) -> Result<Self, LayoutError> {
        let is_name = |name: &str| {
            let allowed = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
            !name.is_empty() && name.len() <= MAX_NAME && name.chars().all(allowed)
        };
        let refused = || LayoutError::Syntax(text.chars().take(MAX_NAME).collect());
        if text.is_empty() {
            return Ok(Self::default());
        }
        let (name, variant) = match text.split_once('(') {
            None => (text, None),
            Some((name, rest)) => (name, Some(rest.strip_suffix(')').ok_or_else(refused)?)),
        };
        if !is_name(name) || variant.is_some_and(|variant| !is_name(variant)) {
            return Err(refused());
        }
        Ok(Self { name: name.to_owned(), variant: variant.unwrap_or_default().to_owned() })
    }
}

impl Layout {
    /// Compiles the layout: what the display server and the game get.
    pub(super) fn compile(&self) -> Result<xkb::Keymap, LayoutError> {
        let mut context = xkb::Context::new(xkb::CONTEXT_NO_FLAGS);
        context.set_log_level(xkb::LogLevel::Critical);
        let flags = xkb::KEYMAP_COMPILE_NO_FLAGS;
        let (rules, model) = ("evdev", "pc105");
        xkb::Keymap::new_from_names(&context, rules, model, &self.name, &self.variant, Some(String::new()), flags)
            .ok_or_else(|| LayoutError::Unknown(self.clone()))
    }
}

/// The key of xkb for a code of the kernel, if the keymap has such a key.
pub(super) fn key(keymap: &xkb::Keymap, code: u16) -> Option<xkb::Keycode> {
    let key = xkb::Keycode::new(u32::from(code) + EVDEV_OFFSET);
    keymap.key_get_name(key).map(|_| key)
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY_Y: u16 = 21;
    const KEY_A: u16 = 30;
    const KEY_APOSTROPHE: u16 = 40;
    const BTN_LEFT: u16 = 272;

    #[test]
    fn texts_become_layouts() {
        for (text, layout) in
            [("", "us"), ("us", "us"), ("de", "de"), ("us(intl)", "us(intl)"), ("de(neo_qwertz)", "de(neo_qwertz)")]
        {
            assert_eq!(text.parse::<Layout>().unwrap().to_string(), layout);
        }
        let long = "a".repeat(100);
        for text in
            [" ", "us,de", "../us", "us/x", "us(", "us()", "us(intl", "us)", "us(a)b", "(intl)", "u\0s", "ü", &long]
        {
            let error = text.parse::<Layout>().unwrap_err().to_string();
            assert!(error.contains("such as us, de or us(intl)") && error.len() < 400, "{text:?}: {error}");
        }
    }

    #[test]
    fn unknown_layouts_are_named() {
        for text in ["xx", "us(nosuchvariant)"] {
            let error = text.parse::<Layout>().unwrap().compile().map(|_| ()).unwrap_err();
            assert_eq!(error, LayoutError::Unknown(text.parse().unwrap()));
            assert!(error.to_string().contains(text), "{error}");
        }
    }

    #[test]
    fn layouts_differ_where_they_should() {
        let symbol = |layout: &str, code: u16| {
            let keymap = layout.parse::<Layout>().unwrap().compile().unwrap();
            let key = key(&keymap, code).unwrap();
            xkb::State::new(&keymap).key_get_utf8(key)
        };
        assert_eq!((symbol("us", KEY_Y), symbol("de", KEY_Y)), ("y".to_owned(), "z".to_owned()));
        assert_eq!((symbol("us", KEY_APOSTROPHE), symbol("us(intl)", KEY_APOSTROPHE)), ("'".to_owned(), String::new()));
    }

    #[test]
    fn codes_that_no_keyboard_has_are_none() {
        let keymap = Layout::default().compile().unwrap();
        assert!(key(&keymap, KEY_A).is_some());
        for code in [0, BTN_LEFT, 767, u16::MAX] {
            assert!(key(&keymap, code).is_none(), "{code}");
        }
    }
}
