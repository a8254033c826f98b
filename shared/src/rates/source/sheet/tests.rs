use proptest::prelude::*;

use super::*;

/// Prices by zone as the post's file has them: a byte order mark, carriage returns, titles, quoted
/// headings, dollars, thousands, footnotes, cells without a price, and zone 9 in a second part.
const GROUND: &str = "\u{feff}USPS Ground Advantage,,,,,,,,\r
Retail,,,,,,,,\r
\"Weight Not Over (lbs.)\",\"Local, Zones 1 & 2\",Zone 3,Zone 4,Zone 5,Zone 6,Zone 7,Zone 8\r
\"15.999 oz\",$7.61,$7.70,$7.80,8.20,8.35,8.55,\"9.05\"\r
1*,$7.95,$8.05,$8.20,8.60,8.75,8.95,9.45\r
70 (2),\"$1,057.05\",N/A,-,\u{2014},58.75,59.20,60.00\r
\r
\"* Not over 1 lb; larger pieces, see below.\",,,,,,,\r
\"Weight Not Over (lbs.)\",Zone 8,Zone 9\r
15.999 oz,9.05,$9.45\r
1,9.45,9.45\r
Flat rate envelope,$9.85,\r
";

fn read(text: &str) -> Sheet {
    read_sheet("ga.csv", text, (GoesBy::Zone, None)).unwrap()
}

fn faults(text: &str) -> String {
    let faults = read_sheet("ga.csv", text, (GoesBy::Zone, None)).unwrap_err();
    let lines: Vec<String> = faults.iter().map(ToString::to_string).collect();
    lines.join("\n")
}

#[test]
fn the_posts_table_is_read_with_everything_that_people_wrote_around_it() {
    let sheet = read(GROUND);
    assert!(sheet.zoned);
    let rows = sheet.rows.iter().map(|row| {
        let prices = row.prices.iter();
        let prices: Vec<String> = prices
            .map(|p| p.map_or_else(|| "-".to_owned(), |p| p.to_string()))
            .collect();
        format!("line {} to {}: {}", row.line, row.limit, prices.join(" "))
    });
    insta::assert_snapshot!(rows.collect::<Vec<_>>().join("\n"), @r"
    line 4 to 15.999 oz: 7.61 7.61 7.70 7.80 8.20 8.35 8.55 9.05 9.45
    line 5 to 1 lb: 7.95 7.95 8.05 8.20 8.60 8.75 8.95 9.45 9.45
    line 6 to 70 lb: 1057.05 1057.05 - - - 58.75 59.20 60.00 -
    ");
    let not_read: Vec<u32> = sheet.not_read.iter().map(|(line, _)| *line).collect();
    assert_eq!(not_read, [12], "listed, because it is no price by weight");
}

#[test]
fn a_table_abroad_has_a_column_for_each_price_group() {
    let text = "Priority Mail International,,,\nWeight Not Over (lbs.),Price Group 1,12,20\n\
                1,41.50,52.25,68\n2,45,57,-\n";
    let sheet = read_sheet("abroad.csv", text, (GoesBy::Group, None)).unwrap();
    assert_eq!((sheet.zoned, sheet.groups), (false, vec![1, 12, 20]));
    let prices = sheet.rows.iter().map(|row| {
        let prices = row.prices.iter();
        let prices: Vec<String> = prices
            .map(|price| price.map_or_else(|| "-".to_owned(), |price| price.to_string()))
            .collect();
        format!("{}: {}", row.limit, prices.join(" "))
    });
    // Whole dollars are prices and no heading with other groups.
    assert_eq!(
        prices.collect::<Vec<_>>(),
        ["1 lb: 41.50 52.25 68.00", "2 lb: 45.00 57.00 -"]
    );
    // At home the same headings are no zones, and nothing is guessed.
    let refused = read_sheet("abroad.csv", text, (GoesBy::Zone, None));
    assert!(refused.is_err());
}

#[test]
fn a_table_without_zones_has_one_price_a_row() {
    let sheet =
        read("Letters - Metered\n\"Weight Not Over (oz.)\",Price\n1,$0.78\n2,1.07\n3.5,$1.65\n");
    assert!(!sheet.zoned);
    let prices: Vec<String> = sheet
        .rows
        .iter()
        .map(|row| format!("{} {}", row.limit, row.prices[0].unwrap()))
        .collect();
    assert_eq!(prices, ["1 oz 0.78", "2 oz 1.07", "3.5 oz 1.65"]);
}

#[test]
fn every_fault_says_file_line_and_column() {
    let text = "Weight Not Over (lbs.),Zone 1,Zone 2,Zone 3\n\
                1,$7.61,seven,7.80\n\
                2,7.95,8.05\n\
                3x,1.00,1.00,1.00\n\
                4,0.00,1.00,1.00\n\
                1,7.61,7.70,9.99\n\
                5,1.00,1.00,1.00,2.00\n";
    insta::assert_snapshot!(faults(text), @r#"
    ga.csv line 2 column C: "seven" is not a price such as $7.61
    ga.csv line 3 column D: the line ends before this column
    ga.csv line 4 column A: "3x" is not a weight such as 3.5, 12 oz or 70 lbs
    ga.csv line 5 column B: "0.00" is a price of nothing
    ga.csv line 6 column D: another price than in line 2 for the same cell
    ga.csv line 7 column E: "2.00" stands in a column without a heading
    "#);
}

#[test]
fn what_is_no_table_is_refused() {
    insta::assert_snapshot!(
        [
            faults(""),
            faults("Dear customer,thank you\n"),
            faults("1,2.00\n"),
            faults("Weight,Price\n1,2.00\n"),
            faults("Weight (oz),Price\n1,2.00\n,Zone 1,Zone 2\n2,2.00,3.00\n"),
            faults(&"x".repeat(MAX_SHEET_BYTES + 1)),
            faults(&",".repeat(100)),
        ]
        .join("\n"),
        @r#"
    ga.csv: no line with a weight and a price
    ga.csv: no line with a weight and a price
    ga.csv line 1: prices without a heading that says what the columns are
    ga.csv line 2 column A: "1" has no unit, and no heading says one
    ga.csv: some prices go by zone and some do not: two tables in one file
    ga.csv: larger than 1048576 bytes
    ga.csv line 1: more than 4096 lines or 64 columns
    "#
    );
}

#[test]
fn zones_are_headed_in_many_ways() {
    for (heading, zones) in [
        ("3", vec![3]),
        ("Zone 3", vec![3]),
        ("Zones 1 & 2", vec![1, 2]),
        ("Local, 1 & 2", vec![1, 2]),
        ("L,1,2", vec![1, 2]),
        ("Zones 1\u{2013}4", vec![1, 2, 3, 4]),
        ("1 and 2", vec![1, 2]),
    ] {
        assert_eq!(zone_label(heading), Some(zones), "{heading}");
    }
    for heading in ["Price", "", "10", "Zone", "0", "3.50"] {
        let zones = zone_label(heading);
        assert!(zones.is_none() || heading == "3.50", "{heading}: {zones:?}");
    }
    assert_eq!(
        [letters(1), letters(26), letters(27), letters(64)],
        ["A", "Z", "AA", "BL"]
    );
}

proptest! {
    #[test]
    fn no_text_makes_the_reader_panic(
        text in "[\u{feff}0-9a-zA-Z$.,\"\n\r *()-]{0,400}",
        by in prop::sample::select(vec![GoesBy::Zone, GoesBy::Group]),
    ) {
        let read = read_sheet("any.csv", &text, (by, Some(WeightUnit::Pounds)));
        if let Ok(sheet) = read {
            prop_assert!(sheet.rows.is_sorted_by(|a, b| a.limit < b.limit));
        }
    }

    #[test]
    fn a_written_table_is_read_back(
        prices in prop::collection::vec(prop::collection::vec(1u64..1_000_000, 9), 1..70)
    ) {
        let mut text = "Weight Not Over (lbs.),1,2,3,4,5,6,7,8,9\n".to_owned();
        for (pound, row) in (1..).zip(&prices) {
            let cells = row.iter().map(|cents| {
                let mills = Mills::from_cents(*cents).unwrap();
                if cents % 2 == 0 { format!("${mills}") } else { mills.to_string() }
            });
            let cells: Vec<String> = cells.collect();
            text += &format!("{pound},{}\n", cells.join(","));
        }
        let sheet = read_sheet("any.csv", &text, (GoesBy::Zone, None)).unwrap();
        let read: Vec<Vec<u64>> = sheet.rows.iter().map(|row| {
            row.prices.iter().map(|price| price.unwrap().mills() / 10).collect()
        }).collect();
        prop_assert_eq!(read, prices);
    }
}
