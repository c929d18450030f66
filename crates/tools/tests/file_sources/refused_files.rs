//! What files that cannot be used are told.

use std::path::Path;

use capstan_tools::sli::FileFormat::{self, Json, Jtl, Junit, K6};
use capstan_tools::sli::file::{FileError, FileSource};

use crate::fixture;

#[track_caller]
fn refused(format: FileFormat, path: &Path) -> String {
    let error = FileSource::open(format, path).expect_err("the file is wrong").to_string();
    let shown = path.to_string_lossy();
    assert!(error.starts_with(&format!("'{shown}'")), "{error}");
    error.replace(shown.as_ref(), "PATH")
}

#[test]
fn files_of_another_format_are_refused_with_the_right_one() {
    for (format, name, message) in [
        (
            Junit,
            "k6/summary-export.json",
            "'PATH' is no JUnit XML file: found results of k6: to read it as that, write k6:PATH",
        ),
        (
            Jtl,
            "k6/points.ndjson",
            "'PATH' is no JMeter results file: found results of k6: to read it as that, write k6:PATH",
        ),
        (
            Jtl,
            "junit/pytest.xml",
            "'PATH' is no JMeter results file: found a JUnit report: to read it as that, write junit:PATH",
        ),
        (
            Junit,
            "jtl/result.xml",
            "'PATH' is no JUnit XML file: found JMeter results as XML: to read it as that, write jtl:PATH",
        ),
        (
            Json,
            "jtl/result.jtl",
            "'PATH' is no JSON file: found JMeter results as CSV: to read it as that, write jtl:PATH",
        ),
        (
            K6,
            "jtl/tab.csv",
            "'PATH' is no k6 results file: found JMeter results as CSV: to read it as that, write jtl:PATH",
        ),
        (
            K6,
            "json/vegeta.json",
            "'PATH' is no k6 results file: found JSON without the metrics of a k6 run: to read it as that, write json:PATH",
        ),
        (
            Junit,
            "README.md",
            "'PATH' is no JUnit XML file: found text that begins with '# Fixtures'; junit: reads XML with the root element 'testsuites' or 'testsuite'",
        ),
    ] {
        assert_eq!(refused(format, &fixture(name)), message);
    }
}

#[test]
fn files_that_cannot_be_read_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, content: &[u8]| {
        let path = folder.path().join(name);
        std::fs::write(&path, content).unwrap();
        path
    };
    for (path, message) in [
        (
            folder.path().join("none.jtl"),
            "'PATH' does not exist: check the path, and that the test has run and wrote its results there",
        ),
        (folder.path().to_owned(), "'PATH' is a directory: name one file in it"),
        (write("empty", b""), "'PATH' is empty: check that the test has run to its end and wrote its results there"),
        (
            write("blank", b"\n \n"),
            "'PATH' is empty: check that the test has run to its end and wrote its results there",
        ),
        (
            write("rows", b"1795403170063,99,GET /,200,OK\n"),
            "'PATH' is no JMeter results file: found no header line but '1795403170063,99,GET /,200,OK' (have JMeter \
             write one with -Jjmeter.save.saveservice.print_field_names=true); jtl: reads what JMeter writes with -l, as \
             CSV with a header line or as XML",
        ),
        (
            write("packed", b"\x1f\x8b\x08\0"),
            "'PATH' is no JMeter results file: found a compressed file: unpack it with gunzip; jtl: reads what JMeter \
             writes with -l, as CSV with a header line or as XML",
        ),
        (
            write("half.xml", b"<testResults>\n<httpSample t='1'/>\n<httpSample t='2'>"),
            "'PATH', line 3: the file ends while 2 elements are open: the tool was stopped, or still writes",
        ),
        (
            write("odd.xml", b"<testResults>\n<result t='1'/></testResults>"),
            "'PATH', line 2: expected an element 'sample' or 'httpSample', found 'result'",
        ),
        (
            write("cut.csv", b"timeStamp,elapsed,label\n1,2,a\n2,3"),
            "'PATH', line 3: 2 fields where the header names 3 columns: the line is cut off, or the file is of several runs",
        ),
    ] {
        assert_eq!(refused(Jtl, &path), message);
    }
    let path = write("\u{1b}[31m\n", b"");
    let error = FileSource::open(Json, &path).unwrap_err();
    assert!(matches!(error, FileError::Empty { .. }));
    assert!(!error.to_string().contains(char::is_control), "{error}");
}
