//! `proofroll parts`: which binaries there are, where they come from, and making those that are
//! missing.

use std::path::{Path, PathBuf};

use clap::Subcommand;
use semver::Version;

use crate::{
    parts::{
        FoundPart, PartError, PartName, PartNames, PartState, PartStatus, Parts,
        archive::{self, ArchiveError},
        kubernetes, minutes_text,
        recipe::Recipe,
    },
    progress::Progress,
    releases::Range,
};

/// `proofroll parts`
#[derive(Debug, Clone, Subcommand)]
pub enum PartsCommand {
    /// A line for each: version, where it is.
    List,
    /// Download what is missing, or build it from its Go modules: some 15 to 20 minutes on two cores, once.
    #[command(visible_alias = "fetch")]
    Build {
        /// Parts, or a group: `embedded` (the control plane and the newest controller; the default), `node` (what a
        /// node image of kind is made of).
        names: Vec<PartNames>,
        /// And the controllers of these releases, one after the other, as `>=1.7` or `v1.8.5 || v1.9.3`.
        #[arg(long, value_name = "RANGE")]
        releases: Option<Range>,
        /// And the control plane of this Kubernetes, as 1.30.
        #[arg(long, value_name = "VERSION", value_parser = kubernetes::asked)]
        kubernetes: Option<Version>,
    },
    /// Write parts to one file, for hosts without a network. What is missing is made first.
    Export {
        /// The file; packed if its name ends in .gz.
        file: PathBuf,
        /// Parts, or a group, as `parts build` takes them. Default: `embedded`.
        names: Vec<PartNames>,
        /// And the controllers of these releases.
        #[arg(long, value_name = "RANGE")]
        releases: Option<Range>,
        /// And the control plane of this Kubernetes, as 1.30.
        #[arg(long, value_name = "VERSION", value_parser = kubernetes::asked)]
        kubernetes: Option<Version>,
    },
    /// Put the parts of such a file into the cache, after checking each.
    Import {
        /// The file.
        file: PathBuf,
    },
    /// Print the path of each; what is missing is built.
    Path {
        /// Which.
        #[arg(required = true)]
        names: Vec<PartNames>,
    },
    /// Print the name of each one's entry in the cache, which changes with all that it is built from.
    Entry {
        /// Which.
        #[arg(required = true)]
        names: Vec<PartNames>,
    },
}

/// `proofroll parts list`: a line per part.
pub fn list(parts: &Parts) -> String {
    render(&parts.list())
}

fn render(statuses: &[PartStatus]) -> String {
    let rows: Vec<[String; 4]> = statuses.iter().map(row).collect();
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let (name, version, state) = (width(0), width(1), width(2));
    let lines: Vec<String> = rows
        .iter()
        .map(|[a, b, c, d]| format!("{a:name$}  {b:version$}  {c:state$}  {d}").trim_end().to_owned() + "\n")
        .collect();
    let of = |wanted: &dyn Fn(&PartName) -> bool| -> String {
        let chosen = statuses.iter().zip(&lines).filter(|(status, _)| wanted(&status.name));
        chosen.map(|(_, line)| line.as_str()).collect()
    };
    let is_older = |name: &PartName| matches!(name, PartName::Kubernetes(..));
    let mut text = of(&|name| !name.is_for_kind() && !is_older(name));
    for (title, lines) in
        [("only for an older Kubernetes", of(&is_older)), ("only for a kind cluster", of(&PartName::is_for_kind))]
    {
        if !lines.is_empty() {
            text.push_str(&format!("\n{title}:\n{lines}"));
        }
    }
    text
}

fn row(status: &PartStatus) -> [String; 4] {
    let (state, detail) = match &status.state {
        PartState::Given { path, by } => ("given", format!("{} ({by})", path.display())),
        PartState::Cached { path, sha256, size, source } => {
            ("cached", format!("{:>3} MB  sha256 {}  {}  {source}", size / 1_000_000, short(sha256), path.display()))
        }
        PartState::Damaged(why) => ("damaged", why.clone()),
        PartState::Missing(time) => ("missing", format!("{} to build", minutes_text(*time))),
    };
    [status.name.binary().to_owned(), format!("v{}", status.version), state.to_owned(), detail]
}

/// `proofroll parts build [NAME ...]`: makes those that are missing, of what the embedded control plane
/// needs if none is named. Answers a line per part.
///
/// # Errors
/// When a part is not to be had.
pub fn build(parts: &Parts, names: &[PartName], progress: &dyn Progress) -> Result<String, PartError> {
    let embedded = PartName::embedded();
    let found = parts.find_all(if names.is_empty() { &embedded } else { names }, progress)?;
    Ok(found.iter().map(found_line).collect())
}

fn found_line(part: &FoundPart) -> String {
    let FoundPart { name, version, path, sha256, .. } = part;
    format!("{} v{version}  sha256 {}  {}\n", name.binary(), short(sha256), path.display())
}

/// `proofroll parts export FILE [NAME ...]`: a line per part, and one about the file.
///
/// # Errors
/// When a part is not to be had, or the file cannot be written.
pub fn export(parts: &Parts, names: &[PartName], to: &Path, progress: &dyn Progress) -> Result<String, ArchiveError> {
    let embedded = PartName::embedded();
    let (found, size) = archive::export(parts, if names.is_empty() { &embedded } else { names }, to, progress)?;
    let lines: String = found
        .iter()
        .map(|part| format!("{} v{}  sha256 {}\n", part.name.binary(), part.version, short(&part.sha256)))
        .collect();
    Ok(format!("{lines}{}: {} MB; there: proofroll parts import {}\n", to.display(), size / 1_000_000, to.display()))
}

/// `proofroll parts import FILE`: a line per part.
///
/// # Errors
/// When the file is damaged or does not fit, or the cache cannot be written.
pub fn import(parts: &Parts, from: &Path, progress: &dyn Progress) -> Result<String, ArchiveError> {
    let imported = archive::import(parts, from, progress)?;
    let line = |part: &archive::Imported| {
        let how = if part.was_there { "was there" } else { "imported" };
        format!("{}  sha256 {}  {how}\n", part.title, short(&part.sha256))
    };
    Ok(imported.iter().map(line).collect())
}

/// `proofroll parts path NAME ...`: where the binaries are, a line each; what is missing is made.
///
/// # Errors
/// When one is not to be had.
pub fn paths(parts: &Parts, names: &[PartName], progress: &dyn Progress) -> Result<String, PartError> {
    let found = parts.find_all(names, progress)?;
    Ok(found.iter().map(|part| format!("{}\n", part.path.display())).collect())
}

/// `proofroll parts entry NAME ...`: the names of the cache's entries, a line each.
///
/// # Errors
/// When one is not pinned.
pub fn entries(names: &[PartName]) -> Result<String, PartError> {
    names.iter().map(|name| Recipe::of(name).map(|recipe| recipe.entry() + "\n")).collect()
}

fn short(sha256: &str) -> &str {
    sha256.get(..12).unwrap_or(sha256)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::parts::kubernetes::Program;

    #[test]
    fn a_list_is_read_at_a_glance() {
        let sha256 = "0123456789abcdef".repeat(4);
        let states = [
            PartState::Cached {
                path: "/c/parts/etcd-v3.6.8-0/etcd".into(),
                sha256,
                size: 26_517_666,
                source: "built with go 1.26.10 from go.etcd.io/etcd/server/v3 v3.6.8".into(),
            },
            PartState::Missing(Duration::from_secs(410)),
            PartState::Damaged("its binary has 0 bytes instead of 5".into()),
            PartState::Missing(Duration::from_secs(15)),
            PartState::Given { path: "/mine/kwok".into(), by: "PROOFROLL_PARTS_DIR".into() },
            PartState::Missing(Duration::from_secs(410)),
            PartState::Missing(Duration::from_secs(17)),
        ];
        let statuses: Vec<PartStatus> = PartName::PLANE
            .into_iter()
            .chain([PartName::Kubernetes(Program::Apiserver, Version::new(1, 2, 3)), PartName::Kind])
            .zip(states)
            .map(|(name, state)| PartStatus { name, version: Version::new(1, 34, 4), state })
            .collect();
        insta::assert_snapshot!(render(&statuses));
    }
}
