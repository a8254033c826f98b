use super::*;
use crate::api::{Call, PrintOut, View};
use crate::station::fixture::{Desk, letter, runtime};

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

/// A station that is served while `work` asks it as another program.
fn beside<T>(work: impl AsyncFnOnce(Server, Desk) -> T) -> T {
    let mut desk = Desk::new();
    let station = desk.station.take().unwrap();
    runtime().block_on(async {
        let server = Server::start(station).unwrap();
        work(server, desk).await
    })
}

#[test]
fn an_owner_that_ends_answers_the_calls_it_has_taken() {
    beside(async |server, desk| {
        let line = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = line.local_addr().unwrap().to_string();
        let client = Client::connect(&desk.data()).await.unwrap();
        let printer = crate::api::PrinterSetup {
            name: "counter".into(),
            model: "esc-pos".into(),
            port: crate::api::PrinterPort::Tcp { address },
            dpi: 203,
            stock: "label-4x6".into(),
            acknowledges: false,
        };
        let add = Call::AddPrinter(crate::api::AddPrinterCall { printer });
        client.call(add, |_| {}).await.unwrap();
        let (begun, reading) = tokio::sync::oneshot::channel();
        let printer = std::thread::spawn(move || {
            use std::io::Read;
            let (mut line, _) = line.accept().unwrap();
            let mut byte = [0];
            line.read_exact(&mut byte).unwrap();
            begun.send(()).unwrap();
            // The owner is asked to end meanwhile.
            std::thread::sleep(std::time::Duration::from_millis(300));
            std::io::copy(&mut line, &mut std::io::sink()).ok();
        });
        let name = "counter".to_owned();
        let out = Some(PrintOut::Printer { name });
        let print = Call::Print(crate::api::PrintCall {
            out,
            ..letter(&desk, "unused")
        });
        let asked = tokio::spawn(async move { client.call(print, |_| {}).await });
        reading.await.unwrap();
        server.close().await;
        let View::Piece(piece) = asked.await.unwrap().unwrap() else {
            panic!("not a piece")
        };
        assert_eq!(piece.state, crate::api::PieceState::Unknown);
        printer.join().unwrap();
        let (answer, owner) = ask(&desk.data(), Call::Pieces(Default::default()), |_| {})
            .await
            .unwrap();
        let View::Pieces(listed) = answer.unwrap() else {
            panic!("not a list")
        };
        assert_eq!(listed.pieces.len(), 1);
        assert_eq!(listed.pieces[0].serial, piece.serial);
        owner.close().await;
    });
}

#[test]
fn a_call_that_the_owner_never_took_is_carried_out_by_the_next_owner() {
    beside(async |server, desk| {
        let client = Client::connect(&desk.data()).await.unwrap();
        server.close().await;
        let error = client.call(Call::Status, |_| {}).await.unwrap_err();
        assert_eq!(error.code, "owner_gone");
        let (answer, owner) = ask(&desk.data(), Call::Status, |_| {}).await.unwrap();
        assert!(answer.is_ok());
        assert!(matches!(owner, Reach::Own(_)));
        owner.close().await;
    });
}

/// An owner that reads one call, says `words` and is gone, as one that is killed.
async fn killed_after(folder: &Path, words: &'static str, call: Call) -> UiError {
    use interprocess::local_socket::ListenerOptions;
    use interprocess::local_socket::tokio::prelude::*;
    use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
    let _lock = FolderLock::take(folder).unwrap().unwrap();
    place::prepare(folder).unwrap();
    let name = place::name(folder).unwrap();
    let listener = ListenerOptions::new().name(name).create_tokio().unwrap();
    let killed = async {
        let stream = listener.accept().await.unwrap();
        let mut line = String::new();
        let mut reader = BufReader::new(&stream);
        reader.read_line(&mut line).await.unwrap();
        (&stream).write_all(words.as_bytes()).await.unwrap();
        drop(listener);
    };
    let client = Client::connect(folder).await.unwrap();
    let (answer, ()) = tokio::join!(client.call(call, |_| {}), killed);
    answer.unwrap_err()
}

#[tokio::test(flavor = "multi_thread")]
async fn only_a_call_that_was_taken_may_have_been_carried_out() {
    let folder = tempfile::tempdir().unwrap();
    let print = || Call::Print(Default::default());
    let error = killed_after(folder.path(), "", print()).await;
    assert_eq!(error.code, "owner_gone");
    assert!(error.message.contains("Nothing was done"), "{error}");
    let error = killed_after(folder.path(), "\"taken\"\n", print()).await;
    assert_eq!(error.code, "answer_lost");
    assert_eq!(error.kind, crate::api::ErrorKind::Unknown);
    assert!(error.hint.contains("Look at the pieces"), "{}", error.hint);
}

#[tokio::test(flavor = "multi_thread")]
async fn many_pages_that_listen_keep_nobody_from_asking() {
    let folder = tempfile::tempdir().unwrap();
    let first = reach(folder.path()).await.unwrap();
    let mut pages = Vec::new();
    for _ in 0..40 {
        let page = Client::connect(folder.path()).await.unwrap().door();
        assert!(page.ask(Call::Status).await.is_ok());
        pages.push(page);
    }
    first.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_owner_of_another_version_is_asked_once_and_what_is_wrong_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let strange = "\"taken\"\n{\"tidings\":1}\n";
    for call in [Call::Status, Call::Print(Default::default())] {
        let error = killed_after(folder.path(), strange, call).await;
        assert_eq!(error.code, "answer_not_read");
        assert_eq!(error.kind, crate::api::ErrorKind::Unknown);
    }
}

#[test]
fn a_trial_call_is_made_once_and_a_scale_may_come_before_an_enrolment() {
    use crate::api::{DoctorCall, SetScaleCall};
    let doctor = |trial| {
        Call::Doctor(DoctorCall {
            server: None,
            trial,
        })
    };
    assert!(may_be_repeated(&doctor(false)));
    assert!(!may_be_repeated(&doctor(true)));
    assert!(may_begin_a_folder(&Call::FindScales));
    let set = SetScaleCall { setup: None };
    assert!(may_begin_a_folder(&Call::SetScale(set)));
    assert!(!may_begin_a_folder(&Call::Scale));
}
