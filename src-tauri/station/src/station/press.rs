//! How pieces become bytes for one printer.

use crate::api::{PrinterPort, PrinterSetup};
use crate::crypto;
use crate::printing::bits::BitImage;
use crate::printing::escpos::AckTag;
use crate::printing::job::Manners;
use crate::printing::language::{Acknowledgement, Job, Language, Pace, Sheet, Unprintable};
use crate::printing::layout::stock::Stock;
use crate::printing::port::SerialLine;
use crate::printing::profile::Profile;
use crate::printing::units::{Dpi, Um};

/// From this speed on, time spent on compression is not won back on a serial line.
const FAST_BAUD: u32 = 115_200;

/// What a set-up makes of a piece.
#[derive(Clone, Copy, Debug)]
pub struct Press {
    /// How the printer is spoken with.
    pub(crate) manners: Manners,
    /// How its serial line is set, if it has one.
    pub(crate) serial: SerialLine,
    /// The length of a label.
    pub(crate) length: Um,
    /// What is surely left when the printer says that the paper is nearly at its end.
    pub(crate) reserve: Um,
    sheet: Sheet,
    pace: Pace,
}

/// A piece as bytes, with the tag that comes back of this very sending.
pub(crate) struct Packed {
    pub(crate) job: Job,
    pub(crate) tag: Option<AckTag>,
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
        let (stock, sheet) = Dpi::from_number(setup.dpi)
            .zip(Stock::by_name(&setup.stock))
            .and_then(|(dpi, stock)| Some((stock, profile.sheet(&stock, dpi)?)))
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
            serial: profile.serial,
            length: stock.height,
            reserve: Um::mm(profile.reserve_mm),
            sheet,
            pace,
        })
    }

    /// A press for a file of ESC/POS, which nobody knows the printer of.
    pub(crate) fn of_files(dpi: Dpi) -> Self {
        let sheet = Sheet {
            plain: true,
            ..Sheet::any(dpi)
        };
        Self {
            serial: SerialLine::default(),
            length: Um::ZERO,
            reserve: Um::ZERO,
            manners: Manners {
                language: Language::EscPos,
                proof: Acknowledgement::None,
                roll_mm: None,
            },
            sheet,
            pace: Pace::Fast,
        }
    }

    /// The bytes of a piece, for one sending.
    ///
    /// # Errors
    /// [`Unprintable`].
    pub(crate) fn pack(&self, image: &BitImage) -> Result<Packed, Unprintable> {
        let tag = self.manners.tag(u32::from_be_bytes(crypto::random_bytes()));
        let language = self.manners.language;
        let job = language.job(image, &self.sheet, self.pace, tag)?;
        Ok(Packed { job, tag })
    }

    /// Whether a piece can be packed; asked before it is paid for.
    ///
    /// # Errors
    /// [`Unprintable`].
    pub(crate) fn check(&self, image: &BitImage) -> Result<(), Unprintable> {
        self.manners.language.check(image, &self.sheet)
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
