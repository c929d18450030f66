use super::*;

fn problem(file: &str) -> (Option<u64>, String) {
    match read(file.as_bytes()) {
        Err(Trouble::Malformed { line, problem }) => (line, problem),
        other => panic!("{file}: {other:?}"),
    }
}

#[test]
fn broken_files_are_told_with_their_line() {
    const HEADER: &str = "timeStamp,elapsed,label,success\n";
    for (rows, line, message) in [
        ("1,2,a,true\n1,x,a,true\n", 3, "column 'elapsed' is 'x', expected a whole number"),
        ("1,-2,a,true\n", 2, "column 'elapsed' is '-2', expected a whole number"),
        ("1,4294967296,a,true\n", 2, "column 'elapsed' is '4294967296', expected a whole number"),
        ("1,NaN,a,true\n", 2, "column 'elapsed' is 'NaN', expected a whole number"),
        ("1,,a,true\n", 2, "column 'elapsed' is '', expected a whole number"),
        ("1,2,\"a\nb\",true\n\n1,2,a,maybe\n", 5, "column 'success' is 'maybe', expected true or false"),
        (
            "1,2,a\n",
            2,
            "3 fields where the header names 4 columns: the line is cut off, or the file is of several runs",
        ),
        ("1,2,\"a\"b,true\n", 2, "field 3 goes on behind its closing quote"),
        ("1,2,\"a,true\n1,2,a,true\n", 2, "a quote that opens in this line is never closed"),
        (
            "yesterday,2,a,true\n",
            2,
            "column 'timeStamp' is 'yesterday', expected ms since 1970, or a date like 2026-01-31 23:59:59.999 \
             (jmeter.save.saveservice.timestamp_format=ms has JMeter save the former)",
        ),
    ] {
        assert_eq!(problem(&format!("{HEADER}{rows}")), (Some(line), message.to_owned()), "{rows}");
    }
}

#[test]
fn headers_are_checked() {
    for (header, message) in [
        (
            "timeStamp,label\n",
            "the header has no column 'elapsed': have JMeter save it with -Jjmeter.save.saveservice.time=true",
        ),
        ("elapsed\n1\n", "no header: expected names of columns with , ; or a tab between, found 'elapsed'"),
        ("elapsed,label,elapsed\n", "the header names the column 'elapsed' twice"),
    ] {
        assert_eq!(problem(header), (Some(1), message.to_owned()), "{header}");
    }
}

#[test]
fn any_separator_and_line_end_will_do() {
    for file in [
        "label,elapsed\na,1\nb,3\n",
        "label;elapsed\r\na;1\r\nb;3\r\n",
        "label\telapsed\na\t1\nb\t3",
        "label|elapsed\n\na|1\n\nb|3\n\n",
        "label,elapsed\na,1\nlabel,elapsed\nb,3\n",
    ] {
        let samples = read(file.as_bytes());
        assert_eq!(samples.unwrap().value("avg"), Ok(2.0), "{file}");
    }
}

#[test]
fn parts_of_samples_are_left_out_where_they_can_be_told() {
    let rows = "100,50,GET /,t\n100,20,GET /-0,t\n120,30,GET /-1,t\n150,10,GET /-1,t\n";
    let samples = read(format!("timeStamp,elapsed,label,threadName\n{rows}").as_bytes()).unwrap();
    assert_eq!(samples.value("sum"), Ok(60.0));
    let samples = read(format!("timeStamp,elapsed,label,other\n{rows}").as_bytes()).unwrap();
    assert_eq!(samples.value("sum"), Ok(110.0), "without threads nothing can be told");
}
