//! A record of an evaluation dataset: as requests bring it, and as the store keeps it.

use longshore_mlflow::{json, rest::limits::length};
use serde_json::{Map, Value as Json, json};

use super::{NAME, USER, hex};
use crate::{
    Error, random,
    store::{Row, Value},
};

/// The key below which outputs are stored, so that they are an object whatever they are.
const WRAPPED: &str = "mlflow_wrapped";

/// What a record can come from.
const SOURCES: [&str; 5] = ["UNSPECIFIED", "TRACE", "HUMAN", "DOCUMENT", "CODE"];

/// Longest id of what a record comes from, in characters.
const SOURCE_ID: usize = 36;

/// A record as a request brings it.
pub(super) struct Incoming {
    pub(super) inputs: Map<String, Json>,
    /// What tells records of a dataset apart: the SHA-256 of the inputs as Python prints them.
    pub(super) hash: String,
    /// `null` takes the outputs of a record away; `None` leaves them.
    pub(super) outputs: Option<Json>,
    pub(super) expectations: Option<Map<String, Json>>,
    tags: Option<Map<String, Json>>,
    source: Option<Source>,
}

/// What a record comes from.
struct Source {
    kind: &'static str,
    data: Map<String, Json>,
}

impl Incoming {
    /// Reads the record at a place in a request.
    ///
    /// # Errors
    /// A refusal that names the field.
    pub(super) fn read(place: usize, record: Json) -> Result<Self, Error> {
        let mut fields = object(&format!("records[{place}]"), record)?;
        let mut field = |name: &str| {
            let found = fields.remove(name);
            let read = |it| object(&format!("records[{place}].{name}"), it);
            found.filter(|it| !it.is_null() || name == "inputs").map(read).transpose()
        };
        let inputs = field("inputs")?.unwrap_or_default();
        let expectations = field("expectations")?;
        let tags = field("tags")?;
        let source = field("source")?.map(|it| Source::read(place, it)).transpose()?;
        if let Some(user) = tags.as_ref().and_then(|it| it.get(USER)).and_then(Json::as_str) {
            length(USER, user, NAME)?;
        }
        let hash = hex(json::python(&Json::Object(inputs.clone())).as_bytes());
        Ok(Self { inputs, hash, outputs: fields.remove("outputs"), expectations, tags, source })
    }

    /// The user who sends the record, when its tags say.
    pub(super) fn user(&self) -> Option<&str> {
        self.tags.as_ref()?.get(USER)?.as_str()
    }

    /// The record that it becomes when there is none with its inputs.
    ///
    /// # Errors
    /// [`Error::Random`].
    pub(super) fn into_new(self) -> Result<Record, Error> {
        let user = self.user().map(ToOwned::to_owned);
        let source = self.source.as_ref();
        Ok(Record {
            id: format!("dr-{}", random::id()?),
            source: source.map(|it| json!({"source_type": it.kind, "source_data": it.data})),
            source_id: source.and_then(Source::id),
            source_type: source.map(|it| it.kind.to_owned()),
            outputs: self.outputs.as_ref().map_or_else(|| Some(json!({WRAPPED: {}})), wrapped),
            inputs: self.inputs,
            hash: self.hash,
            expectations: self.expectations,
            tags: Some(self.tags.unwrap_or_default()),
            created_by: user.clone(),
            last_updated_by: user,
        })
    }
}

impl Source {
    fn read(place: usize, mut fields: Map<String, Json>) -> Result<Self, Error> {
        let kind = fields.remove("source_type").unwrap_or_default();
        let kind = kind.as_str().map(str::to_uppercase).ok_or_else(|| {
            Error::invalid(format!("`records[{place}].source.source_type` is no text"))
        })?;
        let known = SOURCES.iter().find(|it| **it == kind).ok_or_else(|| {
            let valid: Vec<_> = SOURCES.iter().map(|it| format!("'{it}'")).collect();
            Error::invalid(format!(
                "Invalid dataset record source type: {kind}. Valid source types: [{}]",
                valid.join(", ")
            ))
        })?;
        let data = fields.remove("source_data").filter(|it| !it.is_null());
        let data = data.map(|it| object(&format!("records[{place}].source.source_data"), it));
        let source = Self { kind: known, data: data.transpose()?.unwrap_or_default() };
        length("source_id", source.id().as_deref().unwrap_or_default(), SOURCE_ID)?;
        Ok(source)
    }

    fn id(&self) -> Option<String> {
        let id = self.data.get(if self.kind == "TRACE" { "trace_id" } else { "source_id" })?;
        id.as_str().map(ToOwned::to_owned)
    }
}

/// A record as the store keeps it.
pub(super) struct Record {
    pub(super) id: String,
    pub(super) inputs: Map<String, Json>,
    pub(super) hash: String,
    /// Below [`WRAPPED`].
    outputs: Option<Json>,
    expectations: Option<Map<String, Json>>,
    tags: Option<Map<String, Json>>,
    source: Option<Json>,
    source_id: Option<String>,
    source_type: Option<String>,
    created_by: Option<String>,
    last_updated_by: Option<String>,
}

impl Record {
    /// The columns of [`Record::values`].
    pub(super) const COLUMNS: [&str; 14] = [
        "dataset_record_id",
        "dataset_id",
        "input_hash",
        "inputs",
        "outputs",
        "expectations",
        "tags",
        "source",
        "source_id",
        "source_type",
        "created_time",
        "last_update_time",
        "created_by",
        "last_updated_by",
    ];

    /// The columns that [`Record::of`] reads.
    pub(super) const MERGED: &str =
        "input_hash, dataset_record_id, outputs, expectations, tags, last_updated_by";

    /// A stored record from [`Record::MERGED`]: what merging needs of it, and `inputs`, which are those of
    /// the hash.
    ///
    /// # Errors
    /// [`Error::Schema`].
    pub(super) fn of(mut row: Row, inputs: Map<String, Json>) -> Result<Self, Error> {
        Ok(Self {
            hash: row.take(0)?,
            id: row.take(1)?,
            outputs: stored(row.take(2)?)?,
            expectations: map(stored(row.take(3)?)?),
            tags: map(stored(row.take(4)?)?),
            last_updated_by: row.take(5)?,
            inputs,
            source: None,
            source_id: None,
            source_type: None,
            created_by: None,
        })
    }

    /// Merges a record with the same inputs: its outputs take the place of those here, its expectations and
    /// tags those of the same names.
    pub(super) fn merge(&mut self, new: Incoming) {
        if let Some(user) = new.user() {
            self.last_updated_by = Some(user.to_owned());
        }
        if let Some(outputs) = &new.outputs {
            self.outputs = wrapped(outputs);
        }
        for (here, new) in [(&mut self.expectations, new.expectations), (&mut self.tags, new.tags)]
        {
            let new = new.unwrap_or_default();
            if !new.is_empty() {
                here.get_or_insert_default().extend(new);
            }
        }
    }

    /// The values of [`Record::COLUMNS`].
    pub(super) fn values(self, dataset_id: &str, now: i64) -> [Value; 14] {
        let text = |it: Json| Value::from(it.to_string());
        [
            self.id.into(),
            dataset_id.into(),
            self.hash.into(),
            text(Json::Object(self.inputs)),
            self.outputs.map(text).into(),
            self.expectations.map(Json::Object).map(text).into(),
            self.tags.map(Json::Object).map(text).into(),
            self.source.map(text).into(),
            self.source_id.into(),
            self.source_type.into(),
            now.into(),
            now.into(),
            self.created_by.into(),
            self.last_updated_by.into(),
        ]
    }
}

/// The columns of a record that [`told`] finds behind its time and its id.
pub(super) const TOLD: &[&str] = &[
    "r.dataset_id",
    "r.inputs",
    "r.outputs",
    "r.expectations",
    "r.tags",
    "r.source",
    "r.source_id",
    "r.last_update_time",
    "r.created_by",
    "r.last_updated_by",
];

/// A record as clients see it.
///
/// # Errors
/// [`Error::Schema`].
pub(super) fn told(row: &mut Row) -> Result<Json, Error> {
    let mut told = Map::new();
    let mut tell = |name: &str, value: Json| {
        if !value.is_null() {
            told.insert(name.to_owned(), value);
        }
    };
    tell("created_time", row.take::<Option<i64>>(0)?.into());
    tell("dataset_record_id", row.take::<String>(1)?.into());
    tell("dataset_id", row.take::<String>(2)?.into());
    tell("inputs", stored(row.take(3)?)?.unwrap_or_default());
    let outputs = stored(row.take(4)?)?;
    tell("outputs", outputs.and_then(|it| it.get(WRAPPED).cloned()).unwrap_or_default());
    tell("expectations", stored(row.take(5)?)?.unwrap_or_default());
    tell("tags", stored(row.take(6)?)?.unwrap_or_else(|| json!({})));
    let source = stored(row.take(7)?)?.unwrap_or_default();
    tell("source_type", source.get("source_type").cloned().unwrap_or_default());
    tell("source", source);
    tell("source_id", row.take::<Option<String>>(8)?.into());
    tell("last_update_time", row.take::<Option<i64>>(9)?.into());
    tell("created_by", row.take::<Option<String>>(10)?.into());
    tell("last_updated_by", row.take::<Option<String>>(11)?.into());
    Ok(Json::Object(told))
}

fn object(place: &str, value: Json) -> Result<Map<String, Json>, Error> {
    map(Some(value)).ok_or_else(|| Error::invalid(format!("`{place}` is no JSON object")))
}

fn map(value: Option<Json>) -> Option<Map<String, Json>> {
    if let Some(Json::Object(map)) = value { Some(map) } else { None }
}

fn wrapped(outputs: &Json) -> Option<Json> {
    (!outputs.is_null()).then(|| json!({WRAPPED: outputs}))
}

/// A column of JSON. MLflow writes `null` there where others leave it empty.
fn stored(text: Option<String>) -> Result<Option<Json>, Error> {
    let value = text.map(|it| serde_json::from_str::<Json>(&it)).transpose();
    let value = value.map_err(|error| Error::Schema(format!("a record is no JSON: {error}")))?;
    Ok(value.filter(|it| !it.is_null()))
}
