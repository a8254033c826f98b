//! From a package that is here to one that may be installed.

use std::path::PathBuf;

use shared::clock::UnixSeconds;
use shared::services::ServiceId;
use shared::services::software::UpdateOutcome;
use shared::software::{Busy, Hold, Moment, Release, Sha256Hex, Trial, TrialState, Version};

use super::files::Files;
use super::keep::{self, Kept, Staged};
use super::{chosen, not_written, published};
use crate::api::{Event, PieceState, UiError};
use crate::messages::{Code, say};
use crate::services::repository::standing;
use crate::services::sealed;
use crate::station::{Owner, Station};

/// How often a whole package is fetched that is not what was signed: more is no accident of a line.
pub(super) const SPOILED_MAX: u8 = 3;

/// A package that may be installed now. The station takes no more work until it is closed or the
/// package is given up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Package {
    /// The release.
    pub version: Version,
    /// What runs now.
    pub before: Version,
    /// The package.
    pub path: PathBuf,
    /// The signature for the platform's updater, as its signer wrote it.
    pub signature: String,
    /// When it was found ready.
    pub since: UnixSeconds,
}

/// Whether there is something to install.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Readiness {
    /// Nothing waits.
    Nothing,
    /// Something waits, and for what.
    Waits(Hold),
    /// Now.
    Now(Package),
}

impl Station {
    /// Looks whether a package has come in whole, holds it against what was signed, and lets it wait
    /// to be installed. The hash is computed beside everything else that goes on.
    ///
    /// # Errors
    /// The faults of the store and of the folder; then it is tried again at the next contact.
    pub async fn stage_software(&self) -> Result<(), UiError> {
        let whole = self.apply(|owner| {
            drop_unwanted(owner)?;
            let download = keep::download(owner)?;
            Ok(download.filter(|download| download.next().is_none()))
        });
        let Some(download) = whole.await? else {
            return Ok(());
        };
        let files = Files::of(self.folder());
        let measured = tokio::task::spawn_blocking(move || files.fetched()).await;
        let measured = measured.map_err(|_| say(Code::StationStopped, &[]))?;
        let measured = measured.map_err(|fault| not_written(&fault))?;
        let is_right = measured == Some((download.length, download.sha256.0));
        self.apply(move |owner| {
            if is_right {
                take_in(owner, download.version, download.sha256)
            } else {
                spoiled(owner, download)
            }
        })
        .await
    }

    /// A package to be installed now, when nobody is served. From then on the station refuses new
    /// work, until it is closed or [`Self::give_up_software`] is called.
    ///
    /// # Errors
    /// The faults of the store.
    pub async fn prepare_software(&self) -> Result<Readiness, UiError> {
        // Looked at first without the flag: nobody is refused for a release that waits anyway.
        let before = self.readiness().await?;
        if !matches!(before, Readiness::Now(_)) {
            return Ok(before);
        }
        // In this order: whoever begins work after the flag stands sees it, and whoever began before
        // is counted.
        if let Err(busy) = self.begin_closing() {
            return Ok(Readiness::Waits(Hold::Busy(busy)));
        }
        let ready = self.readiness().await;
        if !matches!(ready, Ok(Readiness::Now(_))) {
            self.give_up_software();
        }
        ready
    }

    /// Whether a package that was prepared may still be installed: looking at it takes its time.
    pub async fn is_still_ready(&self, package: &Package) -> bool {
        match self.readiness().await {
            Ok(Readiness::Now(now)) => now.version == package.version,
            Ok(Readiness::Nothing | Readiness::Waits(_)) | Err(_) => false,
        }
    }

    async fn readiness(&self) -> Result<Readiness, UiError> {
        let working = self.is_working();
        self.apply(move |owner| readiness(owner, working)).await
    }

    /// Takes work again: the package is not installed after all.
    pub fn give_up_software(&self) {
        self.end_closing();
    }

    /// Notes that the package that waits cannot be installed: it is remembered and not tried again.
    ///
    /// # Errors
    /// The faults of the store.
    pub async fn refuse_software(&self, version: Version, reason: String) -> Result<(), UiError> {
        self.apply(move |owner| refuse(owner, version, &reason))
            .await
    }

    /// Notes that the package that waits could not be installed, for no fault of its own: it is tried
    /// again a day later.
    ///
    /// # Errors
    /// The faults of the store.
    pub async fn put_off_software(&self, version: Version, reason: String) -> Result<(), UiError> {
        self.apply(move |owner| {
            let (now, mut kept) = (owner.now(), Kept::read(owner)?);
            kept.note(version, UpdateOutcome::PutOff, &reason, now);
            kept.write(owner)?;
            owner.tell(Event::Status);
            Ok(())
        })
        .await
    }

    /// Takes in what a trial came to: see [`settle`].
    ///
    /// # Errors
    /// The faults of the store and of the folder.
    pub async fn settle_software(&self) -> Result<(), UiError> {
        self.apply(|owner| {
            settle(owner)?;
            owner.tell(Event::Status);
            Ok(())
        })
        .await
    }
}

/// Writes down what a trial came to, and only then forgets the note: a crash in between writes it
/// down once more, with the same words. A release that failed is forgotten only by the one before,
/// once that runs: until then the note is what puts it back.
pub(crate) fn settle(owner: &mut Owner) -> Result<(), UiError> {
    let files = Files::of(owner.folder());
    let Some(trial) = files.trial().map_err(|fault| not_written(&fault))? else {
        return Ok(());
    };
    let Trial {
        version,
        state,
        fault,
        ..
    } = trial;
    let program = owner.program();
    let mut kept = Kept::read(owner)?;
    let now = owner.now();
    match state {
        TrialState::Installing | TrialState::Trying { .. } => return Ok(()),
        TrialState::Failed { .. } if program.platform.is_none() || program.version == version => {
            return Ok(());
        }
        TrialState::Passed => kept.note(version, UpdateOutcome::Installed, "", now),
        TrialState::Failed { reason } if fault.is_some() => {
            kept.note(version, UpdateOutcome::PutOff, &reason, now);
            kept.write(owner)?;
            return files.forget_trial().map_err(|fault| not_written(&fault));
        }
        TrialState::Failed { reason } => {
            kept.note(version, UpdateOutcome::PutBack, &reason, now);
        }
    }
    kept.write(owner)?;
    keep::put_download(owner, None)?;
    files
        .forget_packages()
        .map_err(|fault| not_written(&fault))?;
    files.forget_trial().map_err(|fault| not_written(&fault))
}

/// Throws away a package that this station does not take any more: it was withdrawn or held, a
/// higher one came, or it runs already.
fn drop_unwanted(owner: &mut Owner) -> Result<(), UiError> {
    // A program that stands beside the one that is updated has no say in its packages.
    if owner.program().platform.is_none() || owner.vault().is_none() {
        return Ok(());
    }
    let mut kept = Kept::read(owner)?;
    let rollout = published::rollout(owner, &kept)?;
    let wanted = match &rollout {
        Some(rollout) => chosen(owner, &kept, rollout)?,
        None => None,
    };
    let staged = kept.staged.as_ref().map(|staged| &staged.release);
    let is_wanted = |release: &Release| {
        wanted.as_ref().is_some_and(|wanted| {
            (wanted.version, wanted.sha256) == (release.version, release.sha256)
        })
    };
    if let Some(staged) = staged
        && !is_wanted(staged)
    {
        kept.staged = None;
        kept.write(owner)?;
        let files = Files::of(owner.folder());
        let coming = keep::download(owner)?.zip(wanted);
        let forgotten = if coming.is_some_and(|(download, wanted)| download.is_of(&wanted)) {
            files.forget_staged()
        } else {
            keep::put_download(owner, None)?;
            files.forget_packages()
        };
        return forgotten.map_err(|fault| not_written(&fault));
    }
    // What an admin has changed about the release that waits counts for it too.
    if let (Some(_), Some(wanted)) = (staged, wanted)
        && staged != Some(&wanted)
    {
        kept.staged = Some(Staged { release: wanted });
        kept.write(owner)?;
    }
    Ok(())
}

/// Lets a package that is what was signed wait to be installed.
fn take_in(owner: &mut Owner, version: Version, sha256: Sha256Hex) -> Result<(), UiError> {
    let mut kept = Kept::read(owner)?;
    let rollout = published::rollout(owner, &kept)?;
    let release = rollout
        .as_ref()
        .and_then(|rollout| rollout.release(version));
    let Some(release) = release.filter(|release| release.sha256 == sha256) else {
        return keep::put_download(owner, None);
    };
    kept.staged = Some(Staged {
        release: release.clone(),
    });
    Files::of(owner.folder())
        .stage()
        .map_err(|fault| not_written(&fault))?;
    kept.write(owner)?;
    keep::put_download(owner, None)?;
    owner.tell(Event::Status);
    Ok(())
}

/// Begins a package anew that is not what was signed, and gives it up after some times.
fn spoiled(owner: &mut Owner, mut download: shared::software::Download) -> Result<(), UiError> {
    tracing::warn!(version = %download.version, "a package is not what was signed");
    download.again();
    if download.spoiled >= SPOILED_MAX {
        return refuse(
            owner,
            download.version,
            "its package is not what was signed",
        );
    }
    keep::put_download(owner, Some(&download))
}

fn refuse(owner: &mut Owner, version: Version, reason: &str) -> Result<(), UiError> {
    let now = owner.now();
    let mut kept = Kept::read(owner)?;
    kept.note(version, UpdateOutcome::Refused, reason, now);
    kept.write(owner)?;
    keep::put_download(owner, None)?;
    Files::of(owner.folder())
        .forget_packages()
        .map_err(|fault| not_written(&fault))?;
    owner.tell(Event::Status);
    Ok(())
}

/// Whether the package that waits may be installed now.
fn readiness(owner: &mut Owner, working: bool) -> Result<Readiness, UiError> {
    drop_unwanted(owner)?;
    let kept = Kept::read(owner)?;
    let Some(Staged { release }) = &kept.staged else {
        return Ok(Readiness::Nothing);
    };
    match hold(owner, &kept, release, working)? {
        Some(hold) => Ok(Readiness::Waits(hold)),
        None => Ok(Readiness::Now(Package {
            version: release.version,
            before: owner.program().version,
            path: Files::of(owner.folder()).staged(),
            signature: release.signature.clone(),
            since: owner.now(),
        })),
    }
}

/// What a release waits for at this moment.
pub(super) fn hold(
    owner: &Owner,
    kept: &Kept,
    release: &Release,
    working: bool,
) -> Result<Option<Hold>, UiError> {
    let Some(platform) = owner.program().platform else {
        return Ok(Some(Hold::NoWayBack));
    };
    let moment = Moment {
        local: owner.local(),
        hours: &kept.hours,
        busy: busy(owner, working)?,
        belief: standing::belief(owner)?,
        platform,
    };
    if let Err(hold) = moment.allows(release) {
        return Ok(Some(hold));
    }
    let is_put_off = kept.puts_off(release.version, owner.now());
    Ok(is_put_off.then_some(Hold::PutOff))
}

/// What the station is in the middle of.
fn busy(owner: &Owner, working: bool) -> Result<Option<Busy>, UiError> {
    for state in [PieceState::Prepared, PieceState::Sending, PieceState::Sent] {
        if owner.store().count_pieces(state)? > 0 {
            return Ok(Some(Busy::Printing));
        }
    }
    if owner.store().count_pieces(PieceState::Unknown)? > 0 {
        return Ok(Some(Busy::Question));
    }
    let on_its_way =
        owner.store().is_unlocked() && sealed::pending(owner, ServiceId::Funds)?.is_some();
    if on_its_way {
        return Ok(Some(Busy::Value));
    }
    Ok(working.then_some(Busy::Call))
}
