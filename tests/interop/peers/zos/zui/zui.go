// Package zui is the module of a node's console.
package zui

import (
	"errors"

	"github.com/threefoldtech/zbus"
	"zbus.test/zos/peer"
)

const module = "zui"

var (
	objectID = zbus.ObjectID{Name: "zui", Version: "0.0.1"}
	pushed   = []string{"disk is full", ""}
)

type zui struct{}

// Module serves the console.
func Module() peer.Module {
	return peer.Module{Name: module, Objects: map[zbus.ObjectID]interface{}{objectID: zui{}}}
}

func (zui) PushErrors(label string, errs []string) error {
	switch label {
	case "full":
		return peer.Expect(errs, pushed)
	case "zero":
		return peer.Expect(errs, []string{})
	default:
		return errors.New("no label")
	}
}

// Converse calls the method.
func Converse(s *peer.Session) {
	console := s.Object(module, objectID)
	console.CallThrowing("PushErrors", zbus.Loader{}, "full", pushed)
	console.CallThrowing("PushErrors", zbus.Loader{}, "zero", []string(nil))
	console.CallThrowing("PushErrors", zbus.Loader{}, "", pushed)
}
