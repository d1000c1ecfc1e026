// Serves and loads an echo through the Go library, for the benchmark. A load prints how many calls warmed it up, then the latencies of
// all others in nanoseconds.
package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/threefoldtech/zbus"
)

var object = zbus.ObjectID{Name: "echo", Version: "1.0"}

// Echo gives back what it got.
type Echo struct{}

// Echo gives back what it got.
func (Echo) Echo(payload []byte) []byte { return payload }

func fail(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func serve(address string) {
	server, err := zbus.NewRedisServer("bench", address, 64)
	fail(err)
	fail(server.Register(object, Echo{}))
	fmt.Println("ready")
	go func() {
		// The benchmark holds the other end: without it there is nobody to serve.
		_, _ = io.Copy(io.Discard, os.Stdin)
		os.Exit(0)
	}()
	fail(server.Run(context.Background()))
}

func load(address string, inFlight, size int, seconds float64) {
	client, err := zbus.NewRedisClient(address)
	fail(err)
	payload := make([]byte, size)
	total := time.Duration(seconds * float64(time.Second))
	warm := time.Now().Add(total / 10)
	end := warm.Add(total)
	all := make([][]time.Duration, inFlight)
	var warming atomic.Int64
	var wait sync.WaitGroup
	for i := 0; i < inFlight; i++ {
		wait.Add(1)
		go func(i int) {
			defer wait.Done()
			for {
				asked := time.Now()
				if asked.After(end) {
					return
				}
				response, err := client.RequestContext(context.Background(), "bench", object, "Echo", payload)
				fail(err)
				var same []byte
				fail(response.Unmarshal(&zbus.Loader{&same}))
				if asked.After(warm) {
					all[i] = append(all[i], time.Since(asked))
				} else {
					warming.Add(1)
				}
			}
		}(i)
	}
	wait.Wait()
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	fmt.Fprintln(out, warming.Load())
	for _, latencies := range all {
		for _, latency := range latencies {
			fmt.Fprintln(out, latency.Nanoseconds())
		}
	}
}

func main() {
	switch os.Args[1] {
	case "serve":
		serve(os.Args[2])
	case "load":
		inFlight, err := strconv.Atoi(os.Args[3])
		fail(err)
		size, err := strconv.Atoi(os.Args[4])
		fail(err)
		seconds, err := strconv.ParseFloat(os.Args[5], 64)
		fail(err)
		load(os.Args[2], inFlight, size, seconds)
	}
}
