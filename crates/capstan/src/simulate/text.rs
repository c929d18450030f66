//! A scenario told for people.

use capstan_runtime::simulator::{Line, Played, RunStanding, span};

use crate::terminal::Style;

/// How many refusals of a run are told in full.
const REFUSALS: usize = 3;

/// What happened, how everything stands, and what was expected in vain.
pub(super) fn tell(played: &mut Played, about: &str, differences: &[String], style: Style) -> String {
    let mut told = String::new();
    if !about.trim().is_empty() {
        told.push_str(&format!("{}\n\n", about.trim()));
    }
    told.push_str(&timeline(&played.lines(), style));
    for run in played.standing() {
        told.push('\n');
        told.push_str(&standing(&run, style));
    }
    if !differences.is_empty() {
        told.push('\n');
        for difference in differences {
            told.push_str(&format!("{} {difference}\n", style.red("not so:")));
        }
    } else if !played.judgements.is_empty() {
        let count = played.judgements.len();
        told.push_str(&format!("\n{count} expectation{}\n", if count == 1 { " holds" } else { "s hold" }));
    }
    told
}

fn timeline(lines: &[Line], style: Style) -> String {
    let rows: Vec<[String; 4]> = lines
        .iter()
        .map(|line| [span(line.since), line.run.clone(), line.stage.clone(), line.sequence.clone()])
        .collect();
    let width = |at: usize| rows.iter().map(|row| row[at].chars().count()).max().unwrap_or_default();
    let widths = [width(0), width(1), width(2), width(3)];
    let mut told = String::new();
    for ([since, run, stage, sequence], line) in rows.iter().zip(lines) {
        let place = format!("{run:<0$}  {stage:<1$}  {sequence:<2$}", widths[1], widths[2], widths[3]);
        let text = format!("{since:>0$}  {place}  {what}", widths[0], what = line.what);
        told.push_str(&match &line.fact {
            Some(_) => text,
            None => style.bold(&text),
        });
        told.push('\n');
    }
    told
}

fn standing(run: &RunStanding, style: Style) -> String {
    let result = run.result.as_deref().filter(|result| *result != run.state);
    let result = result.map(|result| format!(": {}", painted(result, style))).unwrap_or_default();
    let mut told = format!("{} is {}{result}\n", style.bold(&run.run), run.state);
    let rows: Vec<[String; 3]> = run
        .sequences
        .iter()
        .map(|sequence| {
            let name = format!("{}.{}", sequence.stage, sequence.sequence);
            [name, sequence.service.clone(), sequence.state.clone()]
        })
        .collect();
    let width = |at: usize| rows.iter().map(|row| row[at].chars().count()).max().unwrap_or_default();
    let widths = [width(0), width(1), width(2)];
    for ([name, service, state], sequence) in rows.iter().zip(&run.sequences) {
        let rest = match &sequence.waiting {
            Some(waiting) => waiting.sentence.clone(),
            None => format!("{} ({})", painted(&sequence.result, style), sequence.status),
        };
        told.push_str(&format!("  {name:<0$}  {service:<1$}  {state:<2$}  {rest}\n", widths[0], widths[1], widths[2]));
    }
    for message in run.refused.iter().take(REFUSALS) {
        told.push_str(&format!("  {}  {message}\n", style.red("refused")));
    }
    if run.refused.len() > REFUSALS {
        told.push_str(&format!("  {}  {} more\n", style.red("refused"), run.refused.len() - REFUSALS));
    }
    told
}

fn painted(result: &str, style: Style) -> String {
    match result {
        "pass" => style.green(result),
        "warning" => style.yellow(result),
        _ => style.red(result),
    }
}
