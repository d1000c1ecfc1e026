// Package vmd is the module of virtual machines.
package vmd

import "net"

// The types of the interface, in its own words.
type (
	Unit       uint64
	NetID      string
	KernelArgs map[string]string
	BootType   uint8

	Route struct {
		Net     net.IPNet
		Gateway net.IP
	}

	VMIface struct {
		Tap               string
		MAC               string
		IPs               []net.IPNet
		Routes            []Route
		IP4DefaultGateway net.IP
		IP6DefaultGateway net.IP
		PublicIPv4        bool
		PublicIPv6        bool
		NetID             NetID
	}

	VMNetworkInfo struct {
		Ifaces      []VMIface
		Nameservers []net.IP
	}

	VMDisk struct {
		Path   string
		Target string
	}

	SharedDir struct {
		ID     string
		Path   string
		Target string
	}

	Boot struct {
		Type BootType
		Path string
	}

	VM struct {
		Name        string
		CPU         uint8
		Memory      Unit
		Network     VMNetworkInfo
		KernelImage string
		InitrdImage string
		KernelArgs  KernelArgs
		Entrypoint  string
		Disks       []VMDisk
		Shared      []SharedDir
		Boot        Boot
		Environment map[string]string
		NoKeepAlive bool
		Hostname    string
		Devices     []string
	}

	MachineInfo struct {
		ConsoleURL string
	}

	VMInfo struct {
		HtEnabled bool
		Memory    int64
		CPU       int64
	}

	NetMetric struct {
		NetRxPackets uint64
		NetRxBytes   uint64
		NetTxPackets uint64
		NetTxBytes   uint64
	}

	MachineMetric struct {
		Private NetMetric
		Public  NetMetric
	}

	MachineMetrics map[string]MachineMetric

	Stream struct {
		ID        string
		Namespace string
		Output    string
	}
)
