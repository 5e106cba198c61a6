//! The files of the player, in the program itself.

/// A file with its path and its type.
pub(crate) type Asset = (&'static str, &'static str, &'static str);

macro_rules! assets {
    ($($name:literal)*) => {
        &[$(($name, kind($name), include_str!(concat!("../../../stream/web/", $name)))),*]
    };
}

/// All files but the page itself.
const FILES: &[Asset] = assets!(
    "capture.js" "clipboard.js" "connection.js" "controls.js" "gamepads.js" "geometry.js" "keyboard.js" "keys.js"
    "link.js" "messages.js" "overlay.js" "page.css" "page.js" "player.js" "plot.js" "pointer.js" "retry.js"
    "statistics.js" "strings.js" "style.js" "transport.js" "view.js"
);

/// The page.
pub(crate) const INDEX: &str = include_str!("../../../stream/web/index.html");

const fn kind(name: &str) -> &'static str {
    match name.as_bytes() {
        [.., b'.', b'c', b's', b's'] => "text/css; charset=utf-8",
        _ => "text/javascript; charset=utf-8",
    }
}

/// The file with this name.
pub(crate) fn find(name: &str) -> Option<&'static Asset> {
    FILES.iter().find(|(file, ..)| *file == name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_file_of_the_player_is_served_with_its_type() {
        let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/../stream/web");
        let paths = std::fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
        let served_kinds = ["js", "css"].map(|kind| Some(std::ffi::OsStr::new(kind)));
        let files: BTreeSet<String> = paths
            .filter(|path| served_kinds.contains(&path.extension()))
            .map(|path| path.file_name().unwrap().to_str().unwrap().to_owned())
            .collect();
        let served: BTreeSet<String> = FILES.iter().map(|(name, ..)| (*name).to_owned()).collect();
        assert_eq!(served, files);
        assert_eq!(find("page.css").unwrap().1, "text/css; charset=utf-8");
        assert_eq!(find("player.js").unwrap().1, "text/javascript; charset=utf-8");
        assert!(find("").is_none() && find("../style.js").is_none());
    }
}
