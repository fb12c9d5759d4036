//! A server for tests: HTTP/1.1, one request per connection, with TLS if it is wanted; and answers as bad servers give
//! them.

use std::{
    collections::BTreeMap,
    io::{BufRead, BufReader, Read, Write},
    net::{Shutdown, SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use rustls::{ServerConfig, ServerConnection, StreamOwned, pki_types::PrivateKeyDer};

/// A request.
#[derive(Debug, Clone)]
pub struct Asked {
    pub method: String,
    /// With what stands behind `?`.
    pub path: String,
    /// Names are small.
    pub headers: BTreeMap<String, String>,
}

impl Asked {
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }
}

/// What the server does.
pub enum Answer {
    /// Answers.
    Whole { status: u16, headers: Vec<(&'static str, String)>, body: Vec<u8> },
    /// Promises so many bytes more than it sends, and closes.
    Truncated { body: Vec<u8>, missing: usize },
    /// Sends this, and then nothing while the client waits.
    Silent { body: Vec<u8>, missing: usize },
    /// Closes without a word.
    Nothing,
}

impl Answer {
    pub fn of(body: &[u8]) -> Self {
        Self::Whole { status: 200, headers: Vec::new(), body: body.to_vec() }
    }

    pub fn status(status: u16) -> Self {
        Self::Whole { status, headers: Vec::new(), body: b"<html>no</html>".to_vec() }
    }

    pub fn redirect(to: String) -> Self {
        Self::Whole { status: 302, headers: vec![("location", to)], body: Vec::new() }
    }
}

/// A certificate for some hosts, and the CA's that signed it.
pub struct Identity {
    pub ca_pem: String,
    config: Arc<ServerConfig>,
}

impl Identity {
    pub fn of(hosts: &[&str]) -> Self {
        let mut ca = rcgen::CertificateParams::new(Vec::new()).unwrap();
        ca.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        let ca_key = rcgen::KeyPair::generate().unwrap();
        let ca_pem = ca.self_signed(&ca_key).unwrap().pem();
        let issuer = rcgen::Issuer::new(ca, ca_key);
        let names: Vec<String> = hosts.iter().map(ToString::to_string).collect();
        let key = rcgen::KeyPair::generate().unwrap();
        let certificate = rcgen::CertificateParams::new(names).unwrap().signed_by(&key, &issuer).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], PrivateKeyDer::try_from(key.serialize_der()).unwrap())
            .unwrap();
        Self { ca_pem, config: Arc::new(config) }
    }
}

/// Serves until it is dropped.
pub struct Server {
    address: SocketAddr,
    asked: Arc<Mutex<Vec<Asked>>>,
    over: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    pub fn start(answer: impl Fn(&Asked) -> Answer + Send + Sync + 'static) -> Self {
        Self::with(None, answer)
    }

    pub fn with(identity: Option<&Identity>, answer: impl Fn(&Asked) -> Answer + Send + Sync + 'static) -> Self {
        let (answer, tls) = (Arc::new(answer), identity.map(|identity| identity.config.clone()));
        let asked: Arc<Mutex<Vec<Asked>>> = Arc::default();
        let heard = asked.clone();
        let mut server = accept(move |stream| {
            let (answer, tls, heard) = (answer.clone(), tls.clone(), heard.clone());
            // A client that goes away in the middle is a case that is tested.
            let _ = match tls {
                Some(config) => {
                    let connection = ServerConnection::new(config).unwrap();
                    serve(StreamOwned::new(connection, stream), &heard, &*answer)
                }
                None => serve(stream, &heard, &*answer),
            };
        });
        server.asked = asked;
        server
    }

    /// A proxy: leads `CONNECT HOST:PORT` to the address that `route` gives, and asks for `login` if there is one.
    pub fn proxy(login: Option<&'static str>, route: impl Fn(&str) -> SocketAddr + Send + Sync + 'static) -> Self {
        let route = Arc::new(route);
        let asked: Arc<Mutex<Vec<Asked>>> = Arc::default();
        let heard = asked.clone();
        let mut server = accept(move |stream| {
            let _ = tunnel(stream, &heard, login, &*route);
        });
        server.asked = asked;
        server
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }

    /// The paths, in the order in which they were asked for.
    pub fn paths(&self) -> Vec<String> {
        self.asked().into_iter().map(|asked| asked.path).collect()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Release);
        // Wakes it up.
        let _ = TcpStream::connect(self.address);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn accept(serve: impl Fn(TcpStream) + Send + Sync + 'static) -> Server {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let over = Arc::new(AtomicBool::new(false));
    let (serve, ended) = (Arc::new(serve), over.clone());
    let thread = thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            if ended.load(Ordering::Acquire) {
                return;
            }
            let serve = serve.clone();
            thread::spawn(move || serve(stream));
        }
    });
    Server { address, asked: Arc::default(), over, thread: Some(thread) }
}

fn serve(
    stream: impl Read + Write,
    heard: &Mutex<Vec<Asked>>,
    answer: &dyn Fn(&Asked) -> Answer,
) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    let Some(asked) = request(&mut stream)? else { return Ok(()) };
    heard.lock().unwrap().push(asked.clone());
    let stream = stream.get_mut();
    let head = |length: usize| format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n");
    match answer(&asked) {
        Answer::Whole { status, headers, body } => {
            let mut head = format!("HTTP/1.1 {status} X\r\nContent-Length: {}\r\nConnection: close\r\n", body.len());
            headers.iter().for_each(|(name, value)| head += &format!("{name}: {value}\r\n"));
            stream.write_all(format!("{head}\r\n").as_bytes())?;
            stream.write_all(&body)?;
        }
        Answer::Truncated { body, missing } => {
            stream.write_all(head(body.len() + missing).as_bytes())?;
            stream.write_all(&body)?;
        }
        Answer::Silent { body, missing } => {
            stream.write_all(head(body.len() + missing).as_bytes())?;
            stream.write_all(&body)?;
            stream.flush()?;
            // Until the client has had enough.
            stream.read_exact(&mut [0])?;
        }
        Answer::Nothing => return Ok(()),
    }
    stream.flush()
}

fn request(stream: &mut impl BufRead) -> std::io::Result<Option<Asked>> {
    let mut line = String::new();
    stream.read_line(&mut line)?;
    let mut words = line.split_whitespace().map(ToOwned::to_owned);
    let (Some(method), Some(path)) = (words.next(), words.next()) else { return Ok(None) };
    let mut headers = BTreeMap::new();
    loop {
        let mut line = String::new();
        stream.read_line(&mut line)?;
        let Some((name, value)) = line.trim_end().split_once(": ") else { break };
        headers.insert(name.to_lowercase(), value.to_owned());
    }
    Ok(Some(Asked { method, path, headers }))
}

fn tunnel(
    stream: TcpStream,
    heard: &Mutex<Vec<Asked>>,
    login: Option<&str>,
    route: &dyn Fn(&str) -> SocketAddr,
) -> std::io::Result<()> {
    let mut client = BufReader::new(stream);
    let Some(asked) = request(&mut client)? else { return Ok(()) };
    heard.lock().unwrap().push(asked.clone());
    let mut client = client.into_inner();
    if login.is_some_and(|login| asked.header("proxy-authorization") != login) {
        return client.write_all(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n");
    }
    let server = TcpStream::connect_timeout(&route(&asked.path), Duration::from_secs(2))?;
    client.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n")?;
    let (mut from_server, mut to_client) = (server.try_clone()?, client.try_clone()?);
    let back = thread::spawn(move || {
        let _ = std::io::copy(&mut from_server, &mut to_client);
        let _ = to_client.shutdown(Shutdown::Both);
    });
    let mut server = server;
    let _ = std::io::copy(&mut client, &mut server);
    let _ = server.shutdown(Shutdown::Both);
    let _ = back.join();
    Ok(())
}
