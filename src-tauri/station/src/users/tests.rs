use shared::money::Mills;
use shared::services::accounts::{Budgets, Node, NodeKind};

use super::{FREE_TRIES, Try, wait_after};
use crate::api::{
    AddUserCall, AsCall, Call, ChangeUserCall, Hidden, IdleLockCall, NewRights, PiecesCall,
    PrintCall, Proof, Role, SessionView, SignInCall, SignOutCall, UiError, View,
};
use crate::station::fixture::{Desk, letter, runtime};

const PIN: &str = "274951";

fn hidden(text: &str) -> Hidden {
    Hidden::new(text.to_owned())
}

fn ask(desk: &Desk, call: Call) -> Result<View, UiError> {
    runtime().block_on(desk.station().call(call))
}

fn code(answer: Result<View, UiError>) -> String {
    answer.unwrap_err().code
}

fn by_pin(user: &str, pin: &str, call: Call) -> Call {
    let proof = Proof::Pin {
        user: user.to_owned(),
        pin: hidden(pin),
    };
    let inner = Box::new(call);
    Call::As(AsCall { proof, inner })
}

fn by_session(session: &SessionView, call: Call) -> Call {
    let proof = Proof::Session {
        token: session.token.clone(),
    };
    let inner = Box::new(call);
    Call::As(AsCall { proof, inner })
}

fn new_user(name: &str, role: Role, pin: &str) -> Call {
    Call::AddUser(AddUserCall {
        name: name.to_owned(),
        role,
        pin: hidden(pin),
        rights: NewRights::default(),
    })
}

fn change(name: &str) -> ChangeUserCall {
    ChangeUserCall {
        name: name.to_owned(),
        role: None,
        pin: None,
        rights: NewRights::default(),
        closed: None,
    }
}

/// A desk with the admin Ada and the clerk Carl.
fn desk() -> Desk {
    let desk = Desk::new();
    ask(&desk, new_user("Ada", Role::Admin, PIN)).unwrap();
    ask(
        &desk,
        by_pin("Ada", PIN, new_user("Carl", Role::Clerk, "830274")),
    )
    .unwrap();
    desk
}

fn sign_in(desk: &Desk, user: &str, pin: &str) -> Result<SessionView, UiError> {
    let call = SignInCall {
        user: user.to_owned(),
        pin: hidden(pin),
    };
    let View::Session(session) = ask(desk, Call::SignIn(call))? else {
        panic!("signing in answers with a session")
    };
    Ok(session)
}

/// Who is named by the last record of the journal.
fn last_user(desk: &Desk) -> String {
    desk.station()
        .apply_blocking(|owner| {
            let record: Vec<u8> = owner
                .store()
                .sql()
                .query_row(
                    "SELECT record FROM journal ORDER BY seq DESC LIMIT 1",
                    [],
                    |row| row.get(0),
                )
                .unwrap();
            Ok(shared::vault::JournalRecord::decode(&record).unwrap().user)
        })
        .unwrap()
}

fn print(desk: &Desk, name: &str) -> Call {
    Call::Print(letter(desk, name))
}

#[test]
fn a_station_works_with_one_clerk_until_the_first_admin_is_made() {
    let desk = Desk::new();
    ask(&desk, print(&desk, "one")).unwrap();
    assert_eq!(last_user(&desk), "clerk");
    let first = ask(&desk, new_user("Carl", Role::Clerk, "830274"));
    assert_eq!(code(first), "first_user_is_admin");
    ask(&desk, new_user("Ada", Role::Admin, PIN)).unwrap();
    assert_eq!(code(ask(&desk, print(&desk, "two"))), "sign_in_needed");
    let pieces = Call::Pieces(PiecesCall::default());
    assert_eq!(code(ask(&desk, pieces)), "sign_in_needed");
    assert!(ask(&desk, Call::Status).is_ok());
    ask(&desk, by_pin("ada", PIN, print(&desk, "three"))).unwrap();
    assert_eq!(last_user(&desk), "Ada");
}

#[test]
fn each_role_may_do_its_own_and_no_more() {
    let desk = desk();
    let admin = |call| by_pin("Ada", PIN, call);
    ask(&desk, admin(new_user("Iris", Role::Installer, "5938"))).unwrap();
    ask(&desk, admin(new_user("Otto", Role::Auditor, "9417"))).unwrap();
    for (user, pin) in [("Iris", "5938"), ("Otto", "9417")] {
        let printed = ask(&desk, by_pin(user, pin, print(&desk, user)));
        assert_eq!(code(printed), "not_allowed", "{user}");
        assert!(
            ask(
                &desk,
                by_pin(user, pin, Call::Pieces(PiecesCall::default()))
            )
            .is_ok()
        );
    }
    let add = new_user("Eve", Role::Admin, "582047");
    assert_eq!(
        code(ask(&desk, by_pin("Carl", "830274", add))),
        "not_allowed"
    );
    let rights = |closed, role| {
        Call::ChangeUser(ChangeUserCall {
            role,
            closed,
            ..change("Carl")
        })
    };
    let own = rights(None, Some(Role::Admin));
    assert_eq!(
        code(ask(&desk, by_pin("Carl", "830274", own))),
        "not_allowed"
    );
    let pin = Call::ChangeUser(ChangeUserCall {
        pin: Some(hidden("604172")),
        ..change("carl")
    });
    ask(&desk, by_pin("Carl", "830274", pin)).unwrap();
    ask(&desk, by_pin("Carl", "604172", print(&desk, "carl"))).unwrap();
    // A short PIN does not come to hold money.
    let more = Call::ChangeUser(ChangeUserCall {
        role: Some(Role::Supervisor),
        ..change("Iris")
    });
    assert_eq!(code(ask(&desk, admin(more))), "weak_pin");
    ask(&desk, admin(rights(Some(true), None))).unwrap();
    let closed = ask(&desk, by_pin("Carl", "604172", print(&desk, "no")));
    assert_eq!(code(closed), "unknown_user");
    let last = Call::ChangeUser(ChangeUserCall {
        closed: Some(true),
        ..change("Ada")
    });
    assert_eq!(code(ask(&desk, admin(last))), "last_admin");
}

#[test]
fn a_try_is_counted_before_the_pin_is_looked_at_and_survives_a_power_cut() {
    let mut desk = desk();
    for _ in 0..FREE_TRIES {
        // The power is cut after the count and before anybody looked at the PIN.
        let tried: Try = desk
            .station()
            .apply_blocking(|owner| owner.begin_try("Carl"))
            .unwrap();
        drop(tried);
        desk.restart();
    }
    let refused = sign_in(&desk, "Carl", "830274").unwrap_err();
    assert_eq!(refused.code, "pin_locked");
    assert!(refused.message.contains("1 minute"), "{}", refused.message);
    desk.pass_seconds(61);
    assert!(sign_in(&desk, "Carl", "830274").is_ok());
    let refused = sign_in(&desk, "Carl", "000000").unwrap_err();
    assert_eq!(refused.code, "wrong_pin");
    assert!(refused.message.contains("4 tries"), "{}", refused.message);
}

#[test]
fn after_five_wrong_tries_the_waits_are_one_five_and_fifteen_minutes() {
    let waits: Vec<Option<i64>> = (1..=9).map(wait_after).collect();
    let minutes = |minutes: i64| Some(minutes * 60);
    assert_eq!(waits[..4], [None; 4]);
    assert_eq!(
        waits[4..],
        [
            minutes(1),
            minutes(5),
            minutes(15),
            minutes(15),
            minutes(15)
        ]
    );
}

#[test]
fn a_session_ends_when_nobody_works_in_it_and_looking_is_no_work() {
    let desk = desk();
    let minutes = Call::IdleLock(IdleLockCall { minutes: 2 });
    ask(&desk, by_pin("Ada", PIN, minutes)).unwrap();
    let session = sign_in(&desk, "Carl", "830274").unwrap();
    assert_eq!(session.idle_minutes, 2);
    desk.pass_seconds(100);
    ask(&desk, by_session(&session, print(&desk, "one"))).unwrap();
    desk.pass_seconds(100);
    let look = Call::Pieces(PiecesCall::default());
    ask(&desk, by_session(&session, look.clone())).unwrap();
    desk.pass_seconds(30);
    let ended = ask(&desk, by_session(&session, print(&desk, "two")));
    assert_eq!(code(ended), "session_ended");
    let session = sign_in(&desk, "Carl", "830274").unwrap();
    let out = Call::SignOut(SignOutCall {
        token: session.token.clone(),
    });
    ask(&desk, out).unwrap();
    assert_eq!(
        code(ask(&desk, by_session(&session, look))),
        "session_ended"
    );
}

#[test]
fn a_budget_is_passed_by_a_supervisor_with_a_reason_and_by_nobody_else() {
    let desk = desk();
    let centre = Node {
        id: shared::ids::NodeId::from_bytes([7; 16]),
        parent: None,
        kind: NodeKind::CostCentre,
        name: "Sales".to_owned(),
        closed: false,
        budgets: Budgets {
            month: Some(Mills::new(1_000).unwrap()),
            ..Budgets::default()
        },
    };
    desk.station()
        .apply_blocking(move |owner| owner.write("a node", |tx| Ok(tx.put_node(&centre)?)))
        .unwrap();
    let call = |name: &str, reason: Option<&str>| {
        Call::Print(PrintCall {
            cost_centre: Some("sales".to_owned()),
            override_reason: reason.map(str::to_owned),
            ..letter(&desk, name)
        })
    };
    let carl = |call| by_pin("Carl", "830274", call);
    ask(&desk, carl(call("one", None))).unwrap();
    assert_eq!(code(ask(&desk, carl(call("two", None)))), "budget_spent");
    let passed = ask(&desk, carl(call("two", Some("I want to"))));
    assert_eq!(code(passed), "override_not_allowed");
    ask(
        &desk,
        by_pin("Ada", PIN, call("two", Some("the fair is today"))),
    )
    .unwrap();
    let recorded = desk
        .station()
        .apply_blocking(|owner| Ok(owner.store().overrides(0, 10)?))
        .unwrap();
    assert_eq!(recorded.len(), 1);
    assert_eq!(
        (&*recorded[0].user, &*recorded[0].reason),
        ("Ada", "the fair is today")
    );
    assert_eq!(recorded[0].over, Mills::new(560).unwrap());
    let booked = desk
        .station()
        .apply_blocking(|owner| Ok((owner.store().booked()?.1, owner.registers_view())))
        .unwrap();
    assert_eq!(booked.0.mills(), booked.1.ascending);
}

#[test]
fn no_pin_and_no_verifier_can_be_read_in_the_database() {
    let desk = desk();
    let database = std::fs::read(desk.data().join("station.db")).unwrap();
    let log = std::fs::read(desk.data().join("station.db-wal")).unwrap_or_default();
    for bytes in [database, log] {
        for secret in [PIN, "verifier", "\"role\""] {
            let found = bytes
                .windows(secret.len())
                .any(|window| window == secret.as_bytes());
            assert!(!found, "{secret}");
        }
    }
    assert!(!format!("{:?}", new_user("Eve", Role::Clerk, PIN)).contains(PIN));
}
