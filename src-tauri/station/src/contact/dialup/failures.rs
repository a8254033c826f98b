//! How a call that failed is said to a person.

use shared::call::CallFault;
use shared::modem::CallFailure;
use shared::ppp::Failure;

use super::DialFault;
use crate::api::UiError;
use crate::messages::{Code, say};

/// Why there is no call, as a person reads it.
#[must_use]
pub fn said(fault: &DialFault) -> UiError {
    match fault {
        DialFault::Port { device, reason } => {
            say(Code::ModemPort, &[("device", device), ("reason", reason)])
        }
        DialFault::Call(fault) => say(code(*fault), &[]),
        DialFault::NoAddress(fault) => say(Code::LineNoName, &[("server", &fault.0)]),
        DialFault::Door(reason) => say(Code::LineNoDoor, &[("reason", reason)]),
    }
}

/// The message of a call's end.
#[must_use]
pub const fn code(fault: CallFault) -> Code {
    match fault {
        CallFault::TooLong => Code::CallTooLong,
        CallFault::Modem(failure) => match failure {
            CallFailure::ModemSilent => Code::ModemSilent,
            CallFailure::CommandRefused => Code::ModemRefused,
            CallFailure::CardLocked => Code::CardLocked,
            CallFailure::PinNotTaken => Code::CardPinNotTaken,
            CallFailure::NoNetwork => Code::NoNetwork,
            CallFailure::NoDialTone => Code::NoDialTone,
            CallFailure::Busy => Code::NumberBusy,
            CallFailure::NoAnswer => Code::NobodyAnswers,
            CallFailure::NoCarrier => Code::NoModemAnswers,
            CallFailure::Delayed => Code::CallDelayed,
            CallFailure::Blacklisted => Code::NumberBarred,
            CallFailure::TimedOut => Code::CallTimedOut,
        },
        CallFault::Link(failure) => match failure {
            Failure::NoAnswer => Code::PppNoAnswer,
            Failure::Looped => Code::PppLooped,
            Failure::LinkNotAgreed => Code::PppLinkNotAgreed,
            Failure::NoCommonProof => Code::PppNoCommonProof,
            Failure::ProofUnanswered => Code::PppProofUnanswered,
            Failure::PasswordRefused => Code::PppPasswordRefused,
            Failure::PeerNotProven => Code::PppPeerNotProven,
            Failure::AddressesNotAgreed => Code::PppAddressesNotAgreed,
            Failure::NoAddress => Code::PppNoAddress,
            Failure::IpRefused => Code::PppIpRefused,
            Failure::EndedByPeer => Code::PppEndedByPeer,
            Failure::HalfOpen => Code::PppHalfOpen,
            Failure::Unstable => Code::PppUnstable,
            Failure::LineLost => Code::PppLineLost,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_codes_of_links_are_those_of_the_engine() {
        for failure in Failure::ALL {
            assert_eq!(code(CallFault::Link(failure)).name(), failure.code());
        }
    }

    #[test]
    fn a_busy_number_may_lack_its_prefix_and_the_sentence_says_so() {
        let said = said(&DialFault::Call(CallFault::Modem(CallFailure::Busy)));
        assert!(said.hint.contains("prefix"), "{}", said.hint);
        assert!(said.retry);
    }
}
