use super::*;
use crate::api::{Call, View};
use crate::station::fixture::Desk;

#[test]
fn a_locked_folder_is_not_taken_twice() {
    let folder = tempfile::tempdir().unwrap();
    let lock = FolderLock::take(folder.path()).unwrap().unwrap();
    assert!(FolderLock::take(folder.path()).unwrap().is_none());
    drop(lock);
    assert!(FolderLock::take(folder.path()).unwrap().is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_program_asks_the_first() {
    let folder = tempfile::tempdir().unwrap();
    let first = reach(folder.path()).await.unwrap();
    assert!(matches!(first, Reach::Own(_)));
    let second = reach(folder.path()).await.unwrap();
    assert!(matches!(second, Reach::Other(_)));
    for station in [&first, &second] {
        let View::Status(view) = station.call(Call::Status, |_| {}).await.unwrap() else {
            panic!("not a status")
        };
        assert!(!view.enrolled);
    }
    let refused = second
        .call(Call::Quote(crate::api::QuoteCall::default()), |_| {})
        .await
        .unwrap_err();
    assert_eq!(refused.code, "bad_input", "refusals travel too");
    second.close().await;
    first.close().await;
    let third = reach(folder.path()).await.unwrap();
    assert!(matches!(third, Reach::Own(_)));
    third.close().await;
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn nobody_else_may_enter_the_socket() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let station = reach(&data).await.unwrap();
    for path in [
        data.clone(),
        data.join("private"),
        data.join("private/station"),
    ] {
        let mode = std::fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o700, "{}", path.display());
    }
    station.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_that_lies_deep_is_served_too() {
    let folder = tempfile::tempdir().unwrap();
    let deep = folder.path().join("d".repeat(120)).join("e".repeat(120));
    let first = reach(&deep).await.unwrap();
    let second = reach(&deep).await.unwrap();
    assert!(matches!(second, Reach::Other(_)));
    assert!(second.call(Call::Status, |_| {}).await.is_ok());
    first.close().await;
}

#[test]
fn events_reach_a_page_of_another_program() {
    let mut desk = Desk::new();
    let station = desk.station.take().unwrap();
    let runtime = crate::station::fixture::runtime();
    runtime.block_on(async {
        let server = Server::start(station.clone()).unwrap();
        let client = Client::connect(&desk.data()).await.unwrap();
        let door = client.door();
        let mut events = door.listen();
        let printer = crate::api::PrinterSetup {
            name: "a".into(),
            model: "esc-pos".into(),
            port: crate::api::PrinterPort::Device { path: "x".into() },
            dpi: 203,
            stock: "label-4x6".into(),
            acknowledges: false,
        };
        let add = Call::AddPrinter(crate::api::AddPrinterCall { printer });
        door.ask(add).await.unwrap();
        // The listening line may still be opening: tell until it is heard.
        let heard = async {
            loop {
                station
                    .apply(|owner| {
                        owner.tell(Event::Status);
                        Ok(())
                    })
                    .await
                    .unwrap();
                let soon = std::time::Duration::from_millis(100);
                if tokio::time::timeout(soon, events.recv()).await.is_ok() {
                    return;
                }
            }
        };
        tokio::time::timeout(std::time::Duration::from_secs(10), heard)
            .await
            .unwrap();
        drop(station);
        server.close().await;
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_call_is_refused_and_the_owner_goes_on() {
    use interprocess::local_socket::tokio::{Stream, prelude::*};
    use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
    let folder = tempfile::tempdir().unwrap();
    let first = reach(folder.path()).await.unwrap();
    let stream = Stream::connect(place::name(folder.path()).unwrap())
        .await
        .unwrap();
    (&stream)
        .write_all(b"{\"call\":{\"call\":\"steal\"}}\n")
        .await
        .unwrap();
    let mut line = String::new();
    BufReader::new(&stream).read_line(&mut line).await.unwrap();
    assert!(line.contains("bad_call"), "{line}");
    let second = reach(folder.path()).await.unwrap();
    assert!(second.call(Call::Status, |_| {}).await.is_ok());
    first.close().await;
}
