//! What the names of metrics tell.

use super::proposal::Unit;

/// What the words of a name add to or take from the belief that it is about requests to the service itself.
const WEIGHTS: [(&[&str], i32); 4] = [
    (&["http", "https", "grpc", "rpc", "graphql"], 4),
    (&["request", "requests", "rq", "response", "responses", "handling", "handled"], 3),
    (&["server", "downstream", "ingress"], 1),
    // Requests that the service sends, what it does for itself, and the page with its metrics.
    (
        &[
            "client",
            "upstream",
            "outgoing",
            "outbound",
            "remote",
            "notification",
            "notifications",
            "promhttp",
            "scrape",
            "gc",
            "dns",
            "sql",
            "db",
            "jdbc",
            "hikaricp",
            "redis",
            "kafka",
            "cache",
            "dialer",
            "sd",
            "tsdb",
            "aborted",
            "active",
        ],
        -10,
    ),
];

/// From here on a name is taken to be about requests: one word that says so, and none against it.
pub(super) const REQUESTS: i32 = 3;

/// The words of a name in lower case: `http_requestsTotal` has `http`, `requests` and `total`.
pub(super) fn words(name: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut lower_before = false;
    for char in name.chars() {
        if !char.is_alphanumeric() || (lower_before && char.is_uppercase()) {
            words.extend(Some(std::mem::take(&mut word)).filter(|word| !word.is_empty()));
        }
        lower_before = char.is_lowercase();
        if char.is_alphanumeric() {
            word.extend(char.to_lowercase());
        }
    }
    words.extend(Some(word).filter(|word| !word.is_empty()));
    words
}

/// Whether one of `wanted` is among `words`.
pub(super) fn any(words: &[String], wanted: &[&str]) -> bool {
    words.iter().any(|word| wanted.contains(&word.as_str()))
}

/// How much speaks for a name being about requests to the service; see [`REQUESTS`].
pub(super) fn about_requests(name: &str) -> i32 {
    let words = words(name);
    WEIGHTS.iter().filter(|(wanted, _)| any(&words, wanted)).map(|(_, weight)| weight).sum()
}

/// The unit of time in a name; [`Unit::None`] where it tells a time but no unit, nothing where it tells no time.
pub(super) fn time_unit(name: &str) -> Option<Unit> {
    let words = words(name);
    let units: [(&[&str], Unit); 4] = [
        (&["milliseconds", "millisecond", "millis", "msec", "ms"], Unit::Milliseconds),
        (&["microseconds", "microsecond", "micros", "usec", "us"], Unit::Microseconds),
        (&["nanoseconds", "nanosecond", "nanos", "ns"], Unit::Nanoseconds),
        (&["seconds", "second", "secs", "sec"], Unit::Seconds),
    ];
    let unit = units.iter().find(|(names, _)| any(&words, names)).map(|(_, unit)| *unit);
    let time = ["duration", "durations", "latency", "latencies", "time", "elapsed"];
    unit.or_else(|| any(&words, &time).then_some(Unit::None))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_have_words() {
        assert_eq!(words("http_requestsTotal.p95"), ["http", "requests", "total", "p95"]);
        assert_eq!(words("__HTTP  é-Rate_"), ["http", "é", "rate"]);
        assert!(words("").is_empty());
    }

    #[test]
    fn requests_to_the_service_are_told_from_others() {
        for name in [
            "http_request_duration_seconds",
            "http_server_requests_seconds",
            "grpc_server_handling_seconds",
            "http_response_time_milliseconds",
            "istio_request_duration_milliseconds",
            "apiserver_request_total",
            "prometheus_http_requests_total",
            "haproxy_frontend_http_responses_total",
            "rpc_server_duration",
        ] {
            assert!(about_requests(name) >= REQUESTS, "{name}");
        }
        for name in [
            "promhttp_metric_handler_requests_total",
            "rest_client_requests_total",
            "http_client_duration_milliseconds",
            "go_gc_duration_seconds",
            "prometheus_tsdb_compaction_duration_seconds",
            "process_cpu_seconds_total",
            "alertmanager_notification_requests_total",
            "redis_request_duration_seconds",
            "queries_total",
        ] {
            assert!(about_requests(name) < REQUESTS, "{name}");
        }
    }

    #[test]
    fn names_tell_units_of_time() {
        for (name, unit) in [
            ("http_request_duration_seconds", Some(Unit::Seconds)),
            ("http_response_time_milliseconds", Some(Unit::Milliseconds)),
            ("latency_us", Some(Unit::Microseconds)),
            ("responseTimeMs", Some(Unit::Milliseconds)),
            ("took_ns", Some(Unit::Nanoseconds)),
            ("envoy_http_downstream_rq_time", Some(Unit::None)),
            ("http_response_size_bytes", None),
        ] {
            assert_eq!(time_unit(name), unit, "{name}");
        }
    }
}
