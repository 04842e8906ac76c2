use std::collections::VecDeque;

/// How the seconds of a window are averaged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Aggregation {
    /// All seconds count the same.
    #[default]
    Linear,
    /// The newer a second, the more it counts.
    WeightedExponential,
}

/// Averages keep this many digits behind the point, so that a sum's rounding error does not become a
/// replica: 7.000000000000001 requests are 7.
const DIGITS: f64 = 1e6;

/// The weights of a window add up to at least this much.
const WEIGHTS: f64 = 0.9999;

/// The least weight of the newest second: in long windows the weights would be nearly equal.
const LEAST_WEIGHT: f64 = 0.2;

/// Figures of the last seconds, one a second, and their average as Knative's autoscaler takes it.
///
/// A second without a figure that lies between two others counts as 0. Seconds without figures at the
/// end make the window shorter. Before a whole window has been seen, the average is over what has.
#[derive(Clone, Debug)]
pub struct Window {
    length: usize,
    aggregation: Aggregation,
    /// One a second up to `last`, the newest at the back.
    figures: VecDeque<f64>,
    last: u64,
}

impl Window {
    /// An empty window of `length` seconds, at least 1.
    pub fn new(length: u32, aggregation: Aggregation) -> Self {
        Self { length: length.max(1) as usize, aggregation, figures: VecDeque::new(), last: 0 }
    }

    /// Gives it another length; figures that it still covers stay.
    pub fn resize(&mut self, length: u32) {
        self.length = length.max(1) as usize;
        self.trim();
    }

    /// Adds `value` to the figure of this second, which is not before any that it has seen.
    pub fn record(&mut self, second: u64, value: f64) {
        let gap = second.saturating_sub(self.last);
        if self.figures.is_empty() || gap >= self.length as u64 {
            self.figures.clear();
            self.figures.push_back(0.0);
        } else {
            self.figures.extend((0..gap).map(|_| 0.0));
            self.trim();
        }
        self.last = self.last.max(second);
        if let Some(newest) = self.figures.back_mut() {
            *newest += value;
        }
    }

    /// The average at this second, or nothing when there was no figure for longer than the window.
    pub fn average(&self, second: u64) -> Option<f64> {
        let silence = usize::try_from(second.saturating_sub(self.last)).unwrap_or(usize::MAX);
        if self.figures.is_empty() || silence > self.length {
            return None;
        }
        let counted = self.figures.len().min(self.length - silence);
        let newest_first = self.figures.iter().rev().take(counted);
        Some(match self.aggregation {
            Aggregation::Linear if counted == 0 => 0.0,
            Aggregation::Linear => {
                let average = newest_first.sum::<f64>() / counted as f64;
                (average * DIGITS).round() / DIGITS
            }
            Aggregation::WeightedExponential => {
                let newest = self.newest_weight();
                let mut weight = newest * (1.0 - newest).powf(silence as f64);
                let mut average = 0.0;
                for figure in newest_first {
                    average += figure * weight;
                    weight *= 1.0 - newest;
                }
                average
            }
        })
    }

    fn newest_weight(&self) -> f64 {
        (1.0 - (1.0 - WEIGHTS).powf(1.0 / self.length as f64)).max(LEAST_WEIGHT)
    }

    fn trim(&mut self) {
        let extra = self.figures.len().saturating_sub(self.length);
        self.figures.drain(..extra);
    }
}

#[cfg(test)]
mod tests {
    use super::{Aggregation, Window};

    fn filled(length: u32, aggregation: Aggregation, figures: &[(u64, f64)]) -> Window {
        let mut window = Window::new(length, aggregation);
        for &(second, value) in figures {
            window.record(second, value);
        }
        window
    }

    #[test]
    fn a_window_that_is_not_full_is_averaged_over_what_it_has() {
        let window = filled(10, Aggregation::Linear, &[(100, 4.0), (101, 2.0)]);
        assert_eq!(window.average(101), Some(3.0));
    }

    #[test]
    fn a_gap_inside_is_zero_and_one_at_the_end_is_left_out() {
        let window = filled(10, Aggregation::Linear, &[(0, 6.0), (2, 6.0)]);
        assert_eq!(window.average(2), Some(4.0));
        assert_eq!(window.average(9), Some(4.0));
        assert_eq!(window.average(10), Some(3.0), "the figure of second 0 is out of the window");
        assert_eq!(window.average(12), Some(0.0));
        assert_eq!(window.average(13), None);
    }

    #[test]
    fn a_whole_window_of_silence_begins_anew() {
        let window = filled(10, Aggregation::Linear, &[(0, 6.0), (10, 3.0)]);
        assert_eq!(window.average(10), Some(3.0));
    }

    #[test]
    fn an_average_has_six_digits() {
        let figures: Vec<_> = (0..30).map(|second| (second, 0.1)).collect();
        assert_eq!(filled(30, Aggregation::Linear, &figures).average(29), Some(0.1));
        assert_eq!(filled(60, Aggregation::Linear, &[(0, 2e-7)]).average(0), Some(0.0));
    }

    #[test]
    fn a_longer_window_goes_on_with_what_there_is() {
        let figures: Vec<_> = (0..10).map(|second| (second, second as f64)).collect();
        let mut window = filled(10, Aggregation::Linear, &figures);
        window.resize(4);
        assert_eq!(window.average(9), Some(7.5));
        window.resize(6);
        window.record(10, 10.0);
        assert_eq!(window.average(10), Some(8.0));
    }

    /// The figures of Knative's own comment on its weighted average, at a weight of 0.6: it has
    /// `5·0.6 + 5·0.6·0.4 + 10·0.6·0.4² + 10·0.6·0.4³`. Here the weight comes from the length.
    #[test]
    fn newer_seconds_weigh_more() {
        let figures = [(0, 10.0), (1, 10.0), (2, 5.0), (3, 5.0)];
        let window = filled(10, Aggregation::WeightedExponential, &figures);
        let weight = 1.0 - 0.0001_f64.powf(0.1);
        let rest = 1.0 - weight;
        let expected = weight * (5.0 + 5.0 * rest + 10.0 * rest.powi(2) + 10.0 * rest.powi(3));
        assert!((window.average(3).unwrap() - expected).abs() < 1e-12);
        let later = window.average(5).unwrap();
        assert!((later - expected * rest.powi(2)).abs() < 1e-12);
        let long = filled(3600, Aggregation::WeightedExponential, &[(0, 1.0)]);
        assert_eq!(long.average(0), Some(0.2));
    }
}
