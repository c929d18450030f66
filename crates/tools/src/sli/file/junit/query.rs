//! Values from test cases.

use capstan_model::event::sli::MissingReason;

use super::report::{Case, Outcome, Report};
use crate::sli::Failure;
use crate::sli::file::filter::Filter;
use crate::sli::file::query::{Expression, Term, Unparsable};
use crate::sli::file::stats::{Aggregate, finite};
use crate::sli::file::wording::{quoted, unknown};

const HELP: &str = r#"write FUNCTION{FILTER}, for instance pass_rate{suite="shop"}"#;

/// Labels of filters.
const LABELS: [&str; 3] = ["suite", "class", "name"];

#[derive(Debug, Clone, Copy)]
enum Function {
    Tests,
    Having(Outcome),
    PassRate,
    Time(Aggregate),
}

/// Functions that are of no field; `time` is one as well as a field.
const BARE: [(&str, Function); 7] = [
    ("tests", Function::Tests),
    ("passed", Function::Having(Outcome::Passed)),
    ("failures", Function::Having(Outcome::Failed)),
    ("errors", Function::Having(Outcome::Error)),
    ("skipped", Function::Having(Outcome::Skipped)),
    ("pass_rate", Function::PassRate),
    ("time", Function::Time(Aggregate::Sum)),
];

impl Report {
    /// What `query` makes of the test cases that pass its filter.
    pub(crate) fn value(&self, query: &str) -> Result<f64, Failure> {
        let expression: Expression = query.parse().map_err(|error: Unparsable| error.failure(query, HELP))?;
        let function = function(&expression)?;
        let filter = Filter::new(&expression.matchers)?;
        filter.check_labels(&LABELS)?;

        let cases: Vec<_> = self.cases.iter().filter(|case| filter.passes(|label| self.label(case, label))).collect();
        if cases.is_empty() {
            let values = |label: &str| self.cases.iter().map(|case| self.label(case, label)).collect();
            return Err(filter.nothing_passes("test case", values));
        }
        finite(compute(function, &cases)?)
    }
}

fn function(expression: &Expression) -> Result<Function, Failure> {
    let Term { word, argument } = &expression.head;
    let refused = |message: String| Err(Failure::new(MissingReason::QueryError, message));
    if let Some(stat) = &expression.stat {
        return refused(format!("{} behind the dot belongs to queries of k6 results; {HELP}", quoted(&stat.word)));
    }
    let bare = BARE.iter().find(|(name, _)| name == word).map(|(_, function)| *function);
    match (bare, argument.as_deref().unwrap_or_default()) {
        (Some(function), "") => Ok(function),
        (Some(_), field) => refused(format!("'{word}' is of no field: leave {} out", quoted(field))),
        (None, field) => {
            let Some(aggregate) = Aggregate::named(word) else {
                let words: Vec<_> = BARE.iter().map(|(name, _)| *name).chain(Aggregate::WORDS).collect();
                return refused(format!("{} and other percentiles from p0 to p100", unknown("function", word, &words)));
            };
            match field {
                "" | "time" => Ok(Function::Time(aggregate)),
                _ => refused(unknown("field", field, &["time"])),
            }
        }
    }
}

/// `cases` are not empty.
fn compute(function: Function, cases: &[&Case]) -> Result<f64, Failure> {
    let having = |outcome| cases.iter().filter(|case| case.outcome == outcome).count() as f64;
    let count = cases.len() as f64;
    match function {
        Function::Tests | Function::Time(Aggregate::Count) => Ok(count),
        Function::Having(outcome) => Ok(having(outcome)),
        Function::PassRate => {
            let run = count - having(Outcome::Skipped);
            let all_skipped = || Failure::new(MissingReason::NoData, format!("all {count} test cases were skipped"));
            if run > 0.0 { Ok(having(Outcome::Passed) / run) } else { Err(all_skipped()) }
        }
        Function::Time(aggregate) => {
            let times = cases.iter().filter_map(|case| case.time).collect();
            let untimed = || Failure::new(MissingReason::NoData, "the report tells no time of these test cases");
            aggregate.of(times).ok_or_else(untimed)
        }
    }
}
