//! The examples in the documentation give what it says.

use capstan_tools::sli::FileFormat;

use crate::values_within;

const DOCUMENT: &str = include_str!("../../../../docs/sources-files.md");

#[test]
fn examples() {
    let mut sections = DOCUMENT.split("Examples, from `");
    sections.next();
    let mut count = 0;
    for section in sections {
        let (name, rest) = section.split_once('`').unwrap();
        let format = FileFormat::ALL.into_iter().find(|format| name.starts_with(format.word())).unwrap();
        let rows = rest.lines().skip_while(|line| !line.starts_with("| `")).take_while(|line| line.starts_with("| `"));
        for row in rows {
            let (query, value) = row.trim_matches(['|', ' ']).rsplit_once(" | ").unwrap();
            // The documentation rounds to ten digits.
            values_within(1e-9, format, name, &[(query.trim_matches('`'), value.parse().unwrap())]);
            count += 1;
        }
    }
    assert!(count > 25, "only {count} examples were found");
}
