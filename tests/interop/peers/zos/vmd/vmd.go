package vmd

import (
	"errors"
	"fmt"
	"net"

	"github.com/threefoldtech/zbus"
	"zbus.test/zos/peer"
)

const module = "vmd"

var objectID = zbus.ObjectID{Name: "manager", Version: "0.0.1"}

func ipNet(address string, ones, bits int) net.IPNet {
	ip := net.ParseIP(address)
	if bits == 32 {
		ip = ip.To4()
	}
	return net.IPNet{IP: ip, Mask: net.CIDRMask(ones, bits)}
}

// fullVM has a value in every field; its second interface and second route are zero.
var fullVM = VM{
	Name:   "vm1",
	CPU:    255,
	Memory: 1 << 40,
	Network: VMNetworkInfo{
		Ifaces: []VMIface{
			{
				Tap: "t-vm1",
				MAC: "02:00:00:00:00:01",
				IPs: []net.IPNet{ipNet("10.0.0.2", 24, 32), ipNet("2001:db8::2", 64, 128)},
				Routes: []Route{
					{Net: ipNet("0.0.0.0", 0, 32), Gateway: net.ParseIP("10.0.0.1").To4()},
					{},
					{Net: ipNet("2001:db8:1::", 48, 128), Gateway: net.ParseIP("fe80::1")},
				},
				IP4DefaultGateway: net.ParseIP("10.0.0.1").To4(),
				IP6DefaultGateway: net.ParseIP("fe80::1"),
				PublicIPv4:        true,
				PublicIPv6:        true,
				NetID:             "net1",
			},
			{IPs: []net.IPNet{}, Routes: []Route{}},
		},
		Nameservers: []net.IP{net.ParseIP("1.1.1.1").To4(), net.ParseIP("2606:4700:4700::1111")},
	},
	KernelImage: "/boot/vmlinuz",
	InitrdImage: "/boot/initrd",
	KernelArgs:  KernelArgs{"console": "ttyS0", "quiet": ""},
	Entrypoint:  "/sbin/init",
	Disks:       []VMDisk{{Path: "/dev/vda", Target: "/"}, {Path: "/dev/vdb", Target: "/däta"}},
	Shared:      []SharedDir{{ID: "s1", Path: "/srv", Target: "/mnt"}},
	Boot:        Boot{Type: 1, Path: "/dev/vda"},
	Environment: map[string]string{"HOME": "/root", "LANG": "C.UTF-8"},
	NoKeepAlive: true,
	Hostname:    "vm1.local",
	Devices:     []string{"0000:01:00.0"},
}

// zeroVM is what a caller's zero value arrives as: its lists and maps are empty, not nil.
var zeroVM = VM{
	Name:        "zero",
	Network:     VMNetworkInfo{Ifaces: []VMIface{}, Nameservers: []net.IP{}},
	KernelArgs:  KernelArgs{},
	Disks:       []VMDisk{},
	Shared:      []SharedDir{},
	Environment: map[string]string{},
	Devices:     []string{},
}

var fullStream = Stream{ID: "s1", Namespace: "ns", Output: "redis://127.0.0.1/log"}

type manager struct {
	turns peer.Turns
}

// Module serves the virtual machines.
func Module() peer.Module {
	return peer.Module{Name: module, Objects: map[zbus.ObjectID]interface{}{objectID: &manager{}}}
}

func (*manager) Run(vm VM) (MachineInfo, error) {
	switch vm.Name {
	case "vm1":
		return MachineInfo{ConsoleURL: "10.0.0.2:20001"}, peer.Expect(vm, fullVM)
	case "zero":
		return MachineInfo{}, peer.Expect(vm, zeroVM)
	default:
		// Values travel beside an error.
		return MachineInfo{ConsoleURL: "none"}, fmt.Errorf("vm %q cannot run", vm.Name)
	}
}

func known(name string) error {
	if name != "vm1" {
		return fmt.Errorf("no vm %q", name)
	}
	return nil
}

func (*manager) Inspect(name string) (VMInfo, error) {
	if name == "zero" {
		return VMInfo{}, nil
	}
	return VMInfo{HtEnabled: true, Memory: -1 << 63, CPU: 1<<63 - 1}, known(name)
}

func (*manager) Delete(name string) error { return known(name) }

func (*manager) Exists(name string) bool { return name == "vm1" }

func (*manager) Logs(name string) (string, error) { return "last line", known(name) }

func (*manager) LogsFull(name string) (string, error) { return "first line\nlast line", known(name) }

func (m *manager) List() ([]string, error) {
	switch m.turns.Take("List") {
	case 1:
		return []string{"vm1", "vm2"}, nil
	case 2:
		return nil, nil
	default:
		return nil, errors.New("list is lost")
	}
}

func (m *manager) Metrics() (MachineMetrics, error) {
	switch m.turns.Take("Metrics") {
	case 1:
		return MachineMetrics{
			"vm1": {
				Private: NetMetric{NetRxPackets: 1, NetRxBytes: 2, NetTxPackets: 3, NetTxBytes: 4},
				Public:  NetMetric{NetRxPackets: 5, NetRxBytes: 6, NetTxPackets: 7, NetTxBytes: 1<<64 - 1},
			},
			"vm2": {},
		}, nil
	case 2:
		return nil, nil
	default:
		return nil, errors.New("metrics are lost")
	}
}

func (*manager) Lock(name string, lock bool) error {
	if !lock {
		return errors.New("unlocked")
	}
	return known(name)
}

func (*manager) StreamCreate(name string, stream Stream) error {
	if err := peer.Expect(stream, fullStream); err != nil {
		return err
	}
	return known(name)
}

func (*manager) StreamDelete(id string) error {
	if id != "s1" {
		return fmt.Errorf("no stream %q", id)
	}
	return nil
}

// Converse calls every method.
func Converse(s *peer.Session) {
	vms := s.Object(module, objectID)
	for _, vm := range []VM{fullVM, {Name: "zero"}, {Name: "broken"}} {
		vms.CallThrowing("Run", zbus.Loader{new(MachineInfo)}, vm)
	}
	for _, name := range []string{"vm1", "zero", "none"} {
		vms.CallThrowing("Inspect", zbus.Loader{new(VMInfo)}, name)
	}
	for _, name := range []string{"vm1", "none"} {
		vms.CallThrowing("Delete", zbus.Loader{}, name)
		vms.Call("Exists", zbus.Loader{new(bool)}, name)
		vms.CallThrowing("Logs", zbus.Loader{new(string)}, name)
		vms.CallThrowing("LogsFull", zbus.Loader{new(string)}, name)
	}
	for turn := 1; turn <= 3; turn++ {
		vms.CallThrowing("List", zbus.Loader{new([]string)})
		vms.CallThrowing("Metrics", zbus.Loader{new(MachineMetrics)})
	}
	vms.CallThrowing("Lock", zbus.Loader{}, "vm1", true)
	vms.CallThrowing("Lock", zbus.Loader{}, "vm1", false)
	vms.CallThrowing("StreamCreate", zbus.Loader{}, "vm1", fullStream)
	vms.CallThrowing("StreamCreate", zbus.Loader{}, "none", fullStream)
	vms.CallThrowing("StreamDelete", zbus.Loader{}, "s1")
	vms.CallThrowing("StreamDelete", zbus.Loader{}, "none")
}
