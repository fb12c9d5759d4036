//! One file with parts in it, for hosts without a network: `parts export` writes it, `parts import` puts it into the
//! cache there. It is a tar archive, packed by gzip where its name ends so:
//!
//! ```text
//! proofroll-parts.json                  an [`Index`]: first, so that all that follows can be checked as it is read
//! etcd-v3.6.8-0123456789ab/etcd         the files of the cache's entries
//! rollouts-controller-v1.10.2-.../manifests/install.yaml
//! ```
//!
//! An import takes all or nothing. An entry's name says all that the part was made from, so only a proofroll with the
//! same pins takes it. The sums show damage on the way; whoever wants to know that nobody replaced the whole file has
//! to carry its own sum by another way.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::{self, BufReader, BufWriter, Read, Write},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use flate2::{Compression, read::MultiGzDecoder, write::GzEncoder};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use tar::{Archive, Builder, EntryType, Header};

use super::{FoundPart, Origin, PartError, PartName, Parts, cache::Look, hex, recipe::Recipe, sum};
use crate::{process::interrupt, progress::Progress};

const INDEX: &str = "proofroll-parts.json";
const FORMAT: u32 = 1;
/// An index of all parts of all releases has some hundred kilobytes.
const LARGEST_INDEX: u64 = 16 << 20;

/// What is in an archive.
#[derive(Debug, Serialize, Deserialize)]
struct Index {
    format: u32,
    proofroll: String,
    os: String,
    arch: String,
    parts: Vec<Entry>,
}

/// A part in an archive.
#[derive(Debug, Serialize, Deserialize)]
struct Entry {
    /// Its name, as `etcd`.
    part: String,
    /// For people.
    version: semver::Version,
    /// The name of its entry in the cache.
    entry: String,
    /// Where it came from.
    source: String,
    /// Its files, by their path within the entry: the binary first.
    files: Vec<Item>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Item {
    path: String,
    sha256: String,
    size: u64,
}

/// Why an archive was not written, or not taken.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// A part is not to be had, or the cache cannot be worked in.
    #[error(transparent)]
    Part(#[from] PartError),
    /// What is given is not in the cache.
    #[error("{part} is given by {by}: an archive is made of parts of the cache; export it without {by}")]
    Given {
        /// The part.
        part: PartName,
        /// The variable or option.
        by: String,
    },
    /// A file cannot be read or written.
    #[error("cannot {doing} {}: {source}", path.display())]
    Io {
        /// What was being done.
        doing: &'static str,
        /// To which file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// It is no archive, or no longer.
    #[error("{} is no archive of parts, or it is damaged: {what}; nothing was imported", path.display())]
    Damaged {
        /// The archive.
        path: PathBuf,
        /// What is wrong.
        what: String,
    },
    /// It is one for somebody else.
    #[error("{} does not fit: {what}; nothing was imported", path.display())]
    Foreign {
        /// The archive.
        path: PathBuf,
        /// What does not fit, and what to do.
        what: String,
    },
}

impl ArchiveError {
    /// Is it a fault of what was asked (exit code 2), and not of the machine (3)?
    pub fn is_bad_input(&self) -> bool {
        match self {
            Self::Part(error) => error.is_bad_input(),
            Self::Io { .. } => false,
            Self::Given { .. } | Self::Damaged { .. } | Self::Foreign { .. } => true,
        }
    }

    fn io(doing: &'static str, path: &Path) -> impl Fn(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { doing, path: path.clone(), source }
    }
}

/// What became of a part of an archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Imported {
    /// Part and version, as `etcd v3.6.8`.
    pub title: String,
    /// SHA-256 of its binary, hex.
    pub sha256: String,
    /// It was in the cache already.
    pub was_there: bool,
}

/// Writes the parts to the file `to`, whole or not at all; makes those that are missing. Answers the parts and the
/// file's size.
///
/// # Errors
/// When a part is not to be had, or the file cannot be written.
pub fn export(
    parts: &Parts,
    names: &[PartName],
    to: &Path,
    progress: &dyn Progress,
) -> Result<(Vec<FoundPart>, u64), ArchiveError> {
    let found = parts.find_all(names, progress)?;
    let mut entries = Vec::new();
    for part in &found {
        if let Origin::Given(by) = &part.origin {
            return Err(ArchiveError::Given { part: part.name.clone(), by: by.clone() });
        }
        progress.update(&format!("reading {} v{}", part.name.binary(), part.version));
        entries.push(entry_of(parts, part)?);
    }
    let index = Index {
        format: FORMAT,
        proofroll: env!("CARGO_PKG_VERSION").into(),
        os: std::env::consts::OS.into(),
        arch: std::env::consts::ARCH.into(),
        parts: entries,
    };
    let failed = ArchiveError::io("write", to);
    let directory = to.parent().filter(|directory| !directory.as_os_str().is_empty()).unwrap_or(Path::new("."));
    // Readable for whoever carries it.
    let readable = fs::Permissions::from_mode(0o644);
    let file = tempfile::Builder::new().permissions(readable).tempfile_in(directory).map_err(&failed)?;
    let packed = to.extension().is_some_and(|extension| extension == "gz" || extension == "tgz");
    let out = BufWriter::new(file.as_file());
    match packed {
        true => {
            let out = write(parts, &index, GzEncoder::new(out, Compression::fast()), &failed, progress)?;
            out.finish().and_then(|mut out| out.flush()).map_err(&failed)?;
        }
        false => write(parts, &index, out, &failed, progress)?.flush().map_err(&failed)?,
    }
    let file = file.persist(to).map_err(|error| failed(error.error))?;
    let size = file.metadata().map_err(&failed)?.len();
    Ok((found, size))
}

fn entry_of(parts: &Parts, part: &FoundPart) -> Result<Entry, ArchiveError> {
    let recipe = Recipe::of(&part.name)?;
    let directory = parts.cache().entry(&recipe.entry());
    let mut paths = vec![recipe.part.binary().to_owned()];
    if recipe.has_manifests() {
        let manifests = parts.manifests(recipe.version(), &crate::progress::Silent)?;
        let files = manifests.crds().iter().cloned().chain([manifests.install(), manifests.namespace_install()]);
        let below = files.filter_map(|file| Some(file.strip_prefix(&directory).ok()?.to_str()?.to_owned()));
        paths.extend(below);
    }
    let item = |path: String| {
        let file = directory.join(&path);
        let failed = ArchiveError::io("read", &file);
        let sha256 = sum::sha256_of(&file).map_err(&failed)?;
        Ok(Item { size: fs::metadata(&file).map_err(&failed)?.len(), path, sha256 })
    };
    let source = match &part.origin {
        Origin::Given(by) => by.clone(),
        Origin::Cached(source) | Origin::Made(source) => source.clone(),
    };
    Ok(Entry {
        part: part.name.to_string(),
        version: part.version.clone(),
        entry: recipe.entry(),
        source,
        files: paths.into_iter().map(item).collect::<Result<_, ArchiveError>>()?,
    })
}

fn write<W: Write>(
    parts: &Parts,
    index: &Index,
    out: W,
    failed: &dyn Fn(io::Error) -> ArchiveError,
    progress: &dyn Progress,
) -> Result<W, ArchiveError> {
    let text = serde_json::to_vec_pretty(index).map_err(|error| failed(error.into()))?;
    let mut archive = Builder::new(out);
    let header = |size: u64| {
        let mut header = Header::new_gnu();
        header.set_entry_type(EntryType::Regular);
        header.set_mode(0o644);
        header.set_size(size);
        header.set_mtime(0);
        header
    };
    archive.append_data(&mut header(text.len() as u64), INDEX, text.as_slice()).map_err(failed)?;
    for entry in &index.parts {
        progress.update(&format!("writing {} v{}", entry.part, entry.version));
        for item in &entry.files {
            interrupt::check().map_err(failed)?;
            let path = parts.cache().entry(&entry.entry).join(&item.path);
            let file = File::open(&path).map_err(ArchiveError::io("read", &path))?;
            let name = format!("{}/{}", entry.entry, item.path);
            archive.append_data(&mut header(item.size), name, file.take(item.size)).map_err(failed)?;
        }
    }
    archive.into_inner().map_err(failed)
}

/// Puts the parts of the file `from` into the cache, all of them or none.
///
/// # Errors
/// When it is damaged, or is for another platform or another proofroll; or the cache cannot be written.
pub fn import(parts: &Parts, from: &Path, progress: &dyn Progress) -> Result<Vec<Imported>, ArchiveError> {
    let failed = ArchiveError::io("read", from);
    let damaged = |what: String| ArchiveError::Damaged { path: from.to_owned(), what };
    let broken = |error: io::Error| damaged(error.to_string());
    let mut file = BufReader::new(File::open(from).map_err(&failed)?);
    let packed = io::BufRead::fill_buf(&mut file).map_err(&failed)?.starts_with(&[0x1f, 0x8b]);
    let reader: Box<dyn Read> = if packed { Box::new(MultiGzDecoder::new(file)) } else { Box::new(file) };
    let mut archive = Archive::new(reader);
    let mut files = archive.entries().map_err(broken)?;

    let first = files.next().ok_or_else(|| damaged("it is empty".into()))?.map_err(broken)?;
    if first.path().map_err(broken)? != Path::new(INDEX) {
        return Err(damaged(format!("it does not begin with {INDEX}")));
    }
    let index: Index = serde_json::from_reader(first.take(LARGEST_INDEX))
        .map_err(|error| damaged(format!("its {INDEX} is not understood: {error}")))?;
    let wanted = fitting(&index, from)?;

    // All locks at once, in one order, so that two imports do not wait for each other.
    let mut locks = Vec::new();
    let mut rooms = BTreeMap::new();
    for (entry, (_, recipe)) in &wanted {
        locks.push(parts.cache().lock(entry, &format!("makes {}", recipe.title()), progress)?);
        rooms.insert(*entry, parts.cache().room(entry)?);
    }
    let mut expected: BTreeMap<String, (&str, &Item)> = BTreeMap::new();
    for entry in &index.parts {
        expected.extend(
            entry.files.iter().map(|item| (format!("{}/{}", entry.entry, item.path), (entry.entry.as_str(), item))),
        );
    }
    for file in files {
        interrupt::check().map_err(&failed)?;
        let mut file = file.map_err(broken)?;
        let name = file.path().map_err(broken)?.to_string_lossy().into_owned();
        let (entry, item) = expected
            .remove(&name)
            .filter(|_| file.header().entry_type().is_file())
            .ok_or_else(|| damaged(format!("it holds {name}, which its list does not")))?;
        progress.update(&format!("reading {name}"));
        let to = rooms[entry].path().join("out").join(&item.path);
        take(&mut file, item, &to).map_err(|error| match error {
            Taken::Wrong(what) => damaged(format!("{name}: {what}")),
            Taken::NotWritten(source) => ArchiveError::Io { doing: "write", path: to.clone(), source },
        })?;
    }
    if let Some(name) = expected.keys().next() {
        return Err(damaged(format!("{name} is missing in it")));
    }

    let mut imported = Vec::new();
    for (entry, (described, recipe)) in &wanted {
        let was_there = matches!(parts.cache().look(recipe), Look::Hit(_));
        let binary = &described.files[0];
        if !was_there {
            let out = rooms[entry].path().join("out");
            let path = out.join(&binary.path);
            fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).map_err(ArchiveError::io("change", &path))?;
            parts.cache().publish(recipe, &out, format!("{}, imported", described.source), 0)?;
        }
        imported.push(Imported { title: recipe.title(), sha256: binary.sha256.clone(), was_there });
    }
    Ok(imported)
}

/// The entries of an archive with the recipes of this proofroll, if they are for each other.
fn fitting<'a>(index: &'a Index, from: &Path) -> Result<BTreeMap<&'a str, (&'a Entry, Recipe)>, ArchiveError> {
    let foreign = |what: String| ArchiveError::Foreign { path: from.to_owned(), what };
    let Index { format, proofroll, os, arch, parts } = index;
    if *format != FORMAT {
        return Err(foreign(format!(
            "it was written by proofroll {proofroll} in the form {format}, this one reads {FORMAT}"
        )));
    }
    if (os.as_str(), arch.as_str()) != (std::env::consts::OS, std::env::consts::ARCH) {
        return Err(foreign(format!(
            "its parts are for {os} on {arch}, this is {} on {}",
            std::env::consts::OS,
            std::env::consts::ARCH
        )));
    }
    let mut wanted = BTreeMap::new();
    for entry in parts {
        let title = format!("{} v{}", entry.part, entry.version);
        let other = || {
            foreign(format!(
                "its {title} is not the one that this proofroll is pinned to; export it with the same build of proofroll (that was {proofroll}, this is {})",
                env!("CARGO_PKG_VERSION")
            ))
        };
        let name: PartName = entry.part.parse().map_err(|_| other())?;
        let recipe = Recipe::of(&name)?;
        // The paths are joined to a directory: only those that a part has.
        let good = |path: &str| path == name.binary() || manifest(path) && recipe.has_manifests();
        let starts_right = entry.files.first().is_some_and(|first| first.path == name.binary());
        if recipe.entry() != entry.entry {
            return Err(other());
        }
        if !starts_right || !entry.files.iter().all(|item| good(&item.path)) {
            let what = format!("its list of the files of {title} is not one");
            return Err(ArchiveError::Damaged { path: from.to_owned(), what });
        }
        wanted.insert(entry.entry.as_str(), (entry, recipe));
    }
    Ok(wanted)
}

/// `manifests/install.yaml`, `manifests/crds/rollout-crd.yaml`.
fn manifest(path: &str) -> bool {
    let plain = |name: &str| name.ends_with(".yaml") && !name.starts_with('.') && !name.contains(['/', '\\', '\0']);
    path.strip_prefix("manifests/").is_some_and(|rest| plain(rest.strip_prefix("crds/").unwrap_or(rest)))
}

/// Why a file of an archive was not taken.
enum Taken {
    Wrong(String),
    NotWritten(io::Error),
}

fn take(from: &mut impl Read, item: &Item, to: &Path) -> Result<(), Taken> {
    fs::create_dir_all(to.parent().unwrap_or(to)).map_err(Taken::NotWritten)?;
    let mut file = File::create(to).map_err(Taken::NotWritten)?;
    let (mut digest, mut size, mut buffer) = (Sha256::new(), 0, vec![0; 1 << 17]);
    loop {
        let read = from.read(&mut buffer).map_err(|error| Taken::Wrong(error.to_string()))?;
        if read == 0 {
            break;
        }
        digest.update(&buffer[..read]);
        file.write_all(&buffer[..read]).map_err(Taken::NotWritten)?;
        size += read as u64;
    }
    file.sync_all().map_err(Taken::NotWritten)?;
    let sha256 = hex(&digest.finalize());
    if size != item.size {
        return Err(Taken::Wrong(format!("it has {size} bytes instead of {}", item.size)));
    }
    if sha256 != item.sha256 {
        return Err(Taken::Wrong(format!("its sha256 is {sha256} instead of {}", item.sha256)));
    }
    Ok(())
}
