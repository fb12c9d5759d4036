package main

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"
)

func environment(pairs ...string) func(string) string {
	return func(name string) string {
		for _, pair := range pairs {
			if value, found := strings.CutPrefix(pair, "PROOFROLL_"+strings.TrimPrefix(name, "PROOFROLL_")+"="); found {
				return value
			}
		}
		return ""
	}
}

func scripted(t *testing.T, pairs ...string) script {
	t.Helper()
	s, err := readScript(environment(pairs...))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// started serves on a free port; end delivers signals, and the code is that with which it exits.
func started(t *testing.T, pairs ...string) (url string, end chan os.Signal, code chan int) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	a := newApp(scripted(t, pairs...), "pod-1")
	end, code = running(t, func(end <-chan os.Signal) int { return a.serve(listener, end) })
	return "http://" + listener.Addr().String(), end, code
}

// running runs serve until the test ends, at the latest.
func running(t *testing.T, serve func(<-chan os.Signal) int) (end chan os.Signal, code chan int) {
	end, code = make(chan os.Signal, 2), make(chan int, 1)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		code <- serve(end)
	}()
	t.Cleanup(func() {
		for {
			select {
			case <-ended:
				return
			case end <- syscall.SIGTERM:
			}
		}
	})
	return end, code
}

func get(t *testing.T, url string) (int, string, http.Header) {
	t.Helper()
	answer, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, string(body), answer.Header
}

func TestAnswers(t *testing.T) {
	url, end, code := started(t, "PROOFROLL_COLOUR=blue", "PROOFROLL_TERMINATION_DELAY=0s")
	for path, want := range map[string]string{
		"/color": `200 "blue"`, "/": "200 blue from pod-1\n", "/ready": "200 ready\n", "/healthz": "200 ok\n",
		"/nothing": "404 404 page not found\n",
	} {
		status, body, header := get(t, url+path)
		if got := fmt.Sprintf("%d %s", status, body); got != want {
			t.Errorf("%s: %q, want %q", path, got, want)
		}
		if header.Get(hostHeader) != "pod-1" || header.Get(colourHeader) != "blue" {
			t.Errorf("%s does not say who answered: %v", path, header)
		}
	}
	end <- syscall.SIGTERM
	if got := <-code; got != 0 {
		t.Errorf("exit code %d", got)
	}
}

func TestConnectionIsClosedIfAsked(t *testing.T) {
	url, _, _ := started(t)
	request, _ := http.NewRequest(http.MethodGet, url+"/color", nil)
	request.Close = true
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	if !answer.Close {
		t.Error("the answer lacks Connection: close")
	}
}

func TestErrorRate(t *testing.T) {
	failed := func(rate string) int {
		url, _, _ := started(t, "PROOFROLL_COLOUR=red", "PROOFROLL_ERROR_RATE="+rate)
		count := 0
		for range 200 {
			status, body, _ := get(t, url+"/color")
			if body != `"red"` {
				t.Fatalf("a failure has its colour too, not %q", body)
			}
			if status == http.StatusInternalServerError {
				count++
			}
		}
		return count
	}
	// 50% of 200 is outside of 50..150 once in 10^12 runs.
	if n := failed("50%"); n < 50 || n > 150 {
		t.Errorf("%d of 200 failed", n)
	}
	if n := failed("0"); n != 0 {
		t.Errorf("%d of 200 failed without an error rate", n)
	}
}

func TestLatency(t *testing.T) {
	url, _, _ := started(t, "PROOFROLL_LATENCY=80ms")
	begun := time.Now()
	get(t, url+"/color")
	if took := time.Since(begun); took < 80*time.Millisecond {
		t.Errorf("took %v", took)
	}
}

func TestReadiness(t *testing.T) {
	begun := time.Unix(0, 0)
	for _, c := range []struct {
		pairs []string
		want  string // at seconds 0, 1, 2, ...
	}{
		{nil, "yyyyyy"},
		{[]string{"PROOFROLL_READY_AFTER=2s"}, "nnyyyy"},
		{[]string{"PROOFROLL_READY_AFTER=never"}, "nnnnnn"},
		{[]string{"PROOFROLL_UNREADY_AFTER=3s"}, "yyynnn"},
		{[]string{"PROOFROLL_READY_AFTER=2s", "PROOFROLL_UNREADY_AFTER=3s"}, "nnynnn"},
		{[]string{"PROOFROLL_READY_AFTER=never", "PROOFROLL_UNREADY_AFTER=3s"}, "nnnnnn"},
	} {
		a := &app{script: scripted(t, c.pairs...), started: begun}
		got := ""
		for second := range len(c.want) {
			if a.ready(begun.Add(time.Duration(second) * time.Second)) {
				got += "y"
			} else {
				got += "n"
			}
		}
		if got != c.want {
			t.Errorf("%v: %s, want %s", c.pairs, got, c.want)
		}
	}
	url, _, _ := started(t, "PROOFROLL_READY_AFTER=never")
	if status, body, _ := get(t, url+"/ready"); status != http.StatusServiceUnavailable {
		t.Errorf("%d %s", status, body)
	}
}

func TestItServesOnAfterSIGTERM(t *testing.T) {
	url, end, code := started(t, "PROOFROLL_TERMINATION_DELAY=1h")
	end <- syscall.SIGTERM
	for range 50 {
		if status, _, _ := get(t, url+"/color"); status != http.StatusOK {
			t.Fatalf("%d after SIGTERM", status)
		}
	}
	end <- syscall.SIGTERM
	if got := <-code; got != 0 {
		t.Errorf("exit code %d after a second signal", got)
	}
	if _, err := http.Get(url + "/color"); err == nil {
		t.Error("it answers after its end")
	}
}

func TestItEndsAfterTheDelay(t *testing.T) {
	_, end, code := started(t, "PROOFROLL_TERMINATION_DELAY=300ms")
	begun := time.Now()
	end <- syscall.SIGTERM
	if got, took := <-code, time.Since(begun); got != 0 || took < 300*time.Millisecond {
		t.Errorf("exit code %d after %v", got, took)
	}
}

func TestScriptedExit(t *testing.T) {
	_, _, code := started(t, "PROOFROLL_EXIT_AFTER=50ms", "PROOFROLL_EXIT_CODE=42")
	if got := <-code; got != 42 {
		t.Errorf("exit code %d", got)
	}
	// Also while it is terminating.
	_, end, code := started(t, "PROOFROLL_EXIT_AFTER=50ms", "PROOFROLL_TERMINATION_DELAY=1h")
	end <- syscall.SIGTERM
	if got := <-code; got != 0 {
		t.Errorf("exit code %d", got)
	}
}

func TestChangesFromOutside(t *testing.T) {
	url, _, code := started(t, "PROOFROLL_READY_AFTER=never")
	post := func(query string) (int, string) {
		answer, err := http.Post(url+"/script?"+query, "", nil)
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		body, _ := io.ReadAll(answer.Body)
		return answer.StatusCode, string(body)
	}
	for _, change := range []struct {
		query string
		ready int
	}{{"ready=true", 200}, {"ready=false", 503}, {"ready=true", 200}} {
		if status, said := post(change.query); status != 200 {
			t.Errorf("%s: %d %s", change.query, status, said)
		}
		if status, _, _ := get(t, url+"/ready"); status != change.ready {
			t.Errorf("after %s: %d", change.query, status)
		}
	}
	for _, query := range []string{"", "ready=maybe", "exit=256", "exit=now"} {
		if status, said := post(query); status != http.StatusBadRequest {
			t.Errorf("%q: %d %s", query, status, said)
		}
	}
	if status, _, _ := get(t, url+"/script?ready=false"); status == 200 {
		t.Error("a GET changes it")
	}
	if status, said := post("exit=3"); status != 200 {
		t.Errorf("exit: %d %s", status, said)
	}
	if got := <-code; got != 3 {
		t.Errorf("exit code %d", got)
	}
}

func TestScriptIsReadAndTold(t *testing.T) {
	s := scripted(t, "PROOFROLL_COLOUR=red", "PROOFROLL_ERROR_RATE=15%", "PROOFROLL_LATENCY=2s",
		"PROOFROLL_READY_AFTER=1.5s", "PROOFROLL_UNREADY_AFTER=1m", "PROOFROLL_EXIT_AFTER=2m", "PROOFROLL_EXIT_CODE=0")
	want := "red, answers 500 to 15% of requests, takes 2s to answer, ready after 1.5s, unready after 1m0s, " +
		"exits after 2m0s with code 0"
	if s.String() != want {
		t.Errorf("%s, want %s", s, want)
	}
	if s := scripted(t); s.String() != "grey" || s.terminationDelay != 5*time.Second {
		t.Errorf("without an environment: %s, %v", s, s.terminationDelay)
	}
}

func TestBadEnvironment(t *testing.T) {
	for _, pair := range []string{
		"PROOFROLL_ERROR_RATE=150%", "PROOFROLL_ERROR_RATE=-1", "PROOFROLL_ERROR_RATE=NaN", "PROOFROLL_LATENCY=soon",
		"PROOFROLL_LATENCY=never", "PROOFROLL_READY_AFTER=-1s", "PROOFROLL_UNREADY_AFTER=never",
		"PROOFROLL_EXIT_AFTER=5", "PROOFROLL_EXIT_CODE=256", "PROOFROLL_TERMINATION_DELAY=x",
	} {
		name, value, _ := strings.Cut(pair, "=")
		_, err := readScript(environment(pair))
		if err == nil || !strings.Contains(err.Error(), name) || !strings.Contains(err.Error(), value) {
			t.Errorf("%s: %v", pair, err)
		}
		if code := run(nil, environment(pair)); code != 2 {
			t.Errorf("%s: exit code %d", pair, code)
		}
	}
	if code := run([]string{"prob"}, environment()); code != 2 {
		t.Errorf("an unknown argument: exit code %d", code)
	}
}
