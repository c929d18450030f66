//! Reads `JMeter`'s XML.

use std::io::BufRead;

use super::column::{Column, Columns};
use super::samples::{Sample, Samples};
use crate::sli::file::error::Trouble;
use crate::sli::file::wording::quoted;
use crate::sli::file::xml::{Element, Visitor, walk};

/// Reads the samples right below the root element; those within them are parts of theirs.
pub(super) fn read(reader: impl BufRead) -> Result<Samples, Trouble> {
    let mut samples = Samples::new(Columns::of(Column::ALL));
    walk(reader, &mut samples)?;
    Ok(samples)
}

impl Visitor for Samples {
    fn open(&mut self, depth: usize, element: &Element<'_>) -> Result<(), String> {
        if depth != 2 {
            return Ok(());
        }
        let name = element.name();
        if !matches!(name.as_ref(), "sample" | "httpSample") {
            return Err(format!("expected an element 'sample' or 'httpSample', found {}", quoted(&name)));
        }
        add(self, element)
    }

    fn close(&mut self, _: usize) -> Result<(), String> {
        Ok(())
    }
}

fn add(samples: &mut Samples, element: &Element<'_>) -> Result<(), String> {
    let mut values: [Option<_>; Column::ALL.len()] = Default::default();
    element.attributes(|attribute| {
        if let Some(column) = Column::of_attribute(attribute.name()) {
            values[column as usize] = Some(attribute.value()?);
        }
        Ok(())
    })?;
    let mut sample = Sample::default();
    for column in Column::ALL {
        if let Some(value) = &values[column as usize] {
            sample.set(column, value).map_err(|wanted| {
                format!("attribute {} is {}, expected {wanted}", quoted(column.attribute()), quoted(value))
            })?;
        }
    }
    if sample.elapsed.is_none() {
        return Err(format!("a sample without 't': have JMeter save it with -J{}", Column::Elapsed.property()));
    }
    samples.add(&sample)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_samples_at_the_top_count() {
        let text = "<testResults><httpSample t='5' lb='a &amp; b' s='true'><httpSample t='2' lb='a-0' s='false'>\
                    <sample t='1'/></httpSample><assertionResult/></httpSample><sample t='7' lb='c' s='false'/>\
                    </testResults>";
        let samples = read(text.as_bytes()).unwrap();
        assert_eq!(samples.value("sum"), Ok(12.0));
        assert_eq!(samples.value("error_rate"), Ok(0.5));
        assert_eq!(samples.value("max{label='a & b'}"), Ok(5.0));
    }

    #[test]
    fn broken_samples_are_told_with_their_line() {
        for (sample, problem) in [
            ("<sample t='x'/>", "attribute 't' is 'x', expected a whole number"),
            ("<sample s='yes' t='1'/>", "attribute 's' is 'yes', expected true or false"),
            ("<sample/>", "a sample without 't': have JMeter save it with -Jjmeter.save.saveservice.time=true"),
            ("<other t='1'/>", "expected an element 'sample' or 'httpSample', found 'other'"),
        ] {
            match read(format!("<testResults>\n\n{sample}\n</testResults>").as_bytes()) {
                Err(Trouble::Malformed { line: Some(3), problem: found }) => assert_eq!(found, problem),
                other => panic!("{sample}: {other:?}"),
            }
        }
    }
}
