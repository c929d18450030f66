//! The files of a gate with many indicators, and the queries in them.

use std::fmt::Write as _;

use super::cell::SourceKind;

/// How one gate is told what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Workload {
    /// The objectives file.
    pub(super) slo: String,
    /// The indicators file.
    pub(super) sli: String,
    /// The queries as they are sent, one for each indicator.
    pub(super) queries: Vec<String>,
}

impl Workload {
    /// A workload of `slis` indicators for a source.
    pub(super) fn new(source: SourceKind, slis: usize) -> Self {
        let queries: Vec<_> = (1..=slis).map(|number| query(source, number)).collect();
        let mut slo = String::from(
            "spec_version: '1.0'\ncomparison:\n  compare_with: several_results\n  number_of_comparison_results: 3\n  \
             include_result_with_score: pass\n  aggregate_function: avg\nobjectives:\n",
        );
        let mut sli = String::from("spec_version: '1.0'\nindicators:\n");
        for (number, query) in (1..).zip(&queries) {
            // Writing to a string cannot fail.
            let _ = write!(
                slo,
                "  - sli: indicator_{number:04}\n    displayName: Indicator {number}\n    pass:\n      - criteria:\n          \
                 - '<=+10%'\n          - '<600'\n    warning:\n      - criteria:\n          - '<=800'\n"
            );
            let _ = writeln!(sli, "  indicator_{number:04}: '{query}'");
        }
        slo.push_str("total_score:\n  pass: 90%\n  warning: 75%\n");
        Self { slo, sli, queries }
    }
}

/// The query of indicator `number`. No two are the same, since a gate sends the same query once.
fn query(source: SourceKind, number: usize) -> String {
    match source {
        SourceKind::Stub(_) => {
            format!("histogram_quantile(0.95, sum(rate(request_seconds_bucket{{sli=\"{number}\"}}[5m])) by (le))")
        }
        // A label that no series has differs from any value, so that each query finds the same series.
        SourceKind::Up => format!("up{{sli!=\"{number}\"}}"),
        SourceKind::Histogram => format!(
            "histogram_quantile(0.95, sum(rate(http_response_time_milliseconds_bucket{{sli!=\"{number}\"}}[1m])) by (le))"
        ),
    }
}

#[cfg(test)]
mod tests {
    use capstan_model::{sli, slo};

    use super::*;

    #[test]
    fn the_files_say_what_is_measured() {
        for source in [SourceKind::Stub(0), SourceKind::Up, SourceKind::Histogram] {
            let workload = Workload::new(source, 12);
            let slo = slo::read(&workload.slo).unwrap().slo;
            let criteria =
                |groups: &[slo::CriteriaGroup]| groups.iter().map(|group| group.criteria.len()).sum::<usize>();
            assert_eq!(slo.objectives.len(), 12);
            assert!(slo.objectives.iter().all(|one| criteria(&one.pass) == 2 && criteria(&one.warning) == 1));
            let sli = sli::read(&workload.sli).unwrap().file;
            let queries: Vec<_> = sli.indicators.unwrap().into_values().map(|query| query.value).collect();
            assert_eq!(queries, workload.queries);
            assert_eq!(queries.iter().collect::<std::collections::HashSet<_>>().len(), 12);
        }
    }
}
