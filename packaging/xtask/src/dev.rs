//! `cargo xtask dev`: the demo with its page in a browser; the page is built again at each change
//! of a file in `ui/`, and a reload in the browser shows it.

use crate::demo::{self, Page};
use crate::fault::Fault;
use crate::stop::Kept;
use crate::workspace::Workspace;

/// Runs until interrupted.
pub(crate) fn run(workspace: &Workspace) -> Result<(), Fault> {
    let mut demo = demo::prepare(workspace, false)?;
    let watching = Kept::start_openly(workspace.npm(&["run", "build", "--", "--watch"]))?;
    demo.serve_page(Page::BuiltAgain)?;
    watching.stop()
}
