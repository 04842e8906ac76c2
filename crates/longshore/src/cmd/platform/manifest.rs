//! Manifests in files, and whether an InferenceService in them can be served.

use std::{
    fs,
    io::Read,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, anyhow, bail};
use kube::api::DynamicObject;
use longshore_kserve::{GROUP, InferenceServiceSpec, defaults, validate::validate};
use longshore_platform::{Policy, Progressive};
use serde_json::Value;

use super::object::list;

/// An object of a manifest.
#[derive(Clone, Debug)]
pub(super) struct Manifest {
    /// Where it is written, for errors.
    pub(super) place: String,
    /// The object, with `apiVersion`, `kind` and a name.
    pub(super) object: DynamicObject,
}

impl Manifest {
    /// Its name.
    pub(super) fn name(&self) -> &str {
        self.object.metadata.name.as_deref().unwrap_or_default()
    }

    /// Its kind.
    pub(super) fn kind(&self) -> &str {
        self.object.types.as_ref().map(|types| &*types.kind).unwrap_or_default()
    }

    fn group(&self) -> &str {
        let types = self.object.types.as_ref();
        types.and_then(|types| types.api_version.split_once('/')).map_or("", |(group, _)| group)
    }
}

/// The objects of files, in their order; the items of a `List` stand for themselves. Blocks while it
/// reads.
pub(super) fn read(files: &[PathBuf]) -> Result<Vec<Manifest>> {
    let mut all = Vec::new();
    for file in files {
        let (name, text) = text(file)?;
        all.extend(parse(&name, &text)?);
    }
    if all.is_empty() {
        bail!("no manifest holds an object");
    }
    Ok(all)
}

fn text(file: &Path) -> Result<(String, String)> {
    if file == Path::new("-") {
        let mut text = String::new();
        std::io::stdin().read_to_string(&mut text).context("failed to read standard input")?;
        return Ok(("standard input".into(), text));
    }
    let name = file.display().to_string();
    let text = fs::read_to_string(file).with_context(|| format!("failed to read `{name}`"))?;
    Ok((name, text))
}

fn parse(name: &str, text: &str) -> Result<Vec<Manifest>> {
    let documents: Vec<Value> = serde_saphyr::from_multiple(text)
        .map_err(|error| anyhow!("`{name}` is neither YAML nor JSON: {error}"))?;
    let several = documents.len() > 1;
    let mut all = Vec::new();
    for (at, document) in documents.into_iter().enumerate() {
        let place =
            if several { format!("`{name}`, document {}", at + 1) } else { format!("`{name}`") };
        match document {
            Value::Null => {}
            value if is_list(&value) => {
                for (at, item) in list(&value, "/items").iter().enumerate() {
                    all.push(manifest(format!("{place}, item {}", at + 1), item.clone())?);
                }
            }
            value => all.push(manifest(place, value)?),
        }
    }
    Ok(all)
}

fn is_list(value: &Value) -> bool {
    let kind = value.get("kind").and_then(Value::as_str).unwrap_or_default();
    kind.ends_with("List") && value.get("items").is_some_and(Value::is_array)
}

fn manifest(place: String, value: Value) -> Result<Manifest> {
    for field in ["apiVersion", "kind"] {
        if value.get(field).and_then(Value::as_str).is_none_or(str::is_empty) {
            bail!("{place} has no `{field}`: an object begins with `apiVersion` and `kind`");
        }
    }
    let object: DynamicObject = serde_json::from_value(value)
        .with_context(|| format!("{place} is no object of Kubernetes"))?;
    if object.metadata.name.as_deref().is_none_or(str::is_empty) {
        bail!("{place} has no `metadata.name`: write one");
    }
    Ok(Manifest { place, object })
}

/// What is wrong with the InferenceServices among these, a line each; the cluster checks the rest.
pub(super) fn faults(manifests: &[Manifest]) -> Vec<String> {
    let of_kserve = |it: &&Manifest| it.group() == GROUP && it.kind() == "InferenceService";
    manifests
        .iter()
        .filter(of_kserve)
        .flat_map(|manifest| {
            let Manifest { place, .. } = manifest;
            let name = manifest.name();
            let told = move |fault| format!("{place}, InferenceService `{name}`: {fault}");
            of_service(manifest).into_iter().map(told)
        })
        .collect()
}

fn of_service(manifest: &Manifest) -> Vec<String> {
    let Some(spec) = manifest.object.data.get("spec") else {
        return vec!["it has no `spec`: write `spec.predictor`".into()];
    };
    let mut spec: InferenceServiceSpec = match serde_json::from_value(spec.clone()) {
        Ok(spec) => spec,
        Err(error) => return vec![format!("`spec` has another form than KServe's: {error}")],
    };
    let mut annotations = manifest.object.metadata.annotations.clone().unwrap_or_default();
    let progressive = Progressive::of(&annotations);
    let clash = progressive
        .as_ref()
        .ok()
        .map(|it| it.clash(spec.splits_by()).into_iter().collect::<Vec<_>>());
    let ours = [Policy::of(&annotations).err(), progressive.err(), clash];
    defaults::complete(&mut annotations, &mut spec);
    let faults = validate(manifest.name(), &annotations, &spec);
    let ours = ours.iter().flatten().flatten().map(ToString::to_string);
    faults.iter().map(ToString::to_string).chain(ours).collect()
}

#[cfg(test)]
mod tests {
    use super::{faults, parse};

    const IRIS: &str = "apiVersion: serving.kserve.io/v1beta1
kind: InferenceService
metadata: {name: iris}
spec:
  predictor:
    minReplicas: 3
    maxReplicas: 2
    sklearn: {storageUri: 's3://models/iris'}
";

    #[test]
    fn objects_of_all_documents_are_read() {
        let text = format!(
            "# first\n---\n{IRIS}---\nkind: List\napiVersion: v1\nitems:\n- {{apiVersion: v1, kind: Namespace, metadata: {{name: ml}}}}\n"
        );
        let found = parse("a.yaml", &text).unwrap();
        let names: Vec<_> = found.iter().map(|it| (it.kind(), it.name())).collect();
        assert_eq!(names, [("InferenceService", "iris"), ("Namespace", "ml")]);
        assert!(found[1].place.ends_with("item 1"), "{}", found[1].place);
    }

    #[test]
    fn what_is_no_object_is_refused() {
        for (text, told) in [
            ("kind: Pod\nmetadata: {name: a}", "no `apiVersion`"),
            ("apiVersion: v1\nkind: Pod", "no `metadata.name`"),
            ("apiVersion: v1\nkind: Pod\nmetadata: 3", "no object of Kubernetes"),
            ("a: [", "neither YAML nor JSON"),
        ] {
            let error = parse("a.yaml", text).unwrap_err().to_string();
            assert!(error.contains(told), "{error}");
        }
    }

    #[test]
    fn faults_name_the_file_and_the_field() {
        let told = faults(&parse("a.yaml", IRIS).unwrap());
        assert_eq!(told.len(), 1, "{told:?}");
        assert!(
            told[0].starts_with("`a.yaml`, InferenceService `iris`: spec.predictor"),
            "{told:?}"
        );
        let wrong = IRIS.replace("minReplicas: 3", "minReplicas: three");
        let told = faults(&parse("a.yaml", &wrong).unwrap());
        assert!(told[0].contains("another form"), "{told:?}");
        let none = IRIS.replace("minReplicas: 3", "minReplicas: 1");
        assert_eq!(faults(&parse("a.yaml", &none).unwrap()), Vec::<String>::new());
    }

    #[test]
    fn shares_beside_a_rollout_are_refused_at_every_component() {
        let text = r#"{"apiVersion": "serving.kserve.io/v1beta1", "kind": "InferenceService",
            "metadata": {"name": "iris", "annotations": {"longshore.dev/rollout": "5%,100% every 2m"}},
            "spec": {"predictor": {"sklearn": {"storageUri": "s3://models/iris"}},
                "transformer": {"canaryTrafficPercent": 5, "containers": [{"image": "a.b/c:1"}]}}}"#;
        let told = faults(&parse("a.json", text).unwrap());
        assert!(
            told.iter().any(|it| it.contains("`canaryTrafficPercent` says shares too")),
            "{told:?}"
        );
        let none = text.replace("\"canaryTrafficPercent\": 5, ", "");
        assert_eq!(faults(&parse("a.json", &none).unwrap()), Vec::<String>::new());
    }
}
