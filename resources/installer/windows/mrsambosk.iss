; Inno Setup: an installer for one person, who needs no administrator for it. Filled in by build_installer.py.
#define Version "@VERSION@"

[Setup]
AppId={{7C0F4E0B-52A5-4C5E-9E0B-6F6E9B9C2D31}
AppName=Mrsambosk
AppVersion={#Version}
AppVerName=Mrsambosk {#Version}
AppPublisher=The Mrsambosk authors
DefaultDirName={localappdata}\Programs\Mrsambosk
DefaultGroupName=Mrsambosk
DisableProgramGroupPage=yes
PrivilegesRequired=lowest
ArchitecturesAllowed=x64compatible
ArchitecturesInstallIn64BitMode=x64compatible
MinVersion=10.0.17763
CloseApplications=yes
LicenseFile=@ROOT@\LICENSE
OutputDir=@DIST@
OutputBaseFilename=mrsambosk-{#Version}-windows-x64-setup
SetupIconFile=@ICON@
UninstallDisplayIcon={app}\mrsambosk.exe
Compression=lzma2/max
SolidCompression=yes
WizardStyle=modern

[Tasks]
Name: firewall; Description: "Let other computers on &private networks join rooms hosted here (Windows asks for an administrator)"
Name: desktopicon; Description: "Put an icon on the &desktop"; Flags: unchecked

[InstallDelete]
; What an older version brought and this one has no more.
Type: filesandordirs; Name: "{app}\_internal"

[Files]
Source: "@BUNDLE@\*"; DestDir: "{app}"; Flags: ignoreversion recursesubdirs createallsubdirs

[Icons]
Name: "{group}\Mrsambosk"; Filename: "{app}\mrsambosk.exe"
Name: "{userdesktop}\Mrsambosk"; Filename: "{app}\mrsambosk.exe"; Tasks: desktopicon

[Registry]
Root: HKCU; Subkey: "Software\Classes\mrsambosk"; ValueType: string; ValueData: "URL:Mrsambosk invite"; Flags: uninsdeletekey
Root: HKCU; Subkey: "Software\Classes\mrsambosk"; ValueName: "URL Protocol"; ValueType: string; ValueData: ""
Root: HKCU; Subkey: "Software\Classes\mrsambosk\DefaultIcon"; ValueType: string; ValueData: "{app}\mrsambosk.exe,0"
Root: HKCU; Subkey: "Software\Classes\mrsambosk\shell\open\command"; ValueType: string; ValueData: """{app}\mrsambosk.exe"" ""%1"""
; Written by the app itself when it is asked to start with the session; gone with the app.
Root: HKCU; Subkey: "Software\Microsoft\Windows\CurrentVersion\Run"; ValueName: "mrsambosk"; ValueType: none; Flags: dontcreatekey uninsdeletevalue

[Run]
Filename: "netsh"; Parameters: "advfirewall firewall add rule name=""Mrsambosk"" dir=in action=allow program=""{app}\mrsambosk.exe"" profile=private enable=yes"; Verb: runas; Flags: shellexec waituntilterminated runhidden; Tasks: firewall
Filename: "netsh"; Parameters: "advfirewall firewall add rule name=""Mrsambosk"" dir=in action=allow program=""{app}\mrsambosk-console.exe"" profile=private enable=yes"; Verb: runas; Flags: shellexec waituntilterminated runhidden; Tasks: firewall
Filename: "{app}\mrsambosk.exe"; Description: "Open Mrsambosk"; Flags: nowait postinstall skipifsilent

[UninstallRun]
Filename: "netsh"; Parameters: "advfirewall firewall delete rule name=""Mrsambosk"""; Verb: runas; Flags: shellexec waituntilterminated runhidden; RunOnceId: "firewall"; Tasks: firewall

[Code]
procedure CurUninstallStepChanged(CurUninstallStep: TUninstallStep);
var
  Data: String;
begin
  Data := ExpandConstant('{localappdata}\mrsambosk');
  { Kept unless somebody says otherwise: a silent removal asks nobody. }
  if (CurUninstallStep = usPostUninstall) and DirExists(Data) and not UninstallSilent then
    if MsgBox('Delete the rooms, messages and settings of this person, too?' + #13#10 + #13#10 + Data,
              mbConfirmation, MB_YESNO or MB_DEFBUTTON2) = IDYES then
      DelTree(Data, True, True, True);
end;
