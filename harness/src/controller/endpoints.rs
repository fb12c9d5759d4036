//! What a controller says of itself: its health endpoint, its metrics.

use std::time::Duration;

use http_body_util::{BodyExt as _, Empty};
use hyper::body::Bytes;
use hyper_util::{client::legacy::Client, rt::TokioExecutor};

/// How long an answer may take.
const WITHIN: Duration = Duration::from_secs(5);

/// Status and text of an endpoint of this machine.
///
/// # Errors
/// In words, if nothing answers.
pub async fn get(port: u16, path: &str) -> Result<(u16, String), String> {
    let url = format!("http://127.0.0.1:{port}{path}");
    let uri = url.parse().map_err(|error| format!("{url}: {error}"))?;
    let asked = async {
        let client: Client<_, Empty<Bytes>> = Client::builder(TokioExecutor::new()).build_http();
        let answer = client.get(uri).await.map_err(|error| format!("{url} does not answer: {error}"))?;
        let status = answer.status().as_u16();
        let body = answer.into_body().collect().await.map_err(|error| format!("{url} broke off: {error}"))?;
        Ok((status, String::from_utf8_lossy(&body.to_bytes()).into_owned()))
    };
    let answer = tokio::time::timeout(WITHIN, asked).await;
    answer.unwrap_or_else(|_| Err(format!("{url} did not answer within {} s", WITHIN.as_secs())))
}

/// The sum over all series of a metric in Prometheus' text format, cut to a whole number; 0 without any.
#[expect(clippy::cast_possible_truncation, reason = "counts")]
pub fn sum(text: &str, metric: &str) -> i64 {
    let series = text.lines().filter(|line| !line.starts_with('#')).filter_map(|line| {
        let rest = line.strip_prefix(metric)?;
        let value = match rest.strip_prefix('{') {
            Some(labels) => &labels[labels.rfind('}')? + 1..],
            None => rest.strip_prefix(' ')?,
        };
        value.split_whitespace().next()?.parse::<f64>().ok()
    });
    series.sum::<f64>() as i64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_metric_is_the_sum_of_its_series() {
        let text = "# HELP rollout_reconcile_count x\nrollout_reconcile_count{name=\"a\"} 3\n\
            rollout_reconcile_count{name=\"b}\"} 4.5 1700000000\nrollout_reconcile_counts 9\nup 1\n";
        assert_eq!(sum(text, "rollout_reconcile_count"), 7);
        assert_eq!((sum(text, "up"), sum(text, "none")), (1, 0));
    }

    #[tokio::test]
    async fn nobody_answers() {
        let port = crate::process::ports::free().unwrap().port;
        let error = get(port, "/healthz").await.unwrap_err();
        assert!(error.contains("/healthz does not answer"), "{error}");
    }
}
