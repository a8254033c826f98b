//! What is said of scales: a part of the station's catalogue.

/// The catalogue with the messages about scales.
macro_rules! with_scales {
    ($($others:tt)*) => {
        catalogue! {
            $($others)*
            /// The station has no scale.
            NoScale = "no_scale", Refused, false,
                "This station has no scale set. Nothing was debited.",
                "Choose one in Setup, or with: pennyblack scale use.";
            /// Not plugged in, or not to be opened.
            ScaleAway = "scale_away", Refused, true,
                "{scale} cannot be reached: {reason}. Nothing was debited.",
                "Plug it in and switch it on; it is taken up again by itself. On Linux its udev rule must be installed, which an AppImage does not do. Or type the weight.";
            /// Open and silent.
            ScaleSilent = "scale_silent", Refused, true,
                "{scale} says nothing, so what it showed last is not believed. Nothing was debited.",
                "Switch it on and check its cable; on a serial line check language, speed and frame. Or type the weight.";
            /// In motion.
            ScaleMoving = "scale_moving", Refused, true,
                "The scale is not at rest yet. Nothing was debited.",
                "Wait until it says stable.";
            /// Empty.
            ScaleEmpty = "scale_empty", Refused, true,
                "Nothing lies on the scale. Nothing was debited.",
                "Put the piece on it, or type the weight.";
            /// A full tray.
            NothingTakenOff = "nothing_taken_off", Refused, true,
                "No piece was taken off the scale yet. Nothing was debited.",
                "Take one piece off, or weigh each piece by putting it on.";
            /// Less than nothing.
            ScaleBelowZero = "scale_below_zero", Refused, true,
                "The scale shows less than nothing. Nothing was debited.",
                "Take the tare away, or empty the scale and set it to zero.";
            /// Too much.
            ScaleOverload = "scale_overload", Refused, true,
                "More lies on the scale than it can weigh. Nothing was debited.",
                "Take it off at once and use a larger scale, or type the weight.";
            /// Something in it is broken.
            ScaleBroken = "scale_broken", Refused, true,
                "{scale} says that it is broken. Nothing was debited.",
                "Switch it off and on; if it stays, have it repaired and type the weight meanwhile.";
            /// Calibration lost.
            ScaleNotCalibrated = "scale_not_calibrated", Refused, true,
                "{scale} has to be calibrated. Nothing was debited.",
                "Have it calibrated as its manual says; type the weight meanwhile.";
            /// It must be set to zero.
            ScaleNeedsZero = "scale_needs_zero", Refused, true,
                "{scale} has to be set to zero. Nothing was debited.",
                "Empty it and press its zero key.";
            /// It is doing something else.
            ScaleBusy = "scale_busy", Refused, true,
                "{scale} is doing something else. Nothing was debited.",
                "Leave its menu and wait until it shows a weight.";
            /// A unit with several meanings.
            ScaleForeignUnit = "scale_foreign_unit", Refused, true,
                "{scale} weighs in a unit that is not known here. Nothing was debited.",
                "Press its unit key until it shows g, kg, oz or lb.";
            /// Another language.
            ScaleNotUnderstood = "scale_not_understood", Refused, true,
                "What {scale} says cannot be understood. Nothing was debited.",
                "On a serial line check language, speed and frame; if it stays, type the weight.";
            /// It is set to zero by hand.
            ScaleZeroByHand = "scale_zero_by_hand", Refused, false,
                "{scale} is set to zero only by its own key. Nothing was changed.",
                "Empty it and press its zero key, or take what lies on it as the tare.";
            /// It has not set itself to zero.
            ScaleNotZeroed = "scale_not_zeroed", Refused, true,
                "{scale} has not set itself to zero. Nothing was changed.",
                "Empty it, let it come to rest and try again.";
            /// It may have set itself to zero.
            ScaleZeroUnanswered = "scale_zero_unanswered", Refused, true,
                "{scale} has not said whether it has set itself to zero, so no tare is used now. Nothing was debited.",
                "Empty it and look whether it shows nothing; set it to zero again if it does not.";
            /// Another load.
            LoadChanged = "load_changed", Refused, true,
                "The load on the scale is another than the one that was priced. Nothing was debited.",
                "Put the piece back and take its weight over again, or type the weight.";
            /// A piece that was taken off has its postage.
            WeighingPaid = "weighing_paid", Refused, true,
                "The piece that was taken off the scale has its postage already. Nothing was debited.",
                "Take the next piece off.";
            /// Only the practice scale is loaded by hand.
            NotPracticeScale = "not_practice_scale", Refused, false,
                "The scale in use is not the practice scale. Nothing was changed.",
                "Choose it with: pennyblack scale use virtual.";
            /// A real vault, a scale that is not.
            PracticeScale = "practice_scale", Refused, false,
                "The practice scale weighs nothing real, and this vault pays with real postage. Nothing was debited.",
                "Choose a real scale, or type the weight.";
            /// None of the kind.
            ScaleNotFound = "scale_not_found", Refused, true,
                "No such scale is plugged in. Nothing was changed.",
                "Plug it in and list what there is with: pennyblack scale list. On Linux its udev rule must be installed, which an AppImage does not do.";
            /// Which one?
            SeveralScales = "several_scales", Refused, false,
                "{count} scales are plugged in. Nothing was changed.",
                "Name one by its serial number, as in: pennyblack scale use usb:{example}.";
            /// None of them has a number.
            EqualScales = "equal_scales", Refused, false,
                "{count} scales without serial numbers are plugged in. Nothing was changed.",
                "Unplug all but the one to use.";
        }
    };
}
