//! The plugin's icons and colours.

use anstyle::{AnsiColor, Color};

use crate::scenario::model::{Phase, Role};

/// Plain text, or with the plugin's colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Style {
    /// No escape sequence.
    #[default]
    Plain,
    /// ANSI colours.
    Colour,
}

impl Style {
    /// `text` in `colour`, where there is one.
    pub(super) fn paint(self, text: &str, colour: Option<AnsiColor>) -> String {
        match (self, colour) {
            (Self::Colour, Some(colour)) => {
                let style = anstyle::Style::new().fg_color(Some(Color::Ansi(colour)));
                format!("{style}{text}{style:#}")
            }
            _ => text.to_owned(),
        }
    }

    /// The icon in its colour.
    pub(super) fn icon(self, icon: &str) -> String {
        self.paint(icon, icon_colour(icon))
    }
}

const PROGRESSING: &str = "◌";
const WARNING: &str = "⚠";
const UNKNOWN: &str = "?";
const OK: &str = "✔";
const BAD: &str = "✖";
const PAUSED: &str = "॥";
const NEUTRAL: &str = "•";
const NONE: &str = " ";

/// The colour of an icon, and of the phase that it stands for.
fn icon_colour(icon: &str) -> Option<AnsiColor> {
    match icon {
        PROGRESSING => Some(AnsiColor::BrightBlue),
        WARNING | BAD => Some(AnsiColor::Red),
        UNKNOWN => Some(AnsiColor::Yellow),
        OK => Some(AnsiColor::Green),
        _ => None,
    }
}

/// The colour of a phase; Paused has none.
pub(super) fn phase_colour(phase: Phase) -> Option<AnsiColor> {
    icon_colour(rollout_icon(phase))
}

/// The colour of a role's name.
pub(super) fn role_colour(role: Role) -> AnsiColor {
    match role {
        Role::Canary => AnsiColor::Yellow,
        Role::Stable | Role::Active => AnsiColor::Green,
        Role::Preview | Role::Ping | Role::Pong => AnsiColor::BrightBlue,
    }
}

/// The icon of a Rollout.
pub(super) fn rollout_icon(phase: Phase) -> &'static str {
    match phase {
        Phase::Progressing => PROGRESSING,
        Phase::Paused => PAUSED,
        Phase::Healthy => OK,
        Phase::Degraded => BAD,
        Phase::Unknown => UNKNOWN,
    }
}

/// The icon of a ReplicaSet.
pub(super) fn replica_set_icon(status: &str) -> &'static str {
    match status {
        "Progressing" => PROGRESSING,
        "Healthy" => OK,
        "ReplicaFailure" => BAD,
        "ScaledDown" => NEUTRAL,
        _ => NONE,
    }
}

/// The icon of a pod.
pub(super) fn pod_icon(status: &str) -> &'static str {
    match status {
        _ if status.starts_with("Init:") => PROGRESSING,
        _ if status.starts_with("Signal:") || status.starts_with("ExitCode:") => BAD,
        _ if status.ends_with("Error") || status.starts_with("Err") => WARNING,
        "Pending" | "Terminating" | "ContainerCreating" => PROGRESSING,
        "Running" | "Completed" => OK,
        "Failed" | "InvalidImageName" | "CrashLoopBackOff" => BAD,
        "ImagePullBackOff" | "RegistryUnavailable" => WARNING,
        "Unknown" => UNKNOWN,
        _ => NONE,
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("Running", "✔")]
    #[case("Completed", "✔")]
    #[case("Pending", "◌")]
    #[case("Terminating", "◌")]
    #[case("ContainerCreating", "◌")]
    #[case("Init:0/1", "◌")]
    #[case("Init:Error", "◌")]
    #[case("Signal:9", "✖")]
    #[case("ExitCode:3", "✖")]
    #[case("CrashLoopBackOff", "✖")]
    #[case("Error", "⚠")]
    #[case("CreateContainerConfigError", "⚠")]
    #[case("ErrImagePull", "⚠")]
    #[case("ImagePullBackOff", "⚠")]
    #[case("Unknown", "?")]
    #[case("OOMKilled", " ")]
    fn of_a_pod(#[case] status: &str, #[case] icon: &str) {
        assert_eq!(pod_icon(status), icon);
    }

    #[test]
    fn plain_has_no_escape_and_the_paused_icon_no_colour() {
        assert_eq!(Style::Plain.icon(OK), "✔");
        assert_eq!(Style::Colour.icon(OK), "\u{1b}[32m✔\u{1b}[0m");
        assert_eq!(Style::Colour.icon(PAUSED), "॥");
    }
}
