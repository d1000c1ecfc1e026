// Package identity is the module of a node's keys and of its version.
package identity

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"github.com/threefoldtech/zbus"
	"zbus.test/zos/peer"
)

// The types of the interface, in its own words; Version and PRVersion are structs of the library of versions.
type (
	StrIdentifier string
	Address       string
	FarmID        uint32

	PRVersion struct {
		VersionStr string
		VersionNum uint64
		IsNum      bool
	}

	Version struct {
		Major uint64
		Minor uint64
		Patch uint64
		Pre   []PRVersion
		Build []string
	}
)

const module = "identityd"

var (
	managerID = zbus.ObjectID{Name: "manager", Version: "0.0.1"}
	monitorID = zbus.ObjectID{Name: "monitor", Version: "0.0.1"}

	version = Version{
		Major: 3,
		Minor: 12,
		Patch: 1<<64 - 1,
		Pre:   []PRVersion{{VersionStr: "rc"}, {VersionNum: 2, IsNum: true}},
		Build: []string{"abc", "1"},
	}

	message   = []byte{0, 1, 254, 255}
	publicKey = []byte("public")
	result    = []byte{200, 0, 201}
)

type manager struct {
	turns peer.Turns
}

func (m *manager) first(method string) error {
	if m.turns.Take(method) == 1 {
		return nil
	}
	return fmt.Errorf("no more %s", method)
}

func (m *manager) StoreKind() string {
	if m.first("StoreKind") == nil {
		return "tpm"
	}
	return ""
}

func (*manager) NodeID() StrIdentifier { return "5Gn" }

func (m *manager) Address() (Address, error) { return "5GrwvaEF", m.first("Address") }

func (m *manager) FarmID() (FarmID, error) { return 1<<32 - 1, m.first("FarmID") }

func (m *manager) Farm() (string, error) { return "Freefarm", m.first("Farm") }

func (m *manager) FarmSecret() (string, error) { return "sécret", m.first("FarmSecret") }

// answer is the result for the message, nil for none, and an error for any other.
func answer(got []byte) ([]byte, error) {
	if len(got) == 0 {
		return nil, nil
	}
	if !bytes.Equal(got, message) {
		return nil, errors.New("another message")
	}
	return result, nil
}

func answerTo(got, key []byte) ([]byte, error) {
	if len(key) == 0 {
		return nil, errors.New("no key")
	}
	if err := peer.Expect(key, publicKey); err != nil {
		return nil, err
	}
	return answer(got)
}

func (*manager) Sign(message []byte) ([]byte, error) { return answer(message) }

func (*manager) Verify(message []byte, sig []byte) error {
	_, err := answerTo(message, sig)
	return err
}

func (*manager) Encrypt(message []byte) ([]byte, error) { return answer(message) }

func (*manager) Decrypt(message []byte) ([]byte, error) { return answer(message) }

func (*manager) EncryptECDH(msg []byte, publicKey []byte) ([]byte, error) {
	return answerTo(msg, publicKey)
}

func (*manager) DecryptECDH(msg []byte, publicKey []byte) ([]byte, error) {
	return answerTo(msg, publicKey)
}

func (m *manager) PrivateKey() []byte {
	if m.first("PrivateKey") == nil {
		return result
	}
	return nil
}

type monitor struct {
	turns peer.Turns
}

func (m *monitor) GetVersion() Version {
	if m.turns.Take("GetVersion") == 1 {
		return version
	}
	return Version{}
}

func (*monitor) Version(ctx context.Context) <-chan Version {
	events := make(chan Version)
	go peer.Repeat(ctx, func() { events <- version })
	return events
}

// Module serves both objects.
func Module() peer.Module {
	return peer.Module{Name: module, Objects: map[zbus.ObjectID]interface{}{managerID: &manager{}, monitorID: &monitor{}}}
}

// Converse calls every method and listens to the stream.
func Converse(s *peer.Session) {
	keys := s.Object(module, managerID)
	for turn := 1; turn <= 2; turn++ {
		keys.Call("StoreKind", zbus.Loader{new(string)})
		keys.Call("NodeID", zbus.Loader{new(StrIdentifier)})
		keys.CallThrowing("Address", zbus.Loader{new(Address)})
		keys.CallThrowing("FarmID", zbus.Loader{new(FarmID)})
		keys.CallThrowing("Farm", zbus.Loader{new(string)})
		keys.CallThrowing("FarmSecret", zbus.Loader{new(string)})
		keys.Call("PrivateKey", zbus.Loader{new([]byte)})
	}
	for _, method := range []string{"Sign", "Encrypt", "Decrypt"} {
		keys.CallThrowing(method, zbus.Loader{new([]byte)}, message)
		keys.CallThrowing(method, zbus.Loader{new([]byte)}, []byte(nil))
		keys.CallThrowing(method, zbus.Loader{new([]byte)}, publicKey)
	}
	for _, method := range []string{"EncryptECDH", "DecryptECDH"} {
		keys.CallThrowing(method, zbus.Loader{new([]byte)}, message, publicKey)
		keys.CallThrowing(method, zbus.Loader{new([]byte)}, message, []byte(nil))
	}
	keys.CallThrowing("Verify", zbus.Loader{}, message, publicKey)
	keys.CallThrowing("Verify", zbus.Loader{}, message, []byte(nil))

	versions := s.Object(module, monitorID)
	versions.Call("GetVersion", zbus.Loader{new(Version)})
	versions.Call("GetVersion", zbus.Loader{new(Version)})
	versions.Event("Version", new(Version))
}
