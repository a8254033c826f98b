//! Whether the edition can come into force when it says.

use super::{FindingKind, Findings, Surroundings};
use crate::rates::edition::Edition;

/// Holds the edition's first day against today and the other editions.
pub(super) fn look(edition: &Edition, around: &Surroundings<'_>, found: &mut Findings) {
    let (today, first) = (around.today, edition.effective);
    let others = || around.published.iter().filter(|(id, _)| *id != edition.id);
    let in_force = others()
        .filter(|(_, day)| *day <= today)
        .max_by_key(|(_, day)| *day);
    let place = format!("effective {first}");
    match in_force {
        Some((id, day)) if *day >= first => found.about(
            FindingKind::Superseded,
            place.clone(),
            format!("{id} has been in force since {day}; stations never go back"),
        ),
        Some((id, _)) if first < today => found.about(
            FindingKind::InThePast,
            place.clone(),
            format!("pieces were mailed by {id} since then; today is {today}"),
        ),
        Some(_) | None => {}
    }
    let coming = || others().filter(|(_, day)| *day > today);
    if let Some((id, _)) = coming()
        .filter(|(_, day)| *day == first)
        .max_by_key(|(id, _)| id)
    {
        // Of two that begin on one day, stations take the one whose name comes last.
        let (kind, words) = if edition.id > *id {
            let words = format!("it replaces {id}, which begins on the same day");
            (FindingKind::SameDay, words)
        } else {
            let words = format!("{id} begins on the same day and its name comes later: it stays");
            (FindingKind::Superseded, words)
        };
        found.about(kind, place.clone(), words);
    }
    if let Some((id, day)) = coming().find(|(_, day)| *day > first) {
        found.about(
            FindingKind::BeforeAnnounced,
            place,
            format!("{id}, which begins on {day}, was published before"),
        );
    }
}
