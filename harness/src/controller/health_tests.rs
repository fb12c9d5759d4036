use std::{io::Write as _, process::Command};

use rstest::rstest;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
};

use super::*;

const SHORT: Duration = Duration::from_millis(300);
const LONG: Duration = Duration::from_secs(20);

/// Answers every request with this status.
async fn endpoint(status: &'static str) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            // A request that is not read would be answered by a reset.
            let mut request = [0; 1024];
            let _ = stream.read(&mut request).await.unwrap();
            let answer = format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
            stream.write_all(answer.as_bytes()).await.unwrap();
        }
    });
    port
}

/// A log file with these messages.
fn log_with(messages: &[&str]) -> (tempfile::NamedTempFile, Log) {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    for msg in messages {
        writeln!(file, "{}", serde_json::json!({"level": "info", "msg": msg})).unwrap();
    }
    let log = Log::open(file.path()).unwrap();
    (file, log)
}

async fn process(script: &str) -> Process {
    let mut command = Command::new("/bin/sh");
    command.args(["-c", script]);
    Process::spawn(command, None).await.unwrap()
}

async fn up(process: &Process, log: &Log, from: u64, port: u16, within: Duration) -> Result<(), NotUp> {
    Start { process, log, writer: "", from, port }.come(Until::AtWork, within).await
}

#[tokio::test]
async fn of_a_log_that_several_write_only_its_own_lines_count() {
    let (mut file, log) = log_with(&[]);
    for msg in ["Started controller", "Started rollout workers"] {
        writeln!(file, "{}", serde_json::json!({"written-by": "main", "level": "info", "msg": msg})).unwrap();
    }
    let (port, process) = (endpoint("200 OK").await, process("sleep 60").await);
    let of = |writer| Start { process: &process, log: &log, writer, from: 0, port };
    of("main").come(Until::AtWork, LONG).await.unwrap();
    let outcome = of("second").come(Until::AtWork, SHORT).await;
    assert!(matches!(outcome, Err(NotUp::TimedOut(missing)) if missing.len() == 2));
}

#[tokio::test]
async fn up_when_it_answers_and_works() {
    let (_file, log) = log_with(&["Started controller", "Started rollout workers"]);
    let port = endpoint("200 OK").await;
    up(&process("sleep 60").await, &log, 0, port, LONG).await.unwrap();
}

#[tokio::test]
async fn up_as_soon_as_the_last_line_comes() {
    let (mut file, log) = log_with(&["Started controller"]);
    let (port, process) = (endpoint("200 OK").await, process("sleep 60").await);
    let later = async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        writeln!(file, r#"{{"level":"info","msg":"Started rollout workers"}}"#).unwrap();
    };
    let (outcome, ()) = tokio::join!(up(&process, &log, 0, port, LONG), later);
    outcome.unwrap();
}

#[rstest]
#[case::no_workers("200 OK", &["Started controller"], &["the log line `Started rollout workers`"])]
#[case::unhealthy("500 Internal Server Error", &["Started controller", "Started rollout workers"],
    &["an answer of 127.0.0.1:PORT/healthz"])]
#[tokio::test]
async fn says_what_is_missing(#[case] status: &'static str, #[case] said: &[&str], #[case] expected: &[&str]) {
    let (_file, log) = log_with(said);
    let port = endpoint(status).await;
    let outcome = up(&process("sleep 60").await, &log, 0, port, SHORT).await;
    let Err(NotUp::TimedOut(missing)) = outcome else { panic!("{outcome:?}") };
    let missing: Vec<_> = missing.iter().map(|m| m.replace(&port.to_string(), "PORT")).collect();
    assert_eq!(missing, expected);
}

#[tokio::test]
async fn an_old_life_in_the_log_does_not_count() {
    let (_file, log) = log_with(&["Started controller", "Started rollout workers"]);
    let port = endpoint("200 OK").await;
    let from = log.position().unwrap();
    let outcome = up(&process("sleep 60").await, &log, from, port, SHORT).await;
    assert!(matches!(outcome, Err(NotUp::TimedOut(missing)) if missing.len() == 2));
}

#[tokio::test]
async fn an_exit_is_noticed_at_once() {
    let (_file, log) = log_with(&[]);
    let port = endpoint("200 OK").await;
    let outcome = up(&process("exit 1").await, &log, 0, port, LONG).await;
    assert!(matches!(outcome, Err(NotUp::Exited)), "{outcome:?}");
}

#[tokio::test]
async fn a_taken_port_is_told_apart() {
    let taken = "Healthz Server Error: listen tcp 0.0.0.0:20002: bind: address already in use";
    let (_file, log) = log_with(&["Started controller", "Started rollout workers", taken]);
    let port = endpoint("200 OK").await;
    let outcome = up(&process("sleep 60").await, &log, 0, port, LONG).await;
    assert!(matches!(outcome, Err(NotUp::PortTaken(_))), "{outcome:?}");
}
