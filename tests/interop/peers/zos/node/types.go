// Package node is the module of what a node measures of itself.
package node

import (
	"time"

	"github.com/shirou/gopsutil/mem"
)

// The types of the interface, in its own words. CPUTimes, DiskCounters and NicCounters have the fields of structs of gopsutil, the
// library that measures; VirtualMemoryStat is gopsutil's own, in the version that Zero-OS uses.
type (
	NodeFeature string

	VirtualMemoryStat mem.VirtualMemoryStat

	CPUTimes struct {
		CPU       string
		User      float64
		System    float64
		Idle      float64
		Nice      float64
		Iowait    float64
		Irq       float64
		Softirq   float64
		Steal     float64
		Guest     float64
		GuestNice float64
	}

	TimesStat struct {
		CPUTimes
		Percent float64
		Time    time.Time
	}

	DiskCounters struct {
		ReadCount        uint64
		MergedReadCount  uint64
		WriteCount       uint64
		MergedWriteCount uint64
		ReadBytes        uint64
		WriteBytes       uint64
		ReadTime         uint64
		WriteTime        uint64
		IopsInProgress   uint64
		IoTime           uint64
		WeightedIO       uint64
		Name             string
		SerialNumber     string
		Label            string
	}

	DiskIOCountersStat struct {
		DiskCounters
		Time time.Time
	}

	DisksIOCountersStat map[string]DiskIOCountersStat

	NicCounters struct {
		Name        string
		BytesSent   uint64
		BytesRecv   uint64
		PacketsSent uint64
		PacketsRecv uint64
		Errin       uint64
		Errout      uint64
		Dropin      uint64
		Dropout     uint64
		Fifoin      uint64
		Fifoout     uint64
	}

	NicIOCounterStat struct {
		NicCounters
		RateOut uint64
		RateIn  uint64
	}

	NicsIOCounterStat []NicIOCounterStat

	TaskResult struct {
		Name        string
		Description string
		Timestamp   uint64
		Result      interface{}
	}
)
