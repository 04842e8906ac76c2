//! The files that versions of registered models need: they stay when their run goes.

use std::{collections::BTreeMap, ops::Bound, sync::Arc};

use crate::{
    Error,
    artifacts::{ArtifactPath, Location},
    store::Connection,
    workspaces,
};

/// The places of all versions of registered models, by what is written before their paths.
#[derive(Clone, Debug, Default)]
pub(super) struct Keep {
    /// A text of [`text`] with the version that needs it.
    places: Arc<BTreeMap<String, String>>,
    /// How many versions there were, and when the last of them was made.
    state: (i64, i64),
    /// Whether the server has workspaces.
    workspaces: bool,
}

impl Keep {
    pub(super) fn new(workspaces: bool) -> Self {
        Self { workspaces, ..Self::default() }
    }

    /// Reads them again when there are others than before.
    ///
    /// # Errors
    /// Those of the database.
    pub(super) fn refreshed(mut self, on: &mut dyn Connection) -> Result<Self, Error> {
        let sql = "SELECT count(*), coalesce(max(creation_time), 0) FROM model_versions";
        let state = on.first(sql, &[])?.map(|mut row| Ok::<_, Error>((row.take(0)?, row.take(1)?)));
        let state = state.transpose()?.unwrap_or_default();
        if state == self.state {
            return Ok(self);
        }
        let sql = "SELECT v.name, v.version, v.workspace, v.storage_location, v.source, r.run_uuid, r.artifact_uri FROM model_versions v LEFT JOIN runs r ON v.source LIKE 'runs:/%' AND r.run_uuid = substr(v.source, 7, 32)";
        let mut places = BTreeMap::new();
        for mut row in on.query(sql, &[])? {
            let label = format!("{} of `{}`", row.take::<i64>(1)?, row.take::<String>(0)?);
            let workspace: String = row.take(2)?;
            let uris: [Option<String>; 2] = [row.take(3)?, row.take(4)?];
            let of_run: Option<String> = row.take(6)?;
            for uri in uris.iter().flatten() {
                let found = match Location::parse(uri) {
                    Ok(Location::Run(_, path)) => {
                        let run = of_run.as_deref().and_then(|uri| Location::parse(uri).ok());
                        run.map(|run| run.join(&path))
                    }
                    found => found.ok(),
                };
                let place = found.and_then(|it| text(&within(it, self.workspaces, &workspace)));
                if let Some(place) = place {
                    places.insert(place, label.clone());
                }
            }
        }
        (self.places, self.state) = (Arc::new(places), state);
        Ok(self)
    }

    /// What must stay below a place: paths from there, each with the version that needs it. One that is the root
    /// is the place itself.
    pub(super) fn below(&self, place: &Location) -> Vec<(ArtifactPath, &str)> {
        let Some(start) = text(place) else { return Vec::new() };
        let mut above = start.match_indices('/').filter_map(|(at, _)| start.get(..=at));
        if let Some(label) = above.find_map(|it| self.places.get(it)) {
            return vec![(ArtifactPath::default(), label)];
        }
        let after = (Bound::Excluded(start.as_str()), Bound::Unbounded);
        let inside =
            self.places.range::<str, _>(after).take_while(|(it, _)| it.starts_with(&start));
        let path = |(it, label): (&String, _)| {
            let rest = it.get(start.len()..)?;
            Some((ArtifactPath::parse(rest).ok()?, label))
        };
        inside.filter_map(path).map(|(path, label): (_, &String)| (path, label.as_str())).collect()
    }
}

/// A location as the artifact proxy has it, for what is in a workspace.
pub(super) fn within(location: Location, enabled: bool, workspace: &str) -> Location {
    let Location::Proxied(path) = &location else { return location };
    let folder = workspaces::folder_of(enabled, workspace, path.as_str());
    let folder = folder.and_then(|it| ArtifactPath::parse(&it).ok());
    folder.map_or(location.clone(), |folder| Location::Proxied(folder.join(path)))
}

/// A place as text with a slash at its end, so that what is below it begins with it.
fn text(place: &Location) -> Option<String> {
    let (kind, path) = match place {
        Location::Proxied(path) => ("proxied".to_owned(), path.as_str()),
        Location::Disk(path) => ("disk".to_owned(), path.to_str()?.trim_matches('/')),
        Location::Bucket { place, key } => (place.to_string(), key.as_str()),
        Location::Run(..) | Location::Elsewhere(_) => return None,
    };
    Some(if path.is_empty() { format!("{kind}/") } else { format!("{kind}/{path}/") })
}

#[cfg(test)]
mod tests {
    use super::{Arc, ArtifactPath, Keep, Location, text, within};

    #[test]
    fn what_a_version_needs_is_found_from_above_and_from_below() {
        let at = |uri: &str| Location::parse(uri).unwrap();
        let mut keep = Keep::default();
        for uri in ["mlflow-artifacts:/7/r/artifacts/model", "s3://b/7/m"] {
            Arc::make_mut(&mut keep.places).insert(text(&at(uri)).unwrap(), uri.to_owned());
        }
        let paths = |uri: &str| {
            let found = keep.below(&at(uri));
            found.into_iter().map(|(path, _)| path.to_string()).collect::<Vec<_>>()
        };
        assert_eq!(paths("mlflow-artifacts:/7/r/artifacts"), ["model"]);
        assert_eq!(paths("http://h/api/2.0/mlflow-artifacts/artifacts/7/r"), ["artifacts/model"]);
        assert_eq!(paths("mlflow-artifacts:/7/r/artifacts/model"), [""]);
        assert_eq!(paths("mlflow-artifacts:/7/r/artifacts/model/data"), [""]);
        assert_eq!(paths("s3://b/7/m/x"), [""]);
        let none: [&str; 0] = [];
        for uri in ["mlflow-artifacts:/7/r/artifacts/model2", "s3://b/7/m2", "/7/r/artifacts"] {
            assert_eq!(paths(uri), none, "{uri}");
        }
    }

    #[test]
    fn workspaces_have_folders_of_their_own() {
        let at = |path: &str| Location::Proxied(ArtifactPath::parse(path).unwrap());
        assert_eq!(within(at("7/r"), true, "team"), at("workspaces/team/7/r"));
        assert_eq!(within(at("workspaces/a/7"), true, "team"), at("workspaces/a/7"));
        assert_eq!(within(at("7/r"), true, "default"), at("7/r"));
        assert_eq!(within(at("7/r"), false, "team"), at("7/r"));
    }
}
