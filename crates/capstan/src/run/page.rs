//! A run for people: its stages and tasks, what it waits for, and how it ended.

use jiff::{SignedDuration, Timestamp};

use super::progress::{Place, Standing, Task, tasks};
use crate::client::{Holder, RunResult, Sequence, Waiting, WholeRun};
use crate::terminal::{Columns, Look, Style, took, until, when};

/// How many refusals are told.
const REFUSALS: usize = 3;

/// How much is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Depth {
    /// All that is known.
    Whole,
    /// The tasks of sequences that have ended well are left out.
    Brief,
}

/// A run, as lines.
pub(super) fn page(context: &str, whole: &WholeRun, depth: Depth, now: Timestamp, look: &Look) -> Vec<String> {
    let mut lines = head(context, whole, now, look);
    lines.extend(stages(whole, depth, now, look));
    let ends = whole.sequences.iter().filter_map(|sequence| Some((sequence, sequence.end.as_ref()?)));
    let reasons = ends.filter(|(_, end)| !end.message.is_empty()).map(|(sequence, end)| {
        format!("  {}  {}", look.style.bold(&format!("{}.{}:", sequence.stage, sequence.name)), end.message)
    });
    let reasons: Vec<String> = reasons.chain(closing(whole, look.style)).chain(refusals(whole, look.style)).collect();
    if !reasons.is_empty() {
        lines.push(String::new());
        lines.extend(reasons);
    }
    for waiting in &whole.waiting {
        lines.push(String::new());
        lines.extend(awaited(waiting, now, look));
    }
    lines
}

fn head(context: &str, whole: &WholeRun, now: Timestamp, look: &Look) -> Vec<String> {
    let style = look.style;
    let Some(run) = &whole.run else {
        return vec![format!("{}  nothing began under {context}", style.red("refused"))];
    };
    let word = state_word(whole.result(), &run.state, style);
    let ended = whole.sequences.iter().filter_map(|sequence| sequence.end.as_ref()).map(|end| end.at).max();
    let long = match ended.filter(|_| whole.result().is_some()) {
        Some(ended) => format!(", took {}", took(ended.duration_since(run.triggered_at))),
        None => String::new(),
    };
    let since = when(run.triggered_at, now, look.on_terminal);
    vec![
        format!(
            "{}  {} of {} in {}  {}",
            style.bold(&word),
            run.sequence,
            run.service,
            run.project,
            style.dim(&format!("{since}{long}"))
        ),
        format!("  {}", style.dim(context)),
        String::new(),
    ]
}

/// A row for each sequence, and one for each of its tasks; behind that a line for each attempt that came to nothing.
fn stages(whole: &WholeRun, depth: Depth, now: Timestamp, look: &Look) -> Vec<String> {
    let style = look.style;
    let (mut columns, mut behind) = (Columns::right(&[2]), Vec::new());
    for sequence in &whole.sequences {
        let word = state_word(sequence.result(), &sequence.state, style);
        let until = sequence.end.as_ref().map_or(now, |end| end.at);
        let name = style.bold(&format!("{}.{}", sequence.stage, sequence.name));
        let notes: Vec<_> = again(sequence).into_iter().chain(image(sequence, whole)).collect();
        columns.row([
            format!("  {name}"),
            word,
            took(until.duration_since(sequence.triggered_at)),
            style.dim(&notes.join(", ")),
        ]);
        behind.push(Vec::new());
        let ended_well = sequence.result().is_some_and(|result| result <= RunResult::Warning);
        for task in tasks(sequence, &whole.history).iter().filter(|_| depth == Depth::Whole || !ended_well) {
            columns.row(row(task, now, style));
            let past = task.past.iter().filter(|_| depth == Depth::Whole);
            let past = past.map(|past| style.dim(&format!("        attempt {}: {}", past.number, past.message)));
            behind.push(past.collect());
        }
    }
    let lines = columns.lines().into_iter().zip(behind);
    lines.flat_map(|(line, behind)| std::iter::once(line).chain(behind)).map(|line| look.fit(&line)).collect()
}

/// That a sequence does again what another one has failed to do.
fn again(sequence: &Sequence) -> Option<String> {
    let rerun = sequence.rerun.as_ref()?;
    let by = if rerun.by.is_empty() { String::new() } else { format!(" by {}", rerun.by) };
    let reason = if rerun.reason.is_empty() { String::new() } else { format!(": {}", rerun.reason) };
    Some(format!("run again{by}{reason}"))
}

/// What sequences will come to of which only the tasks are left that run at the end in any case.
fn closing(whole: &WholeRun, style: Style) -> impl Iterator<Item = String> {
    whole.sequences.iter().filter(|sequence| sequence.end.is_none()).filter_map(move |sequence| {
        let closing = sequence.closing.as_ref()?;
        let name = style.bold(&format!("{}.{}:", sequence.stage, sequence.name));
        let result = painted(RunResult::of(&closing.result), style);
        let message = if closing.message.is_empty() { String::new() } else { format!(": {}", closing.message) };
        Some(format!("  {name}  only what runs at the end is left, then it ends with {result}{message}"))
    })
}

/// The image that came to the stage of a sequence; told once, where the stage came last.
fn image(sequence: &Sequence, whole: &WholeRun) -> Option<String> {
    let last = whole.sequences.iter().rfind(|other| other.stage == sequence.stage);
    let stage = whole.run.iter().flat_map(|run| &run.stages).find(|stage| stage.name == sequence.stage);
    stage?.image.clone().filter(|_| last.is_some_and(|last| last.id == sequence.id))
}

fn row(task: &Task, now: Timestamp, style: Style) -> [String; 4] {
    let (sign, word) = match task.standing {
        Standing::Ahead => (style.dim("·"), String::new()),
        Standing::Delayed => (style.yellow("○"), style.dim("later")),
        Standing::Offered => (style.yellow("○"), style.yellow("offered")),
        Standing::Started => (style.yellow("●"), style.yellow("running")),
        Standing::Done(result) => (mark(result, style), painted(result, style)),
        Standing::Kept(result) => (style.dim("·"), style.dim(result.word())),
        Standing::Skipped => (style.dim("-"), style.dim("skipped")),
        Standing::Cancelled => (style.dim("-"), style.dim("cancelled")),
    };
    let group = match task.place {
        None => " ".to_owned(),
        Some(Place::First) => style.dim("┌"),
        Some(Place::Within) => style.dim("│"),
        Some(Place::Last) => style.dim("└"),
    };
    let name = if task.standing == Standing::Ahead { style.dim(&task.name) } else { task.name.clone() };
    let length = task.since.map(|since| task.until.unwrap_or(now).duration_since(since).max(SignedDuration::ZERO));
    let mut notes = task.at_work.clone();
    if task.number > 1 {
        notes.push(format!("attempt {}", task.number));
    }
    notes.extend(Some(task.why.clone()).filter(|why| !why.is_empty()));
    let marks = [
        (matches!(task.standing, Standing::Kept(_)), "as before"),
        (task.begins_any, "one of these is enough"),
        (task.finally, "at the end in any case"),
    ];
    notes.extend(marks.into_iter().filter(|(holds, _)| *holds).map(|(_, mark)| mark.to_owned()));
    [format!("  {group} {sign} {name}"), word, length.map(took).unwrap_or_default(), style.dim(&notes.join(", "))]
}

fn mark(result: RunResult, style: Style) -> String {
    match result {
        RunResult::Pass => style.green("✓"),
        RunResult::Warning => style.yellow("!"),
        RunResult::Fail | RunResult::Aborted | RunResult::TimedOut => style.red("✗"),
    }
}

fn awaited(waiting: &Waiting, now: Timestamp, look: &Look) -> Vec<String> {
    let style = look.style;
    let attempt = waiting.attempt.filter(|attempt| *attempt > 1).map(|attempt| format!(", attempt {attempt},"));
    let place = match &waiting.task {
        Some(task) => format!("{}, {task}{}", waiting.stage, attempt.unwrap_or_default()),
        None => waiting.stage.clone(),
    };
    let holder = |holder: &Holder| match (&holder.name, holder.kind.as_str()) {
        (Some(name), "run") => format!("run {}", look.id(name)),
        (Some(name), _) => format!("'{name}'"),
        (None, kind) => format!("a {kind}"),
    };
    let holders: Vec<_> = waiting.holders.iter().map(holder).collect();
    let holders = if holders.is_empty() { "nobody yet".to_owned() } else { holders.join(", ") };
    let deadline = waiting.deadline.map_or_else(|| "none".to_owned(), |at| until(at, now, look.on_terminal));
    let mut columns = Columns::default();
    let mut tell = |title: &str, text: &str| columns.row([format!("    {}", style.dim(title)), text.to_owned()]);
    tell("held by", &holders);
    if let Some(progress) = &waiting.progress {
        tell("says", progress);
    }
    tell("since", &when(waiting.since, now, look.on_terminal));
    tell("last sign", &when(waiting.last_sign, now, look.on_terminal));
    tell("deadline", &deadline);
    tell("then", &waiting.consequence);
    if let Some(hint) = &waiting.hint {
        tell("hint", &style.yellow(hint));
    }
    let title = format!("  {} waits for {}", style.bold(&place), what(&waiting.r#for));
    [vec![title], columns.lines()].concat()
}

fn what(awaited: &str) -> String {
    match awaited {
        "tool to start" | "tool to finish" => format!("a {awaited}"),
        "approval" => "an approval".to_owned(),
        "slot" => "its turn".to_owned(),
        "delay" => "its time".to_owned(),
        "resume" => "a resume".to_owned(),
        other => other.to_owned(),
    }
}

fn refusals(whole: &WholeRun, style: Style) -> Vec<String> {
    let refused: Vec<_> = whole.history.iter().filter(|entry| entry.name() == "refused").collect();
    let told = refused
        .iter()
        .take(REFUSALS)
        .map(|entry| format!("  {}  {}", style.red("refused"), entry.fact["message"].as_str().unwrap_or_default()));
    let mut told: Vec<_> = told.collect();
    if refused.len() > REFUSALS {
        told.push(format!("  {}  {} more", style.red("refused"), refused.len() - REFUSALS));
    }
    told
}

/// How a run ended, or else how it stands.
pub(super) fn state_word(result: Option<RunResult>, state: &str, style: Style) -> String {
    match (result, state) {
        (Some(result), _) => painted(result, style),
        (None, "finished") => "finished".to_owned(),
        (None, state) => style.yellow(words(state)),
    }
}

/// A state of the API in words.
fn words(state: &str) -> &str {
    match state {
        "started" => "running",
        "triggered" | "waiting" => "waiting",
        "waitingForApproval" => "waiting for approval",
        "timedOut" => "timed out",
        other => other,
    }
}

/// A result in its colour.
pub(super) fn painted(result: RunResult, style: Style) -> String {
    match result {
        RunResult::Pass => style.green(result.word()),
        RunResult::Warning => style.yellow(result.word()),
        RunResult::Fail | RunResult::Aborted | RunResult::TimedOut => style.red(result.word()),
    }
}

/// A number with what it counts.
pub(super) fn total(count: u64, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

#[cfg(test)]
mod tests;
