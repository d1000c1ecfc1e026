//! The names of a schema as words, and in the cases that languages write. The check for names that are too much alike and every backend
//! fold names here, so they cannot disagree.
//!
//! `heck` finds the words; what it would cut in pieces is made one plain word before: the plural of an acronym (`IPs`), an acronym with a
//! version (`IPv4`), and the names of a table (`MIXED`).

use std::borrow::Cow;

use heck::{ToLowerCamelCase, ToShoutySnakeCase, ToSnakeCase, ToUpperCamelCase};

/// Words of capitals and small letters, as people write them.
const MIXED: [&str; 34] = [
    "BGPsec",
    "CoAP",
    "DDoS",
    "DNSsec",
    "DevOps",
    "DoH",
    "DoS",
    "DoT",
    "GiB",
    "GHz",
    "GraphQL",
    "IPsec",
    "IaaS",
    "IoT",
    "KiB",
    "LoRa",
    "MACsec",
    "MHz",
    "MiB",
    "MySQL",
    "NVMe",
    "NoSQL",
    "OAuth",
    "PCIe",
    "PaaS",
    "PoE",
    "PostgreSQL",
    "QoS",
    "SaaS",
    "TiB",
    "VoIP",
    "WebRTC",
    "WiFi",
    "kHz",
];

/// The words of a name, in small letters: `get`, `public`, `ipv6`, `from4` of `GetPublicIPv6From4`.
pub fn words(name: &str) -> Vec<String> {
    snake(name).split('_').map(str::to_owned).collect()
}

/// `public_ips` of `PublicIPs`.
pub fn snake(name: &str) -> String {
    plain(name).to_snake_case()
}

/// `PUBLIC_IPS` of `PublicIPs`.
pub fn upper_snake(name: &str) -> String {
    plain(name).to_shouty_snake_case()
}

/// `PublicIps` of `public_ips` or `PublicIPs`.
pub fn upper_camel(name: &str) -> String {
    plain(name).to_upper_camel_case()
}

/// `publicIps` of `public_ips` or `PublicIPs`.
pub fn lower_camel(name: &str) -> String {
    plain(name).to_lower_camel_case()
}

/// The name with each mixed word as a plain one: a capital, then small letters.
fn plain(name: &str) -> Cow<'_, str> {
    let mut plain: Option<Vec<u8>> = None;
    let (bytes, mut at) = (name.as_bytes(), 0);
    while at < bytes.len() {
        let length = mixed(bytes, at);
        if length > 0 {
            let word = plain.get_or_insert_with(|| bytes.to_vec()).get_mut(at..at + length).unwrap_or_default();
            word.make_ascii_lowercase();
            if let Some(first) = word.first_mut() {
                first.make_ascii_uppercase();
            }
        }
        at += length.max(1);
    }
    plain.and_then(|plain| String::from_utf8(plain).ok()).map_or(Cow::Borrowed(name), Cow::Owned)
}

/// The length of the mixed word that starts here; 0 if there is none.
fn mixed(bytes: &[u8], at: usize) -> usize {
    let rest = bytes.get(at..).unwrap_or_default();
    let before = at.checked_sub(1).and_then(|before| bytes.get(before));
    let continues_capitals = before.is_some_and(u8::is_ascii_uppercase);
    let continues_a_word = before.is_some_and(u8::is_ascii_alphanumeric);
    let starts_small = rest.first().is_some_and(u8::is_ascii_lowercase);
    if continues_capitals || (starts_small && continues_a_word) {
        return 0;
    }
    let ends = |end: usize| !rest.get(end).is_some_and(u8::is_ascii_lowercase);
    let known = MIXED.iter().filter(|word| rest.starts_with(word.as_bytes()) && ends(word.len()));
    if let Some(word) = known.max_by_key(|word| word.len()) {
        return word.len();
    }
    let capitals = rest.iter().take_while(|byte| byte.is_ascii_uppercase()).count();
    match rest.get(capitals) {
        Some(b's') if capitals >= 2 && ends(capitals + 1) => capitals + 1,
        Some(b'v') if capitals >= 2 && rest.get(capitals + 1).is_some_and(u8::is_ascii_digit) => capitals + 1,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plural_of_an_acronym_is_one_word() {
        for (name, folded) in [
            ("IPs", "ips"),
            ("IDs", "ids"),
            ("PublicIPs", "public_ips"),
            ("PublicIPsCount", "public_ips_count"),
            ("GetVMs", "get_vms"),
            ("VMs_IDs", "vms_ids"),
            ("VMsIPs", "vms_ips"),
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
    fn acronym_with_a_version_is_one_word() {
        for (name, folded) in [
            ("IPv4", "ipv4"),
            ("PublicIPv4", "public_ipv4"),
            ("IPv6From4", "ipv6_from4"),
            ("IPv4IPv6", "ipv4_ipv6"),
            ("IPv4s", "ipv4s"),
            ("ip_IPv4Addr", "ip_ipv4_addr"),
            ("TLSv1_3", "tlsv1_3"),
            ("SMBv2Share", "smbv2_share"),
            ("IPvAny", "i_pv_any"),
        ] {
            assert_eq!(snake(name), folded);
        }
        assert_eq!(
            (upper_camel("IPv6From4"), upper_snake("IPv4"), lower_camel("IPv4Net")),
            ("Ipv6From4".into(), "IPV4".into(), "ipv4Net".into())
        );
        assert_eq!(words("GetPublicIPv6From4"), ["get", "public", "ipv6", "from4"]);
    }

    #[test]
    fn known_mixed_names_are_one_word() {
        for (name, folded) in [
            ("NVMeDisk", "nvme_disk"),
            ("MyOAuthToken", "my_oauth_token"),
            ("QoSClass", "qos_class"),
            ("PCIeSlots", "pcie_slots"),
            ("DDoS", "ddos"),
            ("CpuMHz", "cpu_mhz"),
            ("DNSsec", "dnssec"),
            ("kHzMax", "khz_max"),
            // Parts of other words.
            ("DoSomething", "do_something"),
            ("IoTime", "io_time"),
            ("MyDoSo", "my_do_so"),
            ("PoEtry", "po_etry"),
        ] {
            assert_eq!(snake(name), folded);
        }
    }

    #[test]
    fn other_names_are_folded_as_everywhere() {
        for name in
            ["As", "Items", "HTTPServer", "HTTPserver", "unit-name", "X", "DivMod", "s", "IP", "éSs", "Iv4", "aVs", ""]
        {
            assert_eq!(snake(name), name.to_snake_case());
        }
    }
}
