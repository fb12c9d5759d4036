// The demo application: our own stand-in for argoproj/rollouts-demo, and the load generator.
// Only the standard library: nothing is downloaded for it.
module github.com/proofroll/proofroll/harness/parts/rollouts-demo

go 1.24
