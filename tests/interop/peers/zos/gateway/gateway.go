// Package gateway is the module of the chain's gateway.
package gateway

import (
	"errors"
	"fmt"
	"math/big"
	"time"

	"github.com/threefoldtech/zbus"
	"zbus.test/zos/peer"
)

const module = "api-gateway"

var objectID = zbus.ObjectID{Name: "api-gateway", Version: "0.0.1"}

// SubstrateError is the second result of methods that return no error of Go.
type SubstrateError struct {
	Err  error
	Code int
}

// fullNode has a value in every field.
var fullNode = Node{
	Versioned: Versioned{Version: 4},
	ID:        7,
	FarmID:    8,
	TwinID:    9,
	Resources: Resources{HRU: 1, SRU: 2, CRU: 3, MRU: 1<<64 - 1},
	Location:  Location{City: "Liège", Country: "Belgium", Latitude: "50.6", Longitude: "5.57"},
	PublicConfig: OptionPublicConfig{
		HasValue: true,
		AsValue: PublicConfig{
			IP4:    IP{IP: "185.206.122.2/24", GW: "185.206.122.1"},
			IP6:    OptionIP{HasValue: true, AsValue: IP{IP: "2a10::2/64", GW: "2a10::1"}},
			Domain: OptionDomain{HasValue: true, AsValue: "gent01.example"},
		},
	},
	Created:         1709210096,
	FarmingPolicy:   1,
	Interfaces:      []Interface{{Name: "zos", Mac: "02:00:00:00:00:01", IPs: []string{"10.0.0.1", "fe80::1"}}, {IPs: []string{}}},
	Certification:   NodeCertification{IsDiy: true, IsCertified: true},
	SecureBoot:      true,
	Virtualized:     true,
	BoardSerial:     OptionBoardSerial{HasValue: true, AsValue: "B-1"},
	ConnectionPrice: 80,
}

var fullContract = Contract{
	Versioned: Versioned{Version: 4},
	State: ContractState{
		IsCreated:                true,
		IsDeleted:                true,
		AsDeleted:                DeletedState{IsCanceledByUser: true, IsOutOfFunds: true, IsCanceledByCollective: true},
		IsGracePeriod:            true,
		AsGracePeriodBlockNumber: 11,
	},
	ContractID: 12,
	TwinID:     13,
	ContractType: ContractType{
		IsNodeContract: true,
		NodeContract: NodeContract{
			Node:           14,
			DeploymentHash: HexHash{0: 0xde, 1: 0xad, 31: 0xff},
			DeploymentData: `{"version":0}`,
			PublicIPsCount: 1,
			PublicIPs:      []PublicIP{{IP: "185.206.122.3/24", Gateway: "185.206.122.1", ContractID: 12}},
		},
		IsNameContract: true,
		NameContract:   NameContract{Name: "example"},
		IsRentContract: true,
		RentContract:   RentContract{Node: 15},
	},
	SolutionProviderID: OptionU64{option{true}, 16},
}

var fullFarm = Farm{
	Versioned:         Versioned{Version: 4},
	ID:                8,
	Name:              "Freefarm",
	TwinID:            9,
	PricingPolicyID:   1,
	CertificationType: FarmCertification{IsNotCertified: true, IsGold: true},
	PublicIPs:         []PublicIP{{IP: "185.206.122.4/24", Gateway: "185.206.122.1"}},
	DedicatedFarm:     true,
	FarmingPoliciesLimit: OptionFarmingPolicyLimit{
		HasValue: true,
		AsValue: FarmingPolicyLimit{
			FarmingPolicyID:   2,
			Cu:                OptionU64{option{true}, 3},
			Su:                OptionU64{option{true}, 4},
			End:               OptionU64{option{true}, 5},
			NodeCount:         OptionU32{option{true}, 6},
			NodeCertification: true,
		},
	},
}

var fullTwin = Twin{
	ID:       9,
	Account:  AccountID{0: 1, 31: 32},
	Relay:    OptionRelay{HasValue: true, AsValue: "relay.example"},
	Entities: []EntityProof{{EntityID: 1, Signature: "5ig"}},
	Pk:       OptionBytes{option{true}, []byte{1, 2, 3}},
}

var fullAccount = AccountInfo{
	Nonce:       1,
	Consumers:   2,
	Providers:   3,
	Sufficients: 4,
	Data: Balance{
		Free:       U128{new(big.Int).Lsh(big.NewInt(1), 100)},
		Reserved:   U128{big.NewInt(5)},
		MiscFrozen: U128{big.NewInt(0)},
	},
}

var (
	fullPower = NodePower{
		State:  PowerState{IsUp: true, IsDown: true, AsDownBlockNumber: 17},
		Target: Power{IsUp: true, IsDown: true},
	}
	publicKey    = []byte{0, 127, 128, 255}
	hash         = Hash{0: 0xca, 1: 0xfe, 31: 1}
	consumptions = []NruConsumption{{ContractID: 1, Timestamp: 2, Window: 3, NRU: 4}, {}}
	resources    = []ContractResources{
		{ContractID: 1, Used: Resources{HRU: 2, SRU: 3, CRU: 4, MRU: 5}},
		{ContractID: 6},
	}
	// 2024-02-29T12:34:56.789012345Z
	chainTime = time.Unix(1709210096, 789012345)
)

const (
	codeGeneric  = -1
	codeNotFound = 1
)

var errChain = errors.New("the chain is away")

type gateway struct {
	turns peer.Turns
}

// Module serves the gateway.
func Module() peer.Module {
	return peer.Module{Name: module, Objects: map[zbus.ObjectID]interface{}{objectID: &gateway{}}}
}

func found(id, due uint64) error {
	if id != due {
		return fmt.Errorf("no %d", id)
	}
	return nil
}

func (*gateway) UpdateSubstrateGatewayConnection(manager Manager) error {
	if manager != nil {
		return errors.New("a manager has arrived")
	}
	return nil
}

func (*gateway) CreateNode(node Node) (uint32, error) {
	switch node.ID {
	case 0:
		return 0, peer.Expect(node, Node{Interfaces: []Interface{}})
	case 1:
		return 0, errChain
	default:
		return uint32(node.ID), peer.Expect(node, fullNode)
	}
}

func (*gateway) CreateTwin(relay string, pk []byte) (uint32, error) {
	if relay == "" {
		return 0, errChain
	}
	return 9, peer.Expect([]interface{}{relay, pk}, []interface{}{"relay.example", publicKey})
}

func (*gateway) EnsureAccount(activationURL []string, termsAndConditionsLink string, termsAndConditionsHash string) (info AccountInfo, err error) {
	switch termsAndConditionsLink {
	case "link":
		got := []interface{}{activationURL, termsAndConditionsHash}
		return fullAccount, peer.Expect(got, []interface{}{[]string{"https://a.example", "https://b.example"}, "hash"})
	case "zero":
		return info, peer.Expect(activationURL, []string{})
	default:
		return info, errChain
	}
}

func (*gateway) GetContract(id uint64) (Contract, SubstrateError) {
	switch id {
	case 12:
		return fullContract, SubstrateError{}
	case 0:
		return Contract{}, SubstrateError{Err: errors.New("no contract"), Code: codeNotFound}
	default:
		return Contract{}, SubstrateError{Err: errChain, Code: codeGeneric}
	}
}

func (*gateway) GetContractIDByNameRegistration(name string) (uint64, SubstrateError) {
	if name != "example" {
		return 0, SubstrateError{Err: errors.New("no contract"), Code: codeNotFound}
	}
	return 1<<64 - 1, SubstrateError{}
}

func (*gateway) GetFarm(id uint32) (Farm, error) {
	if id == 0 {
		return Farm{}, nil
	}
	return fullFarm, found(uint64(id), 8)
}

func (*gateway) GetNode(id uint32) (Node, error) {
	if id == 0 {
		return Node{}, nil
	}
	return fullNode, found(uint64(id), 7)
}

func (*gateway) GetNodeByTwinID(twin uint32) (uint32, SubstrateError) {
	if twin != 9 {
		return 0, SubstrateError{Err: errors.New("no node"), Code: codeNotFound}
	}
	return 7, SubstrateError{}
}

func (*gateway) GetNodeContracts(node uint32) ([]U64, error) {
	if node == 0 {
		return nil, nil
	}
	return []U64{0, 12, 1<<64 - 1}, found(uint64(node), 7)
}

func (*gateway) GetNodeRentContract(node uint32) (uint64, SubstrateError) {
	if node != 7 {
		return 0, SubstrateError{Err: errors.New("no contract"), Code: codeNotFound}
	}
	return 12, SubstrateError{}
}

func (*gateway) GetNodes(farmID uint32) ([]uint32, error) {
	if farmID == 0 {
		return nil, nil
	}
	return []uint32{7, 1<<32 - 1}, found(uint64(farmID), 8)
}

func (*gateway) GetPowerTarget(nodeID uint32) (power NodePower, err error) {
	if nodeID == 0 {
		return power, nil
	}
	return fullPower, found(uint64(nodeID), 7)
}

func (*gateway) GetTwin(id uint32) (Twin, error) {
	if id == 0 {
		return Twin{}, nil
	}
	return fullTwin, found(uint64(id), 9)
}

func (*gateway) GetTwinByPubKey(pk []byte) (uint32, SubstrateError) {
	if err := peer.Expect(pk, publicKey); err != nil {
		return 0, SubstrateError{Err: err, Code: codeNotFound}
	}
	return 9, SubstrateError{}
}

func (*gateway) Report(reported []NruConsumption) (Hash, error) {
	if len(reported) == 0 {
		return Hash{}, errChain
	}
	return hash, peer.Expect(reported, consumptions)
}

func (*gateway) SetContractConsumption(used ...ContractResources) error {
	if len(used) == 0 {
		return errChain
	}
	return peer.Expect(used, resources)
}

func (*gateway) SetNodePowerState(up bool) (Hash, error) {
	if !up {
		return Hash{}, errChain
	}
	return hash, nil
}

func (*gateway) UpdateNode(node Node) (uint32, error) {
	if node.ID == 0 {
		return 0, errChain
	}
	return uint32(node.ID), peer.Expect(node, fullNode)
}

func (*gateway) UpdateNodeUptimeV2(uptime uint64, timestampHint uint64) (Hash, error) {
	if uptime == 0 {
		return Hash{}, errChain
	}
	return hash, peer.Expect([]uint64{uptime, timestampHint}, []uint64{1<<64 - 1, 1709210096})
}

func (g *gateway) GetTime() (time.Time, error) {
	switch g.turns.Take("GetTime") {
	case 1:
		return chainTime, nil
	case 2:
		return time.Time{}, nil
	default:
		return time.Time{}, errChain
	}
}

func (g *gateway) GetZosVersion() (string, error) {
	if g.turns.Take("GetZosVersion") == 1 {
		return "3.12.0", nil
	}
	return "", errChain
}

// Converse calls every method.
func Converse(s *peer.Session) {
	chain := s.Object(module, objectID)
	chain.CallThrowing("UpdateSubstrateGatewayConnection", zbus.Loader{}, Manager(nil))
	chain.CallThrowing("UpdateSubstrateGatewayConnection", zbus.Loader{}, Manager(&connections{urls: []string{"wss://a.example"}, next: 1}))
	for _, node := range []Node{fullNode, {}} {
		chain.CallThrowing("CreateNode", zbus.Loader{new(uint32)}, node)
		chain.CallThrowing("UpdateNode", zbus.Loader{new(uint32)}, node)
	}
	chain.CallThrowing("CreateNode", zbus.Loader{new(uint32)}, Node{ID: 1})
	chain.CallThrowing("CreateTwin", zbus.Loader{new(uint32)}, "relay.example", publicKey)
	chain.CallThrowing("CreateTwin", zbus.Loader{new(uint32)}, "", []byte(nil))
	chain.CallThrowing("EnsureAccount", zbus.Loader{new(AccountInfo)}, []string{"https://a.example", "https://b.example"}, "link", "hash")
	for _, link := range []string{"zero", ""} {
		chain.CallThrowing("EnsureAccount", zbus.Loader{new(AccountInfo)}, []string(nil), link, "")
	}
	for _, id := range []uint64{12, 0, 1} {
		chain.Call("GetContract", zbus.Loader{new(Contract), new(SubstrateError)}, id)
	}
	for _, name := range []string{"example", ""} {
		chain.Call("GetContractIDByNameRegistration", zbus.Loader{new(uint64), new(SubstrateError)}, name)
	}
	for _, id := range []uint32{8, 0, 1} {
		chain.CallThrowing("GetFarm", zbus.Loader{new(Farm)}, id)
		chain.CallThrowing("GetNodes", zbus.Loader{new([]uint32)}, id)
	}
	for _, id := range []uint32{7, 0, 1} {
		chain.CallThrowing("GetNode", zbus.Loader{new(Node)}, id)
		chain.CallThrowing("GetNodeContracts", zbus.Loader{new([]U64)}, id)
		chain.Call("GetNodeRentContract", zbus.Loader{new(uint64), new(SubstrateError)}, id)
		chain.CallThrowing("GetPowerTarget", zbus.Loader{new(NodePower)}, id)
	}
	for _, id := range []uint32{9, 0, 1} {
		chain.CallThrowing("GetTwin", zbus.Loader{new(Twin)}, id)
		chain.Call("GetNodeByTwinID", zbus.Loader{new(uint32), new(SubstrateError)}, id)
	}
	for _, pk := range [][]byte{publicKey, nil} {
		chain.Call("GetTwinByPubKey", zbus.Loader{new(uint32), new(SubstrateError)}, pk)
	}
	for _, reported := range [][]NruConsumption{consumptions, nil} {
		chain.CallThrowing("Report", zbus.Loader{new(Hash)}, reported)
	}
	// A stub passes the arguments of a variadic tail one by one.
	chain.CallThrowing("SetContractConsumption", zbus.Loader{}, resources[0], resources[1])
	chain.CallThrowing("SetContractConsumption", zbus.Loader{})
	for _, up := range []bool{true, false} {
		chain.CallThrowing("SetNodePowerState", zbus.Loader{new(Hash)}, up)
	}
	chain.CallThrowing("UpdateNodeUptimeV2", zbus.Loader{new(Hash)}, uint64(1<<64-1), uint64(1709210096))
	chain.CallThrowing("UpdateNodeUptimeV2", zbus.Loader{new(Hash)}, uint64(0), uint64(0))
	for turn := 1; turn <= 3; turn++ {
		chain.CallThrowing("GetTime", zbus.Loader{new(time.Time)})
	}
	for turn := 1; turn <= 2; turn++ {
		chain.CallThrowing("GetZosVersion", zbus.Loader{new(string)})
	}
}
