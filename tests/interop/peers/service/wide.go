package service

import (
	"net"
	"time"
)

// Level, Color and Depth are enums, which Go has as named types.
type (
	Level string
	Color uint8
	Depth int64
)

// Head is flattened where it is embedded.
type Head struct {
	Host string
	Port uint16
}

// Leaf is a struct within another.
type Leaf struct {
	X     float64
	Y     float32
	Note  *string
	Level Level
}

// Wide has a field of every type of the schema `wide.zbus`. Go has no unions: they are whatever there is.
type Wide struct {
	Head
	Bool         bool
	I8           int8
	I16          int16
	I32          int32
	I64          int64
	U8           uint8
	U16          uint16
	U32          uint32
	U64          uint64
	F32          float32
	F64          float64
	Text         string
	Blob         []byte
	At           time.Time
	Took         time.Duration
	Address      net.IP
	Network      net.IPNet
	Link         net.HardwareAddr
	Anything     interface{}
	Temperature  float64
	Level        Level
	Color        Color
	Depth        Depth
	Leaf         Leaf
	Shape        interface{}
	MaybeBool    *bool
	MaybeNumber  *int64
	MaybeText    *string
	MaybeAt      *time.Time
	MaybeTook    *time.Duration
	MaybeAddress net.IP
	MaybeNetwork *net.IPNet
	MaybeLeaf    *Leaf
	MaybeLevel   *Level
	Bools        []bool
	Numbers      []int32
	Texts        []string
	Blobs        [][]byte
	Times        []time.Time
	Addresses    []net.IP
	Networks     []net.IPNet
	Links        []net.HardwareAddr
	Leaves       []Leaf
	MaybeLeaves  []*Leaf
	Rows         [][]uint16
	Shapes       []interface{}
	Depths       []Depth
	ByText       map[string]int64
	ByNumber     map[uint32]string
	BySigned     map[int16][][]byte
	ByLevel      map[Level]Leaf
	ByColor      map[Color]time.Duration
	Nested       map[string]map[string]*Leaf
	Unit         string `msgpack:"unit-name"`
}
