//! Drawings without what time alone changes.

/// The tree without its column of ages, whose width follows the longest of them, and without the time that is left to
/// what is scaled down. All else, blanks included, is as it was.
pub fn without_ages(tree: &str) -> String {
    let mut ages: Option<(usize, usize)> = None;
    let mut out = String::new();
    for line in tree.lines() {
        if ages.is_none() && line.starts_with("NAME ") {
            // The header has one byte for each character.
            ages = line.find("AGE").zip(line.find("INFO"));
        }
        let shown = line.chars().enumerate().filter(|(at, _)| ages.is_none_or(|(from, to)| *at < from || *at >= to));
        let shown: String = shown.map(|(_, character)| character).collect();
        match shown.split_once("delay:") {
            Some((before, _)) => out.push_str(&format!("{before}delay:")),
            None => out.push_str(&shown),
        }
        out.push('\n');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::without_ages;

    #[test]
    fn only_what_time_changes_is_left_out() {
        let young = "Name:  a\n\nNAME    KIND        AGE  INFO\n⟳ demo  Rollout     9s   \n└──⧉ x  ReplicaSet  1s   stable,delay:7s\n";
        let old = "Name:  a\n\nNAME    KIND        AGE   INFO\n⟳ demo  Rollout     2m4s  \n└──⧉ x  ReplicaSet  119s  stable,delay:passed\n";
        assert_eq!(without_ages(young), without_ages(old));
        assert_eq!(
            without_ages(young),
            "Name:  a\n\nNAME    KIND        INFO\n⟳ demo  Rollout     \n└──⧉ x  ReplicaSet  stable,delay:\n"
        );
        assert_ne!(without_ages(young), without_ages(&young.replace("Rollout  ", "Rollout ")));
    }
}
