//! Assessments: what people, programs and language models say of traces.

mod row;
mod value;

use longshore_mlflow::rest::{
    Assessment, AssessmentReply, CreateAssessment, DeleteAssessment, Done, ErrorCode,
    GetAssessment, UpdateAssessment,
};
use std::collections::BTreeMap;

pub(super) use self::row::Assessed;
use self::row::{COLUMNS, Kept};
use crate::{
    Error,
    operation::{Access, Context, Level, Need, Object, Operation},
    random,
    routes::Route,
    sql::{ROWS, marks},
    store::{Connection, Value},
};

/// The routes of assessments.
pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::of::<CreateAssessment>(),
        Route::of::<GetAssessment>(),
        Route::of::<UpdateAssessment>(),
        Route::of::<DeleteAssessment>(),
    ]
}

/// The assessments of some traces, by trace, the oldest first.
///
/// # Errors
/// Those of the store.
pub(super) fn load(
    on: &mut dyn Connection,
    trace_ids: &[String],
) -> Result<BTreeMap<String, Vec<Assessment>>, Error> {
    let mut found: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for ids in trace_ids.chunks(ROWS) {
        let sql = format!(
            "SELECT {COLUMNS} FROM assessments WHERE trace_id IN ({}) ORDER BY trace_id, created_timestamp",
            marks(ids.len())
        );
        let values: Vec<Value> = ids.iter().map(Into::into).collect();
        for row in on.query(&sql, &values)? {
            let kept = Kept::read(row)?;
            found.entry(kept.trace_id.clone()).or_default().push(kept.tell()?);
        }
    }
    Ok(found)
}

/// Keeps assessments that come with a trace. One whose id is there already is replaced.
///
/// # Errors
/// [`Error::Refused`] in MLflow's words, and those of the store.
pub(super) fn keep(
    on: &mut dyn Connection,
    trace_id: &str,
    trace: Assessed,
    assessments: &[Assessment],
    now: i64,
) -> Result<(), Error> {
    for assessment in assessments {
        let kept = Kept::of(trace_id, assessment, id(assessment)?, now)?;
        on.execute(
            "DELETE FROM assessments WHERE assessment_id = ? AND trace_id = ?",
            &[(&kept.assessment_id).into(), trace_id.into()],
        )?;
        kept.insert(on, trace)?;
    }
    Ok(())
}

/// The id that an assessment has, or a new one.
fn id(assessment: &Assessment) -> Result<String, Error> {
    match assessment.assessment_id.as_deref() {
        None | Some("") => Ok(format!("a-{}", random::id()?)),
        Some(id) => Ok(id.to_owned()),
    }
}

/// A trace of the caller's workspace.
fn trace(
    on: &mut dyn Connection,
    context: &Context<'_>,
    id: &str,
) -> Result<Option<Assessed>, Error> {
    let sql = "SELECT t.experiment_id, t.timestamp_ms FROM trace_info t JOIN experiments e ON e.experiment_id = t.experiment_id WHERE t.request_id = ? AND e.workspace = ?";
    let row = on.first(sql, &[id.into(), (&context.caller.workspace).into()])?;
    row.map(|mut row| Ok(Assessed { experiment_id: row.take(0)?, timestamp_ms: row.take(1)? }))
        .transpose()
}

fn get(
    on: &mut dyn Connection,
    context: &Context<'_>,
    trace_id: &str,
    assessment_id: &str,
) -> Result<Kept, Error> {
    if trace(on, context, trace_id)?.is_none() {
        return Err(Error::missing(if context.settings.workspaces {
            format!("Trace with ID '{trace_id}' not found.")
        } else {
            format!("Trace with request_id '{trace_id}' not found")
        }));
    }
    let sql = format!("SELECT {COLUMNS} FROM assessments WHERE trace_id = ? AND assessment_id = ?");
    let row = on.first(&sql, &[trace_id.into(), assessment_id.into()])?;
    Kept::read(row.ok_or_else(|| unknown(trace_id, assessment_id))?)
}

fn unknown(trace_id: &str, assessment_id: &str) -> Error {
    Error::missing(format!("Assessment with ID '{assessment_id}' not found for trace '{trace_id}'"))
}

/// Says whether an assessment is valid; whether there is such an assessment.
fn validate(
    on: &mut dyn Connection,
    trace_id: &str,
    assessment_id: &str,
    valid: bool,
) -> Result<bool, Error> {
    let sql = "UPDATE assessments SET valid = ? WHERE trace_id = ? AND assessment_id = ?";
    Ok(on.execute(sql, &[valid.into(), trace_id.into(), assessment_id.into()])? > 0)
}

impl Operation for CreateAssessment {
    const ACCESS: Access = Access::Write;

    fn needs(&self) -> Need<'_> {
        Need::of(Level::Edit, Object::Trace(&self.trace_id))
    }

    fn answer(&self, on: &mut dyn Connection, context: &Context<'_>) -> Result<Self::Reply, Error> {
        let trace_id = &self.trace_id;
        let kept = Kept::of(trace_id, &self.assessment, id(&self.assessment)?, context.now)?;
        let missing = || Error::missing(format!("Trace with ID '{trace_id}' not found."));
        let assessed = trace(on, context, trace_id)?.ok_or_else(missing)?;
        let sql = "SELECT 1 FROM assessments WHERE assessment_id = ?";
        if on.first(sql, &[(&kept.assessment_id).into()])?.is_some() {
            return Err(Error::refused(
                ErrorCode::ResourceAlreadyExists,
                format!(
                    "Failed to create assessment for trace '{trace_id}' due to a constraint violation: there is an assessment with the ID '{}' already",
                    kept.assessment_id
                ),
            ));
        }
        if let Some(overridden) = &kept.overrides
            && !validate(on, trace_id, overridden, false)?
        {
            return Err(unknown(trace_id, overridden));
        }
        kept.insert(on, assessed)?;
        Ok(AssessmentReply { assessment: kept.tell()? })
    }
}

impl Operation for GetAssessment {
    const ACCESS: Access = Access::Read;

    fn needs(&self) -> Need<'_> {
        Need::of(Level::Read, Object::Trace(&self.trace_id))
    }

    fn answer(&self, on: &mut dyn Connection, context: &Context<'_>) -> Result<Self::Reply, Error> {
        let kept = get(on, context, &self.trace_id, &self.assessment_id)?;
        Ok(AssessmentReply { assessment: kept.tell()? })
    }
}

impl Operation for UpdateAssessment {
    const ACCESS: Access = Access::Write;

    fn needs(&self) -> Need<'_> {
        Need::of(Level::Edit, Object::Trace(&self.trace_id))
    }

    fn answer(&self, on: &mut dyn Connection, context: &Context<'_>) -> Result<Self::Reply, Error> {
        let mut kept = get(on, context, &self.trace_id, &self.assessment_id)?;
        let paths: Vec<_> = self.update_mask.split(',').collect();
        if let Some(path) = paths.iter().find(|path| path.contains('_')) {
            return Err(Error::invalid(format!(
                "Failed to parse update_mask field: Path name {path} must not contain \"_\"s; write it in camel case"
            )));
        }
        kept.change(&paths, &self.assessment, context.now)?;
        kept.update(on)?;
        Ok(AssessmentReply { assessment: kept.tell()? })
    }
}

impl Operation for DeleteAssessment {
    const ACCESS: Access = Access::Write;

    fn needs(&self) -> Need<'_> {
        Need::of(Level::Edit, Object::Trace(&self.trace_id))
    }

    fn answer(&self, on: &mut dyn Connection, context: &Context<'_>) -> Result<Self::Reply, Error> {
        let Self { trace_id, assessment_id } = self;
        if trace(on, context, trace_id)?.is_none() {
            return Ok(Done);
        }
        let sql =
            "DELETE FROM assessments WHERE trace_id = ? AND assessment_id = ? RETURNING overrides";
        if let Some(mut row) = on.first(sql, &[trace_id.into(), assessment_id.into()])?
            && let Some(overridden) = row.take::<Option<String>>(0)?
        {
            validate(on, trace_id, &overridden, true)?;
        }
        Ok(Done)
    }
}

#[cfg(test)]
mod tests;
