//! The one trait between services and lines: a request goes out, a reply comes in.
//!
//! A link does not know which service it carries, and a service does not know which line carries
//! it.

use std::future::Future;
use std::pin::Pin;

use shared::monitor::{Budget, Due, Holdings};
use shared::wire::Problem;

/// The largest reply a station reads, bytes: the content of a rate edition is the largest.
pub const MAX_REPLY_BYTES: usize = 8 * 1_024 * 1_024;

/// A reply on its way.
pub type Exchange<'a> = Pin<Box<dyn Future<Output = Answered> + Send + 'a>>;

/// What came back: the reply, a refusal or a fault of the line, and beside it the word of the data
/// center's monitor, which travels with refusals too.
#[derive(Clone, Debug)]
pub struct Answered {
    /// The reply.
    pub reply: Result<Vec<u8>, LinkFault>,
    /// What the data center has for this station; nothing when its monitor was not heard.
    pub due: Option<Due>,
}

impl From<LinkFault> for Answered {
    /// A fault of the line, over which no monitor was heard.
    fn from(fault: LinkFault) -> Self {
        Self {
            reply: Err(fault),
            due: None,
        }
    }
}

/// A request to the data center.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LinkRequest {
    /// Fetches a public document.
    Fetch {
        /// The path.
        path: String,
        /// The most bytes that are read of it; never more than [`MAX_REPLY_BYTES`].
        limit: usize,
    },
    /// Fetches a part of a public document: bytes `from` to before `end`.
    FetchPart {
        /// The path.
        path: String,
        /// The first byte, from 0.
        from: u64,
        /// The byte after the last.
        end: u64,
    },
    /// Sends a message.
    Send {
        /// The path.
        path: String,
        /// The message, CBOR.
        body: Vec<u8>,
    },
}

impl LinkRequest {
    /// Fetches a public document of which no length is known.
    #[must_use]
    pub const fn fetch(path: String) -> Self {
        Self::Fetch {
            path,
            limit: MAX_REPLY_BYTES,
        }
    }

    /// The path that it asks for.
    #[must_use]
    pub fn path(&self) -> &str {
        match self {
            Self::Fetch { path, .. } | Self::FetchPart { path, .. } | Self::Send { path, .. } => {
                path
            }
        }
    }

    /// The bytes of the request, without what the line itself adds.
    #[must_use]
    pub const fn length(&self) -> usize {
        match self {
            Self::Fetch { path, .. } | Self::FetchPart { path, .. } => path.len(),
            Self::Send { path, body } => path.len() + body.len(),
        }
    }
}

/// Why no reply came.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LinkFault {
    /// The data center answered with a refusal.
    #[error("{}", .0.message)]
    Refused(Box<Problem>),
    /// The data center was not reached: nothing was sent.
    #[error("the data center cannot be reached: {0}")]
    Unreachable(String),
    /// The line broke after something may have been sent.
    #[error("the line to the data center broke: {0}")]
    Broken(String),
    /// The other side is not our data center.
    #[error("the other side could not prove to be the data center")]
    NotTrusted,
    /// The reply is longer than it may be, or not a reply.
    #[error("the data center's reply cannot be read")]
    Unreadable,
}

impl LinkFault {
    /// The refusal, when it is one.
    #[must_use]
    pub fn problem(&self) -> Option<&Problem> {
        match self {
            Self::Refused(problem) => Some(problem),
            Self::Unreachable(_) | Self::Broken(_) | Self::NotTrusted | Self::Unreadable => None,
        }
    }
}

/// A way to the data center that is up.
pub trait Link: Send + Sync {
    /// The line's name: `internet` or `dialup`.
    fn line(&self) -> &'static str;

    /// How much one contact over it may cost.
    fn budget(&self) -> Budget {
        Budget::UNLIMITED
    }

    /// Exchanges one request for its reply, and the word of this monitor for that of the other.
    /// Several exchanges may run at once.
    fn exchange(&self, request: LinkRequest, holds: &Holdings) -> Exchange<'_>;
}
