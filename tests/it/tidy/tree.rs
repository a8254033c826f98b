//! The files of the clone, without what is built, installed or kept by the demo.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Folders that git ignores, and git's own.
const NOT_OURS: [&str; 8] = [
    ".git",
    "target",
    ".demo",
    ".tools",
    "node_modules",
    "ui/dist",
    "src-tauri/gen",
    ".svelte-kit",
];
/// What we write by hand.
const CODE: [&str; 9] = [
    ".rs", ".ts", ".svelte", ".mjs", ".js", ".css", ".sql", ".py", ".toml",
];
/// What people read, beside the code.
const PROSE: [&str; 7] = [".md", ".json", ".yml", ".yaml", ".html", ".sh", ".txt"];

/// The files of the clone by their path from its root, with `/` between folders.
pub(super) struct Tree {
    root: PathBuf,
    files: BTreeSet<String>,
}

impl Tree {
    /// The clone that this test was built from.
    pub(super) fn here() -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"))
            .parent()
            .unwrap()
            .to_path_buf();
        let mut files = BTreeSet::new();
        collect(&root, &root, &mut files);
        assert!(
            files.contains("Cargo.toml"),
            "{} is not the root of the clone",
            root.display()
        );
        Self { root, files }
    }

    /// The root of the clone.
    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    /// Every file.
    pub(super) fn all(&self) -> impl Iterator<Item = &str> {
        self.files.iter().map(String::as_str)
    }

    /// Every file of code that is not generated.
    pub(super) fn code(&self) -> impl Iterator<Item = &str> {
        self.all()
            .filter(|file| ends_with_any(file, &CODE) && !file.starts_with("ui/src/generated/"))
    }

    /// The text of a file that must be there.
    pub(super) fn text(&self, file: &str) -> String {
        self.maybe_text(file)
            .unwrap_or_else(|| panic!("{file} is missing or is not text"))
    }

    /// The text of a file, when it is there.
    pub(super) fn maybe_text(&self, file: &str) -> Option<String> {
        fs::read_to_string(self.root.join(file)).ok()
    }

    /// The bytes of a file, when it is there.
    pub(super) fn bytes(&self, file: &str) -> Option<Vec<u8>> {
        fs::read(self.root.join(file)).ok()
    }
}

impl super::sources::Files for Tree {
    fn read(&self, file: &str) -> Option<String> {
        self.maybe_text(file)
    }

    fn has_folder(&self, folder: &str) -> bool {
        self.all().any(|file| file.starts_with(folder))
    }
}

/// Whether the file is meant to be read as text.
pub(super) fn is_text(file: &str) -> bool {
    ends_with_any(file, &CODE)
        || ends_with_any(file, &PROSE)
        || !file.rsplit('/').next().unwrap().contains('.')
}

fn ends_with_any(file: &str, endings: &[&str]) -> bool {
    endings.iter().any(|ending| file.ends_with(ending))
}

fn collect(root: &Path, folder: &Path, files: &mut BTreeSet<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let relative = path
            .strip_prefix(root)
            .unwrap()
            .to_str()
            .unwrap()
            .replace('\\', "/");
        let name = relative.rsplit('/').next().unwrap();
        if NOT_OURS.contains(&relative.as_str())
            || NOT_OURS.contains(&name)
            || name.ends_with(".result.csv")
        {
            continue;
        }
        if path.is_dir() {
            collect(root, &path, files);
        } else {
            files.insert(relative);
        }
    }
}

#[test]
fn what_is_built_or_installed_is_not_looked_at() {
    let tree = Tree::here();
    assert!(tree.all().any(|file| file == "tests/it/tidy/tree.rs"));
    assert!(
        !tree
            .all()
            .any(|file| file.starts_with("target/") || file.contains("node_modules/"))
    );
}
