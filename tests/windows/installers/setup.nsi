; An installer as NSIS makes them: a program, a value below "Uninstall", and the way to take both away again.
; setup.exe /S [/D=DIRECTORY] installs without a question.
Unicode true
Name "Dillinger Test Game"
OutFile "${SETUP}"
InstallDir "$PROGRAMFILES64\Dillinger Test Game"
RequestExecutionLevel user
Page directory
Page instfiles

!define UNINSTALL "Software\Microsoft\Windows\CurrentVersion\Uninstall\DillingerTestGame"

Section
    SetOutPath "$INSTDIR"
    File "/oname=game.exe" "${PROGRAM}"
    FileOpen $0 "$INSTDIR\readme.txt" w
    FileWrite $0 "Installed by the tests.$\r$\n"
    FileClose $0
    SetRegView 64
    WriteRegStr HKLM "${UNINSTALL}" "DisplayName" "Dillinger Test Game"
    WriteRegStr HKLM "${UNINSTALL}" "UninstallString" "$INSTDIR\uninstall.exe"
    WriteUninstaller "$INSTDIR\uninstall.exe"
SectionEnd

Section "Uninstall"
    Delete "$INSTDIR\game.exe"
    Delete "$INSTDIR\readme.txt"
    Delete "$INSTDIR\uninstall.exe"
    RMDir "$INSTDIR"
    SetRegView 64
    DeleteRegKey HKLM "${UNINSTALL}"
SectionEnd
