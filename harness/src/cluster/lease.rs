//! Leases: who uses a plane, and which namespaces are theirs.
//!
//! A lease is a file in the plane's directory, a journal of one JSON object per line. A *locked* lease
//! is held by a process: the kernel drops the lock when the process ends, however it ends, and a file
//! that is still there then belonged to somebody who vanished. A *standing* lease (`up`, `--keep`) is
//! a plain file, with or without a time limit.
//!
//! A journal is only ever appended to, by its owner, a whole line with one write: a reader may see a
//! torn last line only of a namespace that does not exist yet.

use std::{
    collections::BTreeMap,
    fs::{self, File, OpenOptions},
    io::{self, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    process,
    time::{SystemTime, UNIX_EPOCH},
};

use serde::{Deserialize, Serialize};

use super::state::PlaneDir;
use crate::process::lock;

const SUFFIX: &str = "lease";

/// Whether a lease lives with a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LeaseKind {
    /// As long as a process holds the lock.
    Locked,
    /// Until it is ended, or its time is over.
    Standing,
}

/// A line of the journal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "entry", rename_all = "kebab-case")]
pub enum Entry {
    /// The first line.
    Lease {
        /// Whether it lives with a process.
        kind: LeaseKind,
        /// The process that made it.
        pid: u32,
        /// What the plane is used for.
        what: String,
        /// Since when, in seconds since 1970.
        since: u64,
        /// Until when, in seconds since 1970; only for a standing one.
        until: Option<u64>,
    },
    /// A namespace is about to be created.
    Namespace {
        /// Its name.
        name: String,
    },
    /// A namespace is done with: the keeper shall delete it.
    Delete {
        /// Its name.
        name: String,
    },
    /// A namespace has gone over to another lease.
    Keep {
        /// Its name.
        name: String,
    },
    /// A standing lease is over.
    End,
}

/// What is to become of a namespace of a lease.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// It is in use.
    InUse,
    /// It is to be deleted now.
    Delete,
    /// It is another lease's affair.
    Kept,
}

/// What a journal says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Journal {
    /// Whether the lease lives with a process.
    pub kind: LeaseKind,
    /// The process that made it.
    pub pid: u32,
    /// What the plane is used for.
    pub what: String,
    /// Since when, in seconds since 1970.
    pub since: u64,
    /// Until when, in seconds since 1970.
    pub until: Option<u64>,
    /// Whether it was ended.
    pub ended: bool,
    /// The namespaces ever registered.
    pub namespaces: BTreeMap<String, Fate>,
}

impl Journal {
    /// Reads a journal; `None` if it does not begin with a whole [`Entry::Lease`]. Lines that make no
    /// sense (torn, or of another version) are passed over.
    pub fn parse(text: &str) -> Option<Self> {
        let whole = &text[..text.rfind('\n')?];
        let mut entries = whole.lines().map(serde_json::from_str::<Entry>);
        let Some(Ok(Entry::Lease { kind, pid, what, since, until })) = entries.next() else { return None };
        let mut journal = Self { kind, pid, what, since, until, ended: false, namespaces: BTreeMap::new() };
        for entry in entries.flatten() {
            match entry {
                Entry::Lease { .. } => {}
                Entry::Namespace { name } => drop(journal.namespaces.insert(name, Fate::InUse)),
                Entry::Delete { name } => journal.decide(&name, Fate::Delete),
                Entry::Keep { name } => journal.decide(&name, Fate::Kept),
                Entry::End => journal.ended = true,
            }
        }
        Some(journal)
    }

    /// Only of a namespace of this very lease: nobody's journal may delete another's.
    fn decide(&mut self, name: &str, fate: Fate) {
        if let Some(namespace) = self.namespaces.get_mut(name) {
            *namespace = fate;
        }
    }

    /// The namespaces that go when the lease goes.
    pub fn leftover(&self) -> impl Iterator<Item = &str> {
        self.namespaces.iter().filter(|(_, fate)| **fate != Fate::Kept).map(|(name, _)| name.as_str())
    }
}

/// A lease as an onlooker finds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// The file.
    pub path: PathBuf,
    /// What it says.
    pub journal: Journal,
    /// Whether it counts: its process lives, or its time is not over.
    pub alive: bool,
}

/// All leases of a plane.
///
/// # Errors
/// When the directory cannot be read: `NotFound` if the plane is gone.
pub fn scan(dir: &PlaneDir, now: u64) -> io::Result<Vec<Seen>> {
    let mut seen = Vec::new();
    for entry in fs::read_dir(dir.leases())? {
        let path = entry?.path();
        if path.extension().is_none_or(|extension| extension != SUFFIX) {
            continue;
        }
        // Gone since the directory was read: its owner said goodbye.
        let Ok(file) = File::open(&path) else { continue };
        // In this order: what a dead owner wrote last is read, too.
        let held = lock::is_held(&file)?;
        let Some(journal) = io::read_to_string(file).ok().as_deref().and_then(Journal::parse) else { continue };
        let alive = match journal.kind {
            LeaseKind::Locked => held,
            LeaseKind::Standing => !journal.ended && journal.until.is_none_or(|until| now < until),
        };
        seen.push(Seen { path, journal, alive });
    }
    seen.sort_by(|a, b| (a.journal.since, &a.path).cmp(&(b.journal.since, &b.path)));
    Ok(seen)
}

/// Appends to a lease that this process need not own: to end a standing one.
///
/// # Errors
/// When the file cannot be written.
pub fn append(path: &Path, entry: &Entry) -> io::Result<()> {
    write(&mut OpenOptions::new().append(true).open(path)?, entry)
}

/// Makes a standing lease for these namespaces.
///
/// # Errors
/// When it cannot be written.
pub fn stand(dir: &PlaneDir, what: &str, until: Option<u64>, namespaces: &[&str]) -> io::Result<PathBuf> {
    let entries = namespaces.iter().map(|name| Entry::Namespace { name: (*name).to_owned() }).collect();
    Ok(put(dir, LeaseKind::Standing, what, until, entries)?.1)
}

/// A locked lease, held by this process.
#[derive(Debug)]
pub struct Lease {
    file: File,
    path: PathBuf,
    /// Whether a namespace was ever registered: then the file is left to the keeper.
    used: bool,
}

impl Lease {
    /// Registers this process as a user of the plane. To be called under the plane's start lock.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn register(dir: &PlaneDir, what: &str) -> io::Result<Self> {
        let (file, path) = put(dir, LeaseKind::Locked, what, None, Vec::new())?;
        Ok(Self { file, path, used: false })
    }

    /// Writes an entry down.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn enter(&mut self, entry: &Entry) -> io::Result<()> {
        self.used = true;
        write(&mut self.file, entry)
    }
}

impl Drop for Lease {
    /// Says goodbye. If there are namespaces to clean up the file stays, unlocked: the keeper does it
    /// then, as it would had this process been killed.
    fn drop(&mut self) {
        if !self.used {
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// Now, in seconds since 1970.
pub fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

/// The file appears under its name when it is locked and has its first line: nobody ever sees one
/// that looks abandoned only because it is new.
fn put(
    dir: &PlaneDir,
    kind: LeaseKind,
    what: &str,
    until: Option<u64>,
    entries: Vec<Entry>,
) -> io::Result<(File, PathBuf)> {
    let name = format!("{}-{:08x}", process::id(), fastrand::u32(..));
    let draft = dir.leases().join(format!("{name}.new"));
    let path = dir.leases().join(format!("{name}.{SUFFIX}"));
    let mut file = OpenOptions::new().read(true).append(true).create_new(true).mode(0o600).open(&draft)?;
    if kind == LeaseKind::Locked {
        file.try_lock().map_err(io::Error::from)?;
    }
    write(&mut file, &Entry::Lease { kind, pid: process::id(), what: what.to_owned(), since: now(), until })?;
    entries.iter().try_for_each(|entry| write(&mut file, entry))?;
    fs::rename(&draft, &path)?;
    Ok((file, path))
}

fn write(file: &mut File, entry: &Entry) -> io::Result<()> {
    let mut line = serde_json::to_vec(entry)?;
    line.push(b'\n');
    file.write_all(&line)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    const HEADER: &str = r#"{"entry":"lease","kind":"locked","pid":7,"what":"test","since":100,"until":null}"#;

    fn plane() -> (tempfile::TempDir, PlaneDir) {
        let dir = tempfile::tempdir().unwrap();
        let plane = PlaneDir::at(dir.path().join("plane"));
        fs::create_dir_all(plane.leases()).unwrap();
        (dir, plane)
    }

    fn namespace(name: &str) -> Entry {
        Entry::Namespace { name: name.into() }
    }

    #[rstest]
    #[case::nothing("", None)]
    #[case::torn_header(HEADER, None)]
    #[case::header(&format!("{HEADER}\n"), Some(vec![]))]
    #[case::torn_line(&format!("{HEADER}\n{{\"entry\":\"namespace\",\"na"), Some(vec![]))]
    #[case::registered(&format!("{HEADER}\n{{\"entry\":\"namespace\",\"name\":\"a\"}}\n"), Some(vec![("a", Fate::InUse)]))]
    #[case::done_with(
        &format!("{HEADER}\n{{\"entry\":\"namespace\",\"name\":\"a\"}}\n{{\"entry\":\"delete\",\"name\":\"a\"}}\n"),
        Some(vec![("a", Fate::Delete)])
    )]
    #[case::another_ones(&format!("{HEADER}\n{{\"entry\":\"delete\",\"name\":\"kube-system\"}}\n"), Some(vec![]))]
    #[case::nonsense_between(
        &format!("{HEADER}\n!\n{{\"entry\":\"namespace\",\"name\":\"a\"}}\n{{\"entry\":\"keep\",\"name\":\"a\"}}\n"),
        Some(vec![("a", Fate::Kept)])
    )]
    fn journals(#[case] text: &str, #[case] expected: Option<Vec<(&str, Fate)>>) {
        let namespaces = Journal::parse(text).map(|journal| journal.namespaces);
        let expected = expected.map(|e| e.into_iter().map(|(name, fate)| (name.to_owned(), fate)).collect());
        assert_eq!(namespaces, expected);
    }

    proptest! {
        /// A reader may see any beginning of a journal: it never sees a namespace that was not
        /// registered, never loses one that was written whole, and never panics.
        #[test]
        fn any_beginning_of_a_journal_is_sound(names in prop::collection::vec("[a-zé]{1,4}", 0..6), cut in 0usize..600) {
            let mut text = format!("{HEADER}\n");
            let mut ends = vec![];
            for name in &names {
                text.push_str(&serde_json::to_string(&namespace(name)).unwrap());
                text.push('\n');
                ends.push(text.len());
            }
            let mut cut = cut.min(text.len());
            while !text.is_char_boundary(cut) { cut -= 1; }
            if let Some(journal) = Journal::parse(&text[..cut]) {
                let mut whole: Vec<&String> = names.iter().zip(&ends).filter(|(_, end)| **end <= cut).map(|(n, _)| n).collect();
                whole.sort();
                whole.dedup();
                prop_assert_eq!(journal.namespaces.keys().collect::<Vec<_>>(), whole);
            } else {
                prop_assert!(cut < HEADER.len() + 1);
            }
        }
    }

    #[test]
    fn a_locked_lease_lives_as_long_as_its_holder() {
        let (_dir, plane) = plane();
        let mut lease = Lease::register(&plane, "test").unwrap();
        lease.enter(&namespace("a")).unwrap();
        lease.enter(&namespace("b")).unwrap();
        lease.enter(&Entry::Keep { name: "b".into() }).unwrap();
        let seen = scan(&plane, now()).unwrap();
        assert_eq!(seen.len(), 1);
        assert!(seen[0].alive);
        assert_eq!((seen[0].journal.pid, seen[0].journal.what.as_str()), (process::id(), "test"));

        drop(lease);
        let seen = scan(&plane, now()).unwrap();
        assert!(!seen[0].alive, "unlocked, and left for the keeper");
        assert_eq!(seen[0].journal.leftover().collect::<Vec<_>>(), ["a"]);
    }

    #[test]
    fn a_lease_that_was_never_used_leaves_nothing() {
        let (_dir, plane) = plane();
        drop(Lease::register(&plane, "test").unwrap());
        assert!(scan(&plane, now()).unwrap().is_empty());
    }

    #[rstest]
    #[case::without_limit(None, 1_000_000, false, true)]
    #[case::before_its_limit(Some(200), 199, false, true)]
    #[case::at_its_limit(Some(200), 200, false, false)]
    #[case::ended(None, 0, true, false)]
    fn a_standing_lease_lives_until(
        #[case] until: Option<u64>,
        #[case] now: u64,
        #[case] end: bool,
        #[case] alive: bool,
    ) {
        let (_dir, plane) = plane();
        let path = stand(&plane, "up", until, &["a"]).unwrap();
        if end {
            append(&path, &Entry::End).unwrap();
        }
        let seen = scan(&plane, now).unwrap();
        assert_eq!(seen[0].alive, alive);
        assert_eq!(seen[0].journal.leftover().collect::<Vec<_>>(), ["a"]);
    }

    #[test]
    fn a_plane_that_is_gone_is_told_from_one_without_leases() {
        let (dir, plane) = plane();
        assert!(scan(&plane, now()).unwrap().is_empty());
        drop(dir);
        assert_eq!(scan(&plane, now()).unwrap_err().kind(), io::ErrorKind::NotFound);
    }
}
