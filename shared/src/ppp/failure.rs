//! Why a PPP link ended.

/// Why a link did not come up, or did not stay. Each has its own remedy, so each has its own name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Failure {
    /// Not one packet of PPP arrived: a voice, a fax, a wrong number, or a machine that waits for
    /// a login by hand.
    #[error("the other end does not speak PPP")]
    NoAnswer,
    /// Our own packets come back: the line is looped, or the modem still echoes commands.
    #[error("the line sends back what is sent into it")]
    Looped,
    /// The two ends did not agree on the link itself in time.
    #[error("the two ends did not agree on the link")]
    LinkNotAgreed,
    /// One end asks for a way of proving who one is that the other does not offer.
    #[error("the two ends know no common way to prove a name")]
    NoCommonProof,
    /// The proof of the name was not finished in time.
    #[error("the proof of the name was not answered")]
    ProofUnanswered,
    /// The name or the secret was refused.
    #[error("the name or the password was refused")]
    PasswordRefused,
    /// The other end accepted us but could not show that it knows the secret too (MS-CHAPv2): it
    /// is not who was dialed.
    #[error("the other end could not prove that it knows the password")]
    PeerNotProven,
    /// The two ends did not agree on addresses in time.
    #[error("the two ends did not agree on addresses")]
    AddressesNotAgreed,
    /// The other end gave this end no address, or one that no machine can have.
    #[error("the other end gave no address")]
    NoAddress,
    /// The other end does not carry Internet packets.
    #[error("the other end refuses to carry Internet packets")]
    IpRefused,
    /// The other end ended the link.
    #[error("the other end ended the link")]
    EndedByPeer,
    /// The line stands, but nothing comes over it any more.
    #[error("the other end fell silent")]
    HalfOpen,
    /// The link was agreed on again and again, and never stayed.
    #[error("the link does not stay up")]
    Unstable,
    /// The line below went away: the carrier was lost, or the modem unplugged.
    #[error("the line was lost")]
    LineLost,
}

impl Failure {
    /// All of them.
    pub const ALL: [Self; 14] = [
        Self::NoAnswer,
        Self::Looped,
        Self::LinkNotAgreed,
        Self::NoCommonProof,
        Self::ProofUnanswered,
        Self::PasswordRefused,
        Self::PeerNotProven,
        Self::AddressesNotAgreed,
        Self::NoAddress,
        Self::IpRefused,
        Self::EndedByPeer,
        Self::HalfOpen,
        Self::Unstable,
        Self::LineLost,
    ];

    /// A name that never changes, for records and for the table of messages.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::NoAnswer => "ppp_no_answer",
            Self::Looped => "ppp_looped",
            Self::LinkNotAgreed => "ppp_link_not_agreed",
            Self::NoCommonProof => "ppp_no_common_proof",
            Self::ProofUnanswered => "ppp_proof_unanswered",
            Self::PasswordRefused => "ppp_password_refused",
            Self::PeerNotProven => "ppp_peer_not_proven",
            Self::AddressesNotAgreed => "ppp_addresses_not_agreed",
            Self::NoAddress => "ppp_no_address",
            Self::IpRefused => "ppp_ip_refused",
            Self::EndedByPeer => "ppp_ended_by_peer",
            Self::HalfOpen => "ppp_half_open",
            Self::Unstable => "ppp_unstable",
            Self::LineLost => "ppp_line_lost",
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_failure_has_a_code_of_its_own() {
        let codes: BTreeSet<_> = Failure::ALL.iter().map(|failure| failure.code()).collect();
        assert_eq!(codes.len(), Failure::ALL.len());
    }
}
