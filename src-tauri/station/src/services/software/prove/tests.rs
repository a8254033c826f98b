//! Programs here are shell scripts: what counts is which file stands there and what the note says.

use std::os::unix::fs::PermissionsExt as _;

use shared::clock::UnixSeconds;

use super::*;

const OLD: Version = Version::new(1, 0, 0);
const NEW: Version = Version::new(1, 1, 0);

struct Office {
    folder: tempfile::TempDir,
    place: Place,
}

impl Office {
    /// An office whose installed program writes `old` into a file and ends.
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("program");
        let office = Self {
            place: Place {
                file: file.clone(),
                arguments: vec![folder.path().join("started").into()],
            },
            folder,
        };
        fs::create_dir(office.data()).unwrap();
        script(&file, "echo old >> \"$1\"");
        office
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn files(&self) -> Files {
        Files::of(&self.data())
    }

    fn package(&self, text: &str) -> Package {
        let path = self.folder.path().join("package");
        script(&path, text);
        Package {
            version: NEW,
            before: OLD,
            path,
            signature: String::new(),
            since: UnixSeconds(0),
        }
    }

    fn install(&self, text: &str) {
        let package = self.package(text);
        install(&package, &self.data(), &self.place).unwrap();
    }

    /// What programs have written when they were started, oldest first; waits for the last.
    fn started(&self, count: usize) -> Vec<String> {
        let path = self.folder.path().join("started");
        let until = Instant::now() + Duration::from_secs(10);
        loop {
            let text = fs::read_to_string(&path).unwrap_or_default();
            let lines: Vec<String> = text.lines().map(str::to_owned).collect();
            if lines.len() >= count || Instant::now() > until {
                return lines;
            }
            sleep(LOOK);
        }
    }

    fn installed(&self) -> String {
        fs::read_to_string(&self.place.file).unwrap()
    }
}

fn script(path: &Path, text: &str) {
    fs::write(path, format!("#!/bin/sh\n{text}\n")).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
}

#[test]
fn a_program_that_ends_at_every_start_is_put_back_and_the_one_before_started() {
    let office = Office::new();
    office.install("echo new >> \"$1\"; exit 1");
    watch(&office.data(), &office.place).unwrap();
    assert_eq!(office.started(4), ["new", "new", "new", "old"]);
    assert!(office.installed().contains("echo old"));
    let trial = office.files().trial().unwrap().unwrap();
    assert!(
        matches!(trial.state, TrialState::Failed { .. }),
        "{trial:?}"
    );
    assert!(matches!(
        begin(&office.data(), OLD, &office.place).unwrap(),
        Beginning::Ordinary
    ));
}

#[test]
fn a_program_that_says_it_has_proved_itself_is_left_alone() {
    let office = Office::new();
    let note = office.data().join("software/trial.json");
    let passed = serde_json::to_string(&Trial::begin(NEW, OLD, UnixSeconds(0)).passed()).unwrap();
    office.install(&format!(
        "echo new >> \"$1\"; echo '{passed}' > '{}'; sleep 1",
        note.display()
    ));
    watch(&office.data(), &office.place).unwrap();
    assert_eq!(office.started(1), ["new"]);
    assert!(office.installed().contains("echo new"));
}

#[test]
fn a_power_cut_before_the_swap_leaves_the_old_program_and_no_failure() {
    let office = Office::new();
    office.files().keep_previous(&office.place.file).unwrap();
    office
        .files()
        .put_trial(&Trial::begin(NEW, OLD, UnixSeconds(0)))
        .unwrap();
    let begun = begin(&office.data(), OLD, &office.place).unwrap();
    assert!(matches!(begun, Beginning::Ordinary));
    assert!(office.files().trial().unwrap().is_none());
}

#[test]
fn a_power_cut_after_the_swap_lets_the_new_program_prove_itself_by_hand() {
    let office = Office::new();
    office.install("echo new >> \"$1\"");
    for attempt in 1..=ATTEMPTS_MAX {
        let begun = begin(&office.data(), NEW, &office.place).unwrap();
        assert!(matches!(begun, Beginning::Prove(_)), "start {attempt}");
    }
    let begun = begin(&office.data(), NEW, &office.place).unwrap();
    assert!(matches!(begun, Beginning::WentBack));
    assert!(office.installed().contains("echo old"));
}

#[test]
fn a_program_that_proves_itself_says_so_once() {
    let office = Office::new();
    office.install("true");
    let Beginning::Prove(proof) = begin(&office.data(), NEW, &office.place).unwrap() else {
        panic!("it is not on trial");
    };
    proof.try_store().unwrap();
    assert!(!proof.is_settled());
    assert_eq!(
        proof.judge(Err("the store".to_owned())),
        Err("the store".to_owned())
    );
    assert!(!proof.is_settled());
    assert!(proof.is_overdue());
    proof.judge(Ok(())).unwrap();
    assert!(proof.is_settled() && !proof.is_overdue());
    let trial = office.files().trial().unwrap().unwrap();
    assert_eq!(trial.state, TrialState::Passed);
}

#[test]
fn a_program_that_has_proved_itself_stays_when_that_cannot_be_noted() {
    let office = Office::new();
    office.install("true");
    let Beginning::Prove(proof) = begin(&office.data(), NEW, &office.place).unwrap() else {
        panic!("it is not on trial");
    };
    // A folder in the place of the file that the note is written into.
    fs::create_dir(office.data().join("software/trial.json.new")).unwrap();
    proof.judge(Ok(())).unwrap();
    assert!(proof.is_settled());
    let trial = office.files().trial().unwrap().unwrap();
    assert_eq!(trial.state, TrialState::Trying { attempts: 1 });
}

#[test]
fn a_program_that_the_computer_hinders_may_take_its_time_and_goes_back_without_a_blemish() {
    let office = Office::new();
    office.install("true");
    for start in 1..=ATTEMPTS_MAX {
        let Beginning::Prove(proof) = begin(&office.data(), NEW, &office.place).unwrap() else {
            panic!("start {start}");
        };
        proof.hindered_by("the keyring is locked");
        assert!(!proof.is_overdue() && !proof.is_settled());
    }
    let begun = begin(&office.data(), NEW, &office.place).unwrap();
    assert!(matches!(begun, Beginning::WentBack));
    let trial = office.files().trial().unwrap().unwrap();
    assert_eq!(trial.fault.as_deref(), Some("the keyring is locked"));
    for (code, is_so) in [
        (Code::KeyringSlow, true),
        (Code::DiskFull, true),
        (Code::DamagedStore, false),
        (Code::NewerStore, false),
    ] {
        let fault = crate::messages::say(code, &[]);
        assert_eq!(is_of_the_computer(&fault), is_so, "{code:?}");
    }
}

#[test]
fn a_program_that_somebody_closes_while_it_is_on_trial_is_not_put_back() {
    let office = Office::new();
    office.install("echo new >> \"$1\"");
    watch(&office.data(), &office.place).unwrap();
    assert_eq!(office.started(1), ["new"]);
    assert!(office.installed().contains("echo new"));
    let trial = office.files().trial().unwrap().unwrap();
    assert_eq!(trial.state, TrialState::Installing);
}

#[test]
fn an_install_that_fails_leaves_the_old_program_and_no_note() {
    let office = Office::new();
    let package = office.package("echo new");
    office.place.can_be_replaced().unwrap();
    // Nothing can be made where the new program would be written.
    let blocked = PathBuf::from(format!("{}.new", office.place.file.display()));
    fs::create_dir(&blocked).unwrap();
    fs::write(blocked.join("file"), b"").unwrap();
    office.place.can_be_replaced().unwrap_err();
    install(&package, &office.data(), &office.place).unwrap_err();
    assert!(office.installed().contains("echo old"));
    assert!(office.files().trial().unwrap().is_none());
}

#[test]
fn a_package_is_looked_at_before_anything_is_replaced() {
    let office = Office::new();
    let look = |text: &str, verified: Result<(), String>| {
        look_at(&office.package(text), &office.data(), |_| verified)
    };
    assert_eq!(look("echo 1.1.0", Ok(())), Ok(()));
    let release = |why: &str| Unfit::Release(why.to_owned());
    let wrong = look("echo 1.1.0", Err("its signature is wrong".to_owned()));
    assert_eq!(wrong, Err(release("its signature is wrong")));
    let other = look("echo 0.9.0", Ok(()));
    let said = "its program says that it is version 0.9.0";
    assert_eq!(other, Err(release(said)));
    let broken = look("echo it cannot use the store; exit 1", Ok(()));
    assert_eq!(broken, Err(release("it cannot use the store")));
    let silent = look("exit 127", Ok(())).unwrap_err();
    assert!(
        matches!(&silent, Unfit::Release(why) if why.contains("does not start")),
        "{silent}"
    );
    for hindered in ["echo the disk is full; exit 75", "kill -9 $$"] {
        let fault = look(hindered, Ok(())).unwrap_err();
        assert!(matches!(fault, Unfit::NotTried(_)), "{hindered}: {fault}");
    }
    assert!(office.installed().contains("echo old"));
}
