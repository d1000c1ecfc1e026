//! The module of the chain's gateway.

use serde_json::{Value, json};
use zbus::types::{Timestamp, Value as Any, zero};
use zbus::{Client, Error, Failure, Server};

use crate::{Turns, expect, message, returned, server_of, threw};
use zbus_tests::api::api_gateway::{
    AccountInfo, Balance, Contract, ContractResources, ContractState, ContractType, DeletedState, EntityProof, Farm,
    FarmCertification, FarmingPolicyLimit, Interface, IpAndGateway, Location, NameContract, Node, NodeCertification,
    NodeContract, NodePower, NruConsumption, OptionBoardSerial, OptionBytes, OptionDomain, OptionFarmingPolicyLimit,
    OptionIp, OptionPublicConfig, OptionRelay, OptionU32, OptionU64, Power, PowerState, PublicConfig, PublicIp,
    RentContract, Resources, SubstrateError, SubstrateGateway, SubstrateGatewayClient, SubstrateGatewayServer, Twin,
    U128,
};

const AWAY: &str = "the chain is away";
const PUBLIC_KEY: [u8; 4] = [0, 127, 128, 255];
const HASH: [u8; 32] = ends(&[0xca, 0xfe], 1);
/// What Go sends, and reads, for a `[32]byte` that was not set.
const NO_HASH: [u8; 32] = [0; 32];

/// 32 bytes that begin and end so, with zeros between.
const fn ends(first: &[u8], last: u8) -> [u8; 32] {
    let mut bytes = [0; 32];
    bytes.split_at_mut(first.len()).0.copy_from_slice(first);
    bytes[31] = last;
    bytes
}

/// A value in every field.
fn full_node() -> Node {
    Node {
        version: 4,
        id: 7,
        farm_id: 8,
        twin_id: 9,
        resources: Resources { hru: 1, sru: 2, cru: 3, mru: u64::MAX },
        location: Location {
            city: "Liège".to_owned(),
            country: "Belgium".to_owned(),
            latitude: "50.6".to_owned(),
            longitude: "5.57".to_owned(),
        },
        public_config: OptionPublicConfig {
            has_value: true,
            as_value: PublicConfig {
                ip4: IpAndGateway { ip: "185.206.122.2/24".to_owned(), gw: "185.206.122.1".to_owned() },
                ip6: OptionIp {
                    has_value: true,
                    as_value: IpAndGateway { ip: "2a10::2/64".to_owned(), gw: "2a10::1".to_owned() },
                },
                domain: OptionDomain { has_value: true, as_value: "gent01.example".to_owned() },
            },
        },
        created: 1_709_210_096,
        farming_policy: 1,
        interfaces: vec![
            Interface {
                name: "zos".to_owned(),
                mac: "02:00:00:00:00:01".to_owned(),
                ips: vec!["10.0.0.1".to_owned(), "fe80::1".to_owned()],
            },
            Interface::default(),
        ],
        certification: NodeCertification { is_diy: true, is_certified: true },
        secure_boot: true,
        virtualized: true,
        board_serial: OptionBoardSerial { has_value: true, as_value: "B-1".to_owned() },
        connection_price: 80,
    }
}

fn full_contract() -> Contract {
    Contract {
        version: 4,
        state: ContractState {
            is_created: true,
            is_deleted: true,
            as_deleted: DeletedState {
                is_canceled_by_user: true,
                is_out_of_funds: true,
                is_canceled_by_collective: true,
            },
            is_grace_period: true,
            as_grace_period_block_number: 11,
        },
        contract_id: 12,
        twin_id: 13,
        contract_type: ContractType {
            is_node_contract: true,
            node_contract: NodeContract {
                node: 14,
                deployment_hash: ends(&[0xde, 0xad], 0xff).to_vec(),
                deployment_data: r#"{"version":0}"#.to_owned(),
                public_ips_count: 1,
                public_ips: vec![PublicIp {
                    ip: "185.206.122.3/24".to_owned(),
                    gateway: "185.206.122.1".to_owned(),
                    contract_id: 12,
                }],
            },
            is_name_contract: true,
            name_contract: NameContract { name: "example".to_owned() },
            is_rent_contract: true,
            rent_contract: RentContract { node: 15 },
        },
        solution_provider_id: OptionU64 {},
    }
}

/// An array of Go has its length even when it is zero.
fn zero_contract() -> Contract {
    let node_contract = NodeContract { deployment_hash: NO_HASH.to_vec(), ..NodeContract::default() };
    Contract { contract_type: ContractType { node_contract, ..ContractType::default() }, ..Contract::default() }
}

fn full_farm() -> Farm {
    Farm {
        version: 4,
        id: 8,
        name: "Freefarm".to_owned(),
        twin_id: 9,
        pricing_policy_id: 1,
        certification_type: FarmCertification { is_not_certified: true, is_gold: true },
        public_ips: vec![PublicIp {
            ip: "185.206.122.4/24".to_owned(),
            gateway: "185.206.122.1".to_owned(),
            contract_id: 0,
        }],
        dedicated_farm: true,
        farming_policies_limit: OptionFarmingPolicyLimit {
            has_value: true,
            as_value: FarmingPolicyLimit {
                farming_policy_id: 2,
                cu: OptionU64 {},
                su: OptionU64 {},
                end: OptionU64 {},
                node_count: OptionU32 {},
                node_certification: true,
            },
        },
    }
}

fn full_twin() -> Twin {
    Twin {
        id: 9,
        account: ends(&[1], 32).to_vec(),
        relay: OptionRelay { has_value: true, as_value: "relay.example".to_owned() },
        entities: vec![EntityProof { entity_id: 1, signature: "5ig".to_owned() }],
        pk: OptionBytes {},
    }
}

fn zero_twin() -> Twin {
    Twin { account: NO_HASH.to_vec(), ..Twin::default() }
}

fn full_account() -> AccountInfo {
    let data = Balance { free: U128 {}, reserved: U128 {}, misc_frozen: U128 {}, free_frozen: U128 {} };
    AccountInfo { nonce: 1, consumers: 2, providers: 3, sufficients: 4, data }
}

fn full_power() -> NodePower {
    NodePower {
        state: PowerState { is_up: true, is_down: true, as_down_block_number: 17 },
        target: Power { is_up: true, is_down: true },
    }
}

fn consumptions() -> Vec<NruConsumption> {
    vec![NruConsumption { contract_id: 1, timestamp: 2, window: 3, nru: 4 }, NruConsumption::default()]
}

fn resources() -> Vec<ContractResources> {
    vec![
        ContractResources { contract_id: 1, used: Resources { hru: 2, sru: 3, cru: 4, mru: 5 } },
        ContractResources { contract_id: 6, used: Resources::default() },
    ]
}

fn chain_time() -> Timestamp {
    "2024-02-29T12:34:56.789012345Z".parse().unwrap()
}

fn no_error() -> SubstrateError {
    SubstrateError { err: None, code: 0 }
}

fn not_found(what: &str) -> SubstrateError {
    SubstrateError { err: Some(what.to_owned()), code: 1 }
}

/// The value for the identifier that is due, the zero value for 0, and an error for any other.
fn by_id<T>(id: u32, due: u32, full: T, zero: T) -> Result<T, Failure> {
    match id {
        0 => Ok(zero),
        id if id == due => Ok(full),
        id => Err(Failure::new(format!("no {id}"))),
    }
}

#[derive(Debug, Default)]
struct Gateway {
    turns: Turns,
}

impl SubstrateGateway for Gateway {
    async fn update_substrate_gateway_connection(&self, manager: Any) -> Result<(), Failure> {
        match manager {
            Any::Nil => Ok(()),
            manager => Err(Failure::new(format!("a manager has arrived: {manager}"))),
        }
    }

    async fn create_node(&self, node: Node) -> Result<u32, Failure> {
        match node.id {
            0 => expect(&node, &Node::default()).map(|()| 0),
            1 => Err(Failure::new(AWAY)),
            id => expect(&node, &full_node()).map(|()| id),
        }
    }

    async fn create_twin(&self, relay: String, pk: Vec<u8>) -> Result<u32, Failure> {
        if relay.is_empty() {
            expect(&pk, &Vec::new())?;
            return Err(Failure::new(AWAY));
        }
        expect(&(&*relay, &*pk), &("relay.example", &PUBLIC_KEY)).map(|()| 9)
    }

    async fn ensure_account(
        &self,
        activation_url: Vec<String>,
        terms_and_conditions_link: String,
        terms_and_conditions_hash: String,
    ) -> Result<AccountInfo, Failure> {
        match &*terms_and_conditions_link {
            "link" => {
                let due = ["https://a.example", "https://b.example"].map(str::to_owned).to_vec();
                expect(&(activation_url, &*terms_and_conditions_hash), &(due, "hash")).map(|()| full_account())
            }
            "zero" => expect(&activation_url, &Vec::new()).map(|()| AccountInfo::default()),
            _ => Err(Failure::new(AWAY)),
        }
    }

    async fn get_contract(&self, id: u64) -> (Contract, SubstrateError) {
        match id {
            12 => (full_contract(), no_error()),
            0 => (zero_contract(), not_found("no contract")),
            _ => (zero_contract(), SubstrateError { err: Some(AWAY.to_owned()), code: -1 }),
        }
    }

    async fn get_contract_id_by_name_registration(&self, name: String) -> (u64, SubstrateError) {
        if name == "example" { (u64::MAX, no_error()) } else { (0, not_found("no contract")) }
    }

    async fn get_farm(&self, id: u32) -> Result<Farm, Failure> {
        by_id(id, 8, full_farm(), Farm::default())
    }

    async fn get_node(&self, id: u32) -> Result<Node, Failure> {
        by_id(id, 7, full_node(), Node::default())
    }

    async fn get_node_by_twin_id(&self, twin: u32) -> (u32, SubstrateError) {
        if twin == 9 { (7, no_error()) } else { (0, not_found("no node")) }
    }

    async fn get_node_contracts(&self, node: u32) -> Result<Vec<u64>, Failure> {
        by_id(node, 7, vec![0, 12, u64::MAX], Vec::new())
    }

    async fn get_node_rent_contract(&self, node: u32) -> (u64, SubstrateError) {
        if node == 7 { (12, no_error()) } else { (0, not_found("no contract")) }
    }

    async fn get_nodes(&self, farm_id: u32) -> Result<Vec<u32>, Failure> {
        by_id(farm_id, 8, vec![7, u32::MAX], Vec::new())
    }

    async fn get_power_target(&self, node_id: u32) -> Result<NodePower, Failure> {
        by_id(node_id, 7, full_power(), NodePower::default())
    }

    async fn get_twin(&self, id: u32) -> Result<Twin, Failure> {
        by_id(id, 9, full_twin(), zero_twin())
    }

    async fn get_twin_by_pub_key(&self, pk: Vec<u8>) -> (u32, SubstrateError) {
        if pk == PUBLIC_KEY { (9, no_error()) } else { (0, not_found(&format!("no key {pk:?}"))) }
    }

    async fn report(&self, reported: Vec<NruConsumption>) -> Result<Vec<u8>, Failure> {
        if reported.is_empty() {
            return Err(Failure::new(AWAY));
        }
        expect(&reported, &consumptions()).map(|()| HASH.to_vec())
    }

    async fn set_contract_consumption(&self, used: Vec<ContractResources>) -> Result<(), Failure> {
        if used.is_empty() {
            return Err(Failure::new(AWAY));
        }
        expect(&used, &resources())
    }

    async fn set_node_power_state(&self, up: bool) -> Result<Vec<u8>, Failure> {
        if up { Ok(HASH.to_vec()) } else { Err(Failure::new(AWAY)) }
    }

    async fn update_node(&self, node: Node) -> Result<u32, Failure> {
        if node.id == 0 {
            return Err(Failure::new(AWAY));
        }
        expect(&node, &full_node()).map(|()| node.id)
    }

    async fn update_node_uptime_v2(&self, uptime: u64, timestamp_hint: u64) -> Result<Vec<u8>, Failure> {
        if uptime == 0 {
            return Err(Failure::new(AWAY));
        }
        expect(&(uptime, timestamp_hint), &(u64::MAX, 1_709_210_096)).map(|()| HASH.to_vec())
    }

    async fn get_time(&self) -> Result<Timestamp, Failure> {
        match self.turns.take("GetTime") {
            1 => Ok(chain_time()),
            2 => Ok(zero::timestamp()),
            _ => Err(Failure::new(AWAY)),
        }
    }

    async fn get_zos_version(&self) -> Result<String, Failure> {
        match self.turns.take("GetZosVersion") {
            1 => Ok("3.12.0".to_owned()),
            _ => Err(Failure::new(AWAY)),
        }
    }
}

pub(crate) fn server() -> Server {
    server_of("api-gateway").register(SubstrateGatewayServer::new(Gateway::default())).unwrap()
}

/// Calls every method of the Go server.
pub(crate) async fn call(client: &Client) {
    let chain = SubstrateGatewayClient::new(client.clone());
    chain.update_substrate_gateway_connection(&Any::Nil).await.unwrap();
    let error = chain.update_substrate_gateway_connection(&Any::Map(Vec::new())).await.unwrap_err();
    assert!(matches!(&error, Error::Rejected { message, .. } if message.contains("paniced")), "{error:?}");

    assert_eq!(chain.create_node(&full_node()).await.unwrap(), 7);
    assert_eq!(chain.create_node(&Node::default()).await.unwrap(), 0);
    assert_eq!(message(chain.create_node(&Node { id: 1, ..full_node() }).await), AWAY);
    assert_eq!(chain.update_node(&full_node()).await.unwrap(), 7);
    assert_eq!(message(chain.update_node(&Node::default()).await), AWAY);
    assert_eq!(chain.create_twin("relay.example", &PUBLIC_KEY).await.unwrap(), 9);
    assert_eq!(message(chain.create_twin("", &[]).await), AWAY);
    let urls = ["https://a.example", "https://b.example"].map(str::to_owned);
    assert_eq!(chain.ensure_account(&urls, "link", "hash").await.unwrap(), full_account());
    assert_eq!(chain.ensure_account(&[], "zero", "").await.unwrap(), AccountInfo::default());
    assert_eq!(message(chain.ensure_account(&urls, "", "").await), AWAY);

    assert_eq!(chain.get_contract(12).await.unwrap(), (full_contract(), no_error()));
    assert_eq!(chain.get_contract(0).await.unwrap(), (zero_contract(), not_found("no contract")));
    let away = SubstrateError { err: Some(AWAY.to_owned()), code: -1 };
    assert_eq!(chain.get_contract(1).await.unwrap(), (zero_contract(), away));
    assert_eq!(chain.get_contract_id_by_name_registration("example").await.unwrap(), (u64::MAX, no_error()));
    assert_eq!(chain.get_contract_id_by_name_registration("").await.unwrap(), (0, not_found("no contract")));

    assert_eq!(chain.get_farm(8).await.unwrap(), full_farm());
    assert_eq!(chain.get_farm(0).await.unwrap(), Farm::default());
    assert_eq!(message(chain.get_farm(1).await), "no 1");
    assert_eq!(chain.get_nodes(8).await.unwrap(), [7, u32::MAX]);
    assert_eq!(chain.get_nodes(0).await.unwrap(), [0; 0]);
    assert_eq!(message(chain.get_nodes(1).await), "no 1");

    assert_eq!(chain.get_node(7).await.unwrap(), full_node());
    assert_eq!(chain.get_node(0).await.unwrap(), Node::default());
    assert_eq!(message(chain.get_node(1).await), "no 1");
    assert_eq!(chain.get_node_contracts(7).await.unwrap(), [0, 12, u64::MAX]);
    assert_eq!(chain.get_node_contracts(0).await.unwrap(), [0; 0]);
    assert_eq!(message(chain.get_node_contracts(1).await), "no 1");
    assert_eq!(chain.get_node_rent_contract(7).await.unwrap(), (12, no_error()));
    assert_eq!(chain.get_node_rent_contract(1).await.unwrap(), (0, not_found("no contract")));
    assert_eq!(chain.get_power_target(7).await.unwrap(), full_power());
    assert_eq!(chain.get_power_target(0).await.unwrap(), NodePower::default());
    assert_eq!(message(chain.get_power_target(1).await), "no 1");

    assert_eq!(chain.get_twin(9).await.unwrap(), full_twin());
    assert_eq!(chain.get_twin(0).await.unwrap(), zero_twin());
    assert_eq!(message(chain.get_twin(1).await), "no 1");
    assert_eq!(chain.get_node_by_twin_id(9).await.unwrap(), (7, no_error()));
    assert_eq!(chain.get_node_by_twin_id(1).await.unwrap(), (0, not_found("no node")));
    assert_eq!(chain.get_twin_by_pub_key(&PUBLIC_KEY).await.unwrap(), (9, no_error()));
    let (twin, error) = chain.get_twin_by_pub_key(&[]).await.unwrap();
    assert_eq!((twin, error.code), (0, 1));

    assert_eq!(chain.report(&consumptions()).await.unwrap(), HASH);
    assert_eq!(message(chain.report(&[]).await), AWAY);
    chain.set_contract_consumption(&resources()).await.unwrap();
    assert_eq!(message(chain.set_contract_consumption(&[]).await), AWAY);
    assert_eq!(chain.set_node_power_state(true).await.unwrap(), HASH);
    assert_eq!(message(chain.set_node_power_state(false).await), AWAY);
    assert_eq!(chain.update_node_uptime_v2(u64::MAX, 1_709_210_096).await.unwrap(), HASH);
    assert_eq!(message(chain.update_node_uptime_v2(0, 0).await), AWAY);
    assert_eq!(chain.get_time().await.unwrap(), chain_time());
    assert_eq!(chain.get_time().await.unwrap(), zero::timestamp());
    assert_eq!(message(chain.get_time().await), AWAY);
    assert_eq!(chain.get_zos_version().await.unwrap(), "3.12.0");
    assert_eq!(message(chain.get_zos_version().await), AWAY);
}

fn hex(bytes: &[u8]) -> Value {
    json!(format!("hex:{}", hex::encode(bytes)))
}

fn printed_node() -> Value {
    json!({
        "Version": 4,
        "ID": 7,
        "FarmID": 8,
        "TwinID": 9,
        "Resources": {"HRU": "1", "SRU": "2", "CRU": "3", "MRU": "18446744073709551615"},
        "Location": {"City": "Liège", "Country": "Belgium", "Latitude": "50.6", "Longitude": "5.57"},
        "PublicConfig": {
            "HasValue": true,
            "AsValue": {
                "IP4": {"IP": "185.206.122.2/24", "GW": "185.206.122.1"},
                "IP6": {"HasValue": true, "AsValue": {"IP": "2a10::2/64", "GW": "2a10::1"}},
                "Domain": {"HasValue": true, "AsValue": "gent01.example"},
            },
        },
        "Created": "1709210096",
        "FarmingPolicy": 1,
        "Interfaces": [
            {"Name": "zos", "Mac": "02:00:00:00:00:01", "IPs": ["10.0.0.1", "fe80::1"]},
            {"Name": "", "Mac": "", "IPs": []},
        ],
        "Certification": {"IsDiy": true, "IsCertified": true},
        "SecureBoot": true,
        "Virtualized": true,
        "BoardSerial": {"HasValue": true, "AsValue": "B-1"},
        "ConnectionPrice": 80,
    })
}

fn printed_zero_node() -> Value {
    json!({
        "Version": 0,
        "ID": 0,
        "FarmID": 0,
        "TwinID": 0,
        "Resources": {"HRU": "0", "SRU": "0", "CRU": "0", "MRU": "0"},
        "Location": {"City": "", "Country": "", "Latitude": "", "Longitude": ""},
        "PublicConfig": {
            "HasValue": false,
            "AsValue": {
                "IP4": {"IP": "", "GW": ""},
                "IP6": {"HasValue": false, "AsValue": {"IP": "", "GW": ""}},
                "Domain": {"HasValue": false, "AsValue": ""},
            },
        },
        "Created": "0",
        "FarmingPolicy": 0,
        "Interfaces": [],
        "Certification": {"IsDiy": false, "IsCertified": false},
        "SecureBoot": false,
        "Virtualized": false,
        "BoardSerial": {"HasValue": false, "AsValue": ""},
        "ConnectionPrice": 0,
    })
}

fn printed_contract() -> Value {
    json!({
        "Version": 4,
        "State": {
            "IsCreated": true,
            "IsDeleted": true,
            "AsDeleted": {"IsCanceledByUser": true, "IsOutOfFunds": true, "IsCanceledByCollective": true},
            "IsGracePeriod": true,
            "AsGracePeriodBlockNumber": "11",
        },
        "ContractID": "12",
        "TwinID": 13,
        "ContractType": {
            "IsNodeContract": true,
            "NodeContract": {
                "Node": 14,
                "DeploymentHash": hex(&ends(&[0xde, 0xad], 0xff)),
                "DeploymentData": "{\"version\":0}",
                "PublicIPsCount": 1,
                "PublicIPs": [{"IP": "185.206.122.3/24", "Gateway": "185.206.122.1", "ContractID": "12"}],
            },
            "IsNameContract": true,
            "NameContract": {"Name": "example"},
            "IsRentContract": true,
            "RentContract": {"Node": 15},
        },
        "SolutionProviderID": {},
    })
}

fn printed_zero_contract() -> Value {
    json!({
        "Version": 0,
        "State": {
            "IsCreated": false,
            "IsDeleted": false,
            "AsDeleted": {"IsCanceledByUser": false, "IsOutOfFunds": false, "IsCanceledByCollective": false},
            "IsGracePeriod": false,
            "AsGracePeriodBlockNumber": "0",
        },
        "ContractID": "0",
        "TwinID": 0,
        "ContractType": {
            "IsNodeContract": false,
            "NodeContract": {
                "Node": 0,
                "DeploymentHash": hex(&NO_HASH),
                "DeploymentData": "",
                "PublicIPsCount": 0,
                "PublicIPs": [],
            },
            "IsNameContract": false,
            "NameContract": {"Name": ""},
            "IsRentContract": false,
            "RentContract": {"Node": 0},
        },
        "SolutionProviderID": {},
    })
}

fn printed_farm() -> Value {
    json!({
        "Version": 4,
        "ID": 8,
        "Name": "Freefarm",
        "TwinID": 9,
        "PricingPolicyID": 1,
        "CertificationType": {"IsNotCertified": true, "IsGold": true},
        "PublicIPs": [{"IP": "185.206.122.4/24", "Gateway": "185.206.122.1", "ContractID": "0"}],
        "DedicatedFarm": true,
        "FarmingPoliciesLimit": {
            "HasValue": true,
            "AsValue": {
                "FarmingPolicyID": 2, "Cu": {}, "Su": {}, "End": {}, "NodeCount": {}, "NodeCertification": true,
            },
        },
    })
}

fn printed_zero_farm() -> Value {
    json!({
        "Version": 0,
        "ID": 0,
        "Name": "",
        "TwinID": 0,
        "PricingPolicyID": 0,
        "CertificationType": {"IsNotCertified": false, "IsGold": false},
        "PublicIPs": [],
        "DedicatedFarm": false,
        "FarmingPoliciesLimit": {
            "HasValue": false,
            "AsValue": {
                "FarmingPolicyID": 0, "Cu": {}, "Su": {}, "End": {}, "NodeCount": {}, "NodeCertification": false,
            },
        },
    })
}

fn printed_account(numbers: [u32; 4]) -> Value {
    let [nonce, consumers, providers, sufficients] = numbers;
    // The numbers of the balance stay nil.
    let none = json!({"Int": null});
    json!({
        "Nonce": nonce,
        "Consumers": consumers,
        "Providers": providers,
        "Sufficients": sufficients,
        "Data": {"Free": none, "Reserved": none, "MiscFrozen": none, "FreeFrozen": none},
    })
}

fn printed_power(set: bool, block: u32) -> Value {
    json!({
        "State": {"IsUp": set, "IsDown": set, "AsDownBlockNumber": block},
        "Target": {"IsUp": set, "IsDown": set},
    })
}

/// What the Go client prints of our server.
pub(crate) fn printed() -> Vec<Value> {
    let name = |method: &str| format!("api-gateway.api-gateway.{method}");
    let value = |method: &str, value: Value| returned(&name(method), [value]);
    let error = |method: &str, value: Value, message: &str| threw(&name(method), [value], message);
    let none = || json!({"Err": null, "Code": "0"});
    let missing = |what: &str| json!({"Err": what, "Code": "1"});
    let pair = |method: &str, value: Value, error: Value| returned(&name(method), [value, error]);
    let twin = json!({
        "ID": 9,
        "Account": hex(&ends(&[1], 32)),
        "Relay": {"HasValue": true, "AsValue": "relay.example"},
        "Entities": [{"EntityID": 1, "Signature": "5ig"}],
        "Pk": {},
    });
    let zero_twin = json!({
        "ID": 0,
        "Account": hex(&NO_HASH),
        "Relay": {"HasValue": false, "AsValue": ""},
        "Entities": [],
        "Pk": {},
    });
    vec![
        returned(&name("UpdateSubstrateGatewayConnection"), []),
        threw(&name("UpdateSubstrateGatewayConnection"), [], "a manager has arrived: {}"),
        value("CreateNode", json!(7)),
        value("UpdateNode", json!(7)),
        value("CreateNode", json!(0)),
        error("UpdateNode", json!(0), AWAY),
        error("CreateNode", json!(0), AWAY),
        value("CreateTwin", json!(9)),
        error("CreateTwin", json!(0), AWAY),
        value("EnsureAccount", printed_account([1, 2, 3, 4])),
        value("EnsureAccount", printed_account([0; 4])),
        error("EnsureAccount", printed_account([0; 4]), AWAY),
        pair("GetContract", printed_contract(), none()),
        pair("GetContract", printed_zero_contract(), missing("no contract")),
        pair("GetContract", printed_zero_contract(), json!({"Err": AWAY, "Code": "-1"})),
        pair("GetContractIDByNameRegistration", json!("18446744073709551615"), none()),
        pair("GetContractIDByNameRegistration", json!("0"), missing("no contract")),
        value("GetFarm", printed_farm()),
        value("GetNodes", json!([7, 4_294_967_295_u32])),
        value("GetFarm", printed_zero_farm()),
        value("GetNodes", json!([])),
        error("GetFarm", printed_zero_farm(), "no 1"),
        error("GetNodes", json!([]), "no 1"),
        value("GetNode", printed_node()),
        value("GetNodeContracts", json!(["0", "12", "18446744073709551615"])),
        pair("GetNodeRentContract", json!("12"), none()),
        value("GetPowerTarget", printed_power(true, 17)),
        value("GetNode", printed_zero_node()),
        value("GetNodeContracts", json!([])),
        pair("GetNodeRentContract", json!("0"), missing("no contract")),
        value("GetPowerTarget", printed_power(false, 0)),
        error("GetNode", printed_zero_node(), "no 1"),
        error("GetNodeContracts", json!([]), "no 1"),
        pair("GetNodeRentContract", json!("0"), missing("no contract")),
        error("GetPowerTarget", printed_power(false, 0), "no 1"),
        value("GetTwin", twin),
        pair("GetNodeByTwinID", json!(7), none()),
        value("GetTwin", zero_twin.clone()),
        pair("GetNodeByTwinID", json!(0), missing("no node")),
        error("GetTwin", zero_twin, "no 1"),
        pair("GetNodeByTwinID", json!(0), missing("no node")),
        pair("GetTwinByPubKey", json!(9), none()),
        pair("GetTwinByPubKey", json!(0), missing("no key []")),
        value("Report", hex(&HASH)),
        error("Report", hex(&NO_HASH), AWAY),
        returned(&name("SetContractConsumption"), []),
        threw(&name("SetContractConsumption"), [], AWAY),
        value("SetNodePowerState", hex(&HASH)),
        error("SetNodePowerState", hex(&NO_HASH), AWAY),
        value("UpdateNodeUptimeV2", hex(&HASH)),
        error("UpdateNodeUptimeV2", hex(&NO_HASH), AWAY),
        value("GetTime", json!("2024-02-29T12:34:56.789012345Z")),
        value("GetTime", json!("0001-01-01T00:00:00Z")),
        error("GetTime", json!("0001-01-01T00:00:00Z"), AWAY),
        value("GetZosVersion", json!("3.12.0")),
        error("GetZosVersion", json!(""), AWAY),
    ]
}
