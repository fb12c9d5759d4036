//! Programs out of images, and a controller's manifests out of its module.

use serde_json::json;

use super::*;
use crate::parts::{Origin, pin, tests::fake_go::controller};

/// A registry with one image.
#[derive(Default, Clone)]
struct Registry {
    /// By path.
    tree: Tree,
    /// Types of manifests, by path.
    tag: String,
    repository: String,
}

impl Registry {
    /// With an image of these layers, the lowest first: type and content. There is a second one for another platform.
    fn with(repository: &str, tag: &str, layers: &[(&str, Vec<u8>)]) -> Self {
        let mut registry = Self { tag: tag.to_owned(), repository: format!("/v2/{repository}"), ..Self::default() };
        let descriptors: Vec<_> = layers
            .iter()
            .map(|(kind, content)| {
                let digest = registry.put("blobs", content);
                json!({"mediaType": kind, "digest": digest, "size": content.len()})
            })
            .collect();
        let manifest = json!({"schemaVersion": 2, "layers": descriptors}).to_string();
        let digest = registry.put("manifests", manifest.as_bytes());
        let platform = |architecture: &str| json!({"os": "linux", "architecture": architecture});
        let index = json!({"schemaVersion": 2, "manifests": [
            {"mediaType": "m", "digest": format!("sha256:{}", "0".repeat(64)), "platform": platform("s390x")},
            {"mediaType": "m", "digest": digest, "platform": platform(arch())},
            {"mediaType": "m", "digest": format!("sha256:{}", "1".repeat(64)), "platform": platform("unknown")},
        ]});
        registry.tree.insert(format!("/v2/{repository}/manifests/{tag}"), index.to_string().into_bytes());
        registry
    }

    fn put(&mut self, kind: &str, content: &[u8]) -> String {
        let digest = format!("sha256:{}", sha256(content));
        self.tree.insert(format!("{}/{kind}/{digest}", self.repository), content.to_vec());
        digest
    }

    fn index_digest(&self) -> String {
        format!("sha256:{}", sha256(&self.tree[&format!("{}/manifests/{}", self.repository, self.tag)]))
    }
}

const GZIP: &str = "application/vnd.oci.image.layer.v1.tar+gzip";
const DOCKER: &str = "application/vnd.docker.image.rootfs.diff.tar.gzip";

fn kwok() -> Registry {
    let tag = format!("v{}", version(&PartName::Kwok));
    let layers = [
        (GZIP, tar_gz(&[("usr/local/bin/kwok", b"an old one"), ("bin/sh", b"shell")])),
        (DOCKER, tar_gz(&[("usr/local/bin/kwok", b"the kwok"), ("usr/local/bin/kwokctl", b"another")])),
        (GZIP, tar_gz(&[("etc/passwd", b"nobody")])),
    ];
    Registry::with("kwok/kwok/kwok", &tag, &layers)
}

#[test]
fn a_program_is_taken_out_of_the_topmost_layer_that_has_it() {
    let registry = kwok();
    let digest = registry.index_digest();
    let server = serving(registry.tree.clone());
    let site = Site::behind(&server);
    let found = site.parts().find(&PartName::Kwok, &Silent).unwrap();
    assert_eq!(fs::read(&found.path).unwrap(), b"the kwok");
    let Origin::Made(how) = &found.origin else { panic!("{:?}", found.origin) };
    let name = format!("{}/kwok/kwok/kwok:v{}@{digest}", server.address(), version(&PartName::Kwok));
    assert_eq!(how, &format!("taken out of the image {name}"));
    let blobs = server.paths().iter().filter(|path| path.contains("/blobs/")).count();
    assert_eq!(blobs, 2, "the lowest layer is not even asked for");
    assert!(server.asked()[0].header("accept").contains("application/vnd.oci.image.index.v1+json"));
}

#[test]
fn a_registry_hands_out_tokens() {
    let registry = kwok();
    let server = Server::start(move |asked| match asked.path.as_str() {
        path if path.starts_with("/token?") => Answer::of(json!({"token": "t0ken"}).to_string().as_bytes()),
        _ if asked.header("authorization") == "Bearer t0ken" => from_tree(&registry.tree, asked),
        _ => {
            let realm = format!("http://{}/token", asked.header("host"));
            let challenge = format!("Bearer realm=\"{realm}\",service=\"quay.io\",scope=\"repository:x:pull\"");
            Answer::Whole { status: 401, headers: vec![("WWW-Authenticate", challenge)], body: Vec::new() }
        }
    });
    let mut site = Site::behind(&server);
    assert_eq!(site.find(&PartName::Kwok).unwrap(), b"the kwok");
    assert_eq!(server.paths()[1], "/token?scope=repository:kwok/kwok/kwok:pull&service=quay.io");
    assert_eq!(server.asked()[1].header("authorization"), "", "as anybody");
    assert_eq!(server.paths().iter().filter(|path| path.starts_with("/token")).count(), 1);

    site = Site::behind(&server);
    let with_login = format!("http://me:pass@{}/kwok", server.address());
    site.options.mirrors.insert(Publisher::Kwok, with_login);
    let before = server.asked().len();
    assert_eq!(site.find(&PartName::Kwok).unwrap(), b"the kwok");
    assert_eq!(server.asked()[before + 1].header("authorization"), "Basic bWU6cGFzcw==", "as that user");
}

#[test]
fn a_registry_that_lets_nobody_in() {
    let server = Server::start(|_| Answer::status(401));
    let refusal = Site::behind(&server).refusal(&PartName::Kwok);
    assert!(refusal.contains("was refused (401)"), "{refusal}");
}

#[test]
fn a_layer_that_was_changed_is_refused() {
    let mut registry = kwok();
    let layer = registry.tree.iter().find(|(path, content)| path.contains("/blobs/") && content.len() > 100);
    let path = layer.unwrap().0.clone();
    let all: Vec<String> = registry.tree.keys().filter(|path| path.contains("/blobs/")).cloned().collect();
    assert!(all.contains(&path));
    for path in all {
        registry.tree.get_mut(&path).unwrap().push(0);
    }
    let refusal = Site::behind(&serving(registry.tree)).refusal(&PartName::Kwok);
    assert!(
        refusal.contains("has the wrong checksum: sha256 sha256:") && refusal.contains("the image's manifest says"),
        "{refusal}"
    );
}

#[test]
fn a_manifest_that_was_changed_is_refused() {
    let mut registry = kwok();
    let path = registry.tree.keys().find(|path| path.contains("/manifests/sha256:")).unwrap().clone();
    registry.tree.get_mut(&path).unwrap().push(b' ');
    let refusal = Site::behind(&serving(registry.tree)).refusal(&PartName::Kwok);
    assert!(refusal.contains("the image's index says sha256:"), "{refusal}");
}

#[test]
fn an_image_without_the_program_is_refused() {
    let tag = format!("v{}", version(&PartName::Kwok));
    let refusal = |layers: &[(&str, Vec<u8>)]| {
        Site::behind(&serving(Registry::with("kwok/kwok/kwok", &tag, layers).tree)).refusal(&PartName::Kwok)
    };
    let text = refusal(&[(GZIP, tar_gz(&[("usr/bin/other", b"x")]))]);
    assert!(text.contains("there is no bin/kwok in it"), "{text}");
    let removed = [(GZIP, tar_gz(&[("usr/local/bin/kwok", b"x")])), (GZIP, tar_gz(&[("usr/local/bin/.wh.kwok", b"")]))];
    let text = refusal(&removed);
    assert!(text.contains("there is no bin/kwok in it"), "it was taken away: {text}");
    let text = refusal(&[("application/vnd.oci.image.layer.v1.tar+zstd", b"x".to_vec())]);
    assert!(text.contains("tar+zstd\" cannot be unpacked here"), "{text}");
}

#[test]
fn an_image_for_other_platforms_only() {
    let tag = format!("v{}", version(&PartName::Kwok));
    let index = json!({"manifests": [{"digest": "sha256:0", "platform": {"os": "linux", "architecture": "s390x"}}]});
    let path = format!("/v2/kwok/kwok/kwok/manifests/{tag}");
    let server = serving(Tree::from([(path, index.to_string().into_bytes())]));
    let refusal = Site::behind(&server).refusal(&PartName::Kwok);
    assert!(refusal.contains("there is no image for this platform"), "{refusal}");
}

/// A controller in a registry, and a module proxy whose module has these manifests.
fn rollouts(module: Vec<u8>) -> Tree {
    let version = pin::newest_release();
    let layers = [(GZIP, tar_gz(&[("usr/bin/rollouts-controller", b"the controller")]))];
    let mut tree = Registry::with("rollouts/argoproj/argo-rollouts", &format!("v{version}"), &layers).tree;
    tree.insert(format!("/go/github.com/argoproj/argo-rollouts/@v/v{version}.zip"), module);
    tree
}

/// The zip file of a module.
fn module_zip(files: &[(&str, &str)]) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, text) in files {
        zip.start_file(*name, zip::write::SimpleFileOptions::default()).unwrap();
        zip.write_all(text.as_bytes()).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

#[test]
fn a_module_that_is_not_the_pinned_one_is_refused() {
    let version = pin::newest_release();
    let start = format!("github.com/argoproj/argo-rollouts@v{version}/manifests");
    let module = module_zip(&[
        (&format!("{start}/install.yaml"), "a"),
        (&format!("{start}/namespace-install.yaml"), "b"),
        (&format!("{start}/crds/rollout-crd.yaml"), "c"),
    ]);
    let server = serving(rollouts(module));
    let refusal = Site::behind(&server).refusal(&controller());
    assert!(
        refusal.contains(".zip has the wrong checksum: sha256 h1:") && refusal.contains("the pinned go.sum says h1:"),
        "{refusal}"
    );
    let refusal = Site::behind(&serving(rollouts(b"no zip".to_vec()))).refusal(&controller());
    assert!(refusal.contains("it is no module"), "{refusal}");
}

/// The sum is Go's own: of a module whose `h1:` everybody can compute.
#[test]
fn the_sum_of_a_module_is_gos() {
    let directory = tempfile::tempdir().unwrap();
    let (file, to) = (directory.path().join("module.zip"), directory.path().join("manifests"));
    let start = "example.com/m@v1.0.0/manifests";
    let files = [
        (format!("{start}/namespace-install.yaml"), "b\n"),
        (format!("{start}/install.yaml"), "a\n"),
        (format!("{start}/crds/rollout-crd.yaml"), "c\n"),
        (format!("{start}/crds/kustomization.yaml"), "d\n"),
        (format!("{start}/base/other.yaml"), "e\n"),
    ];
    let named: Vec<(&str, &str)> = files.iter().map(|(name, text)| (name.as_str(), *text)).collect();
    fs::write(&file, module_zip(&named)).unwrap();
    let lines: String = {
        let mut sorted = named.clone();
        sorted.sort();
        sorted.iter().map(|(name, text)| format!("{}  {name}\n", sha256(text.as_bytes()))).collect()
    };
    let sum = base64::Engine::encode(&base64::prelude::BASE64_STANDARD, sha256_bytes(lines.as_bytes()));
    assert_eq!(module::h1(&file).unwrap(), format!("h1:{sum}"));

    module::unpack(&file, &format!("{start}/"), &to, "url").unwrap();
    assert_eq!(fs::read_to_string(to.join("install.yaml")).unwrap(), "a\n");
    assert_eq!(fs::read_to_string(to.join("crds/rollout-crd.yaml")).unwrap(), "c\n");
    assert!(!to.join("base").exists() && !to.join("crds/kustomization.yaml").exists());
}

/// The pinned module itself, from the module proxy that this machine uses, or from Go's own store.
#[test]
#[ignore = "needs a Go module proxy: `cargo test -p proofroll the_real_module -- --ignored`"]
fn the_real_module() {
    let site = Site::with_mirrors("http://127.0.0.1:9");
    let options = DownloadOptions {
        patience: Patience::default(),
        ..DownloadOptions::from_variables(&|name| std::env::var_os(name)).unwrap().unwrap()
    };
    let site = Site { options, ..site };
    let found = site.parts().manifests(&pin::newest_release(), &Silent).unwrap();
    assert!(found.crds().len() >= 5, "{found:?}");
}
