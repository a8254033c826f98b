//! Software at the station: what is published for it is looked at, the package it takes comes in
//! pieces, waits until nobody is served, and has to prove itself.
//!
//! Asked by the monitor in every contact in which the repository has something new for this station,
//! a package is on its way, or what the station runs was not told yet. What is published and the
//! packages are level L0: only the repository's signatures are trusted. What it runs is told at level
//! L2. It never takes a lower version, never fetches a package over a line with a budget or while
//! somebody waits for the line, and never installs while anything of value is open.
//! A crash at any place leaves a package that goes on where it was, or one that is fetched anew.
//! Tables: `settings`; files: the folder `software` of the data folder. Tests: `tests/it/software.rs`.

pub mod files;
pub mod keep;
pub mod prove;
mod published;
mod report;
mod stage;
#[cfg(test)]
mod tests;
mod view;

use shared::services::ServiceId;
use shared::software::{Choice, Download, Piece, Release, Rollout, Taker};

use super::{MESSAGE_BYTES, not_believed};
use crate::api::UiError;
use crate::contact::link::LinkRequest;
use crate::messages::{Code, say};
use crate::station::Owner;

use keep::Kept;

pub use shared::software::{Platform, Version};
pub(crate) use stage::settle;
pub use stage::{Package, Readiness};
pub(crate) use view::{set, view};

/// The program that runs: what an update replaces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Program {
    /// Its version.
    pub version: Version,
    /// How it came onto this computer; nothing for a program that is not updated by itself, such as a
    /// command.
    pub platform: Option<Platform>,
}

impl Program {
    /// A program that only stands beside the one that is updated.
    pub const BESIDE: Self = Self {
        version: Version::new(0, 0, 0),
        platform: None,
    };
}

/// What the service has asked for in the contact that is going on.
#[derive(Clone, Debug, Default)]
pub enum Exchange {
    /// Nothing yet.
    #[default]
    Nothing,
    /// It told what runs: the hash of what it said.
    Report([u8; 32]),
    /// What is published.
    Rollout(published::Target),
    /// A piece of a package.
    Piece(Piece),
}

/// The report, then what is published, then the next piece of the package.
pub(super) fn next_request(owner: &mut Owner) -> Result<Option<LinkRequest>, UiError> {
    let asked = owner.take_due(ServiceId::Software);
    let Some(platform) = owner.program().platform else {
        return Ok(None);
    };
    if owner.vault().is_none() {
        return Ok(None);
    }
    if let Some((hash, request)) = report::next(owner, platform, asked)? {
        *owner.software_exchange() = Exchange::Report(hash);
        return Ok(Some(request));
    }
    let kept = Kept::read(owner)?;
    if let Some(target) = published::new_rollout(owner, platform, kept.channel)? {
        let request = target.fetch();
        *owner.software_exchange() = Exchange::Rollout(target);
        return Ok(Some(request));
    }
    let Some((download, piece)) = next_piece(owner)? else {
        return Ok(None);
    };
    *owner.software_exchange() = Exchange::Piece(piece);
    owner.software_line().piece_asked();
    // Written down, so that a piece that comes is one of this package.
    keep::put_download(owner, Some(&download))?;
    Ok(Some(LinkRequest::FetchPart {
        path: download.path,
        from: piece.from,
        end: piece.end,
    }))
}

/// Whether the repository names something for this station that is not here.
pub(crate) fn has_something(owner: &mut Owner) -> Result<bool, UiError> {
    let Some(platform) = owner.program().platform else {
        return Ok(false);
    };
    let channel = Kept::read(owner)?.channel;
    Ok(published::new_rollout(owner, platform, channel)?.is_some() || is_fetching(owner)?)
}

/// Whether the service would ask for a piece of a package now: that gives way to money and to
/// whoever waits for the line.
pub(crate) fn is_fetching(owner: &mut Owner) -> Result<bool, UiError> {
    if owner.program().platform.is_none() || owner.vault().is_none() {
        return Ok(false);
    }
    Ok(next_piece(owner)?.is_some())
}

/// The bytes of what is asked for next.
pub(super) fn expected_bytes(owner: &mut Owner) -> u64 {
    match next_piece(owner) {
        Ok(Some((_, piece))) => piece.end - piece.from,
        Ok(None) | Err(_) => MESSAGE_BYTES,
    }
}

/// Takes the reply to what was asked last.
pub(super) fn accept(owner: &mut Owner, reply: &[u8]) -> Result<(), UiError> {
    match std::mem::take(owner.software_exchange()) {
        Exchange::Nothing => Err(not_believed("an answer to nothing")),
        Exchange::Report(hash) => report::accept(owner, hash, reply),
        Exchange::Rollout(target) => published::accept(owner, &target, reply),
        Exchange::Piece(piece) => accept_piece(owner, piece, reply),
    }
}

/// Writes a piece down: first the bytes, then that they are here.
fn accept_piece(owner: &mut Owner, piece: Piece, bytes: &[u8]) -> Result<(), UiError> {
    owner.software_line().piece_came();
    let Some(mut download) = keep::download(owner)?.filter(|one| one.position == piece.from) else {
        return Err(not_believed("a piece of a package"));
    };
    let length = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
    download
        .took(length)
        .map_err(|_| not_believed("a piece of a package"))?;
    files::Files::of(owner.folder())
        .write_piece(piece.from, bytes)
        .map_err(|fault| not_written(&fault))?;
    keep::put_download(owner, Some(&download))
}

/// The package on its way and its next piece; begins one when there is a release to take.
fn next_piece(owner: &mut Owner) -> Result<Option<(Download, Piece)>, UiError> {
    let Some((release, path)) = wanted(owner)? else {
        return Ok(None);
    };
    let mut download = keep::download(owner)?
        .filter(|one| one.is_of(&release))
        .unwrap_or_else(|| Download::begin(&release, path.clone()));
    // The same package may have moved with the repository.
    download.path = path;
    if owner.software_line().is_after_a_miss() {
        download.missed();
    }
    Ok(download.next().map(|piece| (download, piece)))
}

/// The release this station takes and does not have yet, with where its package is.
fn wanted(owner: &mut Owner) -> Result<Option<(Release, String)>, UiError> {
    let kept = Kept::read(owner)?;
    let Some(rollout) = published::rollout(owner, &kept)? else {
        return Ok(None);
    };
    let Some(release) = chosen(owner, &kept, &rollout)? else {
        return Ok(None);
    };
    let is_here = kept
        .staged
        .as_ref()
        .is_some_and(|one| one.release == release);
    if is_here || !rollout.platform().can_go_back() {
        return Ok(None);
    }
    let path = rollout.package_path(&release);
    Ok(published::package(owner, &path, &release)?.map(|path| (release, path)))
}

/// What this station does about the releases of a list.
fn choose<'r>(owner: &Owner, kept: &Kept, rollout: &'r Rollout) -> Result<Choice<'r>, UiError> {
    let failed = kept.failed.keys().copied().collect();
    Ok(rollout.choose(&Taker {
        vault: owner.enrolled()?.id(),
        group: kept.group.as_deref(),
        installed: owner.program().version,
        failed: &failed,
    }))
}

/// The release this station takes.
fn chosen(owner: &Owner, kept: &Kept, rollout: &Rollout) -> Result<Option<Release>, UiError> {
    Ok(match choose(owner, kept, rollout)? {
        Choice::Take { release, .. } => Some(release.clone()),
        Choice::Current | Choice::Stuck => None,
    })
}

fn not_written(fault: &std::io::Error) -> UiError {
    if fault.kind() == std::io::ErrorKind::StorageFull {
        return say(Code::DiskFull, &[]);
    }
    say(
        Code::CannotWrite,
        &[
            ("path", "the software folder"),
            ("reason", &fault.to_string()),
        ],
    )
}

/// How the line fares with packages, in memory: a piece that was asked for and did not come makes
/// the next one smaller.
#[derive(Clone, Copy, Debug, Default)]
pub struct LineFeel {
    asked: bool,
    missed: bool,
}

impl LineFeel {
    /// Whether the piece asked for last did not come.
    const fn is_after_a_miss(self) -> bool {
        self.missed
    }

    /// Notes that a contact begins: what was asked for before it did not come.
    pub const fn contact_begins(&mut self) {
        self.missed = self.asked;
        self.asked = false;
    }

    /// Notes that a piece is asked for.
    const fn piece_asked(&mut self) {
        self.asked = true;
        self.missed = false;
    }

    const fn piece_came(&mut self) {
        self.asked = false;
        self.missed = false;
    }
}
