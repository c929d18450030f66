//! Finds the series of a service in a Prometheus.

use std::collections::BTreeSet;
use std::time::Duration;

use capstan_model::diagnostic::did_you_mean;
use tokio::time::Instant;

use super::api::Api;
use super::catalog::{Series, Types};
use super::proposal::{Kind, Proposal, Unit};
use super::propose::{further, propose};
use super::selector::{Selector, verbatim};
use crate::sli::prometheus::PrometheusSource;
use crate::sli::{Failure, Scope};

/// Labels that may hold the name of a service, in the order in which they are tried.
const LABELS: [&str; 17] = [
    "job",
    "service",
    "app",
    "service_name",
    "app_kubernetes_io_name",
    "application",
    "container",
    "deployment",
    "exported_job",
    "exported_service",
    "app_kubernetes_io_instance",
    "kubernetes_name",
    "container_name",
    "workload",
    "destination_service_name",
    "destination_workload",
    "component",
];

/// Values of `job` that Keptn v1 gives a service, where project and stage are known.
const JOBS: [&str; 3] =
    ["$SERVICE-$PROJECT-$STAGE", "$SERVICE-$PROJECT-$STAGE-primary", "$SERVICE-$PROJECT-$STAGE-canary"];

/// Labels that may hold the name of a stage.
const STAGE_LABELS: [&str; 4] = ["stage", "namespace", "env", "environment"];

/// What was found on a service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Which series belong to the service.
    pub selector: Selector,
    /// The same without placeholders.
    pub matched: String,
    /// How many series there are; each classic histogram counts as one bucket.
    pub series: usize,
    /// The jobs of these series, where the service is only part of the name of a job.
    pub jobs: Vec<String>,
    /// What can be measured; at least one thing.
    pub proposals: Vec<Proposal>,
    /// Names of metrics that measure times and are not used.
    pub further: Vec<String>,
}

/// Why nothing was found.
#[derive(Debug, thiserror::Error)]
pub enum SearchError {
    /// The server could not be asked.
    #[error("{}", .0.message)]
    Source(Failure),
    /// No series has a label that tells the service.
    #[error("no series of the last hour belongs to the service '{service}': tried the labels {}", .tried.join(", "))]
    NoSeries {
        /// The service.
        service: String,
        /// Labels that do not have just that value, and matchers of other values that matched nothing.
        tried: Vec<String>,
        /// The values of the label `job`, in their order.
        jobs: Vec<String>,
        /// The value that was probably meant.
        meant: Option<String>,
    },
    /// There are series, but none that tells how well the service works.
    #[error("{selector} has {count} series, but none of requests, processor time or memory that is known")]
    NothingKnown {
        /// The selector, as the server got it.
        selector: String,
        /// How many series.
        count: usize,
        /// Names of the metrics, in their order.
        metrics: Vec<String>,
    },
}

impl From<Failure> for SearchError {
    fn from(failure: Failure) -> Self {
        Self::Source(failure)
    }
}

/// Looks in `source` for the series of the service of `scope` in the hour before the end of its window.
///
/// A label that holds the service and leads to series of requests wins over one that leads to others alone; of several
/// the first in a fixed order. Only where none holds it, a job is taken whose name contains that of the service. Where a
/// label tells the stage of `scope`, series of other stages are left out. Needs a tokio runtime with I/O and time.
pub async fn search(source: &PrometheusSource, scope: &Scope, patience: Duration) -> Result<Found, SearchError> {
    let api = Api::new(source, scope, Instant::now() + patience);
    let mut types: Option<Types> = None;
    let mut second: Option<Found> = None;
    let mut unknown: Option<(Selector, Vec<Series>)> = None;
    let jobs = if scope.project.is_empty() || scope.stage.is_empty() { &[][..] } else { &JOBS };
    let labels = LABELS.iter().map(|label| Selector::equal(label, "$SERVICE"));
    for selector in labels.chain(jobs.iter().map(|job| Selector::equal("job", job))) {
        let series = api.series(&selector).await?;
        if series.is_empty() {
            continue;
        }
        let (selector, series) = of_stage(selector, series, &api, scope)?;
        let types = match &mut types {
            Some(types) => types,
            none => none.insert(api.types().await),
        };
        match found(&api, &selector, &series, types)? {
            Some(found) if found.has_requests() => return Ok(found),
            found => second = second.or(found),
        }
        unknown.get_or_insert((selector, series));
    }
    if let Some(found) = second {
        return Ok(found);
    }
    if let Some((selector, series)) = unknown {
        return Err(nothing_known(&api, &selector, &series)?);
    }
    in_names_of_jobs(&api, scope, jobs).await
}

/// Takes the jobs whose name contains that of the service.
async fn in_names_of_jobs(api: &Api<'_>, scope: &Scope, tried: &[&str]) -> Result<Found, SearchError> {
    let service = &scope.service;
    let pattern = verbatim(service);
    // What has to be escaped cannot be left to a placeholder.
    let name = if pattern == *service { "$SERVICE" } else { &pattern };
    let selector = Selector::matches("job", &format!(".*{name}.*"));
    let series = api.series(&selector).await?;
    if series.is_empty() {
        let mut labels: Vec<_> = LABELS.map(str::to_owned).into();
        for job in tried {
            labels.push(api.render(&Selector::equal("job", job).to_string())?);
        }
        labels.push(api.render(&selector.to_string())?);
        let jobs = api.jobs().await.unwrap_or_default();
        let meant = did_you_mean(service, jobs.iter().map(String::as_str)).map(str::to_owned);
        return Err(SearchError::NoSeries { service: service.clone(), tried: labels, jobs, meant });
    }
    let jobs: BTreeSet<_> = series.iter().map(|series| series.label("job").to_owned()).collect();
    let jobs: Vec<_> = jobs.into_iter().collect();
    let selector = match jobs.as_slice() {
        [job] => Selector::equal("job", &with_placeholder(job, service)),
        _ => selector,
    };
    let (selector, series) = of_stage(selector, series, api, scope)?;
    match found(api, &selector, &series, &api.types().await)? {
        Some(found) => Ok(Found { jobs, ..found }),
        None => Err(nothing_known(api, &selector, &series)?),
    }
}

/// `job` with a placeholder for the service, where that is a part of it and not just some letters.
fn with_placeholder(job: &str, service: &str) -> String {
    let parts = job.split_once(service).filter(|(before, behind)| {
        !before.ends_with(char::is_alphanumeric) && !behind.starts_with(char::is_alphanumeric)
    });
    parts.map_or_else(|| job.to_owned(), |(before, behind)| format!("{before}$SERVICE{behind}"))
}

/// Those of `series` that belong to the stage, where a label tells it.
fn of_stage(
    selector: Selector,
    mut series: Vec<Series>,
    api: &Api<'_>,
    scope: &Scope,
) -> Result<(Selector, Vec<Series>), Failure> {
    if scope.stage.is_empty() {
        return Ok((selector, series));
    }
    let templates = if scope.project.is_empty() { &["$STAGE"][..] } else { &["$STAGE", "$PROJECT-$STAGE"] };
    for label in STAGE_LABELS {
        // One that some of the series lack tells something else.
        if series.iter().any(|series| series.label(label).is_empty()) {
            continue;
        }
        for template in templates {
            let value = api.render(template)?;
            if series.iter().any(|series| series.label(label) == value) {
                series.retain(|series| series.label(label) == value);
                return Ok((selector.and_equal(label, template), series));
            }
        }
    }
    Ok((selector, series))
}

fn found(api: &Api<'_>, selector: &Selector, series: &[Series], types: &Types) -> Result<Option<Found>, Failure> {
    let proposals = propose(series, types, selector);
    if proposals.is_empty() {
        return Ok(None);
    }
    Ok(Some(Found {
        matched: api.render(&selector.to_string())?,
        selector: selector.clone(),
        series: series.len(),
        jobs: Vec::new(),
        further: further(series, types, &proposals),
        proposals,
    }))
}

fn nothing_known(api: &Api<'_>, selector: &Selector, series: &[Series]) -> Result<SearchError, Failure> {
    let metrics: BTreeSet<_> = series.iter().map(|series| series.name().to_owned()).collect();
    let metrics = metrics.into_iter().collect();
    Ok(SearchError::NothingKnown { selector: api.render(&selector.all())?, count: series.len(), metrics })
}

impl Found {
    /// Whether there is something about requests.
    fn has_requests(&self) -> bool {
        let of_requests = |proposal: &Proposal| {
            let kinds = matches!(proposal.kind, Kind::Latency | Kind::Median | Kind::ErrorRate(_));
            kinds || proposal.unit == Unit::PerSecond
        };
        self.proposals.iter().any(of_requests)
    }
}

#[cfg(test)]
#[path = "search_tests.rs"]
mod tests;
