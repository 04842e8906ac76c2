//! Which name may be meant by one that nothing has.

/// How near a name has to be: 1 is the same.
const NEAR: f64 = 0.75;

/// The nearest of the names that there are, when one is near.
pub(crate) fn nearest<'n>(
    name: &str,
    known: impl IntoIterator<Item = &'n (impl AsRef<str> + ?Sized + 'n)>,
) -> Option<&'n str> {
    let near = known.into_iter().map(|known| {
        let known = known.as_ref();
        (strsim::jaro_winkler(name, known), known)
    });
    let nearest = near.max_by(|a, b| a.0.total_cmp(&b.0)).filter(|(near, _)| *near > NEAR);
    nearest.map(|(_, name)| name)
}
