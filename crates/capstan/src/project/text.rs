//! Projects for people.

use jiff::Timestamp;

use crate::client::{Kept, Project, ProjectPage, Retention};
use crate::terminal::{Columns, Look, when};

/// What was made.
pub(super) fn created(project: &Project) -> String {
    let stages: Vec<_> = project.stages.iter().map(|stage| stage.name.as_str()).collect();
    format!("project '{}' is there, with the stages {}\n", project.name, stages.join(", "))
}

pub(super) fn list(page: &ProjectPage, now: Timestamp, look: &Look) -> String {
    if page.projects.is_empty() {
        return "no projects; 'capstan project create' makes one\n".to_owned();
    }
    let mut columns = Columns::default();
    columns.row(["project", "created", "commit"].map(|title| look.style.dim(title)));
    for project in &page.projects {
        let commit = project.commit.as_deref().unwrap_or_default();
        columns.row([project.name.clone(), when(project.created, now, look.on_terminal), look.commit(commit)]);
    }
    lines(&columns.lines(), look)
}

pub(super) fn show(project: &Project, now: Timestamp, look: &Look) -> String {
    let style = look.style;
    let created = when(project.created, now, look.on_terminal);
    let commit = project.commit.as_deref().map(|commit| format!(", commit {}", look.commit(commit)));
    let mut all = vec![
        format!(
            "{}  {}",
            style.bold(&project.name),
            style.dim(&format!("created {created}{}", commit.unwrap_or_default()))
        ),
        String::new(),
    ];
    let mut columns = Columns::default();
    for stage in &project.stages {
        for (at, sequence) in stage.sequences.iter().enumerate() {
            let name = if at == 0 { style.bold(&stage.name) } else { String::new() };
            columns.row([format!("  {name}"), sequence.name.clone(), sequence.tasks.join(" → ")]);
        }
        if stage.sequences.is_empty() {
            columns.row([format!("  {}", style.bold(&stage.name)), style.dim("no sequences")]);
        }
    }
    all.extend(columns.lines());
    all.push(String::new());
    let services: Vec<_> = project.services.iter().map(|service| service.name.as_str()).collect();
    all.push(match services.as_slice() {
        [] => style.dim("no services are declared; a trigger may name any"),
        services => format!("services: {}", services.join(", ")),
    });
    all.extend(project.retention.as_ref().map(|retention| format!("keeps {}", kept(retention))));
    lines(&all, look)
}

/// How long what is kept, and where that is what the server says.
pub(super) fn kept(retention: &Retention) -> String {
    let words = |what: &str, kept: &Kept| {
        let long = if kept.keep == "all" { "for ever".to_owned() } else { format!("for {}", kept.keep) };
        let from = if kept.from == "server" { " (as the server says)" } else { "" };
        format!("{what} {long}{from}")
    };
    format!("{}, {}", words("runs", &retention.runs), words("evaluations", &retention.evaluations))
}

fn lines(lines: &[String], look: &Look) -> String {
    lines.iter().flat_map(|line| [look.fit(line), "\n".to_owned()]).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::terminal::Style;

    fn looks() -> [Look; 2] {
        let terminal = Look { style: Style { colour: true }, on_terminal: true, width: 60, height: 24 };
        [terminal, Look { style: Style { colour: false }, on_terminal: false, width: usize::MAX, height: usize::MAX }]
    }

    fn now() -> Timestamp {
        "2026-01-02T12:00:00Z".parse().unwrap()
    }

    #[test]
    fn projects_are_shown() {
        let project: Project = serde_json::from_value(json!({
            "name": "shop", "created": "2026-01-02T10:00:00Z", "commit": "0123456789abcdef", "shipyard": "",
            "stages": [
                {"name": "dev", "sequences": [
                    {"name": "delivery", "tasks": ["deployment", "test", "evaluation", "release"]},
                    {"name": "rollback", "tasks": ["rollback"]},
                ]},
                {"name": "production", "sequences": []},
            ],
            "services": [{"name": "cart", "created": "2026-01-02T10:00:00Z"}],
            "retention": {
                "runs": {"keep": "30d", "from": "project"}, "evaluations": {"keep": "all", "from": "server"},
            },
        }))
        .unwrap();
        let [terminal, pipe] = looks().map(|look| show(&project, now(), &look));
        insta::assert_snapshot!(format!("{terminal}\n{pipe}{}", created(&project)));
    }

    #[test]
    fn projects_are_listed() {
        let page: ProjectPage = serde_json::from_value(json!({
            "projects": [
                {"name": "shop", "created": "2026-01-02T10:00:00Z", "commit": "0123456789abcdef"},
                {"name": "warehouse", "created": "2025-12-02T10:00:00Z"},
            ],
            "total": 2,
        }))
        .unwrap();
        let [terminal, pipe] = looks().map(|look| list(&page, now(), &look));
        insta::assert_snapshot!(format!("{terminal}\n{pipe}"));
    }
}
