//! What a printer knows of itself, and how it says so in its language.

use station::printing::language::Language;

use super::Asked;
use super::device::{Acknowledging, Trouble};

/// The state of a printer.
pub(super) struct State {
    language: Language,
    roll_mm: u8,
    /// Labels printed in its life.
    labels: u64,
    /// Whether a label is being printed.
    pub(super) busy: bool,
    /// Whether a label has begun and not ended.
    pub(super) begun: bool,
    /// What hinders it.
    pub(super) trouble: Option<Trouble>,
    /// Whether its paper is nearly at its end.
    pub(super) near_end: bool,
    /// Whether it acknowledges labels (EPL2).
    reports: bool,
}

/// An answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// These bytes.
    Said(Vec<u8>),
    /// This tag, in the way the language sends tags back.
    Tag([u8; 4]),
}

impl State {
    pub(super) fn new(language: Language, roll_mm: Option<u8>) -> Self {
        Self {
            language,
            roll_mm: roll_mm.unwrap_or(0),
            labels: 4_711,
            busy: false,
            begun: false,
            trouble: None,
            near_end: false,
            reports: false,
        }
    }

    /// `37 22 tag 00`.
    pub(super) fn tag(tag: [u8; 4]) -> Vec<u8> {
        [b"7\"".as_slice(), &tag, b"\0"].concat()
    }

    /// Whether a question is answered while a label is printed, before what came earlier.
    pub(super) fn hears_while_busy(&self, asked: Asked) -> bool {
        match self.language {
            Language::EscPos => matches!(asked, Asked::Status(_)),
            Language::Epl => asked == Asked::Errors,
            Language::Zpl | Language::Tspl | Language::BrotherQl | Language::Dymo => true,
            Language::Fgl => false,
        }
    }

    /// The answer of a printer that is not in trouble.
    pub(super) fn answer(&mut self, asked: Asked) -> Option<Answer> {
        if let Asked::Tag(tag) = asked {
            return Some(Answer::Tag(tag));
        }
        if asked == Asked::Reports {
            self.reports = true;
            // Some printers acknowledge this as well.
            return Some(Answer::Said(vec![0x06]));
        }
        self.status(asked).map(Answer::Said)
    }

    /// The answer of a printer in trouble; some say nothing then.
    pub(super) fn answer_in_trouble(&self, asked: Asked) -> Option<Answer> {
        let hears = match self.language {
            Language::Zpl => asked == Asked::Errors,
            Language::Epl => asked == Asked::Errors,
            Language::Fgl => false,
            Language::EscPos | Language::Tspl | Language::BrotherQl | Language::Dymo => true,
        };
        hears
            .then(|| self.status(asked))
            .flatten()
            .map(Answer::Said)
    }

    fn status(&self, asked: Asked) -> Option<Vec<u8>> {
        let (paper_out, cover_open) = (
            self.trouble == Some(Trouble::PaperOut),
            self.trouble == Some(Trouble::CoverOpen),
        );
        Some(match (self.language, asked) {
            (Language::EscPos, Asked::Status(number)) => vec![match number {
                1 if paper_out || cover_open => 0x1A,
                2 if paper_out => 0x32,
                2 if cover_open => 0x16,
                4 if paper_out => 0x72,
                4 if self.near_end => 0x1E,
                _ => 0x12,
            }],
            (Language::Zpl, Asked::Status(_)) => self.host_status(),
            (Language::Zpl, Asked::Errors) => {
                let bits = match self.trouble {
                    None | Some(Trouble::Held) => "0 00000000 00000000",
                    Some(Trouble::PaperOut) => "1 00000000 00000001",
                    Some(Trouble::CoverOpen) => "1 00000000 00000004",
                };
                let lines = format!(
                    "\u{2}\r\nPRINTER STATUS\r\n ERRORS:         {bits}\r\n WARNINGS:       0 00000000 00000000\r\n\u{3}"
                );
                lines.into_bytes()
            }
            (Language::Zpl, Asked::Labels) => format!("\"{}\"", self.labels).into_bytes(),
            (Language::Epl, Asked::Errors) => match self.trouble {
                None | Some(Trouble::Held) => b"00\r\n".to_vec(),
                Some(Trouble::PaperOut) => b"07\r\n".to_vec(),
                Some(Trouble::CoverOpen) => b"11\r\n".to_vec(),
            },
            (Language::Epl, Asked::Codepage) => b"UI8,A,001\r\n".to_vec(),
            (Language::Tspl, Asked::Status(_)) => vec![match self.trouble {
                Some(Trouble::PaperOut) => 0x04,
                Some(Trouble::CoverOpen) => 0x01,
                None | Some(Trouble::Held) if self.busy => 0x20,
                None | Some(Trouble::Held) => 0x00,
            }],
            (Language::BrotherQl, Asked::Status(_)) => self.packet(0x00),
            (Language::Dymo, Asked::Status(_)) => vec![match self.trouble {
                Some(Trouble::PaperOut) => 0x22,
                Some(Trouble::CoverOpen) => 0x82,
                None | Some(Trouble::Held) if self.busy => 0x02,
                None | Some(Trouble::Held) => 0x03,
            }],
            (Language::Fgl, Asked::Status(_)) => vec![0x11],
            _ => return None,
        })
    }

    fn host_status(&self) -> Vec<u8> {
        let (waiting, begun) = (u8::from(self.busy), u8::from(self.begun));
        format!(
            "\u{2}030,0,0,1218,{waiting:03},0,0,{begun},000,0,0,0\u{3}\r\n\
             \u{2}000,0,0,0,0,2,4,0,{waiting:08},1,000\u{3}\r\n\
             \u{2}1234,0\u{3}\r\n"
        )
        .into_bytes()
    }

    fn packet(&self, kind: u8) -> Vec<u8> {
        let mut packet = vec![0; 32];
        packet[..5].copy_from_slice(&[0x80, 0x20, 0x42, 0x34, 0x38]);
        packet[8] = u8::from(self.trouble == Some(Trouble::PaperOut));
        packet[9] = if self.trouble == Some(Trouble::CoverOpen) {
            0x10
        } else {
            0
        };
        packet[10] = self.roll_mm;
        packet[11] = 0x0A;
        packet[18] = kind;
        packet[19] = u8::from(self.busy);
        packet
    }

    /// What it says by itself when trouble begins.
    pub(super) fn complaint(&self) -> Answer {
        let out = self.trouble == Some(Trouble::PaperOut);
        Answer::Said(match self.language {
            Language::BrotherQl => self.packet(0x02),
            Language::Fgl => vec![if out { 0x10 } else { 0x18 }],
            Language::Epl if self.reports => if out { b"\x1507" } else { b"\x1511" }.to_vec(),
            Language::EscPos | Language::Zpl | Language::Epl | Language::Tspl | Language::Dymo => {
                Vec::new()
            }
        })
    }

    /// What it says by itself when a label begins.
    pub(super) fn begun(&self) -> Option<Vec<u8>> {
        (self.language == Language::BrotherQl).then(|| self.packet(0x06))
    }

    /// A label is done: counts it, and what it says by itself.
    pub(super) fn done(&mut self, acknowledging: Acknowledging) -> Option<Vec<u8>> {
        match acknowledging {
            Acknowledging::Lost | Acknowledging::Old => {}
            Acknowledging::Right | Acknowledging::Late(_) | Acknowledging::Early => {
                self.labels += 1;
            }
            Acknowledging::Doubled => self.labels += 2,
        }
        self.word_of_a_label()
    }

    /// What it says by itself of a label that is done.
    pub(super) fn word_of_a_label(&self) -> Option<Vec<u8>> {
        match self.language {
            // Done, and then ready for the next one.
            Language::BrotherQl => Some([self.packet(0x01), self.packet(0x06)].concat()),
            Language::Fgl => Some(vec![0x06]),
            Language::Epl if self.reports => Some(vec![0x06]),
            Language::EscPos | Language::Zpl | Language::Epl | Language::Tspl | Language::Dymo => {
                None
            }
        }
    }
}
