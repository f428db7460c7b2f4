//! Round trips, and what must hold for any bytes.

use lunette_h264::*;
use proptest::collection::vec;
use proptest::prelude::*;

mod support;

use support::{Dice, any_sps, write_sps};

/// NAL units as an encoder makes them: escaped, ending in a stop bit.
fn nals() -> impl Strategy<Value = Vec<Vec<u8>>> {
    let rbsp = vec(prop_oneof![3 => 0..4u8, 1 => any::<u8>()], 0..300);
    vec((1..32u8, rbsp), 1..8).prop_map(|units| units.into_iter().map(|(kind, rbsp)| nal(kind, rbsp)).collect())
}

fn nal(kind: u8, mut rbsp: Vec<u8>) -> Vec<u8> {
    rbsp.push(0x80);
    let mut out = vec![0x60 | kind];
    emulation::escape(&rbsp, &mut out);
    out
}

/// Start codes of both lengths, and zeros that belong to none.
fn byte_stream(nals: &[Vec<u8>], zeros: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    for (index, nal) in nals.iter().enumerate() {
        out.resize(out.len() + usize::from(zeros[index % zeros.len()]), 0);
        out.extend([0, 0, 1]);
        out.extend(nal);
    }
    out
}

/// A length-prefixed sample of the units that fit the length size.
fn sample(nals: &[Vec<u8>], size: LengthSize) -> Vec<u8> {
    let mut out = Vec::new();
    for nal in nals {
        let len = u32::try_from(nal.len()).expect("a short unit");
        out.extend(&len.to_be_bytes()[4 - size.bytes()..]);
        out.extend(nal);
    }
    out
}

proptest! {
    #[test]
    fn units_survive_both_forms(nals in nals(), zeros in vec(0..6u8, 1..5)) {
        let stream = byte_stream(&nals, &zeros);
        let found: Vec<_> = annexb::units(&stream).expect("a start code").map(|nal| nal.bytes().to_vec()).collect();
        prop_assert_eq!(&found, &nals);
        let mut prefixed = Vec::new();
        avcc::from_annexb(&stream, &mut prefixed).expect("well formed");
        prop_assert_eq!(&prefixed, &sample(&nals, LengthSize::Four));
        let mut back = Vec::new();
        avcc::to_annexb(&prefixed, LengthSize::Four, &mut back).expect("well formed");
        prop_assert_eq!(back, byte_stream(&nals, &[1]));
    }

    #[test]
    fn short_lengths_are_read(mut nals in nals()) {
        nals.iter_mut().for_each(|nal| nal.truncate(255));
        for size in [LengthSize::One, LengthSize::Two] {
            let units: Result<Vec<_>, _> =
                avcc::units(&sample(&nals, size), size).map(|nal| nal.map(|nal| nal.bytes().to_vec())).collect();
            prop_assert_eq!(units.as_ref(), Ok(&nals));
        }
    }

    #[test]
    fn an_sps_reads_as_it_was_written(numbers in vec(any::<u32>(), 64)) {
        let mut dice = Dice::new(&numbers);
        let sps = any_sps(&mut dice);
        let nal = write_sps(&sps, &mut dice);
        prop_assert_eq!(Sps::parse(&nal), Ok(sps));
    }

    #[test]
    fn a_rewrite_changes_the_delay_and_nothing_else(numbers in vec(any::<u32>(), 64)) {
        let mut dice = Dice::new(&numbers);
        let sps = any_sps(&mut dice);
        invariants::check_parameter_sets(&write_sps(&sps, &mut dice));
    }

    #[test]
    fn a_damaged_sps_never_panics(numbers in vec(any::<u32>(), 64), at in any::<prop::sample::Index>(), byte: u8) {
        let mut dice = Dice::new(&numbers);
        let sps = any_sps(&mut dice);
        let mut nal = write_sps(&sps, &mut dice);
        let at = at.index(nal.len());
        nal[at] = byte;
        invariants::check_parameter_sets(&nal);
        invariants::check_parameter_sets(&nal[..at]);
    }

    #[test]
    fn arbitrary_bytes_never_panic(mut bytes in vec(prop_oneof![2 => 0..4u8, 1 => any::<u8>()], 1..200)) {
        invariants::check_access_unit(&bytes);
        for header in [0x67, 0x68, 1] {
            bytes[0] = header;
            invariants::check_parameter_sets(&bytes);
        }
        bytes.splice(0..0, [0, 0, 1]);
        invariants::check_access_unit(&bytes);
    }

    #[test]
    fn a_record_reads_as_it_was_written(numbers in vec(any::<u32>(), 64), pps in vec(vec(any::<u8>(), 0..40), 1..5)) {
        let mut dice = Dice::new(&numbers);
        let sps: Vec<_> = (0..=dice.below(4)).map(|_| {
            let sps = any_sps(&mut dice);
            write_sps(&sps, &mut dice)
        }).collect();
        let pps: Vec<_> = pps.into_iter().map(|rbsp| nal(8, rbsp)).collect();
        for size in [LengthSize::One, LengthSize::Two, LengthSize::Four] {
            let config = AvcConfig::new(size, sps.clone(), pps.clone()).expect("well formed");
            let record = config.encode();
            prop_assert_eq!(AvcConfig::decode(&record), Ok(config));
            invariants::check_parameter_sets(&[&record[..1], &[100], &record[2..], &[0xfd, 0xf8, 0xf8, 1, 0, 2, 0x6d, 0x80]].concat());
            for end in 0..record.len() {
                // Cut short: refused, or complete up to the optional tail.
                drop(AvcConfig::decode(&record[..end]));
            }
        }
    }
}
