//! Writing to standard output and standard error.

use std::io::Write;

use crate::exit::Exit;

/// Writes to standard output. A reader that has gone, such as `head`, is no error; anything else, such as a full disk,
/// ends the process: a verdict that is cut short must not look like one.
pub(crate) fn print(text: &str) {
    let mut stdout = std::io::stdout().lock();
    let written = stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush());
    if let Err(error) = written
        && error.kind() != std::io::ErrorKind::BrokenPipe
    {
        note(&format!("error: cannot write to standard output: {}\n", crate::failure::reason(&error)));
        std::process::exit(Exit::Usage as i32);
    }
}

/// Writes a remark to standard error, where it does not disturb a program that reads the output.
pub(crate) fn note(text: &str) {
    let _ = std::io::stderr().lock().write_all(text.as_bytes());
}
