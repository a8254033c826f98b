//! The rules: which transitions a vault allows, and what each changes.

use super::action::{
    Action, Amendment, Amends, Answer, Burn, Debit, Fate, GrantTerms, ReceiptTerms, Withdrawal,
};
use super::corrections::Corrections;
use super::{Ended, Vault, VaultState, date_allowed};
use crate::clock::{UnixSeconds, civil_date};
use crate::money::MoneyError;

/// A date of mailing may be advanced by at most so many days (39 CFR 501 practice).
pub const MAX_ADVANCE_DAYS: i64 = 30;

/// Printing stops so many days before the key's certificate ends, so that no indicium outlives it.
pub const PRINT_MARGIN_DAYS: i64 = 30;

/// Unspent value is held so many days after the newest certificate ends: mail is slow.
pub const HOLD_DAYS: i64 = 10;

/// A key older than this is renewed at the next contact.
pub const RENEWAL_AGE_DAYS: i64 = 9;

/// The day a piece is booked on may differ from the UTC day by at most so many days: time zones.
const MAX_ZONE_DAYS: i32 = 1;

/// Why a vault refuses a transition. Nothing has changed then.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VaultRefusal {
    /// No value yet.
    #[error("the vault was never refilled")]
    NeverRefilled,
    /// The mandatory contact is overdue.
    #[error("the vault is locked until it meets the data center")]
    Locked,
    /// Stopped for good.
    #[error("the vault is frozen")]
    Frozen,
    /// Paid back.
    #[error("the vault was withdrawn")]
    Withdrawn,
    /// Descending is less than the postage.
    #[error("the postage is more than the value left in the vault")]
    InsufficientFunds,
    /// The postage is more than the grant allows for one piece, or 0 for anything but a correction
    /// of a date, or not 0 for that.
    #[error("the postage is outside what one piece may cost")]
    PostageOutOfRange,
    /// The piece that is amended was never paid for here.
    #[error("there is no such earlier piece to amend")]
    NothingToAmend,
    /// The date of a piece is corrected once, and only that of a piece that went out.
    #[error("the date of the piece was corrected before, or the piece is none that went out")]
    AlreadyCorrected,
    /// The date of mailing lies before today or too far ahead.
    #[error("the date of mailing is out of range")]
    DateOutOfRange,
    /// Not the next piece counter.
    #[error("the piece counter is not the next one")]
    WrongCounter,
    /// The grant is not the next one, or rests on another history.
    #[error("the grant does not follow from this vault")]
    WrongGrant,
    /// The grant would hold more than it may.
    #[error("the refill would put more into the vault than it may hold")]
    TooMuchValue,
    /// The receipt is older than the last one, or its dates make no sense.
    #[error("the receipt does not follow from the last one")]
    WrongReceipt,
    /// The vault exists already.
    #[error("the vault is enrolled already")]
    AlreadyEnrolled,
    /// The user's name is too long for a record.
    #[error("the user's name is too long")]
    UserTooLong,
    /// A counter has reached its end.
    #[error("a counter of the vault is used up")]
    Exhausted,
}

/// The vault after `action` at `time`, without the record's own bookkeeping.
pub(super) fn apply(
    vault: &Vault,
    action: &Action,
    time: UnixSeconds,
) -> Result<Vault, VaultRefusal> {
    if let (Action::Enrol(_), 1..) = (action, vault.journal_size) {
        return Err(VaultRefusal::AlreadyEnrolled);
    }
    match action {
        Action::Enrol(_) => Ok(vault.clone()),
        Action::Refill(terms) => refill(vault, terms),
        Action::Debit(piece) => debit(vault, piece, time),
        Action::Burn(burned) => burn(vault, burned),
        Action::Receive(terms) => receive(vault, terms),
        Action::Answer(answer) => judge(vault, *answer),
        Action::Freeze(_) => {
            living(vault)?;
            Ok(Vault {
                ended: Some(Ended::Frozen),
                ..vault.clone()
            })
        }
        Action::Withdraw(end) => withdraw(vault, end),
    }
}

/// Refuses what has ended.
fn living(vault: &Vault) -> Result<(), VaultRefusal> {
    match vault.ended {
        None => Ok(()),
        Some(Ended::Frozen) => Err(VaultRefusal::Frozen),
        Some(Ended::Withdrawn) => Err(VaultRefusal::Withdrawn),
    }
}

/// `protocol.md` G.3: the grant is the next one, starts from our control total, adds exactly its
/// amount and knows no more of our spending than we do. That our journal contains the grant's base
/// root is checked by the owner of the journal.
fn refill(vault: &Vault, terms: &GrantTerms) -> Result<Vault, VaultRefusal> {
    living(vault)?;
    let next = vault
        .last_grant
        .checked_add(1)
        .ok_or(VaultRefusal::Exhausted)?;
    let follows = terms.number == next
        && terms.control_total_old == vault.registers.control_total()
        && terms.control_total_old.plus(terms.amount) == Ok(terms.control_total_new)
        && terms.ascending_base <= vault.registers.ascending()
        && terms.key.from < terms.key.until;
    if !follows {
        return Err(VaultRefusal::WrongGrant);
    }
    let registers = vault
        .registers
        .refill(terms.amount)
        .map_err(|_| VaultRefusal::TooMuchValue)?;
    // A renewal must always pass, or value would die with its key.
    if !terms.amount.is_zero() && registers.descending() > terms.max_descending {
        return Err(VaultRefusal::TooMuchValue);
    }
    Ok(Vault {
        registers,
        last_grant: next,
        grant: Some(*terms),
        ..vault.clone()
    })
}

/// A piece is paid for: state, amount, date and counter must all allow it.
fn debit(vault: &Vault, piece: &Debit, time: UnixSeconds) -> Result<Vault, VaultRefusal> {
    living(vault)?;
    let grant = vault.grant.as_ref().ok_or(VaultRefusal::NeverRefilled)?;
    match vault.state(time) {
        VaultState::Active | VaultState::Warned => {}
        VaultState::Locked | VaultState::New => return Err(VaultRefusal::Locked),
        VaultState::Frozen => return Err(VaultRefusal::Frozen),
        VaultState::Withdrawn => return Err(VaultRefusal::Withdrawn),
    }
    if piece.counter != vault.next_counter()? {
        return Err(VaultRefusal::WrongCounter);
    }
    let is_correction = matches!(
        piece.amends,
        Some(Amends {
            how: Amendment::Correction,
            ..
        })
    );
    if piece.postage.is_zero() != is_correction || piece.postage > grant.max_piece {
        return Err(VaultRefusal::PostageOutOfRange);
    }
    let corrections = amend(vault, piece)?;
    if !booked_now(piece, time) || !date_allowed(piece.date, piece.booked, grant.key.until) {
        return Err(VaultRefusal::DateOutOfRange);
    }
    let registers = vault
        .registers
        .debit(piece.postage)
        .map_err(|error| match error {
            MoneyError::BelowZero => VaultRefusal::InsufficientFunds,
            MoneyError::TooLarge | MoneyError::NotAnAmount => VaultRefusal::Exhausted,
        })?;
    Ok(Vault {
        registers,
        counter: piece.counter,
        corrections,
        ..vault.clone()
    })
}

/// What is amended was paid for before, and a date is corrected once; the corrections afterwards.
fn amend(vault: &Vault, piece: &Debit) -> Result<Corrections, VaultRefusal> {
    let Some(Amends { counter, how }) = piece.amends else {
        return Ok(vault.corrections.clone());
    };
    if counter == 0 || counter > vault.counter {
        return Err(VaultRefusal::NothingToAmend);
    }
    match how {
        Amendment::Correction => vault.corrections.with(counter, piece.counter),
        Amendment::Additional => Ok(vault.corrections.clone()),
    }
}

/// Whether the booked day is today somewhere on earth.
fn booked_now(piece: &Debit, time: UnixSeconds) -> bool {
    let utc = civil_date(time);
    piece
        .booked
        .since(utc)
        .is_ok_and(|apart| apart.get_days().abs() <= MAX_ZONE_DAYS)
}

/// A counter is skipped; no value moves.
fn burn(vault: &Vault, burned: &Burn) -> Result<Vault, VaultRefusal> {
    living(vault)?;
    if burned.counter != vault.next_counter()? {
        return Err(VaultRefusal::WrongCounter);
    }
    Ok(Vault {
        counter: burned.counter,
        corrections: vault.corrections.without(burned.counter),
        ..vault.clone()
    })
}

/// A clerk says what became of a piece: one that does not go out has no date to correct.
fn judge(vault: &Vault, answer: Answer) -> Result<Vault, VaultRefusal> {
    if answer.counter == 0 || answer.counter > vault.counter {
        return Err(VaultRefusal::WrongCounter);
    }
    let corrections = match answer.fate {
        Fate::Printed => vault.corrections.clone(),
        Fate::Spoiled | Fate::NotPrinted => vault.corrections.without(answer.counter),
    };
    Ok(Vault {
        corrections,
        ..vault.clone()
    })
}

/// Only a receipt resets the watchdog, and a receipt never turns the data center's time back.
/// Its signed time also becomes the time seen: a clock that once ran ahead is healed by a contact,
/// one that lags is pulled along.
fn receive(vault: &Vault, terms: &ReceiptTerms) -> Result<Vault, VaultRefusal> {
    living(vault)?;
    let newest = vault.receipt.is_none_or(|last| terms.now >= last.now);
    let sensible = terms.warn_at <= terms.lock_at && terms.now <= terms.warn_at;
    if !newest || !sensible || terms.accepted_size > vault.journal_size {
        return Err(VaultRefusal::WrongReceipt);
    }
    Ok(Vault {
        receipt: Some(*terms),
        seen: terms.now,
        ..vault.clone()
    })
}

/// What is left is paid back and the vault ends. A frozen vault may be withdrawn.
fn withdraw(vault: &Vault, end: &Withdrawal) -> Result<Vault, VaultRefusal> {
    if vault.ended == Some(Ended::Withdrawn) {
        return Err(VaultRefusal::Withdrawn);
    }
    if end.returned != vault.registers.descending() {
        return Err(VaultRefusal::PostageOutOfRange);
    }
    let registers = vault.registers.withdraw();
    Ok(Vault {
        registers,
        ended: Some(Ended::Withdrawn),
        ..vault.clone()
    })
}
