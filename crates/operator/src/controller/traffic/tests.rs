use longshore_kserve::status::ComponentStatus;

use super::{Asked, Canary, Revisions, Split, split};

/// Revisions that there are; those that are ready are in upper case here.
struct Known(&'static str);

impl Revisions for Known {
    fn exists(&self, revision: &str) -> bool {
        self.0.split(' ').any(|it| it.eq_ignore_ascii_case(revision))
    }
    fn is_ready(&self, revision: &str) -> bool {
        self.0.split(' ').any(|it| it == revision.to_uppercase())
    }
    fn url(&self, tag: &str) -> Option<String> {
        Some(format!("http://{tag}-iris"))
    }
}

fn asked(latest: &str, percent: Option<u32>) -> Asked<'_> {
    Asked { latest, percent, has_tag_routing: false, canaries: Vec::new() }
}

/// `REVISION:PERCENT[:TAG]` of each share, and which is rolled out, and which was before.
fn shown(split: &Split) -> String {
    let status = &split.status;
    let entry = |it: &longshore_kserve::status::Traffic| {
        let tag = it.tag.as_ref().map(|tag| format!(":{tag}")).unwrap_or_default();
        let latest = if it.latest_revision == Some(true) { "*" } else { "" };
        format!("{}{latest}:{}{tag}", it.revision_name.as_ref().unwrap(), it.percent.unwrap())
    };
    let name = |name: &Option<String>| name.clone().unwrap_or("-".into());
    format!(
        "{} {}<{}",
        status.traffic.iter().map(entry).collect::<Vec<_>>().join(" "),
        name(&status.latest_rolledout_revision),
        name(&status.previous_rolledout_revision)
    )
}

#[test]
fn revisions_get_requests_as_kserve_gives_them() {
    // each step: revisions there are (upper case is ready), the latest, its percent, and what follows
    let steps = [
        ("a", "a", None, " -<-"),
        ("A", "a", Some(10), "a*:100 a<-"),
        ("A b", "b", Some(10), "a*:100 a<-"),
        ("A B", "b", Some(10), "b*:10 a:90:prev a<-"),
        ("A B", "b", Some(35), "b*:35 a:65:prev a<-"),
        ("A B", "b", Some(0), "b*:0 a:100:prev a<-"),
        // a third revision replaces the canary once it is ready, not before
        ("A B c", "c", Some(20), "b*:0 a:100:prev a<-"),
        ("A B C", "c", Some(20), "c*:20 a:80:prev a<-"),
        ("A B C", "c", None, "c*:100 c<a"),
        // less than all for what had all: back to the one before, once that is awake
        ("a B C", "c", Some(10), "c*:100 c<a"),
        ("A B C", "c", Some(10), "c*:10 a:90:prev a<a"),
        ("A B C", "c", Some(100), "c*:100 c<a"),
        // blue-green: one that does not load never takes a request
        ("A C d", "d", None, "c*:100 c<a"),
        ("A C D", "d", None, "d*:100 d<c"),
        // what is gone gets nothing
        ("D", "d", Some(50), "d*:100 d<c"),
    ];
    let mut status = ComponentStatus::default();
    for (known, latest, percent, expected) in steps {
        let after = split(&status, &asked(latest, percent), &Known(known));
        assert_eq!(shown(&after), expected, "{known} {latest} {percent:?}");
        let again = split(&after.status, &asked(latest, percent), &Known(known));
        assert_eq!(again, after, "the same again changes nothing: {known}");
        assert_eq!(after.status.latest_created_revision.as_deref(), Some(latest));
        status = after.status;
    }
}

#[test]
fn less_for_a_canary_is_obeyed_at_once() {
    let canary = split(&ComponentStatus::default(), &asked("a", None), &Known("A"));
    let canary = split(&canary.status, &asked("b", Some(40)), &Known("A B"));
    let less = split(&canary.status, &asked("c", Some(5)), &Known("A B c"));
    assert_eq!(less.status.traffic[0].percent, Some(5), "{}", shown(&less));
}

#[test]
fn what_sleeps_wakes_before_it_takes_requests_back() {
    let first = split(&ComponentStatus::default(), &asked("a", None), &Known("A"));
    let second = split(&first.status, &asked("b", None), &Known("A B"));
    assert_eq!(second.wake, None);
    let asleep = split(&second.status, &asked("b", Some(0)), &Known("a B"));
    assert_eq!((asleep.wake.as_deref(), &*shown(&asleep)), (Some("a"), "b*:100 b<a"));
}

#[test]
fn tags_have_hosts() {
    let first = split(&ComponentStatus::default(), &asked("a", None), &Known("A"));
    assert_eq!(first.status.traffic[0].url, None);
    let tagged = Asked { has_tag_routing: true, ..asked("b", Some(10)) };
    let split = split(&first.status, &tagged, &Known("A B"));
    let urls: Vec<_> = split.status.traffic.iter().map(|it| it.url.as_deref()).collect();
    assert_eq!(urls, [Some("http://latest-iris"), Some("http://prev-iris")]);
}

#[test]
fn predictors_of_the_canary_list_stand_beside_the_stable_one() {
    let with = |latest: &'static str, percent: Option<u32>| Asked {
        canaries: vec![
            Canary { name: "v2", latest: "x", percent: 20 },
            Canary { name: "v3", latest: "y", percent: 0 },
        ],
        ..asked(latest, percent)
    };
    let begin = split(&ComponentStatus::default(), &with("a", None), &Known("a X"));
    assert_eq!(shown(&begin), " -<-", "nothing without a stable predictor");
    let alone = split(&begin.status, &with("a", None), &Known("A x"));
    assert_eq!(shown(&alone), "a*:100 a<-", "a canary that is not ready leaves its share");
    let both = split(&alone.status, &with("a", None), &Known("A X Y"));
    assert_eq!(shown(&both), "a*:80 x:20:canary-v2 y:0:canary-v3 a<-");
    let next = split(&both.status, &with("b", Some(50)), &Known("A b X Y"));
    assert_eq!(shown(&next), "a*:80 x:20:canary-v2 y:0:canary-v3 a<-", "stays until b is ready");
    let three = split(&next.status, &with("b", Some(50)), &Known("A B X Y"));
    assert_eq!(shown(&three), "b*:40 a:40:prev x:20:canary-v2 y:0:canary-v3 a<-");
    let dropped = split(&three.status, &asked("b", Some(50)), &Known("A B X Y"));
    assert_eq!(shown(&dropped), "b*:50 a:50:prev a<-");
}
