//! An archive of images that share one layer, as `docker save` writes it: `manifest.json`, a
//! configuration per image, the layer. Nothing in it depends on when, where or by whom it is made.

use std::{
    borrow::Cow,
    fs::File,
    io::{self, Read, Seek, Write},
    path::{Path, PathBuf},
};

use serde::Serialize;
use serde_json::json;
use sha2::{Digest, Sha256};
use tar::{Builder, EntryType, Header};

use super::Image;
use crate::parts::hex;

/// What an archive is made of.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Recipe {
    /// The file system that all images have.
    pub layer: Vec<Entry>,
    /// The images.
    pub images: Vec<Spec>,
}

/// A directory or a file of the layer. They belong to root, and are as old as time.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Entry {
    /// Its path in the image, without a slash at its beginning.
    pub path: Cow<'static, str>,
    /// Its permissions.
    pub mode: u32,
    /// The file; None for a directory.
    pub content: Option<Content>,
}

/// A file outside.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Content {
    /// Where it is: not part of what decides the archive's content.
    #[serde(skip)]
    pub path: PathBuf,
    /// Its SHA-256, hex.
    pub sha256: String,
}

/// What is said of an image besides its files.
#[derive(Debug, Clone, Default, Serialize)]
pub(super) struct Spec {
    /// Its names, whole: with registry and tag.
    pub references: Vec<String>,
    pub entrypoint: Vec<String>,
    pub env: Vec<(&'static str, String)>,
    /// A number: a kubelet believes no name that it is not root.
    pub user: &'static str,
    pub working_directory: &'static str,
    pub ports: Vec<u16>,
    pub labels: Vec<(&'static str, String)>,
}

impl Recipe {
    /// Writes the archive to `out`; answers its images. `scratch` is a directory to work in.
    pub fn write(&self, out: File, scratch: &Path) -> io::Result<Vec<Image>> {
        let (mut layer, diff_id) = self.layer(scratch)?;
        let configurations: Vec<Vec<u8>> =
            self.images.iter().map(|spec| spec.configuration(&diff_id)).collect::<Result<_, _>>()?;
        let digests: Vec<String> = configurations.iter().map(|text| hex(&Sha256::digest(text))).collect();
        let file = |digest: &String| format!("{digest}.json");
        let layer_name = format!("{diff_id}.tar");
        let manifest: Vec<_> = self
            .images
            .iter()
            .zip(&digests)
            .map(|(spec, digest)| json!({"Config": file(digest), "RepoTags": spec.references, "Layers": [layer_name]}))
            .collect();

        let mut archive = Builder::new(io::BufWriter::new(out));
        let manifest = serde_json::to_vec(&manifest)?;
        add(&mut archive, "manifest.json", manifest.len() as u64, manifest.as_slice())?;
        for (digest, text) in digests.iter().zip(&configurations) {
            add(&mut archive, &file(digest), text.len() as u64, text.as_slice())?;
        }
        let size = layer.seek(io::SeekFrom::End(0))?;
        layer.rewind()?;
        add(&mut archive, &layer_name, size, layer)?;
        archive.into_inner()?.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()?;
        let images = self.images.iter().zip(digests);
        Ok(images
            .map(|(spec, digest)| Image { references: spec.references.clone(), id: format!("sha256:{digest}") })
            .collect())
    }

    /// The layer, and its digest.
    fn layer(&self, scratch: &Path) -> io::Result<(File, String)> {
        let mut layer = Builder::new(Digesting::new(tempfile::tempfile_in(scratch)?));
        for entry in &self.layer {
            let Some(content) = &entry.content else {
                let mut header = header(EntryType::Directory, entry.mode, 0);
                layer.append_data(&mut header, format!("{}/", entry.path), io::empty())?;
                continue;
            };
            let file = File::open(&content.path)?;
            let mut header = header(EntryType::Regular, entry.mode, file.metadata()?.len());
            let mut file = Digesting::new(file);
            layer.append_data(&mut header, &*entry.path, &mut file)?;
            let (_, sha256) = file.finish();
            if sha256 != content.sha256 {
                let what = format!("{} was changed while an image was made of it", content.path.display());
                return Err(io::Error::other(what));
            }
        }
        Ok(layer.into_inner()?.finish())
    }
}

impl Spec {
    /// The image's configuration, as the OCI image specification has it.
    fn configuration(&self, diff_id: &str) -> serde_json::Result<Vec<u8>> {
        let env: Vec<String> = self.env.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let ports: serde_json::Map<_, _> = self.ports.iter().map(|port| (format!("{port}/tcp"), json!({}))).collect();
        let labels: serde_json::Map<_, _> =
            self.labels.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect();
        serde_json::to_vec(&json!({
            "created": "1970-01-01T00:00:00Z",
            "architecture": architecture(),
            "os": "linux",
            "config": {
                "User": self.user,
                "ExposedPorts": ports,
                "Env": env,
                "Entrypoint": self.entrypoint,
                "WorkingDir": self.working_directory,
                "Labels": labels,
            },
            "rootfs": {"type": "layers", "diff_ids": [format!("sha256:{diff_id}")]},
            "history": [{"created": "1970-01-01T00:00:00Z", "created_by": "proofroll"}],
        }))
    }
}

/// This machine's architecture in the words of container engines, which are Go's.
fn architecture() -> &'static str {
    match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        "powerpc64" => "ppc64le",
        other => other,
    }
}

fn header(kind: EntryType, mode: u32, size: u64) -> Header {
    let mut header = Header::new_ustar();
    header.set_entry_type(kind);
    header.set_mode(mode);
    header.set_size(size);
    header.set_uid(0);
    header.set_gid(0);
    header.set_mtime(0);
    header
}

fn add(archive: &mut Builder<impl Write>, name: &str, size: u64, content: impl Read) -> io::Result<()> {
    archive.append_data(&mut header(EntryType::Regular, 0o644, size), name, content)
}

/// Digests what is read or written.
struct Digesting<T> {
    inner: T,
    digest: Sha256,
}

impl<T> Digesting<T> {
    fn new(inner: T) -> Self {
        Self { inner, digest: Sha256::new() }
    }

    fn finish(self) -> (T, String) {
        (self.inner, hex(&self.digest.finalize()))
    }
}

impl<T: Read> Read for Digesting<T> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.digest.update(&buffer[..read]);
        Ok(read)
    }
}

impl<T: Write> Write for Digesting<T> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.inner.write(bytes)?;
        self.digest.update(&bytes[..written]);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}
