//! The loops are compiled for several kinds of vectors: all give the same bits.

use super::{
    kernel::{Count, Decide, Leaves},
    lanes::{self, Choice, LANES, Level, Places, Ranks},
};
use crate::processor::{self, VERSIONS};

/// Numbers that look random, the same ones every time.
fn numbers(count: usize) -> impl Iterator<Item = u64> {
    let mut state = 7_u64;
    (0..count).map(move |_| {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        state >> 33
    })
}

#[test]
fn loops_give_the_same_bits_whatever_the_vectors() {
    let places = |seed: usize| -> [u8; LANES] {
        let all: Vec<u8> =
            numbers(seed * LANES).skip((seed - 1) * LANES).map(|n| n as u8).collect();
        all.try_into().unwrap_or([0; LANES])
    };
    let columns: Vec<Places> = (1..20).map(places).collect();
    let level = |n: u64| Level { column: (n % 19) as u32, rank: (n / 19) as u8 };
    let levels: Vec<Level> = numbers(32).map(level).collect();
    let trees: [&[Level]; 4] = [&levels[..8], &levels[8..9], &levels[9..9], &levels[20..26]];
    let signed: Vec<Ranks> = (0..256).map(|at| columns[at % 19].map(lanes::signed)).collect();
    let signed: Box<[Ranks; 256]> = signed.into_boxed_slice().try_into().unwrap();
    let choices: Vec<Choice> = numbers(200)
        .enumerate()
        .map(|(at, n)| Choice {
            column: (n % 200) as u8,
            threshold: (n / 200) as i8,
            node: at as u8,
            children: [(n % 256) as u16, if at > 0 { 256 + n as u16 % at as u16 } else { 3 }],
        })
        .collect();
    let mut values = [0.0; LANES];
    for (value, n) in values.iter_mut().zip(numbers(LANES)) {
        *value = (n % 97) as f32;
    }
    values[..4].copy_from_slice(&[f32::NAN, f32::INFINITY, f32::NEG_INFINITY, -0.0]);
    let borders: Vec<f32> = (0..96).map(|border| border as f32).collect();

    let answers = |version: usize| {
        let mut answers = vec![[0; LANES]; 512].into_boxed_slice();
        for (place, answer) in answers.iter_mut().enumerate().take(256) {
            *answer = [place as u8; LANES];
        }
        let mut answers: Box<[Places; 512]> = answers.try_into().unwrap();
        processor::version(
            version,
            Decide { choices: &choices, columns: &signed, answers: &mut answers },
        )?;
        let mut leaves = [[0; LANES]; 4];
        processor::version(version, Leaves { trees, ranks: &columns, found: &mut leaves })?;
        let mut ranks = [0; LANES];
        processor::version(
            version,
            Count { values: &values, borders: &borders, ranks: &mut ranks },
        )?;
        Some((answers, leaves, ranks))
    };
    let plain = answers(0).unwrap();
    assert_eq!(plain.2[..4], [0, 96, 0, 0]);
    assert_eq!(plain.2[4], values[4] as u8);
    for version in 1..VERSIONS {
        assert!(answers(version).is_none_or(|found| found == plain), "version {version}");
    }
}
