//! What is said of paper: labels, slips, office art, test pages. A part of the station's catalogue.

/// The catalogue with the messages about paper.
macro_rules! with_papers {
    ($($others:tt)*) => {
        with_scales! {
            $($others)*
            /// A text that is too long for its place at the smallest size.
            TextTooLong = "text_too_long", Refused, false,
                "{what}. Nothing was debited.",
                "Shorten it, or use larger paper.";
            /// A character that is in no font of labels.
            NotInFont = "not_in_font", Refused, false,
                "{what}. Nothing was debited.",
                "Write it in Latin letters.";
            /// A stock without room for what was to be printed.
            NotForStock = "not_for_stock", Refused, false,
                "{what}. Nothing was debited.",
                "Choose a printer with other paper.";
            /// A picture that is no logo, or a text that is no slogan or message.
            NoArt = "no_art", Refused, false,
                "This cannot be office art: {reason}. Nothing was changed.",
                "Choose another PNG, or write less.";
            /// A slip or label without value that met no ink.
            SlipNotPrinted = "slip_not_printed", Refused, true,
                "{name} did not print the {slip}: {reason}. No money moved.",
                "Put it right and print again; it has no value of its own.";
            /// Not known how many sheets.
            SlipUnknown = "slip_unknown", Unknown, true,
                "{name} did not say whether the {slip} is printed: {reason}. No money moved.",
                "Look at the printer, and print again if nothing came; it has no value of its own.";
            /// Nothing was claimed back.
            NoClaim = "no_claim", Refused, false,
                "{serial} was not claimed back. No money moved.",
                "Claim it first; then there is something to put on paper.";
            /// Barcode digits that are none.
            NotABarcode = "not_a_barcode", Refused, false,
                "These are no digits of an Intelligent Mail barcode: {reason}. Nothing was printed.",
                "Give 20 digits of tracking and 0, 5, 9 or 11 of routing.";
            /// A test page that nobody can trust in.
            TestPageFailed = "test_page_failed", Refused, true,
                "The test page is not known to be on the paper of {name}: {reason}. It is worth nothing.",
                "See to the printer, then test it again.";
            /// A piece was drawn for another paper.
            OtherPaper = "other_paper", Refused, false,
                "Piece {serial} is drawn for {made}, and the printer holds {holds}. Nothing was sent, and it stays paid for.",
                "Send it to a printer with that paper and head, or into a PDF file.";
        }
    };
}
