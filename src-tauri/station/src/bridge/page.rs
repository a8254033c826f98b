//! The built page, read once: no request ever reaches the disk.

use std::collections::BTreeMap;
use std::path::Path;

use axum::body::Bytes;

use super::BridgeFault;

/// The page has some 300 kB; a folder with more than this is not the page.
const MAX_PAGE_BYTES: usize = 16 * 1024 * 1024;

/// The files of the built page by their path in the address.
pub struct Page {
    files: BTreeMap<String, (&'static str, Bytes)>,
}

impl Page {
    /// Reads `index.html` and the folder `assets` beside it.
    ///
    /// # Errors
    /// [`BridgeFault::ReadPage`] when the page is not there, [`BridgeFault::PageTooLarge`] when the
    /// folder holds something else.
    pub fn read(folder: &Path) -> Result<Self, BridgeFault> {
        let mut page = Self {
            files: BTreeMap::new(),
        };
        let mut left = MAX_PAGE_BYTES;
        page.add("/", &folder.join("index.html"), folder, &mut left)?;
        let assets = folder.join("assets");
        let read = |path: &Path, source| BridgeFault::ReadPage {
            path: path.display().to_string(),
            source,
        };
        // A page without assets is the notice that stands in for one that was never built.
        if assets.is_dir() {
            for entry in std::fs::read_dir(&assets).map_err(|source| read(&assets, source))? {
                let entry = entry.map_err(|source| read(&assets, source))?;
                let name = format!("/assets/{}", entry.file_name().to_string_lossy());
                page.add(&name, &entry.path(), folder, &mut left)?;
            }
        }
        Ok(page)
    }

    fn add(
        &mut self,
        name: &str,
        file: &Path,
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
        self.files
            .insert(name.to_owned(), (kind_of(file), Bytes::from(bytes)));
        Ok(())
    }

    /// The content type and the bytes at a path, for example `/assets/index.js`.
    #[must_use]
    pub fn file(&self, path: &str) -> Option<(&'static str, Bytes)> {
        self.files.get(path).cloned()
    }
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
