//! What a release is made for: a platform with its kind of package, and a channel.

use std::fmt;
use std::str::FromStr;

use minicbor::{Decode, Encode};
use serde::{Deserialize, Serialize};

/// A word that names none of them.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{word:?} is not known; there is {known}")]
pub struct NotKnown {
    /// The word.
    pub word: String,
    /// Those that are, for a person.
    pub known: &'static str,
}

/// A system and the kind of package by which the program came onto it.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, Encode, Decode,
)]
#[serde(rename_all = "kebab-case")]
#[cbor(index_only)]
pub enum Platform {
    /// Linux on x86-64, one AppImage file.
    #[n(1)]
    LinuxAppimage,
    /// Linux on x86-64, a Debian package.
    #[n(2)]
    LinuxDeb,
    /// Linux on x86-64, an RPM package.
    #[n(3)]
    LinuxRpm,
    /// Windows on x86-64, an NSIS installer.
    #[n(4)]
    WindowsNsis,
    /// macOS, an application bundle.
    #[n(5)]
    MacosApp,
}

impl Platform {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::LinuxAppimage,
        Self::LinuxDeb,
        Self::LinuxRpm,
        Self::WindowsNsis,
        Self::MacosApp,
    ];

    /// Its name: in target paths and on command lines.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::LinuxAppimage => "linux-appimage",
            Self::LinuxDeb => "linux-deb",
            Self::LinuxRpm => "linux-rpm",
            Self::WindowsNsis => "windows-nsis",
            Self::MacosApp => "macos-app",
        }
    }

    /// Whether the station can put the release before back by itself. Only then does it install a
    /// release by itself; elsewhere it tells that there is one.
    #[must_use]
    pub const fn can_go_back(self) -> bool {
        match self {
            Self::LinuxAppimage => true,
            Self::LinuxDeb | Self::LinuxRpm | Self::WindowsNsis | Self::MacosApp => false,
        }
    }
}

impl fmt::Display for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Platform {
    type Err = NotKnown;

    fn from_str(word: &str) -> Result<Self, NotKnown> {
        let found = Self::ALL.into_iter().find(|one| one.name() == word);
        found.ok_or_else(|| NotKnown {
            word: word.to_owned(),
            known: "linux-appimage, linux-deb, linux-rpm, windows-nsis and macos-app",
        })
    }
}

/// How early a station takes releases.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    Encode,
    Decode,
)]
#[serde(rename_all = "kebab-case")]
#[cbor(index_only)]
pub enum Channel {
    /// What has proved itself.
    #[default]
    #[n(1)]
    Stable,
    /// What is about to become stable.
    #[n(2)]
    Early,
}

impl Channel {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Stable, Self::Early];

    /// Its name: in target paths and on command lines.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Stable => "stable",
            Self::Early => "early",
        }
    }
}

impl fmt::Display for Channel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Channel {
    type Err = NotKnown;

    fn from_str(word: &str) -> Result<Self, NotKnown> {
        let found = Self::ALL.into_iter().find(|one| one.name() == word);
        found.ok_or_else(|| NotKnown {
            word: word.to_owned(),
            known: "stable and early",
        })
    }
}
