//! What is made of a refill before its transaction: all transactions share one thread, and what is
//! signed on it is waited for by every station.
//!
//! Nothing here decides. The proof of possession depends on the request alone. The certificate is
//! issued for the terms that the books led to when they were just looked at, and the transaction
//! takes it only when its own decision leads to the same terms. The signed head is one that was
//! committed. A certificate that is not taken leaves with nobody, and its number is not given out
//! again; the same holds after a crash.

use shared::ids::StationId;
use shared::indicium::certificate::IndiciumTerms;
use shared::indicium::regime::Regime;
use shared::money::Mills;
use shared::services::Request as _;
use shared::services::funds::{RefillRequest, possession_input};

use super::rules::{self, Circumstances, Decision, Mirror};
use super::store::{self, VaultRow};
use super::{Sealed, extends, sealed};
use crate::ca::{self, CaError, IssuedCertificate};
use crate::center::DataCenter;
use crate::db::{DbError, Tx};
use crate::epochs;
use crate::ledger::tree::{self, TreeHead};
use crate::ledger::{self, LedgerAccount};

/// How a refill is worked ahead of.
pub(super) const REFILL: sealed::Ahead<RefillRequest, Glance, Ahead> =
    sealed::Ahead { glance, prepare };

/// The books as they stood a moment before the transaction.
#[derive(Debug)]
pub(super) struct Glance {
    /// The vault of the station, what its account holds and what it owes.
    vault: Option<(VaultRow, Mills, Mills)>,
    /// The last number of the station's stream.
    sequence: u64,
    /// The head of the journal, and its epoch.
    head: (u32, TreeHead),
}

/// What was made before the transaction.
#[derive(Debug)]
pub(super) struct Ahead {
    /// Whether the request proves that the station holds the next key.
    pub(super) possessed: bool,
    /// A head that was committed before, signed.
    pub(super) checkpoint: String,
    certificate: Option<(IndiciumTerms, IssuedCertificate)>,
}

impl Ahead {
    /// The certificate of the request's next key, if it was made for exactly these terms.
    pub(super) fn certificate(&mut self, terms: &IndiciumTerms) -> Option<IssuedCertificate> {
        let made = self.certificate.take();
        made.filter(|(made_for, _)| made_for == terms)
            .map(|(_, issued)| issued)
    }
}

fn glance(tx: &Tx<'_>, station: StationId) -> Result<Glance, DbError> {
    let vault = match store::find(tx, station)? {
        Some(row) => {
            let available = ledger::available(tx, &LedgerAccount::Customer(row.account))?;
            let owed = ledger::debts::outstanding(tx, row.account)?;
            Some((row, available, owed))
        }
        None => None,
    };
    Ok(Glance {
        vault,
        sequence: sealed::last_sequence(tx, station, RefillRequest::SERVICE)?,
        head: (epochs::current(tx)?, tree::tree_head(tx)?),
    })
}

fn prepare(center: &DataCenter, sealed: &Sealed<RefillRequest>, glance: Glance) -> Ahead {
    let request = &sealed.request;
    let possession = possession_input(request.refill, &request.next_key);
    let possessed = ca::verify(&request.next_key, &possession, &request.possession);
    let (epoch, head) = &glance.head;
    let checkpoint = center.checkpoint_of(*epoch, head);
    let reconciling = center.is_reconciling();
    let terms = likely_terms(sealed, glance, reconciling).filter(|_| possessed);
    let certificate = terms.and_then(|terms| {
        let issued = center
            .certificate_numbers()
            .next(center.db())
            .and_then(|number| certify(center, sealed, &terms, number));
        match issued {
            Ok(issued) => Some((terms, issued)),
            Err(fault) => {
                // The transaction tries again, and answers with the fault if it is still there.
                tracing::warn!(%fault, "no certificate was issued ahead of a refill");
                None
            }
        }
    });
    Ahead {
        possessed,
        checkpoint,
        certificate,
    }
}

/// The terms that the transaction will come to if nothing changes before it. Nothing for a request
/// that was served before, or that the books forbid as they stand.
fn likely_terms(
    sealed: &Sealed<RefillRequest>,
    glance: Glance,
    reconciling: bool,
) -> Option<IndiciumTerms> {
    if Some(sealed.sequence()) != glance.sequence.checked_add(1) {
        return None;
    }
    let request = &sealed.request;
    let (row, available, owed) = glance.vault?;
    let consistent = extends(&row.mirror, &request.statement, &request.consistency);
    let settled = rules::settle(&row.mirror, &request.statement, consistent).ok()?;
    let circumstances = Circumstances {
        available,
        account_locked: !owed.is_zero(),
        // Whether today's limit is reached is left to the transaction.
        automatic_left: Some(request.amount),
        station_locked: !row.active,
        reconciling,
    };
    let decision = rules::decide(&settled.mirror, request, &circumstances).ok()?;
    Some(terms(&settled.mirror, &decision))
}

/// What the key of a grant may sign.
pub(super) const fn terms(mirror: &Mirror, decision: &Decision) -> IndiciumTerms {
    IndiciumTerms {
        psd: mirror.psd,
        grant: decision.number,
        control_total: decision.control_total_new,
        from: mirror.registers.ascending(),
        max: mirror.max_piece,
        regime: Regime::Specimen,
    }
}

/// Issues the certificate of the request's next key under a number that was never given out.
///
/// # Errors
/// [`CaError`].
pub(super) fn certify(
    center: &DataCenter,
    sealed: &Sealed<RefillRequest>,
    terms: &IndiciumTerms,
    number: u32,
) -> Result<IssuedCertificate, CaError> {
    center.authority().issue_indicium_certificate(
        sealed.request.next_key,
        terms,
        number,
        sealed.now,
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use shared::clock::UnixSeconds;
    use shared::ids::PsdId;
    use shared::services::keys::Point;

    fn made_for(terms: IndiciumTerms) -> Ahead {
        let issued = IssuedCertificate {
            der: vec![1],
            serial: [1; 12],
            not_before: UnixSeconds(0),
            not_after: UnixSeconds(1),
            point: Point([4; 65]),
        };
        Ahead {
            possessed: true,
            checkpoint: String::new(),
            certificate: Some((terms, issued)),
        }
    }

    #[test]
    fn a_certificate_is_taken_only_for_the_terms_it_was_made_for_and_once() {
        let mills = |mills| Mills::new(mills).unwrap();
        let terms = IndiciumTerms {
            psd: PsdId::specimen(1),
            grant: 2,
            control_total: mills(60_000),
            from: mills(1_000),
            max: mills(100_000),
            regime: Regime::Specimen,
        };
        for other in [
            IndiciumTerms { grant: 3, ..terms },
            IndiciumTerms {
                control_total: mills(60_001),
                ..terms
            },
            IndiciumTerms {
                from: mills(999),
                ..terms
            },
            IndiciumTerms {
                max: mills(99_999),
                ..terms
            },
        ] {
            assert!(made_for(terms).certificate(&other).is_none(), "{other:?}");
        }
        let mut ahead = made_for(terms);
        assert!(ahead.certificate(&terms).is_some());
        assert!(ahead.certificate(&terms).is_none());
    }
}
