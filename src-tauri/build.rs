//! Declares the window's one command, so that even it needs a permission, and sees to a page.

use std::path::Path;
use std::{fs, io};

/// Stands in for the page where it was never built, so that a fresh clone compiles; the program
/// that was built with it says so instead of staying blank.
const NOT_BUILT: &str = "<!doctype html>
<html lang=\"en\">
  <head><meta charset=\"utf-8\" /><title>Pennyblack</title></head>
  <body>
    <h1>The page was not built</h1>
    <p>Run <code>cargo xtask run</code>, or <code>npm ci</code> and <code>npm run build</code> in <code>ui</code>, then build again.</p>
  </body>
</html>
";

fn main() -> io::Result<()> {
    let page = Path::new("../ui/dist");
    if !page.join("index.html").exists() {
        fs::create_dir_all(page)?;
        fs::write(page.join("index.html"), NOT_BUILT)?;
    }
    println!("cargo:rerun-if-changed=../ui/dist");
    let manifest = tauri_build::AppManifest::new().commands(&["call"]);
    tauri_build::try_build(tauri_build::Attributes::new().app_manifest(manifest))
        .map_err(io::Error::other)
}
