//! The option negotiation automaton of RFC 1661 §4.1, as the table that stands there.
//!
//! Pure: a state and an event give the next state and what is to be done. Who does it, and when a
//! time-out comes, is the business of [`super::layer`].

/// Where a negotiation stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// The layer below is down, and nobody asked for this one.
    Initial,
    /// The layer below is down, and this one is wanted.
    Starting,
    /// The layer below is up, and nobody asks for this one.
    Closed,
    /// Finished, and would begin again if the other end did.
    Stopped,
    /// We said good-bye and wait for the answer.
    Closing,
    /// The other end said good-bye, or broke a rule.
    Stopping,
    /// We have asked.
    ReqSent,
    /// We have asked and were agreed to.
    AckReceived,
    /// We have asked, and agreed to what the other end asked.
    AckSent,
    /// Both have agreed: data may pass.
    Opened,
}

impl State {
    /// Whether the restart timer runs.
    pub(super) const fn has_timer(self) -> bool {
        match self {
            Self::Closing | Self::Stopping | Self::ReqSent | Self::AckReceived | Self::AckSent => {
                true
            }
            Self::Initial | Self::Starting | Self::Closed | Self::Stopped | Self::Opened => false,
        }
    }

    /// The column of the table.
    const fn column(self) -> usize {
        match self {
            Self::Initial => 0,
            Self::Starting => 1,
            Self::Closed => 2,
            Self::Stopped => 3,
            Self::Closing => 4,
            Self::Stopping => 5,
            Self::ReqSent => 6,
            Self::AckReceived => 7,
            Self::AckSent => 8,
            Self::Opened => 9,
        }
    }
}

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Event {
    /// The layer below came up.
    Up,
    /// The layer below went down.
    Down,
    /// This layer is wanted.
    Open,
    /// This layer is wanted no longer.
    Close,
    /// The restart timer ran out, with tries left.
    TimeoutAgain,
    /// The restart timer ran out for the last time.
    TimeoutFinal,
    /// A request we can agree to.
    GoodRequest,
    /// A request we cannot agree to.
    BadRequest,
    /// Our request was agreed to.
    Acked,
    /// Our request was not agreed to.
    Naked,
    /// The other end says good-bye.
    TerminateRequest,
    /// The other end answers our good-bye.
    TerminateAck,
    /// A packet of a code we do not know.
    UnknownCode,
    /// Something we can do without was rejected.
    RejectOfTheOptional,
    /// Something this layer cannot do without was rejected.
    RejectOfTheNeeded,
}

/// What is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Action {
    /// Tell the layer above that this one is up.
    LayerUp,
    /// Tell the layer above that this one is down.
    LayerDown,
    /// Tell the layer below that it is needed.
    LayerStarted,
    /// Tell the layer below that it is needed no longer.
    LayerFinished,
    /// Allow all tries for a request again.
    ArmConfigure,
    /// Allow all tries for a good-bye.
    ArmTerminate,
    /// Allow no further try, but wait one period so that the good-bye's answer gets out.
    ArmLast,
    /// Send our request.
    SendRequest,
    /// Agree to the other end's request.
    SendAck,
    /// Answer the other end's request with what is wrong with it.
    SendNak,
    /// Say good-bye.
    SendTerminate,
    /// Answer a good-bye.
    SendTerminateAck,
    /// Say that a code is not known.
    SendCodeReject,
}

/// A field of the table; `None` where the RFC says that it cannot happen, or nothing changes.
type Cell = Option<(State, &'static [Action])>;

/// The next state, and what is to be done in this order.
pub(super) fn next(state: State, event: Event) -> (State, &'static [Action]) {
    let cell = row(event).get(state.column()).copied().flatten();
    cell.unwrap_or((state, &[]))
}

const fn row(event: Event) -> &'static [Cell; 10] {
    match event {
        Event::Up => &table::UP,
        Event::Down => &table::DOWN,
        Event::Open => &table::OPEN,
        Event::Close => &table::CLOSE,
        Event::TimeoutAgain => &table::TIMEOUT_AGAIN,
        Event::TimeoutFinal => &table::TIMEOUT_FINAL,
        Event::GoodRequest => &table::GOOD_REQUEST,
        Event::BadRequest => &table::BAD_REQUEST,
        Event::Acked => &table::ACKED,
        Event::Naked => &table::NAKED,
        Event::TerminateRequest => &table::TERMINATE_REQUEST,
        Event::TerminateAck => &table::TERMINATE_ACK,
        Event::UnknownCode => &table::UNKNOWN_CODE,
        Event::RejectOfTheOptional => &table::REJECT_OF_THE_OPTIONAL,
        Event::RejectOfTheNeeded => &table::REJECT_OF_THE_NEEDED,
    }
}

/// The table, a constant for each row, two lines of it as in the RFC: Initial, Starting, Closed,
/// Stopped, Closing, Stopping; then Req-Sent, Ack-Rcvd, Ack-Sent, Opened.
#[rustfmt::skip]
mod table {
    use super::Action::{
        ArmConfigure as Irc, ArmLast as Zrc, ArmTerminate as Itc, LayerDown as Tld,
        LayerFinished as Tlf, LayerStarted as Tls, LayerUp as Tlu, SendAck as Sca,
        SendCodeReject as Scj, SendNak as Scn, SendRequest as Scr, SendTerminate as Str,
        SendTerminateAck as Sta,
    };
    use super::State::{
        AckReceived, AckSent, Closed, Closing, Initial, Opened, ReqSent, Starting, Stopped, Stopping,
    };
    use super::{Action, Cell, State};

    type Row = [Cell; 10];

    const NEVER: Cell = None;

    const fn to(state: State, actions: &'static [Action]) -> Cell {
        Some((state, actions))
    }

    pub(super) const UP: Row = [
        to(Closed, &[]), to(ReqSent, &[Irc, Scr]), NEVER, NEVER, NEVER, NEVER,
        NEVER, NEVER, NEVER, NEVER,
    ];
    pub(super) const DOWN: Row = [
        NEVER, NEVER, to(Initial, &[]), to(Starting, &[Tls]), to(Initial, &[]), to(Starting, &[]),
        to(Starting, &[]), to(Starting, &[]), to(Starting, &[]), to(Starting, &[Tld]),
    ];
    pub(super) const OPEN: Row = [
        to(Starting, &[Tls]), NEVER, to(ReqSent, &[Irc, Scr]), NEVER, to(Stopping, &[]), NEVER,
        NEVER, NEVER, NEVER, NEVER,
    ];
    pub(super) const CLOSE: Row = [
        NEVER, to(Initial, &[Tlf]), NEVER, to(Closed, &[]), NEVER, to(Closing, &[]),
        to(Closing, &[Itc, Str]), to(Closing, &[Itc, Str]), to(Closing, &[Itc, Str]), to(Closing, &[Tld, Itc, Str]),
    ];
    pub(super) const TIMEOUT_AGAIN: Row = [
        NEVER, NEVER, NEVER, NEVER, to(Closing, &[Str]), to(Stopping, &[Str]),
        to(ReqSent, &[Scr]), to(ReqSent, &[Scr]), to(AckSent, &[Scr]), NEVER,
    ];
    pub(super) const TIMEOUT_FINAL: Row = [
        NEVER, NEVER, NEVER, NEVER, to(Closed, &[Tlf]), to(Stopped, &[Tlf]),
        to(Stopped, &[Tlf]), to(Stopped, &[Tlf]), to(Stopped, &[Tlf]), NEVER,
    ];
    pub(super) const GOOD_REQUEST: Row = [
        NEVER, NEVER, to(Closed, &[Sta]), to(AckSent, &[Irc, Scr, Sca]), NEVER, NEVER,
        to(AckSent, &[Sca]), to(Opened, &[Sca, Tlu]), to(AckSent, &[Sca]), to(AckSent, &[Tld, Scr, Sca]),
    ];
    pub(super) const BAD_REQUEST: Row = [
        NEVER, NEVER, to(Closed, &[Sta]), to(ReqSent, &[Irc, Scr, Scn]), NEVER, NEVER,
        to(ReqSent, &[Scn]), to(AckReceived, &[Scn]), to(ReqSent, &[Scn]), to(ReqSent, &[Tld, Scr, Scn]),
    ];
    pub(super) const ACKED: Row = [
        NEVER, NEVER, to(Closed, &[Sta]), to(Stopped, &[Sta]), NEVER, NEVER,
        to(AckReceived, &[Irc]), to(ReqSent, &[Scr]), to(Opened, &[Irc, Tlu]), to(ReqSent, &[Tld, Scr]),
    ];
    pub(super) const NAKED: Row = [
        NEVER, NEVER, to(Closed, &[Sta]), to(Stopped, &[Sta]), NEVER, NEVER,
        to(ReqSent, &[Irc, Scr]), to(ReqSent, &[Scr]), to(AckSent, &[Irc, Scr]), to(ReqSent, &[Tld, Scr]),
    ];
    pub(super) const TERMINATE_REQUEST: Row = [
        NEVER, NEVER, to(Closed, &[Sta]), to(Stopped, &[Sta]), to(Closing, &[Sta]), to(Stopping, &[Sta]),
        to(ReqSent, &[Sta]), to(ReqSent, &[Sta]), to(ReqSent, &[Sta]), to(Stopping, &[Tld, Zrc, Sta]),
    ];
    pub(super) const TERMINATE_ACK: Row = [
        NEVER, NEVER, NEVER, NEVER, to(Closed, &[Tlf]), to(Stopped, &[Tlf]),
        NEVER, to(ReqSent, &[]), NEVER, to(ReqSent, &[Tld, Scr]),
    ];
    pub(super) const UNKNOWN_CODE: Row = [
        NEVER, NEVER, to(Closed, &[Scj]), to(Stopped, &[Scj]), to(Closing, &[Scj]), to(Stopping, &[Scj]),
        to(ReqSent, &[Scj]), to(AckReceived, &[Scj]), to(AckSent, &[Scj]), to(Opened, &[Scj]),
    ];
    pub(super) const REJECT_OF_THE_OPTIONAL: Row = [
        NEVER, NEVER, NEVER, NEVER, NEVER, NEVER,
        NEVER, to(ReqSent, &[]), NEVER, NEVER,
    ];
    pub(super) const REJECT_OF_THE_NEEDED: Row = [
        NEVER, NEVER, to(Closed, &[Tlf]), to(Stopped, &[Tlf]), to(Closed, &[Tlf]), to(Stopped, &[Tlf]),
        to(Stopped, &[Tlf]), to(Stopped, &[Tlf]), to(Stopped, &[Tlf]), to(Stopping, &[Tld, Itc, Str]),
    ];
}

#[cfg(test)]
mod tests {
    use super::*;

    const STATES: [State; 10] = [
        State::Initial,
        State::Starting,
        State::Closed,
        State::Stopped,
        State::Closing,
        State::Stopping,
        State::ReqSent,
        State::AckReceived,
        State::AckSent,
        State::Opened,
    ];
    const EVENTS: [Event; 15] = [
        Event::Up,
        Event::Down,
        Event::Open,
        Event::Close,
        Event::TimeoutAgain,
        Event::TimeoutFinal,
        Event::GoodRequest,
        Event::BadRequest,
        Event::Acked,
        Event::Naked,
        Event::TerminateRequest,
        Event::TerminateAck,
        Event::UnknownCode,
        Event::RejectOfTheOptional,
        Event::RejectOfTheNeeded,
    ];

    /// The table of RFC 1661 §4.1 as it is printed there, its two halves side by side; `irc,str`
    /// of a good-bye is written `itc,str`.
    const RFC: &str = "\
Up    2       irc,scr/6 -     -               -     -     | -         -         -           -
Down  -       -       0       tls/1           0     1     | 1         1         1           tld/1
Open  tls/1   1       irc,scr/6 3             5     5     | 6         7         8           9
Close 0       tlf/0   2       2               4     4     | itc,str/4 itc,str/4 itc,str/4   tld,itc,str/4
TO+   -       -       -       -               str/4 str/5 | scr/6     scr/6     scr/8       -
TO-   -       -       -       -               tlf/2 tlf/3 | tlf/3     tlf/3     tlf/3       -
RCR+  -       -       sta/2   irc,scr,sca/8   4     5     | sca/8     sca,tlu/9 sca/8       tld,scr,sca/8
RCR-  -       -       sta/2   irc,scr,scn/6   4     5     | scn/6     scn/7     scn/6       tld,scr,scn/6
RCA   -       -       sta/2   sta/3           4     5     | irc/7     scr/6     irc,tlu/9   tld,scr/6
RCN   -       -       sta/2   sta/3           4     5     | irc,scr/6 scr/6     irc,scr/8   tld,scr/6
RTR   -       -       sta/2   sta/3           sta/4 sta/5 | sta/6     sta/6     sta/6       tld,zrc,sta/5
RTA   -       -       2       3               tlf/2 tlf/3 | 6         6         8           tld,scr/6
RUC   -       -       scj/2   scj/3           scj/4 scj/5 | scj/6     scj/7     scj/8       scj/9
RXJ+  -       -       2       3               4     5     | 6         6         8           9
RXJ-  -       -       tlf/2   tlf/3           tlf/2 tlf/3 | tlf/3     tlf/3     tlf/3       tld,itc,str/5";

    fn short(action: Action) -> &'static str {
        match action {
            Action::LayerUp => "tlu",
            Action::LayerDown => "tld",
            Action::LayerStarted => "tls",
            Action::LayerFinished => "tlf",
            Action::ArmConfigure => "irc",
            Action::ArmTerminate => "itc",
            Action::ArmLast => "zrc",
            Action::SendRequest => "scr",
            Action::SendAck => "sca",
            Action::SendNak => "scn",
            Action::SendTerminate => "str",
            Action::SendTerminateAck => "sta",
            Action::SendCodeReject => "scj",
        }
    }

    #[test]
    fn every_field_is_that_of_the_rfc() {
        let mut fields = 0;
        for (line, event) in RFC.lines().zip(EVENTS) {
            let cells = line.split_whitespace().skip(1).filter(|word| *word != "|");
            for (cell, state) in cells.zip(STATES) {
                fields += 1;
                let (next, actions) = next(state, event);
                if cell == "-" {
                    assert_eq!((next, actions), (state, &[][..]), "{event:?} in {state:?}");
                    continue;
                }
                let (said, to) = cell.rsplit_once('/').unwrap_or(("", cell));
                let found: Vec<&str> = actions.iter().copied().map(short).collect();
                assert_eq!(found.join(","), said, "{event:?} in {state:?}");
                assert_eq!(next.column().to_string(), to, "{event:?} in {state:?}");
            }
        }
        assert_eq!(fields, 150);
    }

    #[test]
    fn only_a_state_that_waits_for_an_answer_has_a_timer() {
        for state in STATES {
            let waits = next(state, Event::TimeoutAgain) != (state, &[][..]);
            assert_eq!(waits, state.has_timer(), "{state:?}");
        }
    }
}
