//! The results of a run, in whichever of the forms k6 has for them.

use std::io::{BufRead, Cursor, Read};

use capstan_model::event::sli::MissingReason;

use super::points::Points;
use super::stat::{Stat, Verdict};
use super::summary::Summary;
use crate::sli::Failure;
use crate::sli::file::error::Trouble;
use crate::sli::file::json;
use crate::sli::file::lines::append_line;
use crate::sli::file::query::{Expression, Unparsable};
use crate::sli::file::stats::finite;
use crate::sli::file::wording::{listed, quoted};

const HELP: &str = "write METRIC.STAT or METRIC{TAG:VALUE}.STAT, for instance http_req_duration.p(95)";

/// The results of a k6 run.
#[derive(Debug)]
pub(crate) enum Run {
    /// What `--summary-export` and `handleSummary` write.
    Summary(Summary),
    /// What `--out json` writes.
    Points(Points),
}

impl Run {
    /// Reads a summary or points, whichever it is.
    pub(crate) fn read(mut reader: impl BufRead) -> Result<Self, Trouble> {
        let mut start = Vec::new();
        let mut line = 1;
        while start.trim_ascii().is_empty() && append_line(&mut reader, line, &mut start)? {
            line += 1;
        }
        let reader = Cursor::new(&start).chain(reader);
        if Points::begin_with(&start) {
            return Points::read(reader).map(Self::Points);
        }
        Summary::new(&json::parse(reader)?).map(Self::Summary)
    }

    /// The statistic of a metric that `query` names.
    pub(crate) fn value(&self, query: &str) -> Result<f64, Failure> {
        let expression: Expression = query.parse().map_err(|error: Unparsable| error.failure(query, HELP))?;
        let refused = |message: String| Err(Failure::new(MissingReason::QueryError, message));
        if expression.head.argument.is_some() {
            return refused(format!("a query of k6 results begins with the name of a metric; {HELP}"));
        }
        let word = &expression.head.word;
        match (self, &expression.stat, Verdict::counted_by(word)) {
            (Self::Summary(summary), Some(stat), _) => finite(summary.value(&expression, &Stat::new(stat)?)?),
            (Self::Points(points), Some(stat), _) => finite(points.value(&expression, &Stat::new(stat)?)?),
            (Self::Summary(summary), None, Some(verdict)) => summary.thresholds(verdict),
            (_, None, _) => {
                let stats = match self {
                    Self::Summary(summary) => summary.stats(&expression)?,
                    Self::Points(points) => points.stats(&expression)?,
                };
                let stats = listed(stats.iter().map(String::as_str));
                refused(format!("which statistic of {}? there are {stats}; {HELP}", quoted(word)))
            }
        }
    }
}
