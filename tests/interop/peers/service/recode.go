package service

import (
	"bufio"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/vmihailenco/msgpack"
)

// Recode decodes bytes into a Go value and encodes that value again; printable is the value in the stable form of
// the function of that name.
type Recode func(data []byte) (again []byte, printable interface{}, err error)

// Inner and Sample are the structs that the recoder knows.
type Inner struct {
	X float64
	Y float64
}

// Origin is flattened where it is embedded.
type Origin struct {
	Host string
	Port uint16
}

// Sample has a field of every kind. Any `json` tag is ignored on the wire, and unexported fields do not travel.
type Sample struct {
	Origin
	ID      uint64
	Small   uint8
	Neg     int32
	Ratio   float32
	Name    string `json:"name"`
	Blob    []byte
	Tags    []string
	Labels  map[string]int64
	Inner   Inner
	Maybe   *Inner
	At      time.Time
	Took    time.Duration
	IP      net.IP
	Net     net.IPNet
	Any     interface{}
	Failure error

	hidden int
}

var (
	anyType   = reflect.TypeOf((*interface{})(nil)).Elem()
	errorType = reflect.TypeOf((*error)(nil)).Elem()
	named     = map[string]reflect.Type{
		"bool":      reflect.TypeOf(false),
		"i8":        reflect.TypeOf(int8(0)),
		"i16":       reflect.TypeOf(int16(0)),
		"i32":       reflect.TypeOf(int32(0)),
		"i64":       reflect.TypeOf(int64(0)),
		"u8":        reflect.TypeOf(uint8(0)),
		"u16":       reflect.TypeOf(uint16(0)),
		"u32":       reflect.TypeOf(uint32(0)),
		"u64":       reflect.TypeOf(uint64(0)),
		"f32":       reflect.TypeOf(float32(0)),
		"f64":       reflect.TypeOf(float64(0)),
		"string":    reflect.TypeOf(""),
		"bytes":     reflect.TypeOf([]byte(nil)),
		"timestamp": reflect.TypeOf(time.Time{}),
		"duration":  reflect.TypeOf(time.Duration(0)),
		"any":       anyType,
		"ip":        reflect.TypeOf(net.IP(nil)),
		"cidr":      reflect.TypeOf(net.IPNet{}),
		"mac":       reflect.TypeOf(net.HardwareAddr(nil)),
		"Inner":     reflect.TypeOf(Inner{}),
		"Origin":    reflect.TypeOf(Origin{}),
		"Sample":    reflect.TypeOf(Sample{}),
		"Wide":      reflect.TypeOf(Wide{}),
	}
)

// RecodeLines answers each line "<type> <hex>" with one JSON line: the type, and either the bytes encoded again and
// the value, or what went wrong. Types are in schema notation, `T?` being a pointer and `(T, U)` several returns.
func RecodeLines(in io.Reader, out io.Writer, messages map[string]Recode) error {
	encoder := json.NewEncoder(out)
	encoder.SetEscapeHTML(false)
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, 64<<20)
	for lines.Scan() {
		if err := encoder.Encode(recodeLine(lines.Text(), messages)); err != nil {
			return err
		}
	}
	return lines.Err()
}

func recodeLine(line string, messages map[string]Recode) (answer map[string]interface{}) {
	// No bytes are a legal input too, so the hex may be empty, but the space before it is due.
	space := strings.LastIndexByte(line, ' ')
	if space < 0 {
		return map[string]interface{}{"type": line, "error": "not a line of type, space and hex"}
	}
	name, text := line[:space], line[space+1:]
	// The decoder panics on some bytes; that is an answer like any other.
	defer func() {
		if cause := recover(); cause != nil {
			answer = map[string]interface{}{"type": name, "error": fmt.Sprint("panic: ", cause)}
		}
	}()

	again, value, err := recode(name, text, messages)
	if err != nil {
		return map[string]interface{}{"type": name, "error": err.Error()}
	}
	return map[string]interface{}{"type": name, "hex": hex.EncodeToString(again), "value": value}
}

func recode(name, text string, messages map[string]Recode) ([]byte, interface{}, error) {
	data, err := hex.DecodeString(text)
	if err != nil {
		return nil, nil, err
	}
	if message, ok := messages[name]; ok {
		return message(data)
	}
	if strings.HasPrefix(name, "(") && strings.HasSuffix(name, ")") {
		return recodeTuple(name, data)
	}
	goType, err := parseType(name)
	if err != nil {
		return nil, nil, err
	}
	value := reflect.New(goType)
	if err := msgpack.Unmarshal(data, value.Interface()); err != nil {
		return nil, nil, err
	}
	again, err := msgpack.Marshal(value.Elem().Interface())
	return again, Printable(value.Elem()), err
}

// recodeTuple reads several returns as generation 1 does: an array of pointers to decode into.
func recodeTuple(name string, data []byte) ([]byte, interface{}, error) {
	var pointers []interface{}
	for _, element := range splitTop(name[1 : len(name)-1]) {
		goType, err := parseType(element)
		if err != nil {
			return nil, nil, err
		}
		pointers = append(pointers, reflect.New(goType).Interface())
	}
	expected := len(pointers)
	if err := msgpack.Unmarshal(data, &pointers); err != nil {
		return nil, nil, err
	}
	if len(pointers) != expected {
		return nil, nil, fmt.Errorf("%d values where %d were due", len(pointers), expected)
	}
	values := make([]interface{}, 0, expected)
	printables := make([]interface{}, 0, expected)
	for _, pointer := range pointers {
		value := reflect.ValueOf(pointer).Elem()
		values = append(values, value.Interface())
		printables = append(printables, Printable(value))
	}
	again, err := msgpack.Marshal(values)
	return again, printables, err
}

// parseType reads a type in schema notation.
func parseType(name string) (reflect.Type, error) {
	name = strings.TrimSpace(name)
	if goType, ok := named[name]; ok {
		return goType, nil
	}
	switch {
	case strings.HasSuffix(name, "?"):
		target, err := parseType(strings.TrimSuffix(name, "?"))
		if err != nil {
			return nil, err
		}
		return reflect.PtrTo(target), nil
	case strings.HasPrefix(name, "[") && strings.HasSuffix(name, "]"):
		element, err := parseType(name[1 : len(name)-1])
		if err != nil {
			return nil, err
		}
		return reflect.SliceOf(element), nil
	case strings.HasPrefix(name, "map<") && strings.HasSuffix(name, ">"):
		parts := splitTop(name[len("map<") : len(name)-1])
		if len(parts) != 2 {
			return nil, fmt.Errorf("map with %d types: %s", len(parts), name)
		}
		key, err := parseType(parts[0])
		if err != nil {
			return nil, err
		}
		if !key.Comparable() {
			return nil, fmt.Errorf("%s cannot be a key", parts[0])
		}
		value, err := parseType(parts[1])
		if err != nil {
			return nil, err
		}
		return reflect.MapOf(key, value), nil
	}
	return nil, errors.New("unknown type: " + name)
}

// splitTop splits at the commas that stand outside of brackets.
func splitTop(list string) []string {
	var parts []string
	depth, start := 0, 0
	for i, c := range list {
		switch c {
		case '<', '[', '(':
			depth++
		case '>', ']', ')':
			depth--
		case ',':
			if depth == 0 {
				parts = append(parts, list[start:i])
				start = i + 1
			}
		}
	}
	return append(parts, list[start:])
}

// Printable is a value as JSON that says the same on every run and in every language: 64-bit integers and durations
// (in nanoseconds) are strings, bytes are "hex:…", times RFC 3339 in UTC, addresses their usual text, structs objects
// with the names of the wire, nil is null, and a float that JSON lacks is a string.
func Printable(value reflect.Value) interface{} {
	if !value.IsValid() {
		return nil
	}
	switch v := value.Interface().(type) {
	case time.Time:
		return v.UTC().Format(time.RFC3339Nano)
	case net.IP:
		if v == nil {
			return nil
		}
		return v.String()
	case net.HardwareAddr:
		if v == nil {
			return nil
		}
		return v.String()
	}
	if value.Type() == errorType {
		if value.IsNil() {
			return nil
		}
		return value.Interface().(error).Error()
	}

	switch value.Kind() {
	case reflect.Interface, reflect.Ptr:
		return Printable(value.Elem())
	case reflect.Int, reflect.Int64:
		return strconv.FormatInt(value.Int(), 10)
	case reflect.Uint, reflect.Uint64:
		return strconv.FormatUint(value.Uint(), 10)
	case reflect.Float32, reflect.Float64:
		if number := value.Float(); math.IsNaN(number) || math.IsInf(number, 0) {
			return fmt.Sprint(number)
		}
		return value.Interface()
	case reflect.Slice:
		return printableList(value)
	case reflect.Array:
		slice := reflect.MakeSlice(reflect.SliceOf(value.Type().Elem()), value.Len(), value.Len())
		reflect.Copy(slice, value)
		return printableList(slice)
	case reflect.Map:
		return printableMap(value)
	case reflect.Struct:
		fields := map[string]interface{}{}
		addFields(fields, value)
		return fields
	default:
		return value.Interface()
	}
}

func printableList(value reflect.Value) interface{} {
	if value.IsNil() {
		return nil
	}
	if value.Type().Elem().Kind() == reflect.Uint8 {
		return "hex:" + hex.EncodeToString(value.Bytes())
	}
	list := make([]interface{}, 0, value.Len())
	for i := 0; i < value.Len(); i++ {
		list = append(list, Printable(value.Index(i)))
	}
	return list
}

func printableMap(value reflect.Value) interface{} {
	if value.IsNil() {
		return nil
	}
	entries := map[string]interface{}{}
	for _, key := range value.MapKeys() {
		entries[fmt.Sprint(Printable(key))] = Printable(value.MapIndex(key))
	}
	return entries
}

// addFields adds the fields of a struct, and those of the structs embedded in it as its own.
func addFields(fields map[string]interface{}, value reflect.Value) {
	for i := 0; i < value.NumField(); i++ {
		switch field := value.Type().Field(i); {
		case field.PkgPath != "":
		case field.Anonymous && field.Type.Kind() == reflect.Struct:
			addFields(fields, value.Field(i))
		default:
			fields[field.Name] = Printable(value.Field(i))
		}
	}
}

// PrintableDocuments decodes each document on its own, whatever it holds.
func PrintableDocuments(documents [][]byte) ([]interface{}, error) {
	list := make([]interface{}, 0, len(documents))
	for _, document := range documents {
		var value interface{}
		if err := msgpack.Unmarshal(document, &value); err != nil {
			return nil, err
		}
		list = append(list, Printable(reflect.ValueOf(value)))
	}
	return list, nil
}

// PrintableBytes is "hex:…", or nil.
func PrintableBytes(data []byte) interface{} {
	return Printable(reflect.ValueOf(data))
}
