//! Looking at printers of pages: who they are, and which a print server has.

use ipp::model::{DelimiterTag, Operation, StatusCode};

use super::media;
use super::message::{Facts, NotIpp, Request, over_http};
use super::web::{MAX_LIST_BYTES, Web};
use super::{Limits, NoQueue, asked, refusal};
use crate::printing::finding::first_stock;

/// The SHA-256 of the certificate that an `ipps://` printer shows now; none for one without TLS.
///
/// # Errors
/// [`NoQueue`] when it is not reached.
pub fn certificate(uri: &str, limits: Limits) -> Result<Option<[u8; 32]>, NoQueue> {
    let address = over_http(uri).ok_or_else(|| NoQueue::Address(uri.to_owned()))?;
    if address.scheme() != "https" {
        return Ok(None);
    }
    let web = Web::new(address, None, limits.exchange)?;
    asked(&web)?;
    Ok(web.certificate())
}

/// The SHA-256 of a certificate in hexadecimal digits.
#[must_use]
pub fn fingerprint(digits: &str) -> Option<[u8; 32]> {
    hex::decode(digits).ok()?.try_into().ok()
}

/// A printer of pages that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundQueue {
    /// What its owner calls it.
    pub title: String,
    /// Its maker and model, as it says itself.
    pub model: String,
    /// Its address.
    pub uri: String,
    /// Whether it is a print server's queue.
    pub is_server: bool,
    /// The first stock of whose size it has paper.
    pub stock: Option<&'static str>,
}

/// The queues of a CUPS on `server` (`ipp://localhost:631/`), none where there is no CUPS.
///
/// # Errors
/// [`NoQueue`] when something else answers there.
pub fn queues(server: &str, limits: Limits) -> Result<Vec<FoundQueue>, NoQueue> {
    let address = over_http(server).ok_or_else(|| NoQueue::Address(server.to_owned()))?;
    let web = Web::new(address, None, limits.exchange)?;
    let request = Request::new(Operation::CupsGetPrinters, web.address())?.wants(&[
        "printer-name",
        "printer-info",
        "printer-make-and-model",
        "printer-uri-supported",
        "printer-type",
        "media-ready",
        "media-col-ready",
        "media-supported",
        "media-size-supported",
    ])?;
    let reply = match web.exchange_at_most(&request, None, MAX_LIST_BYTES) {
        Ok(reply) => reply,
        Err(fault) if fault.is_before_the_request() => return Ok(Vec::new()),
        Err(fault) => return Err(fault.into()),
    };
    if reply.status == StatusCode::ClientErrorNotFound {
        return Ok(Vec::new());
    }
    if !reply.status.is_success() {
        return Err(NoQueue::Refused(refusal(&reply)));
    }
    let printers = reply.groups(DelimiterTag::PrinterAttributes);
    Ok(printers.filter_map(found).take(MAX_FOUND).collect())
}

/// What a printer at an address says of itself.
///
/// # Errors
/// [`NoQueue`].
pub fn look(uri: &str, limits: Limits) -> Result<FoundQueue, NoQueue> {
    let address = over_http(uri).ok_or_else(|| NoQueue::Address(uri.to_owned()))?;
    let web = Web::new(address, None, limits.exchange)?;
    let reply = asked(&web)?;
    let found = found(reply.group(DelimiterTag::PrinterAttributes));
    let found = found.ok_or(NoQueue::Way(NotIpp.to_string()))?;
    Ok(FoundQueue {
        uri: uri.to_owned(),
        ..found
    })
}

/// The most queues that are listed.
const MAX_FOUND: usize = 64;

fn found(printer: Facts<'_>) -> Option<FoundQueue> {
    let uri = printer.word("printer-uri-supported")?.to_owned();
    let model = printer.word("printer-make-and-model").unwrap_or_default();
    let title = printer
        .word("printer-info")
        .filter(|info| !info.is_empty())
        .or_else(|| printer.word("printer-name"))
        .unwrap_or(&uri);
    Some(FoundQueue {
        title: title.to_owned(),
        model: model.to_owned(),
        is_server: printer.names("printer-type"),
        stock: first_stock(|stock| media::choose(printer, (stock.width, stock.height)).is_ok()),
        uri,
    })
}
