//! `summary.json` of the headless run, written only when the books agree.

use super::letters::Files;
use crate::json::Value;

/// The refill of the headless run, mills.
const CONTROL_TOTAL: u64 = 50_000;

/// One letter with everything that was answered about it.
pub(super) struct Printed {
    /// Its files.
    pub(super) files: Files,
    /// The price before.
    pub(super) quote: Value,
    /// The piece afterwards.
    pub(super) piece: Value,
}

/// Checks the registers against the pieces and puts the summary together; the error says what does
/// not agree.
pub(super) fn summary(
    refill: &Value,
    printed: &[Printed],
    listed: &Value,
    status: &Value,
) -> Result<Value, String> {
    let mut spent = 0_u64;
    for one in printed {
        spent = spent.saturating_add(checked(one)?);
    }
    let registers = status.at("registers");
    let register = |name: &str| {
        registers
            .at(name)
            .whole()
            .ok_or_else(|| format!("the status lacks the register `{name}`"))
    };
    equal(
        "the control total",
        register("control_total")?,
        CONTROL_TOTAL,
    )?;
    equal(
        "ascending + descending",
        register("ascending")? + register("descending")?,
        CONTROL_TOTAL,
    )?;
    equal("the ascending register", register("ascending")?, spent)?;
    let count = u64::try_from(printed.len()).unwrap_or(u64::MAX);
    equal("the piece count", register("piece_count")?, count)?;
    every_piece_is_listed(printed, listed)?;
    let newest = printed.last().ok_or("nothing was printed")?;
    Ok(Value::object([
        ("station", known(status, "station")?),
        (
            "pieces",
            Value::List(printed.iter().map(piece).collect::<Result<_, _>>()?),
        ),
        (
            "registers",
            Value::object(
                ["ascending", "descending", "control_total", "piece_count"]
                    .map(|name| (name, registers.at(name).clone())),
            ),
        ),
        ("certificate_pem", known(&newest.piece, "certificate_pem")?),
        (
            "contact",
            Value::List(
                refill
                    .at("services")
                    .list()
                    .iter()
                    .map(contact)
                    .collect::<Result<_, _>>()?,
            ),
        ),
    ]))
}

/// The postage of one piece that was printed at the price that was told.
fn checked(one: &Printed) -> Result<u64, String> {
    let serial = one
        .piece
        .at("serial")
        .text()
        .unwrap_or("a piece without a serial");
    if one.piece.at("state").text() != Some("printed") {
        return Err(format!(
            "{serial} is not printed: {:?}",
            one.piece.at("state")
        ));
    }
    let postage = one
        .piece
        .at("postage_mills")
        .whole()
        .ok_or_else(|| format!("{serial} has no postage"))?;
    let told = one
        .quote
        .at("price_mills")
        .whole()
        .ok_or_else(|| format!("{serial} was not priced"))?;
    equal(&format!("the postage of {serial}"), postage, told)?;
    Ok(postage)
}

fn every_piece_is_listed(printed: &[Printed], listed: &Value) -> Result<(), String> {
    let listed = if listed.list().is_empty() {
        listed.at("pieces")
    } else {
        listed
    };
    let serials: Vec<&Value> = listed
        .list()
        .iter()
        .map(|piece| piece.at("serial"))
        .collect();
    let forgotten = printed
        .iter()
        .map(|one| one.piece.at("serial"))
        .find(|serial| !serials.contains(serial));
    match forgotten {
        Some(serial) => Err(format!("`pieces` does not list {:?}", serial.text())),
        None => Ok(()),
    }
}

fn piece(one: &Printed) -> Result<Value, String> {
    let told = [
        "serial",
        "certificate_pem",
        "class",
        "shape",
        "weight_grams",
        "postage_mills",
        "date",
        "destination",
        "indicium_hex",
    ];
    let mut members = Vec::new();
    for name in told {
        members.push((name.to_owned(), known(&one.piece, name)?));
    }
    let Files { pdf, png, escpos } = &one.files;
    members.extend(
        [("pdf", pdf), ("png", png), ("escpos", escpos)]
            .map(|(name, file)| (name.to_owned(), Value::of(file))),
    );
    Ok(Value::Object(members))
}

fn contact(service: &Value) -> Result<Value, String> {
    let told = |name| known(service, name);
    Ok(Value::object([
        ("service", told("service")?),
        ("outcome", told("outcome")?),
        ("ms", told("ms")?),
    ]))
}

fn known(value: &Value, name: &str) -> Result<Value, String> {
    let found = value.at(name);
    if *found == Value::Null {
        Err(format!("`{name}` was not told"))
    } else {
        Ok(found.clone())
    }
}

fn equal(what: &str, found: u64, wanted: u64) -> Result<(), String> {
    if found == wanted {
        Ok(())
    } else {
        Err(format!(
            "{what} is {found} mills where {wanted} was expected"
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::parse;

    fn printed(serial: &str, postage: u64, told: u64) -> Printed {
        let piece = format!(
            r#"{{"serial":"{serial}","state":"printed","certificate_pem":"PEM {serial}","class":"first-class","shape":"letter",
                "weight_grams":25.515,"postage_mills":{postage},"date":"2026-11-22","destination":"10001","indicium_hex":"00"}}"#
        );
        Printed {
            files: Files {
                pdf: "a.pdf".to_owned(),
                png: "a.png".to_owned(),
                escpos: "a.escpos".to_owned(),
            },
            quote: parse(&format!(r#"{{"price_mills":{told}}}"#)).unwrap(),
            piece: parse(&piece).unwrap(),
        }
    }

    fn status(ascending: u64, descending: u64, count: u64) -> Value {
        parse(&format!(
            r#"{{"station":"100","registers":{{"ascending":{ascending},"descending":{descending},"control_total":{},"piece_count":{count}}}}}"#,
            ascending + descending
        ))
        .unwrap()
    }

    fn refill() -> Value {
        parse(r#"{"services":[{"service":"funds","outcome":"served","level":"L3","ms":8}]}"#)
            .unwrap()
    }

    fn listed() -> Value {
        parse(r#"[{"serial":"100-2"},{"serial":"100-1"}]"#).unwrap()
    }

    #[test]
    fn a_summary_tells_pieces_registers_certificate_and_contact() {
        let pieces = [printed("100-1", 780, 780), printed("100-2", 1_070, 1_070)];
        let found = summary(&refill(), &pieces, &listed(), &status(1_850, 48_150, 2)).unwrap();
        assert_eq!(found.at("station").text(), Some("100"));
        assert_eq!(found.at("pieces").list()[0].at("png").text(), Some("a.png"));
        assert_eq!(
            found.at("pieces").list()[1].at("weight_grams"),
            &Value::Number("25.515".to_owned())
        );
        assert_eq!(found.at("registers").at("ascending").whole(), Some(1_850));
        assert_eq!(found.at("certificate_pem").text(), Some("PEM 100-2"));
        assert_eq!(found.at("contact").list()[0].at("ms").whole(), Some(8));
        assert_eq!(found.at("contact").list()[0].at("level"), &Value::Null);
    }

    #[test]
    fn books_that_do_not_agree_make_no_summary() {
        let pieces = || [printed("100-1", 780, 780), printed("100-2", 1_070, 1_070)];
        let refused = |printed: &[Printed], status: &Value| {
            summary(&refill(), printed, &listed(), status).unwrap_err()
        };
        assert!(refused(&pieces(), &status(1_849, 48_151, 2)).contains("ascending"));
        assert!(refused(&pieces(), &status(1_850, 48_150, 3)).contains("piece count"));
        assert!(refused(&pieces(), &status(1_850, 48_151, 2)).contains("control total"));
        assert!(
            refused(&[printed("100-1", 780, 790)], &status(780, 49_220, 1))
                .contains("postage of 100-1")
        );
        assert!(refused(&[printed("100-9", 780, 780)], &status(780, 49_220, 1)).contains("list"));
    }

    #[test]
    fn a_piece_that_is_not_printed_makes_no_summary() {
        let mut one = printed("100-1", 780, 780);
        let Value::Object(members) = &mut one.piece else {
            panic!("a piece is an object")
        };
        members[1].1 = Value::of("unknown");
        assert!(
            summary(&refill(), &[one], &listed(), &status(780, 49_220, 1))
                .unwrap_err()
                .contains("not printed")
        );
    }
}
