package peer

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"reflect"
	"time"

	"github.com/threefoldtech/zbus"
	"zbus.test/service"
)

const patience = 10 * time.Second

// Session is a client that prints what it gets.
type Session struct {
	client zbus.Client
	out    *json.Encoder
}

// Connect makes a session that prints there, one JSON object a line.
func Connect(address string, out io.Writer) (*Session, error) {
	client, err := zbus.NewRedisClient(address)
	if err != nil {
		return nil, err
	}
	encoder := json.NewEncoder(out)
	encoder.SetEscapeHTML(false)
	return &Session{client: client, out: encoder}, nil
}

// Object is what a stub is of.
type Object struct {
	session *Session
	module  string
	id      zbus.ObjectID
}

// Object names an object of a module.
func (s *Session) Object(module string, id zbus.ObjectID) Object {
	return Object{session: s, module: module, id: id}
}

type line struct {
	Name   string        `json:"name"`
	Values []interface{} `json:"values"`
	Error  interface{}   `json:"error"`
}

// Call calls a method that returns no error. The returns are pointers; their values are printed. Like a stub it
// panics if the reply is not as it should be.
func (o Object) Call(method string, returns zbus.Loader, args ...interface{}) {
	o.call(method, false, returns, args)
}

// CallThrowing calls a method whose last result is an error, which is printed too.
func (o Object) CallThrowing(method string, returns zbus.Loader, args ...interface{}) {
	o.call(method, true, returns, args)
}

// call makes the library's calls in the order in which a generated stub makes them.
func (o Object) call(method string, throws bool, returns zbus.Loader, args []interface{}) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	reply, err := o.session.client.RequestContext(ctx, o.module, o.id, method, args...)
	o.check(method, err)
	if reply == nil {
		panic(fmt.Sprintf("%s.%s.%s: no reply and no error, which is how the library shows a bus error", o.module, o.id, method))
	}
	reply.PanicOnError()
	var failure interface{}
	if throws {
		if err := reply.CallError(); err != nil {
			failure = err.Error()
		}
	}
	o.check(method, reply.Unmarshal(&returns))
	o.print(method, returns, failure)
}

// Event waits for one event of a stream and prints it. The value is a pointer.
func (o Object) Event(stream string, value interface{}) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	events, err := o.session.client.Stream(ctx, o.module, o.id, stream)
	o.check(stream, err)
	select {
	case <-ctx.Done():
		panic(fmt.Sprintf("%s.%s.%s: no event in %s", o.module, o.id, stream, patience))
	case event := <-events:
		o.check(stream, event.Unmarshal(value))
	}
	o.print(stream, zbus.Loader{value}, nil)
}

func (o Object) check(member string, err error) {
	if err != nil {
		panic(fmt.Sprintf("%s.%s.%s: %v", o.module, o.id, member, err))
	}
}

func (o Object) print(member string, values zbus.Loader, failure interface{}) {
	printed := make([]interface{}, 0, len(values))
	for _, value := range values {
		printed = append(printed, service.Printable(reflect.ValueOf(value).Elem()))
	}
	o.check(member, o.session.out.Encode(line{
		Name:   fmt.Sprintf("%s.%s.%s", o.module, o.id.Name, member),
		Values: printed,
		Error:  failure,
	}))
}
