package service

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"github.com/threefoldtech/zbus"
)

// How a feature can end that does not work.
var (
	errNoReply    = errors.New("no reply")
	errNil        = errors.New("nil, nil")
	errUnreadable = errors.New("unreadable")
)

// wrong is a value that is none of those expected.
func wrong(value interface{}) error { return fmt.Errorf("wrong: %v", value) }

type prober struct {
	client   zbus.Client
	decode   Decode
	patience time.Duration
}

// Probe tries every feature of the bus at once, and prints for each how it ended, one JSON object a line.
func Probe(address string, patience time.Duration, decode Decode) error {
	client, err := zbus.NewRedisClient(address)
	if err != nil {
		return err
	}
	p := prober{client: client, decode: decode, patience: patience}
	var printed sync.Mutex
	var probes sync.WaitGroup
	out := json.NewEncoder(os.Stdout)
	for feature, probe := range map[string]func() error{
		"call": p.call, "returns": p.returns, "error": p.failure, "list": p.list, "variadic": p.variadic,
		"duration": p.duration, "time": p.time, "event": p.event, "status": p.status, "panic": p.panic,
		"refusal": p.refusal,
	} {
		feature, probe := feature, probe
		probes.Add(1)
		go func() {
			defer probes.Done()
			outcome := "yes"
			if err := guarded(probe); err != nil {
				outcome = err.Error()
			}
			printed.Lock()
			defer printed.Unlock()
			_ = out.Encode(map[string]string{"feature": feature, "outcome": outcome})
		}()
	}
	probes.Wait()
	return nil
}

// guarded makes an error of a panic, with which the library's stubs end where a reply cannot be decoded.
func guarded(probe func() error) (err error) {
	defer func() {
		if panicked := recover(); panicked != nil {
			fmt.Fprintln(os.Stderr, panicked)
			err = errUnreadable
		}
	}()
	return probe()
}

// ask makes a call and reads its returns; the first error is the method's own.
func (p prober) ask(object zbus.ObjectID, method string, fails bool, returns []interface{}, args ...interface{}) (failure error, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), p.patience)
	defer cancel()
	reply, err := p.client.RequestContext(ctx, Module, object, method, args...)
	switch {
	case err != nil:
		return nil, errNoReply
	case reply == nil:
		return nil, errNil
	}
	failure, err = p.decode(reply, fails, returns)
	if err != nil {
		fmt.Fprintln(os.Stderr, method, err)
		return nil, errUnreadable
	}
	return failure, nil
}

func (p prober) number(expected float64, object zbus.ObjectID, method string, args ...interface{}) error {
	var value float64
	if _, err := p.ask(object, method, false, []interface{}{&value}, args...); err != nil {
		return err
	}
	if value != expected {
		return wrong(value)
	}
	return nil
}

func (p prober) call() error { return p.number(3, CalculatorID, "Add", 1.0, 2.0) }

func (p prober) returns() error {
	var sum, difference, fraction float64
	if _, err := p.ask(CalculatorID, "AddSub", false, []interface{}{&sum, &difference}, 1.0, 2.0); err != nil {
		return err
	}
	var number int
	var text string
	failure, err := p.ask(UtilsID, "Tuple", true, []interface{}{&number, &text, &fraction})
	if err != nil {
		return err
	}
	if sum != 3 || difference != -1 || number != 10 || text != "hello world" || fraction != 0.5 || failure != nil {
		return wrong([]interface{}{sum, difference, number, text, fraction, failure})
	}
	return nil
}

func (p prober) failure() error {
	var value float64
	failure, err := p.ask(CalculatorID, "Divide", true, []interface{}{&value}, 7.0, 2.0)
	if err != nil {
		return err
	}
	if value != 3.5 || failure != nil {
		return wrong([]interface{}{value, failure})
	}
	failure, err = p.ask(CalculatorID, "Divide", true, []interface{}{&value}, 1.0, 0.0)
	if err != nil {
		return err
	}
	if failure == nil || failure.Error() != "division by zero" {
		return wrong([]interface{}{value, failure})
	}
	return nil
}

func (p prober) list() error {
	return p.number(2.5, CalculatorID, "Avg", []float64{1, 2.5, 4})
}

func (p prober) variadic() error {
	if err := p.number(6.5, ExtrasID, "Sum", 1.0, 2.0, 3.5); err != nil {
		return err
	}
	if err := p.number(0, ExtrasID, "Sum"); err != nil {
		return err
	}
	var text string
	failure, err := p.ask(ExtrasID, "Join", true, []interface{}{&text}, "-", "a", "b")
	if err != nil {
		return err
	}
	if text != "a-b" || failure != nil {
		return wrong([]interface{}{text, failure})
	}
	return nil
}

func (p prober) duration() error {
	failure, err := p.ask(UtilsID, "Sleep", true, nil, 10*time.Millisecond)
	if err != nil {
		return err
	}
	if failure != nil {
		return wrong(failure)
	}
	return nil
}

func (p prober) time() error {
	at := time.Date(2021, 3, 4, 5, 6, 7, 891234567, time.UTC)
	var later time.Time
	if _, err := p.ask(ExtrasID, "Later", false, []interface{}{&later}, at, 90*time.Minute); err != nil {
		return err
	}
	if !later.Equal(at.Add(90 * time.Minute)) {
		return wrong(later)
	}
	return nil
}

// eventPatience is long, since every server publishes: even where calls are made in vain.
const eventPatience = 10 * time.Second

func (p prober) event() error {
	ctx, cancel := context.WithTimeout(context.Background(), eventPatience)
	defer cancel()
	events, err := p.client.Stream(ctx, Module, UtilsID, "TikTok")
	if err != nil {
		return err
	}
	select {
	case <-ctx.Done():
		return errNoReply
	case event := <-events:
		var at time.Time
		if err := event.Unmarshal(&at); err != nil {
			return errUnreadable
		}
		if age := time.Since(at); age < -time.Minute || age > time.Minute {
			return wrong(at)
		}
		return nil
	}
}

func (p prober) status() error {
	status := zbus.Status{}
	if _, err := p.ask(zbus.ObjectID{Name: "zbus", Version: "1.0"}, "", false, []interface{}{&status}); err != nil {
		return err
	}
	for _, object := range status.Objects {
		if object == CalculatorID && len(status.Workers) > 0 {
			return nil
		}
	}
	return wrong(status)
}

func (p prober) panic() error {
	var value int
	if _, err := p.ask(UtilsID, "Panic", false, []interface{}{&value}); err != nil {
		return err
	}
	return wrong(value)
}

func (p prober) refusal() error {
	var value float64
	if _, err := p.ask(CalculatorID, "Missing", false, []interface{}{&value}); err != nil {
		return err
	}
	return wrong(value)
}
