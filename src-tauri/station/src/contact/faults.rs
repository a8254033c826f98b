//! How the faults of a line and the refusals of the data center are said to a person.

use super::link::LinkFault;
use crate::api::{ErrorKind, UiError};
use crate::messages::{Code, say};

/// A fault of the line as a person reads it. Refusals of the data center bring their own sentence.
#[must_use]
pub fn said(fault: &LinkFault) -> UiError {
    match fault {
        LinkFault::Refused(problem) => UiError {
            code: problem.code.clone(),
            message: problem.message.clone(),
            hint: problem.hint.clone(),
            retry: problem.retry,
            // What broke at the data center is no "no" of it.
            kind: if problem.code == "fault" {
                ErrorKind::Fault
            } else {
                ErrorKind::Refused
            },
        },
        LinkFault::Unreachable(reason) => say(Code::Unreachable, &[("reason", reason)]),
        LinkFault::Broken(reason) => say(Code::LineBroke, &[("reason", reason)]),
        LinkFault::NotTrusted => say(Code::NotOurCenter, &[]),
        LinkFault::Unreadable => say(Code::ReplyNotBelieved, &[("what", "its form")]),
    }
}
