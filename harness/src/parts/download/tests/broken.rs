//! What goes wrong, and what is said of it. Each time nothing is installed.

use std::sync::atomic::{AtomicUsize, Ordering};

use rstest::rstest;

use super::*;

/// The message about a part whose file `answer` gives; `HOST` stands for the server.
fn message(answer: impl Fn(usize) -> Answer + Send + Sync + 'static) -> (String, usize) {
    let count = Arc::new(AtomicUsize::new(0));
    let counted = count.clone();
    let sum = sha256(b"the api server");
    let server = Server::start(move |asked| match asked.path.ends_with(".sha256") {
        true => Answer::of(sum.as_bytes()),
        false => answer(counted.fetch_add(1, Ordering::Relaxed)),
    });
    let text = Site::behind(&server).refusal(&PartName::KubeApiserver);
    let text = text.replace(&server.address().to_string(), "HOST").replace(&version(&PartName::KubeApiserver), "1.2.3");
    (text.replace(arch(), "ARCH"), count.load(Ordering::Relaxed))
}

#[test]
fn a_missing_file() {
    let (text, asked) = message(|_| Answer::status(404));
    assert_eq!(asked, 1, "it will not be there in a second either");
    insta::assert_snapshot!(text);
}

#[test]
fn a_refused_file() {
    let (text, asked) = message(|_| Answer::status(403));
    assert_eq!(asked, 1);
    insta::assert_snapshot!(text);
}

#[test]
fn a_server_in_trouble_is_asked_again() {
    let (text, asked) = message(|_| Answer::status(503));
    assert_eq!(asked, 3);
    insta::assert_snapshot!(text);
}

#[test]
fn a_wrong_checksum() {
    let (text, asked) = message(|_| Answer::of(b"another api server"));
    assert_eq!(asked, 1);
    insta::assert_snapshot!(text);
}

#[test]
fn a_truncated_body() {
    let (text, asked) = message(|_| Answer::Truncated { body: b"the api".to_vec(), missing: 7 });
    assert_eq!(asked, 3);
    insta::assert_snapshot!(text);
}

#[test]
fn a_server_that_goes_silent() {
    let (text, asked) = message(|_| Answer::Silent { body: b"the api".to_vec(), missing: 7 });
    assert_eq!(asked, 3);
    insta::assert_snapshot!(text);
}

#[test]
fn a_server_that_says_nothing() {
    let (text, asked) = message(|_| Answer::Nothing);
    assert_eq!(asked, 3);
    assert!(text.contains("kube-apiserver: ") && text.contains(", 3 times"), "{text}");
}

/// `.invalid` is no name anywhere (RFC 6761).
#[test]
fn a_host_that_does_not_exist() {
    let site = Site::with_mirrors("https://mirror.invalid");
    let began = std::time::Instant::now();
    let refusal = site.refusal(&PartName::KubeApiserver);
    assert!(
        refusal.contains("download: mirror.invalid cannot be reached: ") && !refusal.contains(" times"),
        "{refusal}"
    );
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
}

#[test]
fn redirects_without_an_end() {
    let (text, _) = message(|_| Answer::redirect("/again".into()));
    assert!(text.contains("it is redirected for ever"), "{text}");
    let (text, _) = message(|_| Answer::redirect("ftp://elsewhere".into()));
    assert!(text.contains("it is redirected to nowhere"), "{text}");
}

/// Trouble that passes is nobody's trouble.
#[rstest]
#[case::of_the_server(|| Answer::status(502))]
#[case::of_too_many_requests(|| Answer::status(429))]
#[case::of_the_connection(|| Answer::Nothing)]
#[case::in_the_middle(|| Answer::Truncated { body: b"the wrong".to_vec(), missing: 7 })]
fn trouble_that_passes(#[case] trouble: fn() -> Answer) {
    let tree = with_apiserver(b"the api server");
    let count = AtomicUsize::new(0);
    let server = Server::start(move |asked| match count.fetch_add(1, Ordering::Relaxed) % 3 {
        0 | 1 => trouble(),
        _ => from_tree(&tree, asked),
    });
    let site = Site::behind(&server);
    assert_eq!(site.find(&PartName::KubeApiserver).unwrap(), b"the api server", "nothing of the first try is in it");
    assert_eq!(server.paths().len(), 6, "three times each");
}

#[rstest]
#[case::of_a_proxy("<html>please log in</html>")]
#[case::of_another_file("0000000000000000000000000000000000000000000000000000000000000000  kubelet")]
fn a_checksum_file_that_is_none(#[case] text: &'static str) {
    let server = Server::start(move |_| Answer::of(text.as_bytes()));
    let refusal = Site::behind(&server).refusal(&PartName::KubeApiserver);
    assert!(refusal.contains("kube-apiserver.sha256 has no checksum of kube-apiserver"), "{refusal}");
    assert_eq!(server.paths().len(), 1, "the file itself is not even asked for");
}

#[test]
fn a_checksum_file_that_never_ends() {
    let server = Server::start(|_| Answer::of(&vec![b' '; (4 << 20) + 1]));
    let refusal = Site::behind(&server).refusal(&PartName::KubeApiserver);
    assert!(refusal.contains("it is far larger than it should be"), "{refusal}");
}

#[test]
fn a_full_disk() {
    let server = serving(with_apiserver(b"the api server"));
    let site = Site::behind(&server);
    let client = Client::new(&site.options).unwrap();
    let full = site.home.path().join("full");
    std::os::unix::fs::symlink("/dev/full", &full).unwrap();
    let url = format!("{}{}", server.url(), apiserver());
    let error = client.checked(&url, &format!("{url}.sha256"), &full, "kube-apiserver", &Silent).unwrap_err();
    assert_eq!(
        error.to_string().replace(&site.home.path().display().to_string(), "HOME"),
        "cannot write HOME/full: No space left on device (os error 28)"
    );
    assert_eq!(error.advice(), "free some space, or set PROOFROLL_CACHE_DIR to another disk");
    assert!(error.is_final(), "a build would need far more");
    assert!(!full.exists(), "what was begun is gone");
}
