use super::*;
use proptest::prelude::*;

/// A tree of paths; those that end in `/` are directories.
struct Tree(Vec<&'static str>);

impl Tree {
    fn list(&self, directory: &[String]) -> Result<Vec<Entry>, String> {
        let mut entries: Vec<Entry> = Vec::new();
        for path in &self.0 {
            let names: Vec<&str> = path.trim_end_matches('/').split('/').collect();
            let Some(name) = names.get(directory.len()) else { continue };
            if names.iter().zip(directory).all(|(one, other)| one == other)
                && !entries.iter().any(|entry| entry.name == **name)
            {
                let inner = names.len() > directory.len() + 1 || path.ends_with('/');
                let kind = if inner { EntryKind::Directory } else { EntryKind::File };
                entries.push(Entry { name: (*name).to_owned(), kind });
            }
        }
        if directory.last().is_some_and(|name| name == "locked") { Err("locked".to_owned()) } else { Ok(entries) }
    }

    fn find(&self, path: &str, wanted: EntryKind) -> Result<String, FindError<String>> {
        let names: Vec<String> = path.split('/').filter(|name| !name.is_empty()).map(str::to_owned).collect();
        find(&names, wanted, |directory| self.list(directory)).map(|names| names.join("/"))
    }

    fn file(&self, path: &str) -> String {
        self.find(path, EntryKind::File).unwrap_or_else(|error| error.to_string())
    }
}

fn library() -> Tree {
    Tree(vec![
        "Freedoom/bin/Doom.exe",
        "Freedoom/bin/doom.EXE",
        "Freedoom/freedoom2.wad",
        "freedoom/BIN/chocolate-doom.exe",
        "Spiel für Ältere/GRÖẞE.exe",
        "Спутник/Игра.exe",
        "E\u{301}te\u{301}/jeu.exe",
        "empty/",
        "locked/x.exe",
        "İstanbul.exe",
    ])
}

#[test]
fn whatever_the_case() {
    let tree = library();
    assert_eq!(tree.file("FREEDOOM/Freedoom2.WAD"), "Freedoom/freedoom2.wad");
    assert_eq!(tree.file("спутник/игра.EXE"), "Спутник/Игра.exe");
    assert_eq!(tree.file("SPIEL FÜR ÄLTERE/größe.exe"), "Spiel für Ältere/GRÖẞE.exe");
    assert_eq!(tree.file("été/JEU.EXE"), "E\u{301}te\u{301}/jeu.exe");
    assert_eq!(tree.file("İSTANBUL.EXE"), "İstanbul.exe");
    assert_eq!(tree.find("FREEDOOM/bin", EntryKind::Directory).unwrap(), "Freedoom/bin");
    assert_eq!(tree.find("", EntryKind::Directory).unwrap(), "");
}

#[test]
fn the_exact_name_comes_first() {
    let tree = library();
    assert_eq!(tree.file("Freedoom/bin/doom.EXE"), "Freedoom/bin/doom.EXE");
    assert_eq!(tree.file("Freedoom/bin/Doom.exe"), "Freedoom/bin/Doom.exe");
    assert_eq!(tree.file("freedoom/bin/doom.exe"), "Freedoom/bin/Doom.exe");
}

#[test]
fn a_directory_does_not_hide_another_of_its_name() {
    assert_eq!(library().file("Freedoom/bin/chocolate-doom.exe"), "freedoom/BIN/chocolate-doom.exe");
}

#[test]
fn the_nearest_names() {
    let tree = library();
    assert_eq!(
        tree.file("Freedom/bin/doom.exe"),
        r#"there is no directory "Freedom" in the top directory; the nearest names are "Freedoom", "freedoom", "empty""#
    );
    assert_eq!(
        tree.file("Freedoom/bin/boom.exe"),
        r#"there is no file "boom.exe" in "Freedoom/bin"; the nearest names are "Doom.exe", "doom.EXE""#
    );
    assert_eq!(tree.file("empty/x.exe"), r#"there is no file "x.exe" in "empty", which has no files"#);
}

#[test]
fn the_wrong_kind() {
    let tree = library();
    assert_eq!(tree.file("Freedoom/BIN"), r#"there is no file "BIN" in "Freedoom"; it is a directory"#);
    assert_eq!(
        tree.file("Freedoom/freedoom2.wad/x.exe"),
        r#"there is no directory "freedoom2.wad" in "Freedoom"; it is a file"#
    );
    assert!(tree.file("").contains("it is a directory"));
}

#[test]
fn a_directory_that_cannot_be_listed() {
    assert_eq!(library().find("locked/x.exe", EntryKind::File), Err(FindError::List("locked".to_owned())));
}

#[test]
fn folding_keeps_what_has_no_single_counterpart() {
    assert_eq!(fold("STRAßE"), "straße");
    assert_eq!(fold("µ"), fold("Μ"));
    assert_ne!(fold("i"), fold("İ"));
    assert_ne!(fold("ss"), fold("ß"));
}

proptest! {
    #[test]
    fn what_is_there_is_found(names in prop::collection::vec(r"[a-zA-Zéß]{1,4}", 1..5)) {
        let upper: Vec<String> = names.iter().map(|name| name.to_ascii_uppercase()).collect();
        let list = |directory: &[String]| -> Result<Vec<Entry>, ()> {
            let kind = if directory.len() + 1 == names.len() { EntryKind::File } else { EntryKind::Directory };
            Ok(names.get(directory.len()).map(|name| Entry { name: name.clone(), kind }).into_iter().collect())
        };
        prop_assert_eq!(find(&upper, EntryKind::File, list), Ok(names.clone()));
    }
}
