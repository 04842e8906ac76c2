//! Label schemas: the questions of an experiment that people answer about its traces. Nothing here holds an
//! assessment to them.

mod change;

use longshore_mlflow::rest::{
    CreateLabelSchema, ErrorCode, GetLabelSchema, GetLabelSchemaByName, InputText, LabelSchema,
    LabelSchemaInput, LabelSchemaReply, LabelSchemaType, ListLabelSchemas, ListLabelSchemasReply,
    checks::label_schemas as checks, parse_reply, print,
};
use serde_json::json;

use super::experiments;
use crate::{
    Error,
    operation::{Access, Context, Level, Need, Object, Operation},
    random,
    routes::Route,
    search::review::{List, find},
    store::{Connection, Row, Value},
};

const LIST: List<'_> = List {
    table: "label_schemas",
    time: "created_time",
    id: "schema_id",
    columns: "schema_id, experiment_id, name, type, instruction, enable_comment, input_type, input_config, created_by, created_time, last_update_time, is_default",
};

/// Questions of a page when the request does not say how many.
const USUAL: i32 = 100;

/// The routes of label schemas.
pub(super) fn routes() -> Vec<Route> {
    let own = vec![
        Route::of::<CreateLabelSchema>(),
        Route::of::<GetLabelSchema>(),
        Route::of::<GetLabelSchemaByName>(),
        Route::of::<ListLabelSchemas>(),
    ];
    [own, change::routes()].concat()
}

/// A question, from [`LIST`]'s columns, of which the first is at `at`.
fn of(row: &mut Row, at: usize) -> Result<LabelSchema, Error> {
    let kind = match row.take::<String>(at + 3)?.as_str() {
        "expectation" => LabelSchemaType::Expectation,
        _ => LabelSchemaType::Feedback,
    };
    let (way, config) = (row.take::<String>(at + 6)?, row.take::<String>(at + 7)?);
    let input = format!("{{{}:{config}}}", json!(way));
    Ok(LabelSchema {
        schema_id: row.take(at)?,
        experiment_id: row.take::<i64>(at + 1)?.to_string(),
        name: row.take(at + 2)?,
        r#type: kind,
        instruction: row.take(at + 4)?,
        enable_comment: row.take(at + 5)?,
        input: parse_reply(input.as_bytes())
            .map_err(|error| Error::Schema(format!("`input_config` is `{config}`: {error}")))?,
        created_by: row.take(at + 8)?,
        created_at: row.take(at + 9)?,
        last_updated_at: row.take(at + 10)?,
        is_default: row.take(at + 11)?,
    })
}

/// How an answer is given, as the database keeps it.
fn config(input: &LabelSchemaInput) -> String {
    let LabelSchemaInput { pass_fail, categorical, numeric, text } = input;
    let texts = [
        pass_fail.as_ref().map(print),
        categorical.as_ref().map(print),
        numeric.as_ref().map(print),
        text.as_ref().map(print),
    ];
    texts.into_iter().flatten().collect()
}

/// The question of a workspace that a condition holds for.
fn one(
    on: &mut dyn Connection,
    context: &Context<'_>,
    condition: &str,
    values: &[Value],
) -> Result<Option<LabelSchema>, Error> {
    let columns: Vec<_> = LIST.columns.split(", ").map(|it| format!("s.{it}")).collect();
    let sql = format!(
        "SELECT {} FROM label_schemas s JOIN experiments e ON e.experiment_id = s.experiment_id WHERE e.workspace = ? AND {condition}",
        columns.join(", ")
    );
    let values = [&[Value::from(&context.caller.workspace)], values].concat();
    on.first(&sql, &values)?.map(|mut row| of(&mut row, 0)).transpose()
}

/// The question with an id.
fn by_id(on: &mut dyn Connection, context: &Context<'_>, id: &str) -> Result<LabelSchema, Error> {
    let found = one(on, context, "s.schema_id = ?", &[id.into()])?;
    found.ok_or_else(|| Error::missing(format!("Label schema with id '{id}' not found.")))
}

/// The question of an experiment with a name.
fn by_name(
    on: &mut dyn Connection,
    context: &Context<'_>,
    experiment: i64,
    name: &str,
) -> Result<Option<LabelSchema>, Error> {
    let condition = "s.experiment_id = ? AND s.name = ?";
    one(on, context, condition, &[experiment.into(), name.into()])
}

/// The refusal of a name that another question has.
fn taken(name: &str, experiment: &str) -> Error {
    let words =
        format!("Label schema with name '{name}' already exists for experiment '{experiment}'.");
    Error::refused(ErrorCode::ResourceAlreadyExists, words)
}

/// Keeps a question, unless its experiment has one of that name.
fn add(on: &mut dyn Connection, schema: &LabelSchema, experiment: i64) -> Result<bool, Error> {
    let sql = "INSERT INTO label_schemas (schema_id, experiment_id, name, type, instruction, enable_comment, input_type, input_config, created_time, last_update_time, is_default) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING";
    let values = [
        (&schema.schema_id).into(),
        experiment.into(),
        (&schema.name).into(),
        checks::kind(schema.r#type)?.into(),
        schema.instruction.clone().into(),
        schema.enable_comment.into(),
        schema.input.kind().into(),
        config(&schema.input).into(),
        schema.created_at.into(),
        schema.last_updated_at.into(),
        schema.is_default.into(),
    ];
    Ok(on.execute(sql, &values)? > 0)
}

/// Makes the question that every experiment has, when it is not there.
fn seed(on: &mut dyn Connection, context: &Context<'_>, experiment: i64) -> Result<(), Error> {
    let sql = "SELECT 1 FROM label_schemas WHERE experiment_id = ? AND is_default = ?";
    if on.first(sql, &[experiment.into(), true.into()])?.is_some() {
        return Ok(());
    }
    let schema = LabelSchema {
        name: checks::DEFAULT_NAME.to_owned(),
        r#type: LabelSchemaType::Feedback,
        instruction: Some(checks::DEFAULT_INSTRUCTION.to_owned()),
        input: LabelSchemaInput { text: Some(InputText::default()), ..LabelSchemaInput::default() },
        is_default: true,
        ..new(context, experiment)?
    };
    // a database of MLflow may have another question of that name, from before it was reserved
    add(on, &schema, experiment).map(drop)
}

/// A question that says nothing yet.
fn new(context: &Context<'_>, experiment: i64) -> Result<LabelSchema, Error> {
    Ok(LabelSchema {
        schema_id: format!("ls-{}", random::id()?),
        experiment_id: experiment.to_string(),
        created_at: context.now,
        last_updated_at: context.now,
        ..LabelSchema::default()
    })
}

impl Operation for CreateLabelSchema {
    const ACCESS: Access = Access::Write;

    fn needs(&self) -> Need<'_> {
        Need::of(Level::Manage, Object::Experiment(&self.experiment_id))
    }

    fn answer(&self, on: &mut dyn Connection, context: &Context<'_>) -> Result<Self::Reply, Error> {
        checks::kind(self.r#type)?;
        checks::is_one(&self.input)?;
        checks::name(&self.name)?;
        checks::instruction(self.instruction.as_deref().unwrap_or_default())?;
        checks::input(&self.input)?;
        let experiment = experiments::number(on, context, &self.experiment_id)?;
        let label_schema = LabelSchema {
            name: self.name.clone(),
            r#type: self.r#type,
            instruction: self.instruction.clone(),
            enable_comment: self.enable_comment.unwrap_or_default(),
            input: self.input.clone(),
            ..new(context, experiment)?
        };
        if add(on, &label_schema, experiment)? {
            Ok(LabelSchemaReply { label_schema })
        } else {
            Err(taken(&self.name, &self.experiment_id))
        }
    }
}

impl Operation for GetLabelSchema {
    const ACCESS: Access = Access::Read;

    fn needs(&self) -> Need<'_> {
        Need::of(Level::Read, Object::LabelSchema(&self.schema_id))
    }

    fn answer(&self, on: &mut dyn Connection, context: &Context<'_>) -> Result<Self::Reply, Error> {
        Ok(LabelSchemaReply { label_schema: by_id(on, context, &self.schema_id)? })
    }
}

impl Operation for GetLabelSchemaByName {
    const ACCESS: Access = Access::Read;

    fn needs(&self) -> Need<'_> {
        Need::of(Level::Read, Object::Experiment(&self.experiment_id))
    }

    fn answer(&self, on: &mut dyn Connection, context: &Context<'_>) -> Result<Self::Reply, Error> {
        let experiment = experiments::number(on, context, &self.experiment_id)?;
        let label_schema = by_name(on, context, experiment, &self.name)?.ok_or_else(|| {
            Error::missing(format!(
                "Label schema with name '{}' not found for experiment '{}'.",
                self.name, self.experiment_id
            ))
        })?;
        Ok(LabelSchemaReply { label_schema })
    }
}

impl Operation for ListLabelSchemas {
    // the question that every experiment has is made when somebody looks for it
    const ACCESS: Access = Access::Write;

    fn needs(&self) -> Need<'_> {
        Need::of(Level::Read, Object::Experiment(&self.experiment_id))
    }

    fn answer(&self, on: &mut dyn Connection, context: &Context<'_>) -> Result<Self::Reply, Error> {
        let experiment = experiments::number(on, context, &self.experiment_id)?;
        seed(on, context, experiment)?;
        let conditions = [("label_schemas.experiment_id = ?", experiment.into())];
        let asked = (self.max_results, self.page_token.as_deref());
        let page = find(on, LIST, &conditions, asked, USUAL, |row| of(row, 2))?;
        Ok(ListLabelSchemasReply {
            label_schemas: page.found,
            next_page_token: page.next.unwrap_or_default(),
        })
    }
}
