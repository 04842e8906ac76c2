//! A row of the table of assessments.

use std::collections::BTreeMap;

use longshore_mlflow::rest::{
    Assessment, AssessmentSource, AssessmentSourceType, Timestamp, dumps,
};
use serde_json::{Map, Value as Any};

use super::value::{Kind, Said, parse};
use crate::{
    Error,
    sql::marks,
    store::{Connection, Row},
};

/// The columns that [`Kept::read`] takes.
pub(super) const COLUMNS: &str = "assessment_id, trace_id, name, assessment_type, value, error, created_timestamp, last_updated_timestamp, source_type, source_id, run_id, span_id, rationale, overrides, valid, assessment_metadata";

/// The key of the metadata that names the run an assessment comes from.
const SOURCE_RUN: &str = "mlflow.assessment.sourceRunId";

/// What is kept of a trace with each of its assessments.
#[derive(Clone, Copy, Debug)]
pub(in crate::operations) struct Assessed {
    /// Its experiment.
    pub(in crate::operations) experiment_id: i64,
    /// When it began, in milliseconds since 1970.
    pub(in crate::operations) timestamp_ms: i64,
}

/// An assessment as it is kept.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Kept {
    pub(super) assessment_id: String,
    pub(super) trace_id: String,
    name: String,
    said: Said,
    created: i64,
    updated: i64,
    source_type: String,
    source_id: Option<String>,
    run_id: Option<String>,
    span_id: Option<String>,
    rationale: Option<String>,
    pub(super) overrides: Option<String>,
    valid: bool,
    metadata: BTreeMap<String, String>,
}

/// A text that says something.
fn filled(text: Option<&String>) -> Option<String> {
    text.filter(|it| !it.is_empty()).cloned()
}

/// # Errors
/// [`Error::Refused`] for a text that is longer than its column.
fn short(name: &str, text: Option<&str>, most: usize) -> Result<(), Error> {
    let length = text.map_or(0, |it| it.chars().count());
    if length <= most {
        return Ok(());
    }
    Err(Error::invalid(format!(
        "Invalid value for parameter '{name}' supplied: it has {length} characters, and {most} are allowed"
    )))
}

impl Kept {
    /// An assessment of a client, for a trace.
    ///
    /// # Errors
    /// [`Error::Refused`] in MLflow's words.
    pub(super) fn of(
        trace_id: &str,
        assessment: &Assessment,
        assessment_id: String,
        now: i64,
    ) -> Result<Self, Error> {
        let said = Said::of(assessment)?;
        let source = assessment.source.clone().unwrap_or_default();
        let time = |it: Option<Timestamp>| it.map_or(0, |it| it.0);
        let or_now = |ms: i64| if ms == 0 { now } else { ms };
        let kept = Self {
            assessment_id,
            trace_id: trace_id.to_owned(),
            name: assessment.assessment_name.clone().unwrap_or_default(),
            created: or_now(time(assessment.create_time)),
            updated: or_now(time(assessment.last_update_time)),
            source_type: source.source_type.unwrap_or_default().name().to_owned(),
            source_id: filled(source.source_id.as_ref()),
            run_id: assessment.metadata.get(SOURCE_RUN).cloned(),
            span_id: filled(assessment.span_id.as_ref()),
            // MLflow keeps neither with other kinds
            rationale: filled(assessment.rationale.as_ref())
                .filter(|_| said.kind != Kind::Expectation),
            overrides: filled(assessment.overrides.as_ref())
                .filter(|_| said.kind == Kind::Feedback),
            valid: true,
            metadata: assessment.metadata.clone(),
            said,
        };
        kept.check()?;
        Ok(kept)
    }

    fn check(&self) -> Result<(), Error> {
        short("assessment.assessment_id", Some(&self.assessment_id), 50)?;
        short("assessment.assessment_name", Some(&self.name), 250)?;
        short("assessment.source.source_id", self.source_id.as_deref(), 250)?;
        short("assessment.span_id", self.span_id.as_deref(), 50)?;
        let run = format!("assessment.metadata.{SOURCE_RUN}");
        short(&run, self.run_id.as_deref(), 32)
    }

    /// # Errors
    /// [`Error::Schema`] for what MLflow does not keep.
    pub(super) fn read(mut row: Row) -> Result<Self, Error> {
        let kept: Option<String> = row.take(15)?;
        let kept = kept.map(|text| parse(&text)).transpose()?.unwrap_or_default();
        let fields = if let Any::Object(fields) = kept.0 { fields } else { Map::new() };
        let metadata = fields.into_iter().map(|(key, value)| match value {
            Any::String(text) => (key, text),
            other => (key, other.to_string()),
        });
        Ok(Self {
            assessment_id: row.take(0)?,
            trace_id: row.take(1)?,
            name: row.take(2)?,
            said: Said {
                kind: Kind::parse(&row.take::<String>(3)?)?,
                value: row.take(4)?,
                error: row.take(5)?,
            },
            created: row.take(6)?,
            updated: row.take(7)?,
            source_type: row.take(8)?,
            source_id: row.take(9)?,
            run_id: row.take(10)?,
            span_id: row.take(11)?,
            rationale: row.take(12)?,
            overrides: row.take(13)?,
            valid: row.take(14)?,
            metadata: metadata.collect(),
        })
    }

    /// What a client is told.
    ///
    /// # Errors
    /// [`Error::Schema`] for what MLflow does not keep.
    pub(super) fn tell(&self) -> Result<Assessment, Error> {
        let source = AssessmentSource {
            source_type: AssessmentSourceType::parse(&self.source_type)
                .or(Some(AssessmentSourceType::Unspecified)),
            source_id: self.source_id.clone(),
        };
        let mut assessment = Assessment {
            assessment_id: Some(self.assessment_id.clone()),
            assessment_name: Some(self.name.clone()),
            trace_id: Some(self.trace_id.clone()),
            span_id: self.span_id.clone(),
            source: Some(source),
            create_time: Some(Timestamp(self.created)),
            last_update_time: Some(Timestamp(self.updated)),
            rationale: self.rationale.clone(),
            metadata: self.metadata.clone(),
            overrides: self.overrides.clone(),
            valid: Some(self.valid),
            ..Assessment::default()
        };
        self.said.tell(&mut assessment)?;
        Ok(assessment)
    }

    /// Takes the fields with these names from an assessment of a client. What it says stays of its kind.
    ///
    /// # Errors
    /// [`Error::Refused`] in MLflow's words.
    pub(super) fn change(
        &mut self,
        fields: &[&str],
        assessment: &Assessment,
        now: i64,
    ) -> Result<(), Error> {
        let has = |name: &str| fields.contains(&name);
        if has("expectation") && has("feedback") {
            return Err(Error::invalid(
                "Cannot specify both `expectation` and `feedback` parameters.",
            ));
        }
        if has("valid") {
            return Err(Error::invalid(
                "Cannot update `valid`: the server keeps it, by the assessments that override others",
            ));
        }
        if has("expectation") {
            if self.said.kind != Kind::Expectation {
                return Err(Error::invalid(
                    "Cannot update expectation value on a Feedback assessment.",
                ));
            }
            self.said = Said::expectation(&assessment.expectation.clone().unwrap_or_default())?;
        }
        if has("feedback") {
            if self.said.kind != Kind::Feedback {
                return Err(Error::invalid(
                    "Cannot update feedback value on an Expectation assessment.",
                ));
            }
            self.said = Said::feedback(&assessment.feedback.clone().unwrap_or_default());
        }
        if has("assessmentName") {
            self.name = assessment.assessment_name.clone().unwrap_or_default();
        }
        if has("rationale") && self.said.kind != Kind::Expectation {
            self.rationale = Some(assessment.rationale.clone().unwrap_or_default());
        }
        if has("metadata") {
            self.metadata.extend(assessment.metadata.clone());
        }
        self.updated = now;
        self.check()
    }

    fn metadata(&self) -> Option<String> {
        if self.metadata.is_empty() {
            return None;
        }
        let fields = self.metadata.iter().map(|(key, text)| (key.clone(), text.clone().into()));
        dumps(&Any::Object(fields.collect()).to_string())
    }

    /// Adds the row.
    ///
    /// # Errors
    /// Those of the store.
    pub(super) fn insert(&self, on: &mut dyn Connection, trace: Assessed) -> Result<(), Error> {
        let sql = format!(
            "INSERT INTO assessments ({COLUMNS}, experiment_id, trace_timestamp_ms, aggregate_value, is_numeric_value) VALUES ({})",
            marks(20)
        );
        let (aggregate, is_numeric) = self.said.aggregate();
        let values = [
            (&self.assessment_id).into(),
            (&self.trace_id).into(),
            (&self.name).into(),
            self.said.kind.name().into(),
            (&self.said.value).into(),
            self.said.error.clone().into(),
            self.created.into(),
            self.updated.into(),
            (&self.source_type).into(),
            self.source_id.clone().into(),
            self.run_id.clone().into(),
            self.span_id.clone().into(),
            self.rationale.clone().into(),
            self.overrides.clone().into(),
            self.valid.into(),
            self.metadata().into(),
            trace.experiment_id.into(),
            trace.timestamp_ms.into(),
            aggregate.into(),
            is_numeric.into(),
        ];
        on.execute(&sql, &values)?;
        Ok(())
    }

    /// Writes what [`change`](Self::change) changed.
    ///
    /// # Errors
    /// Those of the store.
    pub(super) fn update(&self, on: &mut dyn Connection) -> Result<(), Error> {
        let sql = "UPDATE assessments SET name = ?, value = ?, error = ?, last_updated_timestamp = ?, rationale = ?, assessment_metadata = ?, aggregate_value = ?, is_numeric_value = ? WHERE trace_id = ? AND assessment_id = ?";
        let (aggregate, is_numeric) = self.said.aggregate();
        let values = [
            (&self.name).into(),
            (&self.said.value).into(),
            self.said.error.clone().into(),
            self.updated.into(),
            self.rationale.clone().into(),
            self.metadata().into(),
            aggregate.into(),
            is_numeric.into(),
            (&self.trace_id).into(),
            (&self.assessment_id).into(),
        ];
        on.execute(sql, &values)?;
        Ok(())
    }
}
