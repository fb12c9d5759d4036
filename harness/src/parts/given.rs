//! Parts that the user gives: a path for one, or a directory that holds several by name.

use std::{
    collections::BTreeMap,
    fs, io,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

use super::{
    PartError, PartName, PartsOptions,
    sum::{self, Stamp},
};

/// The path that is given for a part, and by what; else in words why there is none.
///
/// # Errors
/// When a path is given and is no executable file: what a person asks for is not passed over.
pub(crate) fn find(options: &PartsOptions, part: &PartName) -> Result<Result<(PathBuf, String), String>, PartError> {
    let good = |path: PathBuf, by: String| match executable(&path) {
        Ok(()) => Ok((path, by)),
        Err(reason) => Err(PartError::Given { part: part.clone(), by, path, reason }),
    };
    if let Some((path, by)) = options.given.get(part) {
        let path = std::path::absolute(path).unwrap_or_else(|_| path.clone());
        return good(path, by.clone()).map(Ok);
    }
    let Some(dir) = &options.dir else {
        return Ok(Err(format!("neither {} nor PROOFROLL_PARTS_DIR is set", part.variable())));
    };
    match part.file_names().into_iter().map(|name| dir.join(name)).find(|path| path.exists()) {
        Some(path) => good(path, "PROOFROLL_PARTS_DIR".into()).map(Ok),
        None => Ok(Err(format!("{} is not in {} (PROOFROLL_PARTS_DIR)", part.binary(), dir.display()))),
    }
}

/// Is this a file that can be executed?
///
/// # Errors
/// In words, if not.
pub(crate) fn executable(path: &Path) -> Result<(), String> {
    let meta = fs::metadata(path).map_err(|error| error.to_string())?;
    if !meta.is_file() {
        return Err("it is no file".into());
    }
    if meta.permissions().mode() & 0o111 == 0 {
        return Err(format!("it is not executable (chmod +x {})", path.display()));
    }
    Ok(())
}

#[derive(Debug, Default, Serialize, Deserialize)]
struct Known {
    #[serde(flatten)]
    stamp: Option<Stamp>,
    sha256: String,
}

/// The SHA-256 of a file outside the cache. It is remembered in `cache` as long as the file's size
/// and time stay, for these files are large and asked about at every start.
pub(crate) fn remembered_sha256(cache: &Path, path: &Path) -> io::Result<String> {
    let stamp = Stamp::of(path)?;
    let memory = cache.join("sums.json");
    let mut known: BTreeMap<String, Known> =
        fs::read(&memory).ok().and_then(|text| serde_json::from_slice(&text).ok()).unwrap_or_default();
    let key = path.display().to_string();
    if let Some(known) = known.get(&key).filter(|known| known.stamp == Some(stamp)) {
        return Ok(known.sha256.clone());
    }
    let sha256 = sum::sha256_of(path)?;
    known.insert(key, Known { stamp: Some(stamp), sha256: sha256.clone() });
    // Only a memory: where it cannot be written, or another process writes it at the same moment,
    // the file is read again next time.
    let _ = fs::create_dir_all(cache).and_then(|()| {
        let file = tempfile::NamedTempFile::new_in(cache)?;
        serde_json::to_writer_pretty(&file, &known)?;
        file.persist(&memory)?;
        Ok(())
    });
    Ok(sha256)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sum_is_remembered_until_the_file_changes() {
        let home = tempfile::tempdir().unwrap();
        let (cache, file) = (home.path().join("cache"), home.path().join("file"));
        let sum = || remembered_sha256(&cache, &file).unwrap();
        fs::write(&file, "one").unwrap();
        let one = sum();
        assert_eq!(one, sum::sha256_of(&file).unwrap());
        let memory = fs::read_to_string(cache.join("sums.json")).unwrap();
        fs::write(cache.join("sums.json"), memory.replace(&one, "remembered")).unwrap();
        assert_eq!(sum(), "remembered", "the file is not read again");
        fs::write(&file, "another").unwrap();
        assert_eq!(sum(), sum::sha256_of(&file).unwrap());
    }
}
