//! Class probabilities from the probabilities of every pair of classes: the second method of Wu,
//! Lin and Weng, with the constants of libsvm.

/// Keeps the probabilities of a pair away from certainty.
const LEAST: f64 = 1e-7;

/// Appends the probability of each class; `pairs` holds, for i < j in order, the probability of i
/// against j.
pub(super) fn probabilities(pairs: &[f64], classes: usize, out: &mut Vec<f64>) {
    let mut against = vec![0.0; classes * classes];
    let mut next = pairs.iter();
    for i in 0..classes {
        for j in i + 1..classes {
            let first = next.next().copied().unwrap_or(0.5).clamp(LEAST, 1.0 - LEAST);
            set(&mut against, i * classes + j, first);
            set(&mut against, j * classes + i, 1.0 - first);
        }
    }
    out.extend(couple(&against, classes));
}

fn set(values: &mut [f64], at: usize, value: f64) {
    if let Some(cell) = values.get_mut(at) {
        *cell = value;
    }
}

fn couple(against: &[f64], k: usize) -> Vec<f64> {
    let r = |i: usize, j: usize| against.get(i * k + j).copied().unwrap_or_default();
    let mut q = vec![0.0; k * k];
    for t in 0..k {
        let diagonal = (0..k).filter(|&j| j != t).map(|j| r(j, t) * r(j, t)).sum();
        set(&mut q, t * k + t, diagonal);
        for j in (0..k).filter(|&j| j != t) {
            set(&mut q, t * k + j, -r(j, t) * r(t, j));
        }
    }
    let q = |i: usize, j: usize| q.get(i * k + j).copied().unwrap_or_default();
    let mut p = vec![1.0 / k as f64; k];
    let close = 0.005 / k as f64;
    for _ in 0..k.max(100) {
        let mut qp: Vec<f64> =
            (0..k).map(|t| p.iter().enumerate().map(|(j, p)| q(t, j) * p).sum()).collect();
        let mut total: f64 = p.iter().zip(&qp).map(|(p, qp)| p * qp).sum();
        let error = qp.iter().map(|qp| (qp - total).abs()).fold(0.0, f64::max);
        if error < close {
            break;
        }
        for t in 0..k {
            let (Some(&at), diagonal) = (qp.get(t), q(t, t)) else { continue };
            let change = (total - at) / diagonal;
            if let Some(p) = p.get_mut(t) {
                *p += change;
            }
            let whole = 1.0 + change;
            total = (total + change * (change * diagonal + 2.0 * at)) / whole / whole;
            for (j, qp) in qp.iter_mut().enumerate() {
                *qp = (*qp + change * q(t, j)) / whole;
            }
            for p in &mut p {
                *p /= whole;
            }
        }
    }
    p
}

#[cfg(test)]
mod tests {
    use super::probabilities;

    #[test]
    fn probabilities_sum_to_one_and_follow_the_pairs() {
        let mut out = Vec::new();
        probabilities(&[0.9, 0.8, 0.4], 3, &mut out);
        assert!((out.iter().sum::<f64>() - 1.0).abs() < 1e-9);
        assert!(out[0] > out[2] && out[2] > out[1]);
    }
}
