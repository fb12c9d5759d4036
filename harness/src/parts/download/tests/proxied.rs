//! The way out of a company: a proxy, and its certificates.

use super::{server::Identity, *};

/// A site without mirrors that asks `dl.k8s.io` through a proxy; the server behind the proxy has a certificate for
/// that name.
struct Company {
    identity: Identity,
    server: Server,
    site: Site,
}

impl Company {
    fn new() -> Self {
        let mut tree = Tree::new();
        for (path, content) in with_apiserver(b"the api server") {
            tree.insert(path.replace("/kubernetes/", "/release/"), content);
        }
        let identity = Identity::of(&["dl.k8s.io"]);
        let server = Server::with(Some(&identity), move |asked| from_tree(&tree, asked));
        let mut site = Site::behind(&server);
        site.options.mirrors.clear();
        Self { identity, server, site }
    }

    fn proxy(&self, login: Option<&'static str>) -> Server {
        let address = self.server.address();
        Server::proxy(login, move |_| address)
    }

    /// Sets the variables of a shell.
    fn with(mut self, variables: &[(&str, String)]) -> Self {
        let variable = |name: &str| variables.iter().find(|(n, _)| *n == name).map(|(_, value)| value.into());
        self.site.options.proxies = proxies::Proxies::from_variables(&variable);
        self
    }

    fn trusting(mut self) -> Self {
        let bundle = self.site.home.path().join("ca.pem");
        fs::write(&bundle, format!("# the company's\n{}", self.identity.ca_pem)).unwrap();
        self.site.options.ca_bundle = Some(bundle);
        self
    }
}

#[test]
fn https_goes_through_the_proxy() {
    let company = Company::new().trusting();
    let proxy = company.proxy(None);
    let company = company.with(&[("HTTPS_PROXY", proxy.url())]);
    assert_eq!(company.site.find(&PartName::KubeApiserver).unwrap(), b"the api server");
    let asked = proxy.asked();
    assert!(asked.iter().all(|asked| asked.method == "CONNECT" && asked.path == "dl.k8s.io:443"), "{asked:?}");
    assert_eq!(company.server.paths()[0], apiserver().replace("/kubernetes/", "/release/") + ".sha256");
}

#[test]
fn a_proxy_that_wants_a_login() {
    let company = Company::new().trusting();
    let proxy = company.proxy(Some("Basic bWU6cGFzcw=="));
    let company = company.with(&[("HTTPS_PROXY", proxy.url())]);
    let refusal = company.site.refusal(&PartName::KubeApiserver);
    insta::assert_snapshot!(refusal.replace(&proxy.address().to_string(), "PROXY"));
    assert_eq!(proxy.asked().len(), 1, "it will not change its mind");

    let company = company.with(&[("HTTPS_PROXY", format!("http://me:pass@{}", proxy.address()))]);
    assert_eq!(company.site.find(&PartName::KubeApiserver).unwrap(), b"the api server");
}

#[test]
fn a_certificate_that_nobody_knows() {
    let company = Company::new();
    let proxy = company.proxy(None);
    let company = company.with(&[("HTTPS_PROXY", proxy.url())]);
    let refusal = company.site.refusal(&PartName::KubeApiserver);
    insta::assert_snapshot!(refusal);
    assert_eq!(company.server.paths(), [""; 0]);
    assert_eq!(proxy.asked().len(), 1, "it is not tried again");
}

#[test]
fn who_needs_no_proxy_is_asked_directly() {
    let server = serving(with_apiserver(b"the api server"));
    let address = server.address();
    let proxy = Server::proxy(None, move |_| address);
    let mut site = Site::behind(&server);
    let set = |site: &mut Site, none_for: &str| {
        let variable = |name: &str| match name {
            "HTTP_PROXY" => Some(proxy.url().into()),
            "NO_PROXY" => Some(none_for.into()),
            _ => None,
        };
        site.options.proxies = proxies::Proxies::from_variables(&variable);
    };
    set(&mut site, "127.0.0.1");
    assert_eq!(site.find(&PartName::KubeApiserver).unwrap(), b"the api server");
    assert_eq!(proxy.paths(), [""; 0]);

    let mut site = Site::behind(&server);
    set(&mut site, "example.com");
    assert_eq!(site.find(&PartName::KubeApiserver).unwrap(), b"the api server");
    assert_eq!(proxy.paths().len(), 2);
}

#[test]
fn a_proxy_that_is_not_there_is_named() {
    let gone = Server::start(|_| Answer::Nothing).url();
    let company = Company::new().with(&[("HTTPS_PROXY", gone.clone())]);
    let refusal = company.site.refusal(&PartName::KubeApiserver);
    assert!(refusal.contains(&format!("the proxy {gone} cannot be reached: ")), "{refusal}");
}

#[test]
fn a_proxy_that_is_misspelt_is_named() {
    let company = Company::new().with(&[("HTTPS_PROXY", "htp://proxy:3128".into())]);
    let refusal = company.site.refusal(&PartName::KubeApiserver);
    assert!(
        refusal.contains("the proxy htp://proxy:3128 does not lead to dl.k8s.io: this is not the URL of a proxy"),
        "{refusal}"
    );
}

#[test]
fn a_bundle_must_hold_certificates() {
    let company = Company::new();
    let bundle = company.site.home.path().join("ca.pem");
    let mut options = company.site.options.clone();
    options.ca_bundle = Some(bundle.clone());
    let error = |options: &DownloadOptions| {
        let text = Client::new(options).err().unwrap().to_string();
        text.replace(&company.site.home.path().display().to_string(), "HOME")
    };
    assert_eq!(
        error(&options),
        "the CA bundle HOME/ca.pem (PROOFROLL_CA_BUNDLE) cannot be used: No such file or directory (os error 2)"
    );
    fs::write(&bundle, "hello").unwrap();
    assert_eq!(
        error(&options),
        "the CA bundle HOME/ca.pem (PROOFROLL_CA_BUNDLE) cannot be used: it holds no certificate"
    );
}
