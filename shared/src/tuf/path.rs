//! Names that come from a repository and end up in addresses and files.

use core::fmt;

use data_encoding::HEXUPPER;
use serde::{Deserialize, Serialize};

use super::fault::TufFault;

/// The longest path of a target, bytes.
const TARGET_PATH_MAX_BYTES: usize = 512;

/// The name of a role: one of the four at the top, or one that was delegated to.
///
/// It may hold any character; [`RoleName::quoted`] is safe in addresses and file names.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RoleName(String);

impl RoleName {
    /// A role by its name.
    #[must_use]
    pub fn new(name: impl Into<String>) -> Self {
        Self(name.into())
    }

    /// The role that names the keys of the others.
    #[must_use]
    pub fn root() -> Self {
        Self::new("root")
    }

    /// The role that says which snapshot is the newest.
    #[must_use]
    pub fn timestamp() -> Self {
        Self::new("timestamp")
    }

    /// The role that says which versions of targets belong together.
    #[must_use]
    pub fn snapshot() -> Self {
        Self::new("snapshot")
    }

    /// The role that names targets and delegates.
    #[must_use]
    pub fn targets() -> Self {
        Self::new("targets")
    }

    /// Whether it is one of the four at the top, which nobody delegates to.
    #[must_use]
    pub fn is_top_level(&self) -> bool {
        matches!(self.as_str(), "root" | "timestamp" | "snapshot" | "targets")
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name as one segment of an address or of a file name, percent-encoded.
    #[must_use]
    pub fn quoted(&self) -> String {
        quoted(&self.0)
    }

    /// The role whose quoted name this is; nothing when it is none.
    #[must_use]
    pub fn from_quoted(text: &str) -> Option<Self> {
        let mut bytes = Vec::new();
        let mut rest = text.bytes();
        while let Some(byte) = rest.next() {
            if byte == b'%' {
                let digits = [rest.next()?, rest.next()?];
                bytes.extend(HEXUPPER.decode(&digits).ok()?);
            } else {
                bytes.push(byte);
            }
        }
        let role = Self(String::from_utf8(bytes).ok()?);
        (role.quoted() == text).then_some(role)
    }

    /// The name of this role's document in snapshots: `targets.json`.
    #[must_use]
    pub fn file(&self) -> String {
        format!("{}.json", self.0)
    }
}

impl fmt::Display for RoleName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The path of a target: relative, without empty, `.` or `..` segments and control characters, so
/// that no address built from it leads elsewhere.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct TargetPath(String);

impl TargetPath {
    /// Checks a path.
    ///
    /// # Errors
    /// [`TufFault::NoSuchTarget`] when it is not a path that a target may have.
    pub fn new(path: &str) -> Result<Self, TufFault> {
        let safe = |segment: &str| !matches!(segment, "" | "." | "..");
        let sound = path.len() <= TARGET_PATH_MAX_BYTES
            && path.split('/').all(safe)
            && !path.contains(|letter: char| letter.is_control() || letter == '\\');
        if sound {
            Ok(Self(path.to_owned()))
        } else {
            Err(TufFault::NoSuchTarget(path.escape_default().to_string()))
        }
    }

    /// The path.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The path in addresses, with the hash before its last segment where there is one.
    #[must_use]
    pub fn address(&self, hash: Option<&str>) -> String {
        let (folders, file) = match self.0.rsplit_once('/') {
            Some((folders, file)) => (Some(folders), file),
            None => (None, self.0.as_str()),
        };
        let mut address = String::new();
        for folder in folders.into_iter().flat_map(|folders| folders.split('/')) {
            address.push_str(&quoted(folder));
            address.push('/');
        }
        if let Some(hash) = hash {
            address.push_str(hash);
            address.push('.');
        }
        address.push_str(&quoted(file));
        address
    }

    /// Whether a pattern of a delegation covers this path: as many segments, and in each `*` stands
    /// for any number of characters and `?` for one.
    #[must_use]
    pub fn is_covered_by(&self, pattern: &str) -> bool {
        let mut segments = self.0.split('/');
        let mut patterns = pattern.split('/');
        loop {
            match (segments.next(), patterns.next()) {
                (None, None) => return true,
                (Some(segment), Some(pattern)) if matches_segment(pattern, segment) => {}
                (Some(_) | None, Some(_)) | (Some(_), None) => return false,
            }
        }
    }
}

impl fmt::Display for TargetPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Matches without recursion: a star takes one more character each time that what follows fails,
/// so the work is at most pattern times text.
fn matches_segment(pattern: &str, text: &str) -> bool {
    let pattern: Vec<char> = pattern.chars().collect();
    let text: Vec<char> = text.chars().collect();
    let (mut p, mut t) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while let Some(letter) = text.get(t) {
        match pattern.get(p) {
            Some('*') => {
                star = Some((p, t));
                p += 1;
            }
            Some(wanted) if *wanted == '?' || wanted == letter => {
                p += 1;
                t += 1;
            }
            Some(_) | None => match star {
                Some((at, taken)) => {
                    star = Some((at, taken + 1));
                    p = at + 1;
                    t = taken + 1;
                }
                None => return false,
            },
        }
    }
    pattern.iter().skip(p).all(|rest| *rest == '*')
}

/// Percent-encodes everything but letters, digits, `-`, `.`, `_` and `~`.
fn quoted(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(text: &str) -> TargetPath {
        TargetPath::new(text).unwrap()
    }

    #[test]
    fn wildcards_stay_within_a_segment() {
        for (pattern, text, covers) in [
            ("*.md", "README.md", true),
            ("*.md", "releases/README.md", false),
            ("foo-?.tgz", "foo-1.tgz", true),
            ("foo-?.tgz", "foo-alpha.tgz", false),
            ("releases/*/*", "releases/x/x_v1", true),
            ("*", "anything", true),
            ("*.md", "README.MD", false),
            ("a*b*c", "aXbYbZc", true),
            ("a*b*c", "aXbYbZ", false),
            ("[a]", "a", false),
            ("", "a", false),
        ] {
            assert_eq!(
                path(text).is_covered_by(pattern),
                covers,
                "{pattern} {text}"
            );
        }
    }

    #[test]
    fn no_path_leads_elsewhere() {
        for bad in [
            "", "/a", "a/", "a//b", "../a", "a/..", "./a", "a\\b", "a\nb",
        ] {
            assert!(TargetPath::new(bad).is_err(), "{bad:?}");
        }
        assert!(TargetPath::new(&"a".repeat(513)).is_err());
        assert_eq!(path("a b/c?").address(Some("00ff")), "a%20b/00ff.c%3F");
        assert_eq!(path("%2e%2e").address(None), "%252e%252e");
        let role = RoleName::new("../x#");
        assert_eq!(role.quoted(), "..%2Fx%23");
        assert_eq!(RoleName::from_quoted("..%2Fx%23"), Some(role));
        for other in ["../x", "%2f", "%2", "%zz", "%FF"] {
            assert_eq!(RoleName::from_quoted(other), None, "{other}");
        }
    }
}
