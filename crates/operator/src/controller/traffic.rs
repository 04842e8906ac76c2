//! Who gets which share of a component's requests, by KServe's rules.
//!
//! The first revision gets all once it is ready. A later one gets all, or the share that
//! `canaryTrafficPercent` says, once it is ready; until then everything stays as it is. A share of
//! less than 100 for a revision that already had all takes it back to the one before it. Predictors of
//! `spec.canary` get their shares beside that, once they are ready.

use longshore_kserve::status::{ComponentStatus, Traffic};
use longshore_platform::names::CANARY_TAG as CANARY;

/// The tag of the revision that was rolled out before the latest.
const PREVIOUS: &str = "prev";

/// The tag of the latest revision, where tags have hosts of their own.
const LATEST: &str = "latest";

/// What is asked of a component.
pub(crate) struct Asked<'a> {
    /// The latest revision.
    pub(crate) latest: &'a str,
    /// `canaryTrafficPercent`.
    pub(crate) percent: Option<u32>,
    /// True when the latest revision has a host of its own.
    pub(crate) has_tag_routing: bool,
    /// The predictors of `spec.canary`.
    pub(crate) canaries: Vec<Canary<'a>>,
}

/// A predictor of `spec.canary`.
pub(crate) struct Canary<'a> {
    /// Its name.
    pub(crate) name: &'a str,
    /// Its latest revision.
    pub(crate) latest: &'a str,
    /// Its share in percent.
    pub(crate) percent: u32,
}

/// What is known of revisions.
pub(crate) trait Revisions {
    /// True when there is such a revision.
    fn exists(&self, revision: &str) -> bool;
    /// True when it can take requests: it has replicas that are ready, or may sleep and has been
    /// ready before.
    fn is_ready(&self, revision: &str) -> bool;
    /// The URL of a tag's host.
    fn url(&self, tag: &str) -> Option<String>;
}

/// What is to be.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Split {
    /// The component's revisions and traffic.
    pub(crate) status: ComponentStatus,
    /// A revision that has to wake before it takes requests back.
    pub(crate) wake: Option<String>,
}

/// A share of the requests that the predictors of `spec.canary` leave.
struct Share {
    revision: String,
    percent: u32,
    is_latest: bool,
    tag: Option<&'static str>,
}

/// The split that follows the one `before`.
pub(crate) fn split(
    before: &ComponentStatus,
    asked: &Asked<'_>,
    revisions: &impl Revisions,
) -> Split {
    let mut split = Split { status: before.clone(), wake: None };
    let status = &mut split.status;
    status.latest_created_revision = Some(asked.latest.to_owned());
    let canaries = canaries(before, asked, revisions);
    let rest = 100 - canaries.iter().map(|(_, _, percent)| percent).sum::<u32>().min(100);
    let shares = if revisions.is_ready(asked.latest) {
        status.latest_ready_revision = Some(asked.latest.to_owned());
        roll(before, asked, revisions, &mut split)
    } else {
        stay(before, asked, revisions)
    };
    let mut traffic = Vec::new();
    let mut left = rest;
    let last = shares.len().saturating_sub(1);
    for (at, share) in shares.into_iter().enumerate() {
        let percent =
            if at == last { left } else { (share.percent * rest).div_ceil(100).min(left) };
        left -= percent;
        traffic.push(entry(
            share.revision,
            percent,
            share.is_latest,
            share.tag.map(str::to_owned),
            revisions,
        ));
    }
    let stable = !traffic.is_empty();
    traffic.extend(canaries.into_iter().map(|(name, revision, percent)| {
        // without a stable predictor there is nothing to be a canary of
        let percent = if stable { percent } else { 0 };
        entry(revision, percent, false, Some(format!("{CANARY}{name}")), revisions)
    }));
    if !stable {
        traffic.clear();
    }
    split.status.traffic = traffic;
    split
}

/// The shares once the latest revision is ready.
fn roll(
    before: &ComponentStatus,
    asked: &Asked<'_>,
    revisions: &impl Revisions,
    split: &mut Split,
) -> Vec<Share> {
    let latest = asked.latest;
    let tag = asked.has_tag_routing.then_some(LATEST);
    let known = |name: &Option<String>| name.clone().filter(|name| revisions.exists(name));
    let rolled = known(&before.latest_rolledout_revision);
    let previous = known(&before.previous_rolledout_revision).filter(|name| name != latest);
    let whole = |revision: &str| {
        vec![Share { revision: revision.to_owned(), percent: 100, is_latest: true, tag }]
    };
    let percent = asked.percent.unwrap_or(100);
    let stable = match rolled {
        Some(rolled) if rolled == latest => previous,
        other => other,
    };
    match stable.filter(|_| percent < 100) {
        Some(stable) if revisions.is_ready(&stable) => {
            split.status.latest_rolledout_revision = Some(stable.clone());
            vec![
                Share { revision: latest.to_owned(), percent, is_latest: true, tag },
                Share {
                    revision: stable,
                    percent: 100 - percent,
                    is_latest: false,
                    tag: Some(PREVIOUS),
                },
            ]
        }
        Some(stable) => {
            // it sleeps since it had no requests; until it is awake nothing changes
            split.wake = Some(stable);
            stay(before, &Asked { canaries: Vec::new(), percent: None, ..*asked }, revisions)
        }
        None => {
            let had_all = before.latest_rolledout_revision.as_deref();
            if had_all != Some(latest) {
                split.status.previous_rolledout_revision = had_all.map(str::to_owned);
                split.status.latest_rolledout_revision = Some(latest.to_owned());
            }
            whole(latest)
        }
    }
}

/// The shares as they are, of revisions that still exist. Less for the canary is obeyed at once.
fn stay(before: &ComponentStatus, asked: &Asked<'_>, revisions: &impl Revisions) -> Vec<Share> {
    let stable = before.traffic.iter().filter(|it| !is_canary(it));
    let mut shares: Vec<_> = stable
        .filter_map(|entry| {
            let revision = entry.revision_name.clone().filter(|name| revisions.exists(name))?;
            let tag = match entry.tag.as_deref() {
                Some(PREVIOUS) => Some(PREVIOUS),
                Some(LATEST) => Some(LATEST),
                _ => None,
            };
            let percent = u32::try_from(entry.percent.unwrap_or(0)).unwrap_or(0).min(100);
            Some(Share { revision, percent, is_latest: entry.latest_revision == Some(true), tag })
        })
        .collect();
    // they are of what the predictors of `spec.canary` left then
    let sum: u32 = shares.iter().map(|share| share.percent).sum();
    for share in &mut shares {
        share.percent = (share.percent * 100).checked_div(sum).unwrap_or(0);
    }
    if let ([canary, _], Some(most)) = (&mut shares[..], asked.percent) {
        canary.percent = canary.percent.min(most);
    }
    shares
}

/// The predictors of `spec.canary` that can take requests: names, revisions and shares.
fn canaries(
    before: &ComponentStatus,
    asked: &Asked<'_>,
    revisions: &impl Revisions,
) -> Vec<(String, String, u32)> {
    let serving = |canary: &Canary<'_>| {
        if revisions.is_ready(canary.latest) {
            return Some(canary.latest.to_owned());
        }
        let tag = format!("{CANARY}{}", canary.name);
        let old = before.traffic.iter().find(|it| it.tag.as_ref() == Some(&tag))?;
        old.revision_name.clone().filter(|name| revisions.exists(name))
    };
    let found = asked
        .canaries
        .iter()
        .filter_map(|canary| Some((canary.name.to_owned(), serving(canary)?, canary.percent)));
    found.collect()
}

/// True for the share of a predictor of `spec.canary`.
pub(crate) fn is_canary(entry: &Traffic) -> bool {
    entry.tag.as_ref().is_some_and(|tag| tag.starts_with(CANARY))
}

fn entry(
    revision: String,
    percent: u32,
    is_latest: bool,
    tag: Option<String>,
    revisions: &impl Revisions,
) -> Traffic {
    Traffic {
        url: tag.as_deref().and_then(|tag| revisions.url(tag)),
        tag,
        revision_name: Some(revision),
        latest_revision: Some(is_latest),
        percent: Some(percent.into()),
    }
}

#[cfg(test)]
mod tests;
