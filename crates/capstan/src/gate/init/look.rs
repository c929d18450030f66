//! Asks the source.

use capstan_model::event::sli::MissingReason;
use capstan_model::timeframe::{self, Window};
use capstan_tools::sli::discover::{self, Found, Measured, SearchError};
use capstan_tools::sli::{FileFormat, Limits, Scope, Source, Target};
use jiff::Timestamp;

use super::InitArgs;
use super::draft::{Draft, Server, indicators};
use crate::failure::{Failure, reason};
use crate::terminal::Progress;

/// Most names that an error lists.
const LISTED: usize = 20;

/// Looks at the source at the moment `now`: what it has, and the present values.
pub(super) async fn look(args: &InitArgs, now: Timestamp, progress: &Progress) -> Result<Draft, Failure> {
    let window = timeframe::resolve("", "", "", now).map_err(|error| Failure::plain(error.to_string()))?;
    let scope = scope(args, window);
    let environment = |name: &str| std::env::var(name).ok();
    let source = Source::open(&args.source, &environment).map_err(|error| Failure::plain(error.to_string()))?;
    let limits = Limits::default();
    let mut server = None;
    let proposals = match (&source, &args.source.target) {
        (Source::Prometheus(prometheus), _) => {
            progress.waiting(&format!("looking for '{}' in {}", args.service, args.source.name));
            let found = discover::search(prometheus, &scope, limits.deadline).await;
            let Found { matched, series, jobs, proposals, further, .. } =
                found.map_err(|error| not_found(args, error))?;
            server = Some(Server { matched, series, jobs, further });
            proposals
        }
        (Source::File(file), Target::File { format, path }) => discover::from_file(file, *format, path)
            .map_err(|error| Failure::plain(format!("cannot read '{}': {}", path.display(), reason(&error))))?,
        (Source::File(_), Target::Prometheus(_)) => Vec::new(),
    };
    progress.begin(proposals.len() as u64, "values");
    let mut measured =
        discover::measure(&args.source.name, source, proposals, &scope, &limits, &|_| progress.advance()).await;
    if server.is_none() {
        // What a file does not hold now it will hardly hold next time; a server may only lack requests.
        measured.retain(|measured| measured.outcome.is_ok());
    }
    let failure = nothing_to_judge(args, &measured);
    let indicators = indicators(measured).ok_or(failure)?;
    Ok(Draft { source: args.source.clone(), service: args.service.clone(), time: now, server, indicators })
}

fn scope(args: &InitArgs, window: Window) -> Scope {
    Scope {
        project: args.project.clone(),
        stage: args.stage.clone(),
        service: args.service.clone(),
        deployment: None,
        labels: std::collections::BTreeMap::new(),
        filters: std::collections::BTreeMap::new(),
        start: window.start,
        end: window.end,
    }
}

fn not_found(args: &InitArgs, error: SearchError) -> Failure {
    let name = &args.source.name;
    let message = format!("source '{name}': {error}");
    match error {
        SearchError::Source(failure) => {
            Failure::plain(format!("source '{name}' ({}): {}", failure.reason.words(), failure.message))
        }
        SearchError::NoSeries { jobs, .. } if jobs.is_empty() => {
            Failure::with_help(message, "the label 'job' has no values there either: does the server scrape anything?")
        }
        SearchError::NoSeries { jobs, meant, .. } => {
            let meant = meant.map(|meant| format!("did you mean '--service {meant}'? ")).unwrap_or_default();
            Failure::with_help(message, format!("{meant}the values of 'job' are: {}", listed(&jobs)))
        }
        SearchError::NothingKnown { metrics, .. } => {
            let help = format!("write sli.yaml by hand; the metrics are: {}", listed(&metrics));
            Failure::with_help(message, help)
        }
    }
}

fn nothing_to_judge(args: &InitArgs, measured: &[Measured]) -> Failure {
    let name = &args.source.name;
    match &args.source.target {
        Target::Prometheus(_) => {
            let outcomes = || measured.iter().map(|measured| &measured.outcome);
            let unheard =
                |reason| matches!(reason, MissingReason::Transport | MissingReason::Login | MissingReason::Timeout);
            let broken =
                outcomes().find_map(|outcome| outcome.as_ref().err().filter(|failure| unheard(failure.reason)));
            if let Some(failure) = broken {
                let message = format!("source '{name}' ({}): {}", failure.reason.words(), failure.message);
                return Failure::plain(message);
            }
            let message = format!(
                "source '{name}' has series of '{}', but in the last hour no values that limits can be told from",
                args.service
            );
            Failure::with_help(message, "send the service some requests, wait for two scrapes, and try again")
        }
        Target::File { format: FileFormat::Json, path } => Failure::with_help(
            format!("'{}' has no numbers on its top level that limits can be told from", path.display()),
            "write sli.yaml by hand: the query of an indicator is a path such as a.b[0]",
        ),
        Target::File { path, .. } => Failure::with_help(
            format!("'{}' has no values that limits can be told from", path.display()),
            "check that the test has run",
        ),
    }
}

/// The first of `names`, and how many more there are.
fn listed(names: &[String]) -> String {
    let shown: Vec<_> = names.iter().take(LISTED).map(|name| name.replace(char::is_control, " ")).collect();
    match names.len().saturating_sub(LISTED) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}
