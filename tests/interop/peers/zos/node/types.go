// Package node is the module of what a node measures of itself.
package node

import "time"

// The types of the interface, in its own words; CPUTimes, DiskCounters and NicCounters are structs of the library
// that measures.
type (
	NodeFeature string

	MemoryStat struct {
		Total          uint64
		Available      uint64
		Used           uint64
		UsedPercent    float64
		Free           uint64
		Active         uint64
		Inactive       uint64
		Wired          uint64
		Laundry        uint64
		Buffers        uint64
		Cached         uint64
		WriteBack      uint64
		Dirty          uint64
		WriteBackTmp   uint64
		Shared         uint64
		Slab           uint64
		Sreclaimable   uint64
		Sunreclaim     uint64
		PageTables     uint64
		SwapCached     uint64
		CommitLimit    uint64
		CommittedAS    uint64
		HighTotal      uint64
		HighFree       uint64
		LowTotal       uint64
		LowFree        uint64
		SwapTotal      uint64
		SwapFree       uint64
		Mapped         uint64
		VmallocTotal   uint64
		VmallocUsed    uint64
		VmallocChunk   uint64
		HugePagesTotal uint64
		HugePagesFree  uint64
		HugePagesRsvd  uint64
		HugePagesSurp  uint64
		HugePageSize   uint64
		AnonHugePages  uint64
	}

	VirtualMemoryStat MemoryStat

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
