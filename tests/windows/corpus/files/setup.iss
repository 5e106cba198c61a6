[Setup]
AppName=Dillinger Test
AppVersion=1
DefaultDirName={autopf}\Dillinger Test
OutputDir=D:\Files
OutputBaseFilename=inno-setup
[Files]
Source: "D:\Files\script.sh"; DestDir: "{app}"
