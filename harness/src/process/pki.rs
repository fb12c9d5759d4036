//! The keys and certificates of one control plane, made in this process: no openssl, no cfssl.
//!
//! Everything is elliptic (P-256): made in microseconds, and each component of Kubernetes takes it,
//! also for the service-account tokens. It lives as long as its plane, in a directory that only its
//! owner may read.

use std::{
    fs::OpenOptions,
    io::{self, Write},
    net::{IpAddr, Ipv4Addr},
    os::unix::fs::OpenOptionsExt,
    path::Path,
};

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    SanType, string::Ia5String,
};
use time::{Duration, OffsetDateTime};

/// Clocks of containers and virtual machines drift; a certificate is valid from a while ago.
const BACKDATED: Duration = Duration::hours(24);
/// Longer than any plane lives.
const LIFETIME: Duration = Duration::days(3650);

/// The names under which the API server is reached.
const SERVER_NAMES: [&str; 5] =
    ["localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc.cluster.local"];

/// Why no keys could be made.
#[derive(Debug, thiserror::Error)]
pub enum PkiError {
    /// A key or certificate could not be made.
    #[error("a key or certificate could not be made: {0}")]
    Make(#[from] rcgen::Error),
    /// A file could not be written.
    #[error("{path} could not be written: {source}")]
    Write {
        /// The file.
        path: String,
        /// Why.
        source: io::Error,
    },
}

/// A certificate and its private key, both PEM.
#[derive(Debug, Clone)]
pub struct Identity {
    /// The certificate.
    pub certificate: String,
    /// The private key.
    pub key: String,
}

/// A certificate authority and what it signs.
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    certificate: String,
}

impl Authority {
    /// Makes a new authority.
    ///
    /// # Errors
    /// When the system has no randomness to give.
    pub fn new() -> Result<Self, PkiError> {
        let mut params = params("proofroll");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages =
            vec![KeyUsagePurpose::DigitalSignature, KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let key = KeyPair::generate()?;
        let certificate = params.self_signed(&key)?.pem();
        Ok(Self { issuer: Issuer::new(params, key), certificate })
    }

    /// The authority's own certificate, PEM.
    pub fn certificate(&self) -> &str {
        &self.certificate
    }

    /// A serving certificate for the API server, on this machine's loopback address and by the names
    /// that it has inside a cluster. `service_address` is the first of the service range.
    ///
    /// # Errors
    /// When the certificate cannot be made.
    pub fn server(&self, service_address: Ipv4Addr) -> Result<Identity, PkiError> {
        let mut params = params("kube-apiserver");
        params.subject_alt_names = SERVER_NAMES
            .iter()
            .map(|name| Ia5String::try_from(*name).map(SanType::DnsName))
            .chain([Ipv4Addr::LOCALHOST, service_address].map(|ip| Ok(SanType::IpAddress(IpAddr::V4(ip)))))
            .collect::<Result<_, _>>()?;
        self.sign(params, ExtendedKeyUsagePurpose::ServerAuth)
    }

    /// A client certificate: Kubernetes reads the user from the common name, the group from the
    /// organisation.
    ///
    /// # Errors
    /// When the certificate cannot be made.
    pub fn client(&self, user: &str, group: &str) -> Result<Identity, PkiError> {
        let mut params = params(user);
        params.distinguished_name.push(DnType::OrganizationName, group);
        self.sign(params, ExtendedKeyUsagePurpose::ClientAuth)
    }

    fn sign(&self, mut params: CertificateParams, usage: ExtendedKeyUsagePurpose) -> Result<Identity, PkiError> {
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![usage];
        params.use_authority_key_identifier_extension = true;
        let key = KeyPair::generate()?;
        let certificate = params.signed_by(&key, &self.issuer)?.pem();
        Ok(Identity { certificate, key: key.serialize_pem() })
    }
}

/// The pair that signs and verifies service-account tokens, both PEM.
pub struct TokenKeys {
    /// Signs; for the API server and the controller manager.
    pub private: String,
    /// Verifies.
    pub public: String,
}

impl TokenKeys {
    /// Makes a new pair.
    ///
    /// # Errors
    /// When the system has no randomness to give.
    pub fn new() -> Result<Self, PkiError> {
        let key = KeyPair::generate()?;
        Ok(Self { private: key.serialize_pem(), public: key.public_key_pem() })
    }
}

/// Writes a secret so that only its owner can read it, from the first byte on.
///
/// # Errors
/// When the file cannot be written, or exists.
pub fn write_secret(path: &Path, content: &str) -> Result<(), PkiError> {
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
        .and_then(|mut file| file.write_all(content.as_bytes()))
        .map_err(|source| PkiError::Write { path: path.display().to_string(), source })
}

fn params(common_name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, common_name);
    let now = OffsetDateTime::now_utc();
    params.not_before = now - BACKDATED;
    params.not_after = now + LIFETIME;
    params
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use x509_parser::{certificate::X509Certificate, extensions::GeneralName, pem::Pem};

    use super::*;

    fn with<T>(pem: &str, look: impl FnOnce(&X509Certificate<'_>) -> T) -> T {
        let pem = Pem::iter_from_buffer(pem.as_bytes()).next().unwrap().unwrap();
        look(&pem.parse_x509().unwrap())
    }

    #[test]
    fn the_serving_certificate_carries_the_names_and_the_authority() {
        let authority = Authority::new().unwrap();
        let server = authority.server(Ipv4Addr::new(10, 96, 0, 1)).unwrap();
        with(&server.certificate, |certificate| {
            let names: Vec<String> = certificate
                .subject_alternative_name()
                .unwrap()
                .unwrap()
                .value
                .general_names
                .iter()
                .map(|name| match name {
                    GeneralName::DNSName(name) => (*name).to_owned(),
                    GeneralName::IPAddress(bytes) => format!("{bytes:?}"),
                    other => panic!("{other:?}"),
                })
                .collect();
            for name in ["localhost", "kubernetes.default.svc", "[127, 0, 0, 1]", "[10, 96, 0, 1]"] {
                assert!(names.iter().any(|n| n == name), "{name} not in {names:?}");
            }
            let usage = certificate.extended_key_usage().unwrap().unwrap().value;
            assert!(usage.server_auth && !usage.client_auth);
            assert_eq!(certificate.issuer().to_string(), "CN=proofroll");
            assert!(certificate.validity().is_valid());
        });
    }

    #[test]
    fn a_client_certificate_names_user_and_group() {
        let authority = Authority::new().unwrap();
        let client = authority.client("admin", "system:masters").unwrap();
        with(&client.certificate, |certificate| {
            assert_eq!(certificate.subject().to_string(), "CN=admin, O=system:masters");
            let usage = certificate.extended_key_usage().unwrap().unwrap().value;
            assert!(usage.client_auth && !usage.server_auth);
            assert!(!certificate.is_ca());
        });
        with(authority.certificate(), |certificate| assert!(certificate.is_ca()));
        assert!(client.key.starts_with("-----BEGIN PRIVATE KEY-----"));
    }

    #[test]
    fn no_two_authorities_are_alike() {
        let keys = [TokenKeys::new().unwrap(), TokenKeys::new().unwrap()];
        assert_ne!(keys[0].public, keys[1].public);
        assert!(keys[0].public.starts_with("-----BEGIN PUBLIC KEY-----"));
        assert_ne!(Authority::new().unwrap().certificate(), Authority::new().unwrap().certificate());
    }

    #[test]
    fn a_secret_is_for_its_owner_only_and_never_overwrites() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("key");
        write_secret(&path, "x").unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert!(write_secret(&path, "y").unwrap_err().to_string().contains("key could not be written"));
    }
}
