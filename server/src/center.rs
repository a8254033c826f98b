//! One data center: its database, book, authorities and clock, opened from its data folder.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use shared::clock::UnixSeconds;
use shared::ids::{AccountId, DataCenterId};
use zeroize::Zeroizing;

use crate::access::dialup::board::LineBoard;
use crate::access::dialup::calls;
use crate::access::limiter::Limiter;
use crate::access::refusals::Refusals;
use crate::ca::counter::{Counter, Reserve};
use crate::ca::deny::DenyList;
use crate::ca::{self, Authority, CaError};
use crate::clock::Clock;
use crate::config::{Config, ConfigError, TokenPlace};
use crate::db::{Db, DbError, Tx};
use crate::epochs;
use crate::folder::{self, FileFault, Folder, Holding};
use crate::ledger::tree::{self, TreeHead};
use crate::ledger::{Ledger, LedgerError, RecordKind};
use crate::monitor::Monitor;
use crate::repository::packed::PackedNews;
use crate::repository::{Founded, RepositoryError};
use crate::services::funds::{held, refunds};
use crate::services::statistics::standing;
use crate::stations::Station;
use crate::{params, stations};

/// The longest support contact, bytes: it is shown on a frozen station's screen.
pub const MAX_SUPPORT_CONTACT_BYTES: usize = 200;

/// The epoch in which a data center is founded.
const FIRST_EPOCH: u32 = 1;

/// Seconds of an hour, and hours of a day.
const HOUR_SECONDS: i64 = 3_600;
const HOURS: i64 = 24;

/// Why a data center could not be made or opened.
#[derive(Debug, thiserror::Error)]
pub enum CenterError {
    /// The folder holds no data center.
    #[error("there is no data center in {}", path.display())]
    NotInitialised {
        /// The folder.
        path: PathBuf,
    },
    /// The folder holds a data center already.
    #[error("there is a data center in {} already", path.display())]
    AlreadyInitialised {
        /// The folder.
        path: PathBuf,
    },
    /// The folder holds keys of a data center, and its database is missing or empty.
    #[error(
        "the database of the data center in {} is missing or empty; its keys are there",
        path.display()
    )]
    DatabaseLost {
        /// The folder.
        path: PathBuf,
    },
    /// The support contact is longer than a screen shows.
    #[error("the support contact is longer than {MAX_SUPPORT_CONTACT_BYTES} bytes")]
    LongSupportContact,
    /// Keys or certificates failed.
    #[error(transparent)]
    Ca(#[from] CaError),
    /// The configuration failed.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The folder failed.
    #[error(transparent)]
    File(#[from] FileFault),
    /// The journal failed.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// The repository failed.
    #[error(transparent)]
    Repository(#[from] RepositoryError),
    /// The database failed.
    #[error(transparent)]
    Db(#[from] DbError),
}

/// What `init` is told.
#[derive(Clone, Debug, Default)]
pub struct InitTerms {
    /// Host names and addresses beside localhost.
    pub names: Vec<String>,
    /// Whom a station rings when it is frozen.
    pub support_contact: String,
    /// The passphrase of the offline root; one is made when there is none.
    pub passphrase: Option<Zeroizing<String>>,
    /// The passphrase of the keys that publish rates and software; one is made when there is none and
    /// left beside the offline keys.
    pub publish_passphrase: Option<Zeroizing<String>>,
    /// The PKCS #11 token that new signing keys are made on; the data folder when there is none.
    pub token: Option<TokenPlace>,
}

/// What `init` has made.
#[derive(Debug)]
pub struct Initialised {
    /// The new data center.
    pub id: DataCenterId,
    /// The passphrase of the offline root, when it was made here: to be shown once.
    pub new_passphrase: Option<Zeroizing<String>>,
}

fn lost(folder: &Folder) -> CenterError {
    CenterError::DatabaseLost {
        path: folder.path().to_owned(),
    }
}

fn nothing(folder: &Folder) -> CenterError {
    CenterError::NotInitialised {
        path: folder.path().to_owned(),
    }
}

/// How far in its life the data center is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Life {
    epoch: u32,
    is_reconciling: bool,
}

/// A head of the journal with its signature: the newest is asked for again and again.
#[derive(Debug)]
struct SignedHead {
    epoch: u32,
    head: TreeHead,
    checkpoint: String,
}

/// A data center at work.
#[derive(Debug)]
pub struct DataCenter {
    folder: Folder,
    id: DataCenterId,
    support_contact: String,
    life: RwLock<Life>,
    db: Db,
    ledger: Ledger,
    authority: Authority,
    denied: DenyList,
    limiter: Limiter,
    refusals: Refusals,
    lines: LineBoard,
    certificate_numbers: Reserve,
    signed_head: Mutex<Option<SignedHead>>,
    monitor: Monitor,
    packed_news: PackedNews,
    clock: Arc<dyn Clock>,
}

impl DataCenter {
    /// Makes a new data center in a folder that holds none.
    ///
    /// The row that names the data center is written last, and until then the folder says that one is
    /// being made: an `init` that was interrupted is simply begun again. Keys without a database are
    /// those of a data center that lost it, and are never written over.
    ///
    /// # Errors
    /// [`CenterError`].
    pub fn init(
        folder: &Folder,
        terms: &InitTerms,
        clock: &dyn Clock,
    ) -> Result<Initialised, CenterError> {
        if terms.support_contact.len() > MAX_SUPPORT_CONTACT_BYTES {
            return Err(CenterError::LongSupportContact);
        }
        ca::check_names(&terms.names)?;
        let now = clock.now();
        match folder.holding()? {
            Holding::Remains => return Err(lost(folder)),
            Holding::Nothing | Holding::Begun => {
                folder.make()?;
                folder::write_private(&folder.beginning(), b"")?;
            }
            Holding::Database => folder.make()?,
        }
        let db = Db::open(&folder.database(), now)?;
        if db.read_blocking("center", center_row)?.is_some() {
            return Err(CenterError::AlreadyInitialised {
                path: folder.path().to_owned(),
            });
        }
        if !folder.beginning().exists() && folder.has_keys()? {
            return Err(lost(folder));
        }
        let new_passphrase = match &terms.passphrase {
            Some(_) => None,
            None => Some(ca::new_passphrase()?),
        };
        let passphrase = terms.passphrase.as_ref().or(new_passphrase.as_ref());
        let id = DataCenterId::new_v7(now, &ca::random()?);
        // It says where keys are made.
        let config = Config {
            names: terms.names.clone(),
            token: terms.token.clone(),
            update_key: None,
        };
        config.write(folder)?;
        let passphrase = passphrase.map_or("", |text| text.as_str());
        ca::init(folder, id, passphrase, now)?;
        let authorities = Authority::open(folder, &terms.names, now)?.bundle(now);
        let publish = terms.publish_passphrase.as_ref().map(|text| text.as_str());
        let passphrases = (passphrase, publish);
        let founded = Founded::make(folder, passphrases, &authorities, (FIRST_EPOCH, now))?;
        let support_contact = terms.support_contact.clone();
        db.write_blocking("init", move |tx| {
            tx.execute(
                "INSERT INTO data_center (one, id, epoch, reconciling, support_contact, created)
                 VALUES (1, ?1, 1, 0, ?2, ?3)",
                params![&id, &support_contact, now],
            )?;
            let ledger = Ledger::new(id);
            epochs::begin(&ledger, tx, FIRST_EPOCH, "init", now)?;
            Ok::<_, CenterError>(founded.keep(&ledger, tx, now)?)
        })?;
        folder::destroy(&folder.beginning())?;
        Ok(Initialised { id, new_passphrase })
    }

    /// Whether a folder has the database of a data center. Nothing is opened or made.
    ///
    /// # Errors
    /// [`CenterError::NotInitialised`], [`CenterError::DatabaseLost`].
    pub fn check(folder: &Folder) -> Result<(), CenterError> {
        match folder.holding()? {
            Holding::Database => Ok(()),
            Holding::Remains => Err(lost(folder)),
            Holding::Nothing | Holding::Begun => Err(nothing(folder)),
        }
    }

    /// Opens the data center of a folder. The caller holds the folder's lock.
    ///
    /// # Errors
    /// [`CenterError`].
    pub fn open(folder: &Folder, clock: Arc<dyn Clock>) -> Result<Self, CenterError> {
        Self::check(folder)?;
        let now = clock.now();
        let db = Db::open(&folder.database(), now)?;
        let row = db.read_blocking("center", center_row)?;
        let Some(row) = row else {
            let is_begun = folder.beginning().exists() || !folder.has_keys()?;
            return Err(if is_begun {
                nothing(folder)
            } else {
                lost(folder)
            });
        };
        // Left by a crash right after the data center was made.
        folder::destroy(&folder.beginning())?;
        let config = Config::read(folder)?;
        let monitor = Monitor::default();
        let hub = Arc::clone(monitor.hub());
        db.tell_news(move |news| hub.hear(news));
        Ok(Self {
            authority: Authority::open(folder, &config.names, now)?,
            denied: db.read_blocking("deny-list", DenyList::load)?,
            ledger: Ledger::new(row.id),
            folder: folder.clone(),
            id: row.id,
            support_contact: row.support_contact,
            life: RwLock::new(row.life),
            limiter: Limiter::default(),
            refusals: Refusals::default(),
            lines: LineBoard::default(),
            certificate_numbers: Reserve::new(Counter::Certificate),
            signed_head: Mutex::new(None),
            monitor,
            packed_news: PackedNews::default(),
            db,
            clock,
        })
    }

    /// The data folder.
    #[must_use]
    pub const fn folder(&self) -> &Folder {
        &self.folder
    }

    /// The data center's identity.
    #[must_use]
    pub const fn id(&self) -> DataCenterId {
        self.id
    }

    /// The news of the repository that were packed.
    #[must_use]
    pub const fn packed_news(&self) -> &PackedNews {
        &self.packed_news
    }

    /// Whom a station rings when it is frozen.
    #[must_use]
    pub fn support_contact(&self) -> &str {
        &self.support_contact
    }

    /// The epoch: 1 at `init`, one more with every restore.
    #[must_use]
    pub fn epoch(&self) -> u32 {
        self.life().epoch
    }

    /// Whether refills are locked because the data center was restored from a backup.
    #[must_use]
    pub fn is_reconciling(&self) -> bool {
        self.life().is_reconciling
    }

    /// Reads again how far in its life the data center is, after a commit that may have moved it:
    /// a new epoch, or the end of comparing the books. Numbers reserved in memory belong to the
    /// epoch that reserved them.
    ///
    /// # Errors
    /// [`DbError`].
    pub async fn refresh_life(&self) -> Result<(), DbError> {
        let row = self.db.read("center", center_row).await?;
        self.take_over(row);
        Ok(())
    }

    /// [`Self::refresh_life`] for threads that may block.
    ///
    /// # Errors
    /// [`DbError`].
    pub fn refresh_life_blocking(&self) -> Result<(), DbError> {
        let row = self.db.read_blocking("center", center_row)?;
        self.take_over(row);
        Ok(())
    }

    fn take_over(&self, row: Option<CenterRow>) {
        let Some(row) = row else { return };
        let mut life = self.life.write().unwrap_or_else(PoisonError::into_inner);
        if life.epoch != row.life.epoch {
            self.certificate_numbers.forget();
        }
        *life = row.life;
    }

    fn life(&self) -> Life {
        *self.life.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// The database.
    #[must_use]
    pub const fn db(&self) -> &Db {
        &self.db
    }

    /// The book.
    #[must_use]
    pub const fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// Certificate authorities and keys.
    #[must_use]
    pub const fn authority(&self) -> &Authority {
        &self.authority
    }

    /// Certificates that are refused.
    #[must_use]
    pub const fn denied(&self) -> &DenyList {
        &self.denied
    }

    /// How often somebody has tried what is limited.
    #[must_use]
    pub const fn limiter(&self) -> &Limiter {
        &self.limiter
    }

    /// Numbers for certificates that are issued ahead of their transaction.
    #[must_use]
    pub const fn certificate_numbers(&self) -> &Reserve {
        &self.certificate_numbers
    }

    /// What was refused since the data center was opened.
    #[must_use]
    pub const fn refusals(&self) -> &Refusals {
        &self.refusals
    }

    /// What the telephone lines do.
    #[must_use]
    pub const fn lines(&self) -> &LineBoard {
        &self.lines
    }

    /// What sees every contact and signals the services.
    #[must_use]
    pub const fn monitor(&self) -> &Monitor {
        &self.monitor
    }

    /// A head of the journal, signed, as a C2SP tlog-checkpoint of its epoch. The same head again
    /// is not signed again.
    #[must_use]
    pub fn checkpoint_of(&self, epoch: u32, head: &TreeHead) -> String {
        let mut signed = self
            .signed_head
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(signed) = signed.as_ref()
            && (signed.epoch, signed.head) == (epoch, *head)
        {
            return signed.checkpoint.clone();
        }
        let key = self.authority.heads();
        let checkpoint = tree::sign(self.id, epoch, head, &key).note(&key.public());
        *signed = Some(SignedHead {
            epoch,
            head: *head,
            checkpoint: checkpoint.clone(),
        });
        checkpoint
    }

    /// The present instant.
    #[must_use]
    pub fn now(&self) -> UnixSeconds {
        self.clock.now()
    }

    /// The clock.
    #[must_use]
    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.clock
    }

    /// A new UUIDv7 for an account; other identities are made the same way.
    ///
    /// # Errors
    /// [`CaError::Crypto`] when there are no random bytes.
    pub fn new_account_id(&self) -> Result<AccountId, CaError> {
        Ok(AccountId::new_v7(self.now(), &ca::random()?))
    }

    /// What is due: keys take over, are announced and destroyed, codes long past their time are removed, refunds become final, held value comes free,
    /// stations that stated their end are shut out, and statistics are held against the registers.
    /// Safe to repeat at any time. The log says what became of each part that failed.
    ///
    /// # Errors
    /// [`CenterError`]: that of the first part that failed.
    pub fn upkeep(&self) -> Result<(), CenterError> {
        // Each part is done whatever becomes of the others: keys may lie on a token that is away, and
        // money waits for none of them.
        first_of([
            ("keys", self.keep_up_keys()),
            ("money", self.keep_up_money()),
            (
                "repository",
                self.keep_repository().map_err(CenterError::from),
            ),
            ("statistics", self.hold_statistics_against_registers()),
        ])
    }

    fn keep_up_keys(&self) -> Result<(), CenterError> {
        let mut notices = Vec::new();
        let kept = self.authority.upkeep(self.now(), &mut notices);
        for notice in notices {
            self.journal_key(notice, "upkeep")?;
        }
        Ok(kept?)
    }

    fn keep_up_money(&self) -> Result<(), CenterError> {
        let (ledger, now) = (self.ledger, self.now());
        let ended = self.db.write_blocking("upkeep", move |tx| {
            stations::remove_old_codes(tx, now)?;
            refunds::upkeep(tx, now)?;
            calls::forget_old(tx, now)?;
            held::upkeep(&ledger, tx, now)
        })?;
        for (station, serials) in ended {
            self.revoked(station, serials);
        }
        Ok(())
    }

    /// Writes into the journal that a key was announced or a CA installed: its signed notice or its
    /// certificate.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub fn journal_key(&self, paper: Vec<u8>, user: &'static str) -> Result<(), LedgerError> {
        let (ledger, now) = (self.ledger, self.now());
        self.db.write_blocking("key", move |tx| {
            ledger
                .append(tx, RecordKind::Key, paper, user, now)
                .map(drop)
        })
    }

    /// Looks whether what stations told of their pieces adds up to their registers, and says in
    /// the log where it does not. Every hour another part of the stations, so that each is looked
    /// at once a day, and one vault at a time, so that nobody waits for all of them.
    fn hold_statistics_against_registers(&self) -> Result<(), CenterError> {
        let now = self.now();
        let all = self
            .db
            .read_blocking("upkeep-stations", |tx| stations::list(tx, None))?;
        let hour = now.0.div_euclid(HOUR_SECONDS).rem_euclid(HOURS);
        let is_due = |station: &Station| i64::from(station.psd.serial) % HOURS == hour;
        for station in all.into_iter().filter(is_due) {
            let standing = self.db.read_blocking("upkeep-statistics", move |tx| {
                standing::standing(tx, &station, now)
            })?;
            for alarm in &standing.alarms {
                standing::raise(standing.station, alarm);
            }
        }
        Ok(())
    }
}

/// Says in the log what became of each part that failed, and answers the first of them: no fault may
/// hide another.
pub(crate) fn first_of<E: std::error::Error>(
    parts: impl IntoIterator<Item = (&'static str, Result<(), E>)>,
) -> Result<(), E> {
    let mut first = Ok(());
    for (part, done) in parts {
        if let Err(error) = done {
            let cause = std::error::Error::source(&error).map(ToString::to_string);
            tracing::error!(part, %error, cause, "upkeep");
            first = first.and(Err(error));
        }
    }
    first
}

/// The one row that names the data center.
struct CenterRow {
    id: DataCenterId,
    life: Life,
    support_contact: String,
}

fn center_row(tx: &Tx<'_>) -> Result<Option<CenterRow>, DbError> {
    tx.row(
        "SELECT id, epoch, reconciling, support_contact FROM data_center",
        &[],
        |row| {
            Ok(CenterRow {
                id: row.column(0)?,
                life: Life {
                    epoch: row.column(1)?,
                    is_reconciling: row.column(2)?,
                },
                support_contact: row.column(3)?,
            })
        },
    )
}
