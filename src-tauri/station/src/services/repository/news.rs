//! What came in one reply before it was asked for piece by piece. Nothing of it is believed for that.

use std::collections::BTreeMap;
use std::io::Read as _;

use shared::services::repository::METADATA_PATH;
use shared::services::repository::news::{
    HELD_ROLES, HeldVersions, NEWS_MAX_BYTES, NEWS_PATH, NEWS_REPLY_MAX_BYTES, News, ON_HELD,
    WINDOW_LOG_MAX, held_together,
};
use shared::tuf::RoleName;
use shared::wire::read_message;

use crate::contact::link::LinkRequest;

/// What came, by its path.
#[derive(Clone, Debug, Default)]
pub(super) struct Told {
    pieces: BTreeMap<String, Option<Vec<u8>>>,
}

/// The request for what is new since these documents; nothing when there is only the root, because
/// then all of it is.
pub(super) fn request(held: &BTreeMap<RoleName, Vec<u8>>) -> Option<LinkRequest> {
    let versions = HELD_ROLES.map(|role| version_of(held, role));
    let held = HeldVersions(versions);
    (held.of("timestamp") > 0).then(|| LinkRequest::Fetch {
        path: format!("{NEWS_PATH}{held}{ON_HELD}"),
        limit: NEWS_REPLY_MAX_BYTES,
    })
}

/// What the reply may lean on.
pub(super) fn base(held: &BTreeMap<RoleName, Vec<u8>>) -> Vec<u8> {
    held_together(|role| held.get(&RoleName::new(role)))
}

fn version_of(held: &BTreeMap<RoleName, Vec<u8>>, role: &str) -> u64 {
    let bytes = held.get(&RoleName::new(role));
    let document = bytes.and_then(|bytes| serde_json::from_slice::<serde_json::Value>(bytes).ok());
    document
        .and_then(|document| document["signed"]["version"].as_u64())
        .unwrap_or(0)
}

impl Told {
    /// Reads a reply that may lean on a base; one that cannot be read says nothing.
    pub(super) fn read(reply: &[u8], base: &[u8]) -> Self {
        let read = unpacked(reply, base).and_then(|bytes| read_message::<News>(&bytes).ok());
        let pieces = read.filter(News::is_sound).map(|news| news.pieces);
        let pieces = pieces.unwrap_or_default().into_iter();
        Self {
            pieces: pieces
                .map(|piece| (piece.path, piece.content.map(Into::into)))
                .collect(),
        }
    }

    /// Whether a timestamp is among what came: without one nothing is new.
    pub(super) fn has_timestamp(&self) -> bool {
        let path = format!("{METADATA_PATH}timestamp.json");
        self.pieces.get(&path).is_some_and(Option::is_some)
    }

    /// The answer to a request, where it is here: the bytes, or that there is no such thing.
    pub(super) fn answer(&mut self, request: &LinkRequest) -> Option<Option<Vec<u8>>> {
        match request {
            LinkRequest::Fetch { path, limit } => {
                let told = self.pieces.remove(path)?;
                let fits = told.as_ref().is_none_or(|bytes| bytes.len() <= *limit);
                // Only of a document may it be said that there is none.
                let is_known = told.is_some() || path.starts_with(METADATA_PATH);
                (fits && is_known).then_some(told)
            }
            LinkRequest::FetchPart { path, from, end } => {
                let whole = self.pieces.get(path)?.as_ref()?;
                let (from, end) = (usize::try_from(*from).ok()?, usize::try_from(*end).ok()?);
                Some(Some(whole.get(from..end)?.to_vec()))
            }
            LinkRequest::Send { .. } => None,
        }
    }
}

fn unpacked(reply: &[u8], base: &[u8]) -> Option<Vec<u8>> {
    let mut decoder = zstd::stream::Decoder::with_ref_prefix(reply, base).ok()?;
    decoder.window_log_max(WINDOW_LOG_MAX).ok()?;
    let most = u64::try_from(NEWS_MAX_BYTES).unwrap_or(u64::MAX);
    let mut bytes = Vec::new();
    decoder.take(most).read_to_end(&mut bytes).ok()?;
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use shared::services::repository::news::{Piece, VERSION};
    use shared::wire::to_cbor;

    use super::*;

    fn fetch(path: &str, limit: usize) -> LinkRequest {
        LinkRequest::Fetch {
            path: path.to_owned(),
            limit,
        }
    }

    fn packed(pieces: &[(&str, Option<&[u8]>)]) -> Vec<u8> {
        let pieces = pieces.iter().map(|(path, content)| Piece {
            path: (*path).to_owned(),
            content: content.map(|bytes| bytes.to_vec().into()),
        });
        let news = News {
            version: VERSION,
            pieces: pieces.collect(),
        };
        zstd::bulk::compress(&to_cbor(&news), 19).unwrap()
    }

    #[test]
    fn what_came_answers_what_would_have_been_asked() {
        let none = format!("{METADATA_PATH}2.root.json");
        let reply = packed(&[
            ("/a", Some(b"document")),
            (&none, None),
            ("/t", Some(b"content")),
            ("/no-target", None),
        ]);
        let mut told = Told::read(&reply, b"");
        let part = |from, end| LinkRequest::FetchPart {
            path: "/t".to_owned(),
            from,
            end,
        };
        assert_eq!(told.answer(&fetch("/b", 100)), None);
        assert_eq!(told.answer(&fetch(&none, 100)), Some(None));
        assert_eq!(told.answer(&part(0, 4)), Some(Some(b"cont".to_vec())));
        assert_eq!(told.answer(&part(4, 7)), Some(Some(b"ent".to_vec())));
        assert_eq!(told.answer(&part(4, 8)), None, "it is not as long as named");
        assert_eq!(told.answer(&fetch("/no-target", 100)), None);
        let document = Some(Some(b"document".to_vec()));
        assert_eq!(told.clone().answer(&fetch("/a", 8)), document);
        assert_eq!(told.answer(&fetch("/a", 7)), None, "it is too long");
    }

    #[test]
    fn a_reply_that_swells_says_nothing() {
        let swelling = zstd::bulk::compress(&vec![0xa0; 50_000_000], 3).unwrap();
        assert!(swelling.len() < 10_000);
        assert!(Told::read(&swelling, b"").pieces.is_empty());
    }

    proptest! {
        #[test]
        fn arbitrary_replies_never_panic(reply in proptest::collection::vec(any::<u8>(), 0..300)) {
            let mut told = Told::read(&reply, b"");
            prop_assert_eq!(told.answer(&fetch("/a", 10)), None);
        }
    }
}
