// Package flist is the module of mounts.
package flist

import (
	"errors"
	"fmt"

	"github.com/threefoldtech/zbus"
	"zbus.test/zos/peer"
)

// The types of the interface, in its own words.
type (
	Unit uint64

	MountOptions struct {
		ReadOnly        bool
		Limit           Unit
		Storage         string
		PersistedVolume string
	}
)

const module = "flist"

var (
	objectID    = zbus.ObjectID{Name: "flist", Version: "0.0.1"}
	fullOptions = MountOptions{ReadOnly: true, Limit: 1<<64 - 1, Storage: "zdb://hub", PersistedVolume: "/mnt/v"}
)

type flister struct{}

// Module serves the mounts.
func Module() peer.Module {
	return peer.Module{Name: module, Objects: map[zbus.ObjectID]interface{}{objectID: flister{}}}
}

func known(name string) error {
	if name != "f1" {
		return fmt.Errorf("no mount %q", name)
	}
	return nil
}

func (flister) Mount(name, url string, opt MountOptions) (path string, err error) {
	switch name {
	case "f1":
		return "/mnt/f1", peer.Expect([]interface{}{url, opt}, []interface{}{"https://hub/f1.flist", fullOptions})
	case "zero":
		return "", peer.Expect([]interface{}{url, opt}, []interface{}{"", MountOptions{}})
	default:
		return "", known(name)
	}
}

func (flister) UpdateMountSize(name string, limit Unit) (path string, err error) {
	if limit != 1<<63 {
		return "", errors.New("bad limit")
	}
	return "/mnt/f1", known(name)
}

func (flister) Unmount(name string) error { return known(name) }

func (flister) HashFromRootPath(name string) (string, error) { return "h1", known(name) }

func (flister) FlistHash(url string) (string, error) { return "h2", known(url) }

func (flister) Exists(name string) (bool, error) { return name == "f1", known(name) }

// Converse calls every method.
func Converse(s *peer.Session) {
	mounts := s.Object(module, objectID)
	mounts.CallThrowing("Mount", zbus.Loader{new(string)}, "f1", "https://hub/f1.flist", fullOptions)
	mounts.CallThrowing("Mount", zbus.Loader{new(string)}, "zero", "", MountOptions{})
	mounts.CallThrowing("Mount", zbus.Loader{new(string)}, "none", "", MountOptions{})
	mounts.CallThrowing("UpdateMountSize", zbus.Loader{new(string)}, "f1", Unit(1<<63))
	mounts.CallThrowing("UpdateMountSize", zbus.Loader{new(string)}, "f1", Unit(0))
	for _, name := range []string{"f1", "none"} {
		mounts.CallThrowing("Unmount", zbus.Loader{}, name)
		mounts.CallThrowing("HashFromRootPath", zbus.Loader{new(string)}, name)
		mounts.CallThrowing("FlistHash", zbus.Loader{new(string)}, name)
		mounts.CallThrowing("Exists", zbus.Loader{new(bool)}, name)
	}
}
