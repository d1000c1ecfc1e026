package service

import (
	"context"
	"fmt"
	"time"

	"github.com/threefoldtech/zbus"
)

// Forget makes a call that takes longer than its context allows, and then others, which must get each its own answer.
func Forget(address string, decode Decode) error {
	client, err := zbus.NewRedisClient(address)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
	defer cancel()
	// The library sees the end of the context between two pops of a second each.
	if reply, err := client.RequestContext(ctx, Module, UtilsID, "Sleep", 1500*time.Millisecond); err == nil {
		return fmt.Errorf("answered in time: %+v", reply)
	}
	p := prober{client: client, decode: decode, patience: patience}
	for i := 0; i < 20; i++ {
		if err := p.number(float64(i)+1, CalculatorID, "Add", float64(i), 1.0); err != nil {
			return err
		}
	}
	time.Sleep(time.Second)
	if err := p.call(); err != nil {
		return err
	}
	fmt.Println(`{"forgotten":"Sleep"}`)
	return nil
}
