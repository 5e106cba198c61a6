use super::*;
use proptest::prelude::*;

fn windows(text: &str) -> String {
    WindowsPath::parse(text).map_or_else(|error| format!("{error}"), |path| path.to_string())
}

#[test]
fn every_form_of_a_path() {
    let cases = [
        ("game.exe", r"D:\game.exe"),
        ("Game/bin/game.exe", r"D:\Game\bin\game.exe"),
        (r"Game\bin/game.exe", r"D:\Game\bin\game.exe"),
        ("./Game//bin/./game.exe", r"D:\Game\bin\game.exe"),
        ("/library/Game/game.exe", r"D:\Game\game.exe"),
        ("/library", r"D:\"),
        (r"d:\Game\game.exe", r"D:\Game\game.exe"),
        ("D:/Game/game.exe", r"D:\Game\game.exe"),
        ("D:", r"D:\"),
        (r"C:\Program Files (x86)\Größe\Спутник.exe", r"C:\Program Files (x86)\Größe\Спутник.exe"),
        ("drive_c/windows/notepad.exe", r"C:\windows\notepad.exe"),
        ("drive_c", r"C:\"),
        ("/prefix/drive_c/game.exe", r"C:\game.exe"),
        (r"Z:\library\Game\game.exe", r"D:\Game\game.exe"),
        (r"z:/prefix/drive_c\game.exe", r"C:\game.exe"),
        ("Game/drive_c/game.exe", r"D:\Game\drive_c\game.exe"),
        ("console.exe", r"D:\console.exe"),
        ("COM10/...hidden", r"D:\COM10\...hidden"),
    ];
    for (text, expected) in cases {
        assert_eq!(windows(text), expected, "{text}");
    }
}

#[test]
fn what_is_refused() {
    let cases = [
        ("", "is empty"),
        ("./", "is empty"),
        (r"\\server\share\game.exe", "network"),
        ("//server/share/game.exe", "network"),
        (r"\\?\C:\game.exe", "devices"),
        ("//./C:/game.exe", "devices"),
        (r"\??\C:\game.exe", "devices"),
        ("C:game.exe", r#"write "C:\\game.exe""#),
        (r"\game.exe", "names no drive"),
        (r"E:\game.exe", "no drive E:; C: is the prefix, D: is the library"),
        ("/etc/passwd", "neither in the library nor in the prefix"),
        (r"Z:\etc\passwd", "neither in the library nor in the prefix"),
        ("/prefix/system.reg", "neither in the library nor in the prefix"),
        ("/library2/game.exe", "neither in the library nor in the prefix"),
        ("Game/../../etc/passwd", "without it"),
        (r"C:\..\system.reg", "without it"),
        ("CON", "device"),
        ("Game/nul.txt", "device"),
        ("com1 .exe", "device"),
        ("LPT³", "device"),
        ("game.exe:stream", r"the character ':'"),
        ("ga\nme.exe", r"the character '\n'"),
        ("game?.exe", "the character '?'"),
        ("game.exe.", "ends in '.'"),
        ("Game /game.exe", "ends in ' '"),
    ];
    for (text, reason) in cases {
        let said = WindowsPath::parse(text).expect_err(text).to_string();
        assert!(said.contains(reason), "{text}: {said}");
    }
    assert_eq!(WindowsPath::parse(&"a/".repeat(2049)), Err(InvalidPath::Long));
    assert!(windows(&"a".repeat(256)).contains("longer than 255"));
}

#[test]
fn the_directory_of_a_path() {
    let path = WindowsPath::parse("Game/game.exe").unwrap();
    assert_eq!(path.parent().unwrap().to_string(), r"D:\Game");
    assert_eq!(path.parent().unwrap().parent().unwrap().to_string(), r"D:\");
    assert_eq!(path.parent().unwrap().parent().unwrap().parent(), None);
    assert_eq!(path.with(vec!["GAME".into(), "Game.exe".into()]).to_string(), r"D:\GAME\Game.exe");
}

proptest! {
    #[test]
    fn what_is_written_is_read_back(text in r"([A-Za-z]:)?[/\\]?([a-zA-Z.é ]{0,6}[/\\]){0,4}[a-z.]{0,6}|\PC*") {
        if let Ok(path) = WindowsPath::parse(&text) {
            prop_assert!(path.components.iter().all(|name| !name.is_empty() && name != ".." && !name.contains(['/', '\\', '\0'])));
            prop_assert_eq!(WindowsPath::parse(&path.to_string()), Ok(path));
        }
    }
}
