//! A real, large API of this bus: twelve objects that Zero-OS serves.

use std::net::IpAddr;

use serde_with::Same;
use zbus::wire::{decode_as, encode_as};
use zbus_tests::api::vmd::{Route, Vm, VmIface, VmNetworkInfo};

const MODULES: [&str; 9] =
    ["api-gateway", "container", "flist", "gateway", "identityd", "node", "registrar", "vmd", "zui"];

#[test]
fn its_schemas_have_every_object_and_member() {
    let loader = zbus_build::FileLoader::new(Vec::new());
    let paths = MODULES.map(|stem| format!("{}/../schemas/zos/{stem}.zbus", env!("CARGO_MANIFEST_DIR")));
    let schema = zbus_idl::compile(&paths.each_ref().map(String::as_str), &loader).unwrap();
    let members = |object: &zbus_idl::schema::Object| object.methods.len() + object.streams.len();
    assert_eq!(schema.objects.len(), 12);
    assert_eq!(schema.objects.iter().map(members).sum::<usize>(), 78);
    let modules: Vec<_> = schema.files.iter().filter_map(|file| file.module.as_deref()).collect();
    assert_eq!(modules, MODULES);
}

#[test]
fn nested_values_survive_the_wire() {
    let address = IpAddr::from([10, 0, 0, 1]);
    let vm = Vm {
        name: "vm".to_owned(),
        cpu: 2,
        memory: 1 << 30,
        network: VmNetworkInfo {
            ifaces: vec![VmIface {
                tap: "tap0".to_owned(),
                ips: vec!["10.0.0.2/24".parse().unwrap()],
                routes: vec![
                    Route { net: Some("0.0.0.0/0".parse().unwrap()), gateway: Some(address) },
                    Route::default(),
                ],
                ip4_default_gateway: Some(address),
                public_ipv4: true,
                ..VmIface::default()
            }],
            nameservers: vec![address],
        },
        kernel_args: [("console".to_owned(), "ttyS0".to_owned())].into(),
        ..Vm::default()
    };
    let mut bytes = Vec::new();
    encode_as::<Same, _>(&vm, &mut bytes).unwrap();
    assert_eq!(decode_as::<Same, Vm>(&bytes).unwrap(), vm);
}
