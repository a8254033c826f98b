//! Proving our own name to the other end.

use std::time::Duration;

use subtle::ConstantTimeEq;

use super::super::entropy::Entropy;
use super::super::failure::Failure;
use super::super::packet::{Packet, packet};
use super::ms_chap::{CHALLENGE_BYTES, Exchange, RESPONSE_BYTES};
use super::{Credentials, Method, Progress, Resent, Tries, chap_md5, code, counted, write_counted};

/// Most characters kept of what the other end says to a proof.
const MAX_WORDS: usize = 120;
/// Characters of the counter-proof in a Success of MS-CHAPv2.
const COUNTER_PROOF_CHARACTERS: usize = 40;

/// A challenge and how it was answered.
#[derive(Debug)]
struct Answered {
    id: u8,
    challenge: Vec<u8>,
    response: Vec<u8>,
    /// What the other end has to answer, in MS-CHAPv2.
    counter_proof: Option<String>,
}

/// The proving end of a proof. It sends its answer again until it hears what became of it: the
/// other end repeats its reply (RFC 1994 §4.2), so a lost Success does not hold the call up.
#[derive(Debug)]
pub(crate) struct Offer {
    method: Method,
    credentials: Credentials,
    tries: Tries,
    pap_id: u8,
    resent: Option<Resent>,
    answered: Option<Answered>,
    settled: bool,
    words: Option<String>,
}

impl Offer {
    /// Begins to prove a name: by saying it at once (PAP), or by waiting for a challenge.
    pub(crate) fn begin(
        method: Method,
        credentials: Credentials,
        now: Duration,
        tries: Tries,
        progress: &mut Progress,
    ) -> Self {
        let mut offer = Self {
            method,
            credentials,
            tries,
            pap_id: 1,
            resent: None,
            answered: None,
            settled: false,
            words: None,
        };
        if method == Method::Pap {
            let mut said = Vec::new();
            write_counted(&mut said, offer.credentials.name.as_bytes());
            write_counted(&mut said, offer.credentials.secret.as_bytes());
            offer.send(
                now,
                packet(code::PAP_REQUEST, offer.pap_id, &said),
                progress,
            );
        }
        offer
    }

    /// What the other end said to the proof, for the record: printable characters only.
    pub(crate) fn words(&self) -> Option<&str> {
        self.words.as_deref()
    }

    /// When [`Offer::expire`] has something to do.
    pub(crate) fn wake_at(&self) -> Option<Duration> {
        self.resent.as_ref().map(|resent| resent.at)
    }

    /// Does what is due by now.
    pub(crate) fn expire(&mut self, now: Duration, progress: &mut Progress) {
        let tries = self.tries;
        if let Some(resent) = &mut self.resent
            && resent.expire(now, tries, progress)
        {
            self.settle(Err(Failure::ProofUnanswered), progress);
        }
    }

    /// Takes a packet of the method's protocol; malformed and unasked ones are dropped.
    pub(crate) fn input(
        &mut self,
        now: Duration,
        bytes: &[u8],
        entropy: &mut Entropy,
        progress: &mut Progress,
    ) {
        let Some(packet) = Packet::read(bytes) else {
            return;
        };
        match self.method {
            Method::Pap => self.pap_answered(packet, progress),
            Method::ChapMd5 | Method::MsChapV2 => match packet.code {
                code::CHAP_CHALLENGE => self.challenged(now, packet, entropy, progress),
                code::CHAP_SUCCESS | code::CHAP_FAILURE => self.chap_answered(packet, progress),
                _ => {}
            },
        }
    }

    fn pap_answered(&mut self, packet: Packet<'_>, progress: &mut Progress) {
        if self.settled || packet.id != self.pap_id {
            return;
        }
        let words = counted(packet.data).map_or(packet.data, |(words, _)| words);
        match packet.code {
            code::PAP_ACK => self.hear(words, Ok(()), progress),
            code::PAP_NAK => self.hear(words, Err(Failure::PasswordRefused), progress),
            _ => {}
        }
    }

    fn challenged(
        &mut self,
        now: Duration,
        packet: Packet<'_>,
        entropy: &mut Entropy,
        progress: &mut Progress,
    ) {
        let Some((challenge, _their_name)) = counted(packet.data) else {
            return;
        };
        if let Some(answered) = &self.answered
            && answered.id == packet.id
            && answered.challenge == challenge
        {
            progress.packets.push(answered.response.clone());
            return;
        }
        let Some((value, counter_proof)) = self.response(packet.id, challenge, entropy) else {
            return;
        };
        let mut data = Vec::new();
        write_counted(&mut data, &value);
        data.extend_from_slice(self.credentials.name.as_bytes());
        let response = super::super::packet::packet(code::CHAP_RESPONSE, packet.id, &data);
        self.answered = Some(Answered {
            id: packet.id,
            challenge: challenge.to_vec(),
            response: response.clone(),
            counter_proof,
        });
        if self.settled {
            // A challenge during the call (RFC 1994 allows them at any time).
            progress.packets.push(response);
        } else {
            self.send(now, response, progress);
        }
    }

    /// The answer to a challenge, and what has to come back in MS-CHAPv2; `None` to a challenge of
    /// an impossible length.
    fn response(
        &self,
        id: u8,
        challenge: &[u8],
        entropy: &mut Entropy,
    ) -> Option<(Vec<u8>, Option<String>)> {
        let secret = self.credentials.secret.as_str();
        if self.method != Method::MsChapV2 {
            let answer = chap_md5(id, secret, challenge).to_vec();
            return (!challenge.is_empty()).then_some((answer, None));
        }
        if challenge.len() != CHALLENGE_BYTES {
            return None;
        }
        let own = entropy.block();
        let exchange = Exchange {
            demanding: challenge,
            proving: &own,
            name: &self.credentials.name,
        };
        let answer: [u8; RESPONSE_BYTES] = exchange.response(secret);
        let mut value = own.to_vec();
        value.extend_from_slice(&[0; 8]);
        value.extend_from_slice(&answer);
        value.push(0);
        Some((value, Some(exchange.counter_proof(secret, &answer))))
    }

    fn chap_answered(&mut self, packet: Packet<'_>, progress: &mut Progress) {
        let Some(answered) = &self.answered else {
            return;
        };
        if self.settled || answered.id != packet.id {
            return;
        }
        let outcome = if packet.code == code::CHAP_FAILURE {
            Err(Failure::PasswordRefused)
        } else if answered
            .counter_proof
            .as_ref()
            .is_none_or(|expected| is_proven(packet.data, expected))
        {
            Ok(())
        } else {
            Err(Failure::PeerNotProven)
        };
        self.hear(packet.data, outcome, progress);
    }

    fn hear(&mut self, words: &[u8], outcome: Result<(), Failure>, progress: &mut Progress) {
        let printable = words
            .iter()
            .filter(|byte| (0x20..0x7f).contains(*byte))
            .take(MAX_WORDS)
            .map(|byte| char::from(*byte))
            .collect::<String>();
        self.words = (!printable.is_empty()).then_some(printable);
        self.settle(outcome, progress);
    }

    fn settle(&mut self, outcome: Result<(), Failure>, progress: &mut Progress) {
        self.settled = true;
        self.resent = None;
        progress.outcome = Some(outcome);
    }

    fn send(&mut self, now: Duration, bytes: Vec<u8>, progress: &mut Progress) {
        progress.packets.push(bytes.clone());
        self.resent = Some(Resent::new(bytes, now, self.tries));
    }
}

/// Whether the message of a Success carries the expected counter-proof.
fn is_proven(message: &[u8], expected: &str) -> bool {
    message
        .strip_prefix(b"S=")
        .and_then(|rest| rest.get(..COUNTER_PROOF_CHARACTERS))
        .is_some_and(|found| found.to_ascii_uppercase().ct_eq(expected.as_bytes()).into())
}
