//! Places, and addresses as people paste them.

use proptest::prelude::*;

use super::*;

fn place(zip: &str) -> Option<String> {
    let place = lookup(zip.parse().unwrap())?;
    let city = place.city.unwrap_or("?");
    Some(format!("{city} {}", place.state))
}

#[test]
fn zips_are_found_with_city_and_state() {
    for (zip, expected) in [
        ("62701", "Springfield IL"),
        ("10001", "New York NY"),
        ("94103", "San Francisco CA"),
        ("02139-4307", "Cambridge MA"),
        ("09001", "APO AE"),
        ("96269", "FPO AP"),
        ("34050", "FPO AA"),
        ("96860", "JBPHH HI"),
        ("00907", "? PR"),
        ("00802", "? VI"),
        ("96910", "? GU"),
        ("96799", "? AS"),
    ] {
        assert_eq!(place(zip).as_deref(), Some(expected), "{zip}");
    }
}

#[test]
fn zips_that_do_not_exist_are_unknown() {
    for zip in ["00000", "00001", "00899", "62700", "99999", "96999"] {
        assert!(!is_known(zip.parse().unwrap()), "{zip}");
    }
}

/// An address as a person reads it.
fn split(text: &str) -> String {
    let address = split_pasted_address(text);
    let part = |part: Option<String>| part.unwrap_or_else(|| "-".to_owned());
    let mut lines = vec![address.lines.join(" / ")];
    let (city, state, zip) = (address.city, address.state, address.zip);
    let known = if address.known { "known" } else { "unknown" };
    lines.push(format!(
        "{} | {} | {} | {known}",
        part(city),
        part(state),
        part(zip)
    ));
    lines.extend(address.notes);
    lines.join("\n")
}

#[test]
fn the_last_line_is_read_from_its_end() {
    let expected = "Ada Smith / 12 Main St\nSpringfield | IL | 62701 | known";
    for text in [
        "Ada Smith\n12 Main St\nSpringfield IL 62701",
        "Ada Smith\r\n12 Main St\r\nSpringfield, IL 62701\r\n\r\n",
        "  Ada   Smith\n12 Main St,\nSpringfield, Illinois 62701\nUSA",
        "Ada Smith\n12 Main St\nSpringfield, il, 62701, United States",
        "Ada Smith\n12 Main St\nSpringfield, IL\n62701",
        "Ada Smith, 12 Main St, Springfield, IL 62701",
    ] {
        assert_eq!(split(text), expected, "{text}");
    }
}

#[test]
fn longer_zips_keep_their_digits() {
    assert_eq!(
        split("Springfield IL 62701-1234"),
        "\nSpringfield | IL | 627011234 | known"
    );
    assert_eq!(
        split("Springfield IL 627011234"),
        "\nSpringfield | IL | 627011234 | known"
    );
    assert_eq!(
        split("Springfield IL 62701123456"),
        "\nSpringfield | IL | 62701123456 | known"
    );
}

#[test]
fn one_line_without_commas_is_split_by_the_zips_city() {
    assert_eq!(
        split("12 Main St Springfield IL 62701"),
        "12 Main St\nSpringfield | IL | 62701 | known"
    );
    assert_eq!(
        split("1600 Pennsylvania Ave Washington D.C. 20500"),
        "1600 Pennsylvania Ave\nWashington | DC | 20500 | known"
    );
    assert_eq!(split("62701"), "\nSpringfield | IL | 62701 | known");
}

#[test]
fn names_of_states_are_not_taken_for_cities() {
    assert_eq!(
        split("Charleston, West Virginia 25301"),
        "\nCharleston | WV | 25301 | known"
    );
    assert_eq!(
        split("A\nNew York, New York 10001"),
        "A\nNew York | NY | 10001 | known"
    );
    assert_eq!(
        split("A\nWashington, District of Columbia 20500"),
        "A\nWashington | DC | 20500 | known"
    );
    assert_eq!(
        split("A\nSt. Louis MO 63101"),
        "A\nSt. Louis | MO | 63101 | known"
    );
}

#[test]
fn the_forces_and_the_territories_are_known() {
    assert_eq!(
        split("PSC 3 Box 7\nAPO AE 09001"),
        "PSC 3 Box 7\nAPO | AE | 09001 | known"
    );
    assert_eq!(
        split("Calle Luna 5\nSan Juan PR 00907"),
        "Calle Luna 5\nSan Juan | PR | 00907 | known"
    );
}

#[test]
fn what_does_not_fit_is_noted() {
    assert_eq!(
        split("A\nChicago IL 62701"),
        "A\nChicago | IL | 62701 | known\nZIP 62701 is mainly Springfield; the address says Chicago."
    );
    assert_eq!(
        split("A\nSpringfield MA 62701"),
        "A\nSpringfield | MA | 62701 | known\nZIP 62701 is in IL, not in MA."
    );
    assert_eq!(
        split("A\nNowhere IL 62700"),
        "A\nNowhere | IL | 62700 | unknown\nThere is no ZIP 62700."
    );
    assert_eq!(
        split("Ada\nSpringfield, IL"),
        "Ada\nSpringfield | IL | - | unknown\nThere is no ZIP at the end of the address."
    );
    assert_eq!(
        split("Ada Smith\nPO Box 12345"),
        "Ada Smith / PO Box 12345\n- | - | - | unknown\nThere is no ZIP at the end of the address."
    );
    assert_eq!(
        split(" \n"),
        "\n- | - | - | unknown\nThere is no address in the text."
    );
    assert!(split(&"A street\n".repeat(400)).contains("too long"));
}

proptest! {
    #[test]
    fn no_text_makes_the_splitter_panic(text in "(?s).{0,120}") {
        prop_assert!(split_pasted_address(&text).notes.len() <= 4);
    }

    #[test]
    fn no_address_makes_the_splitter_panic(
        text in "[A-Z0-9 ,.#\n-]{0,40}(St|Springfield|USA|İstanbul|ß|, )?[ ,\n]{0,3}(IL|Illinois|D.C.)?[ ,\n]{0,2}[0-9-]{0,13}[ ,\n]?(USA|us)?"
    ) {
        prop_assert!(split_pasted_address(&text).notes.len() <= 4);
    }

    #[test]
    fn every_zip_has_at_most_one_answer(number in 0u32..100_000) {
        let zip = Zip5::new(number).unwrap();
        prop_assert_eq!(is_known(zip), lookup(zip).is_some());
        if let Some(place) = lookup(zip) {
            prop_assert_eq!(place.state.len(), 2);
        }
    }
}
