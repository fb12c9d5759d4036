//! The proxy on the way to an API server, chosen as kubectl chooses it: the kubeconfig's `proxy-url`,
//! whatever else is said; else HTTPS_PROXY or HTTP_PROXY, but not for this machine itself and not for
//! what NO_PROXY names.
//!
//! (kube 5.0 compares NO_PROXY with the proxy's host instead of the server's, so the choice is made here.)

use std::net::IpAddr;

use http::Uri;

/// The proxy for this server. `named`: what the kubeconfig says; `variable`: the environment.
pub(super) fn choose(
    server: &Uri,
    named: Option<&str>,
    variable: &dyn Fn(&str) -> Option<String>,
) -> Result<Option<Uri>, String> {
    let set = |names: [&str; 2]| names.into_iter().filter_map(variable).find(|value| !value.trim().is_empty());
    if let Some(named) = named.filter(|named| !named.is_empty()) {
        return parse(named, "proxy-url").map(Some);
    }
    let secure = server.scheme_str() != Some("http");
    let names = if secure { ["HTTPS_PROXY", "https_proxy"] } else { ["HTTP_PROXY", "http_proxy"] };
    let Some(proxy) = set(names) else { return Ok(None) };
    let host = server.host().unwrap_or_default().trim_matches(['[', ']']).to_ascii_lowercase();
    let port = server.port_u16().unwrap_or(if secure { 443 } else { 80 });
    let loopback = host == "localhost" || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback());
    let excepted = set(["NO_PROXY", "no_proxy"]).unwrap_or_default();
    if loopback || excepted.split(',').any(|entry| excepts(entry.trim(), &host, port)) {
        return Ok(None);
    }
    parse(proxy.trim(), names[0]).map(Some)
}

fn parse(proxy: &str, source: &str) -> Result<Uri, String> {
    let whole = if proxy.contains("://") { proxy.to_owned() } else { format!("http://{proxy}") };
    // The message names no value: a proxy's address may hold a password.
    whole.parse().map_err(|error| format!("{source} is no address of a proxy: {error}"))
}

/// Whether an entry of NO_PROXY means this host: `*`, an address, a network, a domain (`.example.com`
/// only what is below it), each but the first with a port if it likes.
fn excepts(entry: &str, host: &str, port: u16) -> bool {
    if entry == "*" {
        return true;
    }
    if let (Some((network, bits)), Ok(host)) = (entry.split_once('/'), host.parse::<IpAddr>()) {
        return network.parse().is_ok_and(|network| bits.parse().is_ok_and(|bits| contains(network, bits, host)));
    }
    let (name, wanted) = match entry.rsplit_once(':') {
        // An IPv6 address without brackets has colons of its own.
        Some((name, digits)) if !name.contains(':') || name.ends_with(']') => (name, digits.parse().ok()),
        _ => (entry, None),
    };
    let name = name.trim_matches(['[', ']']).to_ascii_lowercase();
    let name = name.strip_prefix('*').filter(|rest| rest.starts_with('.')).unwrap_or(&name);
    if name.is_empty() || wanted.is_some_and(|wanted: u16| wanted != port) {
        return false;
    }
    match name.strip_prefix('.') {
        Some(_) => host.ends_with(name),
        None => host == name || host.strip_suffix(name).is_some_and(|above| above.ends_with('.')),
    }
}

fn contains(network: IpAddr, bits: u32, host: IpAddr) -> bool {
    let (network, host, size) = match (network, host) {
        (IpAddr::V4(network), IpAddr::V4(host)) => (u128::from(network.to_bits()), u128::from(host.to_bits()), 32),
        (IpAddr::V6(network), IpAddr::V6(host)) => (network.to_bits(), host.to_bits(), 128),
        _ => return false,
    };
    // All bits of the rest: a shift by the whole width would overflow.
    bits <= size && (bits == 0 || (network ^ host) >> (size - bits) == 0)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::nothing_set("https://k8s.example.com", None, &[], None)]
    #[case::from_the_environment("https://k8s.example.com", None, &[("HTTPS_PROXY", "http://p:1")], Some("http://p:1/"))]
    #[case::small_letters("https://k8s.example.com", None, &[("https_proxy", "p:1")], Some("http://p:1/"))]
    #[case::an_empty_one_is_none("https://k8s.example.com", None, &[("HTTPS_PROXY", ""), ("https_proxy", "p:1")], Some("http://p:1/"))]
    #[case::by_scheme("http://k8s.example.com", None, &[("HTTPS_PROXY", "http://p:1")], None)]
    #[case::plain("http://k8s.example.com", None, &[("HTTP_PROXY", "http://p:1")], Some("http://p:1/"))]
    #[case::the_kubeconfig_rules("https://127.0.0.1:6443", Some("socks5://p:1"), &[("NO_PROXY", "*")], Some("socks5://p:1/"))]
    #[case::not_to_ourselves("https://127.0.0.1:6443", None, &[("HTTPS_PROXY", "http://p:1")], None)]
    #[case::nor_by_name("https://localhost:6443", None, &[("HTTPS_PROXY", "http://p:1")], None)]
    #[case::excepted("https://k8s.example.com", None, &[("HTTPS_PROXY", "http://p:1"), ("NO_PROXY", "a,example.com,")], None)]
    #[case::the_proxys_own_name("https://k8s.example.com", None, &[("HTTPS_PROXY", "http://p:1"), ("NO_PROXY", "p")], Some("http://p:1/"))]
    fn as_kubectl(
        #[case] server: &str,
        #[case] named: Option<&str>,
        #[case] environment: &[(&str, &str)],
        #[case] proxy: Option<&str>,
    ) {
        let variable = |name: &str| environment.iter().find(|(n, _)| *n == name).map(|(_, value)| (*value).to_owned());
        let chosen = choose(&server.parse().unwrap(), named, &variable).unwrap();
        assert_eq!(chosen.map(|uri| uri.to_string()).as_deref(), proxy);
    }

    #[rstest]
    #[case("*", true)]
    #[case("", false)]
    #[case("k8s.example.com", true)]
    #[case("K8S.example.com", true)]
    #[case("k8s.example.com:6443", true)]
    #[case("k8s.example.com:443", false)]
    #[case("example.com", true)]
    #[case(".example.com", true)]
    #[case("*.example.com", true)]
    #[case("ample.com", false)]
    #[case(".k8s.example.com", false)]
    #[case("10.0.0.0/8", false)]
    fn names(#[case] entry: &str, #[case] excepted: bool) {
        assert_eq!(excepts(entry, "k8s.example.com", 6443), excepted);
    }

    #[rstest]
    #[case("10.1.2.3", "10.1.2.3", true)]
    #[case("10.1.2.3:6443", "10.1.2.3", true)]
    #[case("10.1.2.3:1", "10.1.2.3", false)]
    #[case("10.1.0.0/16", "10.1.2.3", true)]
    #[case("10.2.0.0/16", "10.1.2.3", false)]
    #[case("0.0.0.0/0", "10.1.2.3", true)]
    #[case("10.1.2.3/33", "10.1.2.3", false)]
    #[case("fd00::/8", "fd12::1", true)]
    #[case("fd12::1", "fd12::1", true)]
    #[case("[fd12::1]:6443", "fd12::1", true)]
    #[case("10.0.0.0/8", "fd12::1", false)]
    fn addresses(#[case] entry: &str, #[case] host: &str, #[case] excepted: bool) {
        assert_eq!(excepts(entry, host, 6443), excepted);
    }

    #[test]
    fn a_wrong_one_is_named_without_its_password() {
        let server = "https://k8s.example.com".parse().unwrap();
        let error = choose(&server, Some("http://me:secret@p:port:x"), &|_| None).unwrap_err();
        assert!(error.starts_with("proxy-url is no address") && !error.contains("secret"), "{error}");
    }
}
