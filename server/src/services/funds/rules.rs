//! What the data center makes of a statement and of a refill request: pure, no database.

use shared::clock::UnixSeconds;
use shared::ids::{PsdId, RefillId, VaultId};
use shared::money::Mills;
use shared::services::funds::{
    LOCK_DAYS, RefillKind, RefillRefusal, RefillRequest, RegisterStatement, VERSION, WARN_DAYS,
    state_number,
};
use shared::vault::{Registers, VaultState};

/// What the data center knows of one vault: its last accepted statement and what it was granted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mirror {
    /// The vault.
    pub vault: VaultId,
    /// Its PSD number.
    pub psd: PsdId,
    /// The registers as last stated.
    pub registers: Registers,
    /// The last grant the vault has consumed, as stated.
    pub last_grant: u64,
    /// Journal records accepted.
    pub accepted_size: u64,
    /// The root of those records.
    pub accepted_root: [u8; 32],
    /// The grant that was answered and not yet stated as consumed; at most one.
    pub open: Option<OpenGrant>,
    /// The most one piece may cost.
    pub max_piece: Mills,
    /// The most the descending register may hold.
    pub max_descending: Mills,
}

/// A grant on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OpenGrant {
    /// Its number.
    pub number: u64,
    /// The refill it answers.
    pub refill: RefillId,
    /// What it adds.
    pub amount: Mills,
}

/// Why a statement is not believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StatementFault {
    /// It speaks of another vault, or in another version.
    #[error("the statement is about another vault")]
    WrongVault,
    /// Its registers do not add up, or do not fit what was granted.
    #[error("the registers of the statement do not fit what was granted")]
    WrongRegisters,
    /// Its journal is shorter than what was accepted before, or another one: two histories.
    #[error("the statement comes from another history of the vault")]
    Fork,
}

/// What a believed statement changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settled {
    /// The mirror afterwards.
    pub mirror: Mirror,
    /// The open grant, when the statement covers it.
    pub arrived: Option<OpenGrant>,
    /// What was printed since the last statement.
    pub printed: Mills,
}

/// Holds a statement against the mirror. `consistent` says whether its journal was proved to
/// extend the accepted one.
///
/// # Errors
/// See [`StatementFault`]; [`StatementFault::Fork`] freezes the station.
pub fn settle(
    mirror: &Mirror,
    statement: &RegisterStatement,
    consistent: bool,
) -> Result<Settled, StatementFault> {
    if statement.version != VERSION
        || statement.vault != mirror.vault
        || statement.psd != mirror.psd
    {
        return Err(StatementFault::WrongVault);
    }
    if !consistent || statement.journal_size < mirror.accepted_size {
        return Err(StatementFault::Fork);
    }
    let registers = statement
        .registers()
        .ok_or(StatementFault::WrongRegisters)?;
    let (arrived, control_total) = stated_grant(mirror, statement)?;
    // An extending journal cannot have unspent anything: only another history can.
    let printed = registers
        .ascending()
        .minus(mirror.registers.ascending())
        .map_err(|_| StatementFault::Fork)?;
    if registers.pieces() < mirror.registers.pieces() {
        return Err(StatementFault::Fork);
    }
    if registers.control_total() != control_total {
        return Err(StatementFault::WrongRegisters);
    }
    let after = Mirror {
        registers,
        last_grant: statement.last_grant,
        accepted_size: statement.journal_size,
        accepted_root: statement.journal_root,
        open: if arrived.is_some() { None } else { mirror.open },
        ..mirror.clone()
    };
    Ok(Settled {
        mirror: after,
        arrived,
        printed,
    })
}

/// What a believed final statement changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ended {
    /// The mirror afterwards: nothing left, no grant open.
    pub mirror: Mirror,
    /// The open grant, when the statement covers it.
    pub arrived: Option<OpenGrant>,
    /// What was printed since the last statement.
    pub printed: Mills,
    /// What the vault gives back.
    pub returned: Mills,
}

/// Holds a final statement against the mirror: the vault has ended, nothing is left in it, and its
/// control total is what was ever printed. What it gives back is what the books know beyond that;
/// a grant that never arrived is not part of it.
///
/// # Errors
/// See [`StatementFault`]; [`StatementFault::Fork`] freezes the station.
pub fn end(
    mirror: &Mirror,
    statement: &RegisterStatement,
    consistent: bool,
) -> Result<Ended, StatementFault> {
    let (arrived, control_total) = stated_grant(mirror, statement)?;
    let returned = control_total
        .minus(statement.ascending)
        .map_err(|_| StatementFault::WrongRegisters)?;
    let wrong = !statement.is_final
        || !statement.descending.is_zero()
        || statement.state != state_number(VaultState::Withdrawn)
        || statement.burned.iter().any(|number| {
            arrived.is_some() || mirror.open.is_none_or(|open| open.number != *number)
        });
    if wrong {
        return Err(StatementFault::WrongRegisters);
    }
    // The rest is judged as if the value were still there.
    let before = RegisterStatement {
        descending: returned,
        control_total,
        ..statement.clone()
    };
    let settled = settle(mirror, &before, consistent)?;
    let registers = statement
        .registers()
        .ok_or(StatementFault::WrongRegisters)?;
    Ok(Ended {
        mirror: Mirror {
            registers,
            open: None,
            ..settled.mirror
        },
        arrived: settled.arrived,
        printed: settled.printed,
        returned,
    })
}

/// The grant that the statement shows as arrived, and the control total it must state.
fn stated_grant(
    mirror: &Mirror,
    statement: &RegisterStatement,
) -> Result<(Option<OpenGrant>, Mills), StatementFault> {
    let before = mirror.registers.control_total();
    if statement.last_grant == mirror.last_grant {
        return Ok((None, before));
    }
    match mirror.open {
        Some(open) if open.number == statement.last_grant => {
            let after = before
                .plus(open.amount)
                .map_err(|_| StatementFault::WrongRegisters)?;
            Ok((Some(open), after))
        }
        Some(_) | None => Err(StatementFault::WrongRegisters),
    }
}

/// What else a refill depends on.
#[derive(Clone, Copy, Debug)]
pub struct Circumstances {
    /// What the customer account holds.
    pub available: Mills,
    /// Whether a returned payment of the customer is not paid yet.
    pub account_locked: bool,
    /// What the customer still allows automatic refills today; nothing when it allows none.
    pub automatic_left: Option<Mills>,
    /// Whether the station was locked or withdrawn by an admin.
    pub station_locked: bool,
    /// Whether the data center compares its books after a restore.
    pub reconciling: bool,
}

/// A grant about to be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Decision {
    /// Its number.
    pub number: u64,
    /// The control total before.
    pub control_total_old: Mills,
    /// The control total after.
    pub control_total_new: Mills,
}

/// Decides on a refill whose statement is settled.
///
/// # Errors
/// The refusal that the station is told.
pub fn decide(
    mirror: &Mirror,
    request: &RefillRequest,
    now: &Circumstances,
) -> Result<Decision, RefillRefusal> {
    if now.reconciling {
        return Err(RefillRefusal::Reconcile);
    }
    if now.station_locked {
        return Err(RefillRefusal::StationLocked);
    }
    let renewal = request.kind == RefillKind::Renewal;
    if renewal != request.amount.is_zero() {
        return Err(RefillRefusal::WrongAmount);
    }
    let next = mirror
        .last_grant
        .checked_add(1)
        .ok_or(RefillRefusal::WrongStatement)?;
    if mirror.open.is_some() || request.number != next {
        return Err(RefillRefusal::WrongStatement);
    }
    let descending = mirror.registers.descending().plus(request.amount);
    // A renewal always passes: value must not die with its key when a limit was lowered.
    if !renewal && descending.is_ok_and(|descending| descending > mirror.max_descending) {
        return Err(RefillRefusal::TooMuchValue);
    }
    if !renewal && now.account_locked {
        return Err(RefillRefusal::AccountLocked);
    }
    if request.kind == RefillKind::Automatic {
        let left = now.automatic_left.ok_or(RefillRefusal::NotAutomatic)?;
        if request.amount > left {
            return Err(RefillRefusal::DailyCap);
        }
    }
    let control_total_old = mirror.registers.control_total();
    let control_total_new = control_total_old
        .plus(request.amount)
        .map_err(|_| RefillRefusal::TooMuchValue)?;
    if request.amount > now.available {
        return Err(RefillRefusal::InsufficientFunds);
    }
    Ok(Decision {
        number: next,
        control_total_old,
        control_total_new,
    })
}

/// The watchdog dates of a receipt given at `now`: warn and lock.
#[must_use]
pub const fn watchdog(now: UnixSeconds) -> (UnixSeconds, UnixSeconds) {
    (now.plus_days(WARN_DAYS), now.plus_days(LOCK_DAYS))
}

#[cfg(test)]
mod tests {
    use super::*;
    use shared::services::funds::ProofHashes;
    use shared::services::keys::Point;

    fn mills(mills: u64) -> Mills {
        Mills::new(mills).unwrap()
    }

    fn registers(ascending: u64, descending: u64, pieces: u64) -> Registers {
        Registers::checked(
            mills(ascending),
            mills(descending),
            mills(ascending + descending),
            pieces,
        )
        .unwrap()
    }

    fn mirror() -> Mirror {
        Mirror {
            vault: VaultId::from_bytes([1; 16]),
            psd: PsdId::specimen(1),
            registers: registers(1_000, 9_000, 2),
            last_grant: 1,
            accepted_size: 5,
            accepted_root: [5; 32],
            open: None,
            max_piece: mills(100_000),
            max_descending: mills(500_000),
        }
    }

    fn statement(registers: Registers, last_grant: u64, size: u64) -> RegisterStatement {
        RegisterStatement {
            version: VERSION,
            vault: mirror().vault,
            psd: mirror().psd,
            ascending: registers.ascending(),
            descending: registers.descending(),
            control_total: registers.control_total(),
            pieces: registers.pieces(),
            last_grant,
            burned: Vec::new(),
            state: 2,
            journal_size: size,
            journal_root: [6; 32],
            time: UnixSeconds(0),
            nonce: [0; 16],
            is_final: false,
        }
    }

    fn request(amount: u64, number: u64, kind: RefillKind) -> RefillRequest {
        RefillRequest {
            version: VERSION,
            refill: RefillId::from_bytes([7; 16]),
            number,
            kind,
            amount: mills(amount),
            statement: statement(mirror().registers, 1, 5),
            next_key: Point([4; 65]),
            possession: [0; 64],
            consistency: ProofHashes::default(),
        }
    }

    fn plenty() -> Circumstances {
        Circumstances {
            available: mills(50_000),
            account_locked: false,
            automatic_left: None,
            station_locked: false,
            reconciling: false,
        }
    }

    #[test]
    fn a_statement_tells_what_was_printed_since_the_last_one() {
        let settled = settle(
            &mirror(),
            &statement(registers(1_780, 8_220, 3), 1, 6),
            true,
        )
        .unwrap();
        assert_eq!(settled.printed, mills(780));
        assert_eq!(settled.arrived, None);
        assert_eq!(settled.mirror.accepted_size, 6);
    }

    #[test]
    fn a_statement_that_covers_the_open_grant_shows_it_arrived() {
        let open = OpenGrant {
            number: 2,
            refill: RefillId::from_bytes([7; 16]),
            amount: mills(500),
        };
        let mirror = Mirror {
            open: Some(open),
            ..mirror()
        };
        let before = settle(&mirror, &statement(registers(1_000, 9_000, 2), 1, 6), true).unwrap();
        assert_eq!(before.mirror.open, Some(open));
        let after = settle(&mirror, &statement(registers(1_000, 9_500, 2), 2, 7), true).unwrap();
        assert_eq!(after.arrived, Some(open));
        assert_eq!(after.mirror.open, None);
    }

    #[test]
    fn another_history_is_a_fork() {
        for (stated, size, consistent) in [
            (registers(1_000, 9_000, 2), 4, true),
            (registers(1_000, 9_000, 2), 6, false),
            (registers(999, 9_001, 2), 6, true),
            (registers(1_000, 9_000, 1), 6, true),
        ] {
            let result = settle(&mirror(), &statement(stated, 1, size), consistent);
            assert_eq!(
                result,
                Err(StatementFault::Fork),
                "{stated:?} {size} {consistent}"
            );
        }
    }

    #[test]
    fn registers_that_nobody_granted_are_not_believed() {
        for (stated, grant) in [
            (registers(1_000, 9_001, 2), 1),
            (registers(1_000, 9_000, 2), 2),
            (registers(1_000, 9_000, 2), 0),
        ] {
            let result = settle(&mirror(), &statement(stated, grant, 6), true);
            assert_eq!(
                result,
                Err(StatementFault::WrongRegisters),
                "{stated:?} {grant}"
            );
        }
    }

    #[test]
    fn a_grant_names_the_control_total_before_and_after() {
        let decision = decide(
            &mirror(),
            &request(50_000, 2, RefillKind::Refill),
            &plenty(),
        );
        let expected = Decision {
            number: 2,
            control_total_old: mills(10_000),
            control_total_new: mills(60_000),
        };
        assert_eq!(decision, Ok(expected));
    }

    #[test]
    fn each_reason_to_refuse_a_refill_has_its_own_word() {
        use RefillKind::{Refill, Renewal};
        let rich = Circumstances {
            available: mills(1_000_000),
            ..plenty()
        };
        for (request, circumstances, refusal) in [
            (
                request(50_001, 2, Refill),
                plenty(),
                RefillRefusal::InsufficientFunds,
            ),
            (
                request(491_001, 2, Refill),
                rich,
                RefillRefusal::TooMuchValue,
            ),
            (request(0, 2, Refill), plenty(), RefillRefusal::WrongAmount),
            (request(1, 2, Renewal), plenty(), RefillRefusal::WrongAmount),
            (
                request(1, 1, Refill),
                plenty(),
                RefillRefusal::WrongStatement,
            ),
            (
                request(1, 3, Refill),
                plenty(),
                RefillRefusal::WrongStatement,
            ),
            (
                request(1, 2, Refill),
                Circumstances {
                    station_locked: true,
                    ..plenty()
                },
                RefillRefusal::StationLocked,
            ),
            (
                request(1, 2, Refill),
                Circumstances {
                    reconciling: true,
                    ..plenty()
                },
                RefillRefusal::Reconcile,
            ),
        ] {
            assert_eq!(decide(&mirror(), &request, &circumstances), Err(refusal));
        }
    }

    #[test]
    fn a_renewal_passes_even_above_a_lowered_limit() {
        let mirror = Mirror {
            max_descending: mills(1),
            ..mirror()
        };
        assert!(decide(&mirror, &request(0, 2, RefillKind::Renewal), &plenty()).is_ok());
    }

    #[test]
    fn a_second_grant_waits_for_the_first_to_arrive() {
        let open = OpenGrant {
            number: 2,
            refill: RefillId::from_bytes([8; 16]),
            amount: mills(500),
        };
        let mirror = Mirror {
            open: Some(open),
            ..mirror()
        };
        let refused = decide(&mirror, &request(1, 2, RefillKind::Refill), &plenty());
        assert_eq!(refused, Err(RefillRefusal::WrongStatement));
    }

    proptest::proptest! {
        /// Whatever was granted, arrived and printed: what a vault gives back, what it has printed
        /// and what it never got add up to everything that was granted.
        #[test]
        fn any_end_of_a_vault_returns_what_was_granted_and_not_printed(
            known in 0_u64..5_000, left in 0_u64..5_000, printed in 0_u64..9_000,
            open in proptest::option::of(1_u64..5_000), arrives in proptest::bool::ANY,
        ) {
            let mut mirror = Mirror { registers: registers(known, left, 2), ..mirror() };
            mirror.open = open.map(|amount| OpenGrant {
                number: 2,
                refill: RefillId::from_bytes([7; 16]),
                amount: mills(amount),
            });
            let came = open.filter(|_| arrives);
            let total = known + left + came.unwrap_or(0);
            let ascending = known + printed;
            let last_grant = if came.is_some() { 2 } else { 1 };
            let stated = RegisterStatement {
                is_final: true,
                state: state_number(VaultState::Withdrawn),
                ..statement(registers(ascending, 0, 3), last_grant, 9)
            };
            match end(&mirror, &stated, true) {
                Ok(ended) => {
                    proptest::prop_assert_eq!(ended.printed.mills(), printed);
                    proptest::prop_assert_eq!(ended.returned.mills() + ascending, total);
                    proptest::prop_assert_eq!(ended.arrived.is_some(), came.is_some());
                    proptest::prop_assert!(ended.mirror.open.is_none());
                    proptest::prop_assert!(ended.mirror.registers.descending().is_zero());
                }
                Err(_) => proptest::prop_assert!(ascending > total),
            }
            let alive = RegisterStatement { is_final: false, ..stated };
            proptest::prop_assert!(end(&mirror, &alive, true).is_err());
        }
    }
}
