package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// probing sends requests to url until the test ends it; answers where its results are.
func probing(t *testing.T, arguments ...string) (results string, end chan os.Signal, code chan int) {
	t.Helper()
	options, err := readProbe(arguments)
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	end, code = running(t, func(end <-chan os.Signal) int { return newProbe(options).serve(listener, end) })
	return "http://" + listener.Addr().String() + "/results", end, code
}

// read reads results from number n on.
func read(t *testing.T, results string, n int) (found []result, lost int) {
	t.Helper()
	_, body, _ := get(t, fmt.Sprintf("%s?from=%d", results, n))
	lines := bufio.NewScanner(strings.NewReader(body))
	for lines.Scan() {
		var line struct {
			result
			Lost int `json:"lost"`
		}
		if err := json.Unmarshal(lines.Bytes(), &line); err != nil {
			t.Fatalf("%s: %v", lines.Text(), err)
		}
		if line.Lost > 0 {
			lost = line.Lost
			continue
		}
		found = append(found, line.result)
	}
	return found, lost
}

// readUntil reads until there are so many.
func readUntil(t *testing.T, results string, count int) (found []result) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); len(found) < count; {
		if time.Now().After(deadline) {
			t.Fatalf("only %d results", len(found))
		}
		more, _ := read(t, results, len(found))
		found = append(found, more...)
		time.Sleep(5 * time.Millisecond)
	}
	return found
}

func TestEachRequestIsAConnection(t *testing.T) {
	var mutex sync.Mutex
	peers := map[string]int{}
	a := newApp(scripted(t, "PROOFROLL_COLOUR=blue"), "pod-1")
	target := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mutex.Lock()
		peers[r.RemoteAddr]++
		mutex.Unlock()
		a.handler().ServeHTTP(w, r)
	}))
	defer target.Close()
	before := time.Now()
	results, end, code := probing(t, "--url", target.URL+"/color", "--rate", "500")
	found := readUntil(t, results, 50)
	end <- syscall.SIGTERM
	if got := <-code; got != 0 {
		t.Errorf("exit code %d", got)
	}
	for i, r := range found {
		if r.N != uint64(i) || r.Status != 200 || r.Colour != "blue" || r.Host != "pod-1" || r.Error != "" {
			t.Fatalf("result %d: %+v", i, r)
		}
		if r.At < before.UnixNano() || r.At > time.Now().UnixNano() || r.Took <= 0 {
			t.Fatalf("result %d has a strange time: %+v", i, r)
		}
	}
	mutex.Lock()
	defer mutex.Unlock()
	for peer, requests := range peers {
		if requests != 1 {
			t.Errorf("%d requests on the connection of %s", requests, peer)
		}
	}
}

func TestTheRateIsKept(t *testing.T) {
	target := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		time.Sleep(100 * time.Millisecond) // slow answers hold nothing up
	}))
	defer target.Close()
	results, _, _ := probing(t, "--url", target.URL, "--rate", "200")
	found := readUntil(t, results, 101)
	// 100 intervals of 5 ms. The schedule is never ahead; on a busy machine it may be behind.
	if took := time.Duration(found[100].At - found[0].At); took < 450*time.Millisecond {
		t.Errorf("101 requests were sent within %v", took)
	}
}

func TestFailuresAreTold(t *testing.T) {
	nobody, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	nobody.Close()
	slow := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }))
	defer slow.Close()
	broken := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		conn, _, _ := http.NewResponseController(w).Hijack()
		conn.Close()
	}))
	defer broken.Close()
	half := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "100")
		fmt.Fprint(w, "only half")
	}))
	defer half.Close()
	for url, want := range map[string]string{
		"http://" + nobody.Addr().String(): "connect: connection refused",
		slow.URL:                           "timeout",
		broken.URL:                         "EOF",
		half.URL:                           "in the middle of the answer: unexpected EOF",
	} {
		results, _, _ := probing(t, "--url", url, "--rate", "100", "--timeout", "100ms")
		r := readUntil(t, results, 1)[0]
		if !strings.HasSuffix(r.Error, want) || r.Status != 0 || r.Host != "" {
			t.Errorf("%s: %+v, want %s", url, r, want)
		}
	}
}

func TestAnErrorStatusIsAnAnswer(t *testing.T) {
	url, _, _ := started(t, "PROOFROLL_COLOUR=red", "PROOFROLL_ERROR_RATE=100%")
	results, _, _ := probing(t, "--url", url+"/color")
	if r := readUntil(t, results, 1)[0]; r.Status != 500 || r.Colour != "red" || r.Host != "pod-1" || r.Error != "" {
		t.Errorf("%+v", r)
	}
}

func TestOnlyTheNewestResultsAreKept(t *testing.T) {
	r := results{ring: make([]result, 0, 10)}
	numbers := func(from uint64) string {
		found, lost := r.from(from)
		text := fmt.Sprintf("lost %d:", lost)
		for _, one := range found {
			text += fmt.Sprintf(" %d=%d", one.N, one.At)
		}
		return text
	}
	for i := range 25 {
		r.add(result{At: int64(i)})
	}
	for from, want := range map[uint64]string{
		0:  "lost 15: 15=15 16=16 17=17 18=18 19=19 20=20 21=21 22=22 23=23 24=24",
		20: "lost 0: 20=20 21=21 22=22 23=23 24=24",
		25: "lost 0:",
		99: "lost 0:",
	} {
		if got := numbers(from); got != want {
			t.Errorf("from %d: %s, want %s", from, got, want)
		}
	}
	if cap(r.ring) != 10 {
		t.Errorf("the ring has grown to %d", cap(r.ring))
	}
}

func TestLostResultsAreToldFirst(t *testing.T) {
	url, _, _ := started(t)
	results, _, _ := probing(t, "--url", url+"/color", "--rate", "1000", "--keep", "5")
	for deadline := time.Now().Add(20 * time.Second); ; {
		if found, lost := read(t, results, 0); lost > 0 && len(found) == 5 {
			if found[0].N != uint64(lost) {
				t.Errorf("%d are lost, and the first one is %d", lost, found[0].N)
			}
			return
		}
		if time.Now().After(deadline) {
			t.Fatal("nothing is ever lost")
		}
		time.Sleep(5 * time.Millisecond)
	}
}

func TestBadArguments(t *testing.T) {
	for _, arguments := range [][]string{
		{}, {"--url", "example.com"}, {"--url", "https://10.0.0.1/"}, {"--url", "http://a", "more"},
		{"--url", "http://a", "--rate", "0"}, {"--url", "http://a", "--rate", "NaN"},
		{"--url", "http://a", "--timeout", "0s"}, {"--url", "http://a", "--keep", "0"},
	} {
		if _, err := readProbe(arguments); err == nil {
			t.Errorf("%v is taken", arguments)
		}
	}
	if _, err := readProbe([]string{"--url", "http://10.96.0.7:80/color"}); err != nil {
		t.Error(err)
	}
}
