//! The services of the station, one folder each: what it asks next, and what it does with the
//! reply. Neither waits nor sends: a contact carries the bytes.

pub mod accounts;
pub mod automatic;
pub mod funds;
pub mod keys;
pub mod mirror;
pub mod rates;
pub mod reconcile;
pub mod refunds;
pub mod repository;
pub mod sealed;
pub mod software;
pub mod statement_door;
pub mod statistics;
pub mod trust;
pub mod withdrawal;
pub mod witness;

use shared::money::Mills;
use shared::services::ServiceId;
use shared::wire::Unread;

use crate::api::UiError;
use crate::contact::link::LinkRequest;
use crate::messages::{Code, say};
use crate::station::Owner;

/// What a message and its reply come to, bytes, where they hold no documents.
const MESSAGE_BYTES: u64 = 4 * 1_024;

/// A longer request keeps a slow line busy for seconds.
const LONG_REQUEST_BYTES: usize = 4 * 1_024;

/// What a page of a list and its reply come to at most, bytes.
const PAGE_BYTES: u64 = 16 * 1_024;

/// What the clerk asked of this contact.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Asked {
    /// A refill.
    pub refill: Option<AskedRefill>,
}

/// A refill that somebody asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AskedRefill {
    /// How much.
    pub amount: Mills,
    /// Who asks.
    pub user: String,
}

/// The services that this program takes part in, in the order they are told in. A program that only
/// stands beside the one that is updated leaves software out: the news of it are not its to hear.
#[must_use]
pub fn taken_part_in(owner: &Owner) -> Vec<ServiceId> {
    let is_updated = owner.program().platform.is_some();
    let all = ServiceId::ALL.into_iter();
    all.filter(|service| is_updated || *service != ServiceId::Software)
        .collect()
}

/// The next request of a service, durable where it must be. Nothing when it has nothing to ask.
///
/// # Errors
/// What the owner refuses; then nothing was sent and nothing has changed.
pub fn next_request(
    owner: &mut Owner,
    service: ServiceId,
    asked: &Asked,
    round: u32,
) -> Result<Option<LinkRequest>, UiError> {
    if withdrawal::has_ended(owner) && !withdrawal::still_tells(owner, service)? {
        return Ok(None);
    }
    match service {
        ServiceId::Keys => keys::next_request(owner),
        ServiceId::Funds => funds::next_request(owner, asked, round),
        ServiceId::Rates => repository::next_request(owner),
        ServiceId::Accounts => accounts::next_request(owner, round),
        ServiceId::Statistics => statistics::next_request(owner),
        ServiceId::Software => software::next_request(owner),
    }
}

/// Has a service ask before the data center's monitor has said anything, where its reply is short when
/// there is nothing: on a line that would be idle until that word has come.
///
/// # Errors
/// The faults of the store.
pub fn guess(owner: &mut Owner, service: ServiceId) -> Result<(), UiError> {
    match service {
        ServiceId::Rates => repository::guess(owner),
        ServiceId::Keys
        | ServiceId::Funds
        | ServiceId::Accounts
        | ServiceId::Statistics
        | ServiceId::Software => Ok(()),
    }
}

/// What goes beside the request that a service has just made, where its reply waits for nothing that
/// the other brings.
///
/// # Errors
/// As [`next_request`].
pub fn beside(owner: &mut Owner, service: ServiceId) -> Result<Option<LinkRequest>, UiError> {
    match service {
        ServiceId::Funds => funds::beside(owner),
        ServiceId::Keys
        | ServiceId::Rates
        | ServiceId::Accounts
        | ServiceId::Statistics
        | ServiceId::Software => Ok(None),
    }
}

/// Takes the reply to what went beside another request of the service.
///
/// # Errors
/// As [`accept`].
pub fn accept_beside(owner: &mut Owner, service: ServiceId, reply: &[u8]) -> Result<(), UiError> {
    match service {
        ServiceId::Funds => funds::accept_beside(owner, reply),
        ServiceId::Keys
        | ServiceId::Rates
        | ServiceId::Accounts
        | ServiceId::Statistics
        | ServiceId::Software => Err(not_believed("an answer to nothing")),
    }
}

/// The bytes that the service's next request and its reply will have, roughly: on a line that has a
/// budget, what does not fit is not even asked for.
#[must_use]
pub fn expected_bytes(owner: &mut Owner, service: ServiceId) -> u64 {
    match service {
        ServiceId::Keys | ServiceId::Funds => MESSAGE_BYTES,
        ServiceId::Rates => repository::expected_bytes(owner),
        ServiceId::Accounts | ServiceId::Statistics => PAGE_BYTES,
        ServiceId::Software => software::expected_bytes(owner),
    }
}

/// Whether the service would ask for something that gives way to money and to whoever waits for the
/// line.
///
/// # Errors
/// The faults of the store.
pub fn gives_way(owner: &mut Owner, service: ServiceId) -> Result<bool, UiError> {
    match service {
        ServiceId::Software => software::is_fetching(owner),
        ServiceId::Keys
        | ServiceId::Funds
        | ServiceId::Rates
        | ServiceId::Accounts
        | ServiceId::Statistics => Ok(false),
    }
}

/// Whether a request of a service, or what its reply may come to, would hold up money on a line that is
/// slow.
#[must_use]
pub const fn is_long(service: ServiceId, request: &LinkRequest) -> bool {
    let reply = match request {
        LinkRequest::FetchPart { from, end, .. } => end.saturating_sub(*from),
        LinkRequest::Fetch { .. } | LinkRequest::Send { .. } => 0,
    };
    service.rank() > 0 && (reply > MESSAGE_BYTES || request.length() > LONG_REQUEST_BYTES)
}

/// The service that has something to ask because of what another one has just brought: the documents
/// of the repository name software too.
///
/// # Errors
/// The faults of the store.
pub fn wakes(owner: &mut Owner, service: ServiceId) -> Result<Option<ServiceId>, UiError> {
    let is_woken = service == ServiceId::Rates && software::has_something(owner)?;
    Ok(is_woken.then_some(ServiceId::Software))
}

/// Takes the reply to the service's last request.
///
/// # Errors
/// A refusal inside the reply, or a reply that is not believed; then nothing has changed.
pub fn accept(owner: &mut Owner, service: ServiceId, reply: &[u8]) -> Result<(), UiError> {
    match service {
        ServiceId::Keys => keys::accept(owner, reply),
        ServiceId::Funds => funds::accept(owner, reply),
        ServiceId::Rates => repository::accept(owner, Some(reply)),
        ServiceId::Accounts => accounts::accept(owner, reply),
        ServiceId::Statistics => statistics::accept(owner, reply),
        ServiceId::Software => software::accept(owner, reply),
    }
}

/// Takes it that the data center has not what the service asked for last. Whether that is an answer
/// for the service; for most it is a refusal like any other.
///
/// # Errors
/// What it means for the service.
pub fn absent(owner: &mut Owner, service: ServiceId) -> Result<bool, UiError> {
    match service {
        ServiceId::Rates => repository::accept(owner, None).map(|()| true),
        ServiceId::Keys
        | ServiceId::Funds
        | ServiceId::Accounts
        | ServiceId::Statistics
        | ServiceId::Software => Ok(false),
    }
}

/// Takes it that the data center does not answer now what the service asked for last. Whether the
/// service can do without; most cannot.
///
/// # Errors
/// What it means for the service.
pub fn untold(owner: &mut Owner, service: ServiceId) -> Result<bool, UiError> {
    match service {
        ServiceId::Rates => repository::untold(owner),
        ServiceId::Keys
        | ServiceId::Funds
        | ServiceId::Accounts
        | ServiceId::Statistics
        | ServiceId::Software => Ok(false),
    }
}

/// Takes it that the service's last request has no reply that could be read, although the data center
/// was reached.
///
/// # Errors
/// The faults of the store.
pub fn broke_off(owner: &mut Owner, service: ServiceId, why: &UiError) -> Result<(), UiError> {
    match service {
        ServiceId::Rates => repository::broke_off(owner, why),
        ServiceId::Keys
        | ServiceId::Funds
        | ServiceId::Accounts
        | ServiceId::Statistics
        | ServiceId::Software => Ok(()),
    }
}

/// Numbers the service's request on its way anew, because the data center expects `expected`.
/// Nothing when the request cannot follow.
///
/// # Errors
/// The faults of the store.
pub fn follow(
    owner: &mut Owner,
    service: ServiceId,
    expected: u64,
) -> Result<Option<LinkRequest>, UiError> {
    match service {
        ServiceId::Keys => sealed::follow(owner, service, expected, keys::content),
        ServiceId::Funds => funds::follow(owner, expected),
        ServiceId::Rates | ServiceId::Accounts | ServiceId::Statistics | ServiceId::Software => {
            Ok(None)
        }
    }
}

/// Signs the service's request on its way again, because the station has a newer key now. Nothing
/// when the service signs nothing.
///
/// # Errors
/// The faults of the store.
pub fn sign_again(owner: &mut Owner, service: ServiceId) -> Result<Option<LinkRequest>, UiError> {
    match service {
        ServiceId::Keys => sealed::sign_again(owner, service, keys::content),
        ServiceId::Funds => sealed::sign_again(owner, service, funds::content),
        ServiceId::Rates | ServiceId::Accounts | ServiceId::Statistics | ServiceId::Software => {
            Ok(None)
        }
    }
}

/// What goes to a data center that says it has forgotten and compares its books.
///
/// # Errors
/// The faults of the store.
pub fn forgotten(owner: &mut Owner, service: ServiceId) -> Result<Option<LinkRequest>, UiError> {
    match service {
        ServiceId::Funds => reconcile::forgotten(owner),
        ServiceId::Keys
        | ServiceId::Rates
        | ServiceId::Accounts
        | ServiceId::Statistics
        | ServiceId::Software => Ok(None),
    }
}

/// What it means that a reply was not read.
pub(crate) fn not_read(what: &str, fault: &Unread) -> UiError {
    match fault {
        Unread::UnknownLayout(_) => say(Code::UpdateNeeded, &[]),
        Unread::NotReadable(_) => not_believed(what),
    }
}

/// A reply that cannot be what the data center sent.
pub(crate) fn not_believed(what: &str) -> UiError {
    say(Code::ReplyNotBelieved, &[("what", what)])
}
