//! The filters of figures: one comparison each, such as `trace.tag.team = 'a'`.

use longshore_mlflow::rest::MetricViewType;

use crate::{
    Error,
    search::{
        clause::{Clause, clauses},
        condition::Condition,
        field::{Field, Kind, bare, list},
        operand::{self, Operand},
        operator::Operator,
        refused,
        select::Sql,
        token,
        traces::{
            analytics,
            filter::{NAME, RUN, SESSION},
        },
    },
    store::Value,
};

/// What filters ask of, with whether a key must follow.
const ENTITIES: &[(&str, &[(&str, bool)])] = &[
    ("trace", &[("status", false), ("tag", true), ("metadata", true)]),
    ("span", &[("name", false), ("status", false), ("type", false)]),
    ("assessment", &[("name", false), ("type", false)]),
];

/// A comparison.
#[derive(Debug, PartialEq)]
pub(super) struct Filter {
    view: &'static str,
    entity: &'static str,
    key: String,
    value: String,
}

/// Reads filters of a view.
///
/// # Errors
/// [`Error::Refused`] in MLflow's words.
pub(super) fn parse(filters: &[String], view: MetricViewType) -> Result<Vec<Filter>, Error> {
    let filters = filters.iter().map(|text| {
        let clauses = clauses(text)?;
        let [clause] = &clauses[..] else {
            return Err(Error::invalid(if clauses.is_empty() {
                format!("Invalid filter: '{text}'. Expected one filter clause.")
            } else {
                format!("Invalid clause(s) in filter string: AND. '{text}' must be one comparison")
            }));
        };
        let filter = read(clause)?;
        match (filter.view, view) {
            ("span", MetricViewType::Traces | MetricViewType::Assessments) => {
                Err(Error::invalid(format!(
                    "Filtering by span is only supported for SPANS view type, got {}",
                    view.name()
                )))
            }
            ("assessment", MetricViewType::Traces | MetricViewType::Spans) => {
                Err(Error::invalid(format!(
                    "Filtering by assessment is only supported for ASSESSMENTS view type, got {}",
                    view.name()
                )))
            }
            _ => Ok(filter),
        }
    });
    filters.collect()
}

fn read(clause: &Clause<'_>) -> Result<Filter, Error> {
    let name = clause.name.text;
    let mut parts = name.splitn(3, '.');
    let (view, entity, key) = match (parts.next(), parts.next(), parts.next()) {
        (Some(view), Some(entity), key) => (bare(view, '`'), entity, key),
        _ => {
            return Err(clause.refused(&format!(
                "Invalid identifier '{name}'. Columns should be specified as 'trace.<key>', 'span.<key>', 'assessment.<key>'."
            )));
        }
    };
    let Some((view, entities)) = ENTITIES.iter().find(|(it, _)| *it == view) else {
        return Err(clause.refused(&format!(
            "Invalid view type '{view}'. Valid values are dict_keys(['trace', 'span', 'assessment'])"
        )));
    };
    let Some((entity, needs_key)) = entities.iter().find(|(it, _)| *it == entity) else {
        let known: Vec<_> = entities.iter().map(|(it, _)| *it).collect();
        return Err(clause.refused(&format!(
            "Invalid entity '{entity}' specified for view type '{view}'. Valid entities are {}",
            list(&known)
        )));
    };
    if *needs_key && key.is_none() {
        return Err(clause.refused(&format!(
            "Filtering by {entity} requires a key, e.g. '{view}.{entity}.<key> = <value>'"
        )));
    }
    if !needs_key && key.is_some() {
        return Err(clause.refused(&format!(
            "Filtering by {entity} does not require a key, use '{view}.{entity}' instead"
        )));
    }
    if clause.operator != Some(Operator::Equal) {
        return Err(clause.refused(&format!(
            "Invalid comparator: '{}', only '=' operator is supported",
            clause.comparator
        )));
    }
    let wrong = |found: &str| {
        format!(
            "Expected a quoted string value for {entity} value (e.g. 'my-value'). Got value {found}"
        )
    };
    let Some(value) = clause.value else { return Err(clause.refused(&wrong("NULL"))) };
    let operand = match value.kind {
        token::Kind::Text | token::Kind::Name => operand::quoted(&value),
        _ => Err(wrong(value.text)),
    };
    match operand.map_err(|words| refused(&words, value.at))? {
        Operand::Text(value) => {
            let key = key.map(|it| bare(bare(bare(it, '\''), '"'), '`')).unwrap_or_default();
            Ok(Filter { view, entity, key: key.to_owned(), value })
        }
        _ => Err(refused(&wrong(value.text), value.at)),
    }
}

impl Filter {
    /// Whether it asks of traces.
    pub(super) fn is_of_trace(&self) -> bool {
        self.view == "trace"
    }

    /// The condition on a row of a view.
    pub(super) fn sql(&self, view: MetricViewType) -> Sql {
        let value = || Value::from(&self.value);
        match self.view {
            "span" => Sql::of(format!("s.{} = ?", self.entity), vec![value()]),
            "assessment" => {
                let column = if self.entity == "type" { "assessment_type" } else { "name" };
                Sql::of(format!("a.{column} = ?"), vec![value()])
            }
            _ if view == MetricViewType::Assessments => {
                let of_trace = self.of_trace();
                let text = format!(
                    "EXISTS (SELECT 1 FROM trace_info t WHERE t.request_id = a.trace_id AND ({}))",
                    of_trace.text
                );
                Sql::of(text, of_trace.values)
            }
            _ => self.of_trace(),
        }
    }

    /// The condition on trace `t`.
    fn of_trace(&self) -> Sql {
        let value = || Value::from(&self.value);
        let kept = |table: &str| {
            let text = format!(
                "EXISTS (SELECT 1 FROM {table} x WHERE x.request_id = t.request_id AND x.key = ? AND x.value = ?)"
            );
            Sql::of(text, vec![(&self.key).into(), value()])
        };
        match (self.entity, &*self.key) {
            ("status", _) => Sql::of("t.status = ?", vec![value()]),
            ("tag", NAME) => Sql::of("t.trace_name = ?", vec![value()]),
            ("tag", _) => kept("trace_tags"),
            (_, SESSION) => Sql::of("t.session_id = ?", vec![value()]),
            (_, RUN) => {
                let mut sql = kept("trace_request_metadata");
                sql.push(
                    " OR EXISTS (SELECT 1 FROM entity_associations x WHERE x.source_type = 'trace' AND x.source_id = t.request_id AND x.destination_type = 'run' AND x.destination_id = ?)",
                    [value()],
                );
                sql
            }
            (_, key) => {
                let condition = Condition {
                    field: Field { kind: Kind::Metadata, key: key.to_owned() },
                    operator: Operator::Equal,
                    operand: Operand::Text(self.value.clone()),
                };
                analytics::fulfilled(&condition).unwrap_or_else(|| kept("trace_request_metadata"))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use longshore_mlflow::rest::MetricViewType;

    use super::parse;

    #[test]
    fn a_filter_is_one_comparison() {
        // SearchTraceMetricsUtils.parse_search_filter() and _apply_filters() of MLflow 3.17
        let told =
            |text: &str| parse(&[text.to_owned()], MetricViewType::Traces).unwrap_err().to_string();
        let told_of_two = told("trace.status = 'a' AND trace.status = 'b'");
        assert!(told_of_two.starts_with("Invalid clause(s) in filter string: AND"));
        assert!(told("").starts_with("Invalid filter: "));
        assert!(told("status = 'a'").starts_with("Invalid identifier 'status'."));
        assert!(told("x.status = 'a'").starts_with("Invalid view type 'x'."));
        assert!(told("trace.x = 'a'").contains("Valid entities are ['status', 'tag', 'metadata']"));
        assert!(told("trace.tag = 'a'").starts_with("Filtering by tag requires a key"));
        assert!(told("trace.status.a = 'a'").starts_with("Filtering by status does not require"));
        assert!(told("trace.status != 'a'").starts_with("Invalid comparator: '!='"));
        assert!(told("trace.status = 5").starts_with("Expected a quoted string value for status"));
        assert!(told("span.name = 'a'").ends_with("supported for SPANS view type, got TRACES"));
        let found = parse(&["trace.tag.`a b` = \"c\"".to_owned()], MetricViewType::Spans).unwrap();
        assert_eq!((&*found[0].key, &*found[0].value), ("a b", "c"));
    }
}
