// Package peer holds what the modules share: how they are served and how they are called.
package peer

import (
	"context"
	"fmt"
	"reflect"
	"sync"
	"time"

	"github.com/threefoldtech/zbus"
)

const eventInterval = 20 * time.Millisecond

// Module is a module of the bus with its objects.
type Module struct {
	Name    string
	Objects map[zbus.ObjectID]interface{}
}

// Server makes the server of the module, which does not run yet.
func (m Module) Server(address string) (zbus.Server, error) {
	server, err := zbus.NewRedisServer(m.Name, address, 1)
	if err != nil {
		return nil, err
	}
	for id, object := range m.Objects {
		if err := server.Register(id, object); err != nil {
			return nil, err
		}
	}
	return server, nil
}

// Expect is an error that shows both values, unless the arguments that arrived are those that were due. A nil slice
// is not an empty one.
func Expect(got, want interface{}) error {
	if reflect.DeepEqual(got, want) {
		return nil
	}
	return fmt.Errorf("got %#v, want %#v", got, want)
}

// Turns counts the calls of methods that have no argument to tell them apart.
type Turns struct {
	mutex sync.Mutex
	taken map[string]int
}

// Take is 1 for the first call of the method, 2 for the second, and so on.
func (t *Turns) Take(method string) int {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	if t.taken == nil {
		t.taken = map[string]int{}
	}
	t.taken[method]++
	return t.taken[method]
}

// Repeat calls send at an interval until the context ends: a stream that comes around to who subscribes late.
func Repeat(ctx context.Context, send func()) {
	ticker := time.NewTicker(eventInterval)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			send()
		}
	}
}
