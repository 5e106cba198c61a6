Gui, Add, Text,, Hello from AutoHotkey
Gui, Show, w300 h200, First AutoHotkey
return
GuiClose:
ExitApp
