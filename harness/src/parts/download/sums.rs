//! Checksum files, as projects publish them beside their files.

/// The SHA-256 of `file` in the text of a checksum file: a line `HEX  NAME` among others, or the sum alone.
pub(super) fn of(file: &str, text: &str) -> Option<String> {
    let is_sum = |word: &str| word.len() == 64 && word.bytes().all(|byte| byte.is_ascii_hexdigit());
    let named = text.lines().find_map(|line| {
        let mut words = line.split_whitespace();
        let (sum, name) = (words.next()?, words.next()?);
        // `*` before the name: read as binary.
        let name = name.trim_start_matches('*').rsplit('/').next()?;
        (is_sum(sum) && name == file).then(|| sum.to_lowercase())
    });
    let alone = Some(text.trim()).filter(|text| is_sum(text)).map(str::to_lowercase);
    named.or(alone)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_forms_are_read() {
        let (a, b) = ("ab".repeat(32), "cd".repeat(32));
        assert_eq!(of("etcd.tar.gz", &a), Some(a.clone()));
        assert_eq!(of("etcd.tar.gz", &format!("{}\n", a.to_uppercase())), Some(a.clone()));
        let list = format!("{b}  other.tar.gz\n{a}  ./etcd.tar.gz\n{b} *kind\n");
        assert_eq!(of("etcd.tar.gz", &list), Some(a.clone()));
        assert_eq!(of("kind", &list), Some(b));
        assert_eq!(of("kwok", &list), None);
    }

    #[test]
    fn a_page_of_a_proxy_is_no_sum() {
        assert_eq!(of("etcd", "<html>please log in</html>"), None);
        assert_eq!(of("etcd", ""), None);
        assert_eq!(of("etcd", &"g".repeat(64)), None);
        assert_eq!(of("etcd", &format!("{}  etcd", "a".repeat(63))), None);
    }
}
