//! Takes one file out of an archive. Nothing else of it is written: there is no path to escape by.

use std::{
    fs::{self, File},
    io::{self, BufReader, Read},
    path::{Component, Path, PathBuf},
};

use flate2::read::MultiGzDecoder;
use tar::Archive;

use super::{client, error::DownloadError};

/// How an archive is packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Packed {
    /// Not at all.
    Plain,
    /// By gzip.
    Gzip,
}

/// What an archive says of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Found {
    /// It was written.
    Written,
    /// The layer takes it away.
    Removed,
    /// Nothing.
    Nothing,
}

/// Writes the file `member` of an archive, which came from `url`, to `to`.
pub(super) fn one(archive: &Path, packed: Packed, member: &str, to: &Path, url: &str) -> Result<(), DownloadError> {
    match find(archive, packed, |path| path == Path::new(member), to, url)? {
        Found::Written => Ok(()),
        _ => Err(client::content(url, &format!("there is no {member} in it"))),
    }
}

/// Writes the file that `wanted` means to `to`, if it is in the archive.
pub(super) fn find(
    archive: &Path,
    packed: Packed,
    wanted: impl Fn(&Path) -> bool,
    to: &Path,
    url: &str,
) -> Result<Found, DownloadError> {
    let file = File::open(archive).map_err(|source| DownloadError::Disk { path: archive.to_owned(), source })?;
    let file = BufReader::new(file);
    let reader: Box<dyn Read> = match packed {
        Packed::Plain => Box::new(file),
        Packed::Gzip => Box::new(MultiGzDecoder::new(file)),
    };
    let broken = |error: io::Error| client::content(url, &format!("it is no archive: {error}"));
    for entry in Archive::new(reader).entries().map_err(broken)? {
        let mut entry = entry.map_err(broken)?;
        let path = plain(&entry.path().map_err(broken)?);
        if wanted(&path) && entry.header().entry_type().is_file() {
            let mut out = File::create(to).map_err(|source| DownloadError::Disk { path: to.to_owned(), source })?;
            copy(&mut entry, &mut out).map_err(|error| match error {
                Side::Read(error) => broken(error),
                Side::Write(source) => {
                    let _ = fs::remove_file(to);
                    DownloadError::Disk { path: to.to_owned(), source }
                }
            })?;
            return Ok(Found::Written);
        }
        let removes = path.file_name().and_then(|name| name.to_str()?.strip_prefix(".wh."));
        if removes.is_some_and(|name| wanted(&path.with_file_name(name))) {
            return Ok(Found::Removed);
        }
    }
    Ok(Found::Nothing)
}

/// On which side a copy broke.
enum Side {
    Read(io::Error),
    Write(io::Error),
}

fn copy(from: &mut impl Read, to: &mut impl io::Write) -> Result<(), Side> {
    let mut buffer = vec![0; 1 << 17];
    loop {
        match from.read(&mut buffer).map_err(Side::Read)? {
            0 => return Ok(()),
            read => to.write_all(&buffer[..read]).map_err(Side::Write)?,
        }
    }
}

/// The path as from the archive's root: `./bin/x` and `/bin/x` are `bin/x`.
fn plain(path: &Path) -> PathBuf {
    path.components().filter(|part| matches!(part, Component::Normal(_))).collect()
}
