//! Where a file names parameters: `$(name)` in its scalars.

use crate::scenario::{
    check::Faults,
    fault::{Mark, Text},
    tree::{Kind, Node},
};

/// A scalar that names parameters.
#[derive(Debug)]
pub(super) struct Placed {
    /// Where it stands in the source: its first character, counted from 0, and how many there are.
    pub span: (usize, usize),
    pub at: Mark,
    /// Its value, in pieces.
    pub value: Vec<Piece>,
    /// Its source, in pieces: differs from the value where something is quoted.
    pub source: Vec<Piece>,
    pub style: Style,
    /// It is the key of a map.
    pub is_key: bool,
}

/// How a scalar is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    /// In one line, with or without quotes.
    Line,
    /// Behind `|` or `>`.
    Block,
}

/// A piece of a scalar.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Piece {
    Text(String),
    /// The name of a parameter.
    Parameter(String),
}

/// A parameter, named in the file.
pub(super) struct Parameter<'a> {
    pub name: &'a str,
    pub at: Mark,
}

impl Placed {
    /// The parameters that it names.
    pub fn parameters(&self) -> impl Iterator<Item = Parameter<'_>> {
        self.value.iter().filter_map(|piece| match piece {
            Piece::Parameter(name) => Some(Parameter { name, at: self.at }),
            Piece::Text(_) => None,
        })
    }

    /// The parameter, if the scalar is nothing else.
    pub fn only(&self) -> Option<&str> {
        match self.value.as_slice() {
            [Piece::Parameter(name)] => Some(name),
            _ => None,
        }
    }
}

/// Whether `name` can be the name of a parameter.
pub(super) fn is_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
}

/// `text` in pieces: `$(name)` is a parameter, `$$(name)` is `$(name)` itself, and what can't be a name,
/// as in `$(NODE_NAME)`, is text.
pub(super) fn pieces(text: &str) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut plain = String::new();
    let mut rest = text;
    while let Some(dollar) = rest.find("$(") {
        let (before, from) = rest.split_at(dollar);
        let name = from[2..].split_once(')').map(|(name, _)| name).filter(|name| is_name(name));
        let Some(name) = name else {
            plain.push_str(&rest[..dollar + 2]);
            rest = &from[2..];
            continue;
        };
        rest = &from[name.len() + 3..];
        if let Some(before) = before.strip_suffix('$') {
            plain.push_str(&format!("{before}$({name})"));
            continue;
        }
        plain.push_str(before);
        if !plain.is_empty() {
            pieces.push(Piece::Text(std::mem::take(&mut plain)));
        }
        pieces.push(Piece::Parameter(name.to_owned()));
    }
    plain.push_str(rest);
    if !plain.is_empty() {
        pieces.push(Piece::Text(plain));
    }
    pieces
}

/// All scalars of the file that have a placeholder or an escaped one in them, in the order of the source.
pub(super) fn find(text: &Text, tree: &Node, faults: &mut Faults) -> Vec<Placed> {
    let source = Source::new(&text.text);
    let mut placed = Vec::new();
    for (key, value) in tree.entries() {
        if key.name == "cases" {
            let mut inside = Vec::new();
            collect(&source, value, &mut inside, faults);
            for parameter in inside.iter().flat_map(Placed::parameters) {
                faults.at(parameter.at, "a case can't name a parameter", "write the value itself");
            }
            continue;
        }
        source.scalar(key.at, &key.name, true, &mut placed, faults);
        collect(&source, value, &mut placed, faults);
    }
    placed.sort_by_key(|p| p.span);
    // What an alias stands for is met again.
    placed.dedup_by_key(|p| p.span);
    placed
}

fn collect(source: &Source, node: &Node, to: &mut Vec<Placed>, faults: &mut Faults) {
    match &node.kind {
        Kind::Scalar(value) => source.scalar(node.at, value, false, to, faults),
        Kind::Seq(items) => items.iter().for_each(|item| collect(source, item, to, faults)),
        Kind::Map(entries) => {
            for (key, value) in entries {
                source.scalar(key.at, &key.name, true, to, faults);
                collect(source, value, to, faults);
            }
        }
        Kind::Null => {}
    }
}

/// The characters of a file, by line and column.
struct Source {
    chars: Vec<char>,
    /// Where each line begins.
    lines: Vec<usize>,
}

impl Source {
    fn new(text: &str) -> Self {
        let chars: Vec<char> = text.chars().collect();
        let ends = chars.iter().enumerate().filter(|(_, c)| **c == '\n').map(|(i, _)| i + 1);
        let lines = std::iter::once(0).chain(ends).collect();
        Self { chars, lines }
    }

    fn scalar(&self, at: Mark, value: &str, is_key: bool, to: &mut Vec<Placed>, faults: &mut Faults) {
        if !value.contains("$(") {
            return;
        }
        let Some(line) = at.line.checked_sub(1).and_then(|line| self.lines.get(line as usize)) else { return };
        let from = line + (at.column as usize).saturating_sub(1);
        let width = at.width as usize;
        let Some(source) = self.chars.get(from..from + width) else { return };
        // An alias: what it stands for is met where it is written.
        if source.first() == Some(&'*') {
            return;
        }
        let style = if !is_key && self.is_block(from) { Style::Block } else { Style::Line };
        let source: String = source.iter().collect();
        let (value, source_pieces) = (pieces(value), pieces(&source));
        if value == [Piece::Text(source.clone())] {
            return;
        }
        if style == Style::Line && source.contains('\n') {
            let help = "write it in one line, or as a block behind `>-`";
            faults.at(at, "a text over several lines that names a parameter", help);
            return;
        }
        to.push(Placed { span: (from, width), at, value, source: source_pieces, style, is_key });
    }

    /// Whether the line before the scalar that begins at `from` ends in the head of a block.
    fn is_block(&self, from: usize) -> bool {
        let before: String = self.chars[..from].iter().collect();
        let Some((before, indent)) = before.trim_end_matches(' ').rsplit_once('\n') else { return false };
        if !indent.is_empty() {
            return false;
        }
        let head = before.trim_end().lines().last().unwrap_or_default();
        let head = head.split(" #").next().unwrap_or_default().trim_end();
        let head = head.trim_end_matches(|c: char| c == '+' || c == '-' || c.is_ascii_digit());
        head.ends_with(" |") || head.ends_with(" >")
    }
}
