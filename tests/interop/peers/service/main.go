package service

import (
	"fmt"
	"os"
	"strconv"
	"time"
)

const usage = `usage: %[1]s server <address> <workers> [<interval of TikTok in ms>]
       %[1]s client <address>
       %[1]s probe <address> <patience in ms>
       %[1]s forget <address>
       %[1]s recode < lines of "<type> <hex>"
`

// Generation is what differs between the versions of the library.
type Generation struct {
	Decode Decode
	// Messages are the recoder's types that this version alone defines, by name.
	Messages map[string]Recode
}

// Main runs the subcommand that the command line names, and exits.
func Main(generation Generation) {
	if err := run(generation, os.Args[1:]); err != nil {
		fmt.Fprintf(os.Stderr, "%s: %v\n", os.Args[0], err)
		os.Exit(1)
	}
}

func run(generation Generation, args []string) error {
	switch {
	case len(args) >= 3 && len(args) <= 4 && args[0] == "server":
		workers, err := strconv.ParseUint(args[2], 10, 16)
		if err != nil {
			return fmt.Errorf("number of workers: %w", err)
		}
		interval := uint64(1000)
		if len(args) == 4 {
			if interval, err = strconv.ParseUint(args[3], 10, 32); err != nil || interval == 0 {
				return fmt.Errorf("%q is no interval in milliseconds", args[3])
			}
		}
		return Serve(args[1], uint(workers), time.Duration(interval)*time.Millisecond)
	case len(args) == 2 && args[0] == "client":
		return Converse(args[1], generation.Decode)
	case len(args) == 3 && args[0] == "probe":
		patience, err := strconv.ParseUint(args[2], 10, 32)
		if err != nil {
			return fmt.Errorf("patience in milliseconds: %w", err)
		}
		return Probe(args[1], time.Duration(patience)*time.Millisecond, generation.Decode)
	case len(args) == 2 && args[0] == "forget":
		return Forget(args[1], generation.Decode)
	case len(args) == 1 && args[0] == "recode":
		return RecodeLines(os.Stdin, os.Stdout, generation.Messages)
	default:
		fmt.Fprintf(os.Stderr, usage, os.Args[0])
		os.Exit(2)
		return nil
	}
}
