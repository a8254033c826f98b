//! What a piece of each class and shape may weigh and measure.

use minicbor::{Decode, Encode};

use super::kinds::{MailClass, Measure, Shape};
use super::season::Season;
use super::size::{Length, Size};
use super::weight::Weight;

/// What a piece of one class and shape may be.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct ShapeRule {
    #[n(1)]
    pub(super) class: MailClass,
    #[n(2)]
    pub(super) shape: Shape,
    /// What the clerk calls it, for example `First-Class letter`.
    #[n(3)]
    pub(super) title: String,
    #[n(4)]
    pub(super) max_weight: Weight,
    /// The shape whose price a heavier piece pays; without it a heavier piece is refused.
    #[n(5)]
    pub(super) heavier_as: Option<Shape>,
    #[n(6)]
    pub(super) smallest: Option<Size>,
    #[n(7)]
    pub(super) largest: Option<Size>,
    /// The most that length plus girth may be.
    #[n(8)]
    pub(super) length_and_girth: Option<Length>,
    /// What machines can sort; a piece outside pays the nonmachinable surcharge.
    #[n(9)]
    pub(super) machinable: Option<Machinable>,
    #[n(10)]
    pub(super) dimensional: Option<Dimensional>,
    /// Prices the post has for large pieces and this edition lacks.
    #[n(11)]
    pub(super) unpriced: Vec<Unpriced>,
    /// Whether a piece declared nonmachinable is refused this price.
    #[n(12)]
    pub(super) machinable_only: bool,
    /// The four letters that name the price in an indicium.
    #[n(13)]
    pub(super) category: String,
    /// How the post wants it marked, where that is not the usual marking of the class.
    #[n(14)]
    pub(super) marking: Option<String>,
    /// Whether it goes to other countries, and only there.
    #[cbor(n(15), default, skip_if = "is_not")]
    pub(super) abroad: bool,
}

/// What machines can sort.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Machinable {
    /// The least length over height, in tenths.
    #[n(1)]
    pub(super) least_ratio_tenths: u16,
    /// The greatest length over height, in tenths.
    #[n(2)]
    pub(super) greatest_ratio_tenths: u16,
    /// Longer than this, a piece needs `thickness`.
    #[n(3)]
    pub(super) length: Length,
    /// Higher than this, a piece needs `thickness`.
    #[n(4)]
    pub(super) height: Length,
    /// The thickness that long or high pieces need.
    #[n(5)]
    pub(super) thickness: Length,
}

/// Dimensional weight: cubic inches over the divisor are pounds.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Dimensional {
    #[n(1)]
    pub(super) divisor: u32,
    /// Only pieces of more than so many cubic inches have a dimensional weight.
    #[n(2)]
    pub(super) above_cubic_inches: u32,
}

/// A price that the post has and the edition lacks.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Unpriced {
    /// The name of the cell.
    #[n(1)]
    pub(super) cell: String,
    #[n(2)]
    pub(super) measure: Measure,
    /// Above this the price applies: nanometres, or cubic inches for [`Measure::Volume`].
    #[n(3)]
    pub(super) above: u64,
    /// Whether every piece is refused, not only live postage: the price replaces the table's
    /// instead of adding to it.
    #[n(4)]
    pub(super) always: bool,
    /// The dates of mailing it is limited to.
    #[n(5)]
    pub(super) season: Option<Season>,
}

/// A member that is left out when it is not so, as editions of the first layout do.
#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "the encoder hands out references"
)]
const fn is_not(flag: &bool) -> bool {
    !*flag
}

impl ShapeRule {
    /// Whether editions of the first layout can say this.
    pub(super) fn is_of_the_first_layout(&self) -> bool {
        let old = |unpriced: &Unpriced| {
            unpriced.season.is_none() && !matches!(unpriced.measure, Measure::Any)
        };
        self.class.is_of_the_first_layout()
            && self.shape.is_of_the_first_layout()
            && self.heavier_as.is_none_or(Shape::is_of_the_first_layout)
            && self.marking.is_none()
            && !self.abroad
            && self.unpriced.iter().all(old)
    }
}
