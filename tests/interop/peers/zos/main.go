// A peer on the real Go library that serves, or calls, the modules of Zero-OS: every method and every stream of
// theirs, with values that are fixed in the packages of the modules.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"zbus.test/zos/container"
	"zbus.test/zos/flist"
	"zbus.test/zos/gateway"
	"zbus.test/zos/identity"
	"zbus.test/zos/node"
	"zbus.test/zos/peer"
	"zbus.test/zos/registrar"
	"zbus.test/zos/vmd"
	"zbus.test/zos/web"
	"zbus.test/zos/zui"
)

func main() {
	var err error
	switch {
	case len(os.Args) == 3 && os.Args[1] == "server":
		err = serve(os.Args[2])
	case len(os.Args) == 3 && os.Args[1] == "client":
		err = converse(os.Args[2])
	default:
		fmt.Fprintf(os.Stderr, "usage: %[1]s server <address>\n       %[1]s client <address>\n", os.Args[0])
		os.Exit(2)
	}
	if err != nil {
		fmt.Fprintf(os.Stderr, "%s: %v\n", os.Args[0], err)
		os.Exit(1)
	}
}

// serve serves all modules until SIGTERM or SIGINT. The line "ready" is all that goes to standard output.
func serve(address string) error {
	// The library prints the stack of a handler that panicked to os.Stdout.
	stdout := os.Stdout
	os.Stdout = os.Stderr

	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	modules := []peer.Module{
		vmd.Module(), container.Module(), gateway.Module(), node.Module(), web.Module(), identity.Module(),
		flist.Module(), registrar.Module(), zui.Module(),
	}
	ended := make(chan error, len(modules))
	for _, module := range modules {
		server, err := module.Server(address)
		if err != nil {
			return err
		}
		go func() { ended <- server.Run(ctx) }()
	}
	fmt.Fprintln(stdout, "ready")
	for range modules {
		if err := <-ended; !errors.Is(err, context.Canceled) {
			return fmt.Errorf("a server ended by itself: %w", err)
		}
	}
	return nil
}

func converse(address string) error {
	session, err := peer.Connect(address, os.Stdout)
	if err != nil {
		return err
	}
	vmd.Converse(session)
	container.Converse(session)
	gateway.Converse(session)
	node.Converse(session)
	web.Converse(session)
	identity.Converse(session)
	flist.Converse(session)
	registrar.Converse(session)
	zui.Converse(session)
	return nil
}
