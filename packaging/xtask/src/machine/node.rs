//! Node.js: which versions build the page.

use std::fmt;

/// The npm package that replaces a Node.js that is too old, in a folder of the project.
pub(crate) const REPLACEMENT: &str = "node@20";

/// A version of Node.js.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Version {
    major: u32,
    minor: u32,
    patch: u32,
}

impl fmt::Display for Version {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}.{}.{}", self.major, self.minor, self.patch)
    }
}

/// Reads what `node --version` says, for example `v20.20.2`.
pub(crate) fn version(said: &str) -> Option<Version> {
    let plain = said.trim().strip_prefix('v')?;
    let plain = plain.split(['-', '+']).next()?;
    let mut numbers = plain.split('.').map(str::parse::<u32>);
    let mut next = || numbers.next()?.ok();
    let version = Version {
        major: next()?,
        minor: next()?,
        patch: next()?,
    };
    numbers.next().is_none().then_some(version)
}

/// Whether the page's build tools run on it: they name `^20.19.0 || >=22.12.0`.
pub(crate) fn is_new_enough(version: Version) -> bool {
    match version.major {
        20 => version.minor >= 19,
        22 => version.minor >= 12,
        major => major > 22,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_as_node_says_them() {
        assert_eq!(
            version("v20.20.2\n"),
            Some(Version {
                major: 20,
                minor: 20,
                patch: 2
            })
        );
        assert_eq!(
            version("v23.0.0-nightly2024"),
            Some(Version {
                major: 23,
                minor: 0,
                patch: 0
            })
        );
        for wrong in ["", "20.20.2", "v20", "v20.x.1", "v1.2.3.4"] {
            assert_eq!(version(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn the_one_of_debian_12_is_too_old_and_the_replacement_is_not() {
        let judged = |said| is_new_enough(version(said).unwrap());
        assert!(!judged("v18.20.4"));
        assert!(!judged("v20.18.3"));
        assert!(judged("v20.20.2"));
        assert!(!judged("v21.7.0"));
        assert!(!judged("v22.11.0"));
        assert!(judged("v22.12.0"));
        assert!(judged("v24.1.0"));
    }
}
