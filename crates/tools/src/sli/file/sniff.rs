//! Guesses from its beginning what a file holds.

use super::error::Trouble;
use super::wording::quoted;
use crate::sli::FileFormat;

/// What a file seems to hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Guess {
    /// Nothing but white space, as far as was looked.
    Blank,
    /// An object or a list.
    Json,
    /// A k6 summary, or its points.
    K6,
    /// An XML document with this root element.
    Xml(String),
    /// Lines of text, the first of which names columns of `JMeter`.
    JtlCsv,
    /// Something compressed, by the name of the program that unpacks it.
    Packed(&'static str),
    /// Text in an encoding that none of the formats uses.
    Utf16,
    /// Other text; its first line.
    Text(String),
}

impl Guess {
    /// Looks at the first bytes of a file; a byte order mark of UTF-8 is not among them.
    pub(crate) fn at(start: &[u8]) -> Self {
        let text = start.trim_ascii_start();
        match text {
            [] => Self::Blank,
            [0x1f, 0x8b, ..] => Self::Packed("gunzip"),
            [b'P', b'K', 3, 4, ..] => Self::Packed("unzip"),
            [0x28, 0xb5, 0x2f, 0xfd, ..] => Self::Packed("unzstd"),
            [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => Self::Utf16,
            [b'<', ..] => root(text).map_or(Self::Text("<".to_owned()), Self::Xml),
            [b'{', ..] if is_k6(text) => Self::K6,
            [b'{' | b'[', ..] => Self::Json,
            _ => {
                let line = text.split(|byte| matches!(byte, b'\n' | b'\r')).next().unwrap_or_default();
                let line = String::from_utf8_lossy(line).into_owned();
                let columns = ["timeStamp", "elapsed", "responseCode"];
                if columns.iter().any(|column| line.contains(column)) { Self::JtlCsv } else { Self::Text(line) }
            }
        }
    }

    /// Fails where the file cannot be of `format`.
    pub(crate) fn check(&self, format: FileFormat) -> Result<(), Trouble> {
        let fits = match (format, self) {
            (_, Self::Blank) => return Err(Trouble::Empty),
            (FileFormat::Json | FileFormat::K6, guess) => matches!(guess, Self::Json | Self::K6),
            (FileFormat::Jtl, Self::JtlCsv) => true,
            (FileFormat::Jtl, Self::Xml(root)) => root == "testResults",
            (FileFormat::Junit, Self::Xml(root)) => matches!(root.as_str(), "testsuites" | "testsuite"),
            _ => false,
        };
        if fits { Ok(()) } else { Err(Trouble::Wrong { found: self.words(format), looks_like: self.format() }) }
    }

    /// The format that such a file has.
    fn format(&self) -> Option<FileFormat> {
        match self {
            Self::Json => Some(FileFormat::Json),
            Self::K6 => Some(FileFormat::K6),
            Self::JtlCsv => Some(FileFormat::Jtl),
            Self::Xml(root) => match root.as_str() {
                "testResults" => Some(FileFormat::Jtl),
                "testsuites" | "testsuite" => Some(FileFormat::Junit),
                _ => None,
            },
            _ => None,
        }
    }

    /// What was found, for a file that should be of `format`.
    fn words(&self, format: FileFormat) -> String {
        match self {
            Self::Blank => "nothing".to_owned(),
            Self::Json => "JSON".to_owned(),
            Self::K6 => "results of k6".to_owned(),
            Self::JtlCsv => "JMeter results as CSV".to_owned(),
            Self::Xml(root) => match (root.as_str(), self.format()) {
                (_, Some(FileFormat::Jtl)) => "JMeter results as XML".to_owned(),
                (_, Some(_)) => "a JUnit report".to_owned(),
                ("html" | "HTML", _) => "an HTML page".to_owned(),
                (root, _) => format!("XML with the root element {}", quoted(root)),
            },
            Self::Packed(program) => format!("a compressed file: unpack it with {program}"),
            Self::Utf16 => "text in UTF-16: convert it to UTF-8".to_owned(),
            Self::Text(line) if format == FileFormat::Jtl => {
                let property = "jmeter.save.saveservice.print_field_names=true";
                format!("no header line but {} (have JMeter write one with -J{property})", quoted(line))
            }
            Self::Text(line) => format!("text that begins with {}", quoted(line)),
        }
    }
}

/// Name of the root element, without a prefix. `None` where no element begins.
fn root(xml: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(xml);
    let mut rest: &str = &text;
    loop {
        rest = rest.trim_start().strip_prefix('<')?;
        if let Some(comment) = rest.strip_prefix("!--") {
            rest = comment.split_once("-->")?.1;
        } else if rest.starts_with(['?', '!']) {
            rest = rest.split_once('>')?.1;
        } else {
            let name = rest.split(|char: char| char.is_whitespace() || matches!(char, '>' | '/')).next()?;
            return Some(name.rsplit(':').next().unwrap_or(name).to_owned());
        }
    }
}

/// Whether a JSON object begins as one that k6 wrote: a point, or a summary with keys that only k6 has.
fn is_k6(json: &[u8]) -> bool {
    let line = json.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let start = String::from_utf8_lossy(json);
    let line = String::from_utf8_lossy(line);
    let point =
        line.contains(r#""metric":"#) && [r#""type":"Metric""#, r#""type":"Point""#].iter().any(|t| line.contains(t));
    point
        || ["\"root_group\"", "\"k6_version\"", "\"iteration_duration\"", "\"summaryTrendStats\""]
            .iter()
            .any(|key| start.contains(key))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn guesses() {
        for (start, guess) in [
            ("", Guess::Blank),
            (" \n\t", Guess::Blank),
            ("\u{1f}", Guess::Text("\u{1f}".to_owned())),
            (
                "<?xml version=\"1.0\"?>\n<!-- <a> -->\n<!DOCTYPE x>\n<testResults version=\"1.2\">",
                Guess::Xml("testResults".to_owned()),
            ),
            ("<ns:testsuite/>", Guess::Xml("testsuite".to_owned())),
            ("<!-- never closed", Guess::Text("<".to_owned())),
            ("{\"a\": 1}", Guess::Json),
            ("[1]", Guess::Json),
            ("{\"type\":\"Metric\",\"data\":{},\"metric\":\"http_reqs\"}\n", Guess::K6),
            ("{\n\"root_group\": {}, \"metrics\": {}}", Guess::K6),
            ("timeStamp,elapsed,label\n1,2,3", Guess::JtlCsv),
            ("1795403170063,99,GET /,200", Guess::Text("1795403170063,99,GET /,200".to_owned())),
        ] {
            assert_eq!(Guess::at(start.as_bytes()), guess, "{start}");
        }
        assert_eq!(Guess::at(b"\x1f\x8b\x08"), Guess::Packed("gunzip"));
        assert_eq!(Guess::at(b"\xff\xfe<\0"), Guess::Utf16);
    }
}
