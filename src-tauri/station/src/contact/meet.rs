//! The calls that need the data center: enrolment, contact, refill.

use shared::money::{Mills, MoneyError};

use super::enrol;
use super::exchange::SHUT_OUT;
use super::round::{self, ClerksLine};
use crate::api::{
    ContactCall, EnrolCall, RefillCall, RefillView, RefundCall, UiError, View, WithdrawCall,
};
use crate::messages::{Code, say};
use crate::services::{Asked, AskedRefill, funds, refunds, withdrawal};
use crate::station::{Decided, Owner, Station};

/// The most contacts in which a vault that is to end gives its journal away; each takes some eight
/// thousand records.
const WITHDRAWAL_CONTACTS: u32 = 64;

impl Station {
    /// Enrols, then meets the data center for the first time: that brings receipt and rates. The
    /// enrolment stands without it.
    pub(crate) async fn enrol(&self, call: EnrolCall) -> Result<View, UiError> {
        let enrolled = enrol::enrol(self, call).await;
        self.telephone().let_go();
        enrolled?;
        if let Err(fault) = round::meet(self, Asked::default()).await {
            tracing::warn!(code = fault.code, "the first contact failed");
        }
        let view = self.apply(Owner::status).await?;
        Ok(View::Status(Box::new(view)))
    }

    /// One contact in which every service is served.
    pub(crate) async fn contact(&self, call: ContactCall) -> Result<View, UiError> {
        let line = match call.line.as_deref() {
            None => ClerksLine::Any,
            Some("internet") => ClerksLine::Internet,
            Some("dialup") => ClerksLine::Dialup,
            Some(_) => {
                return Err(say(
                    Code::Usage,
                    &[("what", "The line is internet or dialup.")],
                ));
            }
        };
        let met = round::meet_on(self, line, Asked::default()).await?;
        self.rotate_keys_when_due().await;
        Ok(View::Contact(met.view))
    }

    /// Claims a spoiled piece back. The claim is durable before anything is sent: when nobody is
    /// reached it goes with the next contact.
    pub(crate) async fn refund(&self, call: RefundCall) -> Result<View, UiError> {
        let asked = call.clone();
        self.apply(move |owner| refunds::ask(owner, &asked)).await?;
        let met = round::meet(self, Asked::default()).await;
        if let Err(fault) = &met {
            tracing::warn!(code = fault.code, "a claim waits for the next contact");
        }
        let view = self
            .apply(move |owner| refunds::answered(owner, &call))
            .await?;
        Ok(View::Piece(Box::new(view)))
    }

    /// Ends this station's vault for good, over one contact. When the data center is not there, the
    /// vault goes on as before; once it has ended, its final statement goes until it is answered.
    pub(crate) async fn withdraw(&self, call: WithdrawCall) -> Result<View, UiError> {
        self.apply(move |owner| withdrawal::order(owner, &call.station))
            .await?;
        let met = self.until_it_ends().await;
        self.apply(withdrawal::drop_order).await?;
        if let Some(fault) = met? {
            return Err(fault);
        }
        if !self.apply(|owner| Ok(withdrawal::has_ended(owner))).await? {
            return Err(say(Code::WithdrawGoesOn, &[]));
        }
        let view = self.apply(Owner::status).await?;
        Ok(View::Status(Box::new(view)))
    }

    /// Contacts until the vault has ended: a long journal does not go over in one. Answers with the
    /// fault that kept it from ending.
    async fn until_it_ends(&self) -> Result<Option<UiError>, UiError> {
        for _ in 0..WITHDRAWAL_CONTACTS {
            let met = round::meet(self, Asked::default()).await?;
            let ended = self.apply(|owner| Ok(withdrawal::has_ended(owner))).await?;
            if ended || met.funds.is_some() {
                return Ok(met.funds);
            }
        }
        Ok(None)
    }

    /// A refill that is on its way from before is completed first; then the one asked for is made.
    /// One of the same amount is the one asked for: the clerk tries again after the line broke.
    pub(crate) async fn refill(&self, call: &RefillCall, user: &str) -> Result<View, UiError> {
        let amount = Mills::parse(&call.amount).map_err(|fault| match fault {
            MoneyError::TooLarge | MoneyError::BelowZero => say(Code::TooMuchValue, &[]),
            MoneyError::NotAnAmount => say(Code::NotAnAmount, &[("text", &call.amount)]),
        })?;
        let user = user.to_owned();
        let refill = Some(AskedRefill { amount, user });
        let met = match round::meet(self, Asked { refill }).await {
            Ok(met) => met,
            Err(fault) => return Err(self.kept(amount, fault).await),
        };
        // What else went wrong in the contact after the value had come stands with its services.
        let granted = met
            .decided
            .filter(|decided| decided.granted && decided.amount == amount);
        let Some(Decided { refill, .. }) = granted else {
            let no_answer = || say(Code::LineBroke, &[("reason", "no answer")]);
            return Err(self.kept(amount, met.funds.unwrap_or_else(no_answer)).await);
        };
        let registers = self.apply(|owner| Ok(owner.registers_view())).await?;
        Ok(View::Refill(RefillView {
            refill: refill.to_string(),
            amount_mills: amount.mills(),
            registers,
            services: met.view.services,
        }))
    }

    /// A fault as the clerk reads it who asked for a refill of `amount`: when that is on its way, it
    /// is not over with the fault.
    async fn kept(&self, amount: Mills, fault: UiError) -> UiError {
        // A station that is served no more completes nothing at its next contact.
        let is_shut_out = SHUT_OUT.iter().any(|code| fault.code == *code);
        if is_shut_out || fault.code == Code::LineBroke.name() {
            return fault;
        }
        match self.apply(|owner| funds::on_its_way(owner)).await {
            Ok(waits) if waits == Some(amount) => {}
            Ok(_) => return fault,
            Err(fault) => return fault,
        }
        tracing::warn!(code = fault.code, "a refill waits for the next contact");
        let values = [
            ("amount", amount.to_string()),
            ("reason", first_sentence(&fault.message)),
        ];
        let values = values.each_ref().map(|(name, text)| (*name, text.as_str()));
        UiError {
            message: say(Code::RefillWaits, &values).message,
            ..fault
        }
    }
}

/// What happened, without what it means for the money.
fn first_sentence(message: &str) -> String {
    let end = message.find([';', '.']).unwrap_or(message.len());
    message.get(..end).unwrap_or(message).to_owned()
}
