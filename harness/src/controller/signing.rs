//! Several controllers write one log, and each of their lines says whose it is.
//!
//! Who has said what matters: a fence believes a controller only what it said itself, and all of them see the changes
//! of a ReplicaSet, also those that do not serve its Rollout.

use std::{
    fs::File,
    io::{self, BufRead as _, BufReader, PipeReader, PipeWriter, Write as _},
    thread::JoinHandle,
};

/// The field of a line that says who wrote it.
pub(super) const WRITER: &str = "written-by";

/// What copies the output of a process to the log, signed; it ends with the last process that writes to the pipe.
pub(super) type Signing = JoinHandle<()>;

/// Begins to copy what is written to the pipe.
///
/// # Errors
/// No pipe, or no thread.
pub(super) fn sign(name: &str, log: File) -> io::Result<(PipeWriter, Signing)> {
    let (reader, writer) = io::pipe()?;
    let name = name.to_owned();
    let signing = std::thread::Builder::new().name("signing".into()).spawn(move || copy(reader, &name, log))?;
    Ok((writer, signing))
}

fn copy(reader: PipeReader, name: &str, mut log: File) {
    let mut reader = BufReader::new(reader);
    let mut line = Vec::new();
    while reader.read_until(b'\n', &mut line).is_ok_and(|length| length > 0) {
        // A line that can't be written is lost, as where the controller writes it itself; it must never be blocked.
        let _ = log.write_all(&signed(&line, name));
        line.clear();
    }
}

/// What is no JSON (panics, klog, goroutines) stays as it is.
fn signed(line: &[u8], name: &str) -> Vec<u8> {
    match line.strip_prefix(b"{\"") {
        Some(rest) => [format!("{{\"{WRITER}\":\"{name}\",\"").as_bytes(), rest].concat(),
        None => line.to_vec(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_signed_and_nothing_is_lost() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let (mut writer, signing) = sign("second", file.reopen().unwrap()).unwrap();
        writer.write_all(b"{\"level\":\"info\",\"msg\":\"a\"}\ngoroutine 1 [running]:\nno end of line").unwrap();
        drop(writer);
        signing.join().unwrap();
        let read = std::fs::read_to_string(file.path()).unwrap();
        insta::assert_snapshot!(read, @r#"
        {"written-by":"second","level":"info","msg":"a"}
        goroutine 1 [running]:
        no end of line
        "#);
    }
}
