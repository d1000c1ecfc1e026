// Package service holds what the Go peers of both wire generations share: the objects that they serve, the calls
// that their clients make, and the conversation of the recoder. It compiles against every version of the library
// that is under test, so it touches only the names that all of them have.
package service

import (
	"context"
	"errors"
	"math"
	"strings"
	"time"

	"github.com/threefoldtech/zbus"
)

// Module is the name on the bus of the process that serves the objects.
const Module = "server"

// The objects of the module.
var (
	CalculatorID = zbus.ObjectID{Name: "calculator", Version: "1.0"}
	UtilsID      = zbus.ObjectID{Name: "utils", Version: "1.0"}
	ExtrasID     = zbus.ObjectID{Name: "extras", Version: "1.0"}
	FaultsID     = zbus.ObjectID{Name: "faults", Version: "1.0"}
)

var errDivision = errors.New("division by zero")

// Calculator is served as calculator@1.0.
type Calculator struct{}

// Add returns one value.
func (Calculator) Add(a, b float64) float64 { return a + b }

// AddSub returns two values.
func (Calculator) AddSub(a, b float64) (float64, float64) { return a + b, a - b }

// Divide returns a value or an error.
func (Calculator) Divide(a, b float64) (float64, error) {
	if b == 0 {
		return 0, errDivision
	}
	return a / b, nil
}

// Pow raises a to the power of b.
func (Calculator) Pow(a, b float64) float64 { return math.Pow(a, b) }

// Avg takes a list; the average of nothing is 0.
func (Calculator) Avg(values []float64) float64 {
	if len(values) == 0 {
		return 0
	}
	sum := 0.0
	for _, value := range values {
		sum += value
	}
	return sum / float64(len(values))
}

// Utils is served as utils@1.0.
type Utils struct {
	interval time.Duration
}

// Capitalize returns the text in upper case.
func (*Utils) Capitalize(text string) string { return strings.ToUpper(text) }

// Tuple returns three values and no error.
func (*Utils) Tuple() (int, string, float64, error) { return 10, "hello world", 0.5, nil }

// TikTok is a stream: the time, once an interval, until the server stops.
func (u *Utils) TikTok(ctx context.Context) <-chan time.Time {
	ticks := make(chan time.Time)
	go func() {
		defer close(ticks)
		ticker := time.NewTicker(u.interval)
		defer ticker.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case now := <-ticker.C:
				select {
				case <-ctx.Done():
					return
				case ticks <- now:
				}
			}
		}
	}()
	return ticks
}

// Panic never returns.
func (*Utils) Panic() int { panic("Aaaaah!") }

// Sleep keeps its worker busy, and returns nothing but an error.
func (*Utils) Sleep(duration time.Duration) error {
	time.Sleep(duration)
	return nil
}
