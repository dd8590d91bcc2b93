//! Gives the Windows program its resources: the message table for Event Viewer, its version, and what it says of itself to
//! Windows. On other systems there are none.

#[expect(
    dead_code,
    unreachable_pub,
    reason = "the list of events is a module of `reprise-platform`, which uses more of it"
)]
#[path = "../platform/src/event/codes.rs"]
mod codes;
#[expect(dead_code, unreachable_pub, reason = "as above")]
#[path = "../platform/src/event/message_table.rs"]
mod message_table;

use std::env::var;
use std::path::Path;
use std::process::Command;
use std::{env, fs};

/// Resource types 11 (message table), 24 (manifest of a program) and VERSIONINFO; 1 is the name of each. Texts are English (409)
/// in UTF-16 (4B0).
const SCRIPT: &str = r#"1 11 "messages.bin"
1 24 "reprise.manifest"
1 VERSIONINFO
FILEVERSION @NUMBERS@
PRODUCTVERSION @NUMBERS@
FILEOS 0x40004
FILETYPE 1
BEGIN
  BLOCK "StringFileInfo"
  BEGIN
    BLOCK "040904B0"
    BEGIN
      VALUE "FileDescription", "Reprise: keeps Hyper-V Replica replicating"
      VALUE "FileVersion", "@VERSION@"
      VALUE "InternalName", "reprise"
      VALUE "OriginalFilename", "reprise.exe"
      VALUE "ProductName", "Reprise"
      VALUE "ProductVersion", "@VERSION@"
    END
  END
  BLOCK "VarFileInfo"
  BEGIN
    VALUE "Translation", 0x409, 0x4B0
  END
END
"#;

/// The program is written for Windows 8 (Server 2012) to 10 (Server 2016 and later), accepts long paths, and asks for no rights
/// that its user does not have (application manifests, "supportedOS", "longPathAware", "trustInfo").
const MANIFEST: &str = r#"<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<assembly xmlns="urn:schemas-microsoft-com:asm.v1" manifestVersion="1.0">
  <trustInfo xmlns="urn:schemas-microsoft-com:asm.v3">
    <security>
      <requestedPrivileges>
        <requestedExecutionLevel level="asInvoker" uiAccess="false"/>
      </requestedPrivileges>
    </security>
  </trustInfo>
  <compatibility xmlns="urn:schemas-microsoft-com:compatibility.v1">
    <application>
      <supportedOS Id="{4a2f28e3-53b9-4441-ba9c-d69d4a4a6e38}"/>
      <supportedOS Id="{1f676c76-80e1-4239-95bb-83d0f6d0da78}"/>
      <supportedOS Id="{8e0f7a12-bfb3-4fe8-b9a5-48fd50a15a9a}"/>
    </application>
  </compatibility>
  <application xmlns="urn:schemas-microsoft-com:asm.v3">
    <windowsSettings>
      <longPathAware xmlns="http://schemas.microsoft.com/SMI/2016/WindowsSettings">true</longPathAware>
    </windowsSettings>
  </application>
</assembly>
"#;

fn main() -> Result<(), String> {
    for file in ["build.rs", "../platform/src/event/codes.rs", "../platform/src/event/message_table.rs"] {
        println!("cargo::rerun-if-changed={file}");
    }
    println!("cargo::rerun-if-env-changed=WINDRES");
    if var("CARGO_CFG_TARGET_OS").as_deref() != Ok("windows") {
        return Ok(());
    }
    let folder = var("OUT_DIR").map_err(|error| format!("cargo names no OUT_DIR: {error}"))?;
    resources(Path::new(&folder))
}

/// Compiles the resources, and has the program linked with them.
fn resources(folder: &Path) -> Result<(), String> {
    let version = env!("CARGO_PKG_VERSION");
    let numbers =
        [env!("CARGO_PKG_VERSION_MAJOR"), env!("CARGO_PKG_VERSION_MINOR"), env!("CARGO_PKG_VERSION_PATCH"), "0"];
    let script = SCRIPT.replace("@NUMBERS@", &numbers.join(",")).replace("@VERSION@", version);
    let files = [
        ("messages.bin", message_table::bytes()),
        ("reprise.manifest", MANIFEST.into()),
        ("reprise.rc", script.into_bytes()),
    ];
    for (name, octets) in files {
        let file = folder.join(name);
        fs::write(&file, octets).map_err(|error| format!("cannot write {}: {error}", file.display()))?;
    }
    // From the same package as the linker (binutils for mingw).
    let tool = env::var("WINDRES").unwrap_or_else(|_| "x86_64-w64-mingw32-windres".to_owned());
    let object = folder.join("resources.o");
    let mut compile = Command::new(&tool);
    compile.current_dir(folder).args(["-i", "reprise.rc", "-O", "coff", "-o"]).arg(&object);
    let ended = compile.status().map_err(|error| format!("cannot start {tool}: {error}; WINDRES names another one"))?;
    if !ended.success() {
        return Err(format!("{tool} ended with {ended}"));
    }
    // A library would not do: the linker drops an object that nothing names.
    println!("cargo::rustc-link-arg-bins={}", object.display());
    Ok(())
}
