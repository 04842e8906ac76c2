use proptest::prelude::*;

use super::{
    Builder, Categories, Forest, Listed, Side, Split, Test, View, ZERO,
    blend::Blend,
    direct,
    forest::Layout,
    ranked,
    tops::{FLOATS, Walkable},
};
use crate::{Error, table::Real};

const FEATURES: usize = 4;

/// What the libraries do, one comparison after another.
fn expected<T: Real>(splits: &[Split<T>], row: &[T]) -> u32 {
    let mut at = 0;
    while let Split::Inner { test, left, right } = splits[at as usize] {
        let goes_right = match test {
            Test::Above { feature, threshold, view } => {
                let value = row[feature as usize];
                let zero = value.to_f64().abs() <= ZERO;
                match view {
                    View::NanRight if value.nan() => true,
                    View::NanZero if value.nan() => T::from_f64(0.0) > threshold,
                    View::ZeroLeft if value.nan() || zero => false,
                    View::ZeroRight if value.nan() || zero => true,
                    _ => value > threshold,
                }
            }
            Test::NotIn { feature, categories } => {
                let value = row[feature as usize].to_f64();
                let has = |set: [u32; 8], c: usize| set[c / 32] >> (c % 32) & 1 == 1;
                if value.nan() || value < 0.0 {
                    categories.missing_right
                } else if has(categories.left, value as usize % 256) {
                    false
                } else {
                    has(categories.known, value as usize % 256) || categories.missing_right
                }
            }
            Test::Listed { feature, set } => {
                let value = row[feature as usize].to_f64();
                let (members, side) = sets()[set as usize].clone();
                let listed = (value >= 0.0 || value > -1.0 && side.truncates)
                    && members.contains(&(value as u32));
                if value.nan() { side.missing_right } else { listed == side.listed_right }
            }
        };
        at = if goes_right { right } else { left };
    }
    at
}

/// Sets that splits list: every side, few and far categories.
fn sets() -> Vec<(Vec<u32>, Side)> {
    let members = [vec![0, 2], vec![1], vec![2, 1_000_000], Vec::new()];
    let sides = (0..8).map(|bits| Side {
        listed_right: bits & 1 != 0,
        missing_right: bits & 2 != 0,
        truncates: bits & 4 != 0,
    });
    sides.flat_map(|side| members.iter().map(move |members| (members.clone(), side))).collect()
}

/// A test; its categories all have codes when they are to be `near`.
fn test<T: Real>(near: bool) -> impl Strategy<Value = Test<T>> {
    let view = prop::sample::select(vec![
        View::Plain,
        View::NanRight,
        View::NanZero,
        View::ZeroLeft,
        View::ZeroRight,
    ]);
    let threshold = prop_oneof![
        8 => (-4i8..5).prop_map(|v| f64::from(v) / 2.0),
        1 => Just(f64::INFINITY),
        1 => Just(ZERO),
    ];
    let above = (0..FEATURES as u32, threshold, view).prop_map(|(feature, threshold, view)| {
        Test::Above { feature, threshold: T::from_f64(threshold), view }
    });
    let set = (0..FEATURES as u32, 0u32..16, any::<bool>()).prop_map(|(feature, left, missing)| {
        let known = [0b111, 0, 0, 0, 0, 0, 0, 0];
        let categories =
            Categories { left: [left, 0, 0, 0, 0, 0, 0, 0], known, missing_right: missing };
        Test::NotIn { feature, categories }
    });
    let coded = |set: &u32| sets()[*set as usize].0.iter().all(|&category| category < 254);
    let numbers: Vec<u32> = (0..sets().len() as u32).filter(|set| !near || coded(set)).collect();
    let listed = (0..FEATURES as u32, prop::sample::select(numbers))
        .prop_map(|(feature, set)| Test::Listed { feature, set });
    prop_oneof![6 => above, 1 => set, 1 => listed]
}

/// A tree of some shape: each test splits one of the leaves there are.
fn tree<T: Real>(most: usize, near: bool) -> impl Strategy<Value = Vec<Split<T>>> {
    prop::collection::vec((test::<T>(near), any::<prop::sample::Index>()), 0..most).prop_map(
        |tests| {
            let mut splits = vec![Split::Leaf];
            for (test, pick) in tests {
                let leaves: Vec<_> = (0..splits.len())
                    .filter(|&place| matches!(splits[place], Split::Leaf))
                    .collect();
                let place = leaves[pick.index(leaves.len())];
                let left = splits.len() as u32;
                splits[place] = Split::Inner { test, left: left + 1, right: left };
                splits.extend([Split::Leaf, Split::Leaf]);
            }
            splits
        },
    )
}

fn value() -> impl Strategy<Value = f64> {
    prop_oneof![
        6 => (-5i8..6).prop_map(|v| f64::from(v) / 2.0),
        1 => Just(f64::NAN),
        1 => Just(-0.0),
        1 => Just(ZERO),
        1 => Just(f64::INFINITY),
        1 => Just(f64::NEG_INFINITY),
    ]
}

/// Every layout gives the leaf that the plain walk gives.
fn agrees<T: Real>(trees: &[Vec<Split<T>>], values: &[f64]) {
    let rows: Vec<T> = values.iter().map(|&v| T::from_f64(v)).collect();
    let form = || {
        let mut builder = Builder::new(FEATURES, "test model");
        for (at, (members, side)) in sets().into_iter().enumerate() {
            assert_eq!(builder.listed(Listed::of(members, side)), at as u32);
        }
        for tree in trees {
            builder.tree(tree).unwrap();
        }
        builder.finish().1
    };
    let mut layouts = vec![Layout::Wide(direct::wide(&form()))];
    let packed = || direct::packed(&form()).map(Walkable::plain);
    layouts.extend(packed().map(Layout::Packed));
    layouts.extend(packed().map(|all| Layout::Packed(all.topped(&form().trees, FLOATS))));
    if let Some((nodes, ranks)) = ranked::ranked(&form()) {
        let blend = Blend::new(&form(), &nodes);
        layouts.push(Layout::Ranked(nodes, ranks, blend));
    }
    for topped in [false, true] {
        if let Some((nodes, ranks)) = ranked::ranked(&form()) {
            let nodes = if topped { nodes.topped(&form().trees) } else { nodes };
            layouts.push(Layout::Ranked(nodes, ranks, None));
        }
    }
    for layout in layouts {
        let forest = Forest::assemble(FEATURES, form(), layout);
        let mut asked = vec![0; rows.len() / FEATURES];
        forest.leaves(&rows, |tree, row, node| {
            assert_eq!(asked[row], tree, "trees come in order for each row");
            asked[row] += 1;
            let row = &rows[row * FEATURES..(row + 1) * FEATURES];
            let found = forest.origin(node);
            assert_eq!(found, expected(&trees[tree], row), "{forest:?} {:?}", trees[tree]);
        });
        assert!(asked.iter().all(|&found| found == trees.len()));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn layouts_agree_on_floats(
        trees in any::<bool>()
            .prop_flat_map(|near| prop::collection::vec(tree::<f32>(24, near), 1..20)),
        rows in prop::collection::vec(value(), FEATURES..FEATURES * 150),
    ) {
        agrees(&trees, &rows[..rows.len() / FEATURES * FEATURES]);
    }

    #[test]
    fn layouts_agree_on_doubles(
        trees in any::<bool>()
            .prop_flat_map(|near| prop::collection::vec(tree::<f64>(200, near), 1..4)),
        rows in prop::collection::vec(value(), FEATURES..FEATURES * 100),
    ) {
        agrees(&trees, &rows[..rows.len() / FEATURES * FEATURES]);
    }
}

fn split(left: u32, right: u32) -> Split<f32> {
    let test = Test::Above { feature: 0, threshold: 0.0, view: View::Plain };
    Split::Inner { test, left, right }
}

fn refusal(splits: &[Split<f32>]) -> String {
    let refused = Builder::new(1, "test model").tree(splits);
    assert!(matches!(refused, Err(Error::Malformed { .. })));
    refused.unwrap_err().to_string()
}

#[test]
fn cycles_and_stray_children_are_refused() {
    assert!(refusal(&[]).contains("no node"));
    assert!(refusal(&[split(0, 1), Split::Leaf]).contains("child `0`"));
    assert!(refusal(&[split(1, 1), Split::Leaf]).contains("child `1`"));
    assert!(refusal(&[split(1, 9), Split::Leaf]).contains("child `9`"));
    assert!(refusal(&[split(1, 2), split(3, 2), Split::Leaf, Split::Leaf]).contains("node `1`"));
    let nan = Test::Above { feature: 0, threshold: f32::NAN, view: View::Plain };
    let nan = Split::Inner { test: nan, left: 1, right: 2 };
    assert!(refusal(&[nan, Split::Leaf, Split::Leaf]).contains("threshold"));
    let far = Test::Above { feature: 1, threshold: 0.0, view: View::Plain };
    let far = Split::Inner { test: far, left: 1, right: 2 };
    assert!(refusal(&[far, Split::Leaf, Split::Leaf]).contains("feature `1`"));
}

#[test]
fn a_chain_of_a_hundred_thousand_splits_works() {
    let depth = 100_000;
    let mut splits: Vec<Split<f32>> = Vec::new();
    for level in 0..depth {
        let threshold = level as f32;
        let test = Test::Above { feature: 0, threshold, view: View::Plain };
        splits.push(Split::Inner { test, left: 2 * level + 1, right: 2 * level + 2 });
        splits.push(Split::Leaf);
    }
    splits.push(Split::Leaf);
    let mut builder = Builder::new(1, "test model");
    builder.tree(&splits).unwrap();
    let forest = Forest::new(builder);
    let rows = [0.0, 5.5, 99_999.5, f32::NAN, 3.0, 4.0, 5.0, 6.0, 7.0];
    let mut found = Vec::new();
    forest.leaves(&rows, |_, row, node| found.push((row, forest.origin(node))));
    found.sort_unstable();
    let leaves: Vec<_> = found.into_iter().map(|(_, node)| node).collect();
    assert_eq!(leaves, [1, 13, 200_000, 1, 7, 9, 11, 13, 15]);
}

#[test]
fn values_of_leaves_add_up_in_the_order_of_the_trees() {
    let mut builder = Builder::new(1, "test model");
    for _ in 0..3 {
        builder.tree(&[split(2, 1), Split::Leaf, Split::Leaf]).unwrap();
    }
    let forest = Forest::new(builder);
    // sums of such large and small values differ when their order does
    let values = [[0.0, 1e8, 2.0], [0.0, 1.0, 3.0], [0.0, -1e8, 4.0]];
    let values = forest.arrange(|tree, node| values[tree][node as usize] as f32);
    let mut sums = vec![0.5_f32, 0.5];
    forest.add(&[1.0, -1.0], &values, &[0, 0, 0], 1, &mut sums);
    assert_eq!(sums, [0.5_f32 + 1e8 + 1.0 - 1e8, 9.5]);
    let mut both = vec![0.0_f32; 4];
    forest.add(&[1.0, -1.0], &values, &[0, 1, 0], 2, &mut both);
    assert_eq!(both, [0.0, 1.0, 6.0, 3.0]);
}

#[test]
fn many_rows_on_several_cores_are_answered_as_one_by_one() {
    let test = |threshold: f32| Test::Above { feature: 0, threshold, view: View::Plain };
    let inner = |threshold, left, right| Split::Inner { test: test(threshold), left, right };
    let mut builder = Builder::new(1, "test model");
    // no multiple of the trees that are added at once
    for tree in 0..1002_u16 {
        let at = f32::from(tree % 200);
        let leaf = Split::Leaf;
        builder.tree(&[inner(at, 1, 2), inner(at / 2.0, 3, 4), leaf, leaf, leaf]).unwrap();
    }
    let forest = Forest::new(builder);
    let values = forest.arrange(|tree, node| (tree as f32 + 0.1) * (node as f32 - 2.7));
    let group: Vec<u32> = (0..1002).map(|tree| tree % 3).collect();
    let rows: Vec<f32> = (0..5000_u16).map(|row| f32::from(row % 230) - 10.0).collect();
    for outputs in [1, 3] {
        let mut sums = vec![0.5; rows.len() * outputs];
        forest.add(&rows, &values, &group, outputs, &mut sums);
        for (row, sums) in rows.iter().zip(sums.chunks(outputs)).step_by(97) {
            let mut own = vec![0.5; outputs];
            forest.add(&[*row], &values, &group, outputs, &mut own);
            assert_eq!(own, sums);
        }
    }
}

#[test]
fn many_sets_of_categories_of_a_feature_share_one_column() {
    let side = Side { listed_right: false, missing_right: true, truncates: true };
    let mut builder = Builder::new(1, "test model");
    let mut trees = Vec::new();
    for tree in 0..600_u32 {
        let members: Vec<u32> = (0..10).filter(|bit| tree >> bit & 1 == 1).collect();
        let set = builder.listed(Listed::of(members.clone(), side));
        let test = Test::Listed { feature: 0, set };
        let splits = [Split::Inner { test, left: 1, right: 2 }, Split::Leaf, Split::Leaf];
        builder.tree(&splits).unwrap();
        trees.push(members);
    }
    let forest = Forest::<f64>::new(builder);
    assert!(matches!(forest.layout(), Layout::Ranked(_, ranks, Some(_)) if ranks.columns() == 1));
    let rows: Vec<f64> = (0..20).map(|row| f64::from(row) - 2.5).chain([f64::NAN, 1e300]).collect();
    forest.leaves(&rows, |tree, row, node| {
        let value = rows[row];
        let left = value > -1.0 && trees[tree].contains(&(value as u32));
        assert_eq!(forest.origin(node), if left { 1 } else { 2 }, "{tree} {value}");
    });
}

#[test]
fn splits_of_very_many_columns_are_laid_out_at_once() {
    // looking for each column among all others would take minutes
    const MANY: u32 = 200_000;
    let mut builder = Builder::<f32>::new(MANY as usize, "test");
    for feature in 0..MANY {
        let test = Test::Above { feature, threshold: 0.5, view: View::Plain };
        let split = Split::Inner { test, left: 1, right: 2 };
        builder.tree(&[split, Split::Leaf, Split::Leaf]).unwrap();
    }
    let forest = Forest::new(builder);
    assert!(matches!(forest.layout(), Layout::Wide(_)));
}
