// mini-cni joins the pods of all nodes into one IPv4 network, as kind's own daemon (kindnet) does. It watches
// the nodes: its own node's range of addresses becomes a CNI configuration, the others' become routes, and
// what leaves the cluster takes the node's address. Nodes come; they do not go: routes are not removed.
package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"
)

const (
	serviceAccount = "/var/run/secrets/kubernetes.io/serviceaccount"
	configuration  = "/etc/cni/net.d/10-proofroll.conflist"
)

// node is as much of a Node as is needed.
type node struct {
	Metadata struct{ Name string }
	Spec     struct{ PodCIDR string }
	Status   struct {
		Addresses []struct{ Type, Address string }
	}
}

func (n node) address() string {
	for _, a := range n.Status.Addresses {
		if a.Type == "InternalIP" {
			return a.Address
		}
	}
	return ""
}

// fabric is what this node's network is made of.
type fabric struct {
	self, podSubnet string
	// done: what each node's range and address led to, so that a node's heartbeat changes nothing.
	done map[string]string
}

func (f *fabric) apply(n node) error {
	want := n.Spec.PodCIDR + " via " + n.address()
	if n.Spec.PodCIDR == "" || n.address() == "" || f.done[n.Metadata.Name] == want {
		return nil
	}
	if n.Metadata.Name == f.self {
		if err := f.configure(n.Spec.PodCIDR); err != nil {
			return err
		}
	} else if err := run("ip", "route", "replace", n.Spec.PodCIDR, "via", n.address()); err != nil {
		return err
	}
	log.Printf("%s: %s", n.Metadata.Name, want)
	f.done[n.Metadata.Name] = want
	return nil
}

// configure tells the container runtime how pods get their network. From then on the node is ready.
func (f *fabric) configure(podCIDR string) error {
	masquerade := []string{"POSTROUTING", "-s", f.podSubnet, "!", "-d", f.podSubnet, "-j", "MASQUERADE"}
	iptables := func(verb string) error {
		return run("iptables", append([]string{"-w", "-t", "nat", verb}, masquerade...)...)
	}
	if iptables("-C") != nil {
		if err := iptables("-A"); err != nil {
			return err
		}
	}
	type object = map[string]any
	text, err := json.MarshalIndent(object{
		"cniVersion": "0.3.1",
		"name":       "proofroll",
		"plugins": []object{
			{"type": "ptp", "ipMasq": false, "ipam": object{
				"type": "host-local",
				// Gone with the container's restart, as the pods are.
				"dataDir": "/run/cni-ipam-state",
				"routes":  []object{{"dst": "0.0.0.0/0"}},
				"ranges":  [][]object{{{"subnet": podCIDR}}},
			}},
			{"type": "portmap", "capabilities": object{"portMappings": true}},
		},
	}, "", "  ")
	if err != nil {
		return err
	}
	// The runtime watches the directory: it must never see half a file.
	half := filepath.Join(filepath.Dir(configuration), ".half")
	if err := os.WriteFile(half, text, 0o644); err != nil {
		return err
	}
	return os.Rename(half, configuration)
}

func run(name string, arguments ...string) error {
	if said, err := exec.Command(name, arguments...).CombinedOutput(); err != nil {
		return fmt.Errorf("%s %q: %w: %s", name, arguments, err, said)
	}
	return nil
}

// watch hears of all nodes, first of those that there are, until the API server ends the stream.
func watch(ctx context.Context, client *http.Client, server string, heard func(node) error) error {
	// The token is renewed every hour.
	token, err := os.ReadFile(filepath.Join(serviceAccount, "token"))
	if err != nil {
		return err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, server+"/api/v1/nodes?watch=1", nil)
	if err != nil {
		return err
	}
	request.Header.Set("Authorization", "Bearer "+string(token))
	response, err := client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		said, _ := io.ReadAll(io.LimitReader(response.Body, 1000))
		return fmt.Errorf("%s: %s", response.Status, said)
	}
	for stream := json.NewDecoder(response.Body); ; {
		var event struct {
			Type   string
			Object node
		}
		if err := stream.Decode(&event); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		if event.Type == "ADDED" || event.Type == "MODIFIED" {
			if err := heard(event.Object); err != nil {
				return err
			}
		}
	}
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	certificate, err := os.ReadFile(filepath.Join(serviceAccount, "ca.crt"))
	if err != nil {
		log.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(certificate)
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}}}
	// kind adds CONTROL_PLANE_ENDPOINT (host:port): the Service's address leads nowhere before kube-proxy runs.
	server := "https://" + os.Getenv("CONTROL_PLANE_ENDPOINT")
	f := fabric{self: os.Getenv("NODE_NAME"), podSubnet: os.Getenv("POD_SUBNET"), done: map[string]string{}}
	for ctx.Err() == nil {
		if err := watch(ctx, client, server, f.apply); err != nil && ctx.Err() == nil {
			log.Print(err)
			time.Sleep(time.Second)
		}
	}
}
