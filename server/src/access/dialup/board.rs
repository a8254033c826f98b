//! What the telephone lines do, for people to see.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use shared::call::{CallFault, Event, Traffic};
use shared::clock::UnixSeconds;
use shared::ppp::Failure;

use super::calls::{CallMade, Ended};

/// What a line does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Doing {
    /// Its port cannot be opened, or was pulled out; it is tried again and again.
    Unplugged,
    /// The modem is being set up, or does not do what it is told.
    SettingUp,
    /// It waits for a call.
    Waiting,
    /// Too many calls came to nothing: it rings unanswered for a while.
    Resting,
    /// Somebody calls.
    Ringing,
    /// The modems have found each other, and the caller has not proved its name yet.
    Connected,
    /// A caller that has proved its name is served.
    InCall,
    /// It hangs up.
    HangingUp,
    /// The data center stops.
    Stopped,
}

impl Doing {
    /// The state as it is shown.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Unplugged => "unplugged",
            Self::SettingUp => "setting-up",
            Self::Waiting => "waiting",
            Self::Resting => "resting",
            Self::Ringing => "ringing",
            Self::Connected => "connected",
            Self::InCall => "in-call",
            Self::HangingUp => "hanging-up",
            Self::Stopped => "stopped",
        }
    }
}

/// One line as it is seen. Numbers count since the data center began to serve.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LineSeen {
    /// The device.
    pub name: Arc<str>,
    /// What it does.
    pub doing: Doing,
    /// Since when.
    pub since: UnixSeconds,
    /// Who is on the line, once the name is proved.
    pub caller: Option<String>,
    /// The name that was given and may be anybody's.
    claimed: Option<String>,
    /// The call on the line.
    begun: Option<Begun>,
    /// Calls that were taken.
    pub calls: u64,
    /// Of these, calls whose caller has proved its name.
    pub proved: u64,
    /// Of these, calls whose caller could not.
    pub refused: u64,
    /// Calls that were missed, or came to nothing otherwise.
    pub failed: u64,
    /// Streams to the services.
    pub streams: u64,
    /// What went wrong last; empty when nothing has.
    pub last_fault: String,
}

/// When a call began, and what the counts of its line were then.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Begun {
    at: UnixSeconds,
    bits_per_second: u32,
    streams: u64,
}

/// What a line is told of, beside what has happened to its calls.
#[derive(Clone, Copy, Debug)]
pub(super) struct Circumstances {
    pub(super) now: UnixSeconds,
    /// Whether the line rings unanswered until it has rested.
    pub(super) rests: bool,
    /// What has passed in the call.
    pub(super) traffic: Traffic,
}

/// All lines.
#[derive(Debug, Default)]
pub struct LineBoard(Mutex<BTreeMap<Arc<str>, LineSeen>>);

impl LineBoard {
    /// All lines, by device.
    #[must_use]
    pub fn all(&self) -> Vec<LineSeen> {
        let lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        lines.values().cloned().collect()
    }

    /// Changes what is seen of a line.
    pub(super) fn change<R>(
        &self,
        name: &Arc<str>,
        now: UnixSeconds,
        how: impl FnOnce(&mut LineSeen) -> R,
    ) -> R {
        let mut lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let line = lines.entry(Arc::clone(name)).or_insert_with(|| LineSeen {
            name: Arc::clone(name),
            doing: Doing::SettingUp,
            since: now,
            caller: None,
            claimed: None,
            begun: None,
            calls: 0,
            proved: 0,
            refused: 0,
            failed: 0,
            streams: 0,
            last_fault: String::new(),
        });
        let before = line.doing;
        let result = how(line);
        if line.doing != before {
            line.since = now;
        }
        result
    }
}

impl LineSeen {
    /// Takes what happened to its calls; answers a call that is over.
    pub(super) fn hear(&mut self, event: &Event, around: Circumstances) -> Option<CallMade> {
        match event {
            Event::Waiting => {
                self.doing = if around.rests {
                    Doing::Resting
                } else {
                    Doing::Waiting
                }
            }
            Event::Ringing if self.doing == Doing::Resting && around.rests => {}
            Event::Ringing | Event::Dialing => self.doing = Doing::Ringing,
            Event::Connected {
                bits_per_second, ..
            } => {
                self.doing = Doing::Connected;
                self.calls = self.calls.saturating_add(1);
                self.begun = Some(Begun {
                    at: around.now,
                    bits_per_second: *bits_per_second,
                    streams: self.streams,
                });
            }
            Event::Claim(name) => self.claimed = Some(name.clone()),
            Event::Up(_) => {
                if self.doing == Doing::Connected {
                    self.proved = self.proved.saturating_add(1);
                }
                self.doing = Doing::InCall;
                self.caller = self.claimed.clone();
            }
            Event::Down => {}
            Event::Stream(_) => self.streams = self.streams.saturating_add(1),
            Event::Ended(how) => return self.end(*how, around),
            Event::HungUp => {
                self.caller = None;
                self.claimed = None;
                self.doing = Doing::SettingUp;
            }
        }
        None
    }

    fn end(&mut self, how: Result<(), CallFault>, around: Circumstances) -> Option<CallMade> {
        let was_up = self.doing == Doing::InCall;
        let begun = self.begun.take();
        if let Err(fault) = how {
            // A station that has what it wants says good-bye.
            if fault != CallFault::Link(Failure::EndedByPeer) || !was_up {
                self.last_fault = fault.to_string();
            }
            match fault {
                CallFault::Link(Failure::PasswordRefused | Failure::ProofUnanswered) => {
                    self.refused = self.refused.saturating_add(1);
                }
                CallFault::Link(_) | CallFault::Modem(_) | CallFault::TooLong if !was_up => {
                    self.failed = self.failed.saturating_add(1);
                }
                CallFault::Link(_) | CallFault::Modem(_) | CallFault::TooLong => {}
            }
        }
        self.doing = Doing::HangingUp;
        begun.map(|begun| self.made(&begun, Ended::of(was_up, how), how.err(), around))
    }

    /// The call that has just ended.
    fn made(
        &self,
        begun: &Begun,
        ended: Ended,
        fault: Option<CallFault>,
        around: Circumstances,
    ) -> CallMade {
        CallMade {
            line: self.name.to_string(),
            began: begun.at,
            // A clock that was set back meanwhile is no reason for less than nothing.
            seconds: around.now.seconds_since(begun.at).max(0),
            caller: self.caller.clone(),
            bits_per_second: begun.bits_per_second,
            received: around.traffic.received,
            sent: around.traffic.sent,
            streams: self.streams.saturating_sub(begun.streams),
            ended,
            fault: match ended {
                Ended::Served => String::new(),
                Ended::Broken | Ended::Refused | Ended::Failed => {
                    fault.map(|fault| fault.to_string()).unwrap_or_default()
                }
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use shared::modem::CallFailure;
    use shared::ppp::Up;

    use super::*;

    const NOW: UnixSeconds = UnixSeconds(1_800_000_000);

    fn up() -> Event {
        Event::Up(Up {
            own: Ipv4Addr::new(10, 112, 0, 1),
            peer: Ipv4Addr::new(10, 112, 0, 2),
            dns: Vec::new(),
            mtu: 576,
        })
    }

    fn connected() -> Event {
        Event::Connected {
            said: String::new(),
            bits_per_second: 0,
        }
    }

    /// What is seen of a line after these.
    fn seen(events: &[Event]) -> LineSeen {
        let (board, name) = (LineBoard::default(), Arc::from("/dev/ttyS0"));
        for event in events {
            board.change(&name, NOW, |line| line.hear(event, around(NOW)));
        }
        board.all().remove(0)
    }

    fn around(now: UnixSeconds) -> Circumstances {
        Circumstances {
            now,
            rests: false,
            traffic: Traffic {
                received: 1_200,
                sent: 800,
            },
        }
    }

    /// The call that these make.
    fn made(events: &[Event]) -> CallMade {
        let (board, name) = (LineBoard::default(), Arc::from("/dev/ttyS0"));
        let hear = |(place, event)| {
            let now = NOW.plus_seconds(i64::try_from(place).unwrap() * 10);
            board.change(&name, now, |line| line.hear(event, around(now)))
        };
        let mut made: Vec<_> = events.iter().enumerate().filter_map(hear).collect();
        assert_eq!(made.len(), 1, "{made:?}");
        made.remove(0)
    }

    #[test]
    fn a_call_is_told_of_once_when_it_has_ended() {
        let said_good_bye = Event::Ended(Err(Failure::EndedByPeer.into()));
        let name = Event::Claim("station-7".to_owned());
        let served = made(&[
            connected(),
            name.clone(),
            up(),
            said_good_bye,
            Event::HungUp,
            // Somebody rang and left.
            Event::Ended(Err(CallFailure::NoCarrier.into())),
        ]);
        assert_eq!(
            served,
            CallMade {
                line: "/dev/ttyS0".to_owned(),
                began: NOW,
                seconds: 30,
                caller: Some("station-7".to_owned()),
                bits_per_second: 0,
                received: 1_200,
                sent: 800,
                streams: 0,
                ended: Ended::Served,
                fault: String::new(),
            }
        );
        let lost = Event::Ended(Err(Failure::LineLost.into()));
        let broken = made(&[connected(), name.clone(), up(), lost.clone()]);
        assert_eq!(broken.ended, Ended::Broken);
        assert_eq!(broken.fault, Failure::LineLost.to_string());
        // A name that was given and not proved is nobody's.
        let refused = Event::Ended(Err(Failure::PasswordRefused.into()));
        let refused = made(&[connected(), name.clone(), refused]);
        assert_eq!((refused.ended, refused.caller), (Ended::Refused, None));
        let failed = made(&[connected(), name, lost]);
        assert_eq!((failed.ended, failed.caller), (Ended::Failed, None));
    }

    #[test]
    fn a_caller_is_named_once_it_is_served_and_while_it_is() {
        let name = Event::Claim("station-7".to_owned());
        let mut events = vec![Event::Waiting, Event::Ringing, Event::Dialing, connected()];
        assert_eq!(seen(&events).doing, Doing::Connected);
        events.push(name);
        assert_eq!(seen(&events).caller, None);
        events.extend([up(), Event::Down, up()]);
        let line = seen(&events);
        assert_eq!((line.doing, line.calls, line.proved), (Doing::InCall, 1, 1));
        assert_eq!(line.caller.as_deref(), Some("station-7"));
        events.push(Event::Ended(Err(Failure::EndedByPeer.into())));
        events.push(Event::HungUp);
        let line = seen(&events);
        assert_eq!((line.caller, line.failed), (None, 0));
        assert_eq!(line.last_fault, "");
    }

    #[test]
    fn strangers_missed_calls_and_dead_modems_are_counted_apart() {
        let refused = Event::Ended(Err(Failure::PasswordRefused.into()));
        let silent = Event::Ended(Err(Failure::NoAnswer.into()));
        let missed = Event::Ended(Err(CallFailure::NoCarrier.into()));
        let line = seen(&[connected(), refused, connected(), silent, missed]);
        assert_eq!((line.calls, line.refused, line.failed), (2, 1, 2));
        assert_eq!(line.last_fault, CallFailure::NoCarrier.to_string());
    }
}
