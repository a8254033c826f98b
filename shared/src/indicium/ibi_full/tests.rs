use std::convert::Infallible;

use data_encoding::HEXLOWER;
use jiff::civil::date;
use proptest::prelude::*;

use super::super::fixture::{first_piece, mills};
use super::*;

const STAMPS_COM: &str = "0501ffff0000303632533b477000f2ed100000141e00565233015933010000000000\
                          000004000200005cda000038303334";
const ENDICIA: &str = "5001dc780c0030373156576c08007a8609c54ed827008ab73201244f000067496d1500b5\
                       c30000000006c13102b90290d0a44a1c022a428fa73f6dc703eae5d73c69863c50292832\
                       11746a7fb4afc79016c390bbfb2afa4e7895e62069c775010000";

fn signed(piece: &IbiFull) -> SignedIbiFull {
    piece
        .sign([1, 2, 3, 4], |_| Ok::<_, Infallible>([0xAA; 64]))
        .unwrap()
}

#[test]
fn the_layout_stands_where_the_protocol_says() {
    let bytes = first_piece().signed_bytes().unwrap();
    assert_eq!(
        HEXLOWER.encode(&bytes),
        concat!(
            "70",
            "7f",
            "01eeffc0",
            "5a5a",
            "3031",
            "2a000000",
            "1c2a000000",
            "0c0300",
            "03293501",
            "59330100",
            "48a3450100",
            "0700",
            "03000000",
            "34990000",
            "46434c4d"
        )
    );
}

#[test]
fn a_whole_indicium_ends_with_issuer_and_digits() {
    let indicium = signed(&first_piece());
    assert_eq!(indicium.bytes().len(), 124);
    assert_eq!(indicium.signature(), [0xAA; 64]);
    assert_eq!(indicium.trailer(), [1, 9, 1, 4, 1, 2, 3, 4, 2, 1, 9]);
    assert_eq!(indicium.issuer_key_id(), Some([1, 2, 3, 4]));
    assert_eq!(SignedIbiFull::read(indicium.bytes()), Ok(indicium));
}

#[test]
fn the_stamps_com_sample_of_2014_reads_as_printed() {
    let bytes = HEXLOWER.decode(STAMPS_COM.as_bytes()).unwrap();
    let fields = IbiFull::from_signed_bytes(bytes.as_slice().try_into().unwrap()).unwrap();
    assert_eq!(
        fields,
        IbiFull {
            version: 5,
            algorithm: Algorithm::Dsa,
            certificate_serial: 65_535,
            psd: "062S0007358267".parse().unwrap(),
            ascending: mills(1_109_490),
            postage: mills(7_700),
            date: date(2014, 6, 30),
            origin: "78681".parse().unwrap(),
            destination: Destination::NONE,
            software: SoftwareId {
                build: 0x0400,
                counter: 0x0200,
            },
            descending: mills(55_900),
            rate_category: *b"8034",
        }
    );
    assert_eq!(fields.signed_bytes().unwrap().as_slice(), bytes);
}

#[test]
fn the_endicia_sample_of_2010_reads_with_its_dsa_signature_and_foreign_trailer() {
    let bytes = HEXLOWER.decode(ENDICIA.as_bytes()).unwrap();
    let indicium = SignedIbiFull::read(&bytes).unwrap();
    let fields = indicium.fields();
    assert_eq!(fields.version, 0x50);
    assert_eq!(fields.certificate_serial, 817_372);
    assert_eq!(fields.psd.to_string(), "071V0000552023");
    assert_eq!(fields.ascending, mills(338_313_184_890));
    assert_eq!(fields.postage, mills(10_200));
    assert_eq!(fields.date, date(2010, 10, 2));
    assert_eq!(fields.origin.to_string(), "20260");
    assert_eq!(fields.destination.to_string(), "359483751");
    assert_eq!(fields.descending, mills(36_815_110));
    assert_eq!(indicium.signature().len(), 40);
    assert_eq!(indicium.trailer().len(), 9);
    assert!(indicium.extensions().is_empty());
    assert_eq!(fields.signed_bytes().unwrap(), indicium.signed_bytes());
}

#[test]
fn extensions_of_a_later_version_are_kept() {
    let mut bytes = signed(&first_piece()).bytes()[..113].to_vec();
    bytes.extend_from_slice(&[1, 6, 9, 1, 42, 2, 1, 11]);
    let indicium = SignedIbiFull::read(&bytes).unwrap();
    assert_eq!(indicium.bytes(), bytes);
    assert_eq!(
        indicium.extensions()[0],
        Extension {
            kind: 9,
            value: vec![42]
        }
    );
    assert_eq!(indicium.fields().destination.to_string(), "00021341000");
}

#[test]
fn digits_that_contradict_the_signed_destination_are_passed_over() {
    let mut bytes = signed(&first_piece()).bytes().to_vec();
    *bytes.last_mut().unwrap() = 5;
    let indicium = SignedIbiFull::read(&bytes).unwrap();
    assert_eq!(indicium.fields().destination.to_string(), "021341000");
}

#[test]
fn fields_that_do_not_fit_are_refused() {
    let dear = IbiFull {
        postage: mills(MAX_POSTAGE_MILLS + 1),
        ..first_piece()
    };
    assert_eq!(
        dear.signed_bytes(),
        Err(WriteError::PostageTooLarge {
            found: dear.postage
        })
    );
    let rich = IbiFull {
        descending: mills(MAX_DESCENDING_MILLS + 1),
        ..first_piece()
    };
    assert_eq!(
        rich.signed_bytes(),
        Err(WriteError::DescendingTooLarge {
            found: rich.descending
        })
    );
    let early = IbiFull {
        date: date(0, 1, 1),
        ..first_piece()
    };
    assert_eq!(
        early.signed_bytes(),
        Err(WriteError::DateOutOfRange { found: early.date })
    );
}

#[test]
fn a_key_that_cannot_sign_is_reported() {
    #[derive(Debug, PartialEq, thiserror::Error)]
    #[error("no key")]
    struct NoKey;
    assert_eq!(
        first_piece().sign([0; 4], |_| Err(NoKey)),
        Err(SignError::Key(NoKey))
    );
}

#[test]
fn bytes_of_a_wrong_length_are_no_indicium() {
    let whole = signed(&first_piece()).bytes().to_vec();
    for length in [0, 48, 49, 112] {
        assert_eq!(
            SignedIbiFull::read(&whole[..length]),
            Err(ReadError::WrongLength { found: length })
        );
    }
    assert!(SignedIbiFull::read(&whole[..113]).is_ok());
    let long = [whole, vec![0; MAX_READ_BYTES]].concat();
    assert_eq!(
        SignedIbiFull::read(&long),
        Err(ReadError::WrongLength { found: long.len() })
    );
}

prop_compose! {
    fn pieces()(
        (certificate_serial, psd, counter) in (any::<u32>(), any::<u32>(), any::<u32>()),
        (ascending, postage, descending) in (0..1_u64 << 40, 0..1_u64 << 24, 0..1_u64 << 32),
        (year, month, day) in (1_i16..=9_999, 1_i8..=12, 1_i8..=28),
        origin in 0_u32..100_000,
        destination in prop_oneof![
            Just(Destination::NONE),
            (0_u64..100_000).prop_map(|n| Destination::new(5, n).unwrap()),
            (0_u64..1_000_000_000).prop_map(|n| Destination::new(9, n).unwrap()),
            (0_u64..100_000_000_000).prop_map(|n| Destination::new(11, n).unwrap()),
        ],
        (build, rate_category, live) in (any::<u16>(), any::<[u8; 4]>(), any::<bool>()),
    ) -> IbiFull {
        IbiFull {
            version: VERSION,
            algorithm: if live { Algorithm::Ecdsa } else { Algorithm::Specimen },
            certificate_serial,
            psd: PsdId::specimen(psd),
            ascending: mills(ascending),
            postage: mills(postage),
            date: date(year, month, day),
            origin: OriginZip::new(origin).unwrap(),
            destination,
            software: SoftwareId { build, counter },
            descending: mills(descending),
            rate_category,
        }
    }
}

proptest! {
    #[test]
    fn every_piece_is_read_back(piece in pieces()) {
        let indicium = signed(&piece);
        prop_assert!(indicium.bytes().len() <= MAX_BYTES);
        let read = SignedIbiFull::read(indicium.bytes()).unwrap();
        prop_assert_eq!(read.fields(), &piece);
    }

    #[test]
    fn no_bytes_make_the_reader_panic(
        bytes in prop::collection::vec(any::<u8>(), 0..300), known in any::<bool>(),
    ) {
        let mut bytes = bytes;
        if known && bytes.len() > 49 {
            bytes[..49].copy_from_slice(&first_piece().signed_bytes().unwrap());
        }
        if let Ok(indicium) = SignedIbiFull::read(&bytes) {
            prop_assert_eq!(indicium.bytes(), bytes.as_slice());
        }
    }
}
