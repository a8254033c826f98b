//! `software`: the command line.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use shared::software::{Channel, Platform, Version};

/// Releases of the stations' program.
#[derive(Debug, Subcommand)]
pub enum SoftwareCommand {
    /// Publish a release for one platform and channel. The signature for the platform's updater is
    /// read from FILE.sig, as its signer wrote it; it must name the version.
    Publish(Publish),
    /// Show what is published.
    List,
    /// Hold a release back; who has it keeps it.
    Hold {
        /// The release.
        #[command(flatten)]
        which: Which,
    },
    /// Raise how many stations take a release, add a group of stations, or let it be installed in
    /// opening hours. A held release goes on.
    Advance {
        /// The release.
        #[command(flatten)]
        which: Which,
        /// How many of all stations take it; it only rises.
        #[arg(long, value_name = "N")]
        percent: Option<u8>,
        /// A group of stations that takes it whatever the percentage.
        #[arg(long, value_name = "NAME")]
        group: Option<String>,
        /// Whether it may be installed in opening hours, when nobody is served.
        #[arg(long, value_name = "BOOL")]
        during_hours: Option<bool>,
        /// What every station should run at least: below it a station takes the release whatever the
        /// percentage, and says that it is urgent.
        #[arg(long, value_name = "V")]
        minimum: Option<Version>,
    },
    /// Stop a release for good: stations throw it away that have not installed it.
    Withdraw {
        /// The release.
        #[command(flatten)]
        which: Which,
    },
    /// Show what every station runs, and what became of its last release.
    Stations,
    /// Put a station into a group, or take it out of its group.
    Group {
        /// Number or PSD number of the station.
        station: String,
        /// The group; without it the station is in none.
        group: Option<String>,
    },
}

/// A release.
#[derive(Clone, Debug, Args)]
pub struct Which {
    /// Its version, three numbers such as 1.4.2.
    #[arg(long, value_name = "V")]
    pub version: Version,
    /// linux-appimage, linux-deb, linux-rpm, windows-nsis or macos-app.
    #[arg(long, value_name = "P")]
    pub platform: Platform,
    /// stable or early.
    #[arg(long, value_name = "C", default_value = "stable")]
    pub channel: Channel,
    /// A file whose first line is the passphrase of the key for software; without it the
    /// environment variable PENNYBLACK_SOFTWARE_PASSPHRASE is used.
    #[arg(long, value_name = "PATH")]
    pub passphrase_file: Option<PathBuf>,
}

/// What is published.
#[derive(Debug, Args)]
pub struct Publish {
    /// The package.
    pub file: PathBuf,
    /// The release.
    #[command(flatten)]
    pub which: Which,
    /// How many of all stations take it.
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub percent: u8,
    /// A group of stations that takes it whatever the percentage; may be given several times.
    #[arg(long = "group", value_name = "NAME")]
    pub groups: Vec<String>,
    /// What every station should run at least.
    #[arg(long, value_name = "V")]
    pub minimum: Option<Version>,
    /// It may be installed in opening hours, when nobody is served.
    #[arg(long)]
    pub during_hours: bool,
}
