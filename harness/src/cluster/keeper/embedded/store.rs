//! etcd's own interface, as far as it is needed for prepared data: JSON over HTTP, on etcd's socket.

use std::{
    fs::File,
    io,
    os::{fd::AsRawFd, unix::fs::OpenOptionsExt},
    time::Duration,
};

use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use http_body_util::{BodyExt, Full};
use hyper::{body::Bytes, client::conn::http1};
use hyper_util::rt::TokioIo;
use rustix::fs::OFlags;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::json;
use tokio::net::UnixStream;

use crate::cluster::{components::ETCD_SOCKET, prepared::Pair, state::PlaneDir};

/// How often it is looked whether etcd listens.
const ASK: Duration = Duration::from_millis(5);

/// etcd takes 1.5 MiB and 128 operations at once.
const MOST_BYTES: usize = 1 << 20;
const MOST_PAIRS: usize = 100;

/// A plane's etcd.
pub(super) struct Store {
    /// The plane's directory: the path of a socket may have 108 characters, and that of the directory alone may have
    /// more.
    dir: File,
}

#[derive(Deserialize)]
struct Header {
    /// 64 bits: a text in JSON.
    revision: String,
}

#[derive(Deserialize)]
struct Ranged {
    header: Header,
    #[serde(default)]
    kvs: Vec<Pair>,
}

#[derive(Deserialize)]
struct Written {
    #[serde(default)]
    succeeded: bool,
}

impl Store {
    pub fn of(dir: &PlaneDir) -> io::Result<Self> {
        let flags = (OFlags::PATH | OFlags::DIRECTORY).bits().cast_signed();
        Ok(Self { dir: File::options().read(true).custom_flags(flags).open(dir.path())? })
    }

    /// Waits until etcd listens.
    pub async fn listens(&self) {
        while self.connect().await.is_err() {
            tokio::time::sleep(ASK).await;
        }
    }

    /// The revision of now.
    pub async fn revision(&self) -> Result<u64, String> {
        let asked = json!({"key": BASE64.encode("proofroll"), "serializable": true});
        let answer: Ranged = self.call("/v3/kv/range", &asked).await?;
        answer.header.revision.parse().map_err(|error| format!("revision {}: {error}", answer.header.revision))
    }

    /// All keys that begin so, with their values, as they were at this revision.
    pub async fn range(&self, prefix: &str, revision: u64) -> Result<Vec<Pair>, String> {
        let mut end = prefix.as_bytes().to_vec();
        if let Some(last) = end.last_mut() {
            *last += 1;
        }
        let asked = json!({
            "key": BASE64.encode(prefix),
            "range_end": BASE64.encode(end),
            "revision": revision.to_string(),
            "serializable": true,
        });
        Ok(self.call::<Ranged>("/v3/kv/range", &asked).await?.kvs)
    }

    /// Writes all of them.
    pub async fn put(&self, pairs: &[Pair]) -> Result<(), String> {
        for batch in batches(pairs) {
            let operations: Vec<_> = batch.iter().map(|pair| json!({"request_put": pair})).collect();
            let answer: Written = self.call("/v3/kv/txn", &json!({"success": operations})).await?;
            if !answer.succeeded {
                return Err("etcd did not take them".into());
            }
        }
        Ok(())
    }

    async fn connect(&self) -> io::Result<UnixStream> {
        UnixStream::connect(format!("/proc/self/fd/{}/{ETCD_SOCKET}", self.dir.as_raw_fd())).await
    }

    async fn call<T: DeserializeOwned>(&self, path: &str, asked: &impl Serialize) -> Result<T, String> {
        let answer = async {
            let (mut sender, connection) = http1::handshake(TokioIo::new(self.connect().await?)).await?;
            // It ends with the sender.
            tokio::spawn(connection);
            let body = Full::new(Bytes::from(serde_json::to_vec(asked)?));
            let request = http::Request::post(path).header(http::header::HOST, "etcd").body(body)?;
            let response = sender.send_request(request).await?;
            let status = response.status();
            Ok::<_, Box<dyn std::error::Error>>((status, response.into_body().collect().await?.to_bytes()))
        };
        let (status, body) = answer.await.map_err(|error| format!("{path}: {error}"))?;
        if !status.is_success() {
            return Err(format!("{path}: {status}: {}", String::from_utf8_lossy(&body)));
        }
        serde_json::from_slice(&body).map_err(|error| format!("{path}: {error}"))
    }
}

/// As many of them at once as etcd takes.
fn batches(pairs: &[Pair]) -> impl Iterator<Item = &[Pair]> {
    let mut rest = pairs;
    std::iter::from_fn(move || {
        let mut bytes = 0;
        let fits = |pair: &&Pair| {
            // In base64 it is a third more.
            bytes += pair.key.len() + pair.value.len();
            bytes <= MOST_BYTES
        };
        let count = rest.iter().take(MOST_PAIRS).take_while(fits).count();
        // One that is too large alone is for etcd to refuse.
        let (batch, after) = rest.split_at(count.max(1).min(rest.len()));
        rest = after;
        (!batch.is_empty()).then_some(batch)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn batches_are_no_larger_than_etcd_takes_and_leave_nothing_out() {
        let pair = |size: usize| Pair { key: "key".into(), value: "x".repeat(size) };
        let lengths = |pairs: &[Pair]| batches(pairs).map(<[Pair]>::len).collect::<Vec<_>>();
        assert_eq!(lengths(&[]), [0; 0]);
        assert_eq!(lengths(&vec![pair(1); 250]), [100, 100, 50]);
        assert_eq!(lengths(&vec![pair(MOST_BYTES / 2 - 10); 5]), [2, 2, 1]);
        assert_eq!(lengths(&[pair(1), pair(2 * MOST_BYTES), pair(1)]), [1, 1, 1]);
    }
}
