//! Kubernetes' timestamps have whole seconds, and the controller compares them: which revision is
//! newer (by creation), whether a pod is older than `restartAt`. Two revisions within one second
//! confuse it, which is a finding for a scenario of its own and not for every other one. So before
//! an action that makes a revision, the second of the last one is let pass; and before a restart that
//! of the newest pod, which would count as restarted already.

use std::time::Duration;

use jiff::{Timestamp, fmt::rfc2822::DateTimeParser};
use kube::{Client, client::Body};
use serde_json::Value;

use super::{actor::Actor, error::ActError, json};

/// What the controller compares with the second of an action.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compared {
    /// The creation of ReplicaSets, and the last restart: the action can make a revision.
    Revisions,
    /// That of pods too: the action restarts them.
    Pods,
}

/// What an action of this name (as a scenario file writes it) is compared with, if with anything.
pub fn compared(action: &str) -> Option<Compared> {
    match action {
        // Of a patch it may be another object than the Rollout, or not its template.
        "apply" | "set-image" | "patch" | "undo" => Some(Compared::Revisions),
        "restart" => Some(Compared::Pods),
        _ => None,
    }
}

/// Waits until the API server's clock shows a later second than `newest`: the latest of all that the
/// action is compared with. Only as long as needed: not at all where
/// that second is over. A time that lies further ahead (a scheduled restart) is not waited for.
///
/// The clock is the `Date` header of an answer of the API server, which its HTTP server writes in
/// whole seconds: the very seconds that it stamps on objects.
///
/// # Errors
/// The API server does not answer.
pub async fn wait_for_new_second(client: &Client, newest: Option<Timestamp>) -> Result<(), ActError> {
    let Some(newest) = newest else { return Ok(()) };
    loop {
        let wait = wait(newest, server_time(client).await?, Timestamp::now());
        if wait.is_zero() {
            return Ok(());
        }
        tokio::time::sleep(wait).await;
    }
}

impl Actor {
    /// [`wait_for_new_second`] for the Rollout of this name; returns at once where there is none.
    ///
    /// # Errors
    /// As any request.
    pub async fn wait_for_new_second(&self, rollout: &str, compared: Compared) -> Result<(), ActError> {
        let rollout = match self.rollout(rollout).await {
            Ok(rollout) => rollout,
            Err(error) if error.is_not_found() => return Ok(()),
            Err(error) => return Err(error),
        };
        let mut made = self.replica_sets(&rollout).await?;
        if compared == Compared::Pods {
            for index in 0..made.len() {
                let pods = self.controlled_by("Pod", &made[index]).await?;
                made.extend(pods);
            }
        }
        wait_for_new_second(&self.client, newest(&rollout, &made, Timestamp::now())).await
    }
}

/// The latest creation of one of these, or restart that is not scheduled for later.
fn newest(rollout: &Value, made: &[Value], now: Timestamp) -> Option<Timestamp> {
    let time = |text: &str| text.parse::<Timestamp>().ok();
    let created = made.iter().filter_map(|object| time(json::text(object, "/metadata/creationTimestamp")));
    let restarts =
        ["/spec/restartAt", "/status/restartedAt"].into_iter().filter_map(|at| time(json::text(rollout, at)));
    created.chain(restarts.filter(|at| at.as_second() <= now.as_second() + 1)).max()
}

/// How long to wait; zero when the second of `newest` is over by the server's clock.
///
/// The server's clock is known to the second only; how far it is into it is guessed from the local
/// clock (the same one, on one machine). A wrong guess costs a second look, not correctness.
fn wait(newest: Timestamp, server: Timestamp, local: Timestamp) -> Duration {
    let ahead = newest.as_second() - server.as_second();
    if !(0..=1).contains(&ahead) {
        return Duration::ZERO;
    }
    let into = u64::try_from(local.subsec_nanosecond()).unwrap_or(0);
    let rest = Duration::from_nanos(1_000_000_000 - into) + Duration::from_secs(ahead.unsigned_abs());
    // A little beyond the turn of the second, for the server's HTTP clock may be cached.
    rest + Duration::from_millis(2)
}

async fn server_time(client: &Client) -> Result<Timestamp, ActError> {
    const WHAT: &str = "get /version";
    let request = http::Request::get("/version").body(Body::empty());
    let request = request.map_err(|e| ActError::from_client(WHAT, kube::Error::HttpError(e)))?;
    let answer = client.send(request).await.map_err(|e| ActError::from_client(WHAT, e))?;
    let date = answer.headers().get(http::header::DATE).and_then(|d| d.to_str().ok());
    // Without a Date (a proxy may strip it) the local clock is the best there is.
    Ok(date.and_then(parse_http_date).unwrap_or_else(Timestamp::now))
}

fn parse_http_date(text: &str) -> Option<Timestamp> {
    DateTimeParser::new().parse_timestamp(text).ok()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use jiff::Timestamp;
    use rstest::rstest;
    use serde_json::json;

    use super::{Compared, compared, newest, parse_http_date, wait};

    #[test]
    fn a_restart_is_compared_with_pods_too() {
        assert_eq!(compared("restart"), Some(Compared::Pods));
        assert_eq!(compared("set-image"), Some(Compared::Revisions));
        assert_eq!(compared("promote"), None);
    }

    #[rstest]
    #[case::the_second_is_over("10:00:05", "10:00:06.4", 0)]
    #[case::long_ago("09:00:00", "10:00:06.4", 0)]
    #[case::same_second("10:00:06", "10:00:06.4", 602)]
    #[case::late_in_it("10:00:06", "10:00:06.999", 3)]
    #[case::a_second_ahead("10:00:07", "10:00:06.4", 1602)]
    #[case::scheduled_far_ahead("10:01:00", "10:00:06.4", 0)]
    fn waits_no_longer_than_needed(#[case] newest: &str, #[case] now: &str, #[case] millis: u64) {
        let at = |time: &str| format!("2026-11-23T{time}Z").parse::<Timestamp>().unwrap();
        let local = at(now);
        let server = Timestamp::from_second(local.as_second()).unwrap();
        assert_eq!(wait(at(newest), server, local), Duration::from_millis(millis));
    }

    #[test]
    fn reads_the_date_header() {
        let expected: Timestamp = "2026-11-23T04:16:38Z".parse().unwrap();
        assert_eq!(parse_http_date("Mon, 23 Nov 2026 04:16:38 GMT"), Some(expected));
        assert_eq!(parse_http_date("yesterday"), None);
    }

    #[test]
    fn takes_the_latest_of_revisions_and_restarts() {
        let set = |time: &str| json!({"metadata": {"creationTimestamp": time}});
        let sets = [set("2026-11-23T04:16:38Z"), set("2026-11-23T04:16:40Z")];
        let now = "2026-11-23T04:16:50Z".parse().unwrap();
        let seconds = |rollout| newest(&rollout, &sets, now).unwrap().to_string();
        assert_eq!(seconds(json!({})), "2026-11-23T04:16:40Z");
        assert_eq!(seconds(json!({"spec": {"restartAt": "2026-11-23T04:16:50Z"}})), "2026-11-23T04:16:50Z");
        assert_eq!(seconds(json!({"status": {"restartedAt": "2026-11-23T04:16:41Z"}})), "2026-11-23T04:16:41Z");
        // One that is scheduled does not hide the revision that was just made.
        assert_eq!(seconds(json!({"spec": {"restartAt": "2026-11-23T04:17:50Z"}})), "2026-11-23T04:16:40Z");
        assert_eq!(newest(&json!({}), &[], now), None);
    }
}
