//! Requests and replies of IPP. The `ipp` crate writes and reads them; a reply is walked through
//! first, because the crate trusts lengths inside of values and nests collections without end.

use std::io::Cursor;

use ipp::attribute::{IppAttribute, IppAttributes};
use ipp::model::{DelimiterTag, IppVersion, Operation, StatusCode, ValueTag};
use ipp::parser::{IppParseError, IppParser};
use ipp::reader::IppReader;
use ipp::request::IppRequestResponse;
use ipp::value::IppValue;
use reqwest::Url;

/// Who the station says it is: a printer shows it beside the job.
const USER: &str = "pennyblack";

/// Collections in collections: what printers say has three levels.
const MAX_DEPTH: usize = 8;

/// The port of IPP, where an address names none.
const USUAL_PORT: u16 = 631;

/// A reply that is no IPP.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("it answers with what is no IPP")]
pub(super) struct NotIpp;

/// A request before it is sent.
pub(super) struct Request(IppRequestResponse);

impl Request {
    /// A request of an operation to a printer.
    pub(super) fn new(operation: Operation, printer: &Url) -> Result<Self, NotIpp> {
        let request = IppRequestResponse::new(IppVersion::v1_1(), operation, None);
        Self(request.map_err(|_| NotIpp)?)
            .asks("printer-uri", IppValue::new_uri(named(printer)))?
            .asks(
                "requesting-user-name",
                IppValue::new_name_without_language(USER),
            )
    }

    /// With an attribute of the operation.
    pub(super) fn asks(
        self,
        name: &str,
        value: Result<IppValue, IppParseError>,
    ) -> Result<Self, NotIpp> {
        self.with(DelimiterTag::OperationAttributes, name, value)
    }

    /// With an attribute of the job.
    pub(super) fn job(
        self,
        name: &str,
        value: Result<IppValue, IppParseError>,
    ) -> Result<Self, NotIpp> {
        self.with(DelimiterTag::JobAttributes, name, value)
    }

    /// With the attributes that are to be answered.
    pub(super) fn wants(self, names: &[&str]) -> Result<Self, NotIpp> {
        let names: Result<Vec<IppValue>, _> = names
            .iter()
            .map(|name| IppValue::new_keyword(*name))
            .collect();
        self.asks("requested-attributes", names.map(IppValue::Array))
    }

    fn with(
        mut self,
        group: DelimiterTag,
        name: &str,
        value: Result<IppValue, IppParseError>,
    ) -> Result<Self, NotIpp> {
        let attribute = value
            .and_then(|value| IppAttribute::with_name(name, value))
            .map_err(|_| NotIpp)?;
        self.0.attributes_mut().add(group, attribute);
        Ok(self)
    }

    /// Its bytes; a document follows them.
    pub(super) fn bytes(&self) -> Vec<u8> {
        self.0.to_bytes().to_vec()
    }
}

/// What a printer is called in requests: its address under IPP's own name, and without the port
/// that the name stands for.
fn named(printer: &Url) -> String {
    let scheme = if printer.scheme() == "https" {
        "ipps"
    } else {
        "ipp"
    };
    let host = printer.host_str().unwrap_or_default();
    let path = printer.path();
    match printer.port_or_known_default() {
        None | Some(USUAL_PORT) => format!("{scheme}://{host}{path}"),
        Some(port) => format!("{scheme}://{host}:{port}{path}"),
    }
}

/// The address under which HTTP reaches an address of IPP.
pub(crate) fn over_http(uri: &str) -> Option<Url> {
    let (scheme, rest) = uri.split_once("://")?;
    let scheme = match scheme {
        "ipp" => "http",
        "ipps" => "https",
        _ => return None,
    };
    if authority(rest).is_empty() {
        return None;
    }
    let mut url = Url::parse(&format!("{scheme}://{rest}")).ok()?;
    let names_port = authority(rest).rsplit_once(':').is_some_and(|(_, port)| {
        !port.is_empty() && port.bytes().all(|digit| digit.is_ascii_digit())
    });
    if !names_port {
        url.set_port(Some(USUAL_PORT)).ok()?;
    }
    let is_plain = url.username().is_empty() && url.password().is_none();
    is_plain.then_some(url)
}

fn authority(rest: &str) -> &str {
    rest.split(['/', '?', '#']).next().unwrap_or_default()
}

/// A reply.
pub(super) struct Reply {
    pub(super) status: StatusCode,
    pub(super) attributes: IppAttributes,
}

impl Reply {
    /// Reads a reply.
    pub(super) fn read(bytes: Vec<u8>) -> Result<Self, NotIpp> {
        if !is_well_formed(&bytes) {
            return Err(NotIpp);
        }
        let parser = IppParser::new(IppReader::new(Cursor::new(bytes)));
        let (header, attributes, _) = parser.parse_parts().map_err(|_| NotIpp)?;
        Ok(Self {
            status: header.status_code(),
            attributes,
        })
    }

    /// The first group of a kind.
    pub(super) fn group(&self, kind: DelimiterTag) -> Facts<'_> {
        let group = self.attributes.first_of(kind);
        Facts(group.map(|group| group.attributes()).unwrap_or_default())
    }

    /// All groups of a kind.
    pub(super) fn groups(&self, kind: DelimiterTag) -> impl Iterator<Item = Facts<'_>> {
        let groups = self.attributes.groups_of(kind);
        groups.map(|group| Facts(group.attributes()))
    }
}

/// What a printer says of itself or of a job.
#[derive(Clone, Copy)]
pub(super) struct Facts<'a>(&'a [IppAttribute]);

impl<'a> Facts<'a> {
    /// The values of an attribute, one or many.
    pub(super) fn values(self, name: &str) -> Vec<&'a IppValue> {
        let found = self
            .0
            .iter()
            .find(|attribute| attribute.name().as_str() == name);
        match found.map(IppAttribute::value) {
            None => Vec::new(),
            Some(value) => value.as_array().map_or_else(
                || vec![value],
                |values| values.iter().collect::<Vec<&IppValue>>(),
            ),
        }
    }

    /// The words of an attribute: keywords, names, texts and addresses.
    pub(super) fn words(self, name: &str) -> Vec<&'a str> {
        let values = self.values(name).into_iter();
        values.filter_map(word).collect()
    }

    /// The first word of an attribute.
    pub(super) fn word(self, name: &str) -> Option<&'a str> {
        self.words(name).into_iter().next()
    }

    /// The first number of an attribute.
    pub(super) fn number(self, name: &str) -> Option<i32> {
        self.values(name).into_iter().find_map(number)
    }

    /// All numbers of an attribute.
    pub(super) fn numbers(self, name: &str) -> Vec<i32> {
        self.values(name).into_iter().filter_map(number).collect()
    }

    /// Whether an attribute is there and has a value.
    pub(super) fn has_value(self, name: &str) -> bool {
        let is_nothing = |value: &&IppValue| {
            matches!(value, IppValue::NoValue)
                || matches!(value, IppValue::Other { tag, .. } if is_out_of_band(*tag))
        };
        let values = self.values(name);
        !values.is_empty() && !values.iter().any(is_nothing)
    }

    /// Whether an attribute is there, with a value or without.
    pub(super) fn names(self, name: &str) -> bool {
        !self.values(name).is_empty()
    }
}

/// A word, whatever kind of string it is.
fn word(value: &IppValue) -> Option<&str> {
    let text = value
        .as_text_without_language()
        .map(|text| text.as_ref())
        .or_else(|| value.as_text_with_language().map(|(_, text)| text.as_ref()));
    let name = value
        .as_name_without_language()
        .or_else(|| value.as_name_with_language().map(|(_, name)| name))
        .map(|name| name.as_str());
    let keyword = value.as_keyword().map(|keyword| keyword.as_str());
    let uri = value.as_uri().map(|uri| uri.as_str());
    let kind = value.as_mime_media_type().map(|kind| kind.as_str());
    text.or(name).or(keyword).or(uri).or(kind)
}

fn number(value: &IppValue) -> Option<i32> {
    value.as_integer().or_else(|| value.as_enum()).copied()
}

const fn is_out_of_band(tag: u8) -> bool {
    matches!(tag, 0x10..=0x1f)
}

/// Whether every length lies inside of what it is a length of, and nothing is nested too deep.
fn is_well_formed(bytes: &[u8]) -> bool {
    const HEADER: usize = 8;
    let mut rest = bytes.get(HEADER..);
    let mut depth = 0_usize;
    loop {
        let Some((&tag, after)) = rest.and_then(<[u8]>::split_first) else {
            return false;
        };
        match tag {
            0x03 => return depth == 0,
            0x00..=0x0f => rest = Some(after),
            _ => {
                let Some((_name, after)) = counted(after) else {
                    return false;
                };
                let Some((value, after)) = counted(after) else {
                    return false;
                };
                if tag == tag_of(ValueTag::BegCollection) {
                    depth += 1;
                } else if tag == tag_of(ValueTag::EndCollection) {
                    let Some(up) = depth.checked_sub(1) else {
                        return false;
                    };
                    depth = up;
                }
                let says_language = tag == tag_of(ValueTag::TextWithLanguage)
                    || tag == tag_of(ValueTag::NameWithLanguage);
                if depth > MAX_DEPTH || says_language && !has_two_parts(value) {
                    return false;
                }
                rest = Some(after);
            }
        }
    }
}

/// The byte of a tag.
#[allow(
    clippy::as_conversions,
    reason = "the crate's tags are an enum of one byte without another way to it"
)]
const fn tag_of(tag: ValueTag) -> u8 {
    tag as u8
}

/// Bytes that begin with their number, and what follows them.
fn counted(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (count, rest) = bytes.split_first_chunk::<2>()?;
    rest.split_at_checked(u16::from_be_bytes(*count).into())
}

fn has_two_parts(value: &[u8]) -> bool {
    counted(value).and_then(|(_, rest)| counted(rest)).is_some()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_address_of_ipp_is_reached_over_http_and_called_by_its_own_name() {
        for (uri, reached, called) in [
            (
                "ipp://office/ipp/print",
                "http://office:631/ipp/print",
                "ipp://office/ipp/print",
            ),
            (
                "ipp://10.0.0.7:80/p",
                "http://10.0.0.7/p",
                "ipp://10.0.0.7:80/p",
            ),
            (
                "ipps://[::1]:8631/a/b",
                "https://[::1]:8631/a/b",
                "ipps://[::1]:8631/a/b",
            ),
            ("ipps://[::1]/a", "https://[::1]:631/a", "ipps://[::1]/a"),
        ] {
            let url = over_http(uri).unwrap();
            assert_eq!((url.as_str(), named(&url).as_str()), (reached, called));
        }
        for none in [
            "http://office",
            "ipp://",
            "office",
            "ipp://u:p@office/",
            "ipp:///p",
            "",
        ] {
            assert_eq!(over_http(none), None, "{none}");
        }
    }

    #[test]
    fn a_reply_whose_values_lie_about_their_length_is_no_ipp() {
        let reply = |tag: u8, value: &[u8]| {
            let mut bytes = vec![1, 1, 0, 0, 0, 0, 0, 1, 4, tag, 0, 1, b'a'];
            bytes.extend(u16::try_from(value.len()).unwrap().to_be_bytes());
            bytes.extend(value);
            bytes.push(3);
            bytes
        };
        let read = |bytes| Reply::read(bytes).is_ok();
        assert!(read(reply(0x36, &[0, 2, b'e', b'n', 0, 1, b'x'])));
        assert!(!read(reply(0x36, &[0, 9, b'e', b'n', 0, 1, b'x'])));
        assert!(!read(reply(0x35, &[0, 2, b'e', b'n', 0, 2, b'x'])));
        assert!(!read(vec![1, 1, 0, 0, 0, 0, 0, 1]));
        let mut deep = vec![1, 1, 0, 0, 0, 0, 0, 1, 4];
        deep.extend([0x34, 0, 1, b'a', 0, 0]);
        for _ in 0..MAX_DEPTH {
            deep.extend([0x4a, 0, 0, 0, 1, b'a', 0x34, 0, 0, 0, 0]);
        }
        deep.push(3);
        assert!(!read(deep));
    }

    proptest! {
        #[test]
        fn whatever_comes_is_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            let mut reply = vec![1, 1, 0, 0, 0, 0, 0, 1];
            reply.extend(&bytes);
            for bytes in [bytes, reply] {
                if let Ok(reply) = Reply::read(bytes) {
                    let facts = reply.group(DelimiterTag::PrinterAttributes);
                    let _numbers = facts.numbers("a");
                }
            }
        }
    }
}
