// Package web is the module of the web gateway.
package web

import (
	"errors"
	"fmt"

	"github.com/threefoldtech/zbus"
	"zbus.test/zos/peer"
)

// The types of the interface, in its own words.
type (
	Backend string
	Name    string

	GatewayBase struct {
		TLSPassthrough bool
		Backends       []Backend
		Network        *Name
	}

	GatewayNameProxy struct {
		GatewayBase
		Name string
	}

	GatewayFQDNProxy struct {
		GatewayBase
		FQDN string
	}

	GatewayMetrics struct {
		Request  map[string]float64
		Response map[string]float64
	}
)

const module = "gateway"

var (
	objectID = zbus.ObjectID{Name: "manager", Version: "0.0.1"}
	network  = Name("net1")
	empty    = Name("")

	fullName = GatewayNameProxy{
		GatewayBase: GatewayBase{TLSPassthrough: true, Backends: []Backend{"http://10.0.0.2:80", ""}, Network: &network},
		Name:        "example",
	}
	// A pointer to an empty text is not nil.
	fullFQDN = GatewayFQDNProxy{
		GatewayBase: GatewayBase{TLSPassthrough: true, Backends: []Backend{"http://[fe80::1]:80"}, Network: &empty},
		FQDN:        "www.example.org",
	}
	// What a caller's zero values arrive as: lists are empty, pointers are nil.
	zeroName = GatewayNameProxy{GatewayBase: GatewayBase{Backends: []Backend{}}}
	zeroFQDN = GatewayFQDNProxy{GatewayBase: GatewayBase{Backends: []Backend{}}}
)

type manager struct {
	turns peer.Turns
}

// Module serves the web gateway.
func Module() peer.Module {
	return peer.Module{Name: module, Objects: map[zbus.ObjectID]interface{}{objectID: &manager{}}}
}

func unknown(wlID string) error { return fmt.Errorf("no workload %q", wlID) }

func (*manager) SetNamedProxy(wlID string, config GatewayNameProxy) (string, error) {
	switch wlID {
	case "full":
		return "example.gent01", peer.Expect(config, fullName)
	case "zero":
		return "", peer.Expect(config, zeroName)
	default:
		return "", unknown(wlID)
	}
}

func (*manager) SetFQDNProxy(wlID string, config GatewayFQDNProxy) error {
	switch wlID {
	case "full":
		return peer.Expect(config, fullFQDN)
	case "zero":
		return peer.Expect(config, zeroFQDN)
	default:
		return unknown(wlID)
	}
}

func (*manager) DeleteNamedProxy(wlID string) error {
	if wlID != "full" {
		return unknown(wlID)
	}
	return nil
}

func (m *manager) Metrics() (GatewayMetrics, error) {
	switch m.turns.Take("Metrics") {
	case 1:
		return GatewayMetrics{Request: map[string]float64{"a": 0.5, "b": -1e300}, Response: map[string]float64{"": 0}}, nil
	case 2:
		return GatewayMetrics{}, nil
	default:
		return GatewayMetrics{}, errors.New("metrics are lost")
	}
}

// Converse calls every method.
func Converse(s *peer.Session) {
	proxies := s.Object(module, objectID)
	proxies.CallThrowing("SetNamedProxy", zbus.Loader{new(string)}, "full", fullName)
	proxies.CallThrowing("SetNamedProxy", zbus.Loader{new(string)}, "zero", GatewayNameProxy{})
	proxies.CallThrowing("SetNamedProxy", zbus.Loader{new(string)}, "none", fullName)
	proxies.CallThrowing("SetFQDNProxy", zbus.Loader{}, "full", fullFQDN)
	proxies.CallThrowing("SetFQDNProxy", zbus.Loader{}, "zero", GatewayFQDNProxy{})
	proxies.CallThrowing("SetFQDNProxy", zbus.Loader{}, "none", fullFQDN)
	proxies.CallThrowing("DeleteNamedProxy", zbus.Loader{}, "full")
	proxies.CallThrowing("DeleteNamedProxy", zbus.Loader{}, "none")
	for turn := 1; turn <= 3; turn++ {
		proxies.CallThrowing("Metrics", zbus.Loader{new(GatewayMetrics)})
	}
}
