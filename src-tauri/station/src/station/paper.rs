//! Paper that a person looks at: the picture of a piece that may be printed, and test pages.

use super::orders::not_drawn;
use super::pieces::wrong_state;
use super::sending::open_printer;
use super::{Owner, Station, faults};
use crate::api::{PictureView, TestPageView, UiError};
use crate::messages::{Code, say};
use crate::printing::job::{Doubt, Milestones, NotJournalled, Outcome};
use crate::printing::layout::stock::Stock;
use crate::printing::png::png;
use crate::printing::profile::{PAGES_TITLE, Profile};
use crate::printing::symbol;
use crate::printing::trial_page::{NO_VALUE, test_page};
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
        let stock = Stock::by_name(&inputs.label.stock).ok_or_else(unknown)?;
        let dummy = symbol::dummy(inputs.indicium.len())
            .map_err(|refusal| not_drawn(&DraftFault::Symbol(refusal)))?;
        let serial = self.serial(row.counter);
        let serial = serial.ok_or_else(|| say(Code::NotEnrolled, &[]))?;
        let drawn = (self.drawing())(&inputs.label, serial, &dummy);
        let (_, image) = drawn.map_err(|fault| not_drawn(&fault))?;
        let picture = png(&image, dpi)
            .map_err(|fault| say(Code::NotDrawn, &[("reason", &faults::chain(&fault))]))?;
        Ok(PictureView {
            pictured: serial.to_string(),
            png_base64: super::orders::base64(&picture),
            width_mm: stock.width.millimetres(),
            height_mm: stock.height.millimetres(),
        })
    }
}

/// A test page is worth nothing: nothing is journalled.
struct Worthless;

impl Milestones for Worthless {
    fn sending(&mut self) -> Result<(), NotJournalled> {
        Ok(())
    }

    fn terminating(&mut self) -> Result<(), NotJournalled> {
        Ok(())
    }

    fn sent(&mut self) -> Result<(), NotJournalled> {
        Ok(())
    }
}

impl Station {
    /// Prints a test page and waits for what the printer says of it.
    pub(super) async fn test_printer(&self, name: String) -> Result<TestPageView, UiError> {
        let station = self.clone();
        let work = tokio::task::spawn_blocking(move || station.print_test_page(&name));
        work.await
            .unwrap_or_else(|_| Err(say(Code::StationStopped, &[])))
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
        let page = test_page(stock.width, stock.height, dpi, &about)
            .map_err(|refusal| failed(&refusal))?;
        let packed = printer
            .form
            .pack(&page.label, &page.image, NO_VALUE)
            .map_err(|refusal| failed(&refusal))?;
        let proved = match printer.send(&packed, &mut Worthless) {
            Outcome::Printed => true,
            Outcome::Unknown(Doubt::NeverAcknowledges) => false,
            Outcome::Unknown(doubt) => return Err(failed(&doubt)),
            Outcome::NotPrinted(proof) => return Err(failed(&proof)),
            Outcome::Refused(unready) => return Err(failed(&unready)),
        };
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
