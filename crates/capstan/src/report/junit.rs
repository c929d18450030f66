//! The verdict for test reporters: one test case for each objective.

use capstan_engine::evaluate::Verdict;
use capstan_model::event::result::{IndicatorStatus, ResultKind};

use super::Report;
use super::table::{title, word};

/// Writes a verdict as `JUnit` XML. A warning is a passed test with an output, or no verdict an error of the whole.
pub(crate) fn write(report: &Report) -> String {
    let explanation = report.explanation();
    let objectives = explanation.map(|explanation| explanation.objectives.as_slice()).unwrap_or_default();
    let subject = report.subject();
    let class = if subject.is_empty() { "gate".to_owned() } else { subject.replace('/', ".") };
    let mut cases = String::new();
    let (mut failures, mut skipped) = (0, 0);
    for objective in objectives {
        let name = format!("<testcase classname=\"{}\" name=\"{}\"", escape(&class), escape(&title(objective)));
        let sentence = escape(&objective.sentence);
        match objective.status {
            IndicatorStatus::Pass => cases.push_str(&format!("    {name}/>\n")),
            IndicatorStatus::Warning => {
                cases.push_str(&format!("    {name}>\n      <system-out>{sentence}</system-out>\n    </testcase>\n"));
            }
            IndicatorStatus::Fail => {
                failures += 1;
                let failure = format!("<failure type=\"objective\" message=\"{sentence}\">{sentence}</failure>");
                cases.push_str(&format!("    {name}>\n      {failure}\n    </testcase>\n"));
            }
            IndicatorStatus::Info => {
                skipped += 1;
                cases.push_str(&format!("    {name}>\n      <skipped message=\"{sentence}\"/>\n    </testcase>\n"));
            }
        }
    }
    let verdict = explanation.map(|explanation| escape(&explanation.text.join("\n"))).unwrap_or_default();
    let total = format!("<testcase classname=\"{}\" name=\"total score\"", escape(&class));
    let mut errors = 0;
    match report.verdict {
        Verdict::Judged(ResultKind::Pass | ResultKind::Warning) => {
            cases.push_str(&format!("    {total}>\n      <system-out>{verdict}</system-out>\n    </testcase>\n"));
        }
        Verdict::Judged(ResultKind::Fail) => {
            failures += 1;
            let failure = format!("<failure type=\"score\" message=\"{}\">{verdict}</failure>", word(report.verdict));
            cases.push_str(&format!("    {total}>\n      {failure}\n    </testcase>\n"));
        }
        Verdict::None => {
            errors += 1;
            let error = format!("<error type=\"no-verdict\" message=\"{}\">{verdict}</error>", word(report.verdict));
            cases.push_str(&format!("    {total}>\n      {error}\n    </testcase>\n"));
        }
    }
    let count = objectives.len() + 1;
    let numbers = format!("tests=\"{count}\" failures=\"{failures}\" errors=\"{errors}\" skipped=\"{skipped}\"");
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites {numbers}>\n  <testsuite name=\"quality gate\" {numbers}>\n{cases}  </testsuite>\n</testsuites>\n"
    )
}

/// Text for an attribute or an element; characters that XML cannot hold become a replacement mark.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\n' => escaped.push_str("&#10;"),
            '\t' => escaped.push_str("&#9;"),
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => escaped.push('\u{fffd}'),
            c => escaped.push(c),
        }
    }
    escaped
}
