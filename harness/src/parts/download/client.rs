//! One HTTP client for all downloads: it goes through proxies, follows redirects, tries again where that helps, and
//! remembers who cannot be reached.

use std::{
    collections::BTreeMap,
    fs::File,
    io::{self, Read, Write},
    path::Path,
    sync::{Mutex, PoisonError},
    thread,
    time::{Duration, Instant},
};

use http::{HeaderMap, StatusCode, Uri, header};
use sha2::{Digest, Sha256};
use ureq::{
    Agent, Body, Proxy, Timeout,
    config::Config,
    tls::{Certificate, RootCerts, TlsConfig},
};

use super::{
    error::DownloadError,
    proxies::Proxies,
    settings::{DownloadOptions, Patience},
    sums,
    url::{host_of, redacted, redirected, without_login},
};
use crate::{parts::hex, process::interrupt, progress::Progress};

/// A server that sends one redirect after the other is not followed for ever.
const REDIRECTS: usize = 10;
/// Texts (checksum files, manifests, tokens) are small; a page of a proxy that is not is not read.
const LARGEST_TEXT: u64 = 4 << 20;
/// How often is told how far a download is.
const TELL: Duration = Duration::from_millis(500);

/// Does the requests.
pub(super) struct Client {
    agent: Agent,
    proxies: Proxies,
    patience: Patience,
    /// Hosts that could not be reached, with the reason: nobody waits for them twice.
    unreachable: Mutex<BTreeMap<String, String>>,
}

/// What a server answered, whatever its status.
pub(super) struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Body,
}

/// An error, and whether it may be gone the next time.
struct Failure {
    error: DownloadError,
    passing: bool,
}

/// What arrived on the disk.
pub(super) struct Arrived {
    pub sha256: String,
    pub size: u64,
}

impl Client {
    /// A client with these limits, proxies and certificates.
    pub fn new(options: &DownloadOptions) -> Result<Self, DownloadError> {
        let Patience { connect, silence, .. } = options.patience;
        let tls = TlsConfig::builder().root_certs(root_certificates(options.ca_bundle.as_deref())?).build();
        let config = Config::builder()
            .tls_config(tls)
            .user_agent(concat!("proofroll/", env!("CARGO_PKG_VERSION")))
            .accept_encoding("identity")
            .http_status_as_error(false)
            // Ours: each hop may need another proxy, and no other host may see a token.
            .max_redirects(0)
            .proxy(None)
            .timeout_resolve(Some(connect))
            .timeout_connect(Some(connect))
            .timeout_recv_response(Some(connect * 4))
            .timeout_per_read(Some(silence))
            .build();
        Ok(Self {
            agent: config.new_agent(),
            proxies: options.proxies.clone(),
            patience: options.patience,
            unreachable: Mutex::default(),
        })
    }

    /// Downloads a file that is published with a checksum file. What is wrong is not left there.
    pub fn checked(
        &self,
        url: &str,
        sums_url: &str,
        to: &Path,
        title: &str,
        progress: &dyn Progress,
    ) -> Result<(), DownloadError> {
        let (by, name) = (redacted(sums_url), url.rsplit('/').next().unwrap_or_default());
        // First: without it the file is of no use.
        let text = String::from_utf8_lossy(&self.text(sums_url)?).into_owned();
        let expected =
            sums::of(name, &text).ok_or_else(|| DownloadError::NoChecksum { file: name.into(), by: by.clone() })?;
        let Arrived { sha256: got, .. } = self.file(url, &[], to, title, progress)?;
        if got == expected {
            return Ok(());
        }
        remove(to);
        Err(DownloadError::Checksum { url: redacted(url), got, expected, by })
    }

    /// A small file.
    pub fn text(&self, url: &str) -> Result<Vec<u8>, DownloadError> {
        self.repeatedly(|| {
            let answer = successful(url, self.ask(url, &[])?)?;
            body(url, answer)
        })
    }

    /// What a server answers to a request, whatever its status but trouble of its own; a small file.
    pub fn answer(
        &self,
        url: &str,
        headers: &[(&'static str, String)],
    ) -> Result<(StatusCode, HeaderMap, Vec<u8>), DownloadError> {
        self.repeatedly(|| {
            let answer = no_trouble(url, self.ask(url, headers)?)?;
            let (status, headers) = (answer.status, answer.headers.clone());
            Ok((status, headers, body(url, answer)?))
        })
    }

    /// Downloads a file to `to`; tries again from its beginning where the connection breaks.
    pub fn file(
        &self,
        url: &str,
        headers: &[(&'static str, String)],
        to: &Path,
        title: &str,
        progress: &dyn Progress,
    ) -> Result<Arrived, DownloadError> {
        let arrived = self.repeatedly(|| {
            let answer = successful(url, self.ask(url, headers)?)?;
            write(url, answer, to, title, progress)
        });
        // What came before a connection broke is of no use.
        arrived.inspect_err(|_| remove(to))
    }

    fn repeatedly<T>(&self, attempt: impl Fn() -> Result<T, Failure>) -> Result<T, DownloadError> {
        let mut pause = self.patience.backoff;
        let mut attempts = 1;
        loop {
            if interrupt::happened() {
                return Err(DownloadError::Interrupted);
            }
            match attempt() {
                Ok(done) => return Ok(done),
                Err(Failure { error, passing: false }) => return Err(error),
                Err(Failure { error, passing: true }) if attempts >= self.patience.attempts => {
                    return Err(DownloadError::GaveUp { last: Box::new(error), attempts });
                }
                Err(Failure { .. }) => {
                    thread::sleep(pause);
                    pause *= 2;
                    attempts += 1;
                }
            }
        }
    }

    /// Asks once; follows redirects. The headers go to no other host than the one of `url`.
    fn ask(&self, url: &str, headers: &[(&'static str, String)]) -> Result<Answer, Failure> {
        let mut at = url.to_owned();
        for _ in 0..=REDIRECTS {
            let own = host_of(&at) == host_of(url);
            let answer = self.hop(&at, if own { headers } else { &[] })?;
            if !answer.status.is_redirection() {
                return Ok(answer);
            }
            let to = answer.headers.get(header::LOCATION).and_then(|to| to.to_str().ok()).unwrap_or_default();
            at = redirected(&at, to).ok_or_else(|| for_good(content(url, "it is redirected to nowhere")))?;
        }
        Err(for_good(content(url, "it is redirected for ever")))
    }

    fn hop(&self, url: &str, headers: &[(&'static str, String)]) -> Result<Answer, Failure> {
        let (url, login) = without_login(url);
        let uri: Uri = url.parse().map_err(|_| for_good(content(&url, "it is no URL")))?;
        let host = host_of(&url);
        let proxy = self.proxies.of(&uri);
        // Behind a proxy it is the proxy that is reached or not.
        let reached = proxy.map_or_else(|| host.clone(), |proxy| format!("the proxy {}", redacted(proxy)));
        let known = self.unreachable.lock().unwrap_or_else(PoisonError::into_inner).get(&reached).cloned();
        if let Some(why) = known {
            return Err(for_good(DownloadError::Unreachable { host: reached, why, again: true }));
        }
        let through = proxy.map(|text| {
            Proxy::new(text).map_err(|_| {
                let why = "this is not the URL of a proxy".to_owned();
                for_good(DownloadError::Proxy { proxy: redacted(text), host: host.clone(), why })
            })
        });
        let mut request = self.agent.get(&uri).config().proxy(through.transpose()?).build();
        // A token stands for the login that it was got with.
        let login = login.filter(|(login, _)| headers.iter().all(|(name, _)| name != login));
        for (name, value) in headers.iter().chain(&login) {
            request = request.header(*name, value);
        }
        match request.call() {
            // A proxy that lets plain HTTP through says it this way.
            Ok(answer) if answer.status() == StatusCode::PROXY_AUTHENTICATION_REQUIRED => {
                let proxy = proxy.map_or(host, redacted);
                Err(for_good(DownloadError::ProxyLogin { proxy }))
            }
            Ok(answer) => {
                let (head, body) = answer.into_parts();
                Ok(Answer { status: head.status, headers: head.headers, body })
            }
            Err(error) => {
                let failure = classified(&url, &host, &reached, proxy.map(redacted), error);
                if let DownloadError::Unreachable { why, .. } = &failure.error {
                    let mut unreachable = self.unreachable.lock().unwrap_or_else(PoisonError::into_inner);
                    unreachable.insert(reached, why.clone());
                }
                Err(failure)
            }
        }
    }
}

/// The system's certificates and those of the bundle; where there are none at all, Mozilla's.
fn root_certificates(bundle: Option<&Path>) -> Result<RootCerts, DownloadError> {
    let mut certificates: Vec<Certificate<'static>> = rustls_native_certs::load_native_certs()
        .certs
        .iter()
        .map(|certificate| Certificate::from_der(certificate).to_owned())
        .collect();
    if let Some(path) = bundle {
        let failed = |why: String| DownloadError::CaBundle { path: path.to_owned(), why };
        let text = std::fs::read(path).map_err(|error| failed(error.to_string()))?;
        let all = pem::parse_many(text).map_err(|error| failed(error.to_string()))?;
        let before = certificates.len();
        let named = all.iter().filter(|one| one.tag() == "CERTIFICATE");
        certificates.extend(named.map(|one| Certificate::from_der(one.contents()).to_owned()));
        if certificates.len() == before {
            return Err(failed("it holds no certificate".into()));
        }
    }
    Ok(if certificates.is_empty() { RootCerts::WebPki } else { RootCerts::from(certificates.into_iter()) })
}

fn classified(url: &str, host: &str, reached: &str, proxy: Option<String>, error: ureq::Error) -> Failure {
    use io::ErrorKind as Kind;
    let unreachable = |why: &str| {
        for_good(DownloadError::Unreachable { host: reached.to_owned(), why: why.to_owned(), again: false })
    };
    match error {
        ureq::Error::HostNotFound => unreachable("there is no such host"),
        ureq::Error::ConnectionFailed => unreachable("no connection"),
        ureq::Error::Timeout(Timeout::Resolve) => unreachable("the name servers do not answer"),
        // Before it has said a word: whoever takes connections only (a firewall, a portal) shows like this.
        ureq::Error::Timeout(_) => unreachable("it does not answer"),
        ureq::Error::Io(error) if timed_out(&error) => unreachable("it does not answer"),
        ureq::Error::ConnectProxyFailed(why) => for_good(match proxy {
            Some(proxy) if why.contains("407") => DownloadError::ProxyLogin { proxy },
            proxy => DownloadError::Proxy { proxy: proxy.unwrap_or_default(), host: host.to_owned(), why },
        }),
        // What rustls says while hands are shaken comes as this kind.
        ureq::Error::Io(error) if error.kind() == Kind::InvalidData => {
            for_good(DownloadError::Tls { host: host.to_owned(), why: error.to_string() })
        }
        ureq::Error::Rustls(error) => for_good(DownloadError::Tls { host: host.to_owned(), why: error.to_string() }),
        ureq::Error::Io(error)
            if matches!(
                error.kind(),
                Kind::ConnectionReset | Kind::ConnectionAborted | Kind::BrokenPipe | Kind::UnexpectedEof
            ) =>
        {
            passing(trouble(url, &broke(&error)))
        }
        // Refused, no route, no such name (which has no kind of its own): none of it is over in a second.
        ureq::Error::Io(error) => unreachable(&error.to_string()),
        other => passing(trouble(url, &other.to_string())),
    }
}

fn timed_out(error: &io::Error) -> bool {
    let inner = error.get_ref().and_then(|error| error.downcast_ref::<ureq::Error>());
    error.kind() == io::ErrorKind::TimedOut || matches!(inner, Some(ureq::Error::Timeout(_)))
}

fn broke(error: &io::Error) -> String {
    match error.kind() {
        _ if timed_out(error) => "the server went silent".into(),
        io::ErrorKind::UnexpectedEof => "the connection ended too early".into(),
        _ => format!("the connection broke: {error}"),
    }
}

/// A success, or the error that its status means.
fn successful(url: &str, answer: Answer) -> Result<Answer, Failure> {
    let answer = no_trouble(url, answer)?;
    let (url, status) = (redacted(url), answer.status.as_u16());
    match answer.status {
        StatusCode::OK => Ok(answer),
        StatusCode::NOT_FOUND | StatusCode::GONE => Err(for_good(DownloadError::Missing { url, status })),
        _ => Err(for_good(DownloadError::Refused { url, status })),
    }
}

/// Anything but trouble of the server's own.
fn no_trouble(url: &str, answer: Answer) -> Result<Answer, Failure> {
    let status = answer.status;
    let is_trouble =
        status.is_server_error() || matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::REQUEST_TIMEOUT);
    if is_trouble { Err(passing(trouble(url, &format!("the server has trouble ({status})")))) } else { Ok(answer) }
}

fn body(url: &str, answer: Answer) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    let mut reader = answer.body.into_reader().take(LARGEST_TEXT + 1);
    reader.read_to_end(&mut bytes).map_err(|error| passing(trouble(url, &broke(&error))))?;
    if bytes.len() as u64 > LARGEST_TEXT {
        return Err(for_good(content(url, "it is far larger than it should be")));
    }
    Ok(bytes)
}

fn write(url: &str, answer: Answer, to: &Path, title: &str, progress: &dyn Progress) -> Result<Arrived, Failure> {
    let disk = |source: io::Error| for_good(DownloadError::Disk { path: to.to_owned(), source });
    let whole = answer.body.content_length();
    let mut reader = answer.body.into_reader();
    let mut file = File::create(to).map_err(disk)?;
    let (mut digest, mut size, mut told) = (Sha256::new(), 0, Instant::now());
    let mut buffer = vec![0; 1 << 17];
    loop {
        if interrupt::happened() {
            return Err(for_good(DownloadError::Interrupted));
        }
        let read = reader.read(&mut buffer).map_err(|error| {
            let of = whole.map_or_else(String::new, |whole| format!(" of {whole}"));
            passing(trouble(url, &format!("{} after {size}{of} bytes", broke(&error))))
        })?;
        if read == 0 {
            break;
        }
        digest.update(&buffer[..read]);
        file.write_all(&buffer[..read]).map_err(disk)?;
        size += read as u64;
        if told.elapsed() >= TELL {
            told = Instant::now();
            progress.update(&format!("downloading {title}: {}", so_far(size, whole)));
        }
    }
    if let Some(whole) = whole.filter(|whole| *whole != size) {
        return Err(passing(trouble(url, &format!("the connection ended after {size} of {whole} bytes"))));
    }
    file.sync_all().map_err(disk)?;
    Ok(Arrived { sha256: hex(&digest.finalize()), size })
}

fn so_far(size: u64, whole: Option<u64>) -> String {
    let megabytes = |bytes: u64| bytes / 1_000_000;
    whole.map_or_else(
        || format!("{} MB", megabytes(size)),
        |whole| format!("{} of {} MB", megabytes(size), megabytes(whole)),
    )
}

/// Removes what is not to be used. If that fails, nobody uses it all the same: it lies in a room of its own.
fn remove(path: &Path) {
    let _ = std::fs::remove_file(path);
}

fn passing(error: DownloadError) -> Failure {
    Failure { error, passing: true }
}

fn for_good(error: DownloadError) -> Failure {
    Failure { error, passing: false }
}

fn trouble(url: &str, what: &str) -> DownloadError {
    DownloadError::Trouble { url: redacted(url), what: what.to_owned() }
}

pub(super) fn content(url: &str, what: &str) -> DownloadError {
    DownloadError::Content { url: redacted(url), what: what.to_owned() }
}
