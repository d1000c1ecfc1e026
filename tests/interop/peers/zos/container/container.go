// Package container is the module of containers.
package container

import (
	"errors"
	"fmt"
	"time"

	"github.com/threefoldtech/zbus"
	"zbus.test/zos/peer"
)

// The types of the interface, in its own words.
type (
	Unit              uint64
	ContainerID       string
	RootFSPropagation string

	NetworkInfo struct {
		Namespace string
	}

	MountInfo struct {
		Source string
		Target string
	}

	LogsRedis struct {
		Stdout string
		Stderr string
	}

	Logs struct {
		Type string
		Data LogsRedis
	}

	Stats struct {
		Type     string
		Endpoint string
	}

	Container struct {
		Name              string
		RootFS            string
		Env               []string
		WorkingDir        string
		Network           NetworkInfo
		Mounts            []MountInfo
		Entrypoint        string
		Interactive       bool
		CPU               uint
		Memory            Unit
		Logs              []Logs
		Stats             []Stats
		Elevated          bool
		CreatedAt         time.Time
		RootFsPropagation RootFSPropagation
		ShutdownTimeout   time.Duration
	}
)

const module = "container"

var objectID = zbus.ObjectID{Name: "container", Version: "0.0.1"}

// fullContainer has a value in every field.
var fullContainer = Container{
	Name:        "c1",
	RootFS:      "/mnt/c1",
	Env:         []string{"A=1", "B="},
	WorkingDir:  "/work",
	Network:     NetworkInfo{Namespace: "ns-c1"},
	Mounts:      []MountInfo{{Source: "/srv", Target: "/data"}},
	Entrypoint:  "/bin/sh -c 'true'",
	Interactive: true,
	CPU:         1<<64 - 1,
	Memory:      512 << 20,
	Logs:        []Logs{{Type: "redis", Data: LogsRedis{Stdout: "redis://out", Stderr: "redis://err"}}, {}},
	Stats:       []Stats{{Type: "redis", Endpoint: "redis://stats"}},
	Elevated:    true,
	// 2024-02-29T12:34:56.789012345Z
	CreatedAt:         time.Unix(1709210096, 789012345),
	RootFsPropagation: "shared",
	ShutdownTimeout:   -1500 * time.Millisecond,
}

// zeroContainer is what a caller's zero value arrives as: its lists are empty, not nil.
var zeroContainer = Container{
	Env:    []string{},
	Mounts: []MountInfo{},
	Logs:   []Logs{},
	Stats:  []Stats{},
}

type server struct {
	turns peer.Turns
}

// Module serves the containers.
func Module() peer.Module {
	return peer.Module{Name: module, Objects: map[zbus.ObjectID]interface{}{objectID: &server{}}}
}

func known(ns string, id ContainerID) error {
	if ns != "ns" {
		return fmt.Errorf("no namespace %q", ns)
	}
	if id != "c1" {
		return fmt.Errorf("no container %q", id)
	}
	return nil
}

func (*server) Run(ns string, data Container) (ContainerID, error) {
	switch ns {
	case "ns":
		return "c1", peer.Expect(data, fullContainer)
	case "zero":
		return "", peer.Expect(data, zeroContainer)
	default:
		return "", known(ns, "c1")
	}
}

func (*server) Exec(ns string, containerID string, timeout time.Duration, args ...string) error {
	switch containerID {
	case "c1":
		return peer.Expect([]interface{}{ns, timeout, args}, []interface{}{"ns", 90 * time.Second, []string{"ls", "-l", ""}})
	case "none":
		return peer.Expect([]interface{}{ns, timeout, args}, []interface{}{"ns", -time.Nanosecond, []string{}})
	default:
		return known(ns, ContainerID(containerID))
	}
}

func (s *server) ListNS() ([]string, error) {
	switch s.turns.Take("ListNS") {
	case 1:
		return []string{"ns", "other"}, nil
	case 2:
		return nil, nil
	default:
		return nil, errors.New("namespaces are lost")
	}
}

func (*server) List(ns string) ([]ContainerID, error) {
	if ns == "zero" {
		return nil, nil
	}
	return []ContainerID{"c1", "c2"}, known(ns, "c1")
}

func (*server) Inspect(ns string, id ContainerID) (Container, error) {
	if id == "zero" {
		return Container{}, nil
	}
	return fullContainer, known(ns, id)
}

func (*server) SignalDelete(ns string, id ContainerID) error { return known(ns, id) }

func (*server) Delete(ns string, id ContainerID) error { return known(ns, id) }

func (*server) Logs(ns string, containerID string) (logs string, err error) {
	return "out\nerr", known(ns, ContainerID(containerID))
}

// Converse calls every method.
func Converse(s *peer.Session) {
	containers := s.Object(module, objectID)
	containers.CallThrowing("Run", zbus.Loader{new(ContainerID)}, "ns", fullContainer)
	containers.CallThrowing("Run", zbus.Loader{new(ContainerID)}, "zero", Container{})
	containers.CallThrowing("Run", zbus.Loader{new(ContainerID)}, "bad", Container{})
	// A stub passes the arguments of a variadic tail one by one.
	containers.CallThrowing("Exec", zbus.Loader{}, "ns", "c1", 90*time.Second, "ls", "-l", "")
	containers.CallThrowing("Exec", zbus.Loader{}, "ns", "none", -time.Nanosecond)
	containers.CallThrowing("Exec", zbus.Loader{}, "bad", "bad", time.Duration(0), "true")
	for turn := 1; turn <= 3; turn++ {
		containers.CallThrowing("ListNS", zbus.Loader{new([]string)})
	}
	for _, ns := range []string{"ns", "zero", "bad"} {
		containers.CallThrowing("List", zbus.Loader{new([]ContainerID)}, ns)
	}
	for _, id := range []ContainerID{"c1", "zero", "bad"} {
		containers.CallThrowing("Inspect", zbus.Loader{new(Container)}, "ns", id)
	}
	for _, id := range []ContainerID{"c1", "bad"} {
		containers.CallThrowing("SignalDelete", zbus.Loader{}, "ns", id)
		containers.CallThrowing("Delete", zbus.Loader{}, "ns", id)
		containers.CallThrowing("Logs", zbus.Loader{new(string)}, "ns", string(id))
	}
}
