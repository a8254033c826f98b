use proptest::prelude::*;

use super::*;

const PAPER: Paper = Paper {
    stock: "label",
    least: least_size(Dpi::D300),
};

fn passage(text: &str, rows: usize) -> Passage {
    Passage {
        field: Field::of("the slogan"),
        face: Face::Regular,
        size: Um::tenth_points(100),
        text: text.to_owned(),
        rows,
    }
}

fn set(passages: &[Passage], width: Um, height: Um) -> Result<Vec<Row>, LayoutRefusal> {
    block(passages, (width, height), Shrinking::Each, PAPER)
}

#[test]
fn a_text_that_fits_keeps_its_size() {
    let rows = set(&[passage("Seeds", 1)], Um::mm(40), Um::mm(10)).unwrap();
    assert_eq!(rows.len(), 1);
    assert_eq!(rows[0].size, Um::tenth_points(100));
}

#[test]
fn a_text_with_rows_is_broken_before_it_shrinks() {
    let text = "Seeds that grow - sold since 1911";
    let rows = set(&[passage(text, 3)], Um::mm(22), Um::mm(40)).unwrap();
    let texts: Vec<&str> = rows.iter().map(|row| row.text.as_str()).collect();
    assert_eq!(texts, ["Seeds that", "grow - sold", "since 1911"]);
    assert!(rows.iter().all(|row| row.size == Um::tenth_points(100)));
    let one = set(&[passage(text, 1)], Um::mm(45), Um::mm(40)).unwrap();
    assert!(one.len() == 1 && one[0].size < Um::tenth_points(100));
}

#[test]
fn what_is_too_high_shrinks_all_together_and_keeps_its_rows() {
    let passages = [passage("one", 1), passage("two", 1), passage("three", 1)];
    let rows = set(&passages, Um::mm(40), Um::mm(9)).unwrap();
    assert!(height(&rows) <= Um::mm(9) && rows[0].size < Um::tenth_points(100));
    assert!(rows.iter().all(|row| row.size == rows[0].size));
}

#[test]
fn a_text_that_does_not_fit_at_the_smallest_size_is_refused_by_its_field() {
    let long = passage(&"W".repeat(60), 2);
    let refusal = set(&[passage("short", 1), long], Um::mm(40), Um::mm(40)).unwrap_err();
    assert_eq!(refusal.to_string(), "the slogan does not fit on the label");
    let many = [(); 9].map(|()| passage("row", 1));
    let refusal = set(&many, Um::mm(40), Um::mm(12)).unwrap_err();
    assert!(matches!(refusal, LayoutRefusal::TooLong { .. }));
}

#[test]
fn the_smallest_size_is_that_of_the_resolution() {
    let text = passage("It is set smaller and smaller until it fits", 1);
    for dpi in [Dpi::D203, Dpi::D300, Dpi::D600] {
        let least = least_size(dpi);
        let narrowest = fonts::width(Face::Regular, least, &text.text);
        let paper = Paper {
            stock: "label",
            least,
        };
        let at = |width| {
            let area = (width, Um::mm(9));
            block(std::slice::from_ref(&text), area, Shrinking::Each, paper)
        };
        assert_eq!(at(narrowest).unwrap()[0].size, least, "{dpi:?}");
        assert!(at(narrowest - Um(1)).is_err(), "{dpi:?}");
    }
    assert!(least_size(Dpi::D203) > least_size(Dpi::D300));
}

#[test]
fn a_character_outside_of_the_fonts_is_refused_with_its_number() {
    let refusal = |text: &str| set(&[passage(text, 1)], Um::mm(90), Um::mm(9)).unwrap_err();
    assert_eq!(
        refusal("Zum 郵便局").to_string(),
        "the slogan has the character 郵 (U+90F5), which is in no font of labels"
    );
    assert_eq!(
        refusal("a\tb").to_string(),
        "the slogan has the character \\t (U+0009), which is in no font of labels"
    );
}

proptest! {
    #[test]
    fn rows_say_all_of_the_text_within_their_width(
        text in "[A-Za-z0-9 ,.-]{0,80}", width in 5_000u32..90_000, rows in 1usize..5,
    ) {
        let passage = passage(&text, rows);
        if let Ok(set) = set(std::slice::from_ref(&passage), Um(width), Um::mm(90)) {
            prop_assert!(set.len() <= rows.max(1));
            for row in &set {
                prop_assert!(fonts::width(row.face, row.size, &row.text) <= Um(width));
                prop_assert!(row.size >= PAPER.least);
            }
            let said: String = set.iter().flat_map(|row| row.text.chars()).filter(|c| *c != ' ').collect();
            let meant: String = text.chars().filter(|c| *c != ' ').collect();
            prop_assert_eq!(said, meant);
        }
    }
}
