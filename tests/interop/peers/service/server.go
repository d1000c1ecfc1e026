package service

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/threefoldtech/zbus"
)

// Serve serves all objects until SIGTERM or SIGINT; the library notices at its next pop, at most 10 seconds later.
// The line "ready" is all that goes to standard output.
func Serve(address string, workers uint, interval time.Duration) error {
	// Generation 1 prints the stack of a handler that panicked to os.Stdout.
	stdout := os.Stdout
	os.Stdout = os.Stderr

	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()

	server, err := zbus.NewRedisServer(Module, address, workers)
	if err != nil {
		return err
	}
	if err := server.Register(CalculatorID, Calculator{}); err != nil {
		return err
	}
	if err := server.Register(UtilsID, &Utils{interval: interval}); err != nil {
		return err
	}
	if err := server.Register(ExtrasID, Extras{}); err != nil {
		return err
	}
	if err := server.Register(FaultsID, Faults{}); err != nil {
		return err
	}

	fmt.Fprintln(stdout, "ready")
	if err := server.Run(ctx); !errors.Is(err, context.Canceled) {
		return fmt.Errorf("server ended by itself: %w", err)
	}
	return nil
}
