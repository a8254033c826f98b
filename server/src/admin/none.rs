//! What a command that lists says when there is nothing to list: silence looks like a fault. Programs
//! get what they always get of a list, a line for each.

use super::approval::ApprovalCall;
use super::bank::BankCall;
use super::call::AdminCall;
use super::epoch::EpochCall;
use super::money::MoneyCall;
use super::rates::RatesCall;
use super::software::SoftwareCall;
use super::tree::TreeCall;

/// What to say to people when `call` showed nothing; none where showing nothing says enough.
pub(super) const fn said_of(call: &AdminCall) -> Option<&'static str> {
    Some(match call {
        AdminCall::AccountList => {
            "There is no account yet. Open one with `pennyblack-server account new NAME`."
        }
        AdminCall::StationList { .. } => {
            "There is no station yet. Make one known with `pennyblack-server station new --account \
             ACCOUNT`."
        }
        AdminCall::StationEvidence { .. } => "There is no evidence against this station.",
        AdminCall::RatesList => {
            "There is no edition of rates yet. Store one with `pennyblack-server rates import FILE`."
        }
        AdminCall::RatesPublish { edition: None, .. } => "Every edition is published already.",
        AdminCall::Rates {
            rates: RatesCall::Validate { edition: None },
        } => "No edition waits to be published.",
        AdminCall::Refusals => "Nothing was refused since the data center began to serve.",
        AdminCall::Lines => "No telephone line is served: `serve --modem DEVICE` answers one.",
        AdminCall::Calls { .. } => "No telephone line took a call in this time.",
        AdminCall::Software {
            what: SoftwareCall::List,
        } => "No release of the stations' program is published.",
        AdminCall::Software {
            what: SoftwareCall::Stations,
        } => "No station has said yet what it runs.",
        AdminCall::Money {
            money: MoneyCall::RefundList { .. },
        } => "There is no claim for a spoiled piece to show.",
        AdminCall::Bank {
            what: BankCall::Unmatched,
        } => "Every payment is with an account.",
        AdminCall::Tree {
            what: TreeCall::List { .. },
        } => "Nothing stands below this account yet.",
        AdminCall::Approval {
            approval: ApprovalCall::KeyList,
        } => "No admin has a key yet. Make one with `pennyblack-server admin key new`.",
        AdminCall::Epoch {
            epoch: EpochCall::Progress,
        } => "No station has anything to give back.",
        AdminCall::AccountNew { .. }
        | AdminCall::AccountDeposit { .. }
        | AdminCall::AccountShow { .. }
        | AdminCall::Bank { .. }
        | AdminCall::AccountStatement { .. }
        | AdminCall::Tree { .. }
        | AdminCall::StationNew { .. }
        | AdminCall::StationShow { .. }
        | AdminCall::StationLock { .. }
        | AdminCall::StationUnlock { .. }
        | AdminCall::StationWithdraw { .. }
        | AdminCall::StationResetPin { .. }
        | AdminCall::RatesImport { .. }
        | AdminCall::RatesPublish { .. }
        | AdminCall::Rates { .. }
        | AdminCall::Repository { .. }
        | AdminCall::Software { .. }
        | AdminCall::Statistics(_)
        | AdminCall::Keys(_)
        | AdminCall::LedgerVerify
        | AdminCall::LedgerExport
        | AdminCall::Money { .. }
        | AdminCall::Approval { .. }
        | AdminCall::Epoch { .. }
        | AdminCall::Backup { .. } => return None,
    })
}
