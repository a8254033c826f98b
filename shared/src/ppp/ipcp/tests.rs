use super::*;

const OWN: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 1);
const PEER: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 2);
const DNS: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 53);
const ELSE: Ipv4Addr = Ipv4Addr::new(10, 64, 64, 64);

fn giving() -> Ipcp {
    let mut ipcp = Ipcp::new(Addresses::Gives {
        own: OWN,
        peer: PEER,
        dns: [Some(DNS), None],
    });
    ipcp.begin();
    ipcp
}

fn asking() -> Ipcp {
    let mut ipcp = Ipcp::new(Addresses::Asks {
        peer_without_one: ELSE,
        again: None,
    });
    ipcp.begin();
    ipcp
}

/// The wish for short headers.
const SHORTER: [u8; 6] = [2, 6, 0x00, 0x2d, 15, 1];

/// Wishes about addresses, and the one for short headers.
fn wishes(list: &[(u8, Ipv4Addr)]) -> Vec<u8> {
    [settings(list).as_slice(), &SHORTER].concat()
}

fn settings(list: &[(u8, Ipv4Addr)]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (kind, address) in list {
        write_setting(&mut bytes, *kind, &address.octets());
    }
    bytes
}

#[test]
fn a_peer_that_names_no_address_is_given_one() {
    let none = settings(&[(3, NONE)]);
    let theirs = Setting::read_all(&none).unwrap();
    assert_eq!(
        asking().judge(&theirs),
        Verdict::Nak(settings(&[(3, ELSE)]))
    );
    assert_eq!(
        giving().judge(&theirs),
        Verdict::Nak(settings(&[(3, PEER)]))
    );
    assert_eq!(giving().judge(&[]), Verdict::Nak(settings(&[(3, PEER)])));
    assert_eq!(asking().judge(&[]), Verdict::Ack);
}

#[test]
fn a_caller_cannot_choose_its_address_and_gets_only_the_name_servers_there_are() {
    let wish = settings(&[(3, Ipv4Addr::new(192, 168, 7, 7)), (129, NONE)]);
    let theirs = Setting::read_all(&wish).unwrap();
    assert_eq!(
        giving().judge(&theirs),
        Verdict::Nak(settings(&[(3, PEER), (129, DNS)]))
    );
    let wish = settings(&[(3, PEER), (129, DNS), (131, NONE)]);
    let theirs = Setting::read_all(&wish).unwrap();
    assert_eq!(
        giving().judge(&theirs),
        Verdict::Reject(settings(&[(131, NONE)]))
    );
    let good = settings(&[(3, PEER), (129, DNS)]);
    assert_eq!(
        giving().judge(&Setting::read_all(&good).unwrap()),
        Verdict::Ack
    );
}

#[test]
fn what_was_given_before_is_asked_for_again_and_given_up_for_what_is_given_now() {
    let mut ipcp = Ipcp::new(Addresses::Asks {
        peer_without_one: ELSE,
        again: Some(Given {
            own: PEER,
            dns: [Some(DNS), None],
        }),
    });
    ipcp.begin();
    let asked = ipcp.wishes();
    assert_eq!(asked, wishes(&[(3, PEER), (129, DNS)]));
    let theirs = Setting::read_all(&asked).unwrap();
    assert_eq!(giving().judge(&theirs), Verdict::Ack);
    let other = settings(&[(3, ELSE)]);
    ipcp.naked(&Setting::read_all(&other).unwrap());
    assert_eq!(ipcp.wishes(), wishes(&[(3, ELSE), (129, DNS)]));
}

#[test]
fn headers_are_shortened_as_the_other_end_asks_and_only_in_the_way_we_know() {
    let mut ipcp = asking();
    assert_eq!(ipcp.granted(), None);
    for (said, slots) in [
        ([0x00, 0x2d, 3, 0], Some((4, false))),
        ([0x00, 0x2d, 255, 1], Some((16, true))),
        // The way of RFC 2507.
        ([0x00, 0x61, 15, 1], None),
    ] {
        let mut wish = Vec::new();
        write_setting(&mut wish, 2, &said);
        let theirs = Setting::read_all(&wish).unwrap();
        let verdict = ipcp.judge(&theirs);
        let Some((count, may_be_left_out)) = slots else {
            assert_eq!(verdict, Verdict::Reject(wish.clone()));
            continue;
        };
        assert_eq!(verdict, Verdict::Ack);
        ipcp.grant(&theirs);
        let slots = Slots {
            count,
            may_be_left_out,
        };
        assert_eq!(ipcp.granted(), Some(slots));
    }
    ipcp.grant(&[]);
    assert_eq!(ipcp.granted(), None);
}

#[test]
fn short_headers_are_asked_for_until_the_other_end_will_not_hear_of_them() {
    let mut ipcp = asking();
    assert!(ipcp.wishes().ends_with(&SHORTER) && ipcp.keeps_headers());
    let fewer = [2, 6, 0x00, 0x2d, 3, 0];
    ipcp.naked(&Setting::read_all(&fewer).unwrap());
    assert!(ipcp.wishes().ends_with(&fewer));
    ipcp.rejected(&Setting::read_all(&fewer).unwrap());
    assert!(!ipcp.keeps_headers());
    assert!(!ipcp.wishes().contains(&0x2d));
    ipcp.begin();
    assert!(ipcp.wishes().ends_with(&SHORTER));
    ipcp.naked(&Setting::read_all(&[2, 6, 0x00, 0x61, 3, 0]).unwrap());
    assert!(!ipcp.keeps_headers());
}

#[test]
fn what_is_unknown_is_rejected_and_what_is_odd_is_wished_otherwise() {
    let unknown = [9, 3, 1];
    let theirs = Setting::read_all(&unknown).unwrap();
    assert_eq!(asking().judge(&theirs), Verdict::Reject(unknown.to_vec()));
    let odd = [3, 4, 1, 2];
    let theirs = Setting::read_all(&odd).unwrap();
    assert_eq!(
        asking().judge(&theirs),
        Verdict::Nak(settings(&[(3, ELSE)]))
    );
}

#[test]
fn what_is_given_is_taken_and_what_is_rejected_is_not_asked_again() {
    let mut ipcp = asking();
    let given = [(3, PEER), (129, DNS)];
    ipcp.naked(&Setting::read_all(&settings(&given)).unwrap());
    let rejected = settings(&[(131, NONE)]);
    ipcp.rejected(&Setting::read_all(&rejected).unwrap());
    assert_eq!(ipcp.wishes(), wishes(&given));
    assert_eq!((ipcp.own(), ipcp.dns()), (PEER, vec![DNS]));
}
