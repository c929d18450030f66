//! What the command prints when it is done.

use std::path::Path;

use super::InitArgs;
use super::draft::Draft;
use crate::terminal::Style;

/// What was written, from what, and how to go on.
pub(super) fn write(draft: &Draft, args: &InitArgs, style: Style) -> String {
    let (slo, sli) = (args.slo.display(), args.sli.display());
    let count = draft.indicators.len();
    let plural = if count == 1 { "" } else { "s" };
    let mut text = format!("Wrote {slo} and {sli}: {count} indicator{plural}, {} of them judged", draft.judged());
    if let Some(server) = &draft.server {
        text.push_str(&format!(", from {} series with {}", server.series, server.matched));
    }
    text.push_str("\n\n");
    for row in rows(draft) {
        text.push_str(&row);
        text.push('\n');
    }
    text.push('\n');
    for note in notes(draft) {
        text.push_str(&format!("{} {note}\n\n", style.yellow("note:")));
    }
    text.push_str(&format!(
        "Both files explain their keys. Look through the limits, then run:\n\n  {}\n",
        command(draft, args)
    ));
    text
}

/// A table: indicator, value, criteria.
fn rows(draft: &Draft) -> Vec<String> {
    let cells: Vec<[String; 3]> = draft
        .indicators
        .iter()
        .map(|indicator| {
            let criteria = indicator.criteria.as_ref().map(|criteria| criteria.pass.join(" and "));
            let value = indicator.shown().unwrap_or_else(|| "no value".to_owned());
            [indicator.proposal.indicator.clone(), value, criteria.unwrap_or_else(|| "only shown".to_owned())]
        })
        .collect();
    let width = |column: usize| cells.iter().map(|row| row[column].chars().count()).max().unwrap_or_default();
    let (first, second) = (width(0), width(1));
    cells.iter().map(|[name, value, criteria]| format!("  {name:first$}  {value:>second$}  {criteria}")).collect()
}

fn notes(draft: &Draft) -> Vec<String> {
    let mut notes = Vec::new();
    match draft.server.as_ref().map_or(&[][..], |server| &server.jobs) {
        [] => {}
        [job] => notes.push(format!("no label is called just '{}', so the job '{job}' was taken", draft.service)),
        jobs => notes.push(format!(
            "no label is called just '{}'; these jobs were taken: {}",
            draft.service,
            jobs.join(", ")
        )),
    }
    if draft.needs_an_hour() {
        notes.push("the last five minutes had no values of some indicators, so the window below is an hour".to_owned());
    }
    notes
}

/// The command that judges by the files.
fn command(draft: &Draft, args: &InitArgs) -> String {
    let path = |path: &Path| path.display().to_string();
    let source = format!("{}={}", draft.source.name, draft.target());
    let mut words = vec![("--slo", path(&args.slo)), ("--sli", path(&args.sli)), ("--source", source)];
    for (option, value) in [("--project", &args.project), ("--stage", &args.stage), ("--service", &args.service)] {
        if !value.is_empty() {
            words.push((option, value.clone()));
        }
    }
    if draft.needs_an_hour() {
        words.push(("--timeframe", "1h".to_owned()));
    }
    let mut command = "capstan gate run".to_owned();
    for (option, value) in words {
        command.push_str(&format!(" {option} {}", shell(&value)));
    }
    command
}

/// A word for a POSIX shell.
fn shell(word: &str) -> String {
    let plain = |char: char| char.is_ascii_alphanumeric() || "-_./:=@,+".contains(char);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_quoted_for_a_shell() {
        assert_eq!(shell("prom=http://h:9090/a"), "prom=http://h:9090/a");
        assert_eq!(shell("it's $5"), r"'it'\''s $5'");
        assert_eq!(shell(""), "''");
    }
}
