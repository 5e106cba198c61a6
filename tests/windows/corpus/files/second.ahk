window := Gui(, "Second AutoHotkey")
window.Add("Text",, "Hello from AutoHotkey")
window.Show("w300 h200")
window.OnEvent("Close", (*) => ExitApp())
