//! Validation in front of publication: an edition that fails is published only with the approval of
//! two admins, whose reason stands in the journal.
//!
//! The report is made again in the transaction that publishes: what was published in between, or
//! the turn of a day, may have changed it. A crash before that transaction leaves nothing done; the
//! approval is spent in it.

use jiff::civil::Date;
use shared::clock::{UnixSeconds, civil_date};
use shared::rates::{Edition, Report, Surroundings, validate as look_through};
use shared::security::approval::Parameter;

use crate::admin::approval::{
    ApprovalView, Consent, Consented, Place, RequestView, consent as approved,
};
use crate::admin::call::Passphrase;
use crate::admin::perform::Show;
use crate::admin::refusal::{AdminRefusal, Ending};
use crate::admin::view::{AdminView, EditionView};
use crate::approvals::{Action, ApprovalError, Controlled};
use crate::center::DataCenter;
use crate::db::{DbError, Tx};
use crate::repository::RepositoryError;
use crate::services::rates::publish as publishing;
use crate::services::rates::store::{self, EditionStoreError, StoredEdition};

/// The longest reason, bytes: it is signed and journalled with the approval.
const MAX_REASON_BYTES: usize = 400;

/// Why an edition was not published.
#[derive(Debug, thiserror::Error)]
pub(in crate::admin) enum PublishError {
    /// It fails validation and nobody has approved it.
    #[error("the edition fails validation")]
    Fails(Box<Report>),
    /// There is nothing that two admins would have to approve.
    #[error("edition {id} passes validation")]
    Passes {
        /// The edition.
        id: String,
    },
    /// Nothing was done, because what two admins have to sign was asked for.
    #[error("what is to be approved was asked for")]
    Asked(Box<RequestView>),
    /// The approval does not hold.
    #[error(transparent)]
    Approval(#[from] ApprovalError),
    /// The edition is unknown or damaged, or the database failed.
    #[error(transparent)]
    Store(#[from] EditionStoreError),
    /// The database failed.
    #[error(transparent)]
    Db(#[from] DbError),
}

impl From<RepositoryError> for PublishError {
    fn from(error: RepositoryError) -> Self {
        Self::Store(error.into())
    }
}

/// The data center's day.
pub(in crate::admin) fn today(now: UnixSeconds) -> Date {
    civil_date(now)
}

/// Looks through a stored edition, beside those that are published and those that would be
/// published before it.
///
/// # Errors
/// [`EditionStoreError`].
pub(in crate::admin) fn report_on(
    tx: &Tx<'_>,
    edition: &Edition,
    and_these: &[String],
    today: Date,
) -> Result<Report, EditionStoreError> {
    let counts = |one: &StoredEdition| one.published.is_some() || and_these.contains(&one.id);
    let published: Vec<(String, Date)> = store::list(tx)?
        .into_iter()
        .filter(|one| counts(one) && one.id != edition.id())
        .map(|one| (one.id, one.effective))
        .collect();
    let before = replaced_by(edition, &published);
    let before = before.map(|id| store::read(tx, id)).transpose()?;
    let around = Surroundings {
        today,
        published: &published,
        before: before.as_ref(),
    };
    Ok(look_through(edition, &around))
}

/// Which of these an edition replaces: the last that begins before it, or on its day with a name that
/// comes before its own. Stations take them in that order.
fn replaced_by<'a>(edition: &Edition, published: &'a [(String, Date)]) -> Option<&'a str> {
    let earlier = published
        .iter()
        .filter(|(id, day)| (*day, id.as_str()) < (edition.effective(), edition.id()));
    let before = earlier.max_by(|(a, day_a), (b, day_b)| (day_a, a).cmp(&(day_b, b)));
    before.map(|(id, _)| id.as_str())
}

/// The published edition that an edition replaces.
///
/// # Errors
/// [`EditionStoreError`].
pub(super) fn before_of(
    tx: &Tx<'_>,
    edition: &Edition,
) -> Result<Option<Edition>, EditionStoreError> {
    let published = store::list(tx)?.into_iter();
    let published = published.filter(|one| one.published.is_some());
    let published: Vec<(String, Date)> = published.map(|one| (one.id, one.effective)).collect();
    let before = replaced_by(edition, &published);
    before.map(|id| store::read(tx, id)).transpose()
}

/// Publishes one edition, or each that is not yet and passes. The others hinder none of them: the
/// first is told in the end.
///
/// # Errors
/// [`AdminRefusal`]: an edition fails or is damaged; those that were shown are published.
pub(in crate::admin) fn publish(
    center: &DataCenter,
    edition: Option<String>,
    passphrase: Option<&Passphrase>,
    show: &mut Show<'_>,
) -> Result<bool, AdminRefusal> {
    let passphrase = passphrase.map(Passphrase::as_str);
    let day = today(center.now());
    let checked = center.db().read_blocking("rates-check", move |tx| {
        let Some(name) = edition else {
            return Ok(passing(tx, day)?);
        };
        // One that fails is told before anybody is asked for a passphrase.
        must_pass(tx, &name, day)?;
        Ok::<_, PublishError>((vec![name], None))
    });
    let (names, failed) = checked?;
    let mut reads_on = true;
    for name in names {
        let id = name.clone();
        let first = move |tx: &Tx<'_>| must_pass(tx, &id, day);
        let edition = publishing::publish(center, &name, passphrase, first)?;
        reads_on = reads_on && show(super::view(edition));
    }
    match failed {
        Some(failed) => Err(failed.into()),
        None => Ok(reads_on),
    }
}

/// The editions that are not published and pass, each held against those before it as if they were
/// published; and why the first of the others does not.
fn passing(
    tx: &Tx<'_>,
    today: Date,
) -> Result<(Vec<String>, Option<PublishError>), EditionStoreError> {
    let (mut passing, mut failed) = (Vec::new(), None);
    for id in store::unpublished(tx)? {
        let checked = match store::read(tx, &id) {
            Err(fault @ EditionStoreError::DamagedDraft { .. }) => Err(fault.into()),
            read => must_have_passed(report_on(tx, &read?, &passing, today)?),
        };
        match checked {
            Ok(()) => passing.push(id),
            Err(error) => failed = failed.or(Some(error)),
        }
    }
    Ok((passing, failed))
}

/// Refuses an edition that fails, in the transaction that publishes it. One that is published stays
/// as it is, whatever is found today.
///
/// # Errors
/// [`PublishError::Fails`] with the report.
fn must_pass(tx: &Tx<'_>, id: &str, today: Date) -> Result<(), PublishError> {
    if store::named(tx, id)?.published.is_some() {
        return Ok(());
    }
    must_have_passed(report_on(tx, &store::read(tx, id)?, &[], today)?)
}

fn must_have_passed(report: Report) -> Result<(), PublishError> {
    if report.passes() {
        Ok(())
    } else {
        Err(PublishError::Fails(Box::new(report)))
    }
}

/// Shows the report on one edition, or on each that is not published; refuses when one fails.
///
/// # Errors
/// `edition_fails_validation`, after everything was shown; and what the store says.
pub(super) fn validate(
    center: &DataCenter,
    edition: Option<String>,
    show: &mut Show<'_>,
) -> Result<bool, AdminRefusal> {
    let day = today(center.now());
    let reports = center.db().read_blocking("rates-validate", move |tx| {
        let ids = match edition {
            Some(id) => vec![id],
            None => store::unpublished(tx)?,
        };
        let (mut reports, mut passing, mut damaged) = (Vec::new(), Vec::new(), None);
        for id in ids {
            let edition = match store::read(tx, &id) {
                // What one import left does not hide the others.
                Err(fault @ EditionStoreError::DamagedDraft { .. }) => {
                    damaged = damaged.or(Some(fault));
                    continue;
                }
                read => read?,
            };
            let report = report_on(tx, &edition, &passing, day)?;
            if report.passes() {
                passing.push(id);
            }
            reports.push(report);
        }
        Ok::<_, EditionStoreError>((reports, damaged))
    })?;
    let (reports, damaged) = reports;
    let failed = reports.iter().find(|report| !report.passes()).cloned();
    let mut reports = reports.into_iter();
    let read_on = reports.all(|report| show(AdminView::RatesReport(Box::new(report))));
    match (damaged, failed) {
        (Some(damaged), _) => Err(damaged.into()),
        (None, Some(report)) => Err(PublishError::Fails(Box::new(report)).into()),
        (None, None) => Ok(read_on),
    }
}

/// Publishes an edition that fails, once two admins have approved exactly this content and reason.
///
/// # Errors
/// [`AdminRefusal`]; nothing was published then.
pub(super) fn despite(
    center: &DataCenter,
    (id, reason): (&str, &str),
    consent: Consent,
    passphrase: Option<&str>,
) -> Result<AdminView, AdminRefusal> {
    let reason = reason.trim().to_owned();
    if reason.is_empty() || reason.len() > MAX_REASON_BYTES {
        return Err(AdminRefusal::usage(
            format!("A reason has 1 to {MAX_REASON_BYTES} bytes."),
            "Say with --reason why the edition is right all the same.",
        ));
    }
    let place = Place::of(center);
    let name = id.to_owned();
    let report = center.db().read_blocking("rates-report", move |tx| {
        report_on(tx, &store::read(tx, &name)?, &[], today(place.now))
    })?;
    let name = id.to_owned();
    let is_asked = consent == Consent::Request;
    let first = move |tx: &Tx<'_>| {
        let edition = store::read(tx, &name)?;
        let report = report_on(tx, &edition, &[], today(place.now))?;
        if report.passes() {
            return Err(PublishError::Passes { id: name });
        }
        let action = action(&edition, &report, &reason);
        match approved(&place, tx, &action, &consent)? {
            Consented::Yes => Ok(()),
            Consented::Asked(view) => Err(PublishError::Asked(Box::new(view))),
        }
    };
    let published = if is_asked {
        // What two admins have to sign opens no key: whoever asks for it need not be able to publish.
        let asked = center.db().read_blocking("rates-request", first);
        asked.and(Err(PublishError::Passes { id: id.to_owned() }))
    } else {
        publishing::publish(center, id, passphrase, first)
    };
    match published {
        Ok(edition) => Ok(AdminView::Edition(EditionView {
            edition,
            report: Some(report),
            not_read: Vec::new(),
            removed: false,
        })),
        Err(PublishError::Asked(view)) => Ok(AdminView::Approval(ApprovalView::Request(*view))),
        Err(error) => Err(error.into()),
    }
}

/// What two admins sign: the edition, its very content, what was found, and why.
fn action(edition: &Edition, report: &Report, reason: &str) -> Action {
    let parameter = |name: &str, value: String| Parameter {
        name: name.to_owned(),
        value,
    };
    let worst = report
        .findings
        .first()
        .map_or_else(String::new, |one| format!("{}: {}", one.place, one.words));
    let mut action = Action::on(Controlled::RatesPublish, "edition", edition.id());
    let sha256 = Edition::sha256(&edition.to_bytes());
    action.parameters.extend([
        parameter("sha256", data_encoding::HEXLOWER.encode(&sha256)),
        parameter("findings that stop it", report.stops.to_string()),
        parameter("the worst", worst),
        parameter("reason", reason.to_owned()),
    ]);
    action
}

impl From<PublishError> for AdminRefusal {
    fn from(error: PublishError) -> Self {
        match error {
            PublishError::Fails(report) => {
                let worst = report.findings.first().map_or_else(String::new, |one| {
                    format!(" The worst: {}: {}.", one.place, one.words)
                });
                let (id, stops) = (&report.edition, report.stops);
                Self::new(
                    Ending::Refused,
                    "edition_fails_validation",
                    format!("Edition {id} fails validation in {stops} places.{worst}"),
                    "It was not published. `rates validate` shows them all. Take it away with `rates \
                     remove` and import a corrected one, or let two admins publish this one: \
                     --reason TEXT --request FILE, `admin sign`, --reason TEXT --approval FILE.",
                )
            }
            PublishError::Passes { .. } => Self::of(
                Ending::Refused,
                "edition_passes",
                &error,
                "Nothing was published. Publish it without --reason.",
            ),
            PublishError::Asked(_) => Self::of(
                Ending::Refused,
                "approval_asked",
                &error,
                "Nothing was published. Let two admins sign it.",
            ),
            PublishError::Approval(error) => error.into(),
            PublishError::Store(error) => error.into(),
            PublishError::Db(error) => error.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::ToSpan as _;

    use super::*;

    #[test]
    fn an_edition_replaces_the_last_that_stations_take_before_it() {
        let source = include_str!("../../../../shared/data/editions/us-2026-07-12.json");
        let edition = Edition::from_json(source).unwrap();
        let day = edition.effective();
        let replaced = |others: &[(&str, Date)]| {
            let others: Vec<(String, Date)> = others
                .iter()
                .map(|(id, day)| ((*id).to_owned(), *day))
                .collect();
            replaced_by(&edition, &others).map(str::to_owned)
        };
        let (before, after) = (day.saturating_sub(3.days()), day.saturating_add(3.days()));
        assert_eq!(replaced(&[("later", after), (edition.id(), day)]), None);
        let two = [("us-b", before), ("us-a", before)];
        assert_eq!(replaced(&two).as_deref(), Some("us-b"));
        // On its own day a name decides: what comes after it stays in force.
        let same = [("us-a", before), ("us-2026", day), ("us-z", day)];
        assert_eq!(replaced(&same).as_deref(), Some("us-2026"));
    }
}
