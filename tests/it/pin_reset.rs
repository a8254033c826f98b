//! A forgotten PIN: ordered at the data center, told with the next contact, and good for a new PIN
//! of that user at that station, once and for a week.

use std::sync::Arc;

use server::admin::call::AdminCall;
use shared::services::funds::pin_reset::PIN_RESET_DAYS;
use station::api::{
    AddUserCall, AsCall, Call, ChangeUserCall, Hidden, NewRights, Proof, Role, SignInCall, UiError,
    View,
};
use station::contact::link::Link;
use station::contact::round::meet_over;
use station::services::Asked;
use system_tests::line::{Line, Trick};
use system_tests::town::{Counter, Town};

const OLD: &str = "274951";
const NEW: &str = "604172";

fn hidden(text: &str) -> Hidden {
    Hidden::new(text.to_owned())
}

async fn said(counter: &Counter, call: Call) -> String {
    match counter.station.call(call).await {
        Ok(_) => "done".to_owned(),
        Err(UiError { code, .. }) => code,
    }
}

/// A station whose only user, Ada, may do everything.
async fn with_ada(town: &Town, name: &str) -> Counter {
    let counter = town.enrolled(name).await;
    let call = AddUserCall {
        name: "Ada".to_owned(),
        role: Role::Admin,
        pin: hidden(OLD),
        rights: NewRights::default(),
    };
    let made = counter.station.call(Call::AddUser(call)).await.unwrap();
    assert!(matches!(made, View::Users(_)));
    counter
}

async fn sign_in(counter: &Counter, pin: &str) -> String {
    let call = SignInCall {
        user: "Ada".to_owned(),
        pin: hidden(pin),
    };
    said(counter, Call::SignIn(call)).await
}

/// A call by the code of the data center.
async fn by_code(counter: &Counter, (user, code): (&str, &str), inner: Call) -> String {
    let proof = Proof::Code {
        user: user.to_owned(),
        code: hidden(code),
    };
    let inner = Box::new(inner);
    said(counter, Call::As(AsCall { proof, inner })).await
}

fn new_pin(user: &str) -> Call {
    Call::ChangeUser(ChangeUserCall {
        name: user.to_owned(),
        role: None,
        pin: Some(hidden(NEW)),
        rights: NewRights::default(),
        closed: None,
    })
}

async fn order(town: &Town, counter: &Counter, user: &str) -> String {
    let call = AdminCall::StationResetPin {
        station: counter.status().await.station.unwrap(),
        user: user.to_owned(),
    };
    let shown = town.admin(call).await;
    shown[0]["code"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forgotten_pin_is_chosen_anew_with_the_code_of_an_admin_at_the_data_center() {
    let town = Town::with_deposit("10.00").await;
    let counter = with_ada(&town, "one").await;
    for _ in 0..5 {
        assert_ne!(sign_in(&counter, NEW).await, "done");
    }
    assert_eq!(sign_in(&counter, OLD).await, "pin_locked");
    let code = order(&town, &counter, "ada").await;
    let too_early = by_code(&counter, ("Ada", &code), new_pin("Ada")).await;
    assert_eq!(too_early, "reset_refused");

    // The reply that tells of it is lost: the stream sends it once more.
    let line = Line::new(&town.center, &counter.station, Vec::new(), |path: &str| {
        if path.ends_with("/funds/sync") {
            Trick::LoseReply
        } else {
            Trick::None
        }
    });
    let link: Arc<dyn Link> = line;
    let met = meet_over(&counter.station, &link, Asked::default()).await;
    assert_eq!(
        met.err().map(|fault| fault.code).as_deref(),
        Some("line_broke")
    );
    let lost = by_code(&counter, ("Ada", &code), new_pin("Ada")).await;
    assert_eq!(lost, "reset_refused");
    counter.contact().await.unwrap();

    let wrong = format!(
        "{}{}",
        if code.starts_with('0') { "1" } else { "0" },
        &code[1..]
    );
    for (user, typed) in [("Ada", wrong.as_str()), ("Ben", &code), ("Ada", "")] {
        let refused = by_code(&counter, (user, typed), new_pin(user)).await;
        assert_eq!(refused, "reset_refused", "{user} {typed}");
    }
    let more = by_code(&counter, ("Ada", &code), Call::RotateKeys).await;
    assert_eq!(
        more, "not_allowed",
        "the code is for a PIN and nothing else"
    );
    let typed = code.to_lowercase().replace('-', " ");
    assert_eq!(
        by_code(&counter, ("ada", &typed), new_pin("Ada")).await,
        "done"
    );
    assert_eq!(
        sign_in(&counter, NEW).await,
        "done",
        "the wait has ended too"
    );
    assert_eq!(sign_in(&counter, OLD).await, "wrong_pin");
    let again = by_code(&counter, ("Ada", &code), new_pin("Ada")).await;
    assert_eq!(again, "reset_refused", "once");
    counter.contact().await.unwrap();
    let again = by_code(&counter, ("Ada", &code), new_pin("Ada")).await;
    assert_eq!(again, "reset_refused", "it is told once");
    town.assert_books_hold().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_is_good_for_its_station_until_the_next_one_or_a_week_has_passed() {
    let town = Town::with_deposit("10.00").await;
    let [one, two] = [with_ada(&town, "one").await, with_ada(&town, "two").await];
    let codes = [
        order(&town, &one, "Ada").await,
        order(&town, &two, "Ada").await,
    ];
    one.contact().await.unwrap();
    two.contact().await.unwrap();
    let foreign = by_code(&one, ("Ada", &codes[1]), new_pin("Ada")).await;
    assert_eq!(foreign, "reset_refused");
    let newer = order(&town, &one, "Ada").await;
    one.contact().await.unwrap();
    let earlier = by_code(&one, ("Ada", &codes[0]), new_pin("Ada")).await;
    assert_eq!(earlier, "reset_refused");
    assert_eq!(by_code(&one, ("Ada", &newer), new_pin("Ada")).await, "done");
    town.turn_days(PIN_RESET_DAYS);
    let late = by_code(&two, ("Ada", &codes[1]), new_pin("Ada")).await;
    assert_eq!(late, "reset_refused");
    // An order that ran out before the station called is not told at all.
    let unheard = order(&town, &two, "Ada").await;
    town.turn_days(PIN_RESET_DAYS);
    two.contact().await.unwrap();
    let late = by_code(&two, ("Ada", &unheard), new_pin("Ada")).await;
    assert_eq!(late, "reset_refused");
    let refused = |station: String, user: &str| {
        town.refused(AdminCall::StationResetPin {
            station,
            user: user.to_owned(),
        })
    };
    let psd = two.status().await.station.unwrap();
    assert_eq!(refused(psd, "  ").await.code, "usage");
    let nowhere = refused("nowhere".to_owned(), "Ada").await;
    assert_eq!(nowhere.code, "unknown_station");
}
