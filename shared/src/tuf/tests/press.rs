//! A repository for tests: publishes like the data center does, and serves by address.

use core::num::NonZeroU32;
use std::collections::BTreeMap;

use super::pens::{Pen, signed, verify};
use crate::clock::{DAY_SECONDS, UnixSeconds};
use crate::tuf::{
    Ask, Change, Client, DelegatedRole, Delegations, MetaFile, Role, RoleName, Roles, Root,
    Snapshot, TargetFile, TargetPath, Targets, Timestamp, TufFault, Version,
};

/// The instant of the tests.
pub(super) const NOW: UnixSeconds = UnixSeconds(1_900_000_000);

/// What a station has written down.
pub(super) type Held = BTreeMap<RoleName, Vec<u8>>;

/// A repository with one key for each role.
pub(super) struct Press {
    pub(super) root: Root,
    pub(super) timestamp: Timestamp,
    pub(super) snapshot: Snapshot,
    pub(super) targets: Targets,
    pub(super) rates: Targets,
    pub(super) pens: BTreeMap<&'static str, Pen>,
    pub(super) files: BTreeMap<String, Vec<u8>>,
}

pub(super) fn role(pens: &[&Pen], threshold: u32) -> Role {
    let threshold = NonZeroU32::new(threshold).unwrap();
    Role::of(pens.iter().map(|pen| pen.id()), threshold)
}

fn no_targets() -> Targets {
    Targets {
        version: Version::FIRST,
        expires: NOW.plus_days(300),
        targets: BTreeMap::new(),
        delegations: None,
    }
}

impl Press {
    /// A repository that has published one edition, `rates/one`.
    pub(super) fn new() -> Self {
        let names = ["root", "timestamp", "snapshot", "targets", "rates"];
        let pens: BTreeMap<&str, Pen> = names.into_iter().zip((1..).map(Pen::new)).collect();
        let one = |name: &str| role(&[&pens[name]], 1);
        let root = Root {
            version: Version::FIRST,
            expires: NOW.plus_days(400),
            consistent_snapshot: true,
            keys: pens.values().map(|pen| (pen.id(), pen.key())).collect(),
            roles: Roles {
                root: one("root"),
                timestamp: one("timestamp"),
                snapshot: one("snapshot"),
                targets: one("targets"),
            },
        };
        let mut targets = no_targets();
        targets.delegations = Some(Delegations {
            keys: BTreeMap::from([(pens["rates"].id(), pens["rates"].key())]),
            roles: vec![DelegatedRole {
                name: RoleName::new("rates"),
                role: one("rates"),
                terminating: true,
                paths: Some(vec!["rates/*".to_owned()]),
                path_hash_prefixes: None,
            }],
        });
        let expires = NOW.plus_days(7);
        let mut press = Self {
            root,
            timestamp: Timestamp::naming(
                Version::FIRST,
                expires,
                MetaFile::of(Version::FIRST, b""),
            ),
            snapshot: Snapshot {
                version: Version::FIRST,
                expires,
                meta: BTreeMap::new(),
            },
            targets,
            rates: no_targets(),
            pens,
            files: BTreeMap::new(),
        };
        press.publish_root();
        press.put_targets();
        press.name_rates("rates/one", b"prices");
        press.put_rates();
        press.put_snapshot();
        press.put_timestamp();
        press
    }

    pub(super) fn publish_root(&mut self) {
        let bytes = signed(&self.root, &[&self.pens["root"]]);
        self.files
            .insert(format!("{}.root.json", self.root.version), bytes);
    }

    pub(super) fn name_rates(&mut self, path: &str, content: &[u8]) {
        let file = TargetFile::of(content, None);
        self.rates.targets.insert(path.to_owned(), file);
    }

    pub(super) fn put_targets(&mut self) {
        let bytes = signed(&self.targets, &[&self.pens["targets"]]);
        self.put("targets", self.targets.version, bytes);
    }

    pub(super) fn put_rates(&mut self) {
        let bytes = signed(&self.rates, &[&self.pens["rates"]]);
        self.put("rates", self.rates.version, bytes);
    }

    /// Serves a document of a targets role, and names it in the snapshot to come.
    pub(super) fn put(&mut self, name: &str, version: Version, bytes: Vec<u8>) {
        let meta = MetaFile::of(version, &bytes);
        self.snapshot.meta.insert(format!("{name}.json"), meta);
        self.files.insert(format!("{version}.{name}.json"), bytes);
    }

    pub(super) fn put_snapshot(&mut self) {
        let bytes = signed(&self.snapshot, &[&self.pens["snapshot"]]);
        let meta = MetaFile::of(self.snapshot.version, &bytes);
        self.timestamp.meta.insert("snapshot.json".to_owned(), meta);
        let address = format!("{}.snapshot.json", self.snapshot.version);
        self.files.insert(address, bytes);
    }

    pub(super) fn put_timestamp(&mut self) {
        let bytes = signed(&self.timestamp, &[&self.pens["timestamp"]]);
        self.files.insert("timestamp.json".to_owned(), bytes);
    }

    /// Publishes a next edition: new versions of all but root and targets.
    pub(super) fn publish(&mut self, path: &str, content: &[u8]) {
        self.name_rates(path, content);
        self.rates.version = self.rates.version.next();
        self.put_rates();
        self.snapshot.version = self.snapshot.version.next();
        self.put_snapshot();
        self.timestamp.version = self.timestamp.version.next();
        self.put_timestamp();
    }

    /// What a station has that was given the first root.
    pub(super) fn first_root(&self) -> Held {
        BTreeMap::from([(RoleName::root(), self.files["1.root.json"].clone())])
    }

    /// The station at one moment: refreshes, and writes down what it believes.
    pub(super) fn refresh(&self, held: &mut Held, now: UnixSeconds) -> Result<Client, TufFault> {
        refresh(held, now, |ask| self.files.get(&ask.address()).cloned())
    }

    /// A station that has refreshed once.
    pub(super) fn served(&self) -> Held {
        let mut held = self.first_root();
        let mut client = self.refresh(&mut held, NOW).unwrap();
        client.list(RoleName::new("rates")).unwrap();
        self.drive(&mut client, &mut held).unwrap();
        held
    }

    pub(super) fn drive(&self, client: &mut Client, held: &mut Held) -> Result<u32, TufFault> {
        drive(client, held, |ask| self.files.get(&ask.address()).cloned())
    }

    /// What a station that holds this finds for a path.
    pub(super) fn look(&self, held: &mut Held, path: &str) -> Result<TargetFile, TufFault> {
        let mut client = self.refresh(held, NOW)?;
        let path = TargetPath::new(path)?;
        client.look_for(path.clone())?;
        self.drive(&mut client, held)?;
        client.found(&path).map(|found| found.file.clone())
    }
}

pub(super) fn refresh(
    held: &mut Held,
    now: UnixSeconds,
    serve: impl Fn(&Ask) -> Option<Vec<u8>>,
) -> Result<Client, TufFault> {
    let mut client = Client::open(held.clone(), now, &verify)?;
    drive(&mut client, held, serve)?;
    Ok(client)
}

/// Answers what the client asks for, and counts it. Never more than its limit is handed over, as a
/// reader with a limit would.
pub(super) fn drive(
    client: &mut Client,
    held: &mut Held,
    serve: impl Fn(&Ask) -> Option<Vec<u8>>,
) -> Result<u32, TufFault> {
    let mut asked = 0;
    loop {
        let next = client.next(&verify);
        write_down(client, held);
        let Some(ask) = next? else {
            return Ok(asked);
        };
        asked += 1;
        let taken = client.accept(serve(&ask).as_deref(), &verify);
        write_down(client, held);
        taken?;
    }
}

fn write_down(client: &mut Client, held: &mut Held) {
    for change in client.take_changes() {
        match change {
            Change::Keep(role, bytes) => drop(held.insert(role, bytes)),
            Change::Forget(role) => drop(held.remove(&role)),
        }
    }
}

/// So many days later.
pub(super) const fn days(count: i64) -> UnixSeconds {
    UnixSeconds(NOW.0 + count * DAY_SECONDS)
}
