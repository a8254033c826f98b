//! The calls that need the data center: enrolment, contact, refill.

use shared::money::{Mills, MoneyError};

use super::{enrol, round};
use crate::api::{
    ContactCall, EnrolCall, RefillCall, RefillView, RefundCall, UiError, View, WithdrawCall,
};
use crate::messages::{Code, say};
use crate::services::{Asked, refunds, withdrawal};
use crate::station::{Owner, Station, names};

impl Station {
    /// Enrols, then meets the data center for the first time: that brings receipt and rates. The
    /// enrolment stands without it.
    pub(crate) async fn enrol(&self, call: EnrolCall) -> Result<View, UiError> {
        enrol::enrol(self, call).await?;
        if let Err(fault) = round::meet(self, Asked::default()).await {
            tracing::warn!(code = fault.code, "the first contact failed");
        }
        let view = self.apply(Owner::status).await?;
        Ok(View::Status(Box::new(view)))
    }

    /// One contact in which every service is served.
    pub(crate) async fn contact(&self, call: ContactCall) -> Result<View, UiError> {
        match call.line.as_deref() {
            None | Some("internet") => {}
            Some("dialup") => return Err(say(Code::NotInThisBuild, &[("what", "Dial-up")])),
            Some(_) => {
                return Err(say(
                    Code::Usage,
                    &[("what", "The line is internet or dialup.")],
                ));
            }
        }
        let met = round::meet(self, Asked::default()).await?;
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
        let met = round::meet(self, Asked::default()).await;
        self.apply(withdrawal::drop_order).await?;
        if let Some(fault) = met?.funds {
            return Err(fault);
        }
        let view = self.apply(Owner::status).await?;
        Ok(View::Status(Box::new(view)))
    }

    /// A refill that is on its way from before is completed first; then the one asked for is made.
    /// One of the same amount is the one asked for: the clerk tries again after the line broke.
    pub(crate) async fn refill(&self, call: &RefillCall, user: &str) -> Result<View, UiError> {
        let amount = Mills::parse(&call.amount).map_err(|fault| match fault {
            MoneyError::TooLarge | MoneyError::BelowZero => say(Code::TooMuchValue, &[]),
            MoneyError::NotAnAmount => say(Code::NotAnAmount, &[("text", &call.amount)]),
        })?;
        let user = user.to_owned();
        self.apply(move |owner| {
            owner.write("who refills", |tx| {
                Ok(tx.put_setting(names::REFILL_USER, &user)?)
            })
        })
        .await?;
        let met = round::meet(
            self,
            Asked {
                refill: Some(amount),
            },
        )
        .await?;
        if let Some(fault) = met.funds {
            return Err(fault);
        }
        let refill = met
            .answered
            .ok_or_else(|| say(Code::LineBroke, &[("reason", "no answer")]))?;
        let registers = self.apply(|owner| Ok(owner.registers_view())).await?;
        Ok(View::Refill(RefillView {
            refill: refill.to_string(),
            amount_mills: amount.mills(),
            registers,
            services: met.view.services,
        }))
    }
}
