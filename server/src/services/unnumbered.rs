//! The door of L3 messages that stand outside of a stream: number 0, answered each time anew.
//!
//! Only for what changes nothing when it comes twice, or late: pages of a journal, evidence. It is
//! sealed and signed like everything at L3; what it saves is a durable intent at the station and a
//! stored reply here.

use std::sync::Arc;

use minicbor::Decode;
use shared::security::signed::ContentType;
use shared::services::Request;

use super::learned;
use super::refused::Refused;
use super::sealed::{
    self, Answer, Committed, Entrance, KEYS_MAX, Sealed, check_door, check_header, envelope_of,
    freeze, out_of_sequence, seal_reply, unseal_off_thread,
};
use crate::center::DataCenter;
use crate::db::Tx;
use crate::stations;

/// The number of every message outside of a stream.
const NUMBER: u64 = 0;

/// Serves one sealed request outside of the stream: envelope in, reply envelope out. `serve` runs
/// inside the one transaction, each time the request comes.
///
/// # Errors
/// [`Refused`]: nothing was stored then, but for evidence of a contradiction.
pub async fn attend<Q, F>(
    center: &Arc<DataCenter>,
    kind: ContentType,
    entrance: Entrance,
    body: Vec<u8>,
    serve: F,
) -> Result<Vec<u8>, Refused>
where
    Q: Request + for<'b> Decode<'b, ()> + Send + 'static,
    F: FnOnce(&Arc<DataCenter>, &Tx<'_>, &Sealed<Q>) -> Result<Answer<Vec<u8>>, Refused>
        + Send
        + 'static,
{
    let envelope = envelope_of(&body)?;
    check_header::<Q>(center, &envelope.header, &entrance)?;
    let header = envelope.header;
    if header.sequence != NUMBER {
        return Err(out_of_sequence(NUMBER));
    }
    let (station, now) = (header.station, center.now());
    let keys = center
        .db()
        .read("station keys", move |tx| {
            stations::keys(tx, station, KEYS_MAX)
        })
        .await?;
    let mut keys = learned::keys(center, &entrance, keys).await?;
    if keys.is_empty() {
        // A station that was forgotten altogether says here who it is.
        keys.extend(learned::stranger(&entrance));
    }
    check_door(&keys, &entrance, now)?;
    let (opened, secret) = unseal_off_thread::<Q>(center, kind, envelope, keys, now).await?;
    let inner = Arc::clone(center);
    let committed = center
        .db()
        .write("unnumbered request", move |tx| {
            match serve(&inner, tx, &opened)? {
                Answer::Reply(reply) => {
                    opened.admit_key(tx)?;
                    Ok(Committed::Reply(reply))
                }
                Answer::Freeze(reason) => freeze(&inner, tx, &opened, reason),
            }
        })
        .await?;
    match committed {
        Committed::Reply(reply) => seal_reply(&secret, &header, &reply),
        Committed::Frozen(reason) => {
            tracing::error!(%station, reason, "station frozen");
            Err(sealed::frozen(center.support_contact()))
        }
        Committed::Forgotten => Err(sealed::reconcile()),
    }
}
