//! Values from samples.

use capstan_model::event::sli::MissingReason;

use super::column::Column;
use super::group::Group;
use super::samples::{Row, Samples};
use crate::sli::Failure;
use crate::sli::file::filter::Filter;
use crate::sli::file::query::{Expression, Term, Unparsable};
use crate::sli::file::stats::{Aggregate, finite};
use crate::sli::file::wording::{quoted, unknown};

const HELP: &str = r#"write FUNCTION(FIELD){FILTER}, for instance p95(elapsed){label="GET /"}"#;

/// Labels of filters, with the column that each needs.
const LABELS: [(&str, Column); 5] = [
    ("label", Column::Label),
    ("thread", Column::Thread),
    ("code", Column::Code),
    ("success", Column::Success),
    ("transaction", Column::Message),
];

/// Labels that tell how a sample turned out, not which one it is.
const OUTCOMES: [&str; 2] = ["code", "success"];

/// Fields that functions are of.
const FIELDS: [(&str, Column); 5] = [
    ("elapsed", Column::Elapsed),
    ("latency", Column::Latency),
    ("connect", Column::Connect),
    ("bytes", Column::Bytes),
    ("sent_bytes", Column::SentBytes),
];

/// Functions that are of no field.
const BARE: [(&str, Bare); 4] = [
    ("error_rate", Bare::ErrorRate),
    ("errors", Bare::Errors),
    ("throughput", Bare::Throughput),
    ("duration_seconds", Bare::Duration),
];

#[derive(Debug, Clone, Copy)]
enum Bare {
    ErrorRate,
    Errors,
    Throughput,
    Duration,
}

#[derive(Debug, Clone, Copy)]
enum Function {
    Bare(Bare),
    Of(Aggregate, Column),
}

impl Samples {
    /// What `query` makes of the samples that pass its filter.
    pub(crate) fn value(&self, query: &str) -> Result<f64, Failure> {
        let expression: Expression = query.parse().map_err(|error: Unparsable| error.failure(query, HELP))?;
        let function = function(&expression)?;
        let filter = Filter::new(&expression.matchers)?;
        self.check(function, &filter)?;

        let passing = self.having(|group| filter.passes(|label| self.groups.value(group, label)));
        if passing.is_empty() {
            let counts = matches!(function, Function::Bare(Bare::Errors) | Function::Of(Aggregate::Count, _));
            let others = |group: &_| filter.passes_without(&OUTCOMES, |label| self.groups.value(group, label));
            if counts && !self.having(others).is_empty() {
                return Ok(0.0);
            }
            let values = |label: &str| self.groups.iter().map(|group| self.groups.value(group, label)).collect();
            return Err(filter.nothing_passes("sample", values));
        }
        finite(self.compute(function, &passing))
    }

    /// Fails where `filter` or `function` needs what does not exist or was not saved.
    fn check(&self, function: Function, filter: &Filter) -> Result<(), Failure> {
        filter.check_labels(&LABELS.map(|(label, _)| label))?;
        filter.check_truths(&["success", "transaction"])?;
        let filtered = LABELS.iter().filter(|(label, _)| filter.labels().any(|used| used == *label));
        let computed: &[Column] = match function {
            Function::Bare(Bare::ErrorRate | Bare::Errors) => &[Column::Success],
            Function::Bare(Bare::Throughput | Bare::Duration) => &[Column::Start, Column::Elapsed],
            Function::Of(Aggregate::Count, _) => &[],
            Function::Of(_, column) => &[column],
        };
        let mut needed = filtered.map(|(_, column)| *column).chain(computed.iter().copied());
        match needed.find(|column| !self.columns.has(*column)) {
            Some(column) if !self.rows.is_empty() => {
                let (header, attribute, property) = (column.header(), column.attribute(), column.property());
                let message = format!(
                    "the query needs '{header}' (in XML '{attribute}'), which JMeter did not save: run it with -J{property}"
                );
                Err(Failure::new(MissingReason::QueryError, message))
            }
            _ => Ok(()),
        }
    }

    /// The samples of groups that pass `test`.
    fn having(&self, test: impl Fn(&Group) -> bool) -> Vec<&Row> {
        let passing: Vec<bool> = self.groups.iter().map(test).collect();
        self.rows.iter().filter(|row| passing.get(row.group as usize).copied().unwrap_or(false)).collect()
    }

    /// `samples` are not empty.
    fn compute(&self, function: Function, samples: &[&Row]) -> f64 {
        let count = samples.len() as f64;
        let errors = || self.groups.count_failed(samples.iter().map(|row| row.group)) as f64;
        match function {
            Function::Bare(Bare::Errors) => errors(),
            Function::Bare(Bare::ErrorRate) => errors() / count,
            Function::Bare(Bare::Duration) => seconds(samples),
            Function::Bare(Bare::Throughput) => count / seconds(samples),
            Function::Of(aggregate, column) => {
                let values = samples.iter().map(|row| field(row, column)).collect();
                aggregate.of(values).unwrap_or(f64::NAN)
            }
        }
    }
}

/// From the first begin to the last end, in seconds.
fn seconds(samples: &[&Row]) -> f64 {
    let start = samples.iter().map(|row| row.start).min().unwrap_or_default();
    let end = samples.iter().map(|row| row.start.saturating_add(i64::from(row.elapsed))).max().unwrap_or_default();
    end.saturating_sub(start) as f64 / 1000.0
}

fn field(row: &Row, column: Column) -> f64 {
    match column {
        Column::Latency => f64::from(row.latency),
        Column::Connect => f64::from(row.connect),
        Column::Bytes => row.bytes as f64,
        Column::SentBytes => row.sent_bytes as f64,
        _ => f64::from(row.elapsed),
    }
}

fn function(expression: &Expression) -> Result<Function, Failure> {
    let Term { word, argument } = &expression.head;
    let refused = |message: String| Err(Failure::new(MissingReason::QueryError, message));
    if let Some(stat) = &expression.stat {
        return refused(format!("{} behind the dot belongs to queries of k6 results; {HELP}", quoted(&stat.word)));
    }
    let bare = BARE.iter().find(|(name, _)| name == word).map(|(_, bare)| *bare);
    match (bare, argument.as_deref().unwrap_or_default()) {
        (Some(bare), "") => Ok(Function::Bare(bare)),
        (Some(_), field) => refused(format!("'{word}' is of no field: leave {} out", quoted(field))),
        (None, field) => {
            let Some(aggregate) = Aggregate::named(word) else {
                let words: Vec<_> = BARE.iter().map(|(name, _)| *name).chain(Aggregate::WORDS).collect();
                return refused(format!("{} and other percentiles from p0 to p100", unknown("function", word, &words)));
            };
            let field = if field.is_empty() { "elapsed" } else { field };
            match FIELDS.iter().find(|(name, _)| *name == field) {
                Some((_, column)) => Ok(Function::Of(aggregate, *column)),
                None => refused(unknown("field", field, &FIELDS.map(|(name, _)| name))),
            }
        }
    }
}
