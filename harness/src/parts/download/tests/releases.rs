//! Files of releases, with their checksum files.

use super::*;
use crate::parts::Origin;

#[test]
fn a_file_is_downloaded_checked_and_kept() {
    let server = serving(with_apiserver(b"the api server"));
    let site = Site::behind(&server);
    let found = site.parts().find(&PartName::KubeApiserver, &Silent).unwrap();
    assert_eq!(fs::read(&found.path).unwrap(), b"the api server");
    assert_eq!(found.sha256, sha256(b"the api server"));
    let Origin::Made(how) = &found.origin else { panic!("{:?}", found.origin) };
    assert_eq!(how, &format!("downloaded from {}{}", server.url(), apiserver()));
    assert_eq!(fs::metadata(&found.path).unwrap().permissions().mode() & 0o777, 0o755);
    assert_eq!(server.paths(), [format!("{}.sha256", apiserver()), apiserver()], "the checksum first");

    let again = site.parts().find(&PartName::KubeApiserver, &Silent).unwrap();
    assert!(matches!(again.origin, Origin::Cached(_)));
    assert_eq!(server.paths().len(), 2, "nobody is asked twice");
    assert_eq!(site.left().len(), 1, "nothing else is left: {:?}", site.left());
}

#[test]
fn of_an_archive_the_program_is_taken() {
    let version = version(&PartName::Etcd);
    let name = format!("etcd-v{version}-linux-{}", arch());
    let archive = tar_gz(&[
        (&format!("{name}/README.md"), b"read me"),
        (&format!("{name}/etcdctl"), b"another"),
        (&format!("{name}/etcd"), b"the store"),
    ]);
    let sums = format!("{}  other.tar.gz\n{}  {name}.tar.gz\n", sha256(b""), sha256(&archive));
    let server = serving(Tree::from([
        (format!("/etcd/v{version}/{name}.tar.gz"), archive),
        (format!("/etcd/v{version}/SHA256SUMS"), sums.into_bytes()),
    ]));
    let site = Site::behind(&server);
    assert_eq!(site.find(&PartName::Etcd).unwrap(), b"the store");
    assert!(site.refusal_of_another(&PartName::Kind).contains("/kind-linux-"), "another publisher, not there");
}

impl Site {
    /// As [`Site::refusal`], where others are there.
    fn refusal_of_another(&self, part: &PartName) -> String {
        self.find(part).unwrap_err().to_string()
    }
}

#[test]
fn the_plugin_is_checked_against_the_list_of_its_release() {
    let release = format!("/plugin/v{}", version(&PartName::Plugin));
    let file = format!("kubectl-argo-rollouts-linux-{}", arch());
    let find = |published: &[u8]| {
        let sums = format!("{}  kubectl-argo-rollouts-darwin-amd64\n{}  {file}\n", sha256(b""), sha256(b"the plugin"));
        let server = serving(Tree::from([
            (format!("{release}/{file}"), published.to_vec()),
            (format!("{release}/argo-rollouts-checksums.txt"), sums.into_bytes()),
        ]));
        Site::behind(&server).find(&PartName::Plugin)
    };
    assert_eq!(find(b"the plugin").unwrap(), b"the plugin");
    assert!(find(b"something else").unwrap_err().to_string().contains(&sha256(b"the plugin")), "its sum is another");
}

#[test]
fn an_archive_without_the_program_is_refused() {
    let version = version(&PartName::Etcd);
    let name = format!("etcd-v{version}-linux-{}", arch());
    let refusal = |archive: Vec<u8>| {
        let sums = format!("{}  {name}.tar.gz\n", sha256(&archive));
        let server = serving(Tree::from([
            (format!("/etcd/v{version}/{name}.tar.gz"), archive),
            (format!("/etcd/v{version}/SHA256SUMS"), sums.into_bytes()),
        ]));
        Site::behind(&server).refusal(&PartName::Etcd)
    };
    let text = refusal(tar_gz(&[("elsewhere/etcd", b"x")]));
    assert!(text.contains(&format!("there is no {name}/etcd in it")), "{text}");
    let text = refusal(b"no archive".to_vec());
    assert!(text.contains("it is no archive"), "{text}");
}

#[test]
fn redirects_are_followed_and_logins_stay_at_home() {
    let there = serving(Tree::from([("/storage/file".into(), b"the api server".to_vec())]));
    let to = format!("{}/storage/file?signature=secret", there.url());
    let sum = sha256(b"the api server");
    let here = Server::start(move |asked| match asked.path.ends_with(".sha256") {
        true => Answer::of(sum.as_bytes()),
        false => Answer::redirect(to.clone()),
    });
    let mut site = Site::behind(&here);
    let base = format!("http://me:pass@{}/kubernetes", here.address());
    site.options.mirrors.insert(Publisher::Kubernetes, base);
    // The tree knows no `?`: what is asked for is told with it.
    let refusal = site.refusal(&PartName::KubeApiserver);
    assert!(refusal.contains("does not exist (404)") && !refusal.contains("pass"), "{refusal}");
    assert_eq!(here.asked()[0].header("authorization"), "Basic bWU6cGFzcw==");
    assert_eq!(there.asked()[0].header("authorization"), "", "another host learns no password");
    assert_eq!(there.paths(), ["/storage/file?signature=secret"]);
}

#[test]
fn what_is_ours_is_not_looked_for() {
    let server = serving(Tree::new());
    let site = Site::behind(&server);
    let refusal = site.refusal(&PartName::RolloutsDemo);
    assert!(refusal.contains("download: nobody publishes rollouts-demo for this platform"), "{refusal}");
    assert_eq!(server.paths(), [""; 0]);
}
