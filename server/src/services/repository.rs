//! The signed repository as it is served: metadata by its version, targets by their hash, in ranges.
//!
//! Called by every station that was told of a newer timestamp, and by caches on the way.
//! Level L0: everything is signed or named by its hash, so any line may carry it and be cut anywhere.
//! It never serves what was not published, and what was published never changes.
//! Its tables: those of [`crate::repository`]. Its tests: `tests/it/repository.rs`.

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Path, RawQuery, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use data_encoding::HEXLOWER;
use futures_util::stream;
use sha2::{Digest as _, Sha256};
use shared::services::repository::news::{HeldVersions, ON_HELD};
use shared::wire::to_cbor;

use crate::access::limiter::Trier;
use crate::access::{Caller, CallingStation, ProblemReply};
use crate::center::DataCenter;
use crate::db::DbError;
use crate::repository::content::{self, PIECE_BYTES};
use crate::repository::packed::{Asking, Newest};
use crate::repository::range::{Ranged, ranged};
use crate::repository::{self, RepositoryError, RepositoryRole, store};

/// What has its version or hash in its name can be kept forever.
const IMMUTABLE: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");

/// The newest timestamp is asked for each time; whoever has it gets an answer without a body.
const REVALIDATE: HeaderValue = HeaderValue::from_static("public, no-cache");

/// Metadata is JSON.
const METADATA: HeaderValue = HeaderValue::from_static("application/json");

/// A target may be anything.
const TARGET: HeaderValue = HeaderValue::from_static("application/octet-stream");

/// Digits of SHA-256 before the name of a target.
const HASH_DIGITS: usize = 64;

/// Digits of the longest version.
const VERSION_DIGITS: usize = 20;

/// The service's routes.
pub fn routes() -> Router<Arc<DataCenter>> {
    Router::new()
        .route("/v1/repository/metadata/{name}", get(metadata))
        .route("/v1/repository/targets/{*path}", get(target))
        .route("/v1/repository/news/{held}", get(news))
}

/// Which metadata a file name of TUF means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Asked {
    /// `timestamp.json`.
    Newest(RepositoryRole),
    /// `7.snapshot.json`.
    Version(RepositoryRole, u64),
}

impl Asked {
    fn read(name: &str) -> Option<Self> {
        let stem = name.strip_suffix(".json")?;
        if stem == RepositoryRole::Timestamp.name() {
            return Some(Self::Newest(RepositoryRole::Timestamp));
        }
        let (version, role) = stem.split_once('.')?;
        let plain = version.len() <= VERSION_DIGITS
            && version.bytes().all(|byte| byte.is_ascii_digit())
            && !version.starts_with('0');
        let role = RepositoryRole::named(role).filter(|role| *role != RepositoryRole::Timestamp)?;
        plain
            .then(|| version.parse().ok())
            .flatten()
            .map(|version| Self::Version(role, version))
    }
}

/// Metadata by its file name.
async fn metadata(
    State(center): State<Arc<DataCenter>>,
    Path(name): Path<String>,
    headers: HeaderMap,
) -> Result<Response, ProblemReply> {
    let asked = Asked::read(&name).ok_or_else(ProblemReply::not_found)?;
    let found = center
        .db()
        .read("metadata", move |tx| match asked {
            Asked::Newest(role) => Ok(store::newest(tx, role)?.map(|stored| stored.content)),
            Asked::Version(role, version) => store::of_version(tx, role, version),
        })
        .await?;
    let content = found.ok_or_else(ProblemReply::not_found)?;
    let etag = etag_of(&Sha256::digest(&content).into());
    let caching = match asked {
        Asked::Newest(_) => REVALIDATE,
        Asked::Version(..) => IMMUTABLE,
    };
    let named = [
        (header::ETAG, etag.clone()),
        (header::CACHE_CONTROL, caching),
    ];
    if has(&headers, &etag) {
        return Ok((StatusCode::NOT_MODIFIED, named).into_response());
    }
    Ok((named, [(header::CONTENT_TYPE, METADATA)], content).into_response())
}

/// A fault of this side, written down.
fn broken(fault: &(dyn std::error::Error + 'static)) -> ProblemReply {
    tracing::error!(fault, "the news of the repository");
    ProblemReply::fault()
}

/// A fault of the repository; one that was never made has no news.
fn no_news(fault: &RepositoryError) -> ProblemReply {
    if matches!(fault, RepositoryError::NotMade) {
        ProblemReply::not_found()
    } else {
        broken(fault)
    }
}

/// Counts a question for the news: each costs up to a whole message, read and packed. A station that
/// shows a good certificate is counted as itself, whoever floods from its address.
fn admit(center: &DataCenter, caller: &Caller) -> Result<(), ProblemReply> {
    let (trier, refusal) = match CallingStation::of(caller, center) {
        Ok(station) => (
            Trier::Requests(station.0.station),
            ProblemReply::too_many_requests(),
        ),
        Err(_) => (
            Trier::News(caller.address.ip()),
            ProblemReply::too_many_tries(),
        ),
    };
    let is_admitted = center.limiter().admits(trier, center.now());
    is_admitted.then_some(()).ok_or(refusal)
}

/// All that is new since the versions that a station holds: a zstd frame of [`News`], which leans on the
/// documents of these versions where that is asked for. Its tag is weak: frames that say the same may be
/// packed differently.
async fn news(
    State(center): State<Arc<DataCenter>>,
    caller: Caller,
    Path(held): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, ProblemReply> {
    let held: HeldVersions = held.parse().map_err(|_| ProblemReply::not_found())?;
    admit(&center, &caller)?;
    let leans = query.is_some_and(|query| ON_HELD.strip_prefix('?') == Some(&query));
    let newest = center.db().read("newest", Newest::read).await;
    let newest = newest.map_err(|fault| no_news(&fault))?;
    let tag = format!("\"{}-{}\"", newest.timestamp, newest.root);
    let named = [
        (header::ETAG, header_of(&format!("W/{tag}"))),
        (header::CACHE_CONTROL, REVALIDATE),
    ];
    if has(&headers, &header_of(&tag)) {
        return Ok((StatusCode::NOT_MODIFIED, named).into_response());
    }
    let asked = Asking {
        held,
        leans,
        newest,
    };
    let packed = match center.packed_news().find(&asked) {
        Some(packed) => packed,
        None => pack(&center, asked).await?,
    };
    Ok((named, [(header::CONTENT_TYPE, TARGET)], packed).into_response())
}

/// Reads the news and packs them, which takes long: away from the database and from other requests.
async fn pack(center: &Arc<DataCenter>, asked: Asking) -> Result<Vec<u8>, ProblemReply> {
    let read = center.db().read("news", move |tx| {
        let base = if asked.leans {
            repository::held(tx, &asked.held)?
        } else {
            Vec::new()
        };
        Ok((repository::news(tx, &asked.held)?, base))
    });
    let (news, base) = read.await.map_err(|fault| no_news(&fault))?;
    let center = Arc::clone(center);
    let packing = tokio::task::spawn_blocking(move || {
        center.packed_news().pack(asked, &base, &to_cbor(&news))
    });
    let packed = packing.await.map_err(|fault| broken(&fault))?;
    packed.map_err(|fault| broken(&fault))
}

/// The hash and the path that a target's address means.
fn read_address(address: &str) -> Option<([u8; 32], String)> {
    let (folders, file) = match address.rsplit_once('/') {
        Some((folders, file)) => (Some(folders), file),
        None => (None, address),
    };
    let (digits, file) = file.split_once('.')?;
    if digits.len() != HASH_DIGITS {
        return None;
    }
    let sha256 = HEXLOWER.decode(digits.as_bytes()).ok()?.try_into().ok()?;
    let path = match folders {
        Some(folders) => format!("{folders}/{file}"),
        None => file.to_owned(),
    };
    Some((sha256, path))
}

/// The content of a target, or a part of it.
async fn target(
    State(center): State<Arc<DataCenter>>,
    Path(address): Path<String>,
    headers: HeaderMap,
) -> Result<Response, ProblemReply> {
    let (sha256, path) = read_address(&address).ok_or_else(ProblemReply::not_found)?;
    let length = center
        .db()
        .read("target", move |tx| content::published(tx, &path, &sha256))
        .await?
        .ok_or_else(ProblemReply::not_found)?;
    let etag = etag_of(&sha256);
    let named = [
        (header::ETAG, etag.clone()),
        (header::CACHE_CONTROL, IMMUTABLE),
        (header::ACCEPT_RANGES, HeaderValue::from_static("bytes")),
    ];
    if has(&headers, &etag) {
        return Ok((StatusCode::NOT_MODIFIED, named).into_response());
    }
    let (first, end, status) = match asked_range(&headers, &etag, length) {
        Ranged::Whole => (0, length, StatusCode::OK),
        Ranged::Part { first, last } => {
            (first, last.saturating_add(1), StatusCode::PARTIAL_CONTENT)
        }
        Ranged::Unsatisfiable => {
            let range = header_of(&format!("bytes */{length}"));
            let range = [(header::CONTENT_RANGE, range)];
            return Ok((StatusCode::RANGE_NOT_SATISFIABLE, named, range).into_response());
        }
    };
    let size = header_of(&end.saturating_sub(first).to_string());
    let body = Part {
        center,
        sha256,
        next: first,
        end,
    };
    let said = [
        (header::CONTENT_TYPE, TARGET),
        (header::CONTENT_LENGTH, size),
    ];
    let mut response = (status, named, said, body.stream()).into_response();
    if status == StatusCode::PARTIAL_CONTENT {
        let range = header_of(&format!("bytes {first}-{}/{length}", end.saturating_sub(1)));
        response.headers_mut().insert(header::CONTENT_RANGE, range);
    }
    Ok(response)
}

/// The range that was asked for; all of it when it was asked of another content than this.
fn asked_range(headers: &HeaderMap, etag: &HeaderValue, length: u64) -> Ranged {
    let is_of_another = headers
        .get(header::IF_RANGE)
        .is_some_and(|wanted| wanted != etag);
    let range = headers.get(header::RANGE).filter(|_| !is_of_another);
    let range = range.and_then(|range| range.to_str().ok());
    range.map_or(Ranged::Whole, |range| ranged(range, length))
}

/// A part of a content on its way, piece by piece: no more than one is in memory.
struct Part {
    center: Arc<DataCenter>,
    sha256: [u8; 32],
    next: u64,
    end: u64,
}

impl Part {
    fn stream(self) -> Body {
        Body::from_stream(stream::unfold(self, |mut part| async move {
            if part.next >= part.end {
                return None;
            }
            let read = part.read().await;
            if read.is_err() {
                // Nothing follows a fault: the reader sees a body that broke off.
                part.next = part.end;
            }
            Some((read, part))
        }))
    }

    async fn read(&mut self) -> Result<Bytes, DbError> {
        const NAME: &str = "piece";
        let size = u64::try_from(PIECE_BYTES).unwrap_or(u64::MAX);
        let (number, sha256) = (self.next.div_euclid(size), self.sha256);
        let piece = self
            .center
            .db()
            .read(NAME, move |tx| content::piece(tx, &sha256, number))
            .await?
            .ok_or(DbError::BrokeOff { name: NAME })?;
        let begins = number.saturating_mul(size);
        let within = |at: u64| usize::try_from(at.saturating_sub(begins)).unwrap_or(usize::MAX);
        let last = within(self.end).min(piece.len());
        let bytes = Bytes::from(piece);
        let first = within(self.next);
        if first >= last {
            return Err(DbError::BrokeOff { name: NAME });
        }
        let part = bytes.slice(first..last);
        let length = u64::try_from(part.len()).unwrap_or(u64::MAX);
        self.next = self.next.saturating_add(length);
        Ok(part)
    }
}

fn etag_of(sha256: &[u8; 32]) -> HeaderValue {
    header_of(&format!("\"{}\"", HEXLOWER.encode(sha256)))
}

/// Whether whoever asks has this content already.
fn has(headers: &HeaderMap, etag: &HeaderValue) -> bool {
    let (Some(known), Ok(etag)) = (
        headers
            .get(header::IF_NONE_MATCH)
            .and_then(|known| known.to_str().ok()),
        etag.to_str(),
    ) else {
        return false;
    };
    let same = |one: &str| one == "*" || one.strip_prefix("W/").unwrap_or(one) == etag;
    known.split(',').map(str::trim).any(same)
}

/// Text of digits and quotes is always a header.
fn header_of(text: &str) -> HeaderValue {
    HeaderValue::from_str(text).unwrap_or(HeaderValue::from_static(""))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn only_file_names_that_tuf_has_mean_metadata() {
        let snapshot = Asked::Version(RepositoryRole::Snapshot, 7);
        assert_eq!(Asked::read("7.snapshot.json"), Some(snapshot));
        let newest = Asked::Newest(RepositoryRole::Timestamp);
        assert_eq!(Asked::read("timestamp.json"), Some(newest));
        for name in [
            "7.timestamp.json",
            "snapshot.json",
            "root.json",
            "07.root.json",
            "+7.root.json",
            "7.nobody.json",
            "7.root",
            "99999999999999999999.root.json",
            ".json",
            "",
        ] {
            assert_eq!(Asked::read(name), None, "{name}");
        }
    }

    #[test]
    fn the_hash_stands_before_the_name_of_a_target() {
        let hash = "ab".repeat(32);
        let read = read_address(&format!("rates/{hash}.us.edition"));
        assert_eq!(read, Some(([0xab; 32], "rates/us.edition".to_owned())));
        let top = read_address(&format!("{hash}.authorities.pem"));
        assert_eq!(top, Some(([0xab; 32], "authorities.pem".to_owned())));
        for address in ["", "rates/us.edition", "rates/abab.us", &hash] {
            assert_eq!(read_address(address), None, "{address}");
        }
    }

    proptest! {
        #[test]
        fn no_address_makes_it_panic(address in any::<String>()) {
            drop(read_address(&address));
            let _ = Asked::read(&address).is_some();
        }
    }
}
