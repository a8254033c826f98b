//! Printers that tell of themselves on the network (DNS-SD over multicast DNS).

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::time::{Duration, Instant};

use mdns_sd::{Receiver, ResolvedService, ServiceDaemon, ServiceEvent};

use super::{Found, of_pages};
use crate::api::PrinterPort;
use crate::printing::ipp::{self, Limits};
use crate::printing::profile::Profile;

/// How long printers may take to answer: those that are awake do within a second.
const LOOK: Duration = Duration::from_millis(2_500);

/// How long a printer may take to say more of itself.
const ASK: Duration = Duration::from_secs(3);

/// The most printers that are listed.
const MAX_PRINTERS: usize = 32;

/// What is looked for; of one printer the first kind wins.
const KINDS: [(&str, Kind); 3] = [
    ("_ipps._tcp.local.", Kind::Ipps),
    ("_ipp._tcp.local.", Kind::Ipp),
    ("_pdl-datastream._tcp.local.", Kind::Bytes),
];

/// How a printer offers itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Ipps,
    Ipp,
    Bytes,
}

/// An offer of a printer.
#[derive(Clone, Debug)]
struct Offer {
    /// The name that its owner gave it; one printer has the same in all its offers.
    instance: String,
    kind: Kind,
    address: Ipv4Addr,
    port: u16,
    /// Where on it pages go.
    path: String,
    /// Maker and model.
    model: String,
}

/// Printers that answer on the networks of this computer.
pub(super) fn look() -> Result<Vec<Found>, String> {
    let daemon = ServiceDaemon::new().map_err(|fault| fault.to_string())?;
    let offers = offers(&daemon);
    // That it stops listening is not waited for.
    drop(daemon.shutdown());
    Ok(best(offers?).into_iter().filter_map(found).collect())
}

fn offers(daemon: &ServiceDaemon) -> Result<Vec<Offer>, String> {
    let mut listening: Vec<(Kind, Receiver<ServiceEvent>)> = Vec::new();
    for (name, kind) in KINDS {
        let receiver = daemon.browse(name).map_err(|fault| fault.to_string())?;
        listening.push((kind, receiver));
    }
    let until = Instant::now() + LOOK;
    let mut offers = Vec::new();
    for (kind, receiver) in &listening {
        while let Ok(event) = receiver.recv_deadline(until) {
            if let ServiceEvent::ServiceResolved(service) = event
                && offers.len() < MAX_PRINTERS * KINDS.len()
            {
                offers.extend(offer(*kind, &service));
            }
        }
    }
    Ok(offers)
}

fn offer(kind: Kind, service: &ResolvedService) -> Option<Offer> {
    let text = |key| service.get_property_val_str(key).unwrap_or_default().trim();
    let (instance, _) = service.get_fullname().split_once("._")?;
    let mut addresses: Vec<Ipv4Addr> = service.get_addresses_v4().into_iter().collect();
    addresses.sort_unstable();
    Some(Offer {
        instance: instance.to_owned(),
        kind,
        address: *addresses.first()?,
        port: service.get_port(),
        path: text("rp").trim_start_matches('/').to_owned(),
        model: text("ty").to_owned(),
    })
}

/// One offer of each printer.
fn best(offers: Vec<Offer>) -> Vec<Offer> {
    let mut best: BTreeMap<String, Offer> = BTreeMap::new();
    for offer in offers {
        match best.get(&offer.instance) {
            Some(known) if known.kind <= offer.kind => {}
            Some(_) | None => {
                best.insert(offer.instance.clone(), offer);
            }
        }
    }
    best.into_values().take(MAX_PRINTERS).collect()
}

/// A printer of bytes as it says; one of pages after it was asked for more.
fn found(offer: Offer) -> Option<Found> {
    let Offer {
        instance,
        kind,
        address,
        port,
        path,
        model,
    } = offer;
    let scheme = match kind {
        Kind::Ipps => "ipps",
        Kind::Ipp => "ipp",
        Kind::Bytes => {
            return Some(Found {
                what: instance.clone(),
                port: PrinterPort::Tcp {
                    address: format!("{address}:{port}"),
                },
                model: Profile::known_as(&model).or_else(|| Profile::known_as(&instance)),
                pages: None,
            });
        }
    };
    let limits = Limits {
        exchange: ASK,
        ..Limits::default()
    };
    let uri = format!("{scheme}://{address}:{port}/{path}");
    Some(of_pages(ipp::look(&uri, limits).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn offer(instance: &str, kind: Kind) -> Offer {
        Offer {
            instance: instance.to_owned(),
            kind,
            address: Ipv4Addr::LOCALHOST,
            port: 9_100,
            path: String::new(),
            model: "Zebra ZD421-203dpi".to_owned(),
        }
    }

    #[test]
    fn of_one_printer_the_safest_offer_is_taken() {
        let offers = [
            offer("Office", Kind::Ipp),
            offer("Labels", Kind::Bytes),
            offer("Office", Kind::Ipps),
            offer("Office", Kind::Bytes),
        ];
        let best = best(offers.to_vec());
        let taken: Vec<(&str, Kind)> = best
            .iter()
            .map(|offer| (offer.instance.as_str(), offer.kind))
            .collect();
        assert_eq!(taken, [("Labels", Kind::Bytes), ("Office", Kind::Ipps)]);
    }

    #[test]
    fn a_printer_of_bytes_is_known_by_what_it_tells() {
        let found = found(offer("Labels", Kind::Bytes)).unwrap();
        assert_eq!(found.port.to_string(), "tcp:127.0.0.1:9100");
        assert_eq!(found.model.map(|model| model.name), Some("zebra-zd421-203"));
    }
}
