//! Who prints a piece and what it is booked on.

use shared::money::Mills;
use shared::services::accounts::{BudgetSpent, Budgets, MAX_REASON_CHARS, Month, Node, Period};

use super::pricing::bad;
use super::{CLERK_USER, Owner};
use crate::api::{BudgetView, CentreView, CentresView, UiError};
use crate::messages::{Code, say};
use crate::store::centres::Booking;

/// Who asks for something, after the station has looked at who signed in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asker {
    /// The name in the journal.
    pub user: String,
    /// Whether they may let a piece pass a spent budget.
    pub may_override: bool,
    /// Whether they may claim spoiled pieces back.
    pub may_claim: bool,
}

impl Default for Asker {
    /// The one clerk of a station without users.
    fn default() -> Self {
        Self {
            user: CLERK_USER.to_owned(),
            may_override: false,
            may_claim: true,
        }
    }
}

impl Owner {
    /// What a piece is booked on. Where the account has cost centres, the name must be that of an
    /// open one; where it has none, it is the clerk's own note.
    ///
    /// # Errors
    /// `unknown_cost_centre`, `cost_centre_closed`, `override_not_allowed`.
    pub(super) fn booking(
        &self,
        asked: Option<&str>,
        override_reason: Option<&str>,
        asker: &Asker,
    ) -> Result<Booking, UiError> {
        let month = Month::of(self.today());
        let reason = override_reason
            .map(str::trim)
            .filter(|text| !text.is_empty());
        if reason.is_some() && !asker.may_override {
            return Err(say(Code::OverrideNotAllowed, &[]));
        }
        if reason.is_some_and(|text| text.chars().count() > MAX_REASON_CHARS) {
            return Err(bad(format!(
                "A reason has at most {MAX_REASON_CHARS} characters"
            )));
        }
        let booking = Booking {
            user: asker.user.clone(),
            centre: String::new(),
            name: String::new(),
            month,
            budgets: Budgets::default(),
            override_reason: reason.map(str::to_owned),
        };
        let Some(asked) = asked else {
            return Ok(booking);
        };
        let centres = self.store().cost_centres()?;
        if centres.is_empty() {
            return Ok(Booking {
                centre: asked.to_owned(),
                name: asked.to_owned(),
                ..booking
            });
        }
        let node = named(&centres, asked)?;
        Ok(Booking {
            centre: node.id.to_string(),
            name: node.name.clone(),
            budgets: node.budgets,
            ..booking
        })
    }
}

impl Owner {
    /// The open cost centres with what is spent of their budgets.
    pub(super) fn centre_views(&self) -> Result<CentresView, UiError> {
        let month = Month::of(self.today());
        let open = self.store().cost_centres()?.into_iter();
        let centres = open.filter(|node| !node.closed).map(|node| {
            let id = node.id.to_string();
            let mut budgets = Vec::new();
            for period in Period::ALL {
                let Some(budget) = node.budgets.of(period) else {
                    continue;
                };
                let (first, last) = period.around(month);
                let spent = self.store().spent(&id, first, last)?;
                budgets.push(BudgetView {
                    period: period.word().to_owned(),
                    budget_mills: budget.mills(),
                    spent_mills: spent.mills(),
                });
            }
            Ok(CentreView {
                id,
                name: node.name,
                budgets,
            })
        });
        Ok(CentresView {
            centres: centres.collect::<Result<_, UiError>>()?,
        })
    }
}

/// The open cost centre of this name or number.
fn named<'a>(centres: &'a [Node], asked: &str) -> Result<&'a Node, UiError> {
    let wanted = asked.to_lowercase();
    let is_asked =
        |node: &&Node| node.name.to_lowercase() == wanted || node.id.to_string() == wanted;
    let values = [("name", asked)];
    if let Some(node) = centres
        .iter()
        .filter(|node| !node.closed)
        .find(|node| is_asked(node))
    {
        return Ok(node);
    }
    Err(if centres.iter().any(|node| is_asked(&node)) {
        say(Code::CentreClosed, &values)
    } else {
        say(Code::UnknownCentre, &values)
    })
}

/// What is said when a budget does not allow a piece.
pub(crate) fn over_budget(booking: &Booking, postage: Mills, spent: &BudgetSpent) -> UiError {
    say(
        Code::BudgetSpent,
        &[
            ("name", &booking.name),
            ("period", spent.period.word()),
            ("budget", &spent.budget.to_string()),
            ("spent", &spent.spent.to_string()),
            ("postage", &postage.to_string()),
        ],
    )
}
