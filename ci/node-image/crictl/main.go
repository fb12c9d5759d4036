// crictl, as much of it as kind asks for (inspecti while it loads images, images while it exports logs), and
// ps for a person who looks around in a node.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	cri "k8s.io/cri-api/pkg/apis/runtime/v1"
)

const endpoint = "unix:///run/containerd/containerd.sock"

func main() {
	if err := do(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "crictl (proofroll's stand-in):", err)
		os.Exit(1)
	}
}

func do(arguments []string) error {
	connection, err := grpc.NewClient(endpoint, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return err
	}
	defer connection.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	images, containers := cri.NewImageServiceClient(connection), cri.NewRuntimeServiceClient(connection)
	switch command := strings.Join(arguments, " "); {
	case len(arguments) == 2 && arguments[0] == "inspecti":
		return inspect(ctx, images, arguments[1])
	case command == "images":
		return list(ctx, images)
	case command == "ps" || command == "ps -a":
		return processes(ctx, containers, command == "ps -a")
	default:
		return fmt.Errorf("it knows only: inspecti IMAGE, images, ps [-a]; not %q", command)
	}
}

func inspect(ctx context.Context, images cri.ImageServiceClient, name string) error {
	answer, err := images.ImageStatus(ctx, &cri.ImageStatusRequest{Image: &cri.ImageSpec{Image: name}})
	if err != nil {
		return err
	}
	if answer.Image == nil {
		return fmt.Errorf("no such image %q", name)
	}
	text, err := json.MarshalIndent(map[string]any{"status": map[string]any{
		"id":          answer.Image.Id,
		"repoTags":    answer.Image.RepoTags,
		"repoDigests": answer.Image.RepoDigests,
		"size":        fmt.Sprint(answer.Image.Size),
	}}, "", "  ")
	fmt.Println(string(text))
	return err
}

func list(ctx context.Context, images cri.ImageServiceClient) error {
	answer, err := images.ListImages(ctx, &cri.ListImagesRequest{})
	if err != nil {
		return err
	}
	rows := [][]string{{"IMAGE", "IMAGE ID", "SIZE"}}
	for _, image := range answer.Images {
		size := fmt.Sprintf("%.1fMB", float64(image.Size)/1e6)
		rows = append(rows, []string{strings.Join(image.RepoTags, ","), short(image.Id), size})
	}
	return table(rows)
}

func processes(ctx context.Context, containers cri.RuntimeServiceClient, all bool) error {
	var filter cri.ContainerFilter
	if !all {
		filter.State = &cri.ContainerStateValue{State: cri.ContainerState_CONTAINER_RUNNING}
	}
	answer, err := containers.ListContainers(ctx, &cri.ListContainersRequest{Filter: &filter})
	if err != nil {
		return err
	}
	rows := [][]string{{"CONTAINER", "STATE", "NAME", "ATTEMPT", "POD", "NAMESPACE"}}
	for _, c := range answer.Containers {
		state := strings.TrimPrefix(c.State.String(), "CONTAINER_")
		attempt := fmt.Sprint(c.Metadata.Attempt)
		pod, namespace := c.Labels["io.kubernetes.pod.name"], c.Labels["io.kubernetes.pod.namespace"]
		rows = append(rows, []string{short(c.Id), state, c.Metadata.Name, attempt, pod, namespace})
	}
	return table(rows)
}

func table(rows [][]string) error {
	writer := tabwriter.NewWriter(os.Stdout, 0, 0, 3, ' ', 0)
	for _, row := range rows {
		fmt.Fprintln(writer, strings.Join(row, "\t"))
	}
	return writer.Flush()
}

func short(id string) string {
	id = strings.TrimPrefix(id, "sha256:")
	return id[:min(len(id), 13)]
}
