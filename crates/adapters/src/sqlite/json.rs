//! Records as JSON text.

use std::io;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::ser::Formatter;

use super::trouble::Trouble;

/// How deep `serde_json` reads. Deeper data could be written but never read again, so they are not written.
const DEPTH: usize = 127;

/// A record as compact text.
pub(super) fn write(record: &impl Serialize, what: &'static str) -> Result<String, Trouble> {
    let mut text = Vec::with_capacity(512);
    let mut serializer = serde_json::Serializer::with_formatter(&mut text, Shallow { depth: 0 });
    let unwritable = |why: String| Trouble::Unwritable { what, why };
    record.serialize(&mut serializer).map_err(|error| unwritable(error.to_string()))?;
    String::from_utf8(text).map_err(|error| unwritable(error.to_string()))
}

/// Reads what [`write()`] wrote.
pub(super) fn read<T: DeserializeOwned>(text: &str, what: &'static str) -> Result<T, Trouble> {
    serde_json::from_str(text).map_err(|error| Trouble::Unreadable { what, why: error.to_string() })
}

/// Compact, and no deeper than can be read.
struct Shallow {
    depth: usize,
}

impl Shallow {
    fn enter<W: ?Sized + io::Write>(&mut self, writer: &mut W, bracket: &[u8]) -> io::Result<()> {
        self.depth += 1;
        if self.depth > DEPTH {
            return Err(io::Error::other(format!("it is nested deeper than {DEPTH} levels")));
        }
        writer.write_all(bracket)
    }

    fn leave<W: ?Sized + io::Write>(&mut self, writer: &mut W, bracket: &[u8]) -> io::Result<()> {
        self.depth -= 1;
        writer.write_all(bracket)
    }
}

impl Formatter for Shallow {
    fn begin_array<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.enter(writer, b"[")
    }

    fn end_array<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.leave(writer, b"]")
    }

    fn begin_object<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.enter(writer, b"{")
    }

    fn end_object<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.leave(writer, b"}")
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn nested(depth: usize) -> Value {
        (1..depth).fold(json!([]), |inner, _| json!([inner]))
    }

    #[test]
    fn what_is_written_can_be_read() {
        let value = nested(DEPTH);
        let text = write(&value, "it").unwrap();
        assert_eq!(text, value.to_string());
        assert_eq!(read::<Value>(&text, "it").unwrap(), value);
        let deeper = nested(DEPTH + 1);
        assert!(read::<Value>(&deeper.to_string(), "it").is_err());
        let Err(Trouble::Unwritable { why, .. }) = write(&deeper, "it") else { panic!("it was written") };
        assert_eq!(why, "it is nested deeper than 127 levels");
    }
}
