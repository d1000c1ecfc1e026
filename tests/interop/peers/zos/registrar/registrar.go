// Package registrar is the module of a node's registration.
package registrar

import (
	"errors"

	"github.com/threefoldtech/zbus"
	"zbus.test/zos/peer"
)

const module = "registrar"

var objectID = zbus.ObjectID{Name: "registrar", Version: "0.0.1"}

type registrar struct {
	turns peer.Turns
}

// Module serves the registration.
func Module() peer.Module {
	return peer.Module{Name: module, Objects: map[zbus.ObjectID]interface{}{objectID: &registrar{}}}
}

func (r *registrar) NodeID() (uint32, error) {
	if r.turns.Take("NodeID") == 1 {
		return 7, nil
	}
	return 0, errors.New("not registered")
}

func (r *registrar) TwinID() (uint32, error) {
	if r.turns.Take("TwinID") == 1 {
		return 9, nil
	}
	return 0, errors.New("not registered")
}

// Converse calls every method.
func Converse(s *peer.Session) {
	registrar := s.Object(module, objectID)
	for turn := 1; turn <= 2; turn++ {
		registrar.CallThrowing("NodeID", zbus.Loader{new(uint32)})
		registrar.CallThrowing("TwinID", zbus.Loader{new(uint32)})
	}
}
