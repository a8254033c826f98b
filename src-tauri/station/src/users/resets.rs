//! A forgotten PIN: with the code of an admin at the data center its user chooses a new one.
//!
//! The order comes with a contact and lies sealed beside the users. One at a time: a newer order
//! takes the place of an earlier one, and any new PIN of the user ends it.

use shared::services::funds::pin_reset::{PinReset, ResetCode};
use shared::wire::{from_cbor, to_cbor};
use subtle::ConstantTimeEq as _;

use super::{User, key};
use crate::api::{Hidden, UiError};
use crate::messages::{Code, say};
use crate::station::{Owner, names};
use crate::store::Tx;

/// Takes note of an order, in the commit of the receipt that brings it.
///
/// # Errors
/// The faults of the store.
pub fn note(tx: &mut Tx<'_>, reset: Option<&PinReset>) -> Result<(), UiError> {
    if let Some(reset) = reset {
        tx.put_secret(names::PIN_RESET, &to_cbor(reset))?;
    }
    Ok(())
}

impl Owner {
    /// The user who has typed the code of an order that still stands.
    ///
    /// # Errors
    /// `reset_refused`, `unknown_user`, and the faults of the store.
    pub(super) fn user_of_code(&self, name: &str, code: &Hidden) -> Result<User, UiError> {
        let refused = || say(Code::ResetRefused, &[("name", name.trim())]);
        let now = self.now();
        let reset = self.reset_of(name)?.filter(|reset| now < reset.until);
        let reset = reset.ok_or_else(refused)?;
        let code: ResetCode = code.text().parse().map_err(|_| refused())?;
        let hash = code.hash(self.enrolled()?.id());
        if !bool::from(hash.ct_eq(&reset.code_hash)) {
            return Err(refused());
        }
        let unknown = || say(Code::UnknownUser, &[("name", name.trim())]);
        let user = self.user(name.trim())?;
        user.filter(|user| !user.closed).ok_or_else(unknown)
    }

    /// The order for this user, whether or not its time is over.
    pub(super) fn reset_of(&self, name: &str) -> Result<Option<PinReset>, UiError> {
        let damaged = |_| say(Code::DamagedStore, &[("what", "the reset of a PIN")]);
        let Some(bytes) = self.store().secret(names::PIN_RESET)? else {
            return Ok(None);
        };
        let reset: PinReset = from_cbor(&bytes).map_err(damaged)?;
        Ok(Some(reset).filter(|reset| key(reset.user.trim()) == key(name.trim())))
    }
}
