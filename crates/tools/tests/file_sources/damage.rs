//! Files that were cut off or garbled.

use capstan_tools::sli::FileFormat::{self, Json, Jtl, Junit, K6};
use capstan_tools::sli::file::FileSource;
use proptest::prelude::*;

use crate::fixture;

const FILES: [(FileFormat, &str, &str); 7] = [
    (Jtl, "jtl/tab.csv", "p95"),
    (Jtl, "jtl/semicolon.csv", "throughput{label=~\"GET.*\"}"),
    (Jtl, "jtl/result.xml", "error_rate"),
    (Junit, "junit/surefire.xml", "avg(time)"),
    (Json, "json/vegeta.json", "latencies.mean"),
    (K6, "k6/summary-export.json", "http_req_duration.p(95)"),
    (K6, "k6/points.ndjson", "http_reqs.rate"),
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn no_file_makes_a_source_panic(
        file in proptest::sample::select(FILES.to_vec()),
        cut in any::<proptest::sample::Index>(),
        garbled in proptest::collection::vec((any::<proptest::sample::Index>(), any::<u8>()), 0..4),
    ) {
        let (format, name, query) = file;
        let mut content = std::fs::read(fixture(name)).unwrap();
        content.truncate(cut.index(content.len()) + 1);
        for (at, byte) in garbled {
            let at = at.index(content.len());
            content[at] = byte;
        }
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("damaged");
        std::fs::write(&path, content).unwrap();
        match FileSource::open(format, &path) {
            Ok(source) => {
                if let Ok(value) = source.value("indicator", Some(query)) {
                    prop_assert!(value.is_finite());
                }
            }
            Err(error) => prop_assert!(!error.to_string().contains(char::is_control), "{}", error),
        }
    }
}
