//! What keeps office art away from an indicium: art is only put into an [`ArtArea`], and there is
//! no way to one but around the [`ClearZone`] of the piece.

use super::stock::{CLEAR, PiecePlaces};
use super::{Area, FIM_FROM_TOP, FIM_HEIGHT, Um};

/// From the right edge of the piece to the left edge of the zone that belongs to a facing
/// identification mark (1 3/4 + 1 1/4 in, DMM 202.8).
const FIM_ZONE_FROM_RIGHT: Um = Um::inches(3, 1);

/// The upper right corner of a piece, in which nothing stands but the indicium and its mark: half
/// an inch left of them and below.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClearZone {
    left: Um,
    bottom: Um,
}

impl ClearZone {
    /// The zone of a piece of this width.
    #[must_use]
    pub fn of(places: &PiecePlaces, width: Um) -> Self {
        let zone = Self {
            left: places.indicium.left - CLEAR,
            bottom: places.indicium.bottom + CLEAR,
        };
        if places.fim {
            Self {
                left: zone.left.min(width - FIM_ZONE_FROM_RIGHT),
                bottom: zone.bottom.max(FIM_FROM_TOP + FIM_HEIGHT),
            }
        } else {
            zone
        }
    }

    /// The left edge; the right one is the piece's.
    #[must_use]
    pub const fn left(&self) -> Um {
        self.left
    }

    /// The lower edge; the upper one is the piece's.
    #[must_use]
    pub const fn bottom(&self) -> Um {
        self.bottom
    }
}

/// An area that has nothing in common with a clear zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ArtArea(Area);

impl ArtArea {
    /// What remains of an area outside of a zone, left of it or below, whichever is larger; `None`
    /// when nothing does.
    #[must_use]
    pub fn outside(zone: &ClearZone, wanted: Area) -> Option<Self> {
        let beside = Area {
            right: wanted.right.min(zone.left),
            ..wanted
        };
        let below = Area {
            top: wanted.top.max(zone.bottom),
            ..wanted
        };
        let larger = if size(beside) >= size(below) {
            beside
        } else {
            below
        };
        (size(larger) > 0).then_some(Self(larger))
    }

    /// The lowest part of it, at most this high.
    #[must_use]
    pub fn lower(&self, height: Um) -> Self {
        Self(Area {
            top: self.0.top.max(self.0.bottom - height),
            ..self.0
        })
    }

    /// The area.
    #[must_use]
    pub const fn area(&self) -> Area {
        self.0
    }
}

/// Width by height; nothing when an area is none.
fn size(area: Area) -> u64 {
    u64::from(area.width().0) * u64::from(area.height().0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn any_area() -> impl Strategy<Value = Area> {
        [0u32..240_000, 0..160_000, 0..240_000, 0..160_000].prop_map(
            |[left, top, right, bottom]| Area {
                left: Um(left),
                top: Um(top),
                right: Um(right),
                bottom: Um(bottom),
            },
        )
    }

    proptest! {
        #[test]
        fn no_area_of_art_has_anything_in_common_with_a_clear_zone(
            left in 0u32..240_000, bottom in 0u32..160_000, wanted in any_area(),
            height in 0u32..160_000
        ) {
            let zone = ClearZone { left: Um(left), bottom: Um(bottom) };
            let corner = Area { left: zone.left, top: Um::ZERO, right: Um(u32::MAX), bottom: zone.bottom };
            if let Some(area) = ArtArea::outside(&zone, wanted) {
                prop_assert!(!area.area().overlaps(&corner));
                prop_assert!(!area.lower(Um(height)).area().overlaps(&corner));
                prop_assert!(area.area().left >= wanted.left && area.area().right <= wanted.right);
                prop_assert!(area.area().top >= wanted.top && area.area().bottom <= wanted.bottom);
            }
        }
    }
}
