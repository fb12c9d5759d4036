//! How downloads are made: from the environment, or said by the caller.

use std::{collections::BTreeMap, ffi::OsString, path::PathBuf, time::Duration};

use http::Uri;

use super::{proxies::Proxies, published::Publisher};
use crate::parts::PartError;

/// How downloads are made.
#[derive(Debug, Clone)]
pub struct DownloadOptions {
    /// Where a publisher's files are instead (`PROOFROLL_MIRROR_ETCD`, ...): URLs without a slash at the end.
    pub mirrors: BTreeMap<Publisher, String>,
    /// The proxies (`HTTPS_PROXY`, `NO_PROXY`, ...).
    pub proxies: Proxies,
    /// Certificates that are trusted besides the system's (`PROOFROLL_CA_BUNDLE`).
    pub ca_bundle: Option<PathBuf>,
    /// Where Go modules are, by HTTP (`GOPROXY`); may be empty.
    pub go_proxies: Vec<String>,
    /// How long is waited for what.
    pub patience: Patience,
}

/// How long is waited for what, and how often it is tried.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// For a name's address, and for a connection. Short: the next way is waiting.
    pub connect: Duration,
    /// For the next byte of a connection that stands.
    pub silence: Duration,
    /// How often a file is asked for whose server has trouble.
    pub attempts: u32,
    /// How long after the first time; twice as long after each other time.
    pub backoff: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(3),
            silence: Duration::from_secs(30),
            attempts: 4,
            backoff: Duration::from_millis(500),
        }
    }
}

/// The module proxy that Go asks by default.
const GO_PROXY: &str = "https://proxy.golang.org";

impl DownloadOptions {
    /// As these variables say; an empty one is one that is not set. Nothing where `PROOFROLL_DOWNLOAD` is `off`.
    ///
    /// # Errors
    /// When one of them says something that is not understood.
    pub fn from_variables(variable: &dyn Fn(&str) -> Option<OsString>) -> Result<Option<Self>, PartError> {
        let text = |name: &str| {
            let value = variable(name).filter(|value| !value.is_empty())?;
            Some(value.to_string_lossy().into_owned())
        };
        match text("PROOFROLL_DOWNLOAD").as_deref() {
            None | Some("on") => {}
            Some("off") => return Ok(None),
            Some(other) => return Err(unclear("PROOFROLL_DOWNLOAD", other, "it is `on` or `off`")),
        }
        let mut mirrors = BTreeMap::new();
        for publisher in Publisher::ALL {
            let name = publisher.variable();
            if let Some(url) = text(&name) {
                check_url(&url).map_err(|why| unclear(&name, &url, why))?;
                mirrors.insert(publisher, url.trim_end_matches('/').to_owned());
            }
        }
        let go_proxy = text("GOPROXY").unwrap_or_else(|| GO_PROXY.into());
        // Go itself takes `direct`, `off` and files, too.
        let go_proxies = go_proxy.split([',', '|']).map(str::trim).filter(|url| check_url(url).is_ok());
        Ok(Some(Self {
            mirrors,
            proxies: Proxies::from_variables(variable),
            ca_bundle: text("PROOFROLL_CA_BUNDLE").map(PathBuf::from),
            go_proxies: go_proxies.map(|url| url.trim_end_matches('/').to_owned()).collect(),
            patience: Patience::default(),
        }))
    }
}

impl DownloadOptions {
    /// Where a publisher's files are.
    pub fn base(&self, publisher: Publisher) -> String {
        self.mirrors.get(&publisher).cloned().unwrap_or_else(|| publisher.base().to_owned())
    }
}

fn unclear(variable: &str, value: &str, why: &str) -> PartError {
    PartError::Setting { variable: variable.to_owned(), value: super::url::redacted(value), why: why.to_owned() }
}

fn check_url(text: &str) -> Result<(), &'static str> {
    let wrong = "a mirror is a URL, as https://mirror.example.com/kubernetes";
    let uri: Uri = text.parse().map_err(|_| wrong)?;
    match uri.scheme_str() {
        Some("http" | "https") if uri.host().is_some_and(|host| !host.is_empty()) && uri.query().is_none() => Ok(()),
        _ => Err(wrong),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(variables: &[(&str, &str)]) -> Result<Option<DownloadOptions>, String> {
        let variable = |name: &str| variables.iter().find(|(n, _)| *n == name).map(|(_, value)| value.into());
        DownloadOptions::from_variables(&variable).map_err(|error| error.to_string())
    }

    #[test]
    fn mirrors_are_urls() {
        let found = options(&[("PROOFROLL_MIRROR_ETCD", "https://mirror.example.com/etcd/")]).unwrap().unwrap();
        assert_eq!(found.mirrors[&Publisher::Etcd], "https://mirror.example.com/etcd");
        for wrong in ["mirror.example.com/etcd", "ftp://mirror", "https://"] {
            let error = options(&[("PROOFROLL_MIRROR_KWOK", wrong)]).unwrap_err();
            assert_eq!(
                error,
                format!(
                    "PROOFROLL_MIRROR_KWOK is {wrong:?}: a mirror is a URL, as https://mirror.example.com/kubernetes"
                )
            );
        }
    }

    #[test]
    fn a_password_is_not_told() {
        let error = options(&[("PROOFROLL_MIRROR_KWOK", "https://me:secret@m/?x")]).unwrap_err();
        assert!(error.contains("https://***@m/?...") && !error.contains("secret"), "{error}");
    }

    #[test]
    fn it_can_be_turned_off() {
        assert!(options(&[("PROOFROLL_DOWNLOAD", "off")]).unwrap().is_none());
        assert!(options(&[("PROOFROLL_DOWNLOAD", "on")]).unwrap().is_some());
        let error = options(&[("PROOFROLL_DOWNLOAD", "no")]).unwrap_err();
        assert_eq!(error, "PROOFROLL_DOWNLOAD is \"no\": it is `on` or `off`");
    }

    #[test]
    fn of_gos_proxies_those_that_speak_http_are_asked() {
        let of = |value: &str| options(&[("GOPROXY", value)]).unwrap().unwrap().go_proxies;
        assert_eq!(of("https://a.example.com/,direct"), ["https://a.example.com"]);
        assert_eq!(of("https://a.example.com|http://b"), ["https://a.example.com", "http://b"]);
        assert_eq!(of("off"), [""; 0]);
        assert_eq!(of(""), [GO_PROXY]);
    }
}
