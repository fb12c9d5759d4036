package main

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// script is what the application was told to do. Each field is an environment variable, PROOFROLL_
// and the name in the comment; those of the second half are also pod annotations, which the cluster
// turns into variables (harness/src/images/script). Times count from the start of the process.
type script struct {
	colour    string        // COLOUR: the answer to /color
	errorRate float64       // ERROR_RATE: the share of /color that is answered with 500, as 15% or 0.15
	latency   time.Duration // LATENCY: how long each answer to /color takes

	readyAfter       *time.Duration // READY_AFTER; "never" is nil
	unreadyAfter     *time.Duration // UNREADY_AFTER
	exitAfter        *time.Duration // EXIT_AFTER: ends without a word of goodbye
	exitCode         int            // EXIT_CODE: of that exit
	terminationDelay time.Duration  // TERMINATION_DELAY: how long it goes on serving after SIGTERM
}

// Whoever removes an endpoint and whoever sends SIGTERM do not wait for each other: for a moment
// requests still arrive at a pod that was told to end.
const defaultTerminationDelay = 5 * time.Second

func readScript(env func(string) string) (script, error) {
	r := reader{env: env}
	zero := time.Duration(0)
	s := script{
		colour:           or(env("PROOFROLL_COLOUR"), "grey"),
		errorRate:        r.share("ERROR_RATE"),
		latency:          *r.duration("LATENCY", &zero),
		readyAfter:       r.durationOrNever("READY_AFTER", &zero),
		unreadyAfter:     r.duration("UNREADY_AFTER", nil),
		exitAfter:        r.duration("EXIT_AFTER", nil),
		exitCode:         r.exitCode("EXIT_CODE"),
		terminationDelay: defaultTerminationDelay,
	}
	if delay := r.duration("TERMINATION_DELAY", nil); delay != nil {
		s.terminationDelay = *delay
	}
	return s, r.err
}

// String tells what differs from an application without a script.
func (s script) String() string {
	said := []string{s.colour}
	say := func(format string, arguments ...any) { said = append(said, fmt.Sprintf(format, arguments...)) }
	if s.errorRate > 0 {
		say("answers 500 to %g%% of requests", s.errorRate*100)
	}
	if s.latency > 0 {
		say("takes %v to answer", s.latency)
	}
	switch {
	case s.readyAfter == nil:
		say("never ready")
	case *s.readyAfter > 0:
		say("ready after %v", *s.readyAfter)
	}
	if s.unreadyAfter != nil {
		say("unready after %v", *s.unreadyAfter)
	}
	if s.exitAfter != nil {
		say("exits after %v with code %d", *s.exitAfter, s.exitCode)
	}
	return strings.Join(said, ", ")
}

// reader reads variables and keeps the first error.
type reader struct {
	env func(string) string
	err error
}

func (r *reader) get(name string) (string, bool) {
	value := r.env("PROOFROLL_" + name)
	return value, value != ""
}

func (r *reader) fail(name, value, want string) {
	if r.err == nil {
		r.err = fmt.Errorf("PROOFROLL_%s is %q: write %s", name, value, want)
	}
}

func (r *reader) duration(name string, otherwise *time.Duration) *time.Duration {
	value, found := r.get(name)
	if !found {
		return otherwise
	}
	d, err := time.ParseDuration(value)
	if err != nil || d < 0 {
		r.fail(name, value, "a Go duration, as 1.5s")
		d = 0
	}
	return &d
}

func (r *reader) durationOrNever(name string, otherwise *time.Duration) *time.Duration {
	if value, _ := r.get(name); value == "never" {
		return nil
	}
	return r.duration(name, otherwise)
}

func (r *reader) share(name string) float64 {
	value, found := r.get(name)
	if !found {
		return 0
	}
	number, percent := strings.CutSuffix(value, "%")
	share, err := strconv.ParseFloat(number, 64)
	if percent {
		share /= 100
	}
	// Written so that NaN is refused too.
	if err != nil || !(share >= 0 && share <= 1) {
		r.fail(name, value, "a share, as 15% or 0.15")
		return 0
	}
	return share
}

func (r *reader) exitCode(name string) int {
	value, found := r.get(name)
	if !found {
		return 0
	}
	code, err := parseExitCode(value)
	if err != nil {
		r.fail(name, value, err.Error())
	}
	return code
}

func parseExitCode(text string) (int, error) {
	code, err := strconv.Atoi(text)
	if err != nil || code < 0 || code > 255 {
		return 0, errors.New("a number from 0 to 255")
	}
	return code, nil
}
