//! Records of a CSV file.

use std::borrow::Cow;
use std::io::BufRead;

use crate::sli::file::error::Trouble;
use crate::sli::file::lines::{append_line, without_end};

/// Reads records, which may go over several lines.
pub(super) struct Records<R> {
    reader: R,
    buffer: Vec<u8>,
    /// The line at which the record in `buffer` begins, from 1.
    line: u64,
    next_line: u64,
}

impl<R: BufRead> Records<R> {
    pub(super) fn new(reader: R) -> Self {
        Self { reader, buffer: Vec::new(), line: 1, next_line: 1 }
    }

    /// The line at which the latest record begins, from 1.
    pub(super) fn line(&self) -> u64 {
        self.line
    }

    /// The next record that is not blank, without its line end. `None` at the end of the file.
    pub(super) fn next(&mut self) -> Result<Option<&[u8]>, Trouble> {
        loop {
            self.buffer.clear();
            self.line = self.next_line;
            let mut open = false;
            loop {
                let before = self.buffer.len();
                if !append_line(&mut self.reader, self.line, &mut self.buffer)? {
                    break;
                }
                self.next_line += 1;
                open = self.buffer[before..].iter().fold(open, |open, byte| open ^ (*byte == b'"'));
                if !open {
                    break;
                }
            }
            if open {
                return Err(Trouble::at(self.line, "a quote that opens in this line is never closed"));
            }
            if self.buffer.is_empty() {
                return Ok(None);
            }
            if !without_end(&self.buffer).is_empty() {
                return Ok(Some(without_end(&self.buffer)));
            }
        }
    }
}

/// Calls `each` with number and text of the fields of `record`, and returns how many there are.
pub(super) fn fields<'a>(
    record: &'a [u8],
    separator: u8,
    mut each: impl FnMut(usize, &'a [u8]) -> Result<(), String>,
) -> Result<usize, String> {
    let mut rest = record;
    let mut number = 0;
    loop {
        let end = if rest.first() == Some(&b'"') {
            closing_quote(rest).ok_or("a quote that is never closed")? + 1
        } else {
            rest.iter().position(|byte| *byte == separator).unwrap_or(rest.len())
        };
        let (field, behind) = rest.split_at(end);
        each(number, field)?;
        number += 1;
        match behind.split_first() {
            None => return Ok(number),
            Some((byte, next)) if *byte == separator => rest = next,
            Some(_) => return Err(format!("field {number} goes on behind its closing quote")),
        }
    }
}

fn closing_quote(field: &[u8]) -> Option<usize> {
    let mut at = 1;
    loop {
        at += field.get(at..)?.iter().position(|byte| *byte == b'"')?;
        if field.get(at + 1) != Some(&b'"') {
            return Some(at);
        }
        at += 2;
    }
}

/// The text of `field`, without its quotes. What is no UTF-8 is replaced: old versions write labels in the encoding of
/// their machine, and the numbers beside them are no less right.
pub(super) fn text(field: &[u8]) -> Cow<'_, str> {
    match field {
        [b'"', inner @ .., b'"'] => {
            let inner = String::from_utf8_lossy(inner);
            if inner.contains('"') { Cow::Owned(inner.replace("\"\"", "\"")) } else { inner }
        }
        _ => String::from_utf8_lossy(field),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn texts(record: &str) -> Result<Vec<String>, String> {
        let mut texts = Vec::new();
        let count = fields(record.as_bytes(), b',', |number, field| {
            assert_eq!(number, texts.len());
            texts.push(text(field).into_owned());
            Ok(())
        })?;
        assert_eq!(count, texts.len());
        Ok(texts)
    }

    fn records(file: &str) -> Result<Vec<(u64, String)>, Trouble> {
        let mut records = Records::new(file.as_bytes());
        let mut found = Vec::new();
        while let Some(record) = records.next()? {
            let record = String::from_utf8(record.to_vec()).unwrap();
            found.push((records.line(), record));
        }
        Ok(found)
    }

    #[test]
    fn fields_are_bare_or_quoted() {
        assert_eq!(texts("a,,\"b,c\",\"say \"\"hi\"\"\",").unwrap(), ["a", "", "b,c", "say \"hi\"", ""]);
        assert_eq!(texts("\"\"").unwrap(), [""]);
        assert_eq!(texts("\"a\"b,c").unwrap_err(), "field 1 goes on behind its closing quote");
        assert_eq!(texts("a,\"b").unwrap_err(), "a quote that is never closed");
    }

    #[test]
    fn records_know_the_line_they_begin_at() {
        let found = records("a,b\r\n\n\"x\ny\nz\",1\n2,3").unwrap();
        let expected = [(1, "a,b"), (3, "\"x\ny\nz\",1"), (6, "2,3")];
        assert_eq!(found, expected.map(|(line, record)| (line, record.to_owned())));
        assert!(matches!(records("a\nb,\"c\nd\n"), Err(Trouble::Malformed { line: Some(2), .. })));
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(written in proptest::collection::vec("[a,\"\n\r ü]{0,6}", 1..6)) {
            let quoted: Vec<_> = written.iter().map(|text| format!("\"{}\"", text.replace('"', "\"\""))).collect();
            let file = format!("{}\n", quoted.join(","));
            let records = records(&file).unwrap();
            prop_assert_eq!(records.len(), 1);
            prop_assert_eq!(texts(&records[0].1).unwrap(), written);
        }
    }
}
