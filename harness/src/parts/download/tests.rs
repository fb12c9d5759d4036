//! Downloads from servers that the tests start: a release tree, a registry, a module proxy, and a proxy in front of
//! them. Nothing here leaves the machine.

mod broken;
mod fallback;
mod images;
mod proxied;
mod releases;
mod server;

use std::{collections::BTreeMap, fs, io::Write, path::PathBuf, sync::Arc, time::Duration};

use flate2::{Compression, write::GzEncoder};
use tempfile::TempDir;

use self::server::{Answer, Asked, Server};
use super::*;
use crate::{
    parts::{PartError, PartName, Parts, PartsOptions, hex, sum::sha256_bytes},
    progress::Silent,
};

/// Waits for nothing longer than a test may take.
const IMPATIENT: Patience = Patience {
    connect: Duration::from_secs(2),
    silence: Duration::from_millis(500),
    attempts: 3,
    backoff: Duration::from_millis(1),
};

/// Files by their path, as a server of releases has them.
type Tree = BTreeMap<String, Vec<u8>>;

/// A cache of its own, and mirrors.
struct Site {
    home: TempDir,
    options: DownloadOptions,
}

impl Site {
    /// Where each publisher is mirrored by `server`, below its name; modules too.
    fn behind(server: &Server) -> Self {
        let mut site = Self::with_mirrors(&server.url());
        site.options.go_proxies = vec![format!("{}/go", server.url())];
        site
    }

    fn with_mirrors(url: &str) -> Self {
        let mirrors = Publisher::ALL.map(|publisher| (publisher, format!("{url}/{}", place(publisher))));
        let options = DownloadOptions {
            mirrors: mirrors.into(),
            patience: IMPATIENT,
            go_proxies: Vec::new(),
            ..DownloadOptions::from_variables(&|_| None).unwrap().unwrap()
        };
        Self { home: tempfile::tempdir().unwrap(), options }
    }

    /// Parts that can only be downloaded.
    fn parts(&self) -> Parts {
        let download = Download::new(self.options.clone());
        Parts::with_ways(self.cache(), vec![Box::new(download)])
    }

    /// Parts as a user has them, with this `go`.
    fn with_go(&self, go: PathBuf) -> Parts {
        Parts::new(PartsOptions { go, download: Some(self.options.clone()), cores: 2, ..self.cache() })
    }

    fn cache(&self) -> PartsOptions {
        PartsOptions::with_cache(self.home.path().join("cache"))
    }

    fn find(&self, part: &PartName) -> Result<Vec<u8>, PartError> {
        self.parts().find(part, &Silent).map(|found| fs::read(found.path).unwrap())
    }

    /// Why a part is not to be had by download, in the words of the message, without those about cache and variables.
    fn refusal(&self, part: &PartName) -> String {
        let error = self.find(part).unwrap_err().to_string();
        assert_eq!(self.left(), [""; 0], "nothing is left");
        error.lines().skip(3).collect::<Vec<_>>().join("\n")
    }

    /// What lies among the entries of the cache.
    fn left(&self) -> Vec<String> {
        let Ok(entries) = fs::read_dir(self.home.path().join("cache/parts")) else { return Vec::new() };
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    }
}

/// The path below which a server of tests mirrors a publisher.
fn place(publisher: Publisher) -> String {
    format!("{publisher:?}").to_lowercase()
}

fn sha256(bytes: &[u8]) -> String {
    hex(&sha256_bytes(bytes))
}

fn version(part: &PartName) -> String {
    Recipe::of(part).unwrap().version().to_string()
}

fn arch() -> &'static str {
    published::architecture(std::env::consts::ARCH).unwrap()
}

/// The path of kube-apiserver, as in a mirror of releases.
fn apiserver() -> String {
    let version = version(&PartName::KubeApiserver);
    format!("/kubernetes/v{version}/bin/linux/{}/kube-apiserver", arch())
}

/// A tree with kube-apiserver and its checksum file.
fn with_apiserver(content: &[u8]) -> Tree {
    Tree::from([(apiserver(), content.to_vec()), (format!("{}.sha256", apiserver()), sha256(content).into_bytes())])
}

/// Serves the files of a tree, and 404 for all else.
fn serving(tree: Tree) -> Server {
    Server::start(move |asked: &Asked| from_tree(&tree, asked))
}

fn from_tree(tree: &Tree, asked: &Asked) -> Answer {
    tree.get(&asked.path).map_or_else(|| Answer::status(404), |content| Answer::of(content))
}

/// A `.tar.gz` of these files.
fn tar_gz(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut archive = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
    for (path, content) in files {
        let mut header = tar::Header::new_ustar();
        header.set_size(content.len() as u64);
        header.set_mode(0o755);
        archive.append_data(&mut header, path, *content).unwrap();
    }
    archive.into_inner().unwrap().finish().unwrap()
}
