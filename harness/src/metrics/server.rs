//! HTTP/1.1 on loopback, and the scripts behind it.

use std::{
    collections::{BTreeMap, VecDeque},
    convert::Infallible,
    io,
    net::{Ipv4Addr, SocketAddr},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use http::{Request, Response, StatusCode, header::CONTENT_TYPE};
use http_body_util::Full;
use hyper::{
    body::{Bytes, Incoming},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::{net::TcpListener, task::JoinHandle};

use crate::scenario::model::Answer;

/// Answers as its script says until it is dropped.
#[derive(Debug)]
pub struct MetricServer {
    address: SocketAddr,
    metrics: Metrics,
    serving: JoinHandle<()>,
}

type Metrics = Arc<Mutex<BTreeMap<String, Metric>>>;

/// One metric: what is still to be answered, and how often it was asked for.
#[derive(Debug, Default)]
struct Metric {
    script: VecDeque<(Answer, u32)>,
    requests: u32,
}

impl MetricServer {
    /// Listens on a free port of loopback. To be called on a tokio runtime.
    ///
    /// # Errors
    /// When no port can be had.
    pub async fn start() -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let metrics = Arc::default();
        Ok(Self {
            address: listener.local_addr()?,
            serving: tokio::spawn(serve(listener, Arc::clone(&metrics))),
            metrics,
        })
    }

    /// What stands for [`placeholder::TEXT`](super::placeholder::TEXT): `http://127.0.0.1:PORT`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// From now on `name` is answered with these, one after the other; the last one goes on for ever.
    pub fn script(&self, name: &str, answers: &[Answer]) {
        let script = answers.iter().map(|answer| (answer.clone(), answer.times.unwrap_or(1))).collect();
        lock(&self.metrics).entry(name.to_owned()).or_default().script = script;
    }

    /// How often `name` was asked for.
    pub fn requests(&self, name: &str) -> u32 {
        lock(&self.metrics).get(name).map_or(0, |metric| metric.requests)
    }
}

impl Drop for MetricServer {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

fn lock(metrics: &Mutex<BTreeMap<String, Metric>>) -> MutexGuard<'_, BTreeMap<String, Metric>> {
    metrics.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn serve(listener: TcpListener, metrics: Metrics) {
    // Connections are dropped with this one, when the server is.
    let mut connections = tokio::task::JoinSet::new();
    loop {
        let stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            Err(error) => {
                tracing::warn!("the metric server could not accept a connection: {error}");
                tokio::time::sleep(Duration::from_millis(10)).await;
                continue;
            }
        };
        let metrics = Arc::clone(&metrics);
        let answer = service_fn(move |request| answer(request, Arc::clone(&metrics)));
        connections.spawn(async move {
            // Whoever asks may go away in the middle.
            let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), answer).await;
        });
        while connections.try_join_next().is_some() {}
    }
}

async fn answer(request: Request<Incoming>, metrics: Metrics) -> Result<Response<Full<Bytes>>, Infallible> {
    let name = request.uri().path().trim_matches('/').to_owned();
    let answer = lock(&metrics).entry(name.clone()).or_default().take();
    let (status, body) = match answer {
        Some(Answer { value, status, delay, .. }) => {
            if let Some(delay) = delay {
                tokio::time::sleep(delay.0).await;
            }
            let status = status.and_then(|code| StatusCode::from_u16(code).ok()).unwrap_or(StatusCode::OK);
            (status, json!({"value": value.unwrap_or(Value::Null)}))
        }
        None => (StatusCode::NOT_FOUND, json!({"error": format!("the scenario scripts no metric `{name}`")})),
    };
    let mut response = Response::new(Full::new(body.to_string().into()));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, http::HeaderValue::from_static("application/json"));
    Ok(response)
}

impl Metric {
    /// Takes the next answer; the last one stays.
    fn take(&mut self) -> Option<Answer> {
        self.requests += 1;
        let last = self.script.len() == 1;
        let (answer, left) = self.script.front_mut()?;
        let next = answer.clone();
        *left = left.saturating_sub(1);
        if *left == 0 && !last {
            self.script.pop_front();
        }
        Some(next)
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt;
    use hyper_util::{
        client::legacy::{Client, connect::HttpConnector},
        rt::TokioExecutor,
    };

    use super::*;

    async fn ask(client: &Client<HttpConnector, Full<Bytes>>, url: String) -> (u16, Value) {
        let answer = client.get(url.parse().unwrap()).await.unwrap();
        let status = answer.status().as_u16();
        let body = answer.into_body().collect().await.unwrap().to_bytes();
        (status, serde_json::from_slice(&body).unwrap())
    }

    fn answers(all: Value) -> Vec<Answer> {
        serde_json::from_value(all).unwrap()
    }

    #[tokio::test]
    async fn answers_as_its_script_says() {
        let server = MetricServer::start().await.unwrap();
        let client = Client::builder(TokioExecutor::new()).build_http();
        let url = format!("{}/rate?window=5m", server.url());
        let (status, body) = ask(&client, url.clone()).await;
        assert_eq!((status, body["error"].as_str()), (404, Some("the scenario scripts no metric `rate`")));

        server.script("rate", &answers(json!([{"value": 0.9, "times": 2}, {"status": 503}, {"value": "good"}])));
        let mut seen = Vec::new();
        for _ in 0..6 {
            let (status, body) = ask(&client, url.clone()).await;
            seen.push((status, body["value"].clone()));
        }
        let good = (200, json!("good"));
        let first = (200, json!(0.9));
        assert_eq!(seen, [first.clone(), first, (503, Value::Null), good.clone(), good.clone(), good]);
        assert_eq!((server.requests("rate"), server.requests("other")), (7, 0));

        // Another script begins anew, and is late if it is to be.
        server.script("rate", &answers(json!([{"value": 1, "delay": "300ms"}])));
        let begun = std::time::Instant::now();
        assert_eq!(ask(&client, url.clone()).await, (200, json!({"value": 1})));
        assert!(begun.elapsed() >= Duration::from_millis(300));
        let url = server.url();
        drop(server);
        let gone = async { while client.get(url.parse().unwrap()).await.is_ok() {} };
        tokio::time::timeout(Duration::from_secs(10), gone).await.expect("nobody listens any more");
    }
}
