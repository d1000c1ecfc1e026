package gateway

import "math/big"

// Basic types of the chain's library, in its shape as far as the wire can see it.
type (
	U32 uint32
	U64 uint64

	// U128 embeds a number whose fields are private.
	U128 struct {
		*big.Int
	}

	Hash [32]byte

	option struct {
		hasValue bool
	}

	OptionU32 struct {
		option
		value U32
	}

	OptionU64 struct {
		option
		value U64
	}

	OptionBytes struct {
		option
		value []byte
	}
)

// Manager is an interface with methods, so nothing can be decoded into it.
type Manager interface {
	Raw() error
}

// connections is what a caller passes as a Manager: a pointer to a struct whose fields are private.
type connections struct {
	urls []string
	next int
}

func (*connections) Raw() error { return nil }

// Types of the chain's client.
type (
	AccountID   [32]byte
	HexHash     [32]byte
	BlockNumber U32

	Versioned struct {
		Version uint32
	}

	Resources struct {
		HRU U64
		SRU U64
		CRU U64
		MRU U64
	}

	Location struct {
		City      string
		Country   string
		Latitude  string
		Longitude string
	}

	IP struct {
		IP string
		GW string
	}

	OptionIP struct {
		HasValue bool
		AsValue  IP
	}

	OptionDomain struct {
		HasValue bool
		AsValue  string
	}

	PublicConfig struct {
		IP4    IP
		IP6    OptionIP
		Domain OptionDomain
	}

	OptionPublicConfig struct {
		HasValue bool
		AsValue  PublicConfig
	}

	Interface struct {
		Name string
		Mac  string
		IPs  []string
	}

	NodeCertification struct {
		IsDiy       bool
		IsCertified bool
	}

	OptionBoardSerial struct {
		HasValue bool
		AsValue  string
	}

	Node struct {
		Versioned
		ID              U32
		FarmID          U32
		TwinID          U32
		Resources       Resources
		Location        Location
		PublicConfig    OptionPublicConfig
		Created         U64
		FarmingPolicy   U32
		Interfaces      []Interface
		Certification   NodeCertification
		SecureBoot      bool
		Virtualized     bool
		BoardSerial     OptionBoardSerial
		ConnectionPrice U32
	}

	Balance struct {
		Free       U128
		Reserved   U128
		MiscFrozen U128
		FreeFrozen U128
	}

	AccountInfo struct {
		Nonce       U32
		Consumers   U32
		Providers   U32
		Sufficients U32
		Data        Balance
	}

	DeletedState struct {
		IsCanceledByUser       bool
		IsOutOfFunds           bool
		IsCanceledByCollective bool
	}

	ContractState struct {
		IsCreated                bool
		IsDeleted                bool
		AsDeleted                DeletedState
		IsGracePeriod            bool
		AsGracePeriodBlockNumber U64
	}

	PublicIP struct {
		IP         string
		Gateway    string
		ContractID U64
	}

	NodeContract struct {
		Node           U32
		DeploymentHash HexHash
		DeploymentData string
		PublicIPsCount U32
		PublicIPs      []PublicIP
	}

	NameContract struct {
		Name string
	}

	RentContract struct {
		Node U32
	}

	ContractType struct {
		IsNodeContract bool
		NodeContract   NodeContract
		IsNameContract bool
		NameContract   NameContract
		IsRentContract bool
		RentContract   RentContract
	}

	Contract struct {
		Versioned
		State              ContractState
		ContractID         U64
		TwinID             U32
		ContractType       ContractType
		SolutionProviderID OptionU64
	}

	FarmCertification struct {
		IsNotCertified bool
		IsGold         bool
	}

	FarmingPolicyLimit struct {
		FarmingPolicyID   U32
		Cu                OptionU64
		Su                OptionU64
		End               OptionU64
		NodeCount         OptionU32
		NodeCertification bool
	}

	OptionFarmingPolicyLimit struct {
		HasValue bool
		AsValue  FarmingPolicyLimit
	}

	Farm struct {
		Versioned
		ID                   U32
		Name                 string
		TwinID               U32
		PricingPolicyID      U32
		CertificationType    FarmCertification
		PublicIPs            []PublicIP
		DedicatedFarm        bool
		FarmingPoliciesLimit OptionFarmingPolicyLimit
	}

	PowerState struct {
		IsUp              bool
		IsDown            bool
		AsDownBlockNumber BlockNumber
	}

	Power struct {
		IsUp   bool
		IsDown bool
	}

	NodePower struct {
		State  PowerState
		Target Power
	}

	OptionRelay struct {
		HasValue bool
		AsValue  string
	}

	EntityProof struct {
		EntityID  U32
		Signature string
	}

	Twin struct {
		ID       U32
		Account  AccountID
		Relay    OptionRelay
		Entities []EntityProof
		Pk       OptionBytes
	}

	NruConsumption struct {
		ContractID U64
		Timestamp  U64
		Window     U64
		NRU        U64
	}

	ContractResources struct {
		ContractID U64
		Used       Resources
	}
)
