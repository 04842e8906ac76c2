//! How the runs of a page are found with little work.
//!
//! A filter that few runs fulfil is where its search begins: an index gives those runs, which are sorted. So are the
//! runs of the experiments, when those are fewer.
//! Else many fulfil it, so that a walk in the order of the results soon has a page: along an index of the
//! first metric of the order, or of the runs' start.

use super::{order::By, sql};
use crate::{
    Error,
    search::{
        condition::Condition,
        field::Kind,
        operator::Operator,
        select::{Column, Select, Sql},
    },
    store::{Connection, Dialect, Value},
};

/// Most runs that are sorted rather than walked along. Of a million runs, sorting so many takes as long as walking until
/// a page of them is found: some 75 ms.
const FEW: i64 = 6_000;

/// Most runs of the experiments that are sorted rather than walked along an index of values, which knows no
/// experiments.
const FEW_OF_EXPERIMENTS: i64 = 1000;

/// How many times as many runs as fulfil a condition are walked along rather than those sorted: no more, as a walk may meet
/// them last.
const MANY: i64 = 4;

/// Most experiments that are walked along one by one.
const WALKED: usize = 100;

/// A search of runs.
pub(super) struct Plan<'a> {
    /// The experiments; there is one at least.
    pub(super) experiments: &'a [i64],
    /// `active`, `deleted`, or both.
    pub(super) stage: Option<&'static str>,
    pub(super) conditions: &'a [Condition],
    pub(super) order: &'a [By],
}

impl Plan<'_> {
    /// All columns that the results are sorted by. The last one tells any two runs apart.
    pub(super) fn columns(&self) -> Vec<Column> {
        let mut columns = Vec::new();
        for (index, by) in self.order.iter().enumerate() {
            columns.extend(by.columns(&format!("o{index}")));
        }
        let is_in = |name: &str| {
            self.order.iter().any(|by| by.field.kind == Kind::Attribute && by.field.key == name)
        };
        if !is_in("start_time") {
            columns.push(Column::nullable("r.start_time", false));
        }
        if !is_in("run_id") {
            columns.push(Column::full("r.run_uuid", true));
        }
        columns
    }

    /// The columns of some runs behind a row, with the run's id as an additional last one.
    ///
    /// # Errors
    /// Those of the database.
    pub(super) fn rows(
        &self,
        on: &mut dyn Connection,
        after: Option<&[Value]>,
        limit: usize,
    ) -> Result<Vec<Vec<Value>>, Error> {
        let columns = self.columns();
        let mut list: Vec<_> = columns.iter().map(|it| it.sql.clone()).collect();
        list.push("r.run_uuid".to_owned());
        let numbered: Vec<_> = columns.into_iter().enumerate().collect();
        let search =
            Search { plan: self, list, columns: numbered, dialect: on.dialect(), after, limit };
        if let Some(few) = self.few(on)? {
            return search.sorted(on, few);
        }
        match self.order.first() {
            Some(by) if by.table().is_some() => search.along_values(on, by),
            _ => search.along_runs(on),
        }
    }

    /// The candidates of the condition that the fewest runs fulfil, or all runs of the experiments, when they are few.
    fn few(&self, on: &mut dyn Connection) -> Result<Option<Few>, Error> {
        let (mut most, mut best) = (FEW, None);
        let mut all = Sql::of("SELECT 1 FROM runs r WHERE ", Vec::new());
        let within = self.within();
        all.push(&within.text, within.values);
        // runs of an experiment are counted soonest, and bound how many of others need be
        let is_by_value = self.order.first().is_some_and(|by| by.table().is_some());
        if is_by_value {
            let count = count(on, &all, FEW_OF_EXPERIMENTS)?;
            if count < FEW_OF_EXPERIMENTS {
                (most, best) = (count, Some(Few::OfExperiments));
            }
        }
        for (index, condition) in self.conditions.iter().enumerate() {
            let Some(candidates) = sql::candidates(condition, on.dialect()) else { continue };
            let count = count(on, &candidates, most)?;
            if count < most {
                (most, best) = (count, Some(Few::Candidates(index, candidates)));
            }
        }
        // where so many of the runs fulfil it, a walk along them soon has a page
        let is_many = best.is_some() && !is_by_value && most > FEW_OF_EXPERIMENTS;
        if is_many && count(on, &all, most * MANY)? < most * MANY {
            return Ok(None);
        }
        Ok(best)
    }

    /// The condition that a run is of one of the experiments.
    fn within(&self) -> Sql {
        if let [one] = self.experiments {
            return Sql::of("r.experiment_id = ?", vec![(*one).into()]);
        }
        let ids: Vec<_> = self.experiments.iter().map(ToString::to_string).collect();
        Sql::of(format!("r.experiment_id IN ({})", ids.join(", ")), Vec::new())
    }
}

/// Runs that are sorted rather than walked along.
enum Few {
    /// Those that fulfil a condition of the filter.
    Candidates(usize, Sql),
    /// All of the experiments.
    OfExperiments,
}

/// How many rows a query gives, which are counted up to `most`.
fn count(on: &mut dyn Connection, query: &Sql, most: i64) -> Result<i64, Error> {
    let text = format!("SELECT COUNT(*) FROM ({} LIMIT ?) few", query.text);
    let values: Vec<_> = query.values.iter().cloned().chain([most.into()]).collect();
    let row = on.first(&text, &values)?;
    Ok(row.map(|mut row| row.take(0)).transpose()?.unwrap_or(most))
}

/// A search whose SQL is made.
struct Search<'a> {
    plan: &'a Plan<'a>,
    list: Vec<String>,
    columns: Vec<(usize, Column)>,
    dialect: Dialect,
    after: Option<&'a [Value]>,
    limit: usize,
}

impl Search<'_> {
    /// What a run fulfils beside one condition of the filter, whose rows are found by `owner`.
    fn conditions(&self, owner: &'static str, but: Option<usize>) -> Vec<Sql> {
        let others = self.plan.conditions.iter().enumerate().filter(|(it, _)| Some(*it) != but);
        let filter = others.map(|(_, it)| sql::fulfilled(it, self.dialect, owner));
        let stage =
            self.plan.stage.map(|it| Sql::of(format!("r.lifecycle_stage = '{it}'"), Vec::new()));
        filter.chain(stage).collect()
    }

    /// The joins of what is sorted by, from a number on.
    fn joins(&self, from: &mut Sql, first: usize) {
        for (index, by) in self.plan.order.iter().enumerate().skip(first) {
            if let Some(join) = by.join(&format!("o{index}")) {
                from.push(&join.text, join.values);
            }
        }
    }

    /// Sorts what fulfils one condition, or everything.
    fn sorted(&self, on: &mut dyn Connection, few: Few) -> Result<Vec<Vec<Value>>, Error> {
        let mut from = Sql::default();
        let mut part = self.plan.within();
        let mut fulfilled = None;
        if let Few::Candidates(index, Sql { text, values }) = few {
            fulfilled = Some(index);
            from.push(&format!("({text}) d CROSS JOIN "), values);
            part.push(" AND r.run_uuid = d.run_uuid", []);
        }
        from.push("runs r", []);
        self.joins(&mut from, 0);
        let select = Select {
            list: &self.list,
            from: &from,
            parts: &[part],
            conditions: &self.conditions(sql::OF_RUN, fulfilled),
            columns: &self.columns,
            after: self.after,
            limit: self.limit,
        };
        select.rows(on)
    }

    /// Walks along the runs of each experiment.
    fn along_runs(&self, on: &mut dyn Connection) -> Result<Vec<Vec<Value>>, Error> {
        let mut from = Sql::of("runs r", Vec::new());
        self.joins(&mut from, 0);
        self.walk(on, &from, &self.list, &self.columns, self.after, None, self.limit)
    }

    #[expect(clippy::too_many_arguments, reason = "the parts of one statement")]
    fn walk(
        &self,
        on: &mut dyn Connection,
        from: &Sql,
        list: &[String],
        columns: &[(usize, Column)],
        after: Option<&[Value]>,
        also: Option<&Sql>,
        limit: usize,
    ) -> Result<Vec<Vec<Value>>, Error> {
        let experiments = self.plan.experiments;
        let parts = if experiments.len() > WALKED {
            vec![self.plan.within()]
        } else {
            let one = |id: &i64| Sql::of("r.experiment_id = ?", vec![(*id).into()]);
            experiments.iter().map(one).collect()
        };
        let mut columns = columns.to_vec();
        if let ([(_, first), ..], Some([last, ..])) = (&mut columns[..], after)
            && first.sql == "r.start_time"
            && *last != Value::Null
        {
            let within = self.plan.within();
            let text = format!(
                "SELECT 1 FROM runs r WHERE {} AND r.start_time IS NULL LIMIT 1",
                within.text
            );
            first.nullable = on.first(&text, &within.values)?.is_some();
        }
        let mut conditions = self.conditions(sql::OF_RUN, None);
        conditions.extend(also.cloned());
        let select = Select {
            list,
            from,
            parts: &parts,
            conditions: &conditions,
            columns: &columns,
            after,
            limit,
        };
        select.rows(on)
    }

    /// The conditions that bound the values that are sorted by first. Runs without a number fulfil none of them.
    fn bounds(&self, by: &By) -> Vec<&Condition> {
        let is_bound = |it: &&Condition| {
            it.field.kind == Kind::Metric
                && it.field == by.field
                && it.operator != Operator::NotEqual
        };
        self.plan.conditions.iter().filter(is_bound).collect()
    }

    /// Walks along the values that are sorted by first: numbers, then what is none, then runs without.
    fn along_values(&self, on: &mut dyn Connection, by: &By) -> Result<Vec<Vec<Value>>, Error> {
        let table = by.table().unwrap_or_default();
        let is_metric = by.field.kind == Kind::Metric;
        // where the row is that the page begins behind: 0 for a number, 1 for none, 2 for no value
        let begin = match (self.after.and_then(<[_]>::first), is_metric) {
            (Some(Value::Int(rank)), true) => *rank,
            (Some(Value::Null), false) => 2,
            _ => 0,
        };
        let key = Value::from(&by.field.key);
        let bounds = self.bounds(by);
        let mut rows: Vec<Vec<Value>> = Vec::new();
        for rank in 0..3 {
            let limit = self.limit - rows.len();
            let is_empty = (rank == 1 && !is_metric) || (rank > 0 && !bounds.is_empty());
            if rank < begin || limit == 0 || is_empty {
                continue;
            }
            // what is the same for all of these rows is not sorted by
            let same = match (rank, is_metric) {
                (0, true) => 1,
                (0, false) => 0,
                _ => 2,
            };
            let mut columns: Vec<_> = self.columns.iter().skip(same).cloned().collect();
            let after = self.after.filter(|_| rank == begin).and_then(|it| it.get(same..));
            if rank == 2 {
                let mut list = self.list.clone();
                for (index, it) in list.iter_mut().take(same).enumerate() {
                    let constant = if is_metric && index == 0 { "2" } else { "NULL" };
                    constant.clone_into(it);
                }
                let text = format!(
                    "NOT EXISTS (SELECT 1 FROM {table} x WHERE x.run_uuid = r.run_uuid AND x.key = ?)"
                );
                let without = Sql::of(text, vec![key.clone()]);
                let mut from = Sql::of("runs r", Vec::new());
                self.joins(&mut from, 1);
                rows.extend(self.walk(on, &from, &list, &columns, after, Some(&without), limit)?);
                continue;
            }
            if rank == 0 {
                // the value, and of a text what its index holds
                let values = if is_metric { 1 } else { 2 };
                columns.iter_mut().take(values).for_each(|(_, it)| it.nullable = false);
            }
            let mut from = Sql::of(format!("{table} o0 CROSS JOIN runs r"), Vec::new());
            self.joins(&mut from, 1);
            let mut part = Sql::of("o0.key = ? AND ", vec![key.clone()]);
            if is_metric {
                part.push(
                    if rank == 0 { "o0.is_nan = FALSE AND " } else { "o0.is_nan = TRUE AND " },
                    [],
                );
            }
            for bound in &bounds {
                // where a page begins behind a row, that row is the nearer bound
                if after.is_none() || is_ahead(bound.operator, by.ascending) {
                    let bound = sql::measured_in("o0", bound);
                    part.push(&format!("{} AND ", bound.text), bound.values);
                }
            }
            let within = self.plan.within();
            part.push(&format!("r.run_uuid = o0.run_uuid AND {}", within.text), within.values);
            let select = Select {
                list: &self.list,
                from: &from,
                parts: &[part],
                conditions: &self.conditions(sql::OF_VALUE, None),
                columns: &columns,
                after,
                limit,
            };
            rows.extend(select.rows(on)?);
        }
        Ok(rows)
    }
}

/// Whether a walk meets the bound after what is within it.
fn is_ahead(operator: Operator, ascending: bool) -> bool {
    match operator {
        Operator::Greater | Operator::GreaterOrEqual => !ascending,
        Operator::Less | Operator::LessOrEqual => ascending,
        _ => true,
    }
}
