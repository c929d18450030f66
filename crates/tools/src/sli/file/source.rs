//! A file of results that answers queries.

use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::Path;

use super::error::{FileError, Trouble};
use super::json::Document;
use super::jtl::Samples;
use super::junit::Report;
use super::k6::Run;
use super::sniff::Guess;
use crate::sli::{Failure, FileFormat};

/// How much is read at once, and looked at to tell what a file holds; in bytes.
const BUFFER: usize = 256 << 10;

/// A file of results, read and ready to be asked for values.
#[derive(Debug)]
pub struct FileSource {
    content: Content,
}

#[derive(Debug)]
enum Content {
    Json(Document),
    Jtl(Samples),
    Junit(Report),
    K6(Run),
}

impl FileSource {
    /// Reads the file at `path`, once and to its end. Blocks; a file of a million samples takes about a second.
    ///
    /// # Errors
    ///
    /// Where the file is not there or not readable, and where it does not hold `format` throughout.
    pub fn open(format: FileFormat, path: &Path) -> Result<Self, FileError> {
        match read(format, path) {
            Ok(content) => Ok(Self { content }),
            Err(trouble) => Err(FileError::new(path, format, trouble)),
        }
    }

    /// The value that `query` asks for, in the unit of the file; without a query, or with a blank one, the name of the
    /// indicator is the query. Always finite.
    ///
    /// # Errors
    ///
    /// `QueryError` for a query that cannot be understood or that asks for what the format does not have, `NoData`
    /// where the file holds nothing to compute the value from, `SeveralSeries` where it holds several values, and
    /// `NotFinite` where the value is no finite number.
    pub fn value(&self, indicator: &str, query: Option<&str>) -> Result<f64, Failure> {
        let query = query.map(str::trim).filter(|query| !query.is_empty()).unwrap_or(indicator).trim();
        match &self.content {
            Content::Json(document) => document.value(query),
            Content::Jtl(samples) => samples.value(query),
            Content::Junit(report) => report.value(query),
            Content::K6(run) => run.value(query),
        }
    }
}

fn read(format: FileFormat, path: &Path) -> Result<Content, Trouble> {
    let file = File::open(path)?;
    if file.metadata()?.is_dir() {
        return Err(io::Error::from(io::ErrorKind::IsADirectory).into());
    }
    let mut reader = BufReader::with_capacity(BUFFER, file);
    if reader.fill_buf()?.starts_with(b"\xef\xbb\xbf") {
        reader.consume(3); // byte order mark
    }
    Guess::at(reader.fill_buf()?).check(format)?;
    Ok(match format {
        FileFormat::Json => Content::Json(Document::read(reader)?),
        FileFormat::Jtl => Content::Jtl(Samples::read(reader)?),
        FileFormat::Junit => Content::Junit(Report::read(reader)?),
        FileFormat::K6 => Content::K6(Run::read(reader)?),
    })
}
