//! Quantifiers: how many items of a list, or how many objects, are like a pattern.

use std::cmp::Reverse;

use serde_json::Value;

use super::{
    Check,
    pattern::{Scope, compare, is_like},
};
use crate::scenario::value::{Pattern, Quantifier};

/// What the items are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum About {
    /// Items of a list of one object.
    Parts,
    /// Objects.
    Objects,
}

/// Compares items, each under its name, with quantifiers: one check for each of them. `path` is where the list stands.
pub fn quantified<'a>(
    quantifier: &Quantifier,
    items: &[(String, &'a Value)],
    path: &str,
    scope: Scope<'a>,
    about: About,
) -> Vec<Check> {
    let items = Items { items, scope, about };
    let mut checks = Vec::new();
    let mut add = |word: &str, expected: String, (got, ok): (String, bool)| {
        let field = if path.is_empty() { word.to_owned() } else { format!("{path} {word}") };
        checks.push(Check { field, expected, got, ok });
    };
    if let Some(pattern) = &quantifier.any {
        add("any", pattern.to_string(), items.any(pattern));
    }
    if let Some(pattern) = &quantifier.all {
        add("all", pattern.to_string(), items.all(pattern));
    }
    if let Some(pattern) = &quantifier.none {
        add("none", pattern.to_string(), items.none(pattern));
    }
    if let Some(number) = &quantifier.count {
        let counted = quantifier.r#where.as_ref().map_or_else(String::new, |pattern| format!(" like ({pattern})"));
        let expected = compare(number, Some(&Value::from(0)), "", scope);
        let expected = expected.first().map_or_else(|| number.to_string(), |check| check.expected.clone());
        add("count", format!("{expected}{counted}"), items.count(number, quantifier.r#where.as_ref()));
    }
    checks
}

struct Items<'i, 'a> {
    items: &'i [(String, &'a Value)],
    scope: Scope<'a>,
    about: About,
}

/// What was found in words, and whether it is as it must be.
type Found = (String, bool);

impl<'a> Items<'_, 'a> {
    fn scope(&self, item: &'a Value) -> Scope<'a> {
        match self.about {
            About::Parts => self.scope,
            About::Objects => Scope { object: Some(item), ..self.scope },
        }
    }

    /// Names of those that are like `pattern`.
    fn like(&self, pattern: &Pattern) -> Vec<&str> {
        let like = self.items.iter().filter(|(_, item)| is_like(pattern, item, self.scope(item)));
        like.map(|(name, _)| name.as_str()).collect()
    }

    fn any(&self, pattern: &Pattern) -> Found {
        let (count, total) = (self.like(pattern).len(), self.items.len());
        match count {
            0 => (format!("none of {total}{}", self.nearest(pattern)), false),
            count => (format!("{count} of {total}"), true),
        }
    }

    fn all(&self, pattern: &Pattern) -> Found {
        let (count, total) = (self.like(pattern).len(), self.items.len());
        match total {
            0 => ("there is none".into(), false),
            _ => (format!("{count} of {total}{}", self.nearest(pattern)), count == total),
        }
    }

    fn none(&self, pattern: &Pattern) -> Found {
        let (like, total) = (self.like(pattern), self.items.len());
        match like.len() {
            0 => (format!("none of {total}"), true),
            count => (format!("{count} of {total}: {}", listed(&like)), false),
        }
    }

    fn count(&self, number: &Pattern, of: Option<&Pattern>) -> Found {
        let all = self.items.iter().map(|(name, _)| name.as_str());
        let counted = of.map_or_else(|| all.collect(), |pattern| self.like(pattern));
        let (count, total) = (counted.len(), self.items.len());
        let mut says = if of.is_some() { format!("{count} of {total}") } else { count.to_string() };
        if count > 0 {
            says = format!("{says}: {}", listed(&counted));
        }
        // The figure is a pattern itself: a number, a comparison, one of them by release.
        let ok = compare(number, Some(&Value::from(count)), "", self.scope).iter().all(|check| check.ok);
        (says, ok)
    }

    /// What that item has instead which comes nearest to `pattern`, of those that are not like it.
    fn nearest(&self, pattern: &Pattern) -> String {
        let compared = self.items.iter().map(|(name, item)| (name, compare(pattern, Some(item), "", self.scope(item))));
        // What is written first mostly says which item is meant: of two, the one that differs later is nearer.
        let nearest = compared
            .filter_map(|(name, checks)| Some((name, checks.iter().position(|check| !check.ok)?, checks)))
            .min_by_key(|(_, first, checks)| (checks.iter().filter(|check| !check.ok).count(), Reverse(*first)));
        let Some((name, _, checks)) = nearest else { return String::new() };
        let wrong = checks.iter().filter(|check| !check.ok).map(|check| match check.field.as_str() {
            "" => format!("is {}", check.got),
            field => format!("{field} is {}", check.got),
        });
        format!("; {name}: {}", wrong.collect::<Vec<_>>().join(", "))
    }
}

/// A few names.
fn listed(names: &[&str]) -> String {
    const FEW: usize = 4;
    if names.len() > FEW {
        return format!("{} and {} more", names[..FEW].join(", "), names.len() - FEW);
    }
    names.join(", ")
}
