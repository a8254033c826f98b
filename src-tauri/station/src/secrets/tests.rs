use std::sync::Arc;

use super::*;

const STORE: StoreId = [7; 16];

fn key_file(folder: &tempfile::TempDir) -> key_file::KeyFile {
    key_file::KeyFile::open(&folder.path().join("keys"), STORE).unwrap()
}

fn mark(journal_size: u64) -> HighWaterMark {
    HighWaterMark {
        journal_size,
        root: [9; 32],
    }
}

#[test]
fn a_key_file_is_made_private_and_gives_the_key_back() {
    let folder = tempfile::tempdir().unwrap();
    let key = Kek::random().unwrap();
    let keeper = key_file(&folder);
    assert_eq!(keeper.load_key(1, Patience::Background).unwrap(), None);
    keeper.store_key(1, &key, Patience::Background).unwrap();
    let again = key_file(&folder).load_key(1, Patience::Background).unwrap();
    assert_eq!(again, Some(key));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(folder.path().join("keys"))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}

#[test]
fn a_deleted_key_is_gone_and_the_others_stay() {
    let folder = tempfile::tempdir().unwrap();
    let keeper = key_file(&folder);
    let (old, new) = (Kek::random().unwrap(), Kek::random().unwrap());
    keeper.store_key(1, &old, Patience::Background).unwrap();
    keeper.store_key(2, &new, Patience::Background).unwrap();
    keeper.delete_key(1).unwrap();
    keeper.delete_key(1).unwrap();
    assert_eq!(keeper.load_key(1, Patience::Background).unwrap(), None);
    assert_eq!(keeper.load_key(2, Patience::Background).unwrap(), Some(new));
}

#[cfg(unix)]
#[test]
fn a_key_file_that_others_may_read_is_refused() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("keys");
    let keeper = key_file(&folder);
    keeper
        .store_key(1, &Kek::random().unwrap(), Patience::Background)
        .unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
    assert!(matches!(
        key_file::KeyFile::open(&path, STORE),
        Err(SecretFault::TooOpen { mode: 0o640, .. })
    ));
}

#[test]
fn a_key_file_of_another_station_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    key_file(&folder)
        .store_key(1, &Kek::random().unwrap(), Patience::Background)
        .unwrap();
    let other = key_file::KeyFile::open(&folder.path().join("keys"), [8; 16]);
    assert!(matches!(other, Err(SecretFault::Foreign { .. })));
}

#[test]
fn a_file_that_is_not_ours_is_refused_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("keys");
    private_file::replace(&path, b"somebody's diary").unwrap();
    assert!(matches!(
        key_file::KeyFile::open(&path, STORE),
        Err(SecretFault::NotKeys { .. })
    ));
    assert_eq!(std::fs::read(&path).unwrap(), b"somebody's diary");
}

#[test]
fn sealed_keys_open_with_their_passphrase_and_with_no_other() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("phrase");
    private_file::replace(&path, b"correct horse\n").unwrap();
    let key = Kek::random().unwrap();
    let keeper = passphrase::PassphraseFile::open(&path, STORE).unwrap();
    keeper.store_key(1, &key, Patience::Background).unwrap();
    let sealed = std::fs::read(folder.path().join("phrase.sealed")).unwrap();
    let digits = hex::encode(key.bytes());
    assert!(!String::from_utf8_lossy(&sealed).contains(&digits));

    let again = passphrase::PassphraseFile::open(&path, STORE).unwrap();
    assert_eq!(again.load_key(1, Patience::Background).unwrap(), Some(key));
    private_file::replace(&path, b"battery staple\n").unwrap();
    assert!(matches!(
        passphrase::PassphraseFile::open(&path, STORE),
        Err(SecretFault::WrongPassphrase { .. })
    ));
}

#[test]
fn a_missing_or_empty_passphrase_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("phrase");
    assert!(matches!(
        passphrase::PassphraseFile::open(&path, STORE),
        Err(SecretFault::Read { .. })
    ));
    private_file::replace(&path, b"\n").unwrap();
    assert!(matches!(
        passphrase::PassphraseFile::open(&path, STORE),
        Err(SecretFault::NotKeys { .. })
    ));
}

#[test]
fn a_mark_is_written_when_asked_and_read_back() {
    let folder = tempfile::tempdir().unwrap();
    let keeper: Arc<dyn SecretStore> = Arc::new(key_file(&folder));
    assert_eq!(keeper.load_mark().unwrap(), None);
    let writer = MarkWriter::start(Arc::clone(&keeper), mark(0)).unwrap();
    writer.note(mark(3));
    writer.flush().unwrap();
    assert_eq!(keeper.load_mark().unwrap(), Some(mark(3)));
    writer.note(mark(4));
    drop(writer);
    assert_eq!(
        keeper.load_mark().unwrap(),
        Some(mark(4)),
        "written at exit"
    );
}

#[test]
fn a_mark_nobody_asks_for_waits_for_a_hundred_pieces_and_a_second() {
    let folder = tempfile::tempdir().unwrap();
    let keeper: Arc<dyn SecretStore> = Arc::new(key_file(&folder));
    let writer = MarkWriter::start(Arc::clone(&keeper), mark(0)).unwrap();
    writer.note(mark(99));
    std::thread::sleep(std::time::Duration::from_millis(1_300));
    assert_eq!(keeper.load_mark().unwrap(), None);
    writer.note(mark(100));
    std::thread::sleep(std::time::Duration::from_millis(1_300));
    assert_eq!(keeper.load_mark().unwrap(), Some(mark(100)));
    drop(writer);
}

#[test]
fn a_mark_file_that_was_edited_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let keeper = key_file(&folder);
    keeper.store_mark(&mark(5)).unwrap();
    private_file::replace(&folder.path().join("keys.mark"), b"size 0").unwrap();
    assert!(matches!(
        keeper.load_mark(),
        Err(SecretFault::NotKeys { .. })
    ));
}

#[test]
fn a_mark_reads_back_from_its_bytes_and_from_nothing_shorter() {
    let bytes = mark(77).to_bytes();
    assert_eq!(HighWaterMark::from_bytes(&bytes), Some(mark(77)));
    assert_eq!(HighWaterMark::from_bytes(&bytes[1..]), None);
}

#[test]
fn a_session_without_a_keyring_is_told_so_in_time() {
    // Where a keyring answers, opening succeeds; where none is, the fault names it. Either way
    // the caller gets its answer within the time-out.
    let before = std::time::Instant::now();
    match keyring::Keyring::open(STORE, Patience::Background) {
        Ok(keeper) => assert!(keeper.words().contains("keyring")),
        Err(SecretFault::NoKeyring(_) | SecretFault::KeyringSlow { .. }) => {}
        Err(other) => panic!("an unexpected fault: {other}"),
    }
    assert!(before.elapsed() < Patience::Background.timeout() * 2);
}
