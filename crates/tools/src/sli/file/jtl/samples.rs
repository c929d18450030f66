//! The samples of a file.

use std::io::BufRead;

use super::column::{Column, Columns};
use super::group::Groups;
use super::{csv, xml};
use crate::sli::file::error::Trouble;

/// All samples of a file; the smallest part of each that queries can ask for.
#[derive(Debug)]
pub(crate) struct Samples {
    pub(super) rows: Vec<Row>,
    pub(super) groups: Groups,
    /// What was saved of every sample.
    pub(super) columns: Columns,
}

/// Numbers of one sample; 0 where one was not saved.
#[derive(Debug, Clone, Copy)]
pub(super) struct Row {
    /// In ms since 1970.
    pub(super) start: i64,
    /// In ms, like the next two.
    pub(super) elapsed: u32,
    pub(super) latency: u32,
    pub(super) connect: u32,
    /// Number of the group it belongs to.
    pub(super) group: u32,
    pub(super) bytes: u64,
    pub(super) sent_bytes: u64,
}

/// A sample as it is read; what is not there was not saved.
#[derive(Debug, Default)]
pub(super) struct Sample<'a> {
    pub(super) start: Option<i64>,
    pub(super) elapsed: Option<u32>,
    pub(super) latency: Option<u32>,
    pub(super) connect: Option<u32>,
    pub(super) bytes: Option<u64>,
    pub(super) sent_bytes: Option<u64>,
    pub(super) label: Option<&'a str>,
    pub(super) thread: Option<&'a str>,
    pub(super) code: Option<&'a str>,
    pub(super) message: Option<&'a str>,
    pub(super) success: Option<bool>,
    /// How many samples it sums up.
    pub(super) sums_up: Option<u32>,
}

/// What the message of a transaction controller's sample begins with.
const TRANSACTION: &str = "Number of samples in transaction :";

impl Samples {
    /// Reads CSV or XML, whichever it is.
    pub(crate) fn read(mut reader: impl BufRead) -> Result<Self, Trouble> {
        let is_xml = reader.fill_buf()?.trim_ascii_start().starts_with(b"<");
        if is_xml { xml::read(reader) } else { csv::read(reader) }
    }

    /// No samples, of which `columns` are saved at most.
    pub(super) fn new(columns: Columns) -> Self {
        Self { rows: Vec::new(), groups: Groups::default(), columns }
    }

    pub(super) fn add(&mut self, sample: &Sample<'_>) -> Result<(), String> {
        if let Some(count) = sample.sums_up.filter(|count| *count > 1) {
            return Err(format!(
                "this line sums up {count} samples, and percentiles cannot be told from sums: have JMeter save each of \
                 them (property 'mode=Standard')"
            ));
        }
        self.columns = self.columns.and(sample.columns());
        let labels = [sample.label, sample.thread, sample.code].map(Option::unwrap_or_default);
        let transaction = sample.message.is_some_and(|message| message.starts_with(TRANSACTION));
        let group = self.groups.number(labels, sample.success.unwrap_or(false), transaction);
        self.rows.push(Row {
            start: sample.start.unwrap_or_default(),
            elapsed: sample.elapsed.unwrap_or_default(),
            latency: sample.latency.unwrap_or_default(),
            connect: sample.connect.unwrap_or_default(),
            group: group.map_err(|_| "too many different labels and threads".to_owned())?,
            bytes: sample.bytes.unwrap_or_default(),
            sent_bytes: sample.sent_bytes.unwrap_or_default(),
        });
        Ok(())
    }
}

impl<'a> Sample<'a> {
    /// Reads `value` into `column`; the error says what would be right.
    pub(super) fn set(&mut self, column: Column, value: &'a str) -> Result<(), &'static str> {
        const WHOLE: &str = "a whole number";
        match column {
            Column::Start => {
                let help = "ms since 1970, or a date like 2026-01-31 23:59:59.999 \
                            (jmeter.save.saveservice.timestamp_format=ms has JMeter save the former)";
                self.start = Some(moment(value).ok_or(help)?);
            }
            Column::Elapsed => self.elapsed = Some(value.parse().map_err(|_| WHOLE)?),
            Column::Latency => self.latency = Some(value.parse().map_err(|_| WHOLE)?),
            Column::Connect => self.connect = Some(value.parse().map_err(|_| WHOLE)?),
            Column::Bytes => self.bytes = Some(value.parse().map_err(|_| WHOLE)?),
            Column::SentBytes => self.sent_bytes = Some(value.parse().map_err(|_| WHOLE)?),
            Column::SampleCount => self.sums_up = Some(value.parse().map_err(|_| WHOLE)?),
            Column::Label => self.label = Some(value),
            Column::Thread => self.thread = Some(value),
            Column::Code => self.code = Some(value),
            Column::Message => self.message = Some(value),
            Column::Success if value.eq_ignore_ascii_case("true") => self.success = Some(true),
            Column::Success if value.eq_ignore_ascii_case("false") => self.success = Some(false),
            Column::Success => return Err("true or false"),
        }
        Ok(())
    }

    fn columns(&self) -> Columns {
        Columns::of(Column::ALL.into_iter().filter(|column| match column {
            Column::Start => self.start.is_some(),
            Column::Elapsed => self.elapsed.is_some(),
            Column::Latency => self.latency.is_some(),
            Column::Connect => self.connect.is_some(),
            Column::Bytes => self.bytes.is_some(),
            Column::SentBytes => self.sent_bytes.is_some(),
            Column::SampleCount => self.sums_up.is_some(),
            Column::Label => self.label.is_some(),
            Column::Thread => self.thread.is_some(),
            Column::Code => self.code.is_some(),
            Column::Message => self.message.is_some(),
            Column::Success => self.success.is_some(),
        }))
    }
}

/// An instant in ms since 1970, from such a number or from a date and time, which is taken for UTC: only differences
/// matter, and a time zone is not saved.
fn moment(text: &str) -> Option<i64> {
    if let Ok(number) = text.parse() {
        return Some(number);
    }
    let (date, time) = text.split_once([' ', 'T'])?;
    let text = format!("{}T{}", date.replace('/', "-"), time.replace(',', "."));
    let moment: jiff::civil::DateTime = text.parse().ok()?;
    jiff::tz::TimeZone::UTC.to_timestamp(moment).ok().map(jiff::Timestamp::as_millisecond)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_numbers_or_dates() {
        for (text, expected) in [
            ("1795403170063", Some(1_795_403_170_063)),
            ("2026/11/23 03:06:19.408", Some(1_795_403_179_408)),
            ("2026-11-23 03:06:19,408", Some(1_795_403_179_408)),
            ("2026-11-23T03:06:19", Some(1_795_403_179_000)),
            ("23.11.2026 03:06", None),
            ("03:06:19", None),
            ("", None),
        ] {
            assert_eq!(moment(text), expected, "{text}");
        }
    }

    #[test]
    fn sums_of_samples_are_refused() {
        let mut samples = Samples::new(Columns::default());
        let problem = samples.add(&Sample { sums_up: Some(20), ..Sample::default() }).unwrap_err();
        assert!(problem.contains("sums up 20 samples"), "{problem}");
    }
}
