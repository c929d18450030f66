//! `OpenMetrics` 1.0 in the older text format of Prometheus, 0.0.4: counters carry `_total` in their name there, and there is no
//! type for what describes something.

/// The same metrics.
pub(super) fn of(open_metrics: &str) -> String {
    let types: Vec<(&str, &str)> = open_metrics.lines().filter_map(type_of).collect();
    let suffix = |name: &str| match types.iter().find(|(known, _)| *known == name).map(|(_, kind)| *kind) {
        Some("counter") => "_total",
        Some("info") => "_info",
        _ => "",
    };
    let mut plain = String::with_capacity(open_metrics.len());
    for line in open_metrics.lines() {
        if line == "# EOF" || line.starts_with("# UNIT ") {
            continue;
        }
        let described = ["# HELP ", "# TYPE "].into_iter().find_map(|word| Some((word, line.strip_prefix(word)?)));
        let parts = described.and_then(|(word, rest)| Some((word, rest.split_once(' ')?)));
        if let Some((word, (name, rest))) = parts {
            let rest = if (word, rest) == ("# TYPE ", "info") { "gauge" } else { rest };
            plain.push_str(&format!("{word}{name}{} {rest}\n", suffix(name)));
        } else {
            plain.push_str(line);
            plain.push('\n');
        }
    }
    plain
}

fn type_of(line: &str) -> Option<(&str, &str)> {
    line.strip_prefix("# TYPE ")?.split_once(' ')
}

#[cfg(test)]
mod tests {
    #[test]
    fn names_in_descriptions_are_those_of_the_samples() {
        let open = "# HELP a A thing.\n# TYPE a counter\na_total{x=\"# EOF\"} 1\n# HELP b What runs.\n# TYPE b info\n\
                    b_info{v=\"1\"} 1\n# HELP c_seconds Time.\n# TYPE c_seconds histogram\n# UNIT c_seconds seconds\n\
                    c_seconds_sum 0.5\n# EOF\n";
        let plain = "# HELP a_total A thing.\n# TYPE a_total counter\na_total{x=\"# EOF\"} 1\n# HELP b_info What runs.\n\
                     # TYPE b_info gauge\nb_info{v=\"1\"} 1\n# HELP c_seconds Time.\n# TYPE c_seconds histogram\n\
                     c_seconds_sum 0.5\n";
        assert_eq!(super::of(open), plain);
    }
}
