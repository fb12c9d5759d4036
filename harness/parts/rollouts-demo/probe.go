package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"sync"
	"time"
)

// probeOptions are the arguments of the load generator.
type probeOptions struct {
	url     string
	rate    float64
	timeout time.Duration
	listen  string
	keep    int
}

// So many requests may be on their way at once. With more than that the target answers nothing any
// more, and the next request waits instead of taking this pod's memory.
const inFlight = 1000

// So many results are handed out at once.
const page = 10_000

// Of an answer's body so much is read. Who answered stands in the header.
const bodyLimit = 64 << 10

func readProbe(arguments []string) (probeOptions, error) {
	var o probeOptions
	flags := flag.NewFlagSet("probe", flag.ContinueOnError)
	flags.StringVar(&o.url, "url", "", "where requests go; an IP address, or each request asks the cluster's DNS too")
	flags.Float64Var(&o.rate, "rate", 100, "requests per second")
	flags.DurationVar(&o.timeout, "timeout", 2*time.Second, "how long an answer may take")
	flags.StringVar(&o.listen, "listen", ":8080", "where results are served")
	flags.IntVar(&o.keep, "keep", 200_000, "how many results are kept until they are read")
	if err := flags.Parse(arguments); err != nil {
		return o, err
	}
	target, err := url.Parse(o.url)
	switch {
	case flags.NArg() > 0:
		return o, fmt.Errorf("unexpected argument %q", flags.Arg(0))
	case err != nil || target.Scheme != "http" || target.Host == "":
		return o, fmt.Errorf("--url is %q: write http://ADDRESS[:PORT]/PATH", o.url)
	case !(o.rate > 0 && o.rate <= 10_000):
		return o, fmt.Errorf("--rate is %v: write a number above 0, at most 10000", o.rate)
	case o.timeout <= 0:
		return o, fmt.Errorf("--timeout is %v: write a duration above 0", o.timeout)
	case o.keep < 1:
		return o, fmt.Errorf("--keep is %d: write a number above 0", o.keep)
	}
	return o, nil
}

// result is what became of one request.
type result struct {
	N      uint64 `json:"n"`                // counts from 0, in the order in which requests ended
	At     int64  `json:"at"`               // when it was sent, nanoseconds since 1970
	Took   int64  `json:"took"`             // nanoseconds until the answer was read, or the failure
	Status int    `json:"status,omitempty"` // of the answer; none on a failure
	Colour string `json:"colour,omitempty"` // who answered
	Host   string `json:"host,omitempty"`
	Error  string `json:"error,omitempty"` // why there was no answer
}

// results keeps the newest ones.
type results struct {
	mutex sync.Mutex
	ring  []result
	count uint64 // recorded so far; ring holds the last len(ring) of them
}

func (r *results) add(one result) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	one.N = r.count
	if uint64(len(r.ring)) < uint64(cap(r.ring)) {
		r.ring = append(r.ring, one)
	} else {
		r.ring[r.count%uint64(cap(r.ring))] = one
	}
	r.count++
}

// from answers at most a page of results beginning with number n, and how many after n are lost.
func (r *results) from(n uint64) (found []result, lost uint64) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	if oldest := r.count - uint64(len(r.ring)); n < oldest {
		lost, n = oldest-n, oldest
	}
	for ; n < r.count && len(found) < page; n++ {
		found = append(found, r.ring[n%uint64(cap(r.ring))])
	}
	return found, lost
}

// probe sends requests at an even rate, each on a connection of its own: kube-proxy chooses a pod
// for each connection, not for each request.
type probe struct {
	options probeOptions
	client  *http.Client
	results results
}

func newProbe(options probeOptions) *probe {
	dialer := &net.Dialer{Timeout: options.timeout}
	transport := &http.Transport{
		DisableKeepAlives: true,
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			conn, err := dialer.DialContext(ctx, network, address)
			if tcp, ok := conn.(*net.TCPConn); ok {
				// By the time that we close, the answer was read. Without a wait for what is still on
				// its way, thousands of closed connections do not use up the ports of this pod.
				err = errors.Join(err, tcp.SetLinger(0))
			}
			return conn, err
		},
	}
	client := &http.Client{
		Transport:     transport,
		Timeout:       options.timeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return &probe{options: options, client: client, results: results{ring: make([]result, 0, options.keep)}}
}

// serve sends requests and serves their results until a signal.
func (p *probe) serve(listener net.Listener, signals <-chan os.Signal) int {
	log.Printf("started: %v requests per second to %s, results on %s", p.options.rate, p.options.url, listener.Addr())
	server := &http.Server{Handler: p.handler()}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	ctx, cancel := context.WithCancel(context.Background())
	sent := make(chan struct{})
	go func() {
		defer close(sent)
		p.send(ctx)
	}()
	code := 0
	select {
	case err := <-failed:
		log.Printf("cannot serve: %v", err)
		code = 1
	case got := <-signals:
		log.Printf("%v: stopping", got)
	}
	cancel()
	<-sent
	stop(server)
	log.Printf("stopped after %d requests", p.results.count)
	return code
}

// send sends requests until the context ends, and waits for the last ones.
func (p *probe) send(ctx context.Context) {
	var running sync.WaitGroup
	defer running.Wait()
	slots := make(chan struct{}, inFlight)
	begun := time.Now()
	for n := 0; ; n++ {
		// Counted from the beginning: what one request is late does not make all others later.
		due := begun.Add(time.Duration(float64(n) / p.options.rate * float64(time.Second)))
		timer := time.NewTimer(time.Until(due))
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-timer.C:
		}
		select {
		case <-ctx.Done():
			return
		case slots <- struct{}{}:
		}
		running.Add(1)
		go func() {
			defer running.Done()
			p.results.add(p.once())
			<-slots
		}()
	}
}

// once sends one request. It is not cut short when the probe stops: that would be a failure of ours.
func (p *probe) once() result {
	begun := time.Now()
	done := func(r result) result {
		r.At, r.Took = begun.UnixNano(), int64(time.Since(begun))
		return r
	}
	answer, err := p.client.Get(p.options.url)
	if err != nil {
		return done(result{Error: plain(err)})
	}
	defer answer.Body.Close()
	if _, err := io.Copy(io.Discard, io.LimitReader(answer.Body, bodyLimit)); err != nil {
		return done(result{Error: "in the middle of the answer: " + plain(err)})
	}
	header := answer.Header
	return done(result{Status: answer.StatusCode, Colour: header.Get(colourHeader), Host: header.Get(hostHeader)})
}

// plain leaves out what is the same for every request, and the port of ours, which never is.
func plain(err error) string {
	var wrapped *url.Error
	if errors.As(err, &wrapped) {
		if wrapped.Timeout() {
			return "timeout"
		}
		err = wrapped.Err
	}
	var op *net.OpError
	if errors.As(err, &op) {
		return op.Op + ": " + op.Err.Error()
	}
	return err.Error()
}

func (p *probe) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") })
	mux.HandleFunc("GET /results", func(w http.ResponseWriter, r *http.Request) {
		from, err := strconv.ParseUint(or(r.URL.Query().Get("from"), "0"), 10, 64)
		if err != nil {
			http.Error(w, "from is no number", http.StatusBadRequest)
			return
		}
		found, lost := p.results.from(from)
		w.Header().Set("Content-Type", "application/jsonl")
		lines := json.NewEncoder(w)
		if lost > 0 {
			_ = lines.Encode(map[string]uint64{"lost": lost})
		}
		for _, one := range found {
			// An error here is that of a reader who has gone.
			_ = lines.Encode(one)
		}
	})
	return mux
}
