//! The names of a schema in the cases of target languages. The checks for names that are too much alike and every backend
//! fold names here, so that they cannot disagree. It is `heck`'s folding, but for the plurals of acronyms: `IPs` is one word.

use std::borrow::Cow;

use heck::{ToLowerCamelCase, ToShoutySnakeCase, ToSnakeCase, ToUpperCamelCase};

/// `public_ips` of `PublicIPs`.
pub fn snake(name: &str) -> String {
    with_plurals(name).to_snake_case()
}

/// `PUBLIC_IPS` of `PublicIPs`.
pub fn upper_snake(name: &str) -> String {
    with_plurals(name).to_shouty_snake_case()
}

/// `PublicIps` of `public_ips` or `PublicIPs`.
pub fn upper_camel(name: &str) -> String {
    with_plurals(name).to_upper_camel_case()
}

/// `publicIps` of `public_ips` or `PublicIPs`.
pub fn lower_camel(name: &str) -> String {
    with_plurals(name).to_lower_camel_case()
}

/// The name with the plurals of acronyms as plain words: two capitals or more, and an `s` that ends the word.
fn with_plurals(name: &str) -> Cow<'_, str> {
    let bytes = name.as_bytes();
    let is = |at: usize, test: fn(&u8) -> bool| bytes.get(at).is_some_and(test);
    let mut plain: Option<Vec<u8>> = None;
    for (at, _) in bytes.iter().enumerate().filter(|(_, byte)| **byte == b's') {
        let capitals =
            bytes.get(..at).unwrap_or_default().iter().rev().take_while(|byte| byte.is_ascii_uppercase()).count();
        if capitals >= 2 && !is(at + 1, u8::is_ascii_lowercase) {
            let plain = plain.get_or_insert_with(|| bytes.to_vec());
            plain.get_mut(at + 1 - capitals..at).unwrap_or_default().make_ascii_lowercase();
        }
    }
    plain.and_then(|plain| String::from_utf8(plain).ok()).map_or(Cow::Borrowed(name), Cow::Owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plurals_of_acronyms_are_one_word() {
        for (name, folded) in [
            ("IPs", "ips"),
            ("PublicIPs", "public_ips"),
            ("PublicIPsCount", "public_ips_count"),
            ("GetVMs", "get_vms"),
            ("VMs_IDs", "vms_ids"),
            ("URLs2", "urls2"),
        ] {
            assert_eq!(snake(name), folded);
        }
        assert_eq!(
            (upper_camel("PublicIPs"), upper_snake("VMs"), lower_camel("IPs")),
            ("PublicIps".into(), "VMS".into(), "ips".into())
        );
    }

    #[test]
    fn other_names_are_folded_as_everywhere() {
        for name in [
            "As",
            "Items",
            "HTTPServer",
            "HTTPserver",
            "PublicIPv4",
            "DNSsec",
            "unit-name",
            "X",
            "DivMod",
            "s",
            "IP",
            "éSs",
        ] {
            assert_eq!(snake(name), name.to_snake_case());
        }
    }
}
