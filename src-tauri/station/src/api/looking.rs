//! Which calls only look.

use super::Call;

impl Call {
    /// Whether this call only looks: it changes nothing durable, opens no contact and signs nobody
    /// in or out.
    #[must_use]
    pub fn only_looks(&self) -> bool {
        match self {
            Self::As(call) => call.inner.only_looks(),
            Self::Status
            | Self::Quote(_)
            | Self::Options(_)
            | Self::Place(_)
            | Self::Preview(_)
            | Self::Pieces(_)
            | Self::Picture(_)
            | Self::Printers
            | Self::FindPrinters
            | Self::OfficeArt
            | Self::VerifyJournal
            | Self::Statistics(_)
            | Self::CostCentres
            | Self::Users
            | Self::Software
            | Self::Line
            | Self::FindModems
            | Self::Scale
            | Self::FindScales
            | Self::Weigh(_)
            | Self::Doctor(_)
            | Self::Presets
            | Self::WaitingBatches
            | Self::BatchText(_)
            | Self::Rehearse(_) => true,
            Self::Enrol(_)
            | Self::Contact(_)
            | Self::Refill(_)
            | Self::Print(_)
            | Self::Amend(_)
            | Self::Batch(_)
            | Self::StopBatch
            | Self::RotateKeys
            | Self::Resolve(_)
            | Self::SendAgain(_)
            | Self::Refund(_)
            | Self::AutomaticRefill(_)
            | Self::SignIn(_)
            | Self::SignOut(_)
            | Self::AddUser(_)
            | Self::ChangeUser(_)
            | Self::IdleLock(_)
            | Self::Withdraw(_)
            | Self::AddPrinter(_)
            | Self::RemovePrinter(_)
            | Self::TestPrinter(_)
            | Self::PutPreset(_)
            | Self::RemovePreset(_)
            | Self::PutBatch(_)
            | Self::RemoveBatch(_)
            | Self::SetSoftware(_)
            | Self::SetLine(_)
            | Self::SetScale(_)
            | Self::UseScale(_)
            | Self::Slip(_)
            | Self::SetOfficeArt(_)
            | Self::HangUp => false,
        }
    }
}
