//! Changing label schemas, and removing them.

use longshore_mlflow::rest::{
    DeleteLabelSchema, Done, LabelSchemaReply, UpdateLabelSchema, checks::label_schemas as checks,
};

use super::{by_id, by_name, config, one, taken};
use crate::{
    Error,
    operation::{Access, Context, Level, Need, Object, Operation},
    routes::Route,
    store::Connection,
};

/// The routes that change label schemas.
pub(super) fn routes() -> Vec<Route> {
    vec![Route::of::<UpdateLabelSchema>(), Route::of::<DeleteLabelSchema>()]
}

impl Operation for UpdateLabelSchema {
    const ACCESS: Access = Access::Write;

    fn needs(&self) -> Need<'_> {
        Need::of(Level::Manage, Object::LabelSchema(&self.schema_id))
    }

    fn answer(&self, on: &mut dyn Connection, context: &Context<'_>) -> Result<Self::Reply, Error> {
        if let Some(input) = &self.input {
            checks::is_one(input)?;
        }
        let mut schema = by_id(on, context, &self.schema_id)?;
        if schema.is_default {
            let words = "The experiment's default question cannot be edited.";
            return Err(Error::invalid(words));
        }
        if let Some(name) = &self.name {
            checks::name(name)?;
        }
        if let Some(instruction) = &self.instruction {
            checks::instruction(instruction)?;
            schema.instruction = Some(instruction.clone());
        }
        if let Some(input) = &self.input {
            checks::input(input)?;
            checks::is_same_way(&schema.input, input)?;
            schema.input = input.clone();
        }
        if let Some(name) = self.name.as_ref().filter(|it| **it != schema.name) {
            let experiment = schema.experiment_id.parse().unwrap_or_default();
            if by_name(on, context, experiment, name)?.is_some() {
                return Err(taken(name, &schema.experiment_id));
            }
            schema.name.clone_from(name);
        }
        schema.enable_comment = self.enable_comment.unwrap_or(schema.enable_comment);
        schema.last_updated_at = context.now;
        let sql = "UPDATE label_schemas SET name = ?, instruction = ?, enable_comment = ?, input_type = ?, input_config = ?, last_update_time = ? WHERE schema_id = ?";
        let values = [
            (&schema.name).into(),
            schema.instruction.clone().into(),
            schema.enable_comment.into(),
            schema.input.kind().into(),
            config(&schema.input).into(),
            schema.last_updated_at.into(),
            (&schema.schema_id).into(),
        ];
        on.execute(sql, &values)?;
        Ok(LabelSchemaReply { label_schema: schema })
    }
}

impl Operation for DeleteLabelSchema {
    const ACCESS: Access = Access::Write;

    fn needs(&self) -> Need<'_> {
        Need::of(Level::Manage, Object::LabelSchema(&self.schema_id))
    }

    fn answer(&self, on: &mut dyn Connection, context: &Context<'_>) -> Result<Self::Reply, Error> {
        let id = &self.schema_id;
        let found = one(on, context, "s.schema_id = ?", &[id.into()])?;
        if found.as_ref().is_some_and(|it| it.is_default) {
            let words = "The experiment's default question cannot be deleted.";
            return Err(Error::invalid(words));
        }
        if found.is_some() {
            on.execute("DELETE FROM label_schemas WHERE schema_id = ?", &[id.into()])?;
        }
        Ok(Done)
    }
}
