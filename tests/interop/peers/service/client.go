package service

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"time"

	"github.com/threefoldtech/zbus"
)

const patience = 10 * time.Second

// Decode reads the values of a reply into returns, and then the error of a method that may fail, in the order and
// with the calls of the stubs that the library generates. The last error says that the reply could not be read.
type Decode func(reply *zbus.Response, fails bool, returns []interface{}) (failure error, err error)

// Call is one line of the client's output.
type Call struct {
	Call     string        `json:"call"`
	Args     []interface{} `json:"args"`
	Value    interface{}   `json:"value,omitempty"`
	Error    string        `json:"error,omitempty"`
	BusError bool          `json:"bus_error,omitempty"`
}

type session struct {
	client zbus.Client
	decode Decode
	out    *json.Encoder
}

// Converse calls every method of both objects, listens to the stream and asks for the status, and prints what came
// back, one JSON object a line. It ends at the first surprise.
func Converse(address string, decode Decode) error {
	client, err := zbus.NewRedisClient(address)
	if err != nil {
		return err
	}
	s := session{client: client, decode: decode, out: json.NewEncoder(os.Stdout)}

	for _, step := range []func() error{
		func() error { return s.one(CalculatorID, "Add", new(float64), 1.0, 2.0) },
		func() error {
			return s.many(CalculatorID, "AddSub", false, []interface{}{new(float64), new(float64)}, 1.0, 2.0)
		},
		func() error { return s.fallible(CalculatorID, "Divide", new(float64), 7.0, 2.0) },
		func() error { return s.fallible(CalculatorID, "Divide", new(float64), 1.0, 0.0) },
		func() error { return s.one(CalculatorID, "Pow", new(float64), 2.0, 10.0) },
		func() error { return s.one(CalculatorID, "Avg", new(float64), []float64{1, 2.5, 4}) },
		func() error { return s.one(CalculatorID, "Avg", new(float64), []float64(nil)) },
		func() error { return s.one(UtilsID, "Capitalize", new(string), "zbüs") },
		func() error {
			return s.many(UtilsID, "Tuple", true, []interface{}{new(int), new(string), new(float64)})
		},
		func() error { return s.many(UtilsID, "Sleep", true, nil, 10*time.Millisecond) },
		func() error { return s.events(UtilsID, "TikTok", 3) },
		s.status,
		func() error { return s.refused(UtilsID, "Panic") },
		func() error { return s.refused(CalculatorID, "Missing") },
		func() error { return s.refused(CalculatorID, "Add", 1.0) },
		// The server must have survived all that.
		func() error { return s.one(CalculatorID, "Add", new(float64), 3.0, 4.0) },
	} {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

func (s *session) one(object zbus.ObjectID, method string, value interface{}, args ...interface{}) error {
	return s.many(object, method, false, []interface{}{value}, args...)
}

func (s *session) fallible(object zbus.ObjectID, method string, value interface{}, args ...interface{}) error {
	return s.many(object, method, true, []interface{}{value}, args...)
}

func (s *session) many(object zbus.ObjectID, method string, fails bool, returns []interface{}, args ...interface{}) error {
	reply, err := s.request(object, method, args)
	if err != nil {
		return err
	}
	if reply == nil {
		return fmt.Errorf("%s.%s: no response and no error, which is how the library shows a bus error", object, method)
	}
	failure, err := s.decode(reply, fails, returns)
	if err != nil {
		return fmt.Errorf("%s.%s: reply cannot be decoded: %w", object, method, err)
	}

	line := Call{Call: method, Args: printableArgs(args)}
	switch len(returns) {
	case 0:
	case 1:
		line.Value = returns[0]
	default:
		line.Value = returns
	}
	if failure != nil {
		line.Error = failure.Error()
	}
	return s.out.Encode(line)
}

// refused makes a call that must end in a bus error, of which the library's client shows nothing.
func (s *session) refused(object zbus.ObjectID, method string, args ...interface{}) error {
	reply, err := s.request(object, method, args)
	if err != nil {
		return err
	}
	if reply != nil {
		return fmt.Errorf("%s.%s: answered %+v where a bus error was due", object, method, reply)
	}
	return s.out.Encode(Call{Call: method, Args: printableArgs(args), BusError: true})
}

func (s *session) request(object zbus.ObjectID, method string, args []interface{}) (*zbus.Response, error) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	reply, err := s.client.RequestContext(ctx, Module, object, method, args...)
	if err != nil {
		return nil, fmt.Errorf("%s.%s: %w", object, method, err)
	}
	return reply, nil
}

func (s *session) events(object zbus.ObjectID, name string, count int) error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	events, err := s.client.Stream(ctx, Module, object, name)
	if err != nil {
		return fmt.Errorf("%s.%s: %w", object, name, err)
	}
	for i := 0; i < count; i++ {
		select {
		case <-ctx.Done():
			return fmt.Errorf("%s.%s: only %d events in %s", object, name, i, patience)
		case event, open := <-events:
			if !open {
				return fmt.Errorf("%s.%s: ended after %d events", object, name, i)
			}
			var at time.Time
			if err := event.Unmarshal(&at); err != nil {
				return fmt.Errorf("%s.%s: event cannot be decoded: %w", object, name, err)
			}
			line := map[string]string{"event": name, "value": at.UTC().Format(time.RFC3339Nano)}
			if err := s.out.Encode(line); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s *session) status() error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	status, err := s.client.Status(ctx, Module)
	if err != nil {
		return fmt.Errorf("status: %w", err)
	}
	return s.out.Encode(map[string]zbus.Status{"status": status})
}

// printableArgs keeps a call without arguments an empty list in JSON.
func printableArgs(args []interface{}) []interface{} {
	return append([]interface{}{}, args...)
}
