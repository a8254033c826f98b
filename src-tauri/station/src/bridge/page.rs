//! The built page: read once, so that no request ever reaches the disk; or, for whoever changes it,
//! read anew for each request.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use axum::body::Bytes;

use super::BridgeFault;

/// The page has some 300 kB; a folder with more than this is not the page.
const MAX_PAGE_BYTES: usize = 16 * 1024 * 1024;

/// The files of the built page by their path in the address.
type Files = BTreeMap<String, (&'static str, Bytes)>;

/// The built page.
pub enum Page {
    /// As it was when the bridge began.
    Read(Files),
    /// As it is now, in this folder: a page that is built again and again.
    Live(PathBuf),
}

impl Page {
    /// Reads `index.html` and the folder `assets` beside it.
    ///
    /// # Errors
    /// [`BridgeFault::ReadPage`] when the page is not there, [`BridgeFault::PageTooLarge`] when the
    /// folder holds something else.
    pub fn read(folder: &Path) -> Result<Self, BridgeFault> {
        read(folder).map(Self::Read)
    }

    /// The content type and the bytes at a path, for example `/assets/index.js`.
    #[must_use]
    pub fn file(&self, path: &str) -> Option<(&'static str, Bytes)> {
        match self {
            Self::Read(files) => files.get(path).cloned(),
            // Between two builds there is no page for a moment.
            Self::Live(folder) => read(folder).ok()?.remove(path),
        }
    }
}

fn read(folder: &Path) -> Result<Files, BridgeFault> {
    let mut files = Files::new();
    let mut left = MAX_PAGE_BYTES;
    let index = folder.join("index.html");
    add(&mut files, ("/", &index), folder, &mut left)?;
    let assets = folder.join("assets");
    let unread = |path: &Path, source| BridgeFault::ReadPage {
        path: path.display().to_string(),
        source,
    };
    // A page without assets is the notice that stands in for one that was never built.
    if assets.is_dir() {
        for entry in std::fs::read_dir(&assets).map_err(|source| unread(&assets, source))? {
            let entry = entry.map_err(|source| unread(&assets, source))?;
            let name = format!("/assets/{}", entry.file_name().to_string_lossy());
            add(&mut files, (&name, &entry.path()), folder, &mut left)?;
        }
    }
    Ok(files)
}

fn add(
    files: &mut Files,
    (name, file): (&str, &Path),
    folder: &Path,
    left: &mut usize,
) -> Result<(), BridgeFault> {
    let bytes = std::fs::read(file).map_err(|source| BridgeFault::ReadPage {
        path: file.display().to_string(),
        source,
    })?;
    *left = left
        .checked_sub(bytes.len())
        .ok_or_else(|| BridgeFault::PageTooLarge {
            path: folder.display().to_string(),
            limit: MAX_PAGE_BYTES,
        })?;
    files.insert(name.to_owned(), (kind_of(file), Bytes::from(bytes)));
    Ok(())
}

fn kind_of(file: &Path) -> &'static str {
    match file.extension().and_then(std::ffi::OsStr::to_str) {
        Some("html") => "text/html; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("woff2") => "font/woff2",
        _ => "application/octet-stream",
    }
}
