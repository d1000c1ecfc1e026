package service

import (
	"errors"
	"strings"
	"time"
)

// Extras is served as extras@1.0: what the library can carry and its example does not show.
type Extras struct{}

// Sum takes any number of values.
func (Extras) Sum(values ...float64) float64 {
	sum := 0.0
	for _, value := range values {
		sum += value
	}
	return sum
}

// Join takes any number of values after another one, and may fail.
func (Extras) Join(separator string, parts ...string) (string, error) {
	if separator == "" {
		return "", errors.New("no separator")
	}
	return strings.Join(parts, separator), nil
}

// Later takes a time and a duration.
func (Extras) Later(at time.Time, by time.Duration) time.Time { return at.Add(by) }

// Faults is served as faults@1.0: what a peer on the library may do that ours does not.
type Faults struct{}

// Both returns values together with an error.
func (Faults) Both() (int, string, error) { return 7, "seven", errors.New("half done") }

// Unencodable returns what cannot travel.
func (Faults) Unencodable() interface{} { return make(chan int) }
