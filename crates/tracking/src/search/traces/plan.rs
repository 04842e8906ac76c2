//! How the traces of a page are found with little work.
//!
//! A filter that few traces fulfil is where its search begins: an index gives those traces, which are
//! sorted. Else many fulfil it, so that a walk along the time of the traces soon has a page.

use super::{
    assessments::Within,
    order::{self, By},
    sql,
};
use crate::{
    Error,
    search::{
        condition::Condition,
        select::{Column, Select, Sql},
    },
    store::{Connection, Value},
};

/// Most traces that are sorted rather than walked along.
const FEW: i64 = 10_000;

/// Most experiments that are walked along one by one.
const WALKED: usize = 100;

/// A search of traces.
pub(super) struct Plan<'a> {
    /// The experiments; there is one at least.
    pub(super) experiments: &'a [i64],
    pub(super) conditions: &'a [Condition],
    pub(super) order: &'a [By],
}

impl Plan<'_> {
    /// The columns of some traces behind a row, with the trace's id as an additional last one.
    ///
    /// # Errors
    /// Those of the database.
    pub(super) fn rows(
        &self,
        on: &mut dyn Connection,
        after: Option<&[Value]>,
        limit: usize,
    ) -> Result<Vec<Vec<Value>>, Error> {
        let within = Within::new(self.experiments);
        let columns = order::columns(self.order);
        let mut list: Vec<_> = columns.iter().map(|it| it.sql.clone()).collect();
        list.push("t.request_id".to_owned());
        let columns: Vec<(usize, Column)> = columns.into_iter().enumerate().collect();
        let few = self.few(on, &within)?;
        let mut from = match &few {
            Some(few) => {
                let mut from = Sql::of(format!("({}", few.text), few.values.clone());
                from.push(") d CROSS JOIN trace_info t", []);
                from
            }
            None => Sql::of("trace_info t", Vec::new()),
        };
        for (index, by) in self.order.iter().enumerate() {
            if let Some(join) = by.join(&format!("o{index}")) {
                from.push(&join.text, join.values);
            }
        }
        let is_in_time = self.order.first().is_none_or(By::is_time);
        let parts = match &few {
            Some(_) => {
                let text = format!("{} AND t.request_id = d.id", within.of("t.experiment_id"));
                vec![Sql::of(text, Vec::new())]
            }
            None if is_in_time && self.experiments.len() <= WALKED => {
                let one = |id: &i64| Sql::of("t.experiment_id = ?", vec![(*id).into()]);
                self.experiments.iter().map(one).collect()
            }
            None => vec![Sql::of(within.of("t.experiment_id"), Vec::new())],
        };
        let select = Select {
            list: &list,
            from: &from,
            parts: &parts,
            conditions: &sql::fulfilled(self.conditions, &within, on.dialect()),
            columns: &columns,
            after,
            limit,
        };
        select.rows(on)
    }

    /// The candidates of the condition that the fewest traces fulfil, when they are few.
    fn few(&self, on: &mut dyn Connection, within: &Within) -> Result<Option<Sql>, Error> {
        let mut best = None;
        for condition in self.conditions {
            let Some(candidates) = sql::candidates(condition, within, on.dialect()) else {
                continue;
            };
            let least = best.as_ref().map_or(FEW, |(count, _)| *count);
            let text = format!("SELECT COUNT(*) FROM ({} LIMIT ?) few", candidates.count.text);
            let mut values = candidates.count.values;
            values.push(least.into());
            let count = on.first(&text, &values)?.map(|mut row| row.take::<i64>(0)).transpose()?;
            if let Some(count) = count.filter(|it| *it < least) {
                best = Some((count, candidates.ids));
            }
        }
        Ok(best.map(|(_, ids)| ids))
    }
}
