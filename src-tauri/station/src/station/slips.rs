//! What is printed without value: receipts, refund slips, day-end slips, addresses. Nothing of it
//! is journalled, and each may be printed again.

use shared::imb;
use shared::money::Mills;
use shared::rates::Weight;

use super::orders::{Paper, address_lines, base64, not_arranged};
use super::paper::{Unproved, send_worthless};
use super::pricing::{bad, is_specimen};
use super::release::{Drawn, Target, Way, clear_the_way};
use super::sending::OpenPrinter;
use super::{Owner, Station, faults, names, pieces};
use crate::api::{
    PieceState, Slip, SlipCall, SlipView, StatisticsCall, StatisticsView, UiError, View,
};
use crate::messages::{Code, say};
use crate::printing::bits::BitImage;
use crate::printing::files::write_durably;
use crate::printing::label::Label;
use crate::printing::layout::LayoutRefusal;
use crate::printing::layout::address::{AddressFace, address_label};
use crate::printing::layout::slip::{
    DayEndFace, DayLine, PieceLines, RefundFace, SlipHead, day_end_slip, receipt, refund_slip,
};
use crate::printing::layout::stock::Stock;
use crate::printing::png::png;
use crate::printing::raster::raster;
use crate::printing::units::Dpi;
use crate::store::pieces::PieceRow;

/// The digits of tracking in front of the routing of an Intelligent Mail barcode.
const TRACKING: usize = 20;

/// A slip that was drawn.
struct DrawnSlip {
    /// What it is, as a person calls it.
    title: &'static str,
    /// What its document and its file are called.
    name: String,
    label: Label,
    image: BitImage,
    dpi: Dpi,
}

impl DrawnSlip {
    fn view(&self, message: String) -> Result<SlipView, UiError> {
        let picture = png(&self.image, self.dpi).map_err(|fault| not_drawn(&fault))?;
        Ok(SlipView {
            slip: self.title.to_owned(),
            message,
            png_base64: base64(&picture),
            width_mm: self.label.width().millimetres(),
            height_mm: self.label.height().millimetres(),
            dpi: self.dpi.number(),
        })
    }

    /// Prints it and answers with what became of it.
    fn release(&self, target: Target, station: &Station) -> Result<String, UiError> {
        let printer = match &target {
            Target::Printer(setup) => Some(setup.name.clone()),
            Target::Files { .. } | Target::Folder(_) => None,
        };
        match clear_the_way(station, target)? {
            Way::Printer(mut open) => {
                open.set_length(&self.label);
                self.send(&mut open, &printer.unwrap_or_default())
            }
            Way::Files(target) => self.write(&target),
        }
    }

    fn write(&self, target: &Target) -> Result<String, UiError> {
        let drawn = Drawn {
            name: self.name.clone(),
            label: &self.label,
            image: &self.image,
            dpi: self.dpi,
        };
        let pages = drawn.pages(target)?;
        for page in &pages {
            write_durably(&page.path, &page.bytes).map_err(|fault| {
                let path = page.path.display().to_string();
                let reason = faults::chain(&fault);
                say(Code::CannotWrite, &[("path", &path), ("reason", &reason)])
            })?;
        }
        let paths = pages.iter().map(|page| page.path.display().to_string());
        let paths: Vec<String> = paths.collect();
        Ok(format!("Wrote the {} to {}.", self.title, paths.join(", ")))
    }

    fn send(&self, printer: &mut OpenPrinter, name: &str) -> Result<String, UiError> {
        let title = self.title;
        match send_worthless(printer, &self.label, &self.image, title) {
            Ok(true) => Ok(format!("Printed the {title} on {name}.")),
            Ok(false) => Ok(format!(
                "Sent the {title} to {name}, which does not say when it is printed."
            )),
            Err(unproved) => {
                let code = match unproved {
                    Unproved::NotPrinted(_) => Code::SlipNotPrinted,
                    Unproved::Unknown(_) => Code::SlipUnknown,
                };
                let reason = unproved.to_string();
                let values = [("name", name), ("slip", title), ("reason", &reason)];
                Err(say(code, &values))
            }
        }
    }
}

fn not_drawn(fault: &dyn std::error::Error) -> UiError {
    say(Code::NotDrawn, &[("reason", &faults::chain(fault))])
}

impl Station {
    /// Draws a slip, and prints it where that was asked.
    pub(super) async fn slip(&self, call: SlipCall) -> Result<View, UiError> {
        let SlipCall { slip, out } = call;
        let counted = match &slip {
            Slip::DayEnd { day } => Some(self.counted_on(day.clone()).await?),
            Slip::Receipt { .. } | Slip::Refund { .. } | Slip::Address { .. } => None,
        };
        let (drawn, target) = self
            .apply(move |owner| {
                owner.note_what_is_known();
                let target = out.map(|out| owner.target(Some(&out))).transpose()?;
                let paper = target.as_ref().map_or_else(Paper::of_files, Target::paper);
                Ok((owner.drawn_slip(&slip, &paper, counted.as_ref())?, target))
            })
            .await?;
        let view = self.on_a_thread(move |station| {
            let message = match target {
                None => format!("This is the {}.", drawn.title),
                Some(target) => drawn.release(target, station)?,
            };
            drawn.view(message)
        });
        Ok(View::Slip(Box::new(view.await?)))
    }

    /// The pieces of one day by class and shape.
    async fn counted_on(&self, day: Option<String>) -> Result<StatisticsView, UiError> {
        let today = self.apply(|owner| Ok(owner.today().to_string())).await?;
        let day = day.filter(|day| !day.trim().is_empty()).unwrap_or(today);
        self.counted(StatisticsCall {
            from: Some(day.clone()),
            to: Some(day),
            by: Some("class,shape".to_owned()),
        })
        .await
    }
}

impl Owner {
    fn drawn_slip(
        &self,
        slip: &Slip,
        paper: &Paper,
        counted: Option<&StatisticsView>,
    ) -> Result<DrawnSlip, UiError> {
        let unknown = || {
            let reason = "the label's stock or resolution is unknown";
            say(Code::NotDrawn, &[("reason", reason)])
        };
        let stock = Stock::by_name(&paper.stock).ok_or_else(unknown)?;
        let dpi = Dpi::from_number(paper.dpi).ok_or_else(unknown)?;
        let (title, name, label) = match slip {
            Slip::Receipt { serial } => {
                let row = self.printed(serial)?;
                let face = self.piece_lines(&row)?;
                let label = receipt(&self.slip_head()?, &face, &stock, dpi);
                ("receipt", format!("receipt-{}", face.serial), label)
            }
            Slip::Refund { serial } => {
                let face = self.refund_face(serial)?;
                let label = refund_slip(&self.slip_head()?, &face, &stock, dpi);
                (
                    "refund slip",
                    format!("refund-{}", face.piece.serial),
                    label,
                )
            }
            Slip::DayEnd { .. } => {
                let counted = counted.ok_or_else(unknown)?;
                let face = self.day_end_face(counted)?;
                let label = day_end_slip(&self.slip_head()?, &face, &stock, dpi);
                ("day-end slip", format!("day-end-{}", face.day), label)
            }
            Slip::Address { text, barcode } => {
                let face = address_face(text, barcode.as_deref())?;
                let name = self.local().strftime("address-%Y%m%d-%H%M%S").to_string();
                ("address label", name, address_label(&face, &stock, dpi))
            }
        };
        let label = label.map_err(|refusal: LayoutRefusal| not_arranged(&refusal))?;
        Ok(DrawnSlip {
            title,
            name,
            image: raster(&label, dpi),
            label,
            dpi,
        })
    }

    fn slip_head(&self) -> Result<SlipHead, UiError> {
        let psd = self.enrolled()?.psd();
        Ok(SlipHead {
            office: self.store().setting(names::ACCOUNT)?.unwrap_or_default(),
            station: psd.to_string(),
            printed: self.local(),
            specimen: is_specimen(psd),
        })
    }

    fn printed(&self, serial: &str) -> Result<PieceRow, UiError> {
        let row = self.piece(serial)?;
        if row.state != PieceState::Printed {
            return Err(pieces::wrong_state(serial, row.state));
        }
        Ok(row)
    }

    fn piece_lines(&self, row: &PieceRow) -> Result<PieceLines, UiError> {
        let serial = self.serial(row.counter);
        let facts = &row.facts;
        let weight = Weight::from_nanograms(facts.weight_nanograms);
        Ok(PieceLines {
            serial: serial.ok_or_else(|| say(Code::NotEnrolled, &[]))?,
            kind: kind(&facts.class, &facts.shape),
            weight: weight.map(|weight| weight.to_string()).unwrap_or_default(),
            to: facts
                .place
                .clone()
                .unwrap_or_else(|| facts.destination.clone()),
            date: facts.date,
            postage: facts.postage,
        })
    }

    fn refund_face(&self, serial: &str) -> Result<RefundFace, UiError> {
        let row = self.piece(serial)?;
        let claim = crate::services::refunds::view(self, row.counter)?;
        let claim = claim.ok_or_else(|| say(Code::NoClaim, &[("serial", serial)]))?;
        let final_on = claim
            .final_at
            .map(|at| self.clock().day_of(shared::clock::UnixSeconds(at)));
        Ok(RefundFace {
            piece: self.piece_lines(&row)?,
            standing: claim.message,
            final_on,
        })
    }

    fn day_end_face(&self, counted: &StatisticsView) -> Result<DayEndFace, UiError> {
        let registers = self.registers_view();
        let line = |kind: String, pieces, mills| -> Result<DayLine, UiError> {
            let postage = amount(mills)?;
            Ok(DayLine {
                kind,
                pieces,
                postage,
            })
        };
        let lines = counted.groups.iter().map(|group| {
            let [class, shape] = group.key.as_slice() else {
                return Err(bad("These pieces cannot be counted by class".to_owned()));
            };
            let tally = group.tally;
            line(kind(class, shape), tally.pieces, tally.postage_mills)
        });
        let total = counted.total;
        Ok(DayEndFace {
            day: counted
                .to
                .parse()
                .map_err(|_| bad(format!("{:?} is no day", counted.to)))?,
            lines: lines.collect::<Result<_, _>>()?,
            total: line("all pieces".to_owned(), total.pieces, total.postage_mills)?,
            spoiled: line("spoiled".to_owned(), total.spoiled, total.spoiled_mills)?,
            ascending: amount(registers.ascending)?,
            descending: amount(registers.descending)?,
            control_total: amount(registers.control_total)?,
            piece_count: registers.piece_count,
            holds: counted.holds,
        })
    }
}

fn amount(mills: u64) -> Result<Mills, UiError> {
    Mills::new(mills).map_err(|fault| bad(fault.to_string()))
}

/// `First-Class letter`: the words of class and shape, as people say them.
fn kind(class: &str, shape: &str) -> String {
    let class = match class {
        "first-class" => "First-Class",
        "ground-advantage" => "Ground Advantage",
        "priority" => "Priority Mail",
        "priority-express" => "Priority Mail Express",
        "media" => "Media Mail",
        "international" => "International",
        other => other,
    };
    let shape = match shape {
        "flat" => "large envelope".to_owned(),
        "correction" => "date correction".to_owned(),
        "additional" => "additional postage".to_owned(),
        other => other.replace("flat-rate:", "flat-rate ").replace('-', " "),
    };
    format!("{class} {shape}")
}

fn address_face(text: &str, barcode: Option<&str>) -> Result<AddressFace, UiError> {
    let lines = address_lines(Some(text))?;
    if lines.is_empty() {
        return Err(bad("An address label has at least one line".to_owned()));
    }
    let barcode = barcode.map(str::trim).filter(|digits| !digits.is_empty());
    let barcode = barcode.map(bars).transpose()?;
    Ok(AddressFace { lines, barcode })
}

/// The bars of digits that a person may have written in groups.
fn bars(text: &str) -> Result<[imb::Bar; imb::BARS], UiError> {
    let digits: Vec<char> = text
        .chars()
        .filter(|letter| !matches!(letter, ' ' | '-'))
        .collect();
    let (tracking, routing) = digits.split_at(digits.len().min(TRACKING));
    let text = |digits: &[char]| digits.iter().collect::<String>();
    imb::bars(&text(tracking), &text(routing))
        .map_err(|refusal| say(Code::NotABarcode, &[("reason", &refusal.to_string())]))
}

#[cfg(test)]
mod tests;
