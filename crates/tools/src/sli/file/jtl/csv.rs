//! Reads `JMeter`'s CSV.

use std::borrow::Cow;
use std::io::BufRead;

use super::column::{Column, Columns};
use super::record::{Records, fields, text};
use super::samples::{Sample, Samples};
use super::subsample::Latest;
use crate::sli::file::error::Trouble;
use crate::sli::file::wording::quoted;

/// The columns of a file.
struct Header {
    /// As it stands in the file: files that were put together have it again in their midst.
    record: Vec<u8>,
    separator: u8,
    /// What each field holds, where it is of interest.
    columns: Vec<Option<Column>>,
}

/// Reads a header and the samples below it. Parts of samples are left out where columns let them be told.
pub(super) fn read(reader: impl BufRead) -> Result<Samples, Trouble> {
    let mut records = Records::new(reader);
    let header = match records.next()? {
        Some(record) => Header::new(record),
        None => return Err(Trouble::Empty),
    };
    let header = header.map_err(|problem| Trouble::at(records.line(), problem))?;
    let mut samples = Samples::new(header.saved());
    let mut latest = Latest::default();
    loop {
        let Some(record) = records.next()? else { return Ok(samples) };
        if record == header.record {
            continue;
        }
        let added = header.sample(record, |sample| {
            if let (Some(thread), Some(label), Some(start)) = (sample.thread, sample.label, sample.start)
                && latest.covers(thread, label, start, sample.elapsed.unwrap_or_default())
            {
                return Ok(());
            }
            samples.add(sample)
        });
        added.map_err(|problem| Trouble::at(records.line(), problem))?;
    }
}

impl Header {
    fn new(record: &[u8]) -> Result<Self, String> {
        let name_end = record.iter().position(|byte| !byte.is_ascii_alphanumeric());
        let separator = name_end.and_then(|end| record.get(end)).copied().filter(|byte| b",;\t|:".contains(byte));
        let Some(separator) = separator else {
            let header = String::from_utf8_lossy(record);
            return Err(format!(
                "no header: expected names of columns with , ; or a tab between, found {}",
                quoted(&header)
            ));
        };
        let mut columns: Vec<Option<Column>> = Vec::new();
        fields(record, separator, |_, field| {
            let name = text(field);
            let column = Column::ALL.into_iter().find(|column| column.header() == name.trim());
            if column.is_some() && columns.contains(&column) {
                return Err(format!("the header names the column {} twice", quoted(&name)));
            }
            columns.push(column);
            Ok(())
        })?;
        if !columns.contains(&Some(Column::Elapsed)) {
            let property = Column::Elapsed.property();
            return Err(format!("the header has no column 'elapsed': have JMeter save it with -J{property}"));
        }
        Ok(Self { record: record.to_owned(), separator, columns })
    }

    fn saved(&self) -> Columns {
        Columns::of(self.columns.iter().copied().flatten())
    }

    /// Calls `then` with the sample in `record`.
    fn sample(&self, record: &[u8], then: impl FnOnce(&Sample<'_>) -> Result<(), String>) -> Result<(), String> {
        let mut values: [Cow<'_, str>; Column::ALL.len()] = Default::default();
        let count = fields(record, self.separator, |number, field| {
            if let Some(column) = self.columns.get(number).copied().flatten() {
                values[column as usize] = text(field);
            }
            Ok(())
        })?;
        if count != self.columns.len() {
            let wanted = self.columns.len();
            return Err(format!(
                "{count} fields where the header names {wanted} columns: the line is cut off, or the file is of several runs"
            ));
        }
        let mut sample = Sample::default();
        for column in self.columns.iter().flatten() {
            let value = &values[*column as usize];
            sample.set(*column, value).map_err(|wanted| {
                format!("column {} is {}, expected {wanted}", quoted(column.header()), quoted(value))
            })?;
        }
        then(&sample)
    }
}

#[cfg(test)]
#[path = "csv_tests.rs"]
mod tests;
