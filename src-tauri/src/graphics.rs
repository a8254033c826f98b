//! Drawing without the graphics card where the card's driver and WebKitGTK do not agree.
//!
//! NVIDIA's driver lacks what WebKit's DMABUF renderer needs, and a few screens stay blank with
//! accelerated compositing. Both are switched by environment variables that must stand before GTK
//! starts; setting one's own environment is unsafe in Rust, so the program starts itself again with
//! them set, in the same process.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Stands in the data folder from a start until its page stood in the window.
const MARKER: &str = "window-starting";

/// One try to bring the page into the window. A try that never succeeded makes the next one safe.
pub(crate) struct Attempt {
    marker: PathBuf,
}

impl Attempt {
    /// Marks the start and makes sure that the environment fits this machine.
    pub(crate) fn begin(data: &Path, wants_safe: bool) -> io::Result<Self> {
        let marker = data.join(MARKER);
        let failed_before = marker.exists();
        make_private(data)?;
        fs::write(&marker, [])?;
        #[cfg(target_os = "linux")]
        linux::restart_if_needed(wants_safe || failed_before)?;
        #[cfg(not(target_os = "linux"))]
        let _no_switch_elsewhere = (wants_safe, failed_before);
        Ok(Self { marker })
    }

    /// Says that the page stands. A marker that cannot be removed only makes the next start safe.
    pub(crate) fn succeeded(&self) {
        if let Err(fault) = fs::remove_file(&self.marker)
            && fault.kind() != io::ErrorKind::NotFound
        {
            tracing::warn!(%fault, "the next start will draw without the graphics card");
        }
    }
}

/// Makes the data folder as its owner does: for nobody else to enter.
fn make_private(data: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(data)
}

#[cfg(target_os = "linux")]
mod linux {
    use std::env;
    use std::io;
    use std::os::unix::process::CommandExt;
    use std::path::Path;
    use std::process::Command;

    const NO_COMPOSITING: &str = "WEBKIT_DISABLE_COMPOSITING_MODE";
    const NO_DMABUF: &str = "WEBKIT_DISABLE_DMABUF_RENDERER";

    /// Starts the program again with the variables it lacks; returns when it lacks none.
    pub(super) fn restart_if_needed(wants_safe: bool) -> io::Result<()> {
        let is_nvidia = Path::new("/proc/driver/nvidia/version").exists();
        let missing: Vec<&str> = needed(wants_safe, is_nvidia)
            .iter()
            .copied()
            .filter(|name| env::var_os(name).is_none())
            .collect();
        if missing.is_empty() {
            return Ok(());
        }
        let mut again = Command::new(env::current_exe()?);
        again.args(env::args_os().skip(1));
        for name in missing {
            again.env(name, "1");
        }
        Err(again.exec())
    }

    fn needed(wants_safe: bool, is_nvidia: bool) -> &'static [&'static str] {
        match (wants_safe, is_nvidia) {
            (true, _) => &[NO_COMPOSITING, NO_DMABUF],
            (false, true) => &[NO_DMABUF],
            (false, false) => &[],
        }
    }

    #[cfg(test)]
    mod tests {
        use super::{NO_COMPOSITING, NO_DMABUF, needed};

        #[test]
        fn an_ordinary_start_changes_nothing() {
            assert!(needed(false, false).is_empty());
        }

        #[test]
        fn nvidia_draws_without_dmabuf_and_a_failed_start_without_the_card() {
            assert_eq!(needed(false, true), [NO_DMABUF]);
            assert_eq!(needed(true, false), [NO_COMPOSITING, NO_DMABUF]);
            assert_eq!(needed(true, true), [NO_COMPOSITING, NO_DMABUF]);
        }
    }
}
