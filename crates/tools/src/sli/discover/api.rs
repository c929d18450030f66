//! What a Prometheus tells about its series.

use std::collections::BTreeMap;
use std::time::Duration;

use capstan_model::event::sli::MissingReason;
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use tokio::time::{Instant, timeout_at};

use super::catalog::{MetricType, Series, Types};
use super::selector::Selector;
use crate::sli::prometheus::{PrometheusSource, Queries, seconds};
use crate::sli::{Failure, Scope};

/// How far back series are looked for: a service that had no load for some minutes has them still.
const HISTORY: SignedDuration = SignedDuration::from_hours(1);
/// How many series are asked for. With some hundred bytes each they stay below what is read of an answer.
const SERIES: usize = 10_000;
/// How many values of a label are asked for.
const VALUES: usize = 1000;
/// How long one answer may take.
const PATIENCE: Duration = Duration::from_secs(15);
/// Labels that are kept where only a summary of the series can be had: those that proposals are made of.
const KEPT: &str = "__name__,job,quantile,area,jvm_memory_type,code,status,status_code,http_response_status_code,\
                    http_status_code,http_status,response_code,statuscode,statusCode,grpc_code,grpc_status,\
                    rpc_grpc_status_code,rpc_response_status_code,grpc_response_status,stage,namespace,env,environment";

/// A server, asked about one service.
pub(super) struct Api<'a> {
    source: &'a PrometheusSource,
    queries: Queries,
    start: String,
    end: String,
    deadline: Instant,
}

#[derive(Deserialize)]
struct Envelope<T> {
    data: Option<T>,
    error: Option<String>,
}

#[derive(Deserialize)]
struct Metadata {
    #[serde(rename = "type")]
    kind: String,
}

#[derive(Deserialize)]
struct Vector {
    result: Vec<Sample>,
}

#[derive(Deserialize)]
struct Sample {
    metric: Series,
}

impl<'a> Api<'a> {
    /// Gets ready to ask `source` about the service of `scope`, in the hour before the end of its window.
    pub(super) fn new(source: &'a PrometheusSource, scope: &Scope, deadline: Instant) -> Self {
        let start = scope.end.checked_sub(HISTORY).unwrap_or(Timestamp::MIN);
        Self { source, queries: Queries::new(scope), start: seconds(start), end: seconds(scope.end), deadline }
    }

    /// `template` with its placeholders replaced, as they will be for a gate.
    pub(super) fn render(&self, template: &str) -> Result<String, Failure> {
        self.queries.render("", Some(template))
    }

    /// The series that `selector` selects; of a classic histogram only the bucket `+Inf`, as the others tell no more.
    ///
    /// Where there are more than can be told one by one, only one of those that differ in no label that matters.
    pub(super) async fn series(&self, selector: &Selector) -> Result<Vec<Series>, Failure> {
        let all = self.render(&selector.and_matches("le", "|[+]Inf").all())?;
        let limit = SERIES.to_string();
        let parameters = [("match[]", all.as_str()), ("start", &self.start), ("end", &self.end), ("limit", &limit)];
        let series = match self.get::<Vec<Series>>("series", &parameters).await {
            Ok(series) if series.len() < SERIES => return Ok(series),
            // It may be too much for the server as well, which says so in words of its own.
            Err(failure) if failure.reason != MissingReason::QueryError => return Err(failure),
            other => other,
        };
        let query = format!("count by (le,{KEPT}) ({all})");
        let grouped = self.get::<Vector>("query", &[("query", &query), ("time", &self.end)]).await;
        grouped.map(|vector| vector.result.into_iter().map(|sample| sample.metric).collect()).or(series)
    }

    /// The values of the label `job`, in their order.
    pub(super) async fn jobs(&self) -> Result<Vec<String>, Failure> {
        let limit = VALUES.to_string();
        let parameters = [("start", self.start.as_str()), ("end", &self.end), ("limit", &limit)];
        self.get("label/job/values", &parameters).await
    }

    /// Types of all metrics; none where the server does not tell them.
    pub(super) async fn types(&self) -> Types {
        let metadata = self.get::<BTreeMap<String, Vec<Metadata>>>("metadata", &[("limit_per_metric", "1")]).await;
        let known = |(name, metadata): (String, Vec<Metadata>)| {
            let kind = match metadata.first()?.kind.as_str() {
                "counter" => MetricType::Counter,
                "gauge" => MetricType::Gauge,
                "histogram" => MetricType::Histogram,
                "summary" => MetricType::Summary,
                _ => return None,
            };
            Some((name, kind))
        };
        metadata.unwrap_or_default().into_iter().filter_map(known).collect()
    }

    async fn get<T: DeserializeOwned>(&self, path: &str, parameters: &[(&str, &str)]) -> Result<T, Failure> {
        let until = self.deadline.min(Instant::now() + PATIENCE);
        let late = |_| {
            let message = format!("{} did not answer {path} in time", self.source.address());
            Failure::new(MissingReason::Timeout, message)
        };
        let body = timeout_at(until, self.source.get(path, parameters)).await.map_err(late)??;
        let other = |what: &str| {
            let message = format!("{} answered {path} with {what}", self.source.address());
            Failure::new(MissingReason::Transport, message)
        };
        let envelope: Envelope<T> =
            serde_json::from_slice(&body).map_err(|_| other("something else than JSON of a Prometheus"))?;
        envelope.data.ok_or_else(|| match envelope.error {
            Some(error) => Failure::new(MissingReason::QueryError, error.replace(char::is_control, " ")),
            None => other("no data"),
        })
    }
}
