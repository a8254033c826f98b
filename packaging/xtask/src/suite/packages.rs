//! The packages that a test installs, fails and puts back: the window in three versions, as AppImages.
//!
//! They differ in their version alone, which costs a new build of one crate and a link each. Made
//! before everything else is built, because that leaves no other version of the window behind.

use std::fs;
use std::path::PathBuf;

use crate::bundle::{self, Bundle};
use crate::execute;
use crate::fault::{self, Fault};
use crate::progress::Step;
use crate::workspace::Workspace;

/// Names the folder with the packages to the tests.
pub(super) const PACKAGES: &str = "PENNYBLACK_APPIMAGES";

/// Whose updates those packages take: the public half of the key in `packaging/linux/`.
const REHEARSAL_KEY: &str = "packaging/linux/rehearsal.pub.base64";

/// The second of them brings the store to a layout of its own, and its page does not stand.
const FAILING: [(&str, &str); 2] = [
    ("PENNYBLACK_REHEARSE_LAYOUT", "1"),
    ("PENNYBLACK_REHEARSE_FAILURE", "the rehearsal of a failure"),
];

/// Each version with what its program is told when it starts.
const VERSIONS: [(&str, &[(&str, &str)]); 3] =
    [("0.1.0", &[]), ("0.2.0", &FAILING), ("0.3.0", &[])];

/// Makes them and says where; nothing where AppImages are not made. The test says SKIPPED then.
pub(super) fn make(workspace: &Workspace, step: &mut Step) -> Result<Option<PathBuf>, Fault> {
    let mut squash = workspace.command("mksquashfs");
    squash.arg("-version");
    if !bundle::IS_MADE_HERE || !execute::works(squash) {
        return Ok(None);
    }
    let folder = workspace.tools().join("packages");
    fs::create_dir_all(&folder).map_err(fault::file("make", &folder))?;
    let path = workspace.path(REHEARSAL_KEY);
    let key = fs::read_to_string(&path).map_err(fault::file("read", &path))?;
    for (version, told) in VERSIONS {
        let bundle = Bundle {
            version: Some(version),
            update_key: Some(key.trim()),
            told,
            release: false,
        };
        let file = folder.join(bundle::file_name(version));
        bundle::make(workspace, step, &bundle, &file)?;
    }
    Ok(Some(folder))
}
