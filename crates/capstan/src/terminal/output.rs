//! Writing to standard output and standard error.

use std::io::Write;

/// Writes to standard output. A reader that has gone, such as `head`, is no error.
pub(crate) fn print(text: &str) {
    let mut stdout = std::io::stdout().lock();
    let _ = stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush());
}

/// Writes a remark to standard error, where it does not disturb a program that reads the output.
pub(crate) fn note(text: &str) {
    let _ = std::io::stderr().lock().write_all(text.as_bytes());
}
