//! Paper that a person looks at: the picture of a piece that may be printed, and test pages.

use super::orders::not_drawn;
use super::pieces::wrong_state;
use super::sending::{OpenPrinter, open_printer};
use super::{Owner, Station, faults};
use crate::api::{PictureView, TestPageView, UiError};
use crate::messages::{Code, say};
use crate::printing::bits::BitImage;
use crate::printing::job::{Doubt, Outcome, Traceless};
use crate::printing::label::Label;
use crate::printing::layout::stock::Stock;
use crate::printing::layout::trial_page::{NO_VALUE, test_page};
use crate::printing::png::png;
use crate::printing::profile::{PAGES_TITLE, Profile};
use crate::printing::symbol;
use crate::printing::units::Dpi;
use crate::vault::draft::DraftFault;

impl Owner {
    /// The picture of a piece that is not done, with a dummy in the place of its symbol.
    pub(super) fn picture(&mut self, serial: &str) -> Result<PictureView, UiError> {
        self.note_what_is_known();
        let row = self.piece(serial)?;
        let inputs = self.inputs(&row)?;
        let inputs = inputs.ok_or_else(|| wrong_state(serial, row.state))?;
        let unknown = || not_drawn(&DraftFault::UnknownLabel);
        let dpi = Dpi::from_number(inputs.label.dpi).ok_or_else(unknown)?;
        let dummy = symbol::dummy(inputs.indicium.len())
            .map_err(|refusal| not_drawn(&DraftFault::Symbol(refusal)))?;
        let serial = self.serial(row.counter);
        let serial = serial.ok_or_else(|| say(Code::NotEnrolled, &[]))?;
        let drawn = (self.drawing())(&inputs.label, serial, &dummy);
        let (label, image) = drawn.map_err(|fault| not_drawn(&fault))?;
        let picture = png(&image, dpi)
            .map_err(|fault| say(Code::NotDrawn, &[("reason", &faults::chain(&fault))]))?;
        Ok(PictureView {
            pictured: serial.to_string(),
            png_base64: super::orders::base64(&picture),
            width_mm: label.width().millimetres(),
            height_mm: label.height().millimetres(),
        })
    }
}

/// Why it is not known that something without value is on paper.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unproved {
    /// The printer refuses, or proves that nothing is on paper.
    #[error("{0}")]
    NotPrinted(String),
    /// Nobody knows.
    #[error("{0}")]
    Unknown(Doubt),
}

/// Sends something without value, which a print queue calls by its title. Answers whether the
/// printer has proved that it is on paper; one that never proves anything has not.
///
/// # Errors
/// [`Unproved`].
pub(super) fn send_worthless(
    printer: &mut OpenPrinter,
    label: &Label,
    image: &BitImage,
    title: &str,
) -> Result<bool, Unproved> {
    let not_printed = |reason: &dyn std::error::Error| Unproved::NotPrinted(faults::chain(reason));
    let packed = printer.form.pack(label, image, title);
    let packed = packed.map_err(|refusal| not_printed(&refusal))?;
    match printer.send(&packed, &mut Traceless) {
        Outcome::Printed => Ok(true),
        Outcome::Unknown(Doubt::NeverAcknowledges) => Ok(false),
        Outcome::Unknown(doubt) => Err(Unproved::Unknown(doubt)),
        Outcome::NotPrinted(proof) => Err(not_printed(&proof)),
        Outcome::Refused(unready) => Err(not_printed(&unready)),
    }
}

impl Station {
    /// Prints a test page and waits for what the printer says of it.
    pub(super) async fn test_printer(&self, name: String) -> Result<TestPageView, UiError> {
        self.on_a_thread(move |station| station.print_test_page(&name))
            .await
    }

    fn print_test_page(&self, name: &str) -> Result<TestPageView, UiError> {
        let asked = name.to_owned();
        let setup = self.apply_blocking(move |owner| owner.printer(&asked))?;
        let failed = |fault: &dyn std::error::Error| {
            let reason = faults::chain(fault);
            say(
                Code::TestPageFailed,
                &[("name", name), ("reason", reason.as_str())],
            )
        };
        let mut printer = open_printer(&setup, self)?;
        let stock = Stock::by_name(&setup.stock).zip(Dpi::from_number(setup.dpi));
        let (stock, dpi) = stock.ok_or_else(|| not_drawn(&DraftFault::UnknownLabel))?;
        let model =
            Profile::by_name(&setup.model).map_or(PAGES_TITLE, |profile| profile.title.as_str());
        let about = format!("{model}, {}, {} dpi", stock.title, setup.dpi);
        let page = test_page(&stock, dpi, &about).map_err(|refusal| failed(&refusal))?;
        let proved = send_worthless(&mut printer, &page.label, &page.image, NO_VALUE)
            .map_err(|unproved| failed(&unproved))?;
        Ok(TestPageView {
            tested: setup.name,
            proved,
            look: LOOK.to_owned(),
        })
    }
}

/// What a good test page looks like.
const LOOK: &str = "Hold a ruler to the upper edge: its marks are millimetres. The six patches are even, \
                    without white or black lines; every line of text is whole; the symbol is sharp.";

#[cfg(test)]
mod tests;
