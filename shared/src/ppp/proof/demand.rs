//! Having the other end prove its name.

use std::time::Duration;

use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::super::entropy::Entropy;
use super::super::failure::Failure;
use super::super::packet::{Packet, packet};
use super::ms_chap::{CHALLENGE_BYTES, Exchange, RESPONSE_BYTES, without_domain};
use super::{MAX_NAME_BYTES, Method, Progress, Resent, Tries, chap_md5, code, counted};

/// Bytes of a response of MS-CHAPv2: own challenge, eight reserved, answer, flags.
const MS_CHAP_VALUE_BYTES: usize = CHALLENGE_BYTES + 8 + RESPONSE_BYTES + 1;

/// A name with what shall prove it.
struct Claimed {
    id: u8,
    name: String,
    value: Zeroizing<Vec<u8>>,
}

/// How a claim was decided; repeated so long as the other end repeats the claim.
struct Decided {
    id: u8,
    /// The claim as it came, to know a repeated one of PAP by.
    value: Zeroizing<Vec<u8>>,
    code: u8,
    message: String,
}

enum Stage {
    Waiting,
    Asking(Claimed),
    Decided(Decided),
}

/// The demanding end of a proof. One claim is judged in a call: who gets it wrong dials again, so
/// that guessing costs a call each.
pub(crate) struct Demand {
    method: Method,
    tries: Tries,
    id: u8,
    challenge: [u8; CHALLENGE_BYTES],
    resent: Option<Resent>,
    stage: Stage,
}

impl std::fmt::Debug for Demand {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Demand")
            .field("method", &self.method)
            .finish_non_exhaustive()
    }
}

impl Demand {
    /// Begins to demand: by a challenge, or in PAP by waiting. `own_name` is what the other end is
    /// told about who asks.
    pub(crate) fn begin(
        method: Method,
        own_name: &str,
        now: Duration,
        tries: Tries,
        entropy: &mut Entropy,
        progress: &mut Progress,
    ) -> Self {
        let challenge = entropy.block();
        let [id, ..] = entropy.block();
        let mut demand = Self {
            method,
            tries,
            id,
            challenge,
            resent: None,
            stage: Stage::Waiting,
        };
        if method != Method::Pap {
            let mut data = Vec::new();
            super::write_counted(&mut data, &challenge);
            data.extend_from_slice(own_name.as_bytes());
            let bytes = packet(code::CHAP_CHALLENGE, id, &data);
            progress.packets.push(bytes.clone());
            demand.resent = Some(Resent::new(bytes, now, tries));
        }
        demand
    }

    /// When [`Demand::expire`] has something to do.
    pub(crate) fn wake_at(&self) -> Option<Duration> {
        self.resent.as_ref().map(|resent| resent.at)
    }

    /// Does what is due by now.
    pub(crate) fn expire(&mut self, now: Duration, progress: &mut Progress) {
        let tries = self.tries;
        if let Some(resent) = &mut self.resent
            && resent.expire(now, tries, progress)
        {
            self.resent = None;
            progress.outcome = Some(Err(Failure::ProofUnanswered));
        }
    }

    /// Takes a packet of the method's protocol; malformed and unasked ones are dropped.
    pub(crate) fn input(&mut self, bytes: &[u8], progress: &mut Progress) {
        let Some(packet) = Packet::read(bytes) else {
            return;
        };
        let expected = match self.method {
            Method::Pap => code::PAP_REQUEST,
            Method::ChapMd5 | Method::MsChapV2 => code::CHAP_RESPONSE,
        };
        if packet.code != expected {
            return;
        }
        match &self.stage {
            Stage::Waiting => self.claim(packet, progress),
            Stage::Asking(_) => {}
            Stage::Decided(decided) => {
                let again = match self.method {
                    Method::Pap => decided.value.as_slice() == packet.data,
                    Method::ChapMd5 | Method::MsChapV2 => decided.id == packet.id,
                };
                if again {
                    progress.packets.push(decided.reply(self.method, packet.id));
                }
            }
        }
    }

    fn claim(&mut self, packet: Packet<'_>, progress: &mut Progress) {
        let (name, value) = match self.method {
            Method::Pap => match counted(packet.data) {
                Some((name, _secret)) => (name, packet.data),
                None => return,
            },
            Method::ChapMd5 | Method::MsChapV2 => match counted(packet.data) {
                Some((value, name)) if packet.id == self.id => (name, value),
                Some(_) | None => return,
            },
        };
        let name = name.get(..MAX_NAME_BYTES).unwrap_or(name);
        let mut name = String::from_utf8_lossy(name).into_owned();
        if self.method == Method::MsChapV2 {
            name = without_domain(&name).to_owned();
        }
        self.resent = None;
        progress.claim = Some(name.clone());
        self.stage = Stage::Asking(Claimed {
            id: packet.id,
            name,
            value: Zeroizing::new(value.to_vec()),
        });
    }

    /// Judges the claim by the secret that belongs to its name; `None` when nobody has that name.
    /// Without a claim nothing happens.
    pub(crate) fn answer(&mut self, secret: Option<&str>, progress: &mut Progress) {
        let Stage::Asking(claimed) = &self.stage else {
            return;
        };
        let proven = secret.is_some_and(|secret| self.is_proven(claimed, secret));
        let counter_proof = secret.filter(|_| proven && self.method == Method::MsChapV2);
        let message = match counter_proof {
            Some(secret) => self
                .exchange(claimed)
                .map(|(exchange, answer)| {
                    format!("S={} M=Welcome", exchange.counter_proof(secret, answer))
                })
                .unwrap_or_default(),
            None if proven => "Welcome".to_owned(),
            None if self.method == Method::MsChapV2 => format!(
                "E=691 R=0 C={} V=3 M=Name or password refused",
                data_encoding::HEXUPPER.encode(&self.challenge)
            ),
            None => "Name or password refused".to_owned(),
        };
        let code = match (self.method, proven) {
            (Method::Pap, true) => code::PAP_ACK,
            (Method::Pap, false) => code::PAP_NAK,
            (Method::ChapMd5 | Method::MsChapV2, true) => code::CHAP_SUCCESS,
            (Method::ChapMd5 | Method::MsChapV2, false) => code::CHAP_FAILURE,
        };
        let decided = Decided {
            id: claimed.id,
            value: claimed.value.clone(),
            code,
            message,
        };
        progress
            .packets
            .push(decided.reply(self.method, decided.id));
        progress.outcome = Some(if proven {
            Ok(())
        } else {
            Err(Failure::PasswordRefused)
        });
        self.stage = Stage::Decided(decided);
    }

    fn is_proven(&self, claimed: &Claimed, secret: &str) -> bool {
        let value = claimed.value.as_slice();
        match self.method {
            Method::Pap => counted(value)
                .and_then(|(_name, rest)| counted(rest))
                .is_some_and(|(said, _)| said.ct_eq(secret.as_bytes()).into()),
            Method::ChapMd5 => chap_md5(claimed.id, secret, &self.challenge)
                .as_slice()
                .ct_eq(value)
                .into(),
            Method::MsChapV2 => self
                .exchange(claimed)
                .is_some_and(|(exchange, answer)| exchange.response(secret).ct_eq(answer).into()),
        }
    }

    /// The two challenges and the answer of a claim of MS-CHAPv2, when it has the right length.
    fn exchange<'a>(&'a self, claimed: &'a Claimed) -> Option<(Exchange<'a>, &'a [u8])> {
        let value = claimed.value.as_slice();
        if value.len() != MS_CHAP_VALUE_BYTES {
            return None;
        }
        let proving = value.get(..CHALLENGE_BYTES)?;
        let from = CHALLENGE_BYTES.saturating_add(8);
        let answer = value.get(from..from.saturating_add(RESPONSE_BYTES))?;
        let exchange = Exchange {
            demanding: &self.challenge,
            proving,
            name: &claimed.name,
        };
        Some((exchange, answer))
    }
}

impl Decided {
    fn reply(&self, method: Method, id: u8) -> Vec<u8> {
        let mut data = Vec::new();
        if method == Method::Pap {
            super::write_counted(&mut data, self.message.as_bytes());
        } else {
            data.extend_from_slice(self.message.as_bytes());
        }
        packet(self.code, id, &data)
    }
}
