package node

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/threefoldtech/zbus"
	"zbus.test/zos/peer"
)

const module = "node"

var (
	systemID      = zbus.ObjectID{Name: "system", Version: "0.0.1"}
	hostID        = zbus.ObjectID{Name: "host", Version: "0.0.1"}
	performanceID = zbus.ObjectID{Name: "performance-monitor", Version: "0.0.1"}

	// 2024-02-29T12:34:56.789Z
	measured = time.Unix(1709210096, 789000000)

	memory = VirtualMemoryStat{
		Total: 1<<64 - 1, Available: 2, Used: 3, UsedPercent: 12.5, Free: 5, Active: 6, Inactive: 7, Wired: 8,
		Laundry: 9, Buffers: 10, Cached: 11, Writeback: 12, Dirty: 13, WritebackTmp: 14, Shared: 15, Slab: 16,
		SReclaimable: 17, SUnreclaim: 18, PageTables: 19, SwapCached: 20, CommitLimit: 21, CommittedAS: 22,
		HighTotal: 23, HighFree: 24, LowTotal: 25, LowFree: 26, SwapTotal: 27, SwapFree: 28, Mapped: 29,
		VMallocTotal: 30, VMallocUsed: 31, VMallocChunk: 32, HugePagesTotal: 33, HugePagesFree: 34,
		HugePageSize: 35,
	}

	times = TimesStat{
		CPUTimes: CPUTimes{
			CPU: "cpu-total", User: 1.5, System: 2.5, Idle: 3.5, Nice: 4.5, Iowait: 5.5, Irq: 6.5, Softirq: 7.5,
			Steal: 8.5, Guest: 9.5, GuestNice: 10.5,
		},
		Percent: 99.5,
		Time:    measured,
	}

	disks = DisksIOCountersStat{
		"sda": {
			DiskCounters: DiskCounters{
				ReadCount: 1, MergedReadCount: 2, WriteCount: 3, MergedWriteCount: 4, ReadBytes: 5, WriteBytes: 6,
				ReadTime: 7, WriteTime: 8, IopsInProgress: 9, IoTime: 10, WeightedIO: 11, Name: "sda",
				SerialNumber: "S-1", Label: "root",
			},
			Time: measured,
		},
		"sdb": {},
	}

	nics = NicsIOCounterStat{
		{
			NicCounters: NicCounters{
				Name: "eth0", BytesSent: 1, BytesRecv: 2, PacketsSent: 3, PacketsRecv: 4, Errin: 5, Errout: 6,
				Dropin: 7, Dropout: 8, Fifoin: 9, Fifoout: 10,
			},
			RateOut: 11,
			RateIn:  12,
		},
		{},
	}

	uptime = 49*time.Hour + time.Nanosecond

	results = []TaskResult{
		{
			Name:        "iperf",
			Description: "bandwidth",
			Timestamp:   1709210096,
			Result: []interface{}{
				// One key a map, since their order on the wire is random.
				map[string]interface{}{"upload": 1.5},
				nil,
				true,
				"10.0.0.1",
				int64(-7),
				uint64(1<<64 - 1),
				[]byte{0, 255},
			},
		},
		{Name: "health", Result: map[string]interface{}{}},
		{},
	}
)

type system struct {
	turns peer.Turns
}

func (s *system) NodeID() uint32 {
	if s.turns.Take("NodeID") == 1 {
		return 1<<32 - 1
	}
	return 0
}

func (s *system) GetNodeFeatures() []NodeFeature {
	if s.turns.Take("GetNodeFeatures") == 1 {
		return []NodeFeature{"zmount", "zdb"}
	}
	return nil
}

func (*system) Memory(ctx context.Context) <-chan VirtualMemoryStat {
	events := make(chan VirtualMemoryStat)
	go peer.Repeat(ctx, func() { events <- memory })
	return events
}

func (*system) CPU(ctx context.Context) <-chan TimesStat {
	events := make(chan TimesStat)
	go peer.Repeat(ctx, func() { events <- times })
	return events
}

func (*system) Disks(ctx context.Context) <-chan DisksIOCountersStat {
	events := make(chan DisksIOCountersStat)
	go peer.Repeat(ctx, func() { events <- disks })
	return events
}

func (*system) Nics(ctx context.Context) <-chan NicsIOCounterStat {
	events := make(chan NicsIOCounterStat)
	go peer.Repeat(ctx, func() { events <- nics })
	return events
}

type host struct{}

func (host) Uptime(ctx context.Context) <-chan time.Duration {
	events := make(chan time.Duration)
	go peer.Repeat(ctx, func() { events <- uptime })
	return events
}

type performance struct {
	turns peer.Turns
}

func (*performance) Get(taskName string) (TaskResult, error) {
	for _, result := range results {
		if result.Name == taskName {
			return result, nil
		}
	}
	return TaskResult{}, fmt.Errorf("no task %q", taskName)
}

func (p *performance) GetAll() ([]TaskResult, error) {
	switch p.turns.Take("GetAll") {
	case 1:
		return results, nil
	case 2:
		return nil, nil
	default:
		return nil, errors.New("results are lost")
	}
}

// Module serves the three monitors.
func Module() peer.Module {
	return peer.Module{Name: module, Objects: map[zbus.ObjectID]interface{}{
		systemID:      &system{},
		hostID:        host{},
		performanceID: &performance{},
	}}
}

// Converse calls every method and listens to every stream.
func Converse(s *peer.Session) {
	system := s.Object(module, systemID)
	for turn := 1; turn <= 2; turn++ {
		system.Call("NodeID", zbus.Loader{new(uint32)})
		system.Call("GetNodeFeatures", zbus.Loader{new([]NodeFeature)})
	}
	system.Event("Memory", new(VirtualMemoryStat))
	system.Event("CPU", new(TimesStat))
	system.Event("Disks", new(DisksIOCountersStat))
	system.Event("Nics", new(NicsIOCounterStat))
	s.Object(module, hostID).Event("Uptime", new(time.Duration))

	performance := s.Object(module, performanceID)
	for _, name := range []string{"iperf", "health", "", "none"} {
		performance.CallThrowing("Get", zbus.Loader{new(TaskResult)}, name)
	}
	for turn := 1; turn <= 3; turn++ {
		performance.CallThrowing("GetAll", zbus.Loader{new([]TaskResult)})
	}
}
