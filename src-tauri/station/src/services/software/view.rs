//! What the window and the command line show of the station's software.

use shared::software::{Channel, Choice, OpeningHours};

use super::keep::{self, Kept};
use super::{choose, published, stage};
use crate::api::{
    FailedReleaseView, LastUpdateView, SetSoftwareCall, SoftwareState, SoftwareView, UiError,
};
use crate::messages::{Code, say};
use crate::station::Owner;

/// What runs, what comes, and what it waits for.
pub(crate) fn view(owner: &Owner, working: bool) -> Result<SoftwareView, UiError> {
    let kept = Kept::read(owner)?;
    let program = owner.program();
    let mut view = SoftwareView {
        version: program.version.to_string(),
        platform: program.platform.map(|platform| platform.name().to_owned()),
        channel: kept.channel.name().to_owned(),
        hours: kept.hours.to_string(),
        group: kept.group.clone(),
        state: SoftwareState::Unpublished,
        release: None,
        minimum: None,
        urgent: false,
        fetched_bytes: 0,
        length_bytes: 0,
        waits: None,
        failed: kept
            .failed
            .iter()
            .rev()
            .map(|(version, reason)| FailedReleaseView {
                version: version.to_string(),
                reason: reason.clone(),
            })
            .collect(),
        last: kept.last.as_ref().map(|last| LastUpdateView {
            version: last.version.to_string(),
            outcome: last.outcome.clone(),
            reason: Some(last.reason.clone()).filter(|reason| !reason.is_empty()),
            at: last.at.0,
        }),
    };
    if program.platform.is_none() {
        view.state = SoftwareState::Beside;
        return Ok(view);
    }
    coming(owner, &kept, working, &mut view)?;
    Ok(view)
}

/// Fills in what comes.
fn coming(
    owner: &Owner,
    kept: &Kept,
    working: bool,
    view: &mut SoftwareView,
) -> Result<(), UiError> {
    let Some(rollout) = published::rollout(owner, kept)? else {
        return Ok(());
    };
    view.minimum = rollout.minimum().map(|minimum| minimum.to_string());
    let release = match choose(owner, kept, &rollout)? {
        Choice::Current => {
            view.state = SoftwareState::Current;
            return Ok(());
        }
        Choice::Stuck => {
            (view.state, view.urgent) = (SoftwareState::Stuck, true);
            return Ok(());
        }
        Choice::Take { release, urgent } => {
            view.urgent = urgent;
            release
        }
    };
    view.release = Some(release.version.to_string());
    view.length_bytes = release.length;
    let is_here = kept
        .staged
        .as_ref()
        .is_some_and(|staged| staged.release.version == release.version);
    if is_here {
        view.fetched_bytes = release.length;
        view.state = SoftwareState::Waiting;
        view.waits =
            stage::hold(owner, kept, release, working)?.map(|hold| hold.words().to_owned());
    } else if rollout.platform().can_go_back() {
        let download = keep::download(owner)?.filter(|download| download.is_of(release));
        view.fetched_bytes = download.map_or(0, |download| download.position);
        view.state = SoftwareState::Coming;
    } else {
        view.state = SoftwareState::ByAdmin;
    }
    Ok(())
}

/// Chooses channel and opening hours; what is not given stays.
pub(crate) fn set(owner: &mut Owner, call: &SetSoftwareCall) -> Result<(), UiError> {
    let mut kept = Kept::read(owner)?;
    let bad = |what: String| say(Code::BadInput, &[("what", &what)]);
    if let Some(channel) = &call.channel {
        kept.channel = channel
            .trim()
            .parse::<Channel>()
            .map_err(|fault| bad(fault.to_string()))?;
    }
    if let Some(hours) = &call.hours {
        kept.hours = hours
            .trim()
            .parse::<OpeningHours>()
            .map_err(|fault| bad(fault.to_string()))?;
    }
    kept.write(owner)
}
