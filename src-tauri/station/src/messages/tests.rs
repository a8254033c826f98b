use super::*;

#[test]
fn all_messages_of_the_station_can_be_read_in_one_sitting() {
    let mut text = String::new();
    for code in Code::ALL {
        let entry = code.entry();
        let retry = if entry.retry {
            ", may be tried again"
        } else {
            ""
        };
        text.push_str(&format!(
            "{} ({:?}{retry})\n  {}\n  {}\n",
            entry.code, entry.kind, entry.message, entry.hint
        ));
    }
    insta::assert_snapshot!(text);
}

#[test]
fn no_code_is_used_twice() {
    let mut codes: Vec<&str> = Code::ALL.iter().map(|code| code.entry().code).collect();
    codes.sort_unstable();
    let all = codes.len();
    codes.dedup();
    assert_eq!(codes.len(), all);
}

#[test]
fn values_stand_where_their_names_stood() {
    let error = say(
        Code::InsufficientFunds,
        &[("left", "0.50"), ("postage", "{left}")],
    );
    assert_eq!(
        error.message,
        "The vault holds 0.50, the postage is {left}. Nothing was debited."
    );
    assert_eq!(error.kind, ErrorKind::Refused);
}

#[test]
fn a_value_nobody_gave_is_seen() {
    assert!(say(Code::UnknownPiece, &[]).message.contains("piece ?"));
}
