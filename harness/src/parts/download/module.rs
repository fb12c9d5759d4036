//! The manifests of a controller's release, out of the zip file of its Go module, without Go: a module proxy is a tree
//! of files. The zip is checked against the `h1:` sum in the pin's `go.sum`, as Go does it.

use std::{
    fs::{self, File},
    io::{self, Read},
    path::Path,
};

use base64::{Engine, prelude::BASE64_STANDARD};
use sha2::{Digest, Sha256};
use zip::ZipArchive;

use super::{
    client::{self, Client},
    error::DownloadError,
    url,
};
use crate::{
    parts::{hex, manifests::Manifests, recipe::Recipe, sum::sha256_bytes},
    progress::Progress,
};

/// Puts the manifests of the recipe's release into the directory `to`.
pub(super) fn manifests(
    client: &Client,
    proxies: &[String],
    recipe: &Recipe,
    scratch: &Path,
    to: &Path,
    progress: &dyn Progress,
) -> Result<(), DownloadError> {
    let (module, version) = (&recipe.package.module, recipe.version());
    let start = format!("{module} v{version} ");
    let expected = recipe.pin.go_sum.lines().find_map(|line| line.strip_prefix(&start)).map(str::trim);
    let expected = expected
        .ok_or_else(|| DownloadError::NoChecksum { file: format!("{module} v{version}"), by: "go.sum".into() })?;
    let file = scratch.join("module.zip");
    let mut failed = client::content("GOPROXY", "it names no module proxy that speaks HTTP");
    for proxy in proxies {
        let url = format!("{proxy}/{module}/@v/v{version}.zip");
        let title = format!("the manifests of {}", recipe.title());
        let got = client.file(&url, &[], &file, &title, progress).and_then(|_| {
            let got = h1(&file).map_err(|error| client::content(&url, &format!("it is no module: {error}")))?;
            if got == expected {
                return Ok(());
            }
            let (url, by) = (url::redacted(&url), "the pinned go.sum".into());
            Err(DownloadError::Checksum { url, got, expected: expected.into(), by })
        });
        match got {
            Ok(()) => return unpack(&file, &format!("{module}@v{version}/manifests/"), to, &url),
            Err(error) => failed = error,
        }
    }
    Err(failed)
}

/// The sum that stands in `go.sum`: over the sums of all files, sorted by name.
pub(super) fn h1(zip: &Path) -> io::Result<String> {
    let mut archive = ZipArchive::new(File::open(zip)?)?;
    let mut lines = Vec::new();
    for index in 0..archive.len() {
        let mut entry = archive.by_index(index)?;
        let name = entry.name()?.into_owned();
        let mut digest = Sha256::new();
        let mut buffer = vec![0; 1 << 16];
        loop {
            match entry.read(&mut buffer)? {
                0 => break,
                read => digest.update(&buffer[..read]),
            }
        }
        lines.push((name, hex(&digest.finalize())));
    }
    lines.sort();
    let text: String = lines.iter().map(|(name, sum)| format!("{sum}  {name}\n")).collect();
    Ok(format!("h1:{}", BASE64_STANDARD.encode(sha256_bytes(text.as_bytes()))))
}

/// Writes the files below `prefix` that [`Manifests`] needs.
pub(super) fn unpack(zip: &Path, prefix: &str, to: &Path, url: &str) -> Result<(), DownloadError> {
    let broken = |error: &dyn std::error::Error| client::content(url, &format!("it is no module: {error}"));
    let disk = |source: io::Error| DownloadError::Disk { path: to.to_owned(), source };
    let file = File::open(zip).map_err(disk)?;
    let mut archive = ZipArchive::new(file).map_err(|error| broken(&error))?;
    fs::create_dir_all(to.join("crds")).map_err(disk)?;
    for index in 0..archive.len() {
        let mut entry = archive.by_index(index).map_err(|error| broken(&error))?;
        let name = entry.name().map_err(|error| broken(&error))?.into_owned();
        let Some(name) = name.strip_prefix(prefix) else { continue };
        let wanted = match name.split('/').collect::<Vec<_>>().as_slice() {
            ["install.yaml" | "namespace-install.yaml"] => true,
            // kustomization.yaml is a list of the others.
            ["crds", file] => file.ends_with(".yaml") && *file != "kustomization.yaml",
            _ => false,
        };
        if wanted {
            let mut text = Vec::new();
            entry.read_to_end(&mut text).map_err(|error| broken(&error))?;
            fs::write(to.join(name), text).map_err(disk)?;
        }
    }
    Manifests::in_dir(to).map(drop).map_err(|error| client::content(url, &format!("of its manifests, {error}")))
}
