use super::*;

/// Series in the notation of an exposition: `name{label="value",…}`, one a line.
fn series(text: &str) -> Vec<Series> {
    let one = |line: &str| {
        let (name, labels) = line.trim().trim_end_matches('}').split_once('{').unwrap_or((line.trim(), ""));
        let labels = labels.split(',').filter(|label| !label.is_empty()).map(|label| {
            let (name, value) = label.split_once('=').unwrap();
            (name.to_owned(), value.trim_matches('"').to_owned())
        });
        Series(labels.chain([("__name__".to_owned(), name.to_owned())]).collect())
    };
    text.lines().filter(|line| !line.trim().is_empty()).map(one).collect()
}

fn proposed(text: &str, types: &[(&str, MetricType)]) -> Vec<Proposal> {
    let types = types.iter().map(|(name, kind)| ((*name).to_owned(), *kind)).collect();
    propose(&series(text), &types, &Selector::equal("job", "$SERVICE"))
}

/// Indicators with their queries; the selector and the window are cut short.
fn queries(text: &str) -> Vec<String> {
    lines(&proposed(text, &[]))
}

fn lines(proposals: &[Proposal]) -> Vec<String> {
    let short = |query: &str| query.replace("job=\"$SERVICE\"", "S").replace("[$DURATION_SECONDS]", "[D]");
    proposals.iter().map(|proposal| format!("{}: {}", proposal.indicator, short(&proposal.query))).collect()
}

#[track_caller]
fn check(text: &str, expected: &[&str]) {
    assert_eq!(queries(text), expected, "{text}");
}

#[test]
fn a_histogram_and_a_counter() {
    let text = r#"
        up{}
        http_request_duration_seconds_bucket{le="+Inf",handler="/"}
        http_request_duration_seconds_sum{handler="/"}
        http_request_duration_seconds_count{handler="/"}
        http_response_size_bytes_bucket{le="+Inf"}
        http_response_size_bytes_sum
        http_response_size_bytes_count
        http_requests_total{code="200"}
        http_requests_total{code="404"}
        promhttp_metric_handler_requests_total{code="200"}
        process_cpu_seconds_total
        process_resident_memory_bytes
        go_memstats_heap_inuse_bytes"#;
    check(
        text,
        &[
            "response_time_p95: histogram_quantile(0.95, sum by (le) (rate(http_request_duration_seconds_bucket{S}[D])))",
            "response_time_p50: histogram_quantile(0.5, sum by (le) (rate(http_request_duration_seconds_bucket{S}[D])))",
            r#"error_rate: 100 * (sum(rate(http_requests_total{S,code=~"5.."}[D])) or vector(0)) / sum(rate(http_requests_total{S}[D]))"#,
            "throughput: sum(rate(http_requests_total{S}[D]))",
            "cpu: sum(rate(process_cpu_seconds_total{S}[D]))",
            "memory: avg(avg_over_time(process_resident_memory_bytes{S}[D]))",
            "heap: avg(avg_over_time(go_memstats_heap_inuse_bytes{S}[D]))",
        ],
    );
    let kinds: Vec<_> = proposed(text, &[]).into_iter().map(|proposal| (proposal.kind, proposal.unit)).collect();
    assert_eq!(
        kinds,
        [
            (Kind::Latency, Unit::Seconds),
            (Kind::Median, Unit::Seconds),
            (Kind::ErrorRate(Scale::Percent), Unit::Percent),
            (Kind::Information, Unit::PerSecond),
            (Kind::Resource, Unit::Cores),
            (Kind::Resource, Unit::Bytes),
            (Kind::Information, Unit::Bytes),
        ]
    );
}

#[test]
fn libraries_name_their_metrics_in_their_own_ways() {
    // Spring Boot without buckets: status on the histogram's own count.
    check(
        r#"
        http_server_requests_seconds_count{status="200",uri="/"}
        http_server_requests_seconds_sum{status="200",uri="/"}
        http_server_requests_seconds_max{status="200",uri="/"}
        http_client_requests_seconds_count{status="200"}
        http_client_requests_seconds_sum{status="200"}
        jvm_memory_used_bytes{area="heap",id="G1 Eden Space"}
        jvm_memory_used_bytes{area="nonheap",id="Metaspace"}
        process_cpu_usage"#,
        &[
            "response_time_avg: sum(rate(http_server_requests_seconds_sum{S}[D])) / sum(rate(http_server_requests_seconds_count{S}[D]))",
            r#"error_rate: 100 * (sum(rate(http_server_requests_seconds_count{S,status=~"5.."}[D])) or vector(0)) / sum(rate(http_server_requests_seconds_count{S}[D]))"#,
            "throughput: sum(rate(http_server_requests_seconds_count{S}[D]))",
            "cpu: avg(avg_over_time(process_cpu_usage{S}[D]))",
            r#"heap: avg(sum by (instance) (avg_over_time(jvm_memory_used_bytes{S,area="heap"}[D])))"#,
        ],
    );
    // OpenTelemetry, with a name that older servers cannot have.
    check(
        r#"
        http.server.request.duration_seconds_bucket{le="+Inf",http.response.status_code="200"}
        http.server.request.duration_seconds_count{http.response.status_code="200"}"#,
        &[
            r#"response_time_p95: histogram_quantile(0.95, sum by (le) (rate({"http.server.request.duration_seconds_bucket",S}[D])))"#,
            r#"response_time_p50: histogram_quantile(0.5, sum by (le) (rate({"http.server.request.duration_seconds_bucket",S}[D])))"#,
            r#"error_rate: 100 * (sum(rate({"http.server.request.duration_seconds_count",S,"http.response.status_code"=~"5.."}[D])) or vector(0)) / sum(rate({"http.server.request.duration_seconds_count",S}[D]))"#,
            r#"throughput: sum(rate({"http.server.request.duration_seconds_count",S}[D]))"#,
        ],
    );
    // gRPC: the counter of ended calls has the status, the one of started calls has not.
    check(
        r#"
        grpc_server_started_total{grpc_method="Pay"}
        grpc_server_handled_total{grpc_method="Pay",grpc_code="OK"}
        grpc_server_msg_received_total{grpc_method="Pay"}"#,
        &[
            r#"error_rate: 100 * (sum(rate(grpc_server_handled_total{S,grpc_code=~"(?i:unknown|deadline_?exceeded|unimplemented|internal|unavailable|data_?loss)"}[D])) or vector(0)) / sum(rate(grpc_server_handled_total{S}[D]))"#,
            "throughput: sum(rate(grpc_server_handled_total{S}[D]))",
        ],
    );
    check(
        r#"
        rpc_server_duration_milliseconds_count{rpc_grpc_status_code="0"}
        rpc_server_duration_milliseconds_sum{rpc_grpc_status_code="0"}
        rpc_server_duration_milliseconds_max"#,
        &[
            "response_time_avg: sum(rate(rpc_server_duration_milliseconds_sum{S}[D])) / sum(rate(rpc_server_duration_milliseconds_count{S}[D]))",
            r#"error_rate: 100 * (sum(rate(rpc_server_duration_milliseconds_count{S,rpc_grpc_status_code=~"2|4|12|13|14|15"}[D])) or vector(0)) / sum(rate(rpc_server_duration_milliseconds_count{S}[D]))"#,
            "throughput: sum(rate(rpc_server_duration_milliseconds_count{S}[D]))",
        ],
    );
}

#[test]
fn a_summary_has_the_quantiles_that_it_has() {
    check(
        r#"
        http_request_duration_milliseconds{quantile="0.5"}
        http_request_duration_milliseconds{quantile="0.9"}
        http_request_duration_milliseconds{quantile="0.999"}
        http_request_duration_milliseconds_sum
        http_request_duration_milliseconds_count"#,
        &[
            r#"response_time_p90: max(max_over_time(http_request_duration_milliseconds{S,quantile="0.9"}[D]))"#,
            r#"response_time_p50: max(max_over_time(http_request_duration_milliseconds{S,quantile="0.5"}[D]))"#,
            "throughput: sum(rate(http_request_duration_milliseconds_count{S}[D]))",
        ],
    );
    let text = r#"rpc_duration_seconds{quantile="0.999"}"#;
    assert_eq!(proposed(text, &[])[0].indicator, "response_time_p99_9");
    assert_eq!(proposed(text, &[])[0].title, "Response time, 99.9th percentile");
    // The median alone says nothing of slow requests, the mean at least something.
    check(
        "http_request_time{quantile=\"0.5\"}\nhttp_request_time_sum\nhttp_request_time_count",
        &[
            "response_time_avg: sum(rate(http_request_time_sum{S}[D])) / sum(rate(http_request_time_count{S}[D]))",
            "throughput: sum(rate(http_request_time_count{S}[D]))",
        ],
    );
}

#[test]
fn types_tell_what_names_do_not() {
    let native = r#"http_request_duration_seconds{code="200"}"#;
    assert_eq!(proposed(native, &[]), []);
    let types = [("http_request_duration_seconds", MetricType::Histogram)];
    assert_eq!(
        lines(&proposed(native, &types)),
        [
            "response_time_p95: histogram_quantile(0.95, sum(rate(http_request_duration_seconds{S}[D])))",
            "response_time_p50: histogram_quantile(0.5, sum(rate(http_request_duration_seconds{S}[D])))",
            r#"error_rate: 100 * (histogram_count(sum(rate(http_request_duration_seconds{S,code=~"5.."}[D]))) or vector(0)) / histogram_count(sum(rate(http_request_duration_seconds{S}[D])))"#,
            "throughput: histogram_count(sum(rate(http_request_duration_seconds{S}[D])))",
        ]
    );
    let counter = "http_requests";
    assert_eq!(proposed(counter, &[]), []);
    assert_eq!(proposed(counter, &[(counter, MetricType::Counter)]).len(), 1);
    let gauge = "http_requests_total";
    assert_eq!(proposed(gauge, &[]).len(), 1);
    assert_eq!(proposed(gauge, &[(gauge, MetricType::Gauge)]), []);
}

#[test]
fn the_name_that_speaks_most_clearly_wins() {
    for (text, part) in [
        ("a_request_duration_seconds_bucket{le=\"1\"}\nb_http_request_duration_seconds_bucket{le=\"1\"}", "b_http"),
        ("http_request_duration_seconds_bucket{le=\"1\"}\nx_http_request_duration_seconds_bucket{le=\"1\"}", "(http_r"),
        ("http_response_time{quantile=\"0.9\"}\nhttp_request_seconds_bucket{le=\"1\"}", "_seconds_bucket"),
        ("http_requests_total\nrequests_total{code=\"200\"}", "(requests_total"),
        ("http_requests_total{code=\"blue\"}\nhttp_responses_total{code=\"2xx\"}", "http_responses_total"),
    ] {
        let found = queries(text);
        assert!(found[0].contains(part), "{text}: {found:?}");
    }
}

#[test]
fn what_is_not_about_the_service_is_left_out() {
    check(
        r#"
        up
        scrape_duration_seconds
        go_gc_duration_seconds{quantile="1"}
        go_gc_duration_seconds_count
        go_gc_duration_seconds_sum
        promhttp_metric_handler_requests_total{code="200"}
        rest_client_requests_total{code="200"}
        http_request_size_bytes_total
        _bucket{le="1"}"#,
        &[],
    );
    let text =
        "job_duration_seconds_bucket{le=\"1\"}\nhttp_request_seconds_bucket{le=\"1\"}\nqueue_time{quantile=\"0.9\"}";
    let proposals = proposed(text, &[]);
    assert_eq!(further(&series(text), &Types::new(), &proposals), ["job_duration_seconds", "queue_time"]);
}

#[test]
fn indicators_have_names_of_their_own() {
    let everything = r#"
        http_request_duration_seconds_bucket{le="+Inf",code="200"}
        http_request_duration_seconds_count{code="200"}
        http_request_duration_seconds{quantile="0.95"}
        grpc_server_handled_total{grpc_code="OK"}
        process_cpu_seconds_total
        container_cpu_usage_seconds_total
        process_resident_memory_bytes
        container_memory_working_set_bytes
        go_memstats_heap_inuse_bytes
        jvm_memory_used_bytes{jvm_memory_type="heap"}"#;
    let proposals = proposed(everything, &[]);
    let mut names: Vec<_> = proposals.iter().map(|proposal| &proposal.indicator).collect();
    names.sort();
    names.dedup();
    assert_eq!(names.len(), proposals.len());
    assert_eq!(names.len(), 7);
}
