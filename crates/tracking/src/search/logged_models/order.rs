//! What a search of logged models is sorted by.

use longshore_mlflow::rest::LoggedModelOrder;

use super::filter::{ATTRIBUTES, column};
use crate::{
    Error,
    search::select::{Column, Sql},
};

/// Reads an order: the tables and the columns. Row `m` is the model.
///
/// # Errors
/// [`Error::Refused`] in MLflow's words.
pub(super) fn parse(order_by: &[LoggedModelOrder]) -> Result<(Sql, Vec<Column>), Error> {
    let mut columns: Vec<Column> = Vec::new();
    let mut latest = Sql::default();
    for (index, by) in order_by.iter().enumerate() {
        let ascending = by.ascending.unwrap_or(true);
        let name = &by.field_name;
        let Some((entity, metric)) = name.split_once('.') else {
            let column = column(name);
            if !ATTRIBUTES.contains(&column) {
                return Err(Error::invalid(format!("Invalid order by field name: {name}")));
            }
            columns.push(Column::nullable(format!("m.{column}"), ascending));
            continue;
        };
        if entity != "metrics" {
            return Err(Error::invalid(format!(
                "Invalid order by field name: {name}. Only metrics are supported."
            )));
        }
        latest.push(
            ", (SELECT x.metric_value FROM logged_model_metrics x WHERE x.model_id = l.model_id AND x.metric_name = ?",
            [metric.into()],
        );
        let of = |it: &Option<String>| it.clone().filter(|it| !it.is_empty());
        if let Some(dataset) = of(&by.dataset_name) {
            latest.push(" AND x.dataset_name = ?", [dataset.into()]);
        }
        if let Some(digest) = of(&by.dataset_digest) {
            latest.push(" AND x.dataset_digest = ?", [digest.into()]);
        }
        latest.push(
            &format!(
                " ORDER BY x.metric_timestamp_ms DESC, x.metric_step DESC, x.run_id LIMIT 1) AS o{index}"
            ),
            [],
        );
        columns.push(Column::nullable(format!("m.o{index}"), ascending));
    }
    for (name, ascending) in [("m.creation_timestamp_ms", false), ("m.model_id", true)] {
        if !columns.iter().any(|it| it.sql == name) {
            columns.push(Column::full(name, ascending));
        }
    }
    let from = if latest.text.is_empty() {
        Sql::of("logged_models m", Vec::new())
    } else {
        Sql::of(format!("(SELECT l.*{} FROM logged_models l) m", latest.text), latest.values)
    };
    Ok((from, columns))
}

#[cfg(test)]
mod tests {
    use longshore_mlflow::rest::LoggedModelOrder;

    use super::parse;

    #[test]
    fn only_attributes_and_metrics_are_sorted_by() {
        let told = |name: &str| {
            let by = LoggedModelOrder { field_name: name.to_owned(), ..Default::default() };
            parse(&[by]).map(|_| ()).map_err(|it| it.to_string())
        };
        assert_eq!(told("creation_time"), Ok(()));
        assert_eq!(told("metrics.a.b"), Ok(()));
        assert_eq!(told("nosuch").unwrap_err(), "Invalid order by field name: nosuch");
        let words = "Invalid order by field name: params.a. Only metrics are supported.";
        assert_eq!(told("params.a").unwrap_err(), words);
    }
}
