//! LCP (RFC 1661): what both ends agree on about the link itself.

use super::entropy::Entropy;
use super::failure::Failure;
use super::frame::{ACCM_ALL, Framing, MAX_INFORMATION};
use super::packet::{Setting, write_setting};
use super::proof::Method;
use super::settlement::{Settlement, Verdict};

/// The protocol number.
pub(super) const LCP: u16 = 0xc021;

/// The smallest packet an end may ask for, in bytes: below it one packet of TCP would not fit.
pub(super) const MIN_MRU: u16 = 128;
/// What every end takes before anything is agreed (RFC 1661 §6.1).
pub(super) const DEFAULT_MRU: u16 = 1500;
/// Own requests seen coming back before the line is called looped. One may be an echo of a modem
/// that is only just going over to data.
const MAX_LOOPS: u32 = 3;

mod kind {
    pub(super) const MRU: u8 = 1;
    pub(super) const ACCM: u8 = 2;
    pub(super) const PROOF: u8 = 3;
    pub(super) const MAGIC: u8 = 5;
    pub(super) const PFC: u8 = 7;
    pub(super) const ACFC: u8 = 8;
}

/// Who proves a name on this link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Proving {
    /// This end when asked, in one of these ways, the best first; in none when empty.
    Offered(Vec<Method>),
    /// The other end must, in one of these ways, the best first.
    Demanded(Vec<Method>),
}

/// What the other end was granted: how to send to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Granted {
    /// Longest packet it takes, in bytes.
    pub(super) mru: u16,
    /// How it wants frames.
    pub(super) framing: Framing,
    /// Its magic number, 0 when it has none.
    pub(super) magic: u32,
    /// How it wants us to prove our name.
    pub(super) proof: Option<Method>,
}

const NOTHING_GRANTED: Granted = Granted {
    mru: DEFAULT_MRU,
    framing: Framing {
        accm: ACCM_ALL,
        short_protocol: false,
        short_address: false,
    },
    magic: 0,
    proof: None,
};

/// The wishes of this end that still stand; one that is rejected falls.
#[derive(Clone, Copy, Debug)]
struct Standing {
    mru: bool,
    accm: bool,
    magic: bool,
    pfc: bool,
    acfc: bool,
}

const ALL_STAND: Standing = Standing {
    mru: true,
    accm: true,
    magic: true,
    pfc: true,
    acfc: true,
};

/// The link as this end would have it.
#[derive(Debug)]
pub(super) struct Lcp {
    wanted_mru: u16,
    mru: u16,
    wanted_accm: u32,
    accm: u32,
    magic: u32,
    proving: Proving,
    /// Which of the demanded ways is asked for.
    demanded: usize,
    /// Ways asked of us that we do not offer, so far.
    unsuitable: usize,
    standing: Standing,
    loops: u32,
    /// Unpredictable bytes of this call.
    pub(super) entropy: Entropy,
    /// What the other end was granted last.
    pub(super) granted: Granted,
    /// Why the two ends can never agree, once that is known.
    pub(super) fault: Option<Failure>,
}

impl Lcp {
    /// A link with this longest packet in bytes, and these control characters escaped towards us.
    pub(super) fn new(mru: u16, accm: u32, proving: Proving, mut entropy: Entropy) -> Self {
        let mru = mru.clamp(MIN_MRU, DEFAULT_MRU);
        Self {
            wanted_mru: mru,
            mru,
            wanted_accm: accm,
            accm,
            magic: entropy.magic(),
            proving,
            demanded: 0,
            unsuitable: 0,
            standing: ALL_STAND,
            loops: 0,
            entropy,
            granted: NOTHING_GRANTED,
            fault: None,
        }
    }

    /// The magic number of this end, 0 when the other end will not hear of them.
    pub(super) const fn magic(&self) -> u32 {
        if self.standing.magic { self.magic } else { 0 }
    }

    /// The control characters that the other end was agreed to escape.
    pub(super) const fn agreed_accm(&self) -> u32 {
        if self.standing.accm {
            self.accm
        } else {
            ACCM_ALL
        }
    }

    /// How the other end must prove its name, as agreed.
    pub(super) fn demanded(&self) -> Option<Method> {
        match &self.proving {
            Proving::Offered(_) => None,
            Proving::Demanded(methods) => methods.get(self.demanded).copied(),
        }
    }

    /// Whether the other end asked for a proof in ways that are not offered.
    pub(super) const fn was_asked_in_vain(&self) -> bool {
        self.unsuitable > 0
    }

    /// An own packet came back.
    pub(super) fn looped(&mut self) {
        self.loops = self.loops.saturating_add(1);
        if self.loops >= MAX_LOOPS {
            self.fault = Some(Failure::Looped);
        }
    }

    /// The wish about one setting of the other end, when it does not suit: `Some(None)` when we
    /// will not hear of it.
    fn objection(&mut self, setting: Setting<'_>) -> Option<Option<Vec<u8>>> {
        match setting.kind {
            kind::MRU => match setting.u16() {
                Some(mru) if mru >= MIN_MRU => None,
                Some(_) => Some(Some(MIN_MRU.to_be_bytes().to_vec())),
                None => Some(Some(DEFAULT_MRU.to_be_bytes().to_vec())),
            },
            kind::ACCM => match setting.u32() {
                Some(_) => None,
                None => Some(Some(ACCM_ALL.to_be_bytes().to_vec())),
            },
            kind::MAGIC => {
                let own = self.standing.magic && setting.u32() == Some(self.magic);
                if own {
                    self.looped();
                }
                if own || setting.u32().is_none_or(|magic| magic == 0) {
                    Some(Some(self.entropy.magic().to_be_bytes().to_vec()))
                } else {
                    None
                }
            }
            kind::PROOF => self.objection_to_proof(setting),
            kind::PFC | kind::ACFC if setting.value.is_empty() => None,
            _ => Some(None),
        }
    }

    fn objection_to_proof(&mut self, setting: Setting<'_>) -> Option<Option<Vec<u8>>> {
        let offered = match &self.proving {
            Proving::Offered(methods) if !methods.is_empty() => methods,
            Proving::Offered(_) | Proving::Demanded(_) => {
                self.unsuitable = self.unsuitable.saturating_add(1);
                return Some(None);
            }
        };
        if Method::read(setting.value).is_some_and(|method| offered.contains(&method)) {
            return None;
        }
        // Each time another of ours is named, since the other end does not say what it knows.
        let turn = self.unsuitable.checked_rem(offered.len()).unwrap_or(0);
        self.unsuitable = self.unsuitable.saturating_add(1);
        Some(offered.get(turn).map(|method| method.setting().to_vec()))
    }

    /// Asks for another way of proving the name: the one wished, when it will do, or the next.
    fn demand_another(&mut self, wished: Option<Method>) {
        if let Proving::Demanded(methods) = &self.proving {
            let named = wished.and_then(|wish| methods.iter().position(|method| *method == wish));
            self.demanded = named.unwrap_or_else(|| self.demanded.saturating_add(1));
            if self.demanded >= methods.len() {
                self.demanded = 0;
                self.fault = Some(Failure::NoCommonProof);
            }
        }
    }
}

impl Settlement for Lcp {
    const PROTOCOL: u16 = LCP;
    const FIRST_OPTIONAL_CODE: u8 = 8;

    fn begin(&mut self) {
        self.mru = self.wanted_mru;
        self.accm = self.wanted_accm;
        self.demanded = 0;
        self.unsuitable = 0;
        self.standing = ALL_STAND;
        self.loops = 0;
        self.granted = NOTHING_GRANTED;
    }

    fn wishes(&self) -> Vec<u8> {
        let mut wishes = Vec::new();
        if self.standing.mru && self.mru != DEFAULT_MRU {
            write_setting(&mut wishes, kind::MRU, &self.mru.to_be_bytes());
        }
        if self.standing.accm && self.accm != ACCM_ALL {
            write_setting(&mut wishes, kind::ACCM, &self.accm.to_be_bytes());
        }
        if let Some(method) = self.demanded() {
            write_setting(&mut wishes, kind::PROOF, method.setting());
        }
        if self.standing.magic {
            write_setting(&mut wishes, kind::MAGIC, &self.magic.to_be_bytes());
        }
        if self.standing.pfc {
            write_setting(&mut wishes, kind::PFC, &[]);
        }
        if self.standing.acfc {
            write_setting(&mut wishes, kind::ACFC, &[]);
        }
        wishes
    }

    fn judge(&mut self, theirs: &[Setting<'_>]) -> Verdict {
        let mut rejected = Vec::new();
        let mut wished = Vec::new();
        for setting in theirs {
            match self.objection(*setting) {
                None => {}
                Some(None) => setting.write(&mut rejected),
                Some(Some(value)) => write_setting(&mut wished, setting.kind, &value),
            }
        }
        if !rejected.is_empty() {
            Verdict::Reject(rejected)
        } else if !wished.is_empty() {
            Verdict::Nak(wished)
        } else {
            Verdict::Ack
        }
    }

    fn grant(&mut self, theirs: &[Setting<'_>]) {
        let mut granted = NOTHING_GRANTED;
        for setting in theirs {
            match setting.kind {
                kind::MRU => granted.mru = setting.u16().unwrap_or(DEFAULT_MRU),
                kind::ACCM => granted.framing.accm = setting.u32().unwrap_or(ACCM_ALL),
                kind::PROOF => granted.proof = Method::read(setting.value),
                kind::MAGIC => granted.magic = setting.u32().unwrap_or(0),
                kind::PFC => granted.framing.short_protocol = true,
                kind::ACFC => granted.framing.short_address = true,
                _ => {}
            }
        }
        granted.mru = granted.mru.clamp(MIN_MRU, longest());
        self.granted = granted;
        self.unsuitable = 0;
        self.loops = 0;
    }

    fn naked(&mut self, ours: &[Setting<'_>]) {
        for setting in ours {
            match setting.kind {
                // A longer packet than we asked for is no harm: every end takes the default.
                kind::MRU => {
                    let wish = setting.u16().unwrap_or(DEFAULT_MRU);
                    self.mru = wish.clamp(MIN_MRU, DEFAULT_MRU);
                }
                kind::ACCM => self.accm |= setting.u32().unwrap_or(ACCM_ALL),
                // Never the number wished: on a looped line that is one of our own.
                kind::MAGIC => self.magic = self.entropy.magic(),
                kind::PROOF => self.demand_another(Method::read(setting.value)),
                _ => {}
            }
        }
    }

    fn rejected(&mut self, ours: &[Setting<'_>]) {
        for setting in ours {
            match setting.kind {
                kind::MRU => self.standing.mru = false,
                kind::ACCM => self.standing.accm = false,
                kind::PROOF => self.fault = Some(Failure::NoCommonProof),
                kind::MAGIC => self.standing.magic = false,
                kind::PFC => self.standing.pfc = false,
                kind::ACFC => self.standing.acfc = false,
                _ => {}
            }
        }
    }
}

/// The longest packet ever sent, in bytes, whatever the other end would take.
fn longest() -> u16 {
    u16::try_from(MAX_INFORMATION).unwrap_or(DEFAULT_MRU)
}
