//! URLs: where redirects lead, and what of a URL may be shown.

use base64::{Engine, prelude::BASE64_STANDARD};
use http::Uri;

/// Where a redirect leads. Never from TLS to plain text.
pub(super) fn redirected(from: &str, to: &str) -> Option<String> {
    let is_tls = |url: &str| url.starts_with("https://");
    let next = match to.strip_prefix('/') {
        Some(_) if to.starts_with("//") => format!("{}:{to}", from.split_once(':')?.0),
        Some(path) => {
            let (scheme, rest) = from.split_once("://")?;
            format!("{scheme}://{}/{path}", rest.split('/').next()?)
        }
        None => to.to_owned(),
    };
    let good = next.starts_with("https://") || next.starts_with("http://") && !is_tls(from);
    good.then_some(next)
}

/// Host and port, as in the URL.
pub(super) fn host_of(url: &str) -> String {
    let (plain, _) = without_login(url);
    let uri: Option<Uri> = plain.parse().ok();
    uri.and_then(|uri| uri.authority().map(ToString::to_string)).unwrap_or(plain)
}

/// The URL without user name and password, and the header that says them.
pub(super) fn without_login(url: &str) -> (String, Option<(&'static str, String)>) {
    let plain = login_of(url).map_or_else(|| url.to_owned(), |(start, _, rest)| format!("{start}{rest}"));
    (plain, login_header(url))
}

/// The header that says user name and password of a URL.
pub(super) fn login_header(url: &str) -> Option<(&'static str, String)> {
    let (_, login, _) = login_of(url)?;
    Some(("authorization", format!("Basic {}", BASE64_STANDARD.encode(login))))
}

/// A URL for people's eyes: without its password, and without what stands behind `?`, where storages have signatures.
pub(super) fn redacted(url: &str) -> String {
    let plain = match login_of(url) {
        Some((start, _, rest)) => format!("{start}***@{rest}"),
        None => url.to_owned(),
    };
    plain.split_once('?').map(|(start, _)| format!("{start}?...")).unwrap_or(plain)
}

/// `https://`, `user:password`, `host/path`.
fn login_of(url: &str) -> Option<(&str, &str, &str)> {
    let start = url.find("://")? + 3;
    let end = url[start..].find('/').map_or(url.len(), |slash| start + slash);
    let at = start + url[start..end].rfind('@')?;
    Some((&url[..start], &url[start..at], &url[at + 1..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn redirects_lead_where_they_may() {
        let to = |to: &str| redirected("https://a.example.com/x/y?q", to);
        assert_eq!(to("https://b/z").as_deref(), Some("https://b/z"));
        assert_eq!(to("/z?k").as_deref(), Some("https://a.example.com/z?k"));
        assert_eq!(to("//b/z").as_deref(), Some("https://b/z"));
        assert_eq!(to("http://b/z"), None, "no step down");
        assert_eq!(to("z"), None);
        assert_eq!(to(""), None);
        assert_eq!(redirected("http://a/x", "http://b/z").as_deref(), Some("http://b/z"));
    }

    #[test]
    fn a_login_is_sent_and_never_shown() {
        let url = "https://me:p@ss@host:8443/path@x";
        assert_eq!(without_login(url).0, "https://host:8443/path@x");
        assert_eq!(without_login(url).1.unwrap().1, format!("Basic {}", BASE64_STANDARD.encode("me:p@ss")));
        assert_eq!(redacted(url), "https://***@host:8443/path@x");
        assert_eq!(host_of(url), "host:8443");
        let plain = "https://host/path@x";
        assert_eq!((without_login(plain).0.as_str(), redacted(plain).as_str()), (plain, plain));
    }
}
