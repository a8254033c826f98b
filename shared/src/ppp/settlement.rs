//! What a protocol wants and grants: the part that LCP and IPCP do not have in common.

use super::packet::Setting;

/// What is answered to a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// All of it suits us.
    Ack,
    /// These settings would suit us instead.
    Nak(Vec<u8>),
    /// These settings are unknown to us, or not for discussion.
    Reject(Vec<u8>),
}

/// One protocol's part in a negotiation.
pub(super) trait Settlement {
    /// The protocol's number.
    const PROTOCOL: u16;
    /// The first code that a peer may reject without harm: all below are needed.
    const FIRST_OPTIONAL_CODE: u8;

    /// Begins anew: wishes given up in an earlier negotiation are wishes again.
    fn begin(&mut self);
    /// The settings we ask for, as they stand in a request.
    fn wishes(&self) -> Vec<u8>;
    /// What the other end's request is worth.
    fn judge(&mut self, theirs: &[Setting<'_>]) -> Verdict;
    /// The other end's request was agreed to.
    fn grant(&mut self, theirs: &[Setting<'_>]);
    /// The other end would rather have these settings of ours.
    fn naked(&mut self, ours: &[Setting<'_>]);
    /// The other end will not hear of these settings.
    fn rejected(&mut self, ours: &[Setting<'_>]);
}

/// Rejects what was answered with a wish often enough; what was not even in the request is wished
/// no longer.
pub(super) fn insist(theirs: &[Setting<'_>], wishes: &[u8]) -> Verdict {
    let wished = Setting::read_all(wishes).unwrap_or_default();
    let mut rejected = Vec::new();
    for setting in theirs {
        if wished.iter().any(|wish| wish.kind == setting.kind) {
            setting.write(&mut rejected);
        }
    }
    if rejected.is_empty() {
        Verdict::Ack
    } else {
        Verdict::Reject(rejected)
    }
}
