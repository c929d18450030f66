//! `capstan run list`

use jiff::Timestamp;
use serde_json::{Value, json};

use super::command::ListArgs;
use super::page::{state_word, total};
use crate::client::{Connection, Run};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::terminal::{Columns, Look, when};

/// Lists runs: those of the project that is named, or of all.
pub(super) async fn run(args: &ListArgs) -> Result<Exit, Failure> {
    let server = Connection::open(&args.server)?;
    let (now, look) = (Timestamp::now(), Look::stdout());
    if let Some(project) = args.project.given() {
        let page = server.runs(&project, args.limit, 0).await.map_err(|error| server.failure(error))?;
        args.output.print(&page.raw, || table(&page.read.runs, page.read.total, false, now, &look));
        return Ok(Exit::Success);
    }
    let projects = server.projects().await.map_err(|error| server.failure(error))?.read.projects;
    let (mut all, mut count) = (Vec::new(), 0);
    for project in &projects {
        let page = server.runs(&project.name, args.limit, 0).await.map_err(|error| server.failure(error))?;
        count += page.read.total;
        let raw = page.raw["runs"].as_array().cloned().unwrap_or_default();
        all.extend(page.read.runs.into_iter().zip(raw));
    }
    all.sort_by_key(|(run, _)| std::cmp::Reverse(run.triggered_at));
    all.truncate(usize::try_from(args.limit).unwrap_or(usize::MAX));
    let (runs, raw): (Vec<Run>, Vec<Value>) = all.into_iter().unzip();
    args.output.print(&json!({ "runs": raw, "total": count }), || table(&runs, count, true, now, &look));
    Ok(Exit::Success)
}

/// A list of runs, newest first, of so many that there are; with their projects where there may be several.
fn table(runs: &[Run], count: u64, projects: bool, now: Timestamp, look: &Look) -> String {
    if runs.is_empty() {
        return "no runs; 'capstan trigger' begins one\n".to_owned();
    }
    let titles = ["run", "when", "project", "service", "sequence", "state", "stages"];
    let wanted = |cells: [String; 7]| {
        let cells = cells.into_iter().enumerate().filter(|(at, _)| projects || *at != 2);
        cells.map(|(_, cell)| cell).collect::<Vec<_>>()
    };
    let mut columns = Columns::default();
    columns.row(wanted(titles.map(|title| look.style.dim(title))));
    for run in runs {
        let stages: Vec<_> = run.stages.iter().map(|stage| stage.name.as_str()).collect();
        columns.row(wanted([
            look.id(&run.context),
            when(run.triggered_at, now, look.on_terminal),
            run.project.clone(),
            run.service.clone(),
            run.sequence.clone(),
            state_word(run.result(), &run.state, look.style),
            stages.join(" → "),
        ]));
    }
    let mut text: String = columns.lines().iter().flat_map(|line| [look.fit(line), "\n".to_owned()]).collect();
    let older = count.saturating_sub(runs.len() as u64);
    if older > 0 {
        text.push_str(&format!("{} not shown; see --limit\n", total(older, "older run is", "older runs are")));
    }
    text
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::terminal::Style;

    #[test]
    fn runs_are_listed() {
        let run = |n: u32, state: &str, result: Option<&str>, time: &str| -> Run {
            let mut run = json!({
                "context": format!("0198f2a0-0000-7000-8000-00000000000{n}"), "project": "shop", "service": "cart",
                "sequence": "delivery", "state": state, "triggered_at": time,
                "stages": [{"name": "dev", "state": ""}, {"name": "staging", "state": ""}],
            });
            if let Some(result) = result {
                run["result"] = result.into();
            }
            serde_json::from_value(run).unwrap()
        };
        let runs = [
            run(4, "started", None, "2026-01-02T11:59:30Z"),
            run(3, "finished", Some("pass"), "2026-01-02T11:00:00Z"),
            run(2, "finished", Some("warning"), "2026-01-01T11:00:00Z"),
            run(1, "timedOut", Some("timedOut"), "2025-12-02T11:00:00Z"),
        ];
        let now = "2026-01-02T12:00:00Z".parse().unwrap();
        let look = |colour, width| Look { style: Style { colour }, on_terminal: true, width, height: 24 };
        let pipe = Look { style: Style { colour: false }, on_terminal: false, width: usize::MAX, height: usize::MAX };
        let told = [
            table(&runs, 5, false, now, &look(true, 120)),
            table(&runs, 4, true, now, &look(false, 60)),
            table(&runs, 7, true, now, &pipe),
        ];
        insta::assert_snapshot!(told.join("\n"));
    }
}
