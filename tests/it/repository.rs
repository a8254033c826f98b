//! The signed repository over a data center's life: what is served and in which ranges, new roots,
//! restores, and what a station is told.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::body::{Body, Bytes, to_bytes};
use axum::http::{HeaderMap, Method, Request, StatusCode, header};
use serde_json::Value;
use server::access::Caller;
use server::admin::approval::Consent;
use server::admin::backup;
use server::admin::call::AdminCall;
use server::admin::repository::RepositoryCall;
use server::ca::{Ed25519Key, NewRepositoryKey, open_repository_key};
use server::center::DataCenter;
use server::clock::Clock;
use server::folder::Folder;
use server::repository::content::{self, PIECE_BYTES};
use server::repository::keys::{TARGETS_FILE, root_file};
use server::repository::sign::{add_signature, verify};
use server::repository::{Change, RepositoryError, RepositoryRole, nothing, store};
use shared::services::repository::news::{
    HELD_ROLES, HeldVersions, NEWS_MAX_BYTES, NEWS_PATH, News, ON_HELD, WINDOW_LOG_MAX,
};
use shared::services::repository::{METADATA_PATH, TARGETS_PATH};
use shared::tuf::{Document, Role, Root, TargetFile, Targets};
use shared::wire::from_cbor;
use system_tests::town::{PASSPHRASE, Town};
use tower::ServiceExt as _;

/// Bytes of a reply that is read here.
const REPLY_MAX: usize = 64 * 1_024 * 1_024;

/// What was answered.
struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
}

impl Answer {
    fn says(&self, name: header::HeaderName) -> &str {
        self.headers[name].to_str().unwrap()
    }
}

/// Asks as a stranger does: without a certificate.
async fn ask(center: &Arc<DataCenter>, path: &str, headers: &[(&str, &str)]) -> Answer {
    let stranger = Caller {
        address: SocketAddr::from(([192, 0, 2, 1], 1)),
        certificate: None,
    };
    let request = Request::builder().method(Method::GET).uri(path);
    let mut request = request.extension(stranger);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let router = server::services::router(Arc::clone(center));
    let response = router
        .oneshot(request.body(Body::empty()).unwrap())
        .await
        .unwrap();
    let (head, body) = response.into_parts();
    Answer {
        status: head.status,
        headers: head.headers,
        body: to_bytes(body, REPLY_MAX).await.unwrap(),
    }
}

/// Fetches metadata that has to be there.
async fn metadata(center: &Arc<DataCenter>, name: &str) -> Document {
    let answer = ask(center, &format!("{METADATA_PATH}{name}"), &[]).await;
    assert_eq!(answer.status, StatusCode::OK, "{name}");
    let role = name.trim_end_matches(".json").rsplit('.').next().unwrap();
    Document::read(&shared::tuf::RoleName::new(role), &answer.body).unwrap()
}

/// The newest version of a role.
async fn version(center: &Arc<DataCenter>, role: RepositoryRole) -> u64 {
    let newest = center
        .db()
        .read("newest", move |tx| store::newest(tx, role));
    newest.await.unwrap().unwrap().version.number()
}

/// Publishes bytes as a release, in pieces from a file.
async fn release(center: &Arc<DataCenter>, name: &str, bytes: Vec<u8>) -> TargetFile {
    let (center, path) = (Arc::clone(center), format!("software/stable/{name}"));
    tokio::task::spawn_blocking(move || {
        let file = center.folder().path().join("release");
        std::fs::write(&file, &bytes).unwrap();
        let now = center.now();
        content::put_file(center.db(), &file, now).unwrap();
        let target = TargetFile::of(&bytes, None);
        let named = target.clone();
        let change = |_: &Targets| {
            Ok::<_, RepositoryError>(Change {
                contents: Vec::new(),
                targets: [(path, named)].into(),
            })
        };
        center
            .publish(RepositoryRole::Software, None, change, (nothing, nothing))
            .unwrap();
        target
    })
    .await
    .unwrap()
}

fn address_of(path: &str, file: &TargetFile) -> String {
    let path = shared::tuf::TargetPath::new(path).unwrap();
    format!("{TARGETS_PATH}{}", path.address(file.hashes.in_addresses()))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_release_is_fetched_in_ranges_that_make_the_whole() {
    let town = Town::with_deposit("10.00").await;
    let bytes: Vec<u8> = (0..=250).cycle().take(PIECE_BYTES * 3 + 11).collect();
    let file = release(&town.center, "program", bytes.clone()).await;
    let address = address_of("software/stable/program", &file);
    let whole = ask(&town.center, &address, &[]).await;
    assert_eq!(
        (whole.status, &whole.body[..]),
        (StatusCode::OK, &bytes[..])
    );
    assert_eq!(whole.says(header::ACCEPT_RANGES), "bytes");
    assert!(whole.says(header::CACHE_CONTROL).contains("immutable"));
    let etag = whole.says(header::ETAG).to_owned();
    // A line that carries a little more than half a piece at a time.
    let (mut fetched, step) = (Vec::new(), PIECE_BYTES / 2 + 7);
    while fetched.len() < bytes.len() {
        let range = format!("bytes={}-{}", fetched.len(), fetched.len() + step - 1);
        let asked = [("range", range.as_str()), ("if-range", &etag)];
        let part = ask(&town.center, &address, &asked).await;
        assert_eq!(part.status, StatusCode::PARTIAL_CONTENT);
        let end = (fetched.len() + step).min(bytes.len());
        let said = format!("bytes {}-{}/{}", fetched.len(), end - 1, bytes.len());
        assert_eq!(part.says(header::CONTENT_RANGE), said);
        assert_eq!(
            part.says(header::CONTENT_LENGTH),
            part.body.len().to_string()
        );
        fetched.extend_from_slice(&part.body);
    }
    assert_eq!(fetched, bytes);
    let beyond = format!("bytes={}-", bytes.len());
    let none = ask(&town.center, &address, &[("range", &beyond)]).await;
    assert_eq!(none.status, StatusCode::RANGE_NOT_SATISFIABLE);
    let said = format!("bytes */{}", bytes.len());
    assert_eq!(none.says(header::CONTENT_RANGE), said);
    let other = [("range", "bytes=5-"), ("if-range", "\"other\"")];
    assert_eq!(ask(&town.center, &address, &other).await.body, bytes);
    let known = ask(&town.center, &address, &[("if-none-match", &etag)]).await;
    assert_eq!(
        (known.status, known.body.len()),
        (StatusCode::NOT_MODIFIED, 0)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_no_metadata_names_is_not_served_under_any_address() {
    let town = Town::with_deposit("10.00").await;
    let file = release(&town.center, "program", b"a program".to_vec()).await;
    // The same content under another path, and content that was kept and not published.
    let now = town.center.now();
    let kept = town
        .center
        .db()
        .write("content", move |tx| content::put(tx, b"not published", now));
    kept.await.unwrap();
    let unpublished = TargetFile::of(b"not published", None);
    for address in [
        address_of("software/stable/other", &file),
        address_of("software/stable/program", &unpublished),
        address_of("rates/program", &file),
        format!("{TARGETS_PATH}software/stable/program"),
        format!("{TARGETS_PATH}..%2f..%2fconfig.toml"),
        format!("{METADATA_PATH}1.timestamp.json"),
        format!("{METADATA_PATH}2.root.json"),
        format!("{METADATA_PATH}snapshot.json"),
    ] {
        let answer = ask(&town.center, &address, &[]).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{address}");
    }
    let timestamp = format!("{METADATA_PATH}timestamp.json");
    let answer = ask(&town.center, &timestamp, &[]).await;
    let etag = answer.says(header::ETAG).to_owned();
    assert!(answer.says(header::CACHE_CONTROL).contains("no-cache"));
    let again = ask(&town.center, &timestamp, &[("if-none-match", &etag)]).await;
    assert_eq!(again.status, StatusCode::NOT_MODIFIED);
    // What has its version in its name never changes.
    let root = ask(&town.center, &format!("{METADATA_PATH}1.root.json"), &[]).await;
    assert!(root.says(header::CACHE_CONTROL).contains("immutable"));
}

/// One of the keys that `init` made.
pub(crate) fn offline_key(town: &Town, file: &str) -> Ed25519Key {
    let path = town.center.folder().offline().join(file);
    open_repository_key(&path, PASSPHRASE).unwrap()
}

/// What the data center drafts.
pub(crate) async fn drafted(town: &Town, what: RepositoryCall) -> Document {
    let shown = town.admin(AdminCall::Repository { what }).await.remove(0);
    let text = shown["document"].as_str().unwrap();
    let (_, document) = server::repository::read_offline(text.as_bytes()).unwrap();
    document
}

pub(crate) fn install(document: &Document, consent: Consent) -> AdminCall {
    let document = String::from_utf8(document.to_bytes()).unwrap();
    AdminCall::Repository {
        what: RepositoryCall::Install {
            documents: vec![document],
            passphrase: None,
            consent,
        },
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_root_needs_two_keys_of_the_old_one_and_two_of_its_own() {
    let town = Town::with_deposit("10.00").await;
    let old: Vec<Ed25519Key> = (1..=3).map(|n| offline_key(&town, &root_file(n))).collect();
    let new: Vec<NewRepositoryKey> = (0..3).map(|_| NewRepositoryKey::make().unwrap()).collect();
    let what = RepositoryCall::DraftRoot {
        root_keys: new
            .iter()
            .map(|key| hex::encode(key.key().public()))
            .collect(),
        targets_key: None,
        online: true,
    };
    let draft = drafted(&town, what).await;
    let signed_by = |keys: &[&Ed25519Key]| {
        let mut document = draft.clone();
        keys.iter()
            .for_each(|key| add_signature(&mut document, key));
        document
    };
    let (a, b) = (new[0].key(), new[1].key());
    let lacking: [&[&Ed25519Key]; 5] = [
        &[],
        &[&old[0], a, b],
        &[&old[0], &old[1], a],
        &[a, b, new[2].key()],
        &[&old[0], &old[1], &old[2]],
    ];
    for keys in lacking {
        let refused = town.refused(install(&signed_by(keys), Consent::None)).await;
        assert_eq!(refused.code, "not_signed", "{} keys", keys.len());
    }
    assert_eq!(version(&town.center, RepositoryRole::Root).await, 1);
    let before = version(&town.center, RepositoryRole::Timestamp).await;
    town.admin(install(
        &signed_by(&[&old[0], &old[2], a, b]),
        Consent::None,
    ))
    .await;
    // A station that trusts the first root follows, and believes the new online keys at once.
    let name = RepositoryRole::Root.role_name();
    let first: Root = metadata(&town.center, "1.root.json")
        .await
        .unverified(&name)
        .unwrap();
    let second = metadata(&town.center, "2.root.json").await;
    let root: Root = second
        .verified(&name, &first.roles.root, &first.keys, &verify)
        .unwrap();
    second
        .check(&name, &root.roles.root, &root.keys, &verify)
        .unwrap();
    assert_ne!(first.roles.timestamp, root.roles.timestamp);
    let timestamp = metadata(&town.center, "timestamp.json").await;
    let by = |role: &Role, root: &Root| {
        timestamp.check(
            &RepositoryRole::Timestamp.role_name(),
            role,
            &root.keys,
            &verify,
        )
    };
    by(&root.roles.timestamp, &root).unwrap();
    by(&first.roles.timestamp, &first).unwrap_err();
    assert!(version(&town.center, RepositoryRole::Timestamp).await > before);
    // The same again is no new root.
    let again = install(&signed_by(&[&old[0], &old[2], a, b]), Consent::None);
    assert_eq!(town.refused(again).await.code, "published_meanwhile");
}

#[tokio::test(flavor = "multi_thread")]
async fn where_two_admins_have_keys_a_new_root_needs_their_approval_too() {
    let town = Town::with_deposit("10.00").await;
    let admins = town.admin_keys(&["Ada", "Ben"]).await;
    let what = RepositoryCall::DraftRoot {
        root_keys: Vec::new(),
        targets_key: None,
        online: false,
    };
    let mut document = drafted(&town, what).await;
    for number in 1..=2 {
        add_signature(&mut document, &offline_key(&town, &root_file(number)));
    }
    let refused = town.refused(install(&document, Consent::None)).await;
    assert_eq!(refused.code, "level_too_low");
    let request = town
        .admin(install(&document, Consent::Request))
        .await
        .remove(0);
    assert_eq!(request["action"], "repository-root");
    assert_eq!(version(&town.center, RepositoryRole::Root).await, 1);
    let one = Town::signed(&request, &[&admins[0]]);
    assert!(
        town.refused(install(&document, one))
            .await
            .code
            .contains("approv")
    );
    let both = Town::signed(&request, &[&admins[0], &admins[1]]);
    town.admin(install(&document, both)).await;
    assert_eq!(version(&town.center, RepositoryRole::Root).await, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn targets_at_the_top_are_signed_by_their_offline_key_and_no_other() {
    let town = Town::with_deposit("10.00").await;
    let what = RepositoryCall::DraftTargets {
        new_keys: Vec::new(),
        passphrase: None,
    };
    let mut document = drafted(&town, what).await;
    let mut wrong = document.clone();
    add_signature(&mut wrong, &offline_key(&town, &root_file(1)));
    let refused = town.refused(install(&wrong, Consent::None)).await;
    assert_eq!(refused.code, "not_signed");
    add_signature(&mut document, &offline_key(&town, TARGETS_FILE));
    town.admin(install(&document, Consent::None)).await;
    assert_eq!(version(&town.center, RepositoryRole::Targets).await, 2);
}

/// What is told to a station that holds these versions.
async fn news(town: &Town, held: &str) -> BTreeMap<String, Option<Vec<u8>>> {
    let answer = ask(&town.center, &format!("{NEWS_PATH}{held}"), &[]).await;
    assert_eq!(answer.status, StatusCode::OK);
    let unpacked = zstd::bulk::decompress(&answer.body, NEWS_MAX_BYTES).unwrap();
    let news: News = from_cbor(&unpacked).unwrap();
    assert!(news.is_sound());
    let pieces = news.pieces.into_iter();
    pieces
        .map(|piece| (piece.path, piece.content.map(Into::into)))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn news_that_leans_on_what_is_held_says_the_same_in_fewer_bytes() {
    let town = Town::with_deposit("10.00").await;
    let mut held = [0; HELD_ROLES.len()];
    let mut base = Vec::new();
    for (version, name) in held.iter_mut().zip(HELD_ROLES) {
        let role = RepositoryRole::named(name).unwrap();
        *version = self::version(&town.center, role).await;
        let path = if role == RepositoryRole::Timestamp {
            format!("{METADATA_PATH}timestamp.json")
        } else {
            format!("{METADATA_PATH}{version}.{name}.json")
        };
        base.extend(ask(&town.center, &path, &[]).await.body);
    }
    release(&town.center, "program", b"a package".to_vec()).await;
    let held = HeldVersions(held).to_string();
    let plain = ask(&town.center, &format!("{NEWS_PATH}{held}"), &[]).await;
    let leaning = ask(&town.center, &format!("{NEWS_PATH}{held}{ON_HELD}"), &[]).await;
    let mut decoder = zstd::stream::Decoder::with_ref_prefix(&leaning.body[..], &base[..]).unwrap();
    decoder.window_log_max(WINDOW_LOG_MAX).unwrap();
    let mut unpacked = Vec::new();
    std::io::Read::read_to_end(&mut decoder, &mut unpacked).unwrap();
    let whole = zstd::bulk::decompress(&plain.body, NEWS_MAX_BYTES).unwrap();
    assert_eq!(unpacked, whole);
    let (plain, leaning) = (plain.body.len(), leaning.body.len());
    assert!(leaning * 3 < plain * 2, "{leaning} of {plain} bytes");
    // Versions that nobody has had lean on nothing.
    let path = format!("{NEWS_PATH}1-1-1-1-900-1-1{ON_HELD}");
    let answer = ask(&town.center, &path, &[]).await;
    assert!(zstd::bulk::decompress(&answer.body, NEWS_MAX_BYTES).is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_new_is_told_in_one_reply_as_it_is_served_piece_by_piece() {
    let town = Town::with_deposit("10.00").await;
    let roles = HELD_ROLES.map(|name| RepositoryRole::named(name).unwrap());
    let mut held = [0; HELD_ROLES.len()];
    for (version, role) in held.iter_mut().zip(roles) {
        *version = self::version(&town.center, role).await;
    }
    let before = HeldVersions(held);
    let no_root = format!("{METADATA_PATH}2.root.json");
    let nothing = news(&town, &before.to_string()).await;
    assert_eq!(nothing, BTreeMap::from([(no_root.clone(), None)]));
    release(&town.center, "program", b"a package".to_vec()).await;
    let told = news(&town, &before.to_string()).await;
    assert_eq!(
        told.len(),
        4,
        "root, timestamp, snapshot, software: {:?}",
        told.keys()
    );
    let everything = news(&town, "1-0-0-0-0-0-0").await;
    assert!(everything.len() > told.len());
    for (path, content) in told.into_iter().chain(everything) {
        let served = ask(&town.center, &path, &[]).await;
        match content {
            Some(content) => assert!(served.body == content, "{path}"),
            None => assert_eq!(served.status, StatusCode::NOT_FOUND, "{path}"),
        }
    }
    // Whoever asks again, as a cache on the way does, gets them only when something is newer.
    let path = format!("{NEWS_PATH}{before}");
    let first = ask(&town.center, &path, &[]).await;
    let tag = first.says(header::ETAG).to_owned();
    let again = ask(&town.center, &path, &[("if-none-match", &tag)]).await;
    assert_eq!(again.status, StatusCode::NOT_MODIFIED);
    assert!(again.body.is_empty());
    assert_eq!(ask(&town.center, &path, &[]).await.body, first.body);
    release(&town.center, "other", b"another package".to_vec()).await;
    let newer = ask(&town.center, &path, &[("if-none-match", &tag)]).await;
    assert_eq!(newer.status, StatusCode::OK);
    assert_ne!(
        (newer.says(header::ETAG), &newer.body),
        (tag.as_str(), &first.body)
    );
    for odd in [
        "",
        "1",
        "1-2-3-4-5-6-7-8",
        "a-0-0-0-0-0-0",
        "-1-0-0-0-0-0-0",
    ] {
        let answer = ask(&town.center, &format!("{NEWS_PATH}{odd}"), &[]).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{odd}");
    }
}

/// Restores a backup of the town's data center into a folder of its own.
async fn restored(town: &Town, backup: &std::path::Path) -> Arc<DataCenter> {
    let folder = Folder::new(town.station_folder("restored-center"));
    let (clock, backup): (Arc<dyn Clock>, _) = (town.clock.clone(), backup.to_owned());
    tokio::task::spawn_blocking(move || {
        backup::restore(&folder, &backup, None, &clock).unwrap();
        Arc::new(DataCenter::open(&folder, clock).unwrap())
    })
    .await
    .unwrap()
}

async fn health_of(town: &Town, role: &str) -> Value {
    let what = RepositoryCall::Show;
    let shown = town.admin(AdminCall::Repository { what }).await;
    let found = shown.into_iter().find(|one| one["role"] == role);
    found.unwrap()["health"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn no_version_of_a_restored_data_center_is_below_what_stations_have_seen() {
    let town = Town::with_deposit("10.00").await;
    let backup = town.station_folder("backup");
    town.admin(AdminCall::Backup {
        file: backup.clone(),
    })
    .await;
    // After the backup: stations have seen these.
    release(&town.center, "program", b"one".to_vec()).await;
    release(&town.center, "program", b"two".to_vec()).await;
    let mut seen = Vec::new();
    for role in RepositoryRole::ALL {
        seen.push((role, version(&town.center, role).await));
    }
    let passphrase = std::fs::read_to_string(town.center.folder().publish_passphrase()).unwrap();
    let center = restored(&town, &backup).await;
    assert!(!center.folder().publish_passphrase().exists());
    let town = town.with_center(Arc::clone(&center));
    let keep = Arc::clone(&center);
    tokio::task::spawn_blocking(move || keep.keep_repository().unwrap())
        .await
        .unwrap();
    // What the data center signs by itself is above it at once, the rest once a person signs again.
    for (role, seen) in &seen {
        let now = version(&center, *role).await;
        match role.renew_days() {
            Some(_) => assert!(now > *seen, "{role:?}"),
            None => assert!(now <= *seen, "{role:?}"),
        }
    }
    assert_eq!(health_of(&town, "software").await, "before-restore");
    assert_eq!(health_of(&town, "snapshot").await, "good");
    let what = RepositoryCall::Renew {
        passphrase: Some(passphrase.trim().into()),
    };
    town.admin(AdminCall::Repository { what }).await;
    for (role, seen) in &seen {
        let is_offline = matches!(role, RepositoryRole::Root | RepositoryRole::Targets);
        assert!(
            is_offline || version(&center, *role).await > *seen,
            "{role:?}"
        );
    }
    assert_eq!(health_of(&town, "software").await, "good");
}
