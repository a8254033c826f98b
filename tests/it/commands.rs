//! A data center and its stations as other processes: our own executables, started as an admin
//! and a clerk would start them.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::io::{BufRead, BufReader};
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::time::{Duration, SystemTime};

use serde_json::Value;
use tempfile::TempDir;

/// The rates of every site.
const EDITION: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../shared/data/editions/us-2026-07-12.json"
);

/// The account that the stations of a site refill from.
const ACCOUNT: &str = "Demo";

/// One of our executables: it lies where this test was built, and was built of the same sources.
pub(crate) fn executable(name: &str) -> PathBuf {
    static LOOKED_AT: Mutex<BTreeSet<PathBuf>> = Mutex::new(BTreeSet::new());
    let test = std::env::current_exe().unwrap();
    let built = test.parent().and_then(Path::parent).unwrap();
    let path = built.join(format!("{name}{}", std::env::consts::EXE_SUFFIX));
    assert!(
        path.is_file(),
        "{} is not built; run `cargo build --workspace` first",
        path.display()
    );
    if LOOKED_AT.lock().unwrap().insert(path.clone()) {
        let newer = newer_source(&path, &test);
        assert_eq!(
            newer,
            None,
            "{} is older than this source of it; run `cargo build --workspace` first",
            path.display()
        );
    }
    path
}

/// A source that an executable was built of and that changed between its build and the build of this
/// test: then they would not speak of the same program. What changes while tests run is no matter.
fn newer_source(executable: &Path, test: &Path) -> Option<PathBuf> {
    let changed = |path: &Path| path.metadata().and_then(|about| about.modified()).ok();
    // cargo writes down beside each executable what it was made of.
    let listed = std::fs::read_to_string(executable.with_extension("d")).unwrap();
    let (built, tested) = (changed(executable)?, changed(test)?);
    sources(&listed)
        .into_iter()
        .find(|source| changed(source).is_some_and(|at| built < at && at <= tested))
}

/// The files after `NAME:` in cargo's list; a space in a name has a backslash before it.
fn sources(listed: &str) -> Vec<PathBuf> {
    let (_, names) = listed.trim_end().split_once(": ").unwrap_or_default();
    let marked = names.replace("\\ ", "\0");
    let names = marked.split(' ').filter(|name| !name.is_empty());
    names.map(|name| name.replace('\0', " ").into()).collect()
}

#[test]
fn an_executable_is_not_of_today_when_a_source_changed_before_the_test_was_built() {
    let folder = TempDir::new().unwrap();
    let path = |name: &str| folder.path().join(name);
    let (program, source, test) = (path("program"), path("a source.rs"), path("test"));
    let escaped = source.to_str().unwrap().replace(' ', "\\ ");
    let listed = format!("{}: {escaped} /no/longer/there.rs\n", program.display());
    std::fs::write(path("program.d"), &listed).unwrap();
    assert_eq!(
        sources(&listed),
        [source.clone(), PathBuf::from("/no/longer/there.rs")]
    );
    let at = |path: &Path, second: u64| {
        let file = std::fs::File::create(path).unwrap();
        let time = SystemTime::UNIX_EPOCH + Duration::from_secs(second);
        file.set_modified(time).unwrap();
    };
    at(&program, 20);
    at(&test, 30);
    for (changed, is_older) in [
        (10, false),
        (20, false),
        (25, true),
        (30, true),
        (31, false),
    ] {
        at(&source, changed);
        let newer = newer_source(&program, &test);
        assert_eq!(newer.is_some(), is_older, "a source of {changed}");
    }
}

/// Whether the full counts were asked for.
pub(crate) fn is_long_run() -> bool {
    std::env::var_os("PENNYBLACK_LONG").is_some_and(|value| value == "1")
}

/// What a command said and how it ended.
#[derive(Debug)]
pub(crate) struct Told {
    /// Its exit code; `None` when it was killed.
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Told {
    /// Each line of its answer.
    pub(crate) fn objects(&self) -> Vec<Value> {
        assert_eq!(self.code, Some(0), "{self:?}");
        let lines = self.out.lines().filter(|line| !line.trim().is_empty());
        lines
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }

    /// Its answer.
    pub(crate) fn object(&self) -> Value {
        let mut objects = self.objects();
        assert_eq!(objects.len(), 1, "{self:?}");
        objects.remove(0)
    }

    /// The refusal or fault it wrote on standard error.
    pub(crate) fn error(&self) -> Value {
        let last = self.err.lines().last().unwrap_or_default();
        serde_json::from_str(last).unwrap_or_else(|_| panic!("no JSON: {self:?}"))
    }
}

/// Runs a command to its end.
pub(crate) fn tell(command: &mut Command) -> Told {
    let output = command.stdin(Stdio::null()).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Told {
        code: output.status.code(),
        out: text(&output.stdout),
        err: text(&output.stderr),
    }
}

/// How a data center is made and run, beside the usual.
#[derive(Debug, Default)]
pub(crate) struct Setting {
    /// Further words of `init`.
    pub(crate) init: Vec<String>,
    /// Further words of `serve`.
    pub(crate) serve: Vec<String>,
    /// Variables of the data center's environment.
    pub(crate) environment: Vec<(&'static str, OsString)>,
}

/// A data center that runs as a process of its own, always on the same port.
pub(crate) struct Site {
    folder: TempDir,
    pub(crate) setting: Setting,
    port: u16,
    process: Option<Child>,
}

impl Site {
    /// A data center that serves, with rates and an account that holds `deposit`.
    pub(crate) fn with_deposit(deposit: &str) -> Self {
        Self::set_in(deposit, |_| Setting::default())
    }

    /// [`Self::with_deposit`], in the setting that is made in the site's folder.
    pub(crate) fn set_in(deposit: &str, prepare: impl FnOnce(&Path) -> Setting) -> Self {
        let mut site = Self::bare(prepare);
        let contact = ["init", "--support-contact", "the help desk"].map(str::to_owned);
        let words = [contact.to_vec(), site.setting.init.clone()].concat();
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        site.admin(&words);
        site.start();
        site.admin(&["account", "new", ACCOUNT]);
        let deposit = ["account", "deposit", ACCOUNT, deposit, "--reference", "1"];
        site.admin(&deposit);
        site.admin(&["rates", "import", EDITION]);
        site.admin(&["rates", "publish"]);
        site
    }

    /// A place for a data center, without one.
    pub(crate) fn bare(prepare: impl FnOnce(&Path) -> Setting) -> Self {
        // Asked for and given back, so that the same port can be used after each start.
        let probe = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = probe.local_addr().unwrap().port();
        drop(probe);
        let folder = TempDir::new().unwrap();
        Self {
            setting: prepare(folder.path()),
            folder,
            port,
            process: None,
        }
    }

    /// The folder for everything of this site.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The data center's database.
    pub(crate) fn database(&self) -> PathBuf {
        self.path("center/pennyblack.db")
    }

    /// Where stations find it.
    pub(crate) fn url(&self) -> String {
        format!("https://127.0.0.1:{}", self.port)
    }

    /// Starts the data center and waits until it listens.
    pub(crate) fn start(&mut self) {
        let listen = format!("127.0.0.1:{}", self.port);
        let mut command = self.command();
        command.args(["serve", "--listen", &listen]);
        command.args(&self.setting.serve);
        command.stdout(Stdio::piped()).stderr(Stdio::null());
        let mut process = command.spawn().unwrap();
        let mut line = String::new();
        let told = BufReader::new(process.stdout.take().unwrap()).read_line(&mut line);
        self.process = Some(process);
        assert!(
            told.is_ok() && line.contains(&listen),
            "the data center does not listen at {listen}: {line:?}"
        );
    }

    /// Kills the data center as a power cut would.
    pub(crate) fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill().unwrap();
            process.wait().unwrap();
        }
    }

    /// Lets an admin do something that must be done.
    pub(crate) fn admin(&self, words: &[&str]) -> Vec<Value> {
        tell(self.command().args(words)).objects()
    }

    /// What a command of the admin said and how it ended.
    pub(crate) fn told(&self, words: &[&str]) -> Told {
        tell(self.command().args(words))
    }

    /// What the account holds, mills.
    pub(crate) fn balance(&self) -> u64 {
        self.admin(&["account", "show", ACCOUNT])[0]["balance"]
            .as_u64()
            .unwrap()
    }

    /// Recomputes the ledger, holds it against the equation of `protocol.md` G, and tells it.
    pub(crate) fn assert_books_hold(&self) -> Value {
        let books = self.admin(&["ledger", "verify"]).remove(0);
        let sum = |name: &str| books[name].as_i64().unwrap();
        let held = sum("customers") + sum("in_transit") + sum("held") + sum("vaults");
        assert_eq!(
            sum("payments_less_pay_outs"),
            held + sum("printed") - sum("refunded"),
            "{books}"
        );
        books
    }

    /// A new, enrolled station.
    pub(crate) fn enrolled(&self, name: &str) -> Desk {
        let desk = self.desk(name);
        self.enrol(&desk, &self.url()).object();
        desk
    }

    /// A station that is not enrolled.
    pub(crate) fn desk(&self, name: &str) -> Desk {
        Desk {
            folder: self.path(name),
        }
    }

    /// Lets a station enrol at this address with a new code.
    pub(crate) fn enrol(&self, desk: &Desk, url: &str) -> Told {
        let made = self.admin(&["station", "new", "--account", ACCOUNT, "--zip", "83702"]);
        self.enrol_with(desk, url, made[0]["code"].as_str().unwrap())
    }

    /// Lets a station enrol at this address with this code.
    pub(crate) fn enrol_with(&self, desk: &Desk, url: &str, code: &str) -> Told {
        let key = format!("key-file:{}", desk.folder.with_extension("key").display());
        desk.tell(&["enrol", "--server", url, "--code", code, "--secrets", &key])
    }

    fn command(&self) -> Command {
        let mut command = Command::new(executable("pennyblack-server"));
        command.arg("--data").arg(self.path("center")).arg("--json");
        let environment = &self.setting.environment;
        command.envs(environment.iter().map(|(name, value)| (name, value)));
        command
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        self.kill();
    }
}

/// A station, by its data folder.
pub(crate) struct Desk {
    pub(crate) folder: PathBuf,
}

impl Desk {
    /// A command of the clerk that answers in JSON.
    pub(crate) fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(executable("pennyblack"));
        command.arg("--data").arg(&self.folder).arg("--json");
        command.args(words);
        command
    }

    /// Runs a command of the clerk to its end.
    pub(crate) fn tell(&self, words: &[&str]) -> Told {
        tell(&mut self.command(words))
    }
}
