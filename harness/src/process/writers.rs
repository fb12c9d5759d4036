//! Who writes a file: the processes that have it open for writing, as far as this user may see them.

use std::{
    fs, io,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

use rustix::process::Pid;

/// The processes of this machine that have this file open for writing, ours left out. Those of other
/// users, of other machines and behind a pipe are not seen.
///
/// # Errors
/// When the file or the list of processes cannot be read.
pub fn writers(path: &Path) -> io::Result<Vec<Pid>> {
    let file = fs::metadata(path)?;
    let is_it = |descriptor: &Path| {
        fs::metadata(descriptor).is_ok_and(|found| (found.dev(), found.ino()) == (file.dev(), file.ino()))
    };
    let own = rustix::process::getpid();
    let mut writers = Vec::new();
    for entry in fs::read_dir("/proc")? {
        let process = entry?.path();
        let number = process.file_name().and_then(|name| name.to_str()?.parse().ok());
        let Some(pid) = number.and_then(Pid::from_raw).filter(|pid| *pid != own) else { continue };
        // It may end while we look, and may be somebody else's.
        let descriptors = fs::read_dir(process.join("fd")).into_iter().flatten().flatten().map(|entry| entry.path());
        if descriptors.filter(|descriptor| is_it(descriptor)).any(|descriptor| is_for_writing(&process, &descriptor)) {
            writers.push(pid);
        }
    }
    writers.sort_by_key(|pid| pid.as_raw_nonzero());
    Ok(writers)
}

/// By its flags, octal: `O_WRONLY` is 1, `O_RDWR` is 2.
fn is_for_writing(process: &Path, descriptor: &Path) -> bool {
    let number = descriptor.file_name().map(PathBuf::from).unwrap_or_default();
    let info = fs::read_to_string(process.join("fdinfo").join(number)).unwrap_or_default();
    let flags = info.lines().find_map(|line| line.strip_prefix("flags:"));
    flags.and_then(|flags| u32::from_str_radix(flags.trim(), 8).ok()).is_some_and(|flags| flags & 0o3 != 0)
}

#[cfg(test)]
mod tests {
    use std::{
        fs::File,
        process::{Child, Command, Stdio},
    };

    use super::*;

    struct Killed(Child);

    impl Drop for Killed {
        fn drop(&mut self) {
            let _ = self.0.kill();
            let _ = self.0.wait();
        }
    }

    #[test]
    fn a_writer_is_found_and_a_reader_is_not() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let sleeping = |stdin: Stdio, stdout: Stdio| {
            Killed(Command::new("sleep").arg("60").stdin(stdin).stdout(stdout).spawn().unwrap())
        };
        let reader = sleeping(File::open(file.path()).unwrap().into(), Stdio::null());
        let log = File::options().append(true).open(file.path()).unwrap();
        let writer = sleeping(Stdio::null(), log.into());
        let pids = [&reader, &writer].map(|child| Pid::from_child(&child.0));
        // Others may be seen, too: what another test has just forked has a copy of our own descriptor until it
        // becomes its program.
        let seen = || writers(file.path()).unwrap();
        assert_eq!(pids.map(|pid| seen().contains(&pid)), [false, true]);
        assert!(!seen().contains(&rustix::process::getpid()), "we ourselves");
        drop((reader, writer));
        assert_eq!(pids.map(|pid| seen().contains(&pid)), [false, false]);
        assert!(writers(&file.path().with_extension("not-there")).is_err());
    }
}
