//! Readers that know which line they are at.

use std::io::{self, BufRead, Read};

use super::error::Trouble;

/// Longest line that is kept, in bytes; what is longer is no line of results.
const LONGEST: u64 = 16 << 20;

/// Counts the lines that a parser takes from `inner`.
#[derive(Debug)]
pub(crate) struct LineCounter<R> {
    inner: R,
    line: u64,
}

impl<R> LineCounter<R> {
    pub(crate) fn new(inner: R) -> Self {
        Self { inner, line: 1 }
    }

    /// The line at which the parser is, from 1.
    pub(crate) fn line(&self) -> u64 {
        self.line
    }
}

impl<R: BufRead> Read for LineCounter<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(into)?;
        self.line += newlines(&into[..read]);
        Ok(read)
    }
}

impl<R: BufRead> BufRead for LineCounter<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.inner.fill_buf()
    }

    fn consume(&mut self, amount: usize) {
        // The buffer is full already: this reads nothing, and so cannot fail.
        if let Ok(buffer) = self.inner.fill_buf() {
            self.line += newlines(&buffer[..amount]);
        }
        self.inner.consume(amount);
    }
}

#[expect(clippy::naive_bytecount, reason = "the compiler vectorises it well enough to save a dependency")]
fn newlines(bytes: &[u8]) -> u64 {
    bytes.iter().filter(|byte| **byte == b'\n').count() as u64
}

/// Appends the next line to `buffer`, its end included. False at the end of the file.
pub(crate) fn append_line(reader: &mut impl BufRead, line: u64, buffer: &mut Vec<u8>) -> Result<bool, Trouble> {
    let read = reader.by_ref().take(LONGEST).read_until(b'\n', buffer)?;
    if buffer.len() as u64 >= LONGEST {
        return Err(Trouble::at(line, format!("more than {} MiB without an end", LONGEST >> 20)));
    }
    Ok(read > 0)
}

/// `line` without its end.
pub(crate) fn without_end(line: &[u8]) -> &[u8] {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    line.strip_suffix(b"\r").unwrap_or(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_counted_however_they_are_read() {
        let mut counter = LineCounter::new(&b"a\nb\nc\nd"[..]);
        let mut two = [0; 2];
        counter.read_exact(&mut two).unwrap();
        assert_eq!(counter.line(), 2);
        let mut rest = Vec::new();
        counter.read_until(b'c', &mut rest).unwrap();
        assert_eq!(counter.line(), 3);
        counter.read_to_end(&mut rest).unwrap();
        assert_eq!(counter.line(), 4);
    }

    #[test]
    fn a_file_without_line_ends_is_refused() {
        let endless = vec![b'x'; (LONGEST + 5) as usize];
        assert!(matches!(
            append_line(&mut &endless[..], 1, &mut Vec::new()),
            Err(Trouble::Malformed { line: Some(1), .. })
        ));
    }
}
