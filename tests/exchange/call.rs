//! One call, from the first digit until both ends know that it is over.

use std::time::Duration;

use super::chance::Chance;
use super::channel::Channel;
use super::command::Dialing;
use super::fault::{Cut, Faults, Way};
use super::modem::Word;

/// How far a call has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// Digits are on their way until then.
    Dialing(Duration),
    /// No modem is there, and the caller is told so then.
    Leading { until: Duration, word: Word },
    /// The other end rings: next then, and at last then.
    Ringing { next: Duration, until: Duration },
    /// The modems look for each other until then.
    Training(Duration),
    /// Bytes pass since then.
    Up(Duration),
    /// The carrier is gone, and each end that has not noticed yet will then: caller, answerer.
    Fading([Option<Duration>; 2]),
    /// The line was taken without a number.
    Held,
    /// Nobody is in it any more.
    Over,
}

/// One call.
#[derive(Debug)]
pub(super) struct Call {
    pub(super) caller: usize,
    pub(super) answerer: Option<usize>,
    pub(super) dialing: Dialing,
    /// The number that left the premises.
    pub(super) number: String,
    pub(super) faults: Faults,
    pub(super) stage: Stage,
    pub(super) to_answerer: Channel,
    pub(super) to_caller: Channel,
    stalled: bool,
    muted: bool,
}

impl Call {
    /// A call at this stage, whose line will have so many bits a second and so long a way.
    pub(super) fn new(
        caller: usize,
        dialing: Dialing,
        faults: Faults,
        stage: Stage,
        (bits_per_second, delay): (u32, Duration),
    ) -> Self {
        let channel = |way| Channel::new(way, bits_per_second, delay, Duration::ZERO);
        Self {
            caller,
            answerer: None,
            number: String::new(),
            dialing,
            faults,
            stage,
            to_answerer: channel(Way::ToAnswerer),
            to_caller: channel(Way::ToCaller),
            stalled: false,
            muted: false,
        }
    }

    /// Whether this line is in the call.
    pub(super) fn has(&self, line: usize) -> bool {
        let in_it = self.caller == line || self.answerer == Some(line);
        in_it && self.stage != Stage::Over
    }

    /// Which direction this line sends in.
    pub(super) const fn way_from(&self, line: usize) -> Way {
        if self.caller == line {
            Way::ToAnswerer
        } else {
            Way::ToCaller
        }
    }

    pub(super) const fn channel(&mut self, way: Way) -> &mut Channel {
        match way {
            Way::ToAnswerer => &mut self.to_answerer,
            Way::ToCaller => &mut self.to_caller,
        }
    }

    /// Bytes that have arrived: at the answerer, at the caller.
    pub(super) const fn carried(&self) -> [u64; 2] {
        [self.to_answerer.arrived(), self.to_caller.arrived()]
    }

    /// Bytes begin to pass.
    pub(super) fn raise(&mut self, now: Duration) {
        self.stage = Stage::Up(now);
        for byte in std::mem::take(&mut self.faults.banner) {
            self.to_caller.push(now, byte);
        }
    }

    /// When the faults of a call that is up have something to do.
    fn fault_due(&self, since: Duration) -> Option<Duration> {
        let stall = self.faults.stall.filter(|_| !self.stalled);
        let mute = self.faults.half_open.filter(|_| !self.muted);
        let cut = match self.faults.cut {
            Some(Cut::After(after)) => Some(after),
            Some(Cut::AfterBytes(0)) => Some(Duration::ZERO),
            Some(Cut::AfterBytes(_)) | None => None,
        };
        let all = [stall.map(|(at, _)| at), mute, cut];
        all.into_iter().flatten().min().map(|at| since + at)
    }

    /// When something happens in the call by itself.
    pub(super) fn due(&self) -> Option<Duration> {
        let channels = || [self.to_answerer.due(), self.to_caller.due()];
        match &self.stage {
            Stage::Dialing(until) | Stage::Training(until) => Some(*until),
            Stage::Leading { until, .. } => Some(*until),
            Stage::Ringing { next, until } => Some(*next.min(until)),
            Stage::Up(since) => {
                let fault = self.fault_due(*since);
                channels().into_iter().chain([fault]).flatten().min()
            }
            Stage::Fading(lost) => channels().into_iter().chain(*lost).flatten().min(),
            Stage::Held | Stage::Over => None,
        }
    }

    /// Lets the faults of a call that is up do what is due; whether the call is cut now.
    pub(super) fn suffer(&mut self, now: Duration, since: Duration) -> bool {
        if let Some((at, length)) = self.faults.stall
            && !self.stalled
            && since + at <= now
        {
            self.stalled = true;
            self.to_answerer.stall(now + length);
            self.to_caller.stall(now + length);
        }
        let mute = self.faults.half_open;
        if mute.is_some_and(|at| !self.muted && since + at <= now) {
            self.muted = true;
            self.to_answerer.die();
            self.to_caller.die();
        }
        match self.faults.cut {
            Some(Cut::After(after)) => since + after <= now,
            Some(Cut::AfterBytes(bytes)) => self.is_spent(bytes),
            None => false,
        }
    }

    fn is_spent(&self, bytes: u64) -> bool {
        self.carried().into_iter().sum::<u64>() >= bytes
    }

    /// Whether the byte that has arrived was the last before the cut.
    pub(super) fn is_cut_by_bytes(&self) -> bool {
        matches!(self.faults.cut, Some(Cut::AfterBytes(bytes)) if self.is_spent(bytes))
    }

    /// Lets leave what is due in both directions.
    pub(super) fn advance(&mut self, now: Duration, chance: &mut Chance) {
        self.to_answerer.advance(now, &self.faults, chance);
        self.to_caller.advance(now, &self.faults, chance);
    }
}
