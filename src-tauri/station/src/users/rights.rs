//! Which right each call needs, and whether somebody has it.

use super::User;
use crate::api::{AsCall, Call, ChangeUserCall, Hidden, NewRights, Proof, UiError, View};
use crate::messages::{Code, say};
use crate::station::{Asker, Owner, Station};

/// What a call needs once the station has users.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Need {
    /// Nothing: it shows what stands on the counter anyway, or only helps.
    Nothing,
    /// Somebody who signed in.
    Anybody,
    /// The right to print and refill.
    Money,
    /// The right to claim spoiled pieces back.
    Refunds,
    /// The right to set printers up.
    Setup,
    /// The right to make and change users.
    Users,
}

impl Need {
    const fn of(call: &Call) -> Self {
        match call {
            Call::Status
            | Call::Quote(_)
            | Call::Options(_)
            | Call::Place(_)
            | Call::Preview(_)
            | Call::Printers
            | Call::OfficeArt
            | Call::CostCentres
            | Call::Presets
            | Call::Rehearse(_)
            | Call::VerifyJournal
            | Call::Contact(_)
            | Call::Users
            | Call::Software
            | Call::Line
            | Call::Doctor(_)
            | Call::HangUp
            | Call::Scale
            | Call::Weigh(_)
            | Call::SignIn(_)
            | Call::SignOut(_)
            | Call::As(_) => Self::Nothing,
            Call::Pieces(_)
            | Call::Picture(_)
            | Call::TestPrinter(_)
            | Call::Statistics(_)
            | Call::Slip(_)
            | Call::PutPreset(_)
            | Call::RemovePreset(_)
            | Call::WaitingBatches
            | Call::BatchText(_)
            | Call::UseScale(_) => Self::Anybody,
            Call::Print(_)
            | Call::Amend(_)
            | Call::Batch(_)
            | Call::PutBatch(_)
            | Call::RemoveBatch(_)
            | Call::StopBatch
            | Call::Resolve(_)
            | Call::SendAgain(_)
            | Call::Refill(_)
            | Call::AutomaticRefill(_) => Self::Money,
            Call::Refund(_) => Self::Refunds,
            Call::Enrol(_)
            | Call::AddPrinter(_)
            | Call::RemovePrinter(_)
            | Call::SetOfficeArt(_)
            | Call::RotateKeys
            | Call::Withdraw(_)
            | Call::SetSoftware(_)
            | Call::SetLine(_)
            | Call::FindModems
            | Call::FindScales
            | Call::SetScale(_)
            | Call::FindPrinters => Self::Setup,
            Call::AddUser(_) | Call::ChangeUser(_) | Call::IdleLock(_) => Self::Users,
        }
    }

    /// What the right is called to somebody who lacks it.
    const fn words(self) -> &'static str {
        match self {
            Self::Nothing | Self::Anybody => "anything",
            Self::Money => "printing and refilling",
            Self::Refunds => "refunds",
            Self::Setup => "setting the station up",
            Self::Users => "users",
        }
    }

    const fn is_met_by(self, user: &User) -> bool {
        match self {
            Self::Nothing | Self::Anybody => true,
            Self::Money => user.money,
            Self::Refunds => user.refunds,
            Self::Setup => user.may_set_up(),
            Self::Users => user.users,
        }
    }
}

/// Whether a call shows that somebody is there. What a page asks by itself does not.
const fn is_work(call: &Call) -> bool {
    !matches!(
        call,
        Call::Status
            | Call::Pieces(_)
            | Call::Printers
            | Call::CostCentres
            | Call::Presets
            | Call::Users
            | Call::Statistics(_)
            | Call::Software
            | Call::Line
            | Call::Scale
    )
}

impl Station {
    /// Looks at who asks: the call itself and its asker, or the refusal.
    ///
    /// # Errors
    /// `sign_in_needed`, `not_allowed`, and what proving oneself is refused for.
    pub(crate) async fn admit(&self, call: Call) -> Result<(Call, Asker), UiError> {
        let (call, user) = if let Call::As(AsCall { proof, inner }) = call {
            if matches!(*inner, Call::As(_)) {
                return Err(say(Code::BadCall, &[("reason", "it is made in two names")]));
            }
            let only_a_pin = matches!(proof, Proof::Code { .. });
            let user = self.proved(proof, is_work(&inner)).await?;
            if only_a_pin && !changes_own_pin(&user, &inner) {
                let values = [
                    ("user", user.name.as_str()),
                    ("what", "more than a new PIN"),
                ];
                return Err(say(Code::NotAllowed, &values));
            }
            (*inner, Some(user))
        } else {
            (call, None)
        };
        self.apply(move |owner| {
            let asker = owner.asker(user.as_ref(), &call)?;
            Ok((call, asker))
        })
        .await
    }

    /// Who showed themselves.
    async fn proved(&self, proof: Proof, is_work: bool) -> Result<User, UiError> {
        match proof {
            Proof::Session { token } => {
                self.apply(move |owner| owner.user_of_session(&token, is_work))
                    .await
            }
            Proof::Pin { user, pin } => self.tried(user, pin).await,
            Proof::Code { user, code } => {
                self.apply(move |owner| owner.user_of_code(&user, &code))
                    .await
            }
        }
    }

    /// Tries a PIN: counted before it is looked at, looked at off the owner's thread.
    async fn tried(&self, user: String, pin: Hidden) -> Result<User, UiError> {
        let tried = self.apply(move |owner| owner.begin_try(&user)).await?;
        let looked = tokio::task::spawn_blocking(move || {
            let is_good = tried.is_good(&pin);
            (tried, is_good)
        });
        let stopped = |_| say(Code::StationStopped, &[]);
        let (tried, is_good) = looked.await.map_err(stopped)?;
        self.apply(move |owner| owner.end_try(&tried, is_good))
            .await
    }

    /// Signs somebody in.
    pub(crate) async fn sign_in(&self, user: String, pin: Hidden) -> Result<View, UiError> {
        let user = self.tried(user, pin).await?;
        let view = self.apply(move |owner| owner.begin_session(&user)).await?;
        Ok(View::Session(view))
    }
}

impl Owner {
    /// Who a call is carried out for, when they may ask it.
    fn asker(&self, user: Option<&User>, call: &Call) -> Result<Asker, UiError> {
        let Some(user) = user else {
            if Need::of(call) == Need::Nothing || !self.has_users()? {
                return Ok(Asker::default());
            }
            return Err(say(Code::SignInNeeded, &[]));
        };
        let need = Need::of(call);
        if !need.is_met_by(user) && !changes_own_pin(user, call) {
            return Err(say(
                Code::NotAllowed,
                &[("user", &user.name), ("what", need.words())],
            ));
        }
        Ok(Asker {
            user: user.name.clone(),
            may_override: user.may_override(),
            may_claim: user.refunds,
        })
    }
}

/// Everybody may change their own PIN, and nothing else of themselves.
fn changes_own_pin(user: &User, call: &Call) -> bool {
    let Call::ChangeUser(ChangeUserCall {
        name,
        role: None,
        pin: Some(_),
        rights,
        closed: None,
    }) = call
    else {
        return false;
    };
    *rights == NewRights::default() && name.trim().to_lowercase() == user.name.to_lowercase()
}
