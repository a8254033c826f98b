//! How pieces become bytes for one printer.

use std::borrow::Cow;

use crate::api::{PrinterPort, PrinterSetup};
use crate::crypto;
use crate::printing::bits::BitImage;
use crate::printing::escpos::AckTag;
use crate::printing::job::Manners;
use crate::printing::label::Label;
use crate::printing::language::{Acknowledgement, Job, Language, Pace, Sheet, Unprintable};
use crate::printing::layout::stock::{Feed, Stock};
use crate::printing::pdf::pdf;
use crate::printing::port::SerialLine;
use crate::printing::profile::{PAGES, Profile};
use crate::printing::units::{Dpi, Um};

/// From this speed on, time spent on compression is not won back on a serial line.
const FAST_BAUD: u32 = 115_200;

/// In what form a piece goes to a printer.
#[derive(Clone, Copy, Debug)]
pub enum Form {
    /// As the bytes of its language.
    Bytes(Press),
    /// As a page, which a printer that is trusted with it counts.
    Page {
        /// Whether it is trusted.
        is_trusted: bool,
    },
}

impl Form {
    /// The form of a set-up.
    pub(crate) fn of(setup: &PrinterSetup) -> Result<Self, NoPress> {
        let is_page = matches!(setup.port, PrinterPort::Ipp { .. });
        if is_page != (setup.model == PAGES) {
            return Err(NoPress::Pages);
        }
        if matches!(setup.port, PrinterPort::Spooler { .. }) && setup.acknowledges {
            return Err(NoPress::Spooler);
        }
        if !is_page {
            return Press::of(setup).map(Self::Bytes);
        }
        let resolution = Dpi::from_number(setup.dpi);
        if resolution.zip(Stock::by_name(&setup.stock)).is_none() {
            return Err(NoPress::stock(PAGES, setup));
        }
        Ok(Self::Page {
            is_trusted: setup.acknowledges,
        })
    }

    /// The form of a file of ESC/POS, which nobody knows the printer of.
    pub(crate) fn of_files(dpi: Dpi) -> Self {
        Self::Bytes(Press::of_files(dpi))
    }

    /// Whether the printer has to answer questions.
    pub(crate) fn must_answer(&self) -> bool {
        match self {
            Self::Bytes(press) => press.manners.must_answer(),
            Self::Page { is_trusted } => *is_trusted,
        }
    }

    /// A label in this form, for one sending; `title` is what a print queue calls it.
    ///
    /// # Errors
    /// [`Unprintable`].
    pub(crate) fn pack(
        &self,
        label: &Label,
        image: &BitImage,
        title: &str,
    ) -> Result<Packed, Unprintable> {
        let load = match self {
            Self::Bytes(press) => press.pack(image)?,
            Self::Page { .. } => Load::Page(pdf(label, title)),
        };
        Ok(Packed {
            title: title.to_owned(),
            load,
        })
    }

    /// Whether a piece can be packed; asked before it is paid for. Of a page the printer itself is
    /// asked, before that.
    ///
    /// # Errors
    /// [`Unprintable`].
    pub(crate) fn check(&self, image: &BitImage) -> Result<(), Unprintable> {
        match self {
            Self::Bytes(press) => press.check(image),
            Self::Page { .. } => Ok(()),
        }
    }
}

/// What a set-up makes of a piece.
#[derive(Clone, Copy, Debug)]
pub struct Press {
    /// How the printer is spoken with.
    pub(crate) manners: Manners,
    /// How its serial line is set, if it has one.
    pub(crate) serial: SerialLine,
    /// The length of a label, as it runs through.
    pub(crate) length: Um,
    /// What is taken to be left when the printer says that the paper is nearly at its end.
    pub(crate) reserve: Um,
    /// Whether the stock runs sideways: the head then gets the picture turned a quarter.
    turned: bool,
    sheet: Sheet,
    pace: Pace,
}

/// A piece in its form, with its title.
pub(crate) struct Packed {
    pub(crate) title: String,
    pub(crate) load: Load,
}

/// What is sent of a piece.
pub(crate) enum Load {
    /// Bytes, step by step, with the tag that comes back of this very sending.
    Bytes { job: Job, tag: Option<AckTag> },
    /// A PDF of one page.
    Page(Vec<u8>),
}

impl Packed {
    /// All bytes in order, as for a file.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        match &self.load {
            Load::Bytes { job, .. } => job.bytes(),
            Load::Page(page) => page.clone(),
        }
    }
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
    /// A printer of pages has another model, or another printer that of pages.
    #[error("a printer with an ipp:// or ipps:// address has the model {PAGES}, and no other has")]
    Pages,
    /// The spooler of Windows proves nothing, and the set-up says that it does.
    #[error(
        "the spooler of Windows cannot say whether a label is printed; add it as one that asks the clerk"
    )]
    Spooler,
    /// The model proves nothing, and the set-up says that it does.
    #[error("a {0} cannot say whether a label is printed")]
    NoProof(String),
}

impl NoPress {
    fn stock(title: &str, setup: &PrinterSetup) -> Self {
        Self::Stock {
            title: title.to_owned(),
            stock: setup.stock.clone(),
            dpi: setup.dpi,
        }
    }
}

/// The names of all models.
fn names() -> String {
    let names = Profile::all().iter().map(|profile| profile.name);
    let names: Vec<&str> = names.chain([PAGES]).collect();
    names.join(", ")
}

impl Press {
    /// The press of a set-up.
    fn of(setup: &PrinterSetup) -> Result<Self, NoPress> {
        let profile =
            Profile::by_name(&setup.model).ok_or_else(|| NoPress::Model(setup.model.clone()))?;
        let (stock, sheet) = Dpi::from_number(setup.dpi)
            .zip(Stock::by_name(&setup.stock))
            .and_then(|(dpi, stock)| Some((stock, profile.sheet(&stock, dpi)?)))
            .ok_or_else(|| NoPress::stock(&profile.title, setup))?;
        let manners = profile.manners(&sheet, setup.acknowledges);
        if setup.acknowledges && !manners.must_answer() {
            return Err(NoPress::NoProof(profile.title.clone()));
        }
        let pace = match setup.port {
            PrinterPort::Serial { baud, .. } if baud < FAST_BAUD => Pace::Slow,
            PrinterPort::Serial { .. }
            | PrinterPort::Device { .. }
            | PrinterPort::Tcp { .. }
            | PrinterPort::Usb { .. }
            | PrinterPort::Ipp { .. }
            | PrinterPort::Spooler { .. } => Pace::Fast,
        };
        Ok(Self {
            manners,
            serial: profile.serial,
            length: stock.fed_length(),
            reserve: Um::mm(profile.reserve_mm),
            turned: stock.feed == Feed::Sideways,
            sheet,
            pace,
        })
    }

    /// A press for a file of ESC/POS, which nobody knows the printer of.
    fn of_files(dpi: Dpi) -> Self {
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
            turned: false,
            sheet,
            pace: Pace::Fast,
        }
    }

    /// This press, for a label that may be longer or shorter than a piece.
    pub(crate) fn of_length(self, label: &Label) -> Self {
        let length = if self.turned {
            label.width()
        } else {
            label.height()
        };
        Self { length, ..self }
    }

    fn pack(&self, image: &BitImage) -> Result<Load, Unprintable> {
        let tag = self.manners.tag(u32::from_be_bytes(crypto::random_bytes()));
        let language = self.manners.language;
        let job = language.job(&self.fed(image), &self.sheet, self.pace, tag)?;
        Ok(Load::Bytes { job, tag })
    }

    fn check(&self, image: &BitImage) -> Result<(), Unprintable> {
        self.manners.language.check(&self.fed(image), &self.sheet)
    }

    /// The picture as it runs through the printer.
    fn fed<'a>(&self, image: &'a BitImage) -> Cow<'a, BitImage> {
        if self.turned {
            Cow::Owned(image.turned())
        } else {
            Cow::Borrowed(image)
        }
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
        Form::of(setup).unwrap_err().to_string()
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
    fn pages_go_to_printers_of_pages_and_to_no_others() {
        let pages = PrinterSetup {
            port: PrinterPort::Ipp {
                uri: "ipp://office/ipp/print".into(),
                certificate: None,
            },
            ..setup(PAGES, 300, "label-4x6", true)
        };
        assert!(matches!(
            Form::of(&pages),
            Ok(Form::Page { is_trusted: true })
        ));
        let zebra = PrinterSetup {
            model: "zpl".into(),
            ..pages
        };
        let wrong = setup(PAGES, 300, "label-4x6", true);
        let spooled = PrinterSetup {
            port: PrinterPort::Spooler {
                name: "Zebra".into(),
            },
            ..setup("zpl", 203, "label-4x6", true)
        };
        assert_eq!(Form::of(&spooled).unwrap_err(), NoPress::Spooler);
        let asking = PrinterSetup {
            acknowledges: false,
            ..spooled
        };
        assert!(matches!(Form::of(&asking), Ok(Form::Bytes(_))));
        for setup in [zebra, wrong] {
            assert_eq!(Form::of(&setup).unwrap_err(), NoPress::Pages);
        }
    }

    #[test]
    fn a_stock_that_runs_sideways_gets_its_picture_turned_and_no_other_does() {
        let mut image = BitImage::white(1_117, 330);
        image.set(40, 20, true);
        for (stock, wanted) in [("tape-41", image.turned()), ("label-4x6", image.clone())] {
            let press = Press::of(&setup("zpl", 203, stock, true)).unwrap();
            let job = Language::Zpl.job(&wanted, &press.sheet, press.pace, None);
            let Ok(Load::Bytes { job: packed, .. }) = press.pack(&image) else {
                panic!("{stock}")
            };
            assert_eq!(Ok(packed), job, "{stock}");
            assert_eq!(press.check(&image), Ok(()));
        }
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
