//! Every request a data center answers, with the level it must arrive at.
//!
//! A compiled constant: nothing is negotiated and no setting changes it. A data center serves no
//! path that is not named here, and each at no lower level; `SECURITY.md` shows this table.

use super::accounts::AccountsRequest;
use super::funds::refunds::RefundRequest;
use super::funds::withdrawal::WithdrawRequest;
use super::funds::{DoorRequest, LookupRequest, RefillRequest, SyncRequest};
use super::journal::PageRequest;
use super::keys::{EnrolRequest, RenewRequest};
use super::reconcile::ReconcileRequest;
use super::software::{REPORT_PATH, SoftwareReport};
use super::statistics::{PAGES_PATH, StatisticsPage};
use super::{Request, ServiceId, rates};
use crate::security::Level;

/// Who is let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entrance {
    /// Whoever comes by TLS.
    Anyone,
    /// A station that shows a certificate which is good at this moment.
    Station,
    /// A station that can show none: its sealed message and the registered key stand for it.
    Door,
}

impl Entrance {
    /// Who that is, as a person reads it.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Anyone => "anyone",
            Self::Station => "a station with its certificate",
            Self::Door => "a station without one, by its registered key",
        }
    }
}

/// How a request is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// It reads.
    Get,
    /// It carries a message.
    Post,
}

impl Method {
    /// The method's name in HTTP.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
        }
    }
}

/// One type of request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RequestKind {
    /// What it is for, in a few words.
    pub purpose: &'static str,
    /// The service it belongs to; none for what the data center says of itself.
    pub service: Option<ServiceId>,
    /// The level it must arrive at.
    pub level: Level,
    /// Who is let in.
    pub entrance: Entrance,
    /// How it is asked.
    pub method: Method,
    /// Where, as the data center's routes name it.
    pub path: &'static str,
}

impl RequestKind {
    /// A message with a type of its own: service and level are the type's.
    const fn message<Q: Request>(purpose: &'static str, path: &'static str) -> Self {
        let entrance = match Q::LEVEL {
            Level::L0 | Level::L1 => Entrance::Anyone,
            Level::L2 | Level::L3 | Level::L4 => Entrance::Station,
        };
        Self {
            purpose,
            service: Some(Q::SERVICE),
            level: Q::LEVEL,
            entrance,
            method: Method::Post,
            path,
        }
    }

    /// The same message, from a station whose certificate no longer lets it in.
    const fn door<Q: Request>(purpose: &'static str, path: &'static str) -> Self {
        Self {
            entrance: Entrance::Door,
            ..Self::message::<Q>(purpose, path)
        }
    }

    /// Something to read that anyone may have.
    const fn public(
        purpose: &'static str,
        service: Option<ServiceId>,
        level: Level,
        path: &'static str,
    ) -> Self {
        Self {
            purpose,
            service,
            level,
            entrance: Entrance::Anyone,
            method: Method::Get,
            path,
        }
    }

    /// Something to read that a station may have.
    const fn own(purpose: &'static str, service: Option<ServiceId>, path: &'static str) -> Self {
        Self {
            entrance: Entrance::Station,
            ..Self::public(purpose, service, Level::L2, path)
        }
    }

    /// The kind of request that a path of the data center's routes stands for.
    #[must_use]
    pub fn at(path: &str) -> Option<&'static Self> {
        REQUESTS.iter().find(|kind| kind.path == path)
    }
}

const RATES: Option<ServiceId> = Some(ServiceId::Rates);
const ACCOUNTS: Option<ServiceId> = Some(ServiceId::Accounts);

/// All of them, from the lowest level to the highest.
pub const REQUESTS: &[RequestKind] = &[
    RequestKind::public(
        "signed metadata of the repository",
        RATES,
        rates::LEVEL,
        "/v1/repository/metadata/{name}",
    ),
    RequestKind::public(
        "what the repository holds",
        RATES,
        rates::LEVEL,
        "/v1/repository/targets/{*path}",
    ),
    RequestKind::public(
        "all that is new in the repository, in one reply",
        RATES,
        rates::LEVEL,
        "/v1/repository/news/{held}",
    ),
    RequestKind::public(
        "signed notices of keys and authorities",
        Some(ServiceId::Keys),
        Level::L0,
        "/v1/keys/trust",
    ),
    RequestKind::public("certificates of the authorities", None, Level::L1, "/v1/ca"),
    RequestKind::public(
        "what is served, and under which keys",
        None,
        Level::L1,
        "/v1/directory",
    ),
    RequestKind::public("whether it is well", None, Level::L1, "/v1/health"),
    RequestKind::public("the OpenAPI document", None, Level::L1, "/v1/openapi.json"),
    RequestKind::public(
        "signed head of the journal",
        None,
        Level::L1,
        "/v1/journal/checkpoint",
    ),
    RequestKind::public(
        "proof of consistency",
        None,
        Level::L1,
        "/v1/journal/consistency",
    ),
    RequestKind::public(
        "proof of inclusion",
        None,
        Level::L1,
        "/v1/journal/inclusion",
    ),
    RequestKind::message::<EnrolRequest>("enrolment by code", "/v1/enrol"),
    RequestKind::own("what is due to the station", None, "/v1/due"),
    RequestKind::own("the monitor's word as it comes", None, "/v1/signals"),
    RequestKind::message::<StatisticsPage>("counts of pieces", PAGES_PATH),
    RequestKind::own(
        "what was counted",
        Some(ServiceId::Statistics),
        "/v1/statistics",
    ),
    RequestKind::message::<SoftwareReport>("what a station runs", REPORT_PATH),
    RequestKind::message::<AccountsRequest>("cost centres and what was spent", "/v1/accounts/sync"),
    RequestKind::own("the station's account", ACCOUNTS, "/v1/accounts/self"),
    RequestKind::own("a month's statement", ACCOUNTS, "/v1/accounts/statement"),
    RequestKind::message::<RenewRequest>("renewal of the station's certificate", "/v1/keys/renew"),
    RequestKind::door::<RenewRequest>("renewal after the certificate expired", "/door/renew"),
    RequestKind::message::<RefillRequest>("refill and renewal of the vault", "/v1/funds/refill"),
    RequestKind::message::<SyncRequest>("statement and receipt", "/v1/funds/sync"),
    RequestKind::message::<LookupRequest>("what became of a refill", "/v1/funds/lookup"),
    RequestKind::message::<PageRequest>("records of the station's journal", "/v1/funds/journal"),
    RequestKind::message::<WithdrawRequest>("the end of a vault", "/v1/funds/withdraw"),
    RequestKind::message::<RefundRequest>("claims of misprints", "/v1/funds/refund"),
    RequestKind::door::<DoorRequest>("what a shut-out vault holds", "/door/statement"),
    RequestKind::message::<ReconcileRequest>("what the data center forgot", "/v1/funds/reconcile"),
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_path_stands_once_and_levels_rise() {
        let paths: BTreeSet<&str> = REQUESTS.iter().map(|kind| kind.path).collect();
        assert_eq!(paths.len(), REQUESTS.len());
        assert!(REQUESTS.is_sorted_by_key(|kind| kind.level));
    }

    #[test]
    fn who_is_let_in_follows_from_the_level() {
        for kind in REQUESTS {
            let fits = match kind.entrance {
                Entrance::Anyone => kind.level < Level::L2,
                Entrance::Station => kind.level >= Level::L2,
                Entrance::Door => kind.level >= Level::L3,
            };
            assert!(fits, "{kind:?}");
        }
    }
}
