use core::num::NonZeroU32;
use std::collections::BTreeMap;
use std::io::Write as _;

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use serde_json::json;
use shared::clock::UnixSeconds;
use shared::rates::{Edition, EditionError};
use shared::services::ServiceId;
use shared::services::rates::edition_target;
use shared::services::repository::news::{NEWS_PATH, News, Piece, VERSION as NEWS_VERSION};
use shared::services::repository::{METADATA_PATH, TARGETS_PATH};
use shared::software::Belief;
use shared::tuf::{
    DelegatedRole, Delegations, Document, Key, MetaFile, Metadata, Role, RoleName, Roles, Root,
    Snapshot, TargetFile, TargetPath, Targets, Timestamp, Version,
};
use shared::wire::to_cbor;

use super::{accept, first_root, named_by, next_request, standing};
use crate::api::{Call, ErrorKind, RepositoryView, UiError, View};
use crate::contact::faults::said;
use crate::contact::link::{LinkFault, LinkRequest};
use crate::station::fixture::{Desk, START, letter, runtime};
use crate::station::{Owner, names};

const SOURCE: &str = include_str!("../../../../../shared/data/editions/us-2026-07-12.json");

/// A repository as a data center publishes it, all roles under one key.
#[derive(Clone)]
pub(crate) struct Offer {
    targets: BTreeMap<String, TargetFile>,
    pub(crate) contents: BTreeMap<String, Vec<u8>>,
    documents: BTreeMap<String, Vec<u8>>,
    version: u64,
    expires: UnixSeconds,
    /// Whose content comes along with all documents in one reply, where it tells what is new.
    tells_of: Option<&'static str>,
}

/// What was asked of it.
#[derive(Debug, Default)]
pub(crate) struct Asked {
    documents: Vec<String>,
    bytes: u64,
    requests: u32,
}

impl Offer {
    pub(crate) fn new() -> Self {
        let mut offer = Self {
            targets: BTreeMap::new(),
            contents: BTreeMap::new(),
            documents: BTreeMap::new(),
            version: 0,
            expires: START.plus_days(7),
            tells_of: None,
        };
        offer.publish();
        offer
    }

    fn root() -> Vec<u8> {
        Self::root_until(Version::FIRST, START.plus_days(400))
    }

    fn root_until(version: Version, expires: UnixSeconds) -> Vec<u8> {
        let role = role();
        sign(&Root {
            version,
            expires,
            consistent_snapshot: true,
            keys: BTreeMap::from([(key().id(), key())]),
            roles: Roles {
                root: role.clone(),
                timestamp: role.clone(),
                snapshot: role.clone(),
                targets: role,
            },
        })
    }

    /// A target with its content, where it is new.
    pub(crate) fn offer(&mut self, path: &str, content: &[u8], custom: Option<serde_json::Value>) {
        let file = TargetFile::of(content, custom);
        let address = TargetPath::new(path)
            .unwrap()
            .address(file.hashes.in_addresses());
        self.contents
            .insert(format!("{TARGETS_PATH}{address}"), content.to_vec());
        self.targets.insert(path.to_owned(), file);
    }

    /// The targets of software, which are another role's.
    fn software(&self) -> BTreeMap<String, TargetFile> {
        let mut targets = self.targets.clone();
        targets.retain(|path, _| path.starts_with("software/"));
        targets
    }

    pub(crate) fn publish(&mut self) {
        self.version += 1;
        let version = Version::new(self.version).unwrap();
        let expires = self.expires;
        let software = self.software();
        let delegated = |name: &str| DelegatedRole {
            name: RoleName::new(name),
            role: role(),
            terminating: true,
            paths: Some(vec![
                format!("{name}/*"),
                format!("{name}/*/*/*"),
                format!("{name}/*/*/*/*"),
            ]),
            path_hash_prefixes: None,
        };
        let mut roles = vec![delegated("rates")];
        // Who delegates anew has another version.
        let mut top_version = Version::FIRST;
        if !software.is_empty() {
            roles.push(delegated("software"));
            top_version = top_version.next();
        }
        let top = Targets {
            version: top_version,
            expires: START.plus_days(300),
            targets: BTreeMap::new(),
            delegations: Some(Delegations {
                keys: BTreeMap::from([(key().id(), key())]),
                roles,
            }),
        };
        let list = |targets: BTreeMap<String, TargetFile>| {
            sign(&Targets {
                version,
                expires: START.plus_days(300),
                targets,
                delegations: None,
            })
        };
        let mut rates = self.targets.clone();
        rates.retain(|path, _| !software.contains_key(path));
        let (top, rates) = (sign(&top), list(rates));
        let mut meta = BTreeMap::from([
            ("targets.json".to_owned(), MetaFile::of(top_version, &top)),
            ("rates.json".to_owned(), MetaFile::of(version, &rates)),
        ]);
        if !software.is_empty() {
            let software = list(software);
            meta.insert("software.json".to_owned(), MetaFile::of(version, &software));
            self.documents
                .insert(format!("{version}.software.json"), software);
        }
        let snapshot = sign(&Snapshot {
            version,
            expires,
            meta,
        });
        let meta = MetaFile::of(version, &snapshot);
        let timestamp = sign(&Timestamp::naming(version, expires, meta));
        for (name, document) in [
            (format!("{top_version}.targets.json"), top),
            (format!("{version}.rates.json"), rates),
            (format!("{version}.snapshot.json"), snapshot),
            ("timestamp.json".to_owned(), timestamp),
        ] {
            self.documents.insert(name, document);
        }
    }

    /// Serves one contact: up to `most` replies, then the line breaks.
    pub(crate) fn serve(&self, desk: &Desk, most: usize) -> Result<Asked, UiError> {
        let offer = self.clone();
        desk.station()
            .apply_blocking(move |owner| offer.serve_owner(owner, most))
    }

    /// What it has for a request; nothing when it has no such thing.
    pub(crate) fn reply(&self, request: &LinkRequest) -> Option<Vec<u8>> {
        match request {
            LinkRequest::Fetch { path, .. } if path.starts_with(NEWS_PATH) => {
                self.tells_of.map(|edition| self.news(edition))
            }
            LinkRequest::Fetch { path, .. } => match path.strip_prefix(METADATA_PATH) {
                Some(name) => self.documents.get(name).cloned(),
                None => self.contents.get(path).cloned(),
            },
            LinkRequest::FetchPart { path, from, end } => {
                let (from, end) = (usize::try_from(*from), usize::try_from(*end));
                let range = from.unwrap_or(0)..end.unwrap_or(0);
                let content = self.contents.get(path)?;
                content.get(range).map(<[u8]>::to_vec)
            }
            LinkRequest::Send { .. } => None,
        }
    }

    /// All documents that it has, whether they are new or not, one edition, and that no second root
    /// follows the first.
    fn news(&self, edition: &str) -> Vec<u8> {
        let documents = self.documents.iter().map(|(name, bytes)| Piece {
            path: format!("{METADATA_PATH}{name}"),
            content: Some(bytes.clone().into()),
        });
        let told = self
            .contents
            .iter()
            .filter(|(path, _)| path.contains(edition));
        let contents = told.map(|(path, bytes)| Piece {
            path: path.clone(),
            content: Some(bytes.clone().into()),
        });
        let none = Piece {
            path: format!("{METADATA_PATH}2.root.json"),
            content: None,
        };
        let news = News {
            version: NEWS_VERSION,
            pieces: documents.chain(contents).chain([none]).collect(),
        };
        zstd::bulk::compress(&to_cbor(&news), 3).unwrap()
    }

    pub(crate) fn serve_owner(&self, owner: &mut Owner, most: usize) -> Result<Asked, UiError> {
        owner.begin_contact();
        owner.set_due(ServiceId::Rates);
        let mut asked = Asked::default();
        for _ in 0..most {
            let Some(request) = next_request(owner)? else {
                return Ok(asked);
            };
            asked.requests += 1;
            match &request {
                LinkRequest::Fetch { path, .. } => {
                    if let Some(name) = path.strip_prefix(METADATA_PATH) {
                        asked.documents.push(name.to_owned());
                    }
                }
                LinkRequest::FetchPart { from, end, .. } => asked.bytes += end - from,
                LinkRequest::Send { .. } => unreachable!("the repository is only read"),
            }
            accept(owner, self.reply(&request).as_deref())?;
        }
        Ok(asked)
    }
}

fn key() -> Key {
    Key::ed25519(pen().public_key().as_ref().try_into().unwrap())
}

fn pen() -> Ed25519KeyPair {
    Ed25519KeyPair::from_seed_unchecked(&[7; 32]).unwrap()
}

fn role() -> Role {
    Role::of([key().id()], NonZeroU32::MIN)
}

fn sign<M: Metadata>(metadata: &M) -> Vec<u8> {
    let mut document = Document::of(metadata);
    let signature = pen().sign(document.signing_input());
    document.sign(key().id(), signature.as_ref());
    document.to_bytes()
}

/// A station that trusts the root.
pub(crate) fn desk() -> Desk {
    trusting(Offer::root())
}

fn trusting(root: Vec<u8>) -> Desk {
    let desk = Desk::new();
    at(&desk, move |owner| {
        let trusted = first_root(&root, owner.now())?;
        owner.write("the root", |tx| Ok(tx.put_repository(&[trusted])?))
    });
    desk
}

/// Does something with the station's owner.
fn at<T: Send + 'static>(
    desk: &Desk,
    work: impl FnOnce(&mut Owner) -> Result<T, UiError> + Send + 'static,
) -> T {
    desk.station().apply_blocking(work).unwrap()
}

fn view(desk: &Desk) -> RepositoryView {
    at(desk, |owner| Ok(standing::view(owner)?.unwrap()))
}

/// The content of an edition that the station prices with; nothing when it has none of this name.
fn here(desk: &Desk, id: &'static str) -> Option<Vec<u8>> {
    at(desk, move |owner| {
        Ok(owner.store().edition(id)?.map(|row| row.content))
    })
}

pub(crate) const NO_END: usize = 100;

fn edition(id: &str, title: &str) -> Vec<u8> {
    let mut source: serde_json::Value = serde_json::from_str(SOURCE).unwrap();
    source["id"] = id.into();
    source["title"] = title.into();
    source["effective"] = "2027-01-01".into();
    Edition::from_json(&source.to_string()).unwrap().to_bytes()
}

fn path(id: &str) -> String {
    edition_target(id).unwrap()
}

fn change(base: &[u8], content: &[u8]) -> Vec<u8> {
    let mut encoder = zstd::stream::Encoder::with_ref_prefix(Vec::new(), 19, base).unwrap();
    encoder.write_all(content).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn an_edition_comes_from_the_repository_and_only_what_changed_is_asked_for() {
    let desk = desk();
    let mut offer = Offer::new();
    let first = edition("us-2027", "Rates");
    offer.offer(&path("us-2027"), &first, None);
    offer.publish();
    let asked = offer.serve(&desk, NO_END).unwrap();
    let documents = [
        "2.root.json",
        "timestamp.json",
        "2.snapshot.json",
        "1.targets.json",
        "2.rates.json",
    ];
    assert_eq!(asked.documents, documents);
    assert_eq!(asked.bytes, u64::try_from(first.len()).unwrap());
    assert!(here(&desk, "us-2027") == Some(first));
    // The next time it is told without anything having changed.
    let asked = offer.serve(&desk, NO_END).unwrap();
    assert_eq!(asked.documents, ["2.root.json", "timestamp.json"]);
    assert_eq!(asked.bytes, 0);
    let view = view(&desk);
    assert_eq!((view.timestamp, view.refreshed), (Some(2), Some(START.0)));
    assert_eq!(view.expires, Some(START.plus_days(7).0));
    assert!(view.stopped.is_none());
}

#[test]
fn a_new_edition_comes_as_the_change_from_one_that_is_here() {
    let desk = desk();
    let mut offer = Offer::new();
    let (first, second) = (
        edition("us-2027", "Rates"),
        edition("us-2028", "Rates, changed"),
    );
    offer.offer(&path("us-2027"), &first, None);
    offer.publish();
    offer.serve(&desk, NO_END).unwrap();
    let delta = change(&first, &second);
    let base = TargetFile::of(&first, None).hashes.sha256().unwrap();
    let custom = json!({"deltas": [
        {"base": "00", "path": "rates/none"},
        {"base": hex::encode(base), "path": "rates/us-2028.delta"},
    ]});
    offer.offer("rates/us-2028.delta", &delta, None);
    offer.offer(&path("us-2028"), &second, Some(custom));
    offer.publish();
    let asked = offer.serve(&desk, NO_END).unwrap();
    assert_eq!(asked.bytes, u64::try_from(delta.len()).unwrap());
    assert!(
        delta.len() < second.len() / 10,
        "{} of {}",
        delta.len(),
        second.len()
    );
    assert!(here(&desk, "us-2028") == Some(second));
}

#[test]
fn the_first_edition_comes_compressed() {
    let desk = desk();
    let mut offer = Offer::new();
    let content = edition("us-2027", "Rates");
    let packed = change(b"", &content);
    let base = TargetFile::of(b"", None).hashes.sha256().unwrap();
    let custom = json!({"deltas": [{"base": hex::encode(base), "path": "rates/packed"}]});
    offer.offer("rates/packed", &packed, None);
    offer.offer(&path("us-2027"), &content, Some(custom));
    offer.publish();
    let asked = offer.serve(&desk, NO_END).unwrap();
    assert_eq!(asked.bytes, u64::try_from(packed.len()).unwrap());
    assert!(here(&desk, "us-2027") == Some(content));
}

#[test]
fn a_change_that_leads_elsewhere_is_thrown_away_and_the_whole_is_fetched() {
    let desk = desk();
    let mut offer = Offer::new();
    let (first, second) = (
        edition("us-2027", "Rates"),
        edition("us-2028", "Rates, changed"),
    );
    offer.offer(&path("us-2027"), &first, None);
    offer.publish();
    offer.serve(&desk, NO_END).unwrap();
    let wrong = change(&first, b"something else");
    let base = TargetFile::of(&first, None).hashes.sha256().unwrap();
    let custom = json!({"deltas": [{"base": hex::encode(base), "path": "rates/us-2028.delta"}]});
    offer.offer("rates/us-2028.delta", &wrong, None);
    offer.offer(&path("us-2028"), &second, Some(custom));
    offer.publish();
    let asked = offer.serve(&desk, NO_END).unwrap();
    assert_eq!(
        asked.bytes,
        u64::try_from(wrong.len() + second.len()).unwrap()
    );
    assert!(here(&desk, "us-2028") == Some(second));
}

#[test]
fn a_line_that_breaks_costs_no_part_that_has_come() {
    let mut desk = desk();
    let mut offer = Offer::new();
    let content = edition("us-2027", "Rates");
    offer.offer(&path("us-2027"), &content, None);
    offer.publish();
    let (mut bytes, mut contacts) = (0, 0);
    // Four replies, then the line breaks and the station starts anew.
    while here(&desk, "us-2027").is_none() {
        contacts += 1;
        assert!(contacts < 30, "it does not get on");
        bytes += offer.serve(&desk, 4).unwrap().bytes;
        desk.restart();
    }
    assert!(contacts > 3, "it came in parts");
    assert_eq!(
        bytes,
        u64::try_from(content.len()).unwrap(),
        "no byte came twice"
    );
    assert!(here(&desk, "us-2027").is_some_and(|here| here == content));
}

/// What is wrong with a repository.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Bad {
    /// A document.
    Document,
    /// What came is not what a document names.
    Transfer,
    /// What a document names, and came, is of no use.
    Content,
}

/// Everything that can be wrong with what follows on a good repository, with the code it is told by.
fn bad_after(good: &Offer) -> Vec<(Offer, &'static str, Bad)> {
    let next = || {
        let mut offer = good.clone();
        offer.offer(&path("us-2028"), &edition("us-2028", "Rates"), None);
        offer.publish();
        offer
    };
    let rolled_back = Offer::new();
    let mut cut = next();
    cut.documents.get_mut("3.rates.json").unwrap().pop();
    let mut unsigned = next();
    let text = String::from_utf8(unsigned.documents["timestamp.json"].clone()).unwrap();
    let altered = text.replace("\"sig\":\"", "\"sig\":\"00");
    unsigned
        .documents
        .insert("timestamp.json".to_owned(), altered.into_bytes());
    let mut missing = next();
    missing.documents.remove("3.snapshot.json");
    let mut spoiled = next();
    for content in spoiled.contents.values_mut() {
        content[9] ^= 1;
    }
    let mut nonsense = next();
    nonsense.offer(&path("us-2028"), b"no edition", None);
    nonsense.publish();
    let mut misnamed = next();
    misnamed.offer(&path("us-2028"), &edition("us-2027", "Rates"), None);
    misnamed.publish();
    // Rightly signed, and under the name of an edition that is here.
    let mut changed = good.clone();
    changed.offer(&path("us-2027"), &edition("us-2027", "Other prices"), None);
    changed.publish();
    let mut gone = next();
    gone.contents.clear();
    vec![
        (rolled_back, "repository_went_back", Bad::Document),
        (cut, "repository_refused", Bad::Document),
        (unsigned, "repository_not_signed", Bad::Document),
        (missing, "repository_refused", Bad::Document),
        (spoiled, "repository_refused", Bad::Transfer),
        (gone, "repository_refused", Bad::Transfer),
        (nonsense, "repository_refused", Bad::Content),
        (misnamed, "repository_refused", Bad::Content),
        (changed, "repository_refused", Bad::Content),
    ]
}

#[test]
fn bad_repositories_install_nothing_and_the_status_says_since_when_and_why() {
    let good = {
        let mut offer = Offer::new();
        offer.offer(&path("us-2027"), &edition("us-2027", "Rates"), None);
        offer.publish();
        offer
    };
    for (offer, code, what) in bad_after(&good) {
        let desk = desk();
        good.serve(&desk, NO_END).unwrap();
        desk.pass_seconds(60);
        let fault = offer.serve(&desk, NO_END).unwrap_err();
        assert_eq!(fault.code, code, "{}", fault.message);
        assert_eq!(fault.kind, ErrorKind::Refused, "{code}");
        assert!(here(&desk, "us-2027") == Some(edition("us-2027", "Rates")));
        assert!(here(&desk, "us-2028").is_none(), "{code}");
        let since = START.0 + 60;
        let stopped = view(&desk).stopped.unwrap();
        assert_eq!((stopped.code.as_str(), stopped.since), (code, since));
        assert_eq!(stopped.everything, what == Bad::Document, "{code}");
        // What is wrong with one target says nothing against all others, such as software.
        let fresh = at(&desk, |owner| standing::is_fresh(owner));
        assert_eq!(fresh, what != Bad::Document, "{code}");
        let belief = at(&desk, |owner| standing::belief(owner));
        assert_eq!(belief == Belief::Not, what == Bad::Document, "{code}");
        // Again later: since when it is does not move. A good repository ends it.
        desk.pass_seconds(60);
        let again = offer.serve(&desk, NO_END);
        match what {
            Bad::Document | Bad::Transfer => assert_eq!(again.unwrap_err().code, code),
            Bad::Content => assert_eq!(again.unwrap().bytes, 0, "it is not fetched again"),
        }
        assert_eq!(view(&desk).stopped.unwrap().since, since);
        let mut mended = good.clone();
        // Higher versions than any before.
        mended.publish();
        mended.publish();
        mended.offer(&path("us-2028"), &edition("us-2028", "Rates"), None);
        mended.publish();
        mended.serve(&desk, NO_END).unwrap();
        assert!(view(&desk).stopped.is_none());
        assert!(here(&desk, "us-2028").is_some());
    }
}

#[test]
fn an_expired_repository_is_told_without_any_contact_and_prices_go_on() {
    let desk = desk();
    let mut offer = Offer::new();
    let first = edition("us-2027", "Rates");
    offer.offer(&path("us-2027"), &first, None);
    offer.publish();
    offer.serve(&desk, NO_END).unwrap();
    assert!(at(&desk, |owner| standing::is_fresh(owner)));
    desk.pass_days(7);
    let stopped = view(&desk).stopped.unwrap();
    let expired = START.plus_days(7).0;
    assert_eq!(
        (stopped.code.as_str(), stopped.since),
        ("repository_expired", expired)
    );
    let belief = at(&desk, |owner| standing::belief(owner));
    assert_eq!(belief, Belief::Expired);
    assert!(here(&desk, "us-2027") == Some(first));
    let fault = offer.serve(&desk, NO_END).unwrap_err();
    assert_eq!(
        (fault.code.as_str(), fault.kind),
        ("repository_expired", ErrorKind::Refused)
    );
    assert_eq!(view(&desk).stopped.unwrap().since, expired);
    offer.expires = START.plus_days(14);
    offer.publish();
    offer.serve(&desk, NO_END).unwrap();
    assert!(view(&desk).stopped.is_none());
}

#[test]
fn an_expired_root_stops_installing_until_the_next_one_comes_and_pieces_are_printed_on() {
    let ends = START.plus_days(2);
    let mut desk = trusting(Offer::root_until(Version::FIRST, ends));
    let mut offer = Offer::new();
    let first = edition("us-2027", "Rates");
    offer.offer(&path("us-2027"), &first, None);
    offer.publish();
    offer.serve(&desk, NO_END).unwrap();
    assert_eq!(view(&desk).expires, Some(ends.0), "all else holds longer");
    desk.pass_days(3);
    let told = |desk: &Desk| {
        let stopped = view(desk).stopped.unwrap();
        assert_eq!(
            (stopped.code.as_str(), stopped.since, stopped.everything),
            ("repository_expired", ends.0, true)
        );
        let belief = at(desk, |owner| standing::belief(owner));
        assert_eq!(belief, Belief::Expired);
        stopped.message
    };
    assert!(told(&desk).contains("expired on 2026-11-20"));
    offer.offer(&path("us-2028"), &edition("us-2028", "Rates"), None);
    offer.publish();
    // The next root has expired as well: each is kept, none of them is enough.
    let second = Offer::root_until(Version::FIRST.next(), START.plus_days(3));
    offer.documents.insert("2.root.json".to_owned(), second);
    for name in ["first", "second"] {
        let fault = offer.serve(&desk, NO_END).unwrap_err();
        let said = (fault.code.as_str(), fault.kind);
        assert_eq!(said, ("repository_expired", ErrorKind::Refused));
        desk.restart();
        assert!(told(&desk).contains("expired on 2026-11-21"));
        assert!(here(&desk, "us-2027").as_ref() == Some(&first));
        assert!(here(&desk, "us-2028").is_none());
        let asked = letter(&desk, name);
        let printed = runtime().block_on(desk.station().call(Call::Print(asked)));
        assert!(matches!(printed, Ok(View::Piece(_))), "{printed:?}");
    }
    let third = Version::FIRST.next().next();
    let third = Offer::root_until(third, START.plus_days(400));
    offer.documents.insert("3.root.json".to_owned(), third);
    let asked = offer.serve(&desk, NO_END).unwrap();
    assert_eq!(asked.documents[..2], ["3.root.json", "4.root.json"]);
    assert!(view(&desk).stopped.is_none());
    assert!(here(&desk, "us-2028").is_some());
}

#[test]
fn an_edition_for_a_newer_program_is_told_and_hinders_nothing_else() {
    let desk = desk();
    let mut offer = Offer::new();
    let (usual, mut newer) = (edition("us-2027", "Rates"), edition("us-2028", "Rates"));
    newer[2] = 9;
    assert!(matches!(
        Edition::from_bytes(&newer),
        Err(EditionError::UnknownVersion(9))
    ));
    offer.offer(&path("us-2027"), &usual, None);
    offer.offer(&path("us-2028"), &newer, None);
    offer.publish();
    let fault = offer.serve(&desk, NO_END).unwrap_err();
    assert_eq!(fault.code, "update_needed");
    assert!(here(&desk, "us-2027") == Some(usual));
    assert!(at(&desk, |owner| standing::is_fresh(owner)));
    desk.pass_seconds(60);
    assert_eq!(offer.serve(&desk, NO_END).unwrap().bytes, 0);
    let stopped = view(&desk).stopped.unwrap();
    assert_eq!(
        (stopped.code.as_str(), stopped.since),
        ("update_needed", START.0)
    );
    // Another program looks at it anew.
    at(&desk, |owner| {
        let text = owner.store().setting(names::REPOSITORY)?.unwrap();
        let other = text.replace("\"reader\":\"", "\"reader\":\"another ");
        assert_ne!(text, other);
        owner.write("an earlier program", |tx| {
            Ok(tx.put_setting(names::REPOSITORY, &other)?)
        })
    });
    let fault = offer.serve(&desk, NO_END).unwrap_err();
    assert_eq!(fault.code, "update_needed");
    // It is withdrawn.
    offer.targets.remove(&path("us-2028"));
    offer.publish();
    offer.serve(&desk, NO_END).unwrap();
    assert!(view(&desk).stopped.is_none());
}

#[test]
fn a_reply_that_cannot_be_read_is_told_with_since_when_and_stops_nothing_that_is_here() {
    let desk = desk();
    let mut offer = Offer::new();
    offer.offer(&path("us-2027"), &edition("us-2027", "Rates"), None);
    offer.publish();
    offer.serve(&desk, NO_END).unwrap();
    offer.offer(&path("us-2028"), &edition("us-2028", "Rates"), None);
    offer.publish();
    // It breaks off over a document, then over a part.
    for replies in [1, 6] {
        desk.pass_seconds(60);
        offer.serve(&desk, replies).unwrap();
        at(&desk, |owner| {
            let fault = said(&LinkFault::Unreadable);
            crate::services::broke_off(owner, ServiceId::Rates, &fault)
        });
        let stopped = view(&desk).stopped.unwrap();
        let since = (stopped.code.as_str(), stopped.since);
        assert_eq!(since, ("reply_not_believed", START.0 + 60));
        assert!(at(&desk, |owner| standing::is_fresh(owner)));
    }
    offer.serve(&desk, NO_END).unwrap();
    assert!(view(&desk).stopped.is_none());
    assert!(here(&desk, "us-2028").is_some());
}

#[test]
fn no_more_of_a_document_is_asked_for_than_it_may_have() {
    let desk = desk();
    let offer = Offer::new();
    let limits = at(&desk, move |owner| {
        owner.begin_contact();
        owner.set_due(ServiceId::Rates);
        let mut limits = Vec::new();
        while let Some(LinkRequest::Fetch { path, limit }) = next_request(owner)? {
            let name = path.strip_prefix(METADATA_PATH).unwrap_or_default();
            let document = offer.documents.get(name);
            limits.push((limit, document.map_or(0, Vec::len)));
            accept(owner, document.map(Vec::as_slice))?;
        }
        Ok(limits)
    });
    let [_, (timestamp, _), named @ ..] = limits.as_slice() else {
        panic!("{limits:?}");
    };
    assert!(*timestamp <= 16 * 1_024, "{timestamp}");
    assert_eq!(named.len(), 3);
    for (limit, length) in named {
        assert_eq!(limit, length, "a snapshot names lengths");
    }
}

#[test]
fn what_a_role_names_is_read_from_what_is_here() {
    let desk = desk();
    let mut offer = Offer::new();
    let content = edition("us-2027", "Rates");
    offer.offer(&path("us-2027"), &content, None);
    offer.publish();
    let read = at(&desk, |owner| {
        Ok(named_by(owner, "rates").map_err(|fault| fault.code))
    });
    assert_eq!(
        read.unwrap_err(),
        "repository_refused",
        "nothing was fetched yet"
    );
    offer.serve(&desk, NO_END).unwrap();
    let named = at(&desk, |owner| named_by(owner, "rates"));
    let named = named.first().unwrap();
    assert!(named.file.is(&content));
    assert!(offer.contents.contains_key(&named.address));
    assert!(at(&desk, |owner| named_by(owner, "software")).is_empty());
}

#[test]
fn what_is_new_comes_for_one_question_and_is_believed_no_more_for_that() {
    let desk = desk();
    let mut offer = Offer::new();
    offer.offer(&path("us-2027"), &edition("us-2027", "Rates"), None);
    offer.publish();
    let first = offer.serve(&desk, NO_END).unwrap();
    assert!(first.requests > 4, "{first:?}");
    offer.tells_of = Some("us-2028");
    let second = edition("us-2028", "Rates");
    offer.offer(&path("us-2028"), &second, None);
    offer.publish();
    let asked = offer.serve(&desk, NO_END).unwrap();
    assert_eq!((asked.requests, asked.documents.len()), (1, 0));
    assert!(here(&desk, "us-2028") == Some(second));
    // A document in it that nobody signed is a fault as if it had been asked for.
    offer.tells_of = Some("us-2029");
    offer.offer(&path("us-2029"), &edition("us-2029", "Rates"), None);
    offer.publish();
    let forged = offer.documents.get_mut("timestamp.json").unwrap();
    let at = forged.len() / 2;
    forged[at] ^= 1;
    let fault = offer.serve(&desk, NO_END).unwrap_err();
    assert_eq!(fault.kind, ErrorKind::Refused);
    assert!(here(&desk, "us-2029").is_none());
    assert!(view(&desk).stopped.is_some());
}

#[test]
fn a_root_that_is_none_ends_an_enrolment() {
    let fault = first_root(b"{}", START).map(drop).unwrap_err();
    assert_eq!(fault.code, "reply_not_believed");
}
