//! Takes a program out of an image in a registry, by the OCI distribution protocol: the index, the manifest for this
//! platform, its layers from the top until the program is found. Everything behind the tag is named by its digest, and
//! checked against it.
//!
//! A client of our own, of a hundred lines, and not a crate's: proxies, the CA bundle, retries and the words for what
//! goes wrong are the same as for files, and it blocks, as all of `parts` does.

use std::path::Path;

use http::{HeaderMap, StatusCode, header};
use serde::Deserialize;

use super::{
    client::{self, Client},
    error::DownloadError,
    published::{ImageName, architecture},
    unpack::{self, Found, Packed},
    url,
};
use crate::{
    parts::{hex, sum::sha256_bytes},
    progress::Progress,
};

/// What manifests and indexes are called, by OCI and by Docker.
const ACCEPT: &str = "application/vnd.oci.image.index.v1+json, application/vnd.oci.image.manifest.v1+json, \
    application/vnd.docker.distribution.manifest.list.v2+json, application/vnd.docker.distribution.manifest.v2+json";

/// An index (`manifests`) or a manifest (`layers`).
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Manifest {
    #[serde(default)]
    manifests: Vec<Descriptor>,
    #[serde(default)]
    layers: Vec<Descriptor>,
}

/// Names a blob or a manifest.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Descriptor {
    #[serde(default)]
    media_type: String,
    digest: String,
    platform: Option<Platform>,
}

#[derive(Debug, Deserialize)]
struct Platform {
    os: String,
    architecture: String,
}

#[derive(Debug, Deserialize)]
struct Token {
    token: Option<String>,
    access_token: Option<String>,
}

/// A repository, and what it takes to be let in.
struct Repository<'a> {
    client: &'a Client,
    /// `https://quay.io/v2/argoproj/argo-rollouts`
    url: String,
    /// For the scope of a token: with the mirror's prefix.
    name: String,
    /// The registry with the mirror's login, if it has one.
    base: &'a str,
    authorization: Option<String>,
}

/// Writes the program `binary` of an image to `to`; answers the image's name with its digest.
pub(super) fn pull(
    client: &Client,
    image: &ImageName,
    binary: &str,
    scratch: &Path,
    to: &Path,
    title: &str,
    progress: &dyn Progress,
) -> Result<String, DownloadError> {
    let ImageName { base, repository, tag } = image;
    let (url, name) = endpoint(base, repository);
    let mut repository = Repository { client, url, name, base, authorization: None };
    let named = format!("{}/{}:{tag}", url::host_of(base), repository.name);
    let (mut manifest, mut digest) = repository.manifest(tag)?;
    let identity = format!("{named}@{digest}");
    if manifest.layers.is_empty() {
        let arch = architecture(std::env::consts::ARCH);
        let ours = manifest.manifests.iter().find(|one| {
            one.platform.as_ref().is_some_and(|p| p.os == "linux" && Some(p.architecture.as_str()) == arch)
        });
        let ours = ours.ok_or_else(|| client::content(&named, "there is no image for this platform"))?;
        (manifest, digest) = repository.manifest(&ours.digest)?;
    }
    tracing::debug!(image = named, digest, layers = manifest.layers.len(), "manifest");
    let wanted = Path::new("bin").join(binary);
    for layer in manifest.layers.iter().rev() {
        let file = scratch.join("layer");
        repository.blob(&layer.digest, &file, title, progress)?;
        let what = format!("the layer {} of {named}", layer.digest);
        let packed = match layer.media_type.as_str() {
            kind if kind.ends_with("gzip") => Packed::Gzip,
            kind if kind.ends_with("tar") => Packed::Plain,
            kind => return Err(client::content(&what, &format!("{kind:?} cannot be unpacked here"))),
        };
        match unpack::find(&file, packed, |path| path.ends_with(&wanted), to, &what)? {
            Found::Written => return Ok(identity),
            Found::Removed => break,
            Found::Nothing => {}
        }
    }
    Err(client::content(&named, &format!("there is no bin/{binary} in it")))
}

/// The URL of a repository, and its name there: a mirror's path stands before the name.
fn endpoint(base: &str, repository: &str) -> (String, String) {
    let start = base.find("://").map_or(0, |at| at + 3);
    let end = base[start..].find('/').map_or(base.len(), |slash| start + slash);
    let prefix = base[end..].trim_matches('/');
    let name = if prefix.is_empty() { repository.to_owned() } else { format!("{prefix}/{repository}") };
    (format!("{}/v2/{name}", &base[..end]), name)
}

impl Repository<'_> {
    /// A manifest or an index by tag or digest, and its digest.
    fn manifest(&mut self, reference: &str) -> Result<(Manifest, String), DownloadError> {
        let url = format!("{}/manifests/{reference}", self.url);
        let (mut status, headers, mut body) = self.client.answer(&url, &self.headers())?;
        if status == StatusCode::UNAUTHORIZED && self.authorization.is_none() {
            self.log_in(&url, &headers)?;
            (status, _, body) = self.client.answer(&url, &self.headers())?;
        }
        let shown = url::redacted(&url);
        match status {
            StatusCode::OK => {}
            StatusCode::NOT_FOUND => return Err(DownloadError::Missing { url: shown, status: status.as_u16() }),
            _ => return Err(DownloadError::Refused { url: shown, status: status.as_u16() }),
        }
        let digest = format!("sha256:{}", hex(&sha256_bytes(&body)));
        if reference.starts_with("sha256:") && reference != digest {
            let by = "the image's index".into();
            return Err(DownloadError::Checksum { url: shown, got: digest, expected: reference.into(), by });
        }
        let manifest = serde_json::from_slice(&body)
            .map_err(|error| client::content(&url, &format!("it is no manifest of an image: {error}")))?;
        Ok((manifest, digest))
    }

    /// A blob, checked against its digest.
    fn blob(&self, digest: &str, to: &Path, title: &str, progress: &dyn Progress) -> Result<(), DownloadError> {
        let url = format!("{}/blobs/{digest}", self.url);
        let arrived = self.client.file(&url, &self.headers(), to, title, progress)?;
        let got = format!("sha256:{}", arrived.sha256);
        if got == digest {
            return Ok(());
        }
        tracing::debug!(size = arrived.size, "a blob with another digest");
        let by = "the image's manifest".into();
        Err(DownloadError::Checksum { url: url::redacted(&url), got, expected: digest.into(), by })
    }

    fn headers(&self) -> Vec<(&'static str, String)> {
        let authorization = self.authorization.iter().map(|value| ("authorization", value.clone()));
        [("accept", ACCEPT.to_owned())].into_iter().chain(authorization).collect()
    }

    /// Gets the token that a registry asks for, as it gives one to everybody for public images; with a login in
    /// the mirror's URL, as that user.
    fn log_in(&mut self, url: &str, headers: &HeaderMap) -> Result<(), DownloadError> {
        let refused = || DownloadError::Refused { url: url::redacted(url), status: 401 };
        let challenge = headers.get(header::WWW_AUTHENTICATE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let rest = challenge.strip_prefix("Bearer ").ok_or_else(refused)?;
        let realm = parameter(rest, "realm").ok_or_else(refused)?;
        let separator = if realm.contains('?') { '&' } else { '?' };
        let mut ask = format!("{realm}{separator}scope=repository:{}:pull", self.name);
        if let Some(service) = parameter(rest, "service") {
            ask += &format!("&service={service}");
        }
        let login = url::login_header(self.base);
        let (status, _, body) = self.client.answer(&ask, login.as_slice())?;
        if status != StatusCode::OK {
            return Err(DownloadError::Refused { url: url::redacted(&ask), status: status.as_u16() });
        }
        let token: Token = serde_json::from_slice(&body)
            .map_err(|error| client::content(&ask, &format!("it is no token: {error}")))?;
        let token = token.token.or(token.access_token).ok_or_else(|| client::content(&ask, "it holds no token"))?;
        self.authorization = Some(format!("Bearer {token}"));
        Ok(())
    }
}

/// `realm="https://..."` among others.
fn parameter<'a>(challenge: &'a str, name: &str) -> Option<&'a str> {
    challenge.split(',').find_map(|part| part.trim().strip_prefix(name)?.strip_prefix("=\"")?.strip_suffix('"'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mirrors_path_stands_before_the_name() {
        let plain = endpoint("https://quay.io", "argoproj/argo-rollouts");
        assert_eq!(plain, ("https://quay.io/v2/argoproj/argo-rollouts".into(), "argoproj/argo-rollouts".into()));
        let (url, name) = endpoint("https://harbor.example.com:8443/quay-proxy", "argoproj/x");
        assert_eq!(url, "https://harbor.example.com:8443/v2/quay-proxy/argoproj/x");
        assert_eq!(name, "quay-proxy/argoproj/x");
    }

    #[test]
    fn a_challenge_is_read() {
        let text = r#"realm="https://quay.io/v2/auth",service="quay.io",scope="repository:a/b:pull""#;
        assert_eq!(parameter(text, "realm"), Some("https://quay.io/v2/auth"));
        assert_eq!(parameter(text, "service"), Some("quay.io"));
        assert_eq!(parameter(text, "error"), None);
    }
}
