//! Which proxy leads to a host: `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY`, as curl and Go read them.

use std::ffi::OsString;

use http::Uri;

/// The proxies of this process.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Proxies {
    https: Option<String>,
    http: Option<String>,
    none_for: Vec<String>,
}

impl Proxies {
    /// As these variables say; written small they win, as with curl.
    pub fn from_variables(variable: &dyn Fn(&str) -> Option<OsString>) -> Self {
        let text = |name: &str| {
            let value = variable(&name.to_lowercase()).or_else(|| variable(name))?.into_string().ok()?;
            Some(value.trim().to_owned()).filter(|value| !value.is_empty())
        };
        let all = text("ALL_PROXY");
        let none_for = text("NO_PROXY").unwrap_or_default();
        Self {
            https: text("HTTPS_PROXY").or_else(|| all.clone()),
            http: text("HTTP_PROXY").or(all),
            none_for: none_for.split(',').map(|entry| entry.trim().to_lowercase()).filter(|e| !e.is_empty()).collect(),
        }
    }

    /// The URL of the proxy on the way to `uri`, if there is one.
    pub fn of(&self, uri: &Uri) -> Option<&str> {
        let https = uri.scheme_str() == Some("https");
        let proxy = if https { &self.https } else { &self.http };
        let host = uri.host()?.to_lowercase();
        let port = uri.port_u16().unwrap_or(if https { 443 } else { 80 });
        proxy.as_deref().filter(|_| !self.none_for.iter().any(|entry| covers(entry, &host, port)))
    }
}

/// `*`: all; `example.com` and `.example.com`: it and all below it; `example.com:8080`: only that port.
fn covers(entry: &str, host: &str, port: u16) -> bool {
    if entry == "*" {
        return true;
    }
    let (name, only) = match entry.rsplit_once(':') {
        Some((name, number)) => match number.parse::<u16>() {
            Ok(number) => (name, Some(number)),
            Err(_) => (entry, None),
        },
        None => (entry, None),
    };
    let name = name.trim_start_matches('*').trim_start_matches('.');
    let below = host.strip_suffix(name).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
    !name.is_empty() && below && only.is_none_or(|only| only == port)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn proxies(variables: &[(&str, &str)]) -> Proxies {
        Proxies::from_variables(&|name| variables.iter().find(|(n, _)| *n == name).map(|(_, value)| value.into()))
    }

    #[rstest]
    #[case("", Some("p"))]
    #[case("*", None)]
    #[case("dl.k8s.io", None)]
    #[case("k8s.io", None)]
    #[case(".k8s.io", None)]
    #[case("*.k8s.io", None)]
    #[case("example.com, K8S.io ", None)]
    #[case("s.io", Some("p"))]
    #[case("k8s.io:443", None)]
    #[case("k8s.io:8443", Some("p"))]
    #[case(",", Some("p"))]
    fn who_needs_none(#[case] none_for: &str, #[case] expected: Option<&str>) {
        let proxies = proxies(&[("HTTPS_PROXY", "p"), ("NO_PROXY", none_for)]);
        assert_eq!(proxies.of(&Uri::from_static("https://dl.k8s.io/release")), expected);
    }

    #[test]
    fn each_scheme_has_its_own() {
        let of = |variables: &[(&str, &str)], uri: &'static str| {
            proxies(variables).of(&Uri::from_static(uri)).map(ToOwned::to_owned)
        };
        assert_eq!(of(&[("HTTPS_PROXY", "s")], "http://mirror/"), None);
        assert_eq!(of(&[("HTTP_PROXY", "h"), ("HTTPS_PROXY", "s")], "http://mirror/"), Some("h".into()));
        assert_eq!(of(&[("ALL_PROXY", "a"), ("HTTPS_PROXY", "s")], "https://mirror/"), Some("s".into()));
        assert_eq!(of(&[("ALL_PROXY", "a")], "https://mirror/"), Some("a".into()));
        assert_eq!(of(&[("https_proxy", "small"), ("HTTPS_PROXY", "s")], "https://mirror/"), Some("small".into()));
        assert_eq!(of(&[("HTTPS_PROXY", " ")], "https://mirror/"), None);
    }
}
