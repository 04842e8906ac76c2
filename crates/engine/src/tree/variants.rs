//! The loops are compiled for several kinds of vectors: all give the same bits.

use super::{
    kernel::{AddAll, Count, Decide, HALF, Leaves},
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
    let choices: Vec<Choice<i8>> = numbers(200)
        .enumerate()
        .map(|(at, n)| Choice {
            column: (n % 200) as u16,
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
    let leaf_values: Vec<f64> = numbers(256 * 7).map(|n| n as f64 / 7.0).collect();
    let borders: Vec<f32> = (0..96).map(|border| border as f32).collect();

    let answers = |version: usize| {
        let mut answers = vec![[0; LANES]; 512].into_boxed_slice();
        for (place, answer) in answers.iter_mut().enumerate().take(256) {
            *answer = [place as u8; LANES];
        }
        let mut answers: Box<[Places; 512]> = answers.try_into().unwrap();
        let decide = |rows, answers: &mut _| {
            processor::version(
                version,
                Decide { choices: &choices, rows, columns: &signed, answers },
            )
        };
        decide(LANES, &mut answers)?;
        let whole = answers.clone();
        decide(HALF, &mut answers)?;
        assert_eq!(answers, whole, "version {version}");
        for answer in &mut answers[256..] {
            answer.fill(0);
        }
        decide(HALF, &mut answers)?;
        for (half, whole) in answers.iter().zip(whole.iter()).skip(256).take(choices.len()) {
            assert_eq!(half[..HALF], whole[..HALF], "version {version}");
        }
        decide(LANES, &mut answers)?;
        let mut leaves = [[0; LANES]; 4];
        processor::version(version, Leaves { trees, ranks: &columns, found: &mut leaves })?;
        let mut sums = vec![[0.0; LANES * 7]; 6];
        for (outputs, sums) in (2..).zip(&mut sums) {
            // the tree of one leaf has no values, as one behind the last
            let values = [256, 2, 0, 64].map(|leaves| &leaf_values[..leaves * outputs]);
            let sums = &mut sums[..LANES * outputs];
            processor::version(version, AddAll { values, outputs, leaves: &leaves, sums })?;
        }
        let mut ranks = [0; LANES];
        processor::version(
            version,
            Count { values: &values, borders: &borders, ranks: &mut ranks },
        )?;
        Some((answers, leaves, ranks, sums))
    };
    let plain = answers(0).unwrap();
    assert_eq!(plain.2[..4], [0, 96, 0, 0]);
    assert_eq!(plain.2[4], values[4] as u8);
    let own = |tree: usize, lane: usize| leaf_values[usize::from(plain.1[tree][lane]) * 5 + 4];
    assert_eq!(plain.3[3][5 * 9 + 4], own(0, 9) + own(1, 9) + own(3, 9));
    for version in 1..VERSIONS {
        assert!(answers(version).is_none_or(|found| found == plain), "version {version}");
    }
}
