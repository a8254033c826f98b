//! `cargo xtask bundle`: the station's window as one file, a thin AppImage.
//!
//! Thin: it holds the program and takes WebKitGTK from the system. It is the type-2 runtime with a
//! squashfs behind it. gzip, because that runtime understands nothing newer.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use crate::check;
use crate::execute::{self, SHORT};
use crate::fault::{self, Fault};
use crate::json;
use crate::machine::Purpose;
use crate::progress::{Progress, Step};
use crate::workspace::Workspace;

/// The manifest that pins the crate with the runtime.
const RUNTIME: &str = "packaging/linux/runtime/Cargo.toml";

/// The program in the AppImage.
const PROGRAM: &str = "pennyblack-station";

/// What the program is called in menus.
const DESKTOP: &str = "[Desktop Entry]
Type=Application
Name=Pennyblack
Comment=Postage printing station
Exec=pennyblack-station
Icon=pennyblack
Categories=Office;
Terminal=false
";

/// Whether an AppImage can be made here: the runtime in front of it is for this system alone.
pub(crate) const IS_MADE_HERE: bool = cfg!(all(target_os = "linux", target_arch = "x86_64"));

/// One AppImage to be made.
#[derive(Clone, Debug, Default)]
pub(crate) struct Bundle<'a> {
    /// The version, when it is not that of the workspace.
    pub(crate) version: Option<&'a str>,
    /// Whose updates it installs: a minisign public key, base64.
    pub(crate) update_key: Option<&'a str>,
    /// What a debug build is told when it starts: environment variables and their values.
    pub(crate) told: &'a [(&'a str, &'a str)],
    /// Whether it is the release build.
    pub(crate) release: bool,
}

/// Makes one AppImage in the folder `out`, of the version and key that the environment names.
pub(crate) fn run(workspace: &Workspace, out: &Path, release: bool) -> Result<(), Fault> {
    if !IS_MADE_HERE {
        return Err(Fault::Missing {
            what: "Linux on x86-64".to_owned(),
            why: "to make an AppImage".to_owned(),
            remedy: "cargo xtask bundle on such a machine".to_owned(),
        });
    }
    let mut progress = Progress::of(5);
    let purposes = [Purpose::Build, Purpose::Window, Purpose::Bundle];
    check::install(workspace, &mut progress, &purposes)?;
    crate::page::build(workspace, &mut progress)?;
    let mut step = progress.step("AppImage");
    let (version, key) = (told("PENNYBLACK_VERSION"), told("PENNYBLACK_UPDATE_KEY"));
    let bundle = Bundle {
        version: version.as_deref(),
        update_key: key.as_deref(),
        release,
        ..Bundle::default()
    };
    let named = version.as_deref().unwrap_or(env!("CARGO_PKG_VERSION"));
    let file = out.join(file_name(named));
    make(workspace, &mut step, &bundle, &file)?;
    step.done(&file.display().to_string());
    Ok(())
}

/// What the AppImage of a version is called.
pub(crate) fn file_name(version: &str) -> String {
    format!("Pennyblack-{version}.AppImage")
}

fn told(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// Builds the program and puts it into one file.
pub(crate) fn make(
    workspace: &Workspace,
    step: &mut Step,
    bundle: &Bundle<'_>,
    file: &Path,
) -> Result<(), Fault> {
    let mut words = vec!["build", "--workspace", "--bin", PROGRAM];
    if bundle.release {
        words.push("--release");
    }
    let mut build = workspace.cargo(&words);
    for (name, value) in [
        ("PENNYBLACK_VERSION", bundle.version),
        ("PENNYBLACK_UPDATE_KEY", bundle.update_key),
    ] {
        match value {
            Some(value) => build.env(name, value),
            None => build.env_remove(name),
        };
    }
    execute::watch(step, build)?.well()?;
    let program = if bundle.release {
        workspace.release_executable(PROGRAM)
    } else {
        workspace.executable(PROGRAM)
    };
    let folder = file.with_extension("AppDir");
    lay_out(workspace, &program, bundle.told, &folder)?;
    let squashed = file.with_extension("squashfs");
    remove_file(&squashed)?;
    let mut squash = workspace.command("mksquashfs");
    squash.arg(&folder).arg(&squashed);
    squash.args([
        "-comp",
        "gzip",
        "-root-owned",
        "-noappend",
        "-quiet",
        "-no-progress",
    ]);
    execute::watch(step, squash)?.well()?;
    join(&runtime(workspace)?, &squashed, file)?;
    remove_file(&squashed)?;
    fs::remove_dir_all(&folder).map_err(fault::file("remove", &folder))
}

/// Lays out what is in the file: the program without what only debuggers read, and how it is started.
fn lay_out(
    workspace: &Workspace,
    program: &Path,
    told: &[(&str, &str)],
    folder: &Path,
) -> Result<(), Fault> {
    if folder.exists() {
        fs::remove_dir_all(folder).map_err(fault::file("remove", folder))?;
    }
    fs::create_dir_all(folder).map_err(fault::file("make", folder))?;
    let inside = folder.join(PROGRAM);
    let mut strip = workspace.command("strip");
    strip.arg("-o").arg(&inside).arg(program);
    execute::ask(strip, SHORT)?.well()?;
    let icon = workspace.path("src-tauri/icons/128x128.png");
    let to = folder.join("pennyblack.png");
    fs::copy(&icon, &to).map_err(fault::file("read", &icon))?;
    write(&folder.join("pennyblack.desktop"), DESKTOP)?;
    let start = folder.join("AppRun");
    write(&start, &start_script(told))?;
    make_startable(&start)
}

/// How the AppImage starts its program.
fn start_script(told: &[(&str, &str)]) -> String {
    let mut script = String::from("#!/bin/sh\n");
    for (name, value) in told {
        script.push_str(&format!("export {name}='{value}'\n"));
    }
    script.push_str(
        "exec \"${APPDIR:-$(dirname \"$(readlink -f \"$0\")\")}/pennyblack-station\" \"$@\"\n",
    );
    script
}

/// The runtime, from the assets of the crate that the manifest pins.
fn runtime(workspace: &Workspace) -> Result<PathBuf, Fault> {
    let words = [
        "metadata",
        "--locked",
        "--format-version",
        "1",
        "--manifest-path",
        RUNTIME,
    ];
    let heard = execute::ask(workspace.cargo(&words), execute::LONG)?.well()?;
    let answer = |complaint: &str| Fault::Answer {
        command: format!("cargo {}", words.join(" ")),
        complaint: complaint.to_owned(),
    };
    let metadata = json::parse(&heard.output()).map_err(|_| answer("it is not JSON"))?;
    let packages = metadata.at("packages").list();
    let package = packages
        .iter()
        .find(|package| package.at("name").text() == Some("appimage"));
    let manifest = package.and_then(|package| package.at("manifest_path").text());
    let manifest = manifest.ok_or_else(|| answer("it does not name the crate `appimage`"))?;
    let runtime = Path::new(manifest).with_file_name("assets/runtime-x86_64");
    Ok(runtime)
}

/// Writes the runtime and the squashfs behind it into one file that can be started.
fn join(runtime: &Path, squashed: &Path, file: &Path) -> Result<(), Fault> {
    let read = |path: &Path| fs::read(path).map_err(fault::file("read", path));
    let (first, second) = (read(runtime)?, read(squashed)?);
    let mut whole = fs::File::create(file).map_err(fault::file("write", file))?;
    whole
        .write_all(&first)
        .and_then(|()| whole.write_all(&second))
        .map_err(fault::file("write", file))?;
    make_startable(file)
}

fn write(path: &Path, text: &str) -> Result<(), Fault> {
    fs::write(path, text).map_err(fault::file("write", path))
}

fn remove_file(path: &Path) -> Result<(), Fault> {
    match fs::remove_file(path) {
        Err(source) if source.kind() != std::io::ErrorKind::NotFound => {
            Err(fault::file("remove", path)(source))
        }
        Ok(()) | Err(_) => Ok(()),
    }
}

#[cfg(unix)]
fn make_startable(path: &Path) -> Result<(), Fault> {
    use std::os::unix::fs::PermissionsExt as _;
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).map_err(fault::file("write", path))
}

#[cfg(not(unix))]
fn make_startable(_: &Path) -> Result<(), Fault> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_program_is_started_from_wherever_it_is_mounted_with_what_it_is_told() {
        let plain = start_script(&[]);
        assert!(plain.starts_with("#!/bin/sh\nexec "), "{plain}");
        let told = start_script(&[("PENNYBLACK_REHEARSE_FAILURE", "it is rehearsed")]);
        assert!(told.contains("export PENNYBLACK_REHEARSE_FAILURE='it is rehearsed'\n"));
    }

    #[cfg(unix)]
    #[test]
    fn the_file_is_the_runtime_and_what_it_mounts_and_can_be_started() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = std::env::temp_dir().join(format!("pennyblack-bundle-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let (one, two, whole) = (folder.join("one"), folder.join("two"), folder.join("whole"));
        fs::write(&one, "runtime").unwrap();
        fs::write(&two, "squashfs").unwrap();
        join(&one, &two, &whole).unwrap();
        assert_eq!(fs::read(&whole).unwrap(), b"runtimesquashfs");
        let mode = fs::metadata(&whole).unwrap().permissions().mode();
        assert_eq!(mode & 0o111, 0o111);
        fs::remove_dir_all(&folder).unwrap();
    }
}
