//! The station's side of L3 (`protocol.md` D): one stream per service, one request outstanding.
//!
//! A request is written down as an [`Intent`], sealed, before its first byte is sent; it is sent
//! again unchanged, over whatever line, until its reply has been taken in. The reply's effects and
//! the removal of the intent are one commit.

use minicbor::{Decode, Encode};
use shared::clock::UnixSeconds;
use shared::security::envelope::{self, Envelope, Header, ReplyEnvelope, ReplySecret};
use shared::security::signed::{self, ContentType, SignedFault};
use shared::services::keys::trust::KeyPurpose;
use shared::services::keys::{CenterKeys, Point};
use shared::services::{Request, ServiceId};
use shared::wire::{from_cbor, to_cbor};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use super::{not_believed, not_read, trust};
use crate::api::UiError;
use crate::contact::link::LinkRequest;
use crate::crypto::{self, SigningKey};
use crate::messages::{Code, say};
use crate::station::{Owner, names};
use crate::store::Tx;

/// A request on its way, as it lies in the store under its seal.
#[derive(Clone, Encode, Decode, Zeroize, ZeroizeOnDrop)]
#[cbor(map)]
pub struct Intent {
    /// Where it goes.
    #[n(1)]
    pub path: String,
    /// What it is: the service's own numbers.
    #[n(2)]
    pub kind: u8,
    /// The signed request.
    #[cbor(n(3), with = "minicbor::bytes")]
    pub signed: Vec<u8>,
    /// The envelope.
    #[cbor(n(4), with = "minicbor::bytes")]
    pub envelope: Vec<u8>,
    /// What opens the reply.
    #[cbor(n(5), with = "minicbor::bytes")]
    pub secret: Vec<u8>,
    /// The private key the request speaks for, PKCS #8: of the next grant or certificate.
    #[cbor(n(6), with = "minicbor::bytes")]
    pub next_key: Option<Vec<u8>>,
    /// What it asks for, so that the reply can be held against it.
    #[cbor(n(7), with = "minicbor::bytes")]
    pub request: Vec<u8>,
    /// In whose name what it brings about stands in the journal.
    #[n(8)]
    pub user: String,
}

impl std::fmt::Debug for Intent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Intent")
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}

/// A request about to become an intent.
pub struct Draft<'a, Q> {
    /// Where it goes.
    pub path: &'a str,
    /// What it is: the service's own numbers.
    pub kind: u8,
    /// Its content type.
    pub content: ContentType,
    /// The request.
    pub request: &'a Q,
    /// The private key it speaks for.
    pub next_key: Option<Zeroizing<Vec<u8>>>,
    /// In whose name what it brings about stands in the journal.
    pub user: &'a str,
}

impl Intent {
    /// The bytes to be sent.
    #[must_use]
    pub fn outgoing(&self) -> LinkRequest {
        LinkRequest::Send {
            path: self.path.clone(),
            body: self.envelope.clone(),
        }
    }

    /// The request's header.
    fn header(&self) -> Result<Header, UiError> {
        Envelope::decode(&self.envelope)
            .map(|envelope| envelope.header)
            .map_err(|_| say(Code::DamagedStore, &[("what", "a request on its way")]))
    }

    /// Opens the reply and checks the data center's signature.
    ///
    /// # Errors
    /// `reply_not_believed`.
    pub fn open_reply<P: for<'b> Decode<'b, ()>>(
        &self,
        owner: &Owner,
        content: ContentType,
        reply: &[u8],
    ) -> Result<P, UiError> {
        self.open_signed(owner, content, reply)
            .map(|(reply, _)| reply)
    }

    /// [`Self::open_reply`], with what a third party needs to check the signature.
    ///
    /// # Errors
    /// `reply_not_believed`.
    pub fn open_signed<P: for<'b> Decode<'b, ()>>(
        &self,
        owner: &Owner,
        content: ContentType,
        reply: &[u8],
    ) -> Result<(P, SignedReply), UiError> {
        let header = self.header()?;
        let secret = ReplySecret::from_bytes(&self.secret)
            .map_err(|_| say(Code::DamagedStore, &[("what", "a request on its way")]))?;
        let (opened, message) = open_reply(owner, (&header, &secret), content, reply)?;
        let header = header.reply().bytes();
        Ok((opened, SignedReply { message, header }))
    }
}

/// A reply as the data center signed it.
#[derive(Clone, Debug)]
pub struct SignedReply {
    /// The signed message.
    pub message: Vec<u8>,
    /// The header that the signature covers.
    pub header: Vec<u8>,
}

/// A message outside of a stream on its way (number 0). It changes nothing when it comes twice, so
/// nothing of it is written down: after a crash it is simply made anew.
pub struct Outstanding {
    /// What it is: the service's own numbers.
    pub kind: u8,
    header: Header,
    secret: ReplySecret,
}

impl std::fmt::Debug for Outstanding {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Outstanding")
            .field("kind", &self.kind)
            .finish_non_exhaustive()
    }
}

impl Outstanding {
    /// Opens the reply and checks the data center's signature.
    ///
    /// # Errors
    /// `reply_not_believed`.
    pub fn open_reply<P: for<'b> Decode<'b, ()>>(
        &self,
        owner: &Owner,
        content: ContentType,
        reply: &[u8],
    ) -> Result<P, UiError> {
        open_reply(owner, (&self.header, &self.secret), content, reply).map(|(reply, _)| reply)
    }
}

/// Signs and seals a message outside of a stream; its reply is opened with what the owner then
/// remembers.
///
/// # Errors
/// `damaged_store` when the station's keys are missing.
pub fn unnumbered<Q: Request + Encode<()>>(
    owner: &mut Owner,
    draft: &Draft<'_, Q>,
) -> Result<LinkRequest, UiError> {
    let (request, outstanding) = unnumbered_apart(owner, draft)?;
    owner.set_outstanding(outstanding);
    Ok(request)
}

/// As [`unnumbered`], for a message that goes beside the one whose reply the owner waits for: whoever
/// sends it remembers what its reply is opened with.
///
/// # Errors
/// `damaged_store` when the station's keys are missing.
pub fn unnumbered_apart<Q: Request + Encode<()>>(
    owner: &Owner,
    draft: &Draft<'_, Q>,
) -> Result<(LinkRequest, Outstanding), UiError> {
    let keys = center_keys(owner)?;
    let vault = owner.enrolled()?;
    let (center, station) = (vault.data_center(), vault.station());
    let header = Header::request(Q::LEVEL, Q::SERVICE, center, station, 0);
    let key = station_key(owner)?;
    let message = signed::sign(
        draft.content,
        key.point().key_id(),
        draft.request,
        &header.bytes(),
        |input| key.sign(input).ok(),
    )
    .map_err(|_| say(Code::StationStopped, &[]))?;
    let (envelope, secret) = seal(header, &keys, &message)?;
    let outstanding = Outstanding {
        kind: draft.kind,
        header,
        secret,
    };
    let request = LinkRequest::Send {
        path: draft.path.to_owned(),
        body: envelope.encode(),
    };
    Ok((request, outstanding))
}

/// Opens a reply and checks the data center's signature; the message, and its signed bytes.
fn open_reply<P: for<'b> Decode<'b, ()>>(
    owner: &Owner,
    (header, secret): (&Header, &ReplySecret),
    content: ContentType,
    reply: &[u8],
) -> Result<(P, Vec<u8>), UiError> {
    let envelope = ReplyEnvelope::decode(reply).map_err(|_| not_believed("its seal"))?;
    let opened = secret
        .open(header, &envelope)
        .map_err(|_| not_believed("its seal"))?;
    let aad = header.reply().bytes();
    let mut checked = Ok(false);
    let read = signed::open::<P>(content, &opened, &aad, |key, input, signature| {
        checked = trust::verifies(owner, KeyPurpose::Replies, key, input, signature);
        matches!(checked, Ok(true))
    });
    checked?;
    let read = read.map_err(|fault| match fault {
        SignedFault::Content(fault) => not_read("its content", &fault),
        SignedFault::TooLong
        | SignedFault::NotSigned
        | SignedFault::WrongKind(_)
        | SignedFault::BadSignature
        | SignedFault::Signer => not_believed("its signature"),
    })?;
    Ok((read.message, opened))
}

/// The request of `service` that is on its way.
///
/// # Errors
/// The faults of the store.
pub fn pending(owner: &Owner, service: ServiceId) -> Result<Option<Intent>, UiError> {
    let Some(bytes) = owner.store().secret(&intent_name(service))? else {
        return Ok(None);
    };
    from_cbor(&bytes)
        .map(Some)
        .map_err(|_| say(Code::DamagedStore, &[("what", "a request on its way")]))
}

/// Signs, seals and writes down a request; only then may it be sent.
///
/// A crash before the commit leaves nothing; after it the same bytes are sent at the next contact.
///
/// # Errors
/// The faults of the store, and `damaged_store` when the station's keys are missing.
pub fn intend<Q: Request + Encode<()>>(
    owner: &mut Owner,
    draft: Draft<'_, Q>,
) -> Result<Intent, UiError> {
    let intent = intend_and(owner, draft, |_| Ok(()))?;
    owner.set_fresh(Q::SERVICE, true);
    Ok(intent)
}

/// [`intend`], with what else belongs into its commit. Because that has changed with it, the request
/// is not taken back when nobody is reached.
///
/// # Errors
/// As [`intend`], and what `also` answers; nothing was written down then.
pub fn intend_and<Q: Request + Encode<()>>(
    owner: &mut Owner,
    draft: Draft<'_, Q>,
    also: impl FnOnce(&mut Tx<'_>) -> Result<(), UiError>,
) -> Result<Intent, UiError> {
    let keys = center_keys(owner)?;
    let vault = owner.enrolled()?;
    let (center, station) = (vault.data_center(), vault.station());
    let sequence = last_sequence(owner, Q::SERVICE)?.saturating_add(1);
    let header = Header::request(Q::LEVEL, Q::SERVICE, center, station, sequence);
    let key = station_key(owner)?;
    let message = signed::sign(
        draft.content,
        key.point().key_id(),
        draft.request,
        &header.bytes(),
        |input| key.sign(input).ok(),
    )
    .map_err(|_| say(Code::StationStopped, &[]))?;
    let (envelope, secret) = seal(header, &keys, &message)?;
    let intent = Intent {
        path: draft.path.to_owned(),
        kind: draft.kind,
        signed: message,
        envelope: envelope.encode(),
        secret: secret.bytes(),
        next_key: draft.next_key.map(|key| key.to_vec()),
        request: to_cbor(draft.request),
        user: draft.user.to_owned(),
    };
    let bytes = Zeroizing::new(to_cbor(&intent));
    owner.write("a request on its way", |tx| {
        tx.put_secret(&intent_name(Q::SERVICE), &bytes)?;
        tx.put_setting(&sequence_name(Q::SERVICE), &sequence.to_string())?;
        also(tx)
    })?;
    owner.set_fresh(Q::SERVICE, false);
    Ok(intent)
}

/// Seals the request on its way again, to the data center's key of today. The signed bytes inside
/// stay what they were, so the data center knows it for the same request.
///
/// # Errors
/// As [`intend`].
pub fn seal_again(owner: &mut Owner, service: ServiceId) -> Result<Option<Intent>, UiError> {
    let Some(mut intent) = pending(owner, service)? else {
        return Ok(None);
    };
    let keys = center_keys(owner)?;
    let (envelope, secret) = seal(intent.header()?, &keys, &intent.signed)?;
    intent.envelope = envelope.encode();
    intent.secret = secret.bytes();
    let bytes = Zeroizing::new(to_cbor(&intent));
    owner.write("a request on its way", |tx| {
        tx.put_secret(&intent_name(service), &bytes)?;
        Ok(())
    })?;
    Ok(Some(intent))
}

/// Takes back a request that was made in this contact when provably no byte of it was sent: the
/// stream goes on as if it had never been.
///
/// # Errors
/// The faults of the store.
pub fn take_back(owner: &mut Owner, service: ServiceId) -> Result<(), UiError> {
    if !owner.is_fresh(service) || pending(owner, service)?.is_none() {
        return Ok(());
    }
    let last = last_sequence(owner, service)?.saturating_sub(1);
    owner.write("taking back a request that was not sent", |tx| {
        tx.put_setting(&sequence_name(service), &last.to_string())?;
        done(tx, service)
    })
}

/// Gives the request on its way the number that the data center expects, and signs it again.
///
/// A station that has lost nothing is never behind. A copy of one is, and its statement then shows
/// the data center another history. Numbers only rise: two messages of one number would look like
/// a fork, whoever asked for the second.
///
/// # Errors
/// As [`intend`].
pub fn follow(
    owner: &mut Owner,
    service: ServiceId,
    expected: u64,
    content: impl FnOnce(u8) -> ContentType,
) -> Result<Option<LinkRequest>, UiError> {
    let Some(mut intent) = pending(owner, service)? else {
        return Ok(None);
    };
    let old = intent.header()?;
    if expected <= old.sequence {
        return Ok(None);
    }
    let header = Header::request(old.level, service, old.data_center, old.station, expected);
    let content = content(intent.kind);
    sign_as(owner, service, &mut intent, header, content).map(Some)
}

/// Signs the request on its way again with the station's key of now, because the key it was signed
/// with serves nothing new any more. The data center has said by that that it never served the
/// request, and never will under the old signature: so its number stays.
///
/// # Errors
/// As [`intend`].
pub fn sign_again(
    owner: &mut Owner,
    service: ServiceId,
    content: impl FnOnce(u8) -> ContentType,
) -> Result<Option<LinkRequest>, UiError> {
    let Some(mut intent) = pending(owner, service)? else {
        return Ok(None);
    };
    let header = intent.header()?;
    let content = content(intent.kind);
    if signed::signer_of(&intent.signed) == Some(station_key(owner)?.point().key_id()) {
        // The data center knows a later key of this station: this is a copy of it.
        return Ok(None);
    }
    sign_as(owner, service, &mut intent, header, content).map(Some)
}

/// Signs and seals a request on its way under another header and writes it down.
fn sign_as(
    owner: &mut Owner,
    service: ServiceId,
    intent: &mut Intent,
    header: Header,
    content: ContentType,
) -> Result<LinkRequest, UiError> {
    let (keys, key) = (center_keys(owner)?, station_key(owner)?);
    intent.signed = signed::sign(
        content,
        key.point().key_id(),
        &Written(&intent.request),
        &header.bytes(),
        |input| key.sign(input).ok(),
    )
    .map_err(|_| say(Code::StationStopped, &[]))?;
    let (envelope, secret) = seal(header, &keys, &intent.signed)?;
    intent.envelope = envelope.encode();
    intent.secret = secret.bytes();
    let bytes = Zeroizing::new(to_cbor(&*intent));
    owner.write("a request on its way", |tx| {
        tx.put_secret(&intent_name(service), &bytes)?;
        tx.put_setting(&sequence_name(service), &header.sequence.to_string())?;
        Ok(())
    })?;
    Ok(intent.outgoing())
}

/// Whether the data center expects a number that it has had before: it has forgotten messages.
///
/// # Errors
/// The faults of the store.
pub fn is_past(owner: &Owner, service: ServiceId, expected: u64) -> Result<bool, UiError> {
    match pending(owner, service)? {
        Some(intent) => Ok(expected < intent.header()?.sequence),
        None => Ok(false),
    }
}

/// A request that is CBOR already.
struct Written<'a>(&'a [u8]);

impl<C> Encode<C> for Written<'_> {
    fn encode<W: minicbor::encode::Write>(
        &self,
        encoder: &mut minicbor::Encoder<W>,
        _: &mut C,
    ) -> Result<(), minicbor::encode::Error<W::Error>> {
        let writer = encoder.writer_mut();
        writer
            .write_all(self.0)
            .map_err(minicbor::encode::Error::write)
    }
}

/// Removes the intent inside the transaction that takes its reply in.
///
/// # Errors
/// The faults of the store.
pub fn done(tx: &mut Tx<'_>, service: ServiceId) -> Result<(), UiError> {
    Ok(tx.delete_secret(&intent_name(service))?)
}

fn seal(
    header: Header,
    keys: &CenterKeys,
    message: &[u8],
) -> Result<(Envelope, ReplySecret), UiError> {
    let recipient = &keys.sealing;
    envelope::seal(
        header,
        recipient.id,
        &recipient.point.0,
        message,
        &mut crypto::random,
    )
    .map_err(|_| say(Code::DamagedStore, &[("what", "the data center's key")]))
}

/// The key the station signs with.
///
/// # Errors
/// `damaged_store` when it is missing.
pub fn station_key(owner: &Owner) -> Result<SigningKey, UiError> {
    let damaged = || say(Code::DamagedStore, &[("what", "the station's key")]);
    let pkcs8 = owner
        .store()
        .secret(names::STATION_KEY)?
        .ok_or_else(damaged)?;
    SigningKey::from_pkcs8(&pkcs8).map_err(|_| damaged())
}

/// The data center's keys.
///
/// # Errors
/// `damaged_store` when they are missing.
pub fn center_keys(owner: &Owner) -> Result<CenterKeys, UiError> {
    let damaged = || say(Code::DamagedStore, &[("what", "the data center's keys")]);
    let text = owner
        .store()
        .setting(names::CENTER_KEYS)?
        .ok_or_else(damaged)?;
    let bytes = hex::decode(text).map_err(|_| damaged())?;
    from_cbor(&bytes).map_err(|_| damaged())
}

/// Writes down the data center's keys of today. Of them only the one to seal to is used later on:
/// whom the station believes begins with the enrolment and changes by proofs ([`trust`]).
///
/// # Errors
/// The faults of the store.
pub fn put_center_keys(
    tx: &mut Tx<'_>,
    replies: Point,
    keys: &CenterKeys,
    now: UnixSeconds,
) -> Result<(), UiError> {
    let kept = CenterKeys {
        replies,
        ..keys.clone()
    };
    tx.put_setting(names::CENTER_KEYS, &hex::encode(to_cbor(&kept)))?;
    trust::begin(tx, &kept, now)
}

fn last_sequence(owner: &Owner, service: ServiceId) -> Result<u64, UiError> {
    let damaged = || say(Code::DamagedStore, &[("what", "a stream's number")]);
    match owner.store().setting(&sequence_name(service))? {
        Some(text) => text.parse().map_err(|_| damaged()),
        None => Ok(0),
    }
}

fn intent_name(service: ServiceId) -> String {
    format!("intent-{}", service.name())
}

fn sequence_name(service: ServiceId) -> String {
    format!("sequence-{}", service.name())
}
