//! A restart of a plane's API server: a user asks, the keeper does it.
//!
//! The user puts a file with a token of its own into the plane's directory ([`PlaneDir::restart`]); the
//! keeper takes it away, restarts the API server, and answers in another ([`PlaneDir::restarted`]) when
//! it is ready again. Both appear by a rename, whole. Only a plane with a single user is restarted, so
//! there is one question at a time.

use std::{fs, io, path::Path, time::Duration};

use serde::{Deserialize, Serialize};

use super::{ClusterError, Plane, state::PlaneDir};

/// How long the keeper may take: it starts an API server as it does with a new plane.
const LIMIT: Duration = Duration::from_secs(180);

/// How often the answer is looked for.
const LOOK: Duration = Duration::from_millis(20);

/// What the keeper answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Answer {
    /// The question's.
    pub token: String,
    /// What went wrong, for people.
    pub error: Option<String>,
}

impl Plane {
    /// Kills the API server, starts it again and waits until it is ready. Every watch on it is cut, and
    /// finds that what it has missed is gone from the new server's memory (410 Gone): everybody lists anew.
    ///
    /// # Errors
    /// When the keeper cannot do it; when the plane breaks.
    pub async fn restart_api_server(&self) -> Result<(), ClusterError> {
        let (dir, token) = (self.dir(), format!("{:016x}", fastrand::u64(..)));
        put(&dir.restart(), &token).map_err(ClusterError::file(&dir.restart()))?;
        let answered = async {
            loop {
                if let Some(answer) = answer(dir).filter(|answer| answer.token == token) {
                    return answer;
                }
                tokio::time::sleep(LOOK).await;
            }
        };
        let what = || "the API server was not restarted".to_owned();
        tokio::select! {
            answer = tokio::time::timeout(LIMIT, answered) => {
                match answer.map_err(|_| ClusterError::TooLate { what: what(), limit: LIMIT })?.error {
                    None => Ok(()),
                    Some(why) => Err(ClusterError::Broken { why: format!("{}: {why}", what()) }),
                }
            }
            why = self.broken() => Err(ClusterError::Broken { why }),
        }
    }
}

/// Takes a question away, if there is one.
///
/// # Errors
/// When the file cannot be read or removed.
pub(super) fn asked(dir: &PlaneDir) -> io::Result<Option<String>> {
    match fs::read_to_string(dir.restart()) {
        Ok(token) => fs::remove_file(dir.restart()).map(|()| Some(token)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Puts the answer down.
///
/// # Errors
/// When it cannot be written.
pub(super) fn tell(dir: &PlaneDir, answer: &Answer) -> io::Result<()> {
    put(&dir.restarted(), &serde_json::to_string(answer)?)
}

fn answer(dir: &PlaneDir) -> Option<Answer> {
    serde_json::from_str(&fs::read_to_string(dir.restarted()).ok()?).ok()
}

fn put(path: &Path, content: &str) -> io::Result<()> {
    let draft = path.with_extension("new");
    fs::write(&draft, content)?;
    fs::rename(&draft, path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_is_taken_once_and_answered() {
        let dir = tempfile::tempdir().unwrap();
        let plane = PlaneDir::at(dir.path().to_owned());
        assert_eq!(asked(&plane).unwrap(), None);
        put(&plane.restart(), "token").unwrap();
        assert_eq!(asked(&plane).unwrap().as_deref(), Some("token"));
        assert_eq!(asked(&plane).unwrap(), None);
        let told = Answer { token: "token".into(), error: Some("no".into()) };
        tell(&plane, &told).unwrap();
        assert_eq!(answer(&plane), Some(told));
    }
}
