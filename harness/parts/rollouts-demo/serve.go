package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"sync/atomic"
	"time"
)

// Headers of every answer: who answered.
const (
	hostHeader   = "X-Proofroll-Host"
	colourHeader = "X-Proofroll-Colour"
)

// How long requests that are being answered may take when the server stops.
const drain = 5 * time.Second

// app is the application.
type app struct {
	script  script
	host    string // in a pod: its name
	started time.Time
	forced  atomic.Pointer[bool] // its readiness, once somebody has changed it from outside
	exits   chan int             // exit codes that somebody asked for from outside
}

func newApp(script script, host string) *app {
	return &app{script: script, host: host, started: time.Now(), exits: make(chan int, 1)}
}

// ready tells whether /ready answers 200 at this time.
func (a *app) ready(now time.Time) bool {
	if forced := a.forced.Load(); forced != nil {
		return *forced
	}
	since := now.Sub(a.started)
	return a.script.readyAfter != nil && since >= *a.script.readyAfter &&
		(a.script.unreadyAfter == nil || since < *a.script.unreadyAfter)
}

// change changes the script of this process: POST /script?ready=false or /script?exit=3. No time of
// the script changes the readiness any more that is set so.
func (a *app) change(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	switch ready, exit := query.Get("ready"), query.Get("exit"); {
	case ready == "true" || ready == "false":
		now := ready == "true"
		a.forced.Store(&now)
		log.Printf("ready: %v, as somebody asked for", now)
	case exit != "":
		code, err := parseExitCode(exit)
		if err != nil {
			http.Error(w, "exit is "+err.Error(), http.StatusBadRequest)
			return
		}
		// Said now: there is no later.
		fmt.Fprintln(w, "ok")
		_ = http.NewResponseController(w).Flush()
		select {
		case a.exits <- code:
		default: // it was asked for before
		}
		return
	default:
		http.Error(w, "write ready=true, ready=false or exit=CODE", http.StatusBadRequest)
		return
	}
	fmt.Fprintln(w, "ok")
}

func (a *app) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/color", a.colour)
	mux.HandleFunc("/ready", func(w http.ResponseWriter, _ *http.Request) {
		if a.ready(time.Now()) {
			fmt.Fprintln(w, "ready")
			return
		}
		http.Error(w, "not ready", http.StatusServiceUnavailable)
	})
	mux.HandleFunc("POST /script", a.change)
	mux.HandleFunc("/healthz", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") })
	mux.HandleFunc("/{$}", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, "%s from %s\n", a.script.colour, a.host)
	})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set(hostHeader, a.host)
		w.Header().Set(colourHeader, a.script.colour)
		mux.ServeHTTP(w, r)
	})
}

// colour answers as argoproj/rollouts-demo does: the colour as a JSON string, a failure too.
func (a *app) colour(w http.ResponseWriter, _ *http.Request) {
	time.Sleep(a.script.latency)
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	if rand.Float64() < a.script.errorRate {
		w.WriteHeader(http.StatusInternalServerError)
	}
	fmt.Fprintf(w, "%q", a.script.colour)
}

// serve answers requests until a signal and then some more, or until the script says exit.
func (a *app) serve(listener net.Listener, signals <-chan os.Signal) int {
	log.Printf("started %s on %s: %s", a.host, listener.Addr(), a.script)
	server := &http.Server{Handler: a.handler()}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	if a.script.exitAfter != nil {
		timer := time.AfterFunc(time.Until(a.started.Add(*a.script.exitAfter)), func() { a.exits <- a.script.exitCode })
		defer timer.Stop()
	}
	select {
	case err := <-failed:
		log.Printf("cannot serve: %v", err)
		return 1
	case code := <-a.exits:
		return exit(code)
	case got := <-signals:
		log.Printf("%v: stopping in %v", got, a.script.terminationDelay)
	}
	// Who holds a connection is sent to look for another pod.
	server.SetKeepAlivesEnabled(false)
	select {
	case <-time.After(a.script.terminationDelay):
	case got := <-signals:
		log.Printf("%v again: stopping now", got)
	case code := <-a.exits:
		return exit(code)
	}
	stop(server)
	log.Print("stopped")
	return 0
}

// exit ends the process as a crash would: nothing is answered any more.
func exit(code int) int {
	log.Printf("exit with code %d, as asked for", code)
	return code
}

// stop lets the requests end that are being answered.
func stop(server *http.Server) {
	ctx, cancel := context.WithTimeout(context.Background(), drain)
	defer cancel()
	if err := server.Shutdown(ctx); err != nil && !errors.Is(err, http.ErrServerClosed) {
		log.Printf("not all requests were answered: %v", err)
	}
}
