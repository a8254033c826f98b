//! `software`: publishes releases, says how far they go, and shows who runs what.

pub mod cli;
mod signature;
mod view;

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use shared::services::ServiceId;
use shared::services::repository::SOFTWARE_ROLE;
use shared::software::{
    Channel, NotARollout, PACKAGE_MAX_BYTES, Platform, PublishRefusal, ROLLOUT_MAX_BYTES, Release,
    ReleaseState, Rollout, Sha256Hex, Version, is_group,
};
use shared::tuf::{Hashes, TargetFile, Targets};

use self::cli::{Publish, SoftwareCommand, Which};
use super::call::{AdminCall, Passphrase};
use super::perform::{ADMIN, Show, StationCallError};
use super::refusal::AdminRefusal;
use super::view::AdminView;
use crate::center::DataCenter;
use crate::config::Config;
use crate::db::{Concerned, DbError};
use crate::folder::read_small;
use crate::repository::{Change, RepositoryError, RepositoryRole, content, nothing};
use crate::services::software::store;
use crate::stations;

pub use view::{ReleaseView, StationSoftwareView};

/// What an admin wants done about software.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "software", rename_all = "kebab-case", deny_unknown_fields)]
pub enum SoftwareCall {
    /// Publish a release.
    Publish {
        /// The package, an absolute path.
        file: PathBuf,
        /// The signature for the platform's updater, as its signer wrote it.
        signature: String,
        /// The release.
        which: WhichRelease,
        /// How many of all stations take it.
        percent: u8,
        /// Groups of stations that take it whatever the percentage.
        groups: Vec<String>,
        /// What every station should run at least.
        minimum: Option<Version>,
        /// Whether it may be installed in opening hours.
        during_hours: bool,
    },
    /// Show what is published.
    List,
    /// Hold a release back; who has it keeps it.
    Hold {
        /// The release.
        which: WhichRelease,
    },
    /// Let a release go further.
    Advance {
        /// The release.
        which: WhichRelease,
        /// How many of all stations take it.
        percent: Option<u8>,
        /// One group more.
        group: Option<String>,
        /// Whether it may be installed in opening hours.
        during_hours: Option<bool>,
        /// What every station should run at least.
        minimum: Option<Version>,
    },
    /// Stop a release for good.
    Withdraw {
        /// The release.
        which: WhichRelease,
    },
    /// Show what every station runs.
    Stations,
    /// Put a station into a group, or into none.
    Group {
        /// Number or PSD number.
        station: String,
        /// The group.
        group: Option<String>,
    },
}

/// A release, and what opens the key for software.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WhichRelease {
    /// Its version.
    pub version: Version,
    /// Its platform.
    pub platform: Platform,
    /// Its channel.
    pub channel: Channel,
    /// The passphrase of the key; without one that which `init` left is looked for.
    pub passphrase: Option<Passphrase>,
}

/// Reads a command.
///
/// # Errors
/// [`AdminRefusal`]: a file cannot be read.
pub(super) fn call(
    command: SoftwareCommand,
    passphrase_of: impl Fn(Option<&Path>) -> Result<Option<Passphrase>, AdminRefusal>,
) -> Result<AdminCall, AdminRefusal> {
    let which = |which: &Which| {
        Ok::<_, AdminRefusal>(WhichRelease {
            version: which.version,
            platform: which.platform,
            channel: which.channel,
            passphrase: passphrase_of(which.passphrase_file.as_deref())?,
        })
    };
    let what = match command {
        SoftwareCommand::Publish(publish) => publish_call(publish, &which)?,
        SoftwareCommand::List => SoftwareCall::List,
        SoftwareCommand::Hold { which: release } => SoftwareCall::Hold {
            which: which(&release)?,
        },
        SoftwareCommand::Advance {
            which: release,
            percent,
            group,
            during_hours,
            minimum,
        } => SoftwareCall::Advance {
            which: which(&release)?,
            percent,
            group,
            during_hours,
            minimum,
        },
        SoftwareCommand::Withdraw { which: release } => SoftwareCall::Withdraw {
            which: which(&release)?,
        },
        SoftwareCommand::Stations => SoftwareCall::Stations,
        SoftwareCommand::Group { station, group } => SoftwareCall::Group { station, group },
    };
    Ok(AdminCall::Software { what })
}

fn publish_call(
    publish: Publish,
    which: &impl Fn(&Which) -> Result<WhichRelease, AdminRefusal>,
) -> Result<SoftwareCall, AdminRefusal> {
    let mut beside = publish.file.clone().into_os_string();
    beside.push(".sig");
    let signature = read_small(Path::new(&beside))?;
    let signature = String::from_utf8(signature).unwrap_or_default();
    let file = std::path::absolute(&publish.file).unwrap_or(publish.file);
    Ok(SoftwareCall::Publish {
        file,
        signature: signature.trim().to_owned(),
        which: which(&publish.which)?,
        percent: publish.percent,
        groups: publish.groups,
        minimum: publish.minimum,
        during_hours: publish.during_hours,
    })
}

/// Carries out a call.
///
/// # Errors
/// [`AdminRefusal`]; nothing was changed then.
pub(super) fn perform(
    center: &DataCenter,
    what: SoftwareCall,
    show: &mut Show<'_>,
) -> Result<bool, AdminRefusal> {
    let changed = match what {
        SoftwareCall::List => {
            let says = center.named_targets(RepositoryRole::Software)?;
            return Ok(list(center, &says)?.into_iter().all(show));
        }
        SoftwareCall::Stations => {
            let shown = center
                .db()
                .read_blocking("software-stations", store::stations)?;
            let views = shown
                .into_iter()
                .map(|one| AdminView::StationSoftware(StationSoftwareView(one)));
            return Ok(views.into_iter().all(show));
        }
        SoftwareCall::Group { station, group } => {
            return put_group(center, station, group).map(show);
        }
        SoftwareCall::Publish { .. } => publish(center, what)?,
        SoftwareCall::Hold { which } => {
            let version = which.version;
            change(center, &which, |rollout| rollout.hold(version))?
        }
        SoftwareCall::Withdraw { which } => {
            let version = which.version;
            change(center, &which, |rollout| rollout.withdraw(version))?
        }
        SoftwareCall::Advance {
            which,
            percent,
            group,
            during_hours,
            minimum,
        } => {
            let version = which.version;
            change(center, &which, |rollout| {
                let reached = rollout
                    .release(version)
                    .map_or(0, |release| release.percent);
                rollout.advance(version, percent.unwrap_or(reached))?;
                if let Some(group) = &group {
                    rollout.add_group(version, group)?;
                }
                if let Some(allowed) = during_hours {
                    rollout.allow_hours(version, allowed)?;
                }
                minimum.map_or(Ok(()), |minimum| rollout.require(minimum))
            })?
        }
    };
    Ok(views(&changed).into_iter().all(show))
}

/// Keeps the package, then publishes its release: a crash in between leaves content that nobody
/// names and that is cleared away.
fn publish(center: &DataCenter, what: SoftwareCall) -> Result<Rollout, AdminRefusal> {
    let SoftwareCall::Publish {
        file,
        signature,
        which,
        percent,
        groups,
        minimum,
        during_hours,
    } = what
    else {
        return Err(AdminRefusal::usage(
            "This publishes nothing.",
            "Name a release.",
        ));
    };
    signature::names(&signature, which.version)?;
    let name = file.file_name().and_then(|name| name.to_str());
    let name = name.unwrap_or_default().to_owned();
    let (sha256, length) = content::digest(&file, PACKAGE_MAX_BYTES)?;
    let release = Release {
        version: which.version,
        state: ReleaseState::Rolling,
        percent,
        groups: groups.into_iter().collect(),
        during_hours,
        file: name,
        length,
        sha256: Sha256Hex(sha256),
        signature,
    };
    let edit = |rollout: &mut Rollout| {
        rollout.publish(release.clone())?;
        minimum.map_or(Ok(()), |minimum| rollout.require(minimum))
    };
    // What would be refused in the end is refused before a byte of it is kept.
    let says = center.named_targets(RepositoryRole::Software)?;
    let mut rollout = read_rollout(center, &says, which.platform, which.channel)?;
    edit(&mut rollout).map_err(SoftwareError::Refused)?;
    let config = Config::read(center.folder())?;
    if let Some(key) = &config.update_key {
        // The file is read anew each time: what is kept is what was judged.
        if signature::check(key, &release.signature, &file)? != sha256 {
            return Err(RepositoryError::FileChanged { path: file }.into());
        }
    }
    content::put_known(center.db(), &file, (sha256, length), center.now())?;
    change(center, &which, edit)
}

/// Changes what is published for a platform and channel, in one publication.
fn change(
    center: &DataCenter,
    which: &WhichRelease,
    edit: impl FnOnce(&mut Rollout) -> Result<(), PublishRefusal>,
) -> Result<Rollout, AdminRefusal> {
    let passphrase = which.passphrase.as_ref().map(Passphrase::as_str);
    let mut changed = Rollout::new(which.platform, which.channel);
    center.publish(
        RepositoryRole::Software,
        passphrase,
        |says: &Targets| {
            let mut rollout = read_rollout(center, says, which.platform, which.channel)?;
            edit(&mut rollout).map_err(SoftwareError::Refused)?;
            changed = rollout;
            Ok::<_, SoftwareError>(named(says, &changed))
        },
        (nothing, nothing),
    )?;
    Ok(changed)
}

/// The targets of the role once this is what is published: packages of withdrawn releases, and of
/// those that dropped out, are named no more.
fn named(says: &Targets, rollout: &Rollout) -> Change {
    let (platform, channel) = (rollout.platform(), rollout.channel());
    let folder = format!("{SOFTWARE_ROLE}/{channel}/{platform}/");
    let document = rollout.to_bytes();
    let mut targets = says.targets.clone();
    targets.retain(|path, _| !path.starts_with(&folder));
    let target = |length: u64, hashes: Hashes| TargetFile {
        length,
        hashes,
        custom: None,
    };
    let length = u64::try_from(document.len()).unwrap_or(u64::MAX);
    targets.insert(
        Rollout::path(platform, channel),
        target(length, Hashes::of(&document)),
    );
    for release in rollout.releases() {
        if release.state != ReleaseState::Withdrawn {
            targets.insert(
                rollout.package_path(release),
                target(release.length, Hashes::from_sha256(release.sha256.0)),
            );
        }
    }
    Change {
        contents: vec![document],
        targets,
    }
}

/// What is published for a platform and channel; nothing published yet where the role names nothing.
fn read_rollout(
    center: &DataCenter,
    says: &Targets,
    platform: Platform,
    channel: Channel,
) -> Result<Rollout, SoftwareError> {
    let path = Rollout::path(platform, channel);
    let Some(target) = says.targets.get(&path) else {
        return Ok(Rollout::new(platform, channel));
    };
    let missing = || RepositoryError::MissingContent { path: path.clone() };
    let sha256 = target.hashes.sha256().ok_or_else(missing)?;
    let bytes = center
        .db()
        .read_blocking("what is published", move |tx| {
            content::whole(tx, &sha256, ROLLOUT_MAX_BYTES)
        })?
        .ok_or_else(missing)?;
    Ok(Rollout::read(&bytes, platform, channel)?)
}

fn list(center: &DataCenter, says: &Targets) -> Result<Vec<AdminView>, AdminRefusal> {
    let mut shown = Vec::new();
    for platform in Platform::ALL {
        for channel in Channel::ALL {
            shown.extend(views(&read_rollout(center, says, platform, channel)?));
        }
    }
    Ok(shown)
}

fn views(rollout: &Rollout) -> Vec<AdminView> {
    let releases = rollout.releases().iter().rev();
    releases
        .map(|release| AdminView::Release(ReleaseView::of(rollout, release)))
        .collect()
}

fn put_group(
    center: &DataCenter,
    asked: String,
    group: Option<String>,
) -> Result<AdminView, AdminRefusal> {
    if group.as_ref().is_some_and(|group| !is_group(group)) {
        return Err(AdminRefusal::usage(
            "A group's name has 1 to 32 small letters, digits and hyphens.",
            "Give such a name, or none to take the station out of its group.",
        ));
    }
    let (book, now) = (*center.ledger(), center.now());
    let shown = center.db().write_blocking("software-group", move |tx| {
        let station = stations::find(tx, &asked)?;
        store::put_group(tx, station.id, group.as_deref())?;
        stations::journal(&book, tx, &station, "software-group", ADMIN, now)?;
        tx.concerns(Concerned::Station(station.id), ServiceId::Software);
        let all = store::stations(tx)?;
        Ok::<_, StationCallError>(all.into_iter().find(|one| one.station == station.id))
    })?;
    shown
        .map(|one| AdminView::StationSoftware(StationSoftwareView(one)))
        .ok_or_else(|| {
            AdminRefusal::usage(
                "The station has not enrolled yet; its group is noted.",
                "It counts from its first contact on.",
            )
        })
}

/// Why nothing was published.
#[derive(Debug, thiserror::Error)]
enum SoftwareError {
    #[error(transparent)]
    Refused(PublishRefusal),
    #[error("what is published cannot be read")]
    Published(#[from] NotARollout),
    #[error(transparent)]
    Repository(#[from] RepositoryError),
    #[error(transparent)]
    Db(#[from] DbError),
}

impl From<SoftwareError> for AdminRefusal {
    fn from(error: SoftwareError) -> Self {
        match error {
            SoftwareError::Refused(refusal) => Self::refused(
                "not_published",
                &refusal,
                "Nothing was published. See `pennyblack-server software list`.",
            ),
            SoftwareError::Published(fault) => {
                Self::broken("software", &fault, "Nothing was published. See the log.")
            }
            SoftwareError::Repository(error) => error.into(),
            SoftwareError::Db(error) => error.into(),
        }
    }
}
