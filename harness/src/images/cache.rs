//! Archives in the cache of the parts: an entry each, complete or absent.
//!
//! ```text
//! parts/image-rollouts-demo-0123456789ab/    named by what the archive is made of
//!     images.tar
//!     images.json                            a [`Record`]
//! ```

use std::{
    fs::{self, File},
    io,
    path::Path,
    time::{Duration, SystemTime},
};

use serde::{Deserialize, Serialize};

use super::{Image, ImageArchive, ImageError, archive::Recipe};
use crate::{
    parts::{PartError, Parts, cache::Cache, sha256_hex},
    progress::Progress,
};

const ARCHIVE: &str = "images.tar";
const RECORD: &str = "images.json";
/// Changes whenever something is written otherwise for the same recipe.
const FORMAT: &str = "image archive 1";
/// So many archives of one name are kept: each build of a controller makes a new one.
const KEPT: usize = 4;
/// What was used within this time is kept in any case: somebody may be loading it.
const FRESH: Duration = Duration::from_secs(3600);

/// What stands beside an archive.
#[derive(Debug, Serialize, Deserialize)]
struct Record {
    /// Bytes of the archive.
    size: u64,
    /// The images in it.
    images: Vec<Image>,
}

/// The archive of a recipe, from the cache, or made now and kept there.
pub(super) fn archive(
    parts: &Parts,
    name: &str,
    recipe: &Recipe,
    progress: &dyn Progress,
) -> Result<ImageArchive, ImageError> {
    let cache = parts.cache();
    let prefix = format!("image-{name}-");
    let entry = format!("{prefix}{}", key(recipe));
    let look = || look(cache, &entry);
    if let Some(found) = look() {
        return Ok(found);
    }
    let _lock = cache.lock(&entry, &format!("makes the images of {name}"), progress)?;
    // Somebody else may have made it while this process waited.
    if let Some(found) = look() {
        return Ok(found);
    }
    progress.update(&format!("making the images of {name}"));
    let room = cache.room(&entry)?;
    let out = room.path().join("out");
    let failed = |doing| PartError::cache(doing, &out);
    fs::create_dir(&out).map_err(failed("make the directory"))?;
    let made = File::create(out.join(ARCHIVE)).and_then(|file| recipe.write(file, room.path()));
    let images = made.map_err(failed("write the images in"))?;
    record(&out, &images).map_err(failed("write the record in"))?;
    cache.install(&entry, &out)?;
    prune(cache, &prefix);
    Ok(ImageArchive { path: cache.entry(&entry).join(ARCHIVE), images })
}

fn record(out: &Path, images: &[Image]) -> io::Result<()> {
    let record = Record { size: out.join(ARCHIVE).metadata()?.len(), images: images.to_vec() };
    fs::write(out.join(RECORD), serde_json::to_vec_pretty(&record)?)
}

fn key(recipe: &Recipe) -> String {
    let written = serde_json::to_string(recipe).expect("texts and numbers can be written");
    sha256_hex(&[FORMAT, std::env::consts::ARCH, &written])[..12].to_owned()
}

fn look(cache: &Cache, entry: &str) -> Option<ImageArchive> {
    let directory = cache.entry(entry);
    let Record { size, images } = serde_json::from_slice(&fs::read(directory.join(RECORD)).ok()?).ok()?;
    let path = directory.join(ARCHIVE);
    if path.metadata().ok()?.len() != size {
        return None;
    }
    // In a cache that cannot be written it merely looks older than it is.
    let _ = File::open(&directory).and_then(|file| file.set_modified(SystemTime::now()));
    Some(ImageArchive { path, images })
}

/// Removes the oldest of those whose names begin so. What cannot be removed is left to the next time.
fn prune(cache: &Cache, prefix: &str) {
    let used = |path: &Path| path.metadata().and_then(|meta| meta.modified());
    let Ok(entries) = fs::read_dir(cache.entry("")) else { return };
    let mut found: Vec<_> = entries
        .flatten()
        .filter(|entry| entry.file_name().to_str().is_some_and(|name| name.starts_with(prefix)))
        .filter_map(|entry| Some((used(&entry.path()).ok()?, entry.path())))
        .collect();
    found.sort();
    found.reverse();
    let old = SystemTime::now() - FRESH;
    for (_, path) in found.into_iter().skip(KEPT).filter(|(used, _)| *used < old) {
        let _ = fs::remove_dir_all(path);
    }
}
