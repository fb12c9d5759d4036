//! Archives of small programs, opened again.

use std::{
    fs::{self, File},
    io::Read,
    os::unix::fs::{MetadataExt, PermissionsExt},
    path::Path,
    time::{Duration, SystemTime},
};

use rstest::rstest;
use semver::Version;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::*;
use crate::{
    controller::ControllerRelease,
    parts::{Manifests, PartName, Parts, PartsOptions, sha256_of},
    progress::Silent,
};

/// Upstream's, with what matters here.
const INSTALL: &str = "\
apiVersion: v1
kind: ServiceAccount
metadata: {name: argo-rollouts}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: argo-rollouts}
spec:
  template:
    spec:
      containers:
      - {name: argo-rollouts, image: 'quay.io/argoproj/argo-rollouts:latest', imagePullPolicy: Always}
";

/// Parts of which the demo is a script, and a controller that is one, too.
struct Workshop {
    home: TempDir,
}

impl Workshop {
    fn new() -> Self {
        let home = tempfile::tempdir().unwrap();
        let workshop = Self { home };
        for (name, text) in [("rollouts-demo", "the demo"), ("controller", "the controller")] {
            fs::write(workshop.home.path().join(name), text).unwrap();
            let executable = fs::Permissions::from_mode(0o755);
            fs::set_permissions(workshop.home.path().join(name), executable).unwrap();
        }
        let manifests = workshop.home.path().join("manifests");
        fs::create_dir_all(manifests.join("crds")).unwrap();
        for (name, text) in [("install.yaml", INSTALL), ("namespace-install.yaml", ""), ("crds/rollout-crd.yaml", "")] {
            fs::write(manifests.join(name), text).unwrap();
        }
        workshop
    }

    fn parts(&self) -> Parts {
        let mut options = PartsOptions::with_cache(self.home.path().join("cache"));
        options.given.insert(PartName::RolloutsDemo, (self.home.path().join("rollouts-demo"), "a test".into()));
        Parts::new(options)
    }

    fn release(&self) -> ControllerRelease {
        let binary = self.home.path().join("controller");
        ControllerRelease {
            version: Version::new(1, 10, 2),
            label: "v1.10.2".into(),
            sha256: sha256_of(&binary).unwrap(),
            flags: None,
            binary,
            manifests: Manifests::in_dir(self.home.path().join("manifests")).unwrap(),
        }
    }

    fn entries(&self) -> Vec<String> {
        let entries = fs::read_dir(self.home.path().join("cache/parts")).unwrap();
        let mut names: Vec<String> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }
}

/// Name, what `ls -l` would say, and content of each entry of a tar archive.
fn opened(archive: impl Read) -> Vec<(String, String, Vec<u8>)> {
    let mut archive = tar::Archive::new(archive);
    let entries = archive.entries().unwrap().map(|entry| {
        let mut entry = entry.unwrap();
        let header = entry.header();
        let owner = (header.uid().unwrap(), header.gid().unwrap(), header.mtime().unwrap());
        let listed = format!("{:?} {:o} {owner:?}", header.entry_type(), header.mode().unwrap());
        let name = entry.path().unwrap().display().to_string();
        let mut content = Vec::new();
        entry.read_to_end(&mut content).unwrap();
        (name, listed, content)
    });
    entries.collect()
}

/// Everything in an archive of images, for people.
fn shown(path: &Path) -> String {
    let entries = opened(File::open(path).unwrap());
    let mut lines = Vec::new();
    for (name, listed, content) in &entries {
        lines.push(format!("{name}: {listed}"));
        match serde_json::from_slice::<Value>(content) {
            Ok(json) => lines.push(format!("{json:#}")),
            Err(_) => {
                for (name, listed, content) in opened(content.as_slice()) {
                    lines.push(format!("  {name}: {listed} {:?}", String::from_utf8_lossy(&content)));
                }
            }
        }
    }
    let differs = regex::Regex::new(r#"[0-9a-f]{64}|"architecture": "\w+""#).unwrap();
    let word = |found: &regex::Captures<'_>| if found[0].len() == 64 { "DIGEST" } else { r#""architecture": "THIS""# };
    differs.replace_all(&lines.join("\n"), word).into_owned()
}

#[test]
fn the_controllers_image_is_that_of_the_manifest() {
    let workshop = Workshop::new();
    let image = controller(&workshop.parts(), &workshop.release(), &Silent).unwrap();
    assert_eq!(image.asked, "quay.io/argoproj/argo-rollouts:latest");
    assert_eq!(image.reference, "quay.io/argoproj/argo-rollouts:v1.10.2");
    assert_eq!(image.archive.references().collect::<Vec<_>>(), [&image.asked, &image.reference]);
    insta::assert_snapshot!(shown(&image.archive.path));
}

#[test]
fn digests_are_those_of_the_content() {
    let workshop = Workshop::new();
    let path = demo(&workshop.parts(), &Silent).unwrap().archive.path;
    let entries = opened(File::open(path).unwrap());
    let mut layers = 0;
    for (name, _, content) in entries.iter().filter(|(name, ..)| name != "manifest.json") {
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(&file, content).unwrap();
        let sha256 = sha256_of(file.path()).unwrap();
        assert!(name.starts_with(&sha256), "{name}: {sha256}");
        if name.ends_with(".tar") {
            layers += 1;
            for (_, _, other) in entries.iter().filter(|(name, ..)| name.len() == 64 + ".json".len()) {
                let configuration: Value = serde_json::from_slice(other).unwrap();
                assert_eq!(configuration["rootfs"]["diff_ids"], json!([format!("sha256:{sha256}")]));
            }
        }
    }
    assert_eq!(layers, 1, "all images share it");
}

#[test]
fn the_demo_has_all_colours_and_the_probe() {
    let workshop = Workshop::new();
    let images = demo(&workshop.parts(), &Silent).unwrap();
    let entries = opened(File::open(&images.archive.path).unwrap());
    let rows: Vec<String> = images
        .archive
        .images
        .iter()
        .map(|image| {
            let file = format!("{}.json", &image.id["sha256:".len()..]);
            let (_, _, text) = entries.iter().find(|(name, ..)| *name == file).unwrap();
            let config = &serde_json::from_slice::<Value>(text).unwrap()["config"];
            let [env, entrypoint] = ["Env", "Entrypoint"].map(|key| config[key].to_string());
            format!("{} {entrypoint} {env} user {}", image.references.join(" "), config["User"])
        })
        .collect();
    assert_eq!(images.archive.references().last(), Some(images.probe.as_str()));
    insta::assert_snapshot!(rows.join("\n"));
}

#[test]
fn the_same_programs_make_the_same_bytes() {
    let made = || {
        let workshop = Workshop::new();
        let demo = demo(&workshop.parts(), &Silent).unwrap().archive;
        let controller = controller(&workshop.parts(), &workshop.release(), &Silent).unwrap().archive;
        let sums = [&demo, &controller].map(|archive| sha256_of(&archive.path).unwrap());
        (sums, workshop.entries(), demo.images, controller.images)
    };
    assert_eq!(made(), made());
}

#[test]
fn what_is_made_is_found_again_and_what_differs_is_made_anew() {
    let workshop = Workshop::new();
    let (parts, mut release) = (workshop.parts(), workshop.release());
    let one = controller(&parts, &release, &Silent).unwrap();
    let file = || fs::metadata(&one.archive.path).unwrap().ino();
    let made = file();
    assert_eq!(controller(&parts, &release, &Silent).unwrap(), one);
    assert_eq!(file(), made);

    release.version = Version::new(1, 9, 3);
    let older = controller(&parts, &release, &Silent).unwrap();
    assert_ne!(older.archive.path, one.archive.path);
    assert_eq!(older.reference, "quay.io/argoproj/argo-rollouts:v1.9.3");
    fs::write(&release.binary, "another controller").unwrap();
    release.sha256 = sha256_of(&release.binary).unwrap();
    assert_ne!(controller(&parts, &release, &Silent).unwrap().archive, older.archive);
}

#[test]
fn an_archive_that_was_lost_or_cut_is_made_anew() {
    let workshop = Workshop::new();
    let make = || controller(&workshop.parts(), &workshop.release(), &Silent).unwrap();
    let one = make();
    let sha256 = sha256_of(&one.archive.path).unwrap();
    let spoil: [fn(&Path); 3] = [
        |archive| fs::remove_file(archive).unwrap(),
        |archive| fs::remove_file(archive.with_file_name("images.json")).unwrap(),
        |archive| File::options().write(true).open(archive).unwrap().set_len(1000).unwrap(),
    ];
    for spoil in spoil {
        spoil(&one.archive.path);
        assert_eq!(make(), one);
        assert_eq!(sha256_of(&one.archive.path).unwrap(), sha256);
    }
    assert_eq!(workshop.entries().len(), 1, "{:?}", workshop.entries());
}

#[test]
fn what_fails_leaves_nothing() {
    let workshop = Workshop::new();
    let (parts, release) = (workshop.parts(), workshop.release());
    fs::write(&release.binary, "a build that somebody makes meanwhile").unwrap();
    let error = controller(&parts, &release, &Silent).unwrap_err().to_string();
    assert!(error.contains("controller was changed while an image was made of it"), "{error}");
    assert_eq!(workshop.entries(), [""; 0]);
}

#[test]
fn only_the_newest_archives_are_kept() {
    let workshop = Workshop::new();
    let (parts, mut release) = (workshop.parts(), workshop.release());
    let days_ago = |days: u64| SystemTime::now() - Duration::from_secs(days * 24 * 3600);
    let mut paths = Vec::new();
    for minor in 0..6 {
        release.version = Version::new(1, minor, 0);
        let path = controller(&parts, &release, &Silent).unwrap().archive.path;
        File::open(path.parent().unwrap()).unwrap().set_modified(days_ago(10 - minor)).unwrap();
        paths.push(path);
    }
    // The last one was fresh when it was made, and four were left with it; then somebody used the oldest of them.
    let there = |paths: &[PathBuf]| paths.iter().map(|path| path.exists()).collect::<Vec<_>>();
    assert_eq!(there(&paths), [false, false, true, true, true, true]);
    release.version = Version::new(1, 2, 0);
    controller(&parts, &release, &Silent).unwrap();
    demo(&parts, &Silent).unwrap();
    release.version = Version::new(1, 9, 0);
    paths.push(controller(&parts, &release, &Silent).unwrap().archive.path);
    assert_eq!(there(&paths), [false, false, true, false, true, true, true]);
}

#[rstest]
#[case::nothing("", "it has no Deployment with a container")]
#[case::no_deployment("kind: Service\n", "it has no Deployment with a container")]
#[case::digest(
    "kind: Deployment\nspec: {template: {spec: {containers: [{image: 'a/b@sha256:0'}]}}}\n",
    "a/b@sha256:0 is named by its digest, which cannot be made"
)]
#[case::two(
    "kind: Deployment\nspec: {template: {spec: {containers: [{image: a}, {image: b}]}}}\n",
    "its Deployments have several containers"
)]
fn a_manifest_that_names_no_image(#[case] install: &str, #[case] reason: &str) {
    let workshop = Workshop::new();
    let release = workshop.release();
    fs::write(release.manifests.install(), install).unwrap();
    let error = controller(&workshop.parts(), &release, &Silent).unwrap_err().to_string();
    let says = format!("{} does not say which image the controller runs: ", release.manifests.install().display());
    assert_eq!(error.strip_prefix(&says), Some(reason));
}

#[rstest]
#[case::as_published("quay.io/argoproj/argo-rollouts:v1.9.0", "quay.io/argoproj/argo-rollouts:v1.9.0")]
#[case::no_tag("localhost:5000/argo-rollouts", "localhost:5000/argo-rollouts:v1.10.2")]
#[case::latest("localhost:5000/argo-rollouts:latest", "localhost:5000/argo-rollouts:v1.10.2")]
fn the_published_name(#[case] asked: &str, #[case] reference: &str) {
    let workshop = Workshop::new();
    let release = workshop.release();
    let install = INSTALL.replace("quay.io/argoproj/argo-rollouts:latest", asked);
    fs::write(release.manifests.install(), install).unwrap();
    let image = controller(&workshop.parts(), &release, &Silent).unwrap();
    assert_eq!((image.asked.as_str(), image.reference.as_str()), (asked, reference));
}

#[test]
fn the_deployment_runs_what_is_loaded() {
    let workshop = Workshop::new();
    let image = controller(&workshop.parts(), &workshop.release(), &Silent).unwrap();
    let mut objects: Vec<Value> = serde_saphyr::from_multiple(INSTALL).unwrap();
    let changed: Vec<bool> = objects.iter_mut().map(|object| image.put_into(object)).collect();
    assert_eq!(changed, [false, true]);
    assert_eq!(
        objects[1]["spec"]["template"]["spec"]["containers"][0],
        json!({"name": "argo-rollouts", "image": image.reference, "imagePullPolicy": "IfNotPresent"})
    );
    let mut other = json!({"kind": "Deployment", "spec": {"template": {"spec": {"containers": [{"image": "x"}]}}}});
    assert!(!image.put_into(&mut other));
}
