//! How pieces become bytes for one printer.

use crate::api::{PrinterPort, PrinterSetup};
use crate::printing::bits::BitImage;
use crate::printing::job::Manners;
use crate::printing::language::{Acknowledgement, Job, Language, Pace, Sheet, Unprintable};
use crate::printing::layout::stock::Stock;
use crate::printing::profile::Profile;
use crate::printing::units::Dpi;

/// From this speed on, time spent on compression is not won back on a serial line.
const FAST_BAUD: u32 = 115_200;

/// What a set-up makes of a piece.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Press {
    /// How the printer is spoken with.
    pub(crate) manners: Manners,
    sheet: Sheet,
    pace: Pace,
}

/// Why there is no press for a set-up.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NoPress {
    /// No model of this name.
    #[error("this program does not know the model {0}; it knows {all}", all = names())]
    Model(String),
    /// The model does not take the stock at the resolution.
    #[error("a {title} does not print on {stock} at {dpi} dpi")]
    Stock {
        /// The model.
        title: String,
        /// The stock.
        stock: String,
        /// The resolution.
        dpi: u16,
    },
    /// The model proves nothing, and the set-up says that it does.
    #[error("a {0} cannot say whether a label is printed")]
    NoProof(String),
}

/// The names of all models.
fn names() -> String {
    let names: Vec<&str> = Profile::all().iter().map(|profile| profile.name).collect();
    names.join(", ")
}

impl Press {
    /// The press of a set-up.
    pub(crate) fn of(setup: &PrinterSetup) -> Result<Self, NoPress> {
        let profile =
            Profile::by_name(&setup.model).ok_or_else(|| NoPress::Model(setup.model.clone()))?;
        let sheet = Dpi::from_number(setup.dpi)
            .zip(Stock::by_name(&setup.stock))
            .and_then(|(dpi, stock)| profile.sheet(&stock, dpi))
            .ok_or_else(|| NoPress::Stock {
                title: profile.title.clone(),
                stock: setup.stock.clone(),
                dpi: setup.dpi,
            })?;
        let manners = profile.manners(&sheet, setup.acknowledges);
        if setup.acknowledges && !manners.must_answer() {
            return Err(NoPress::NoProof(profile.title.clone()));
        }
        let pace = match setup.port {
            PrinterPort::Serial { baud, .. } if baud < FAST_BAUD => Pace::Slow,
            PrinterPort::Serial { .. } | PrinterPort::Device { .. } | PrinterPort::Tcp { .. } => {
                Pace::Fast
            }
        };
        Ok(Self {
            manners,
            sheet,
            pace,
        })
    }

    /// A press for a file of ESC/POS, which nobody knows the printer of.
    pub(crate) const fn of_files(dpi: Dpi) -> Self {
        let sheet = Sheet {
            plain: true,
            ..Sheet::any(dpi)
        };
        Self {
            manners: Manners {
                language: Language::EscPos,
                proof: Acknowledgement::None,
                roll_mm: None,
            },
            sheet,
            pace: Pace::Fast,
        }
    }

    /// The bytes of a piece.
    ///
    /// # Errors
    /// [`Unprintable`].
    pub(crate) fn job(&self, image: &BitImage, counter: u32) -> Result<Job, Unprintable> {
        let tag = self.manners.tag(counter);
        self.manners
            .language
            .job(image, &self.sheet, self.pace, tag)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn setup(model: &str, dpi: u16, stock: &str, acknowledges: bool) -> PrinterSetup {
        PrinterSetup {
            name: "counter".into(),
            model: model.into(),
            port: PrinterPort::Serial {
                path: "/dev/ttyUSB0".into(),
                baud: 9_600,
            },
            dpi,
            stock: stock.into(),
            acknowledges,
        }
    }

    fn refusal(setup: &PrinterSetup) -> String {
        Press::of(setup).unwrap_err().to_string()
    }

    #[test]
    fn a_set_up_that_its_model_cannot_do_is_refused_by_name() {
        let unknown = refusal(&setup("teleprinter", 203, "label-4x6", true));
        assert!(
            unknown.starts_with(
                "this program does not know the model teleprinter; it knows esc-pos, zpl, "
            ),
            "{unknown}"
        );
        assert_eq!(
            refusal(&setup("brother-ql-820nwb", 300, "label-4x6", true)),
            "a Brother QL-820NWB does not print on label-4x6 at 300 dpi"
        );
        assert_eq!(
            refusal(&setup("dymo-lw-4xl", 300, "label-4x6", true)),
            "a DYMO LabelWriter 4XL cannot say whether a label is printed"
        );
        assert!(Press::of(&setup("dymo-lw-4xl", 300, "label-4x6", false)).is_ok());
    }

    #[test]
    fn a_slow_line_is_worth_more_compression() {
        let slow = Press::of(&setup("zpl", 203, "label-4x6", true)).unwrap();
        assert_eq!(slow.pace, Pace::Slow);
        let fast = PrinterSetup {
            port: PrinterPort::Tcp {
                address: "10.0.0.7:9100".into(),
            },
            ..setup("zpl", 203, "label-4x6", true)
        };
        assert_eq!(Press::of(&fast).unwrap().pace, Pace::Fast);
    }
}
