//! What a printer says about itself, in the words that all languages have in common.

use std::fmt;

/// What keeps a printer from printing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Hindrance {
    /// No paper.
    PaperOut,
    /// The cover is open.
    CoverOpen,
    /// The blade is jammed.
    Cutter,
    /// An error that needs a person or a power cycle.
    Error,
    /// Off line for a reason it does not tell.
    Offline,
    /// No ribbon.
    RibbonOut,
    /// No ink or toner.
    InkOut,
    /// Paper is jammed.
    Jam,
    /// Somebody pressed pause.
    Paused,
    /// The head is too hot or too cold.
    Temperature,
    /// It is still at something else.
    Busy,
    /// Another paper is loaded than the one that is printed on.
    WrongPaper,
    /// The paper is nearly at its end, and what is surely left is shorter than the label.
    NearlyOut,
}

impl fmt::Display for Hindrance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::PaperOut => "no paper",
            Self::CoverOpen => "the cover is open",
            Self::Cutter => "the cutter is jammed",
            Self::Error => "an error at the printer",
            Self::Offline => "the printer is off line",
            Self::RibbonOut => "no ribbon",
            Self::InkOut => "no ink or toner",
            Self::Jam => "the paper is jammed",
            Self::Paused => "the printer is paused",
            Self::Temperature => "the print head is too hot or too cold",
            Self::Busy => "the printer is still at something else",
            Self::WrongPaper => "another paper is loaded",
            Self::NearlyOut => "the paper is nearly at its end, too near for this label",
        })
    }
}

/// One thing a printer said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Word {
    /// Ready, and nothing waits to be printed.
    Ready,
    /// Ready, and the paper is nearly at its end.
    NearEnd,
    /// At work, without a complaint.
    Busy,
    /// In the middle of a label that has begun and not ended.
    Begun,
    /// It complains.
    Hindered(Hindrance),
    /// So many labels in its life.
    Labels(u64),
    /// This tag has come back.
    Tag([u8; 4]),
    /// It says by itself that a label is done.
    Done,
}

/// Listens to what a printer says, byte by byte; noise is passed over. What it keeps of bytes that
/// are no word yet is bounded.
pub trait Ear {
    /// Takes one byte; answers with a word that is complete with it.
    fn hear(&mut self, byte: u8) -> Option<Word>;
}
