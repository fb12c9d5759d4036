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
}

// ready tells whether /ready answers 200 at this time.
func (a *app) ready(now time.Time) bool {
	if a.script.readyAfter == nil {
		return false
	}
	since := now.Sub(a.started) - *a.script.readyAfter
	return since >= 0 && (a.script.unreadyAfter == nil || since < *a.script.unreadyAfter)
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
	var exit <-chan time.Time
	if a.script.exitAfter != nil {
		exit = time.After(time.Until(a.started.Add(*a.script.exitAfter)))
	}
	select {
	case err := <-failed:
		log.Printf("cannot serve: %v", err)
		return 1
	case <-exit:
		log.Printf("exit with code %d, as the script says", a.script.exitCode)
		return a.script.exitCode
	case got := <-signals:
		log.Printf("%v: stopping in %v", got, a.script.terminationDelay)
	}
	// Who holds a connection is sent to look for another pod.
	server.SetKeepAlivesEnabled(false)
	select {
	case <-time.After(a.script.terminationDelay):
	case got := <-signals:
		log.Printf("%v again: stopping now", got)
	case <-exit:
		log.Printf("exit with code %d, as the script says", a.script.exitCode)
		return a.script.exitCode
	}
	stop(server)
	log.Print("stopped")
	return 0
}

// stop lets the requests end that are being answered.
func stop(server *http.Server) {
	ctx, cancel := context.WithTimeout(context.Background(), drain)
	defer cancel()
	if err := server.Shutdown(ctx); err != nil && !errors.Is(err, http.ErrServerClosed) {
		log.Printf("not all requests were answered: %v", err)
	}
}
