// Command rollouts-demo is what runs in pods of a real cluster.
//
//	rollouts-demo          the application: answers its colour, as argoproj/rollouts-demo does (serve.go)
//	rollouts-demo probe    the load generator (probe.go)
//
// What the application does besides answering is said by its environment (script.go).
package main

import (
	"fmt"
	"log"
	"net"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	log.SetFlags(log.LstdFlags | log.Lmicroseconds | log.LUTC)
	os.Exit(run(os.Args[1:], os.Getenv))
}

// run answers the exit code: 2 for bad arguments or a bad environment, else what the mode says.
func run(arguments []string, env func(string) string) int {
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT)
	host, err := os.Hostname()
	if err != nil {
		return bad(err)
	}
	switch {
	case len(arguments) == 0:
		script, err := readScript(env)
		if err != nil {
			return bad(err)
		}
		listener, err := listen(or(env("PROOFROLL_LISTEN"), ":8080"))
		if err != nil {
			return bad(err)
		}
		return newApp(script, host).serve(listener, signals)
	case arguments[0] == "probe":
		options, err := readProbe(arguments[1:])
		if err != nil {
			return bad(err)
		}
		listener, err := listen(options.listen)
		if err != nil {
			return bad(err)
		}
		return newProbe(options).serve(listener, signals)
	default:
		return bad(fmt.Errorf("unknown argument %q: without one it serves, `probe` sends requests", arguments[0]))
	}
}

func listen(address string) (net.Listener, error) {
	return net.Listen("tcp", address)
}

func bad(err error) int {
	log.Printf("cannot start: %v", err)
	return 2
}

func or(value, otherwise string) string {
	if value == "" {
		return otherwise
	}
	return value
}
