//! Queries that v1 makes.

use std::collections::BTreeMap;

use capstan_tools::sli::Scope;
use capstan_tools::sli::prometheus::Queries;
use jiff::Timestamp;
use serde::Deserialize;

#[derive(Deserialize)]
struct Fixture {
    vectors: Vec<Vector>,
}

#[derive(Deserialize)]
struct Vector {
    indicator: String,
    template: String,
    filters: Vec<(String, String)>,
    labels: BTreeMap<String, String>,
    deployment: String,
    start: String,
    end: String,
    query: String,
}

/// Where the query is meant to be another one than that of v1: what v1 makes, what is made here, and why.
const DEVIATIONS: [(&str, &str, &str); 1] = [(
    "sum(rate(http_requests_total{job='carts-sockshop-staging-canary',handler!=Health}[600s]))",
    "sum(rate(http_requests_total{job='carts-sockshop-staging-canary',handler!='Health'}[600s]))",
    "v1 puts a filter with an operator in as it is: without quotes Prometheus refuses the query",
)];

fn time(text: &str) -> Timestamp {
    text.parse().unwrap_or_else(|_| Timestamp::from_second(text.parse().unwrap()).unwrap())
}

#[test]
fn queries_are_those_of_v1() {
    let fixture: Fixture = serde_json::from_str(include_str!("../fixtures/prometheus-queries.json")).unwrap();
    assert_eq!(fixture.vectors.len(), 11);
    let mut deviations = 0;
    for vector in fixture.vectors {
        let scope = Scope {
            project: "sockshop".to_owned(),
            stage: "staging".to_owned(),
            service: "carts".to_owned(),
            deployment: Some(vector.deployment),
            labels: vector.labels,
            filters: vector.filters.into_iter().collect(),
            start: time(&vector.start),
            end: time(&vector.end),
        };
        let deviation = DEVIATIONS.iter().find(|(v1, _, _)| *v1 == vector.query);
        deviations += usize::from(deviation.is_some());
        let expected = deviation.map_or(vector.query.as_str(), |(_, meant, _)| *meant);
        let query = Queries::new(&scope).render(&vector.indicator, Some(&vector.template)).unwrap();
        assert_eq!(query, expected);
    }
    assert_eq!(deviations, DEVIATIONS.len());
}
