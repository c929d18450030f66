//! Reads reports. The attributes that sum up a suite are passed over: with reruns Maven Surefire leaves cases out of
//! them, gotestsum counts otherwise than pytest, and reports that were merged often have none.

use std::io::BufRead;

use crate::sli::file::error::Trouble;
use crate::sli::file::wording::quoted;
use crate::sli::file::xml::{Element, Visitor, walk};

/// The test cases of a report.
#[derive(Debug, Default)]
pub(crate) struct Report {
    pub(super) cases: Vec<Case>,
    /// Names of all suites.
    suites: Vec<String>,
    /// The suites that are open, as places in `suites`.
    open: Vec<usize>,
    /// Depth of the case that is open.
    case: Option<usize>,
}

/// One test case.
#[derive(Debug)]
pub(super) struct Case {
    /// Place of the innermost suite around it.
    suite: usize,
    class: String,
    name: String,
    /// In seconds, if the report tells.
    pub(super) time: Option<f64>,
    pub(super) outcome: Outcome,
}

/// How a test case turned out; of several the greatest counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Outcome {
    Passed,
    Skipped,
    Failed,
    /// Something else than the test itself went wrong.
    Error,
}

impl Report {
    /// Reads a report to its end.
    pub(crate) fn read(reader: impl BufRead) -> Result<Self, Trouble> {
        let mut report = Self::default();
        walk(reader, &mut report)?;
        Ok(report)
    }

    /// What `case` has for a label of a filter; empty for one that does not exist.
    pub(super) fn label<'a>(&'a self, case: &'a Case, label: &str) -> &'a str {
        match label {
            "suite" => self.suites.get(case.suite).map_or("", String::as_str),
            "class" => &case.class,
            "name" => &case.name,
            _ => "",
        }
    }
}

impl Visitor for Report {
    fn open(&mut self, depth: usize, element: &Element<'_>) -> Result<(), String> {
        let name = element.name();
        if let Some(case) = self.case {
            if let (true, Some(case)) = (depth == case + 1, self.cases.last_mut()) {
                let outcome = match name.as_ref() {
                    "error" => Outcome::Error,
                    "failure" => Outcome::Failed,
                    "skipped" => Outcome::Skipped,
                    _ => return Ok(()), // among others `flakyFailure`, of a case that passed when it was run again
                };
                case.outcome = case.outcome.max(outcome);
            }
            return Ok(());
        }
        match name.as_ref() {
            "testsuites" | "testsuite" => {
                let mut suite = String::new();
                element.attributes(|attribute| {
                    if attribute.name() == b"name" {
                        suite = attribute.value()?.into_owned();
                    }
                    Ok(())
                })?;
                self.open.push(self.suites.len());
                self.suites.push(suite);
            }
            "testcase" => {
                let suite = self.open.last().copied().ok_or("a test case outside of any suite")?;
                self.case = Some(depth);
                self.cases.push(read_case(element, suite)?);
            }
            _ if depth == 1 => return Err(format!("expected the element 'testsuites', found {}", quoted(&name))),
            _ => {}
        }
        Ok(())
    }

    fn close(&mut self, depth: usize) -> Result<(), String> {
        if self.case == Some(depth) {
            self.case = None;
        } else if self.case.is_none() && self.open.len() == depth {
            self.open.pop();
        }
        Ok(())
    }
}

fn read_case(element: &Element<'_>, suite: usize) -> Result<Case, String> {
    let mut case = Case { suite, class: String::new(), name: String::new(), time: None, outcome: Outcome::Passed };
    element.attributes(|attribute| {
        match attribute.name() {
            b"classname" => case.class = attribute.value()?.into_owned(),
            b"name" => case.name = attribute.value()?.into_owned(),
            b"time" => case.time = Some(seconds(&attribute.value()?)?),
            // GoogleTest and CTest say so instead of with an element.
            b"status" if matches!(attribute.value()?.as_ref(), "notrun" | "disabled") => {
                case.outcome = Outcome::Skipped;
            }
            _ => {}
        }
        Ok(())
    })?;
    Ok(case)
}

/// A time in seconds; older versions of Surefire write `1,234.5` for more than a thousand.
fn seconds(text: &str) -> Result<f64, String> {
    let plain = match text.split_once('.') {
        Some((whole, part)) if !part.contains(',') => format!("{}.{part}", whole.replace(',', "")),
        _ => text.to_owned(),
    };
    let seconds = plain.trim().parse().ok().filter(|seconds: &f64| seconds.is_finite());
    seconds.ok_or_else(|| format!("the time of a test case is {}, expected a number of seconds", quoted(text)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcomes(cases: &str) -> Vec<Outcome> {
        let report = Report::read(format!("<testsuite name='s'>{cases}</testsuite>").as_bytes()).unwrap();
        report.cases.iter().map(|case| case.outcome).collect()
    }

    #[test]
    fn a_case_counts_once_and_by_its_own_elements() {
        use Outcome::{Error, Failed, Passed, Skipped};
        for (case, expected) in [
            ("<testcase/>", Passed),
            ("<testcase><failure/><error/></testcase>", Error),
            ("<testcase><error/><failure/></testcase>", Error),
            ("<testcase><skipped/><failure/><failure/></testcase>", Failed),
            ("<testcase><flakyFailure/><rerunFailure/><system-out>x</system-out></testcase>", Passed),
            ("<testcase><system-out><failure/></system-out></testcase>", Passed),
            ("<testcase status='notrun'/>", Skipped),
            ("<testcase status='run'/>", Passed),
            ("<testcase status='disabled'><skipped/></testcase>", Skipped),
        ] {
            assert_eq!(outcomes(case), [expected], "{case}");
        }
        assert_eq!(outcomes("<properties><property name='x'/></properties><failure/>"), []);
    }

    #[test]
    fn cases_belong_to_the_innermost_suite() {
        let text = "<testsuites name='all'><testsuite name='a'><testcase name='1'/><testsuite name='b'>\
                    <properties/><testcase name='2'><failure/></testcase></testsuite><testcase name='3'/></testsuite>\
                    <testsuite><testcase name='4'/></testsuite></testsuites>";
        let report = Report::read(text.as_bytes()).unwrap();
        let suites: Vec<_> = report.cases.iter().map(|case| report.label(case, "suite")).collect();
        assert_eq!(suites, ["a", "b", "a", ""]);
    }

    #[test]
    fn times_are_finite_numbers() {
        for (text, expected) in [
            ("0.25", Some(0.25)),
            ("1,234.5", Some(1234.5)),
            ("12", Some(12.0)),
            ("1,5", None),
            ("NaN", None),
            ("", None),
        ] {
            assert_eq!(seconds(text).ok(), expected, "{text}");
        }
    }

    #[test]
    fn broken_reports_are_told_with_their_line() {
        for (text, line, problem) in [
            ("<testsuite>\n<testcase>\n</testsuite>", 3, "not well-formed XML: "),
            ("<testsuite>\n<testcase name='a>\n", 3, "not well-formed XML: "),
            ("<testsuite>\n<testcase name='&x;'/>\n</testsuite>", 2, "not well-formed XML: "),
            ("<testsuite>\n<testcase name='a' name='b'/></testsuite>", 2, "not well-formed XML: "),
            ("<testsuite>\n<testcase time='soon'/></testsuite>", 2, "the time of a test case is 'soon', expected"),
            ("<testsuite>\n<testcase>\n", 3, "the file ends while 2 elements are open"),
            ("<testsuite/>\n<testsuite/>", 2, "a second root element"),
            ("<testsuite/>\nbye", 2, "text outside of the root element"),
            ("<results/>", 1, "expected the element 'testsuites', found 'results'"),
        ] {
            match Report::read(text.as_bytes()) {
                Err(Trouble::Malformed { line: Some(at), problem: found }) => {
                    assert_eq!(at, line, "{text}");
                    assert!(found.starts_with(problem), "{text}: {found}");
                }
                other => panic!("{text}: {other:?}"),
            }
        }
    }

    #[test]
    fn nesting_is_bounded_and_entities_are_not_resolved() {
        let deep = "<testsuite>".repeat(200_000);
        assert!(matches!(Report::read(deep.as_bytes()), Err(Trouble::Malformed { .. })));
        let entity = "<!DOCTYPE t [<!ENTITY x SYSTEM 'file:///etc/hostname'>]>\n<testsuite name='&x;'/>";
        assert!(matches!(Report::read(entity.as_bytes()), Err(Trouble::Malformed { line: Some(2), .. })));
    }
}
