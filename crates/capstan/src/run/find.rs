//! The run that somebody means.

use crate::client::{ClientError, Connection, Run};
use crate::failure::Failure;

/// How many runs of a project are looked through for a piece of a context, the newest first.
const REACH: u64 = 5_000;
/// How many are asked for at once.
const PAGE: u64 = 500;
/// The length of a whole context.
const WHOLE: usize = 36;
/// How many of several are named.
const NAMED: usize = 5;

/// Project and context of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) project: String,
    pub(super) context: String,
}

/// Looks for a run: in the project that is named, or else in all.
pub(super) async fn find(server: &Connection, project: Option<String>, run: &str) -> Result<Found, Failure> {
    let named = project.clone();
    let projects = if let Some(project) = project {
        vec![project]
    } else {
        let all = server.projects().await.map_err(|error| server.failure(error))?;
        all.read.projects.into_iter().map(|project| project.name).collect()
    };
    if run.len() == WHOLE && !run.contains('…') {
        return whole(server, &projects, named.as_deref(), run).await;
    }
    let mut candidates = Vec::new();
    for project in &projects {
        let mut offset = Some(0);
        while let Some(from) = offset.filter(|from| *from < REACH) {
            let limit = if run == "latest" { 1 } else { PAGE };
            let page = server.runs(project, limit, from).await.map_err(|error| server.failure(error))?.read;
            offset = page.next_offset.filter(|_| run != "latest");
            candidates.extend(page.runs);
        }
    }
    pick(candidates, run, named.as_deref())
}

async fn whole(server: &Connection, projects: &[String], named: Option<&str>, context: &str) -> Result<Found, Failure> {
    for project in projects {
        match server.run(project, context).await {
            Ok(_) => return Ok(Found { project: project.clone(), context: context.to_owned() }),
            // A project that is named tells itself what it lacks.
            Err(ClientError::Refused(problem)) if problem.status == 404 && named.is_none() => {}
            Err(error) => return Err(server.failure(error)),
        }
    }
    Err(unknown(context, named))
}

/// The run among these that is meant.
fn pick(mut candidates: Vec<Run>, run: &str, named: Option<&str>) -> Result<Found, Failure> {
    let found = |run: &Run| Found { project: run.project.clone(), context: run.context.clone() };
    if run == "latest" {
        let latest = candidates.iter().max_by_key(|run| run.triggered_at);
        return latest.map(found).ok_or_else(|| {
            let of = named.map_or_else(|| "there are".to_owned(), |project| format!("project '{project}' has"));
            Failure::with_help(format!("{of} no runs yet"), "'capstan trigger' begins one")
        });
    }
    let piece = run.trim_start_matches('…');
    candidates.retain(|run| run.context.starts_with(piece) || run.context.ends_with(piece));
    match candidates.as_slice() {
        [one] if !piece.is_empty() => Ok(found(one)),
        [] => Err(unknown(run, named)),
        several => {
            let named: Vec<_> = several.iter().take(NAMED).map(|run| run.context.as_str()).collect();
            let more = several.len().saturating_sub(NAMED);
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            Err(Failure::with_help(
                format!("'{run}' may be any of {} runs", several.len()),
                format!("write more of the context: {}{more}", named.join(", ")),
            ))
        }
    }
}

fn unknown(run: &str, named: Option<&str>) -> Failure {
    let message = match named {
        Some(project) => format!("project '{project}' has no run '{run}'"),
        None => format!("no project has a run '{run}'"),
    };
    Failure::with_help(message, "'capstan run list' shows the runs; 'latest' is the last that was triggered")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn runs() -> Vec<Run> {
        ["0198-aaaa", "0198-aabb", "0198-ccbb"]
            .iter()
            .zip(["10:00", "12:00", "11:00"])
            .map(|(context, time)| {
                serde_json::from_value(json!({
                    "context": context, "project": "p", "service": "s", "sequence": "d", "state": "finished",
                    "triggered_at": format!("2026-01-02T{time}:00Z"),
                }))
                .unwrap()
            })
            .collect()
    }

    fn told(run: &str) -> String {
        match pick(runs(), run, None) {
            Ok(found) => found.context,
            Err(Failure::Plain { message, .. }) => message,
            Err(other) => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_piece_is_enough_where_it_fits_one() {
        for (run, expected) in [
            ("latest", "0198-aabb"),
            ("…aaaa", "0198-aaaa"),
            ("0198-c", "0198-ccbb"),
            ("bb", "'bb' may be any of 2 runs"),
            ("", "'' may be any of 3 runs"),
            ("…", "'…' may be any of 3 runs"),
            ("aab", "no project has a run 'aab'"),
        ] {
            assert_eq!(told(run), expected);
        }
        assert!(pick(Vec::new(), "latest", Some("p")).is_err());
    }
}
