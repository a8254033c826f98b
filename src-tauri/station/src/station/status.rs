//! What the station is and has.

use shared::clock::DAY_SECONDS;
use shared::services::keys::RENEW_DAYS_LEFT;
use shared::services::keys::trust::KeyPurpose;
use shared::vault::{RENEWAL_AGE_DAYS, VaultState};

use super::owner::KEK_DAYS;
use super::{Owner, names};
use crate::api::{
    AccountView, KeyView, LineView, PieceState, RegistersView, ServiceView, StatusView, UiError,
};
use crate::contact::round::with_left_out;
use crate::services::trust;
use crate::vault::credentials::pem;

impl Owner {
    /// The registers, in mills; all 0 before the enrolment.
    pub(crate) fn registers_view(&self) -> RegistersView {
        self.vault().map_or_else(RegistersView::default, |vault| {
            let registers = vault.registers();
            RegistersView {
                ascending: registers.ascending().mills(),
                descending: registers.descending().mills(),
                control_total: registers.control_total().mills(),
                piece_count: registers.pieces(),
            }
        })
    }

    /// What the station is and has.
    pub(crate) fn status(&mut self) -> Result<StatusView, UiError> {
        let now = self.now();
        let (edition, coming) = (self.edition_view()?, self.coming_views()?);
        let vault = self.vault();
        let state = vault.map_or(VaultState::New, |vault| vault.state(now));
        let receipt = vault.and_then(|vault| vault.receipt());
        Ok(StatusView {
            enrolled: vault.is_some(),
            station: vault.map(|vault| vault.psd().to_string()),
            registers: self.registers_view(),
            state: state.word().to_owned(),
            state_reason: self.state_reason(state),
            regime: self.regime_word(),
            edition,
            coming,
            today: self.mailing_day().to_string(),
            last_receipt: receipt.map(|receipt| receipt.now.0),
            warn_at: vault.and_then(|vault| vault.warn_at()).map(|at| at.0),
            lock_at: vault.and_then(|vault| vault.lock_at()).map(|at| at.0),
            account: self.account_view()?,
            certificate: self.certificate_pem()?,
            keys: self.key_views()?,
            line: self.line_view()?,
            services: self.service_views()?,
            secrets: self.secrets_words(),
            support_contact: self.store().setting(names::SUPPORT_CONTACT)?,
            has_users: self.vault().is_some() && self.has_users()?,
            unknown_pieces: self.store().count_pieces(PieceState::Unknown)?,
            automatic_refill: crate::services::automatic::view(self)?,
            withdrawal: crate::services::withdrawal::view(self)?,
            repository: crate::services::repository::standing::view(self)?,
        })
    }

    /// How each service fared last; nothing before the first contact.
    fn service_views(&self) -> Result<Vec<ServiceView>, UiError> {
        let fared = self.store().outcomes()?;
        if fared.is_empty() {
            return Ok(fared);
        }
        let mut views = with_left_out(fared);
        views.sort_by(|one, other| one.service.cmp(&other.service));
        Ok(views)
    }

    /// Why the clerk cannot print, in one sentence.
    fn state_reason(&self, state: VaultState) -> Option<String> {
        let vault = self.vault()?;
        let text = match state {
            VaultState::Active => return None,
            VaultState::New => "The vault was never refilled; refill it to print.".to_owned(),
            VaultState::Warned => {
                "A contact with the data center is due; without it printing locks.".to_owned()
            }
            VaultState::Locked if vault.receipt().is_none() => {
                "The vault has not met the data center yet; start a contact.".to_owned()
            }
            VaultState::Locked => {
                "The last contact is too long ago; start a contact to print again.".to_owned()
            }
            VaultState::Frozen => {
                format!(
                    "The vault is frozen until it is examined; ring {}.",
                    self.support()
                )
            }
            VaultState::Withdrawn => {
                "The vault was withdrawn; its value went back to the account.".to_owned()
            }
        };
        Some(text)
    }

    /// Specimen or live, by the manufacturer of the PSD number: the chain of every key was checked
    /// against it before.
    fn regime_word(&self) -> String {
        let live = self
            .vault()
            .is_some_and(|vault| !super::pricing::is_specimen(vault.psd()));
        if live { "live" } else { "specimen" }.to_owned()
    }

    fn account_view(&self) -> Result<Option<AccountView>, UiError> {
        let Some(name) = self.store().setting(names::ACCOUNT)? else {
            return Ok(None);
        };
        let available = self.store().setting(names::AVAILABLE)?;
        Ok(Some(AccountView {
            name,
            available_mills: available.and_then(|mills| mills.parse().ok()),
        }))
    }

    /// The certificate of the grant in force.
    fn certificate_pem(&self) -> Result<Option<String>, UiError> {
        let Some(grant) = self.vault().and_then(|vault| vault.grant()) else {
            return Ok(None);
        };
        let der = self.store().certificate(grant.key.certificate)?;
        Ok(der.map(|der| pem(&der)))
    }

    fn key_views(&self) -> Result<Vec<KeyView>, UiError> {
        let mut keys = Vec::new();
        let seconds = |name| -> Result<Option<i64>, UiError> {
            Ok(self
                .store()
                .setting(name)?
                .and_then(|text| text.parse().ok()))
        };
        if let (Some(since), Some(until)) = (
            seconds(names::STATION_KEY_SINCE)?,
            seconds(names::STATION_KEY_UNTIL)?,
        ) {
            keys.push(KeyView {
                purpose: "station".to_owned(),
                since,
                until: Some(until),
                next: Some(until - RENEW_DAYS_LEFT * DAY_SECONDS),
            });
        }
        if let Some(grant) = self.vault().and_then(|vault| vault.grant()) {
            keys.push(KeyView {
                purpose: "indicia".to_owned(),
                since: grant.key.from.0,
                until: Some(grant.key.until.0),
                next: Some(grant.key.from.plus_days(RENEWAL_AGE_DAYS).0),
            });
        }
        self.center_key_views(&mut keys)?;
        if let Some(since) = self.kek_since()? {
            keys.push(KeyView {
                purpose: "store".to_owned(),
                since: since.0,
                until: None,
                next: Some(since.plus_days(KEK_DAYS).0),
            });
        }
        Ok(keys)
    }

    /// The data center's signing keys that this station believes: those that sign now.
    fn center_key_views(&self, keys: &mut Vec<KeyView>) -> Result<(), UiError> {
        let Some(believed) = self.store().setting(names::BELIEVED)? else {
            return Ok(());
        };
        let (believed, now) = (trust::read_believed(&believed)?, self.now());
        for purpose in KeyPurpose::ALL {
            let signing = believed.of(purpose).filter(|key| key.from <= now);
            let next = believed.newest(purpose).filter(|next| next.from > now);
            keys.extend(signing.max_by_key(|key| key.number).map(|key| KeyView {
                purpose: format!("center-{}", purpose.name()),
                since: key.from.0,
                until: key.until.map(|until| until.0),
                next: next.map(|next| next.from.0),
            }));
        }
        Ok(())
    }

    fn line_view(&self) -> Result<LineView, UiError> {
        let kind = self.store().setting(names::LINE)?;
        let reason = self
            .store()
            .setting(names::LINE_FAULT)?
            .filter(|reason| !reason.is_empty());
        Ok(LineView {
            up: kind.is_some() && reason.is_none(),
            kind: kind.unwrap_or_else(|| "none".to_owned()),
            reason,
            // Who asks for it fills it in: it is no state of the store.
            call: None,
        })
    }
}
