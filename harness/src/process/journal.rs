//! What a process in the background says, which nobody may ever read.

use std::io::{self, Write as _};

/// Writes a line to standard error, the log of a keeper or a reaper. On a full disk the line is lost, and no more
/// than that: `eprintln!` would end the process.
pub fn note(line: &str) {
    let _ = writeln!(io::stderr(), "{line}");
}
