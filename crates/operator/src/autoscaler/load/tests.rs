use std::net::SocketAddr;

use longshore_platform::{Load, LoadReport};

use super::{Figures, Loads, Second};
use crate::cluster::Key;

fn address(number: u8) -> SocketAddr {
    SocketAddr::from(([10, 0, 0, number], 9091))
}

fn report(instance: &str, seconds: f64, requests: u64, busy_seconds: f64) -> LoadReport {
    let load = Load { requests, busy_seconds, in_flight: 0, held: 0 };
    LoadReport {
        instance: instance.to_owned(),
        seconds,
        revisions: [("ml/iris".to_owned(), load)].into(),
    }
}

fn one(loads: &mut Loads, second: u64, answer: Option<LoadReport>) -> Second {
    loads.take(second, vec![(address(1), answer)])
}

#[test]
fn a_second_is_the_difference_of_two_reports() {
    let mut loads = Loads::default();
    let first = one(&mut loads, 0, Some(report("a", 100.0, 1000, 50.0)));
    assert!(!first.is_known && !first.is_whole, "old counts say nothing of one second");
    let second = one(&mut loads, 1, Some(report("a", 101.0, 1010, 52.5)));
    assert!(second.is_known && second.is_whole && second.is_fresh);
    let expected = Figures { concurrency: 2.5, rps: 10.0, arrived: 10, ..Figures::default() };
    assert_eq!(second.of(&Key::new("ml", "iris")), expected);
    assert_eq!(second.of(&Key::new("ml", "wine")), Figures::default());
}

#[test]
fn a_report_that_is_missed_loses_no_request() {
    let mut loads = Loads::default();
    one(&mut loads, 0, Some(report("a", 100.0, 0, 0.0)));
    one(&mut loads, 1, Some(report("a", 101.0, 4, 4.0)));
    let missed = one(&mut loads, 2, None);
    assert!(missed.is_known && missed.is_whole && !missed.is_fresh);
    let figures = missed.of(&Key::new("ml", "iris"));
    assert_eq!((figures.concurrency, figures.arrived), (4.0, 0), "its load goes on");
    let back = one(&mut loads, 3, Some(report("a", 103.0, 10, 16.0)));
    assert_eq!(
        (back.of(&Key::new("ml", "iris")).concurrency, back.of(&Key::new("ml", "iris")).arrived),
        (6.0, 6)
    );
}

#[test]
fn a_gateway_that_stays_silent_is_not_without_load() {
    let mut loads = Loads::default();
    for second in 0..2 {
        let both = [1, 2].map(|number| {
            (address(number), Some(report("a", second as f64 + 50.0, second * 3, second as f64)))
        });
        loads.take(second, both.into());
    }
    let answers = |second: u64| {
        let report = report("a", second as f64 + 50.0, second * 3, second as f64);
        vec![(address(1), Some(report)), (address(2), None)]
    };
    for second in 2..=11 {
        let taken = loads.take(second, answers(second));
        assert!(taken.is_whole && !taken.is_fresh, "{second}");
        assert_eq!(taken.of(&Key::new("ml", "iris")).concurrency, 2.0);
    }
    let late = loads.take(12, answers(12));
    assert!(late.is_known && !late.is_whole);
    let gone = loads.take(13, answers(13)[..1].to_vec());
    assert!(gone.is_whole && gone.is_fresh, "a gateway that is not listed any more is gone");
}

#[test]
fn counting_begins_anew_with_a_start() {
    let mut loads = Loads::default();
    one(&mut loads, 0, Some(report("a", 100.0, 1000, 50.0)));
    one(&mut loads, 1, Some(report("a", 101.0, 1000, 50.0)));
    let restarted = one(&mut loads, 4, Some(report("b", 2.0, 6, 1.0)));
    assert_eq!(
        (restarted.of(&Key::new("ml", "iris")).rps, restarted.of(&Key::new("ml", "iris")).arrived),
        (3.0, 6)
    );
    let mut loads = Loads::default();
    let new = one(&mut loads, 0, Some(report("b", 0.5, 2, 0.25)));
    assert!(new.is_whole);
    assert_eq!(new.of(&Key::new("ml", "iris")).concurrency, 0.5);
    // a report that is no later says nothing new
    let same = one(&mut loads, 1, Some(report("b", 0.5, 2, 0.25)));
    assert_eq!(same.of(&Key::new("ml", "iris")).concurrency, 0.5);
}

#[test]
fn without_gateways_nothing_is_known() {
    let none = Loads::default().take(0, Vec::new());
    assert!(!none.is_known && !none.is_whole && !none.is_fresh);
    let mut loads = Loads::default();
    let silent = one(&mut loads, 0, None);
    assert!(!silent.is_known && !silent.is_whole);
}
