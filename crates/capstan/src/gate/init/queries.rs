//! The text of `sli.yaml`.

use capstan_tools::sli::{FileFormat, Target};

use super::draft::{Draft, Server};
use super::text::{comment, name, query};

const PROMETHEUS: &str = r#"
Before a query is sent, its placeholders are replaced:
  $SERVICE, $PROJECT, $STAGE   what is judged
  $DURATION_SECONDS            the length of the window, such as 300s
  $LABEL.build                 the label 'build' of the evaluation, as in --label build=17
A query has to come to one number: sum(...), max(...) and the like make one of several series. Another label narrows it down, as in {job="$SERVICE",handler!="/metrics"}."#;

const JTL: &str = r#"
A query is FUNCTION(FIELD){FILTER}, such as p99(elapsed){label="GET /cart"}. Times are in ms."#;
const JUNIT: &str = r#"
A query is FUNCTION{FILTER}, such as failures{suite="cart"}."#;
const K6: &str = r"
A query is METRIC{TAGS}.STAT, such as http_req_duration{name:cart}.p(95). Times are in ms.";
const JSON: &str = r"
A query is the path to a number, such as latencies.p95 or results[0].value.";

/// Writes `sli.yaml`.
pub(super) fn write(draft: &Draft) -> String {
    let help = match &draft.source.target {
        Target::Prometheus(_) => PROMETHEUS,
        Target::File { format: FileFormat::Jtl, .. } => JTL,
        Target::File { format: FileFormat::Junit, .. } => JUNIT,
        Target::File { format: FileFormat::K6, .. } => K6,
        Target::File { format: FileFormat::Json, .. } => JSON,
    };
    let head = format!(
        "Where the values of '{}' come from: one query for each indicator. Written by 'capstan gate init' on {} for the source '{}', {}.",
        draft.service,
        draft.moment(),
        draft.source.name,
        draft.target(),
    );
    let mut text = comment(0, &head) + &comment(0, help);
    text.push_str(&draft.server.as_ref().map(about_jobs).unwrap_or_default());
    text.push_str("spec_version: \"1.0\"\n\nindicators:\n");
    for (index, indicator) in draft.indicators.iter().enumerate() {
        let proposal = &indicator.proposal;
        text.push_str(if index == 0 { "" } else { "\n" });
        // A title that is no more than the query explains nothing.
        if proposal.title != proposal.query {
            let about = format!("{}. {}", indicator.title(), proposal.about);
            text.push_str(&comment(2, about.trim_end()));
        }
        text.push_str(&format!("  {}: {}\n", name(&proposal.indicator), query(&proposal.query)));
    }
    if let Some(Server { further, .. }) = &draft.server
        && !further.is_empty()
    {
        text.push('\n');
        text.push_str(&comment(0, &format!("These metrics measure times as well: {}.", further.join(", "))));
    }
    text
}

/// A word of warning where it is not certain that a series belongs to the service.
fn about_jobs(server: &Server) -> String {
    match server.jobs.as_slice() {
        [] => String::new(),
        [job] => {
            comment(0, &format!("\nNo label is called just so; '{job}' is the only job with the name in its own."))
        }
        jobs => {
            let jobs = jobs.join(", ");
            comment(
                0,
                &format!(
                    "\nCHECK THIS: the queries take all jobs with the name in theirs, which are: {jobs}. Where not all of them are meant, write job=\"...\" instead."
                ),
            )
        }
    }
}
