// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/containerd/ttrpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

const crowd = 8 // calls of WaitProcess that are answered together

// Lets calls through by the crowd, the last one first.
type turnstile struct {
	mu      sync.Mutex
	waiting []chan struct{}
}

func (t *turnstile) pass(ctx context.Context) error {
	mine := make(chan struct{})
	t.mu.Lock()
	t.waiting = append(t.waiting, mine)
	if len(t.waiting) == crowd {
		for at := crowd - 1; at >= 0; at-- {
			close(t.waiting[at])
		}
		t.waiting = nil
	}
	t.mu.Unlock()
	select {
	case <-mine:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func healthMethods() map[string]ttrpc.Method {
	return map[string]ttrpc.Method{
		"Check": func(context.Context, func(interface{}) error) (interface{}, error) {
			return &checkResponse{1}, nil
		},
		"Version": func(context.Context, func(interface{}) error) (interface{}, error) {
			return &versionResponse{"0.0.1", "go"}, nil
		},
	}
}

func agentMethods(crowded *turnstile) map[string]ttrpc.Method {
	return map[string]ttrpc.Method{
		"StatsContainer": func(_ context.Context, read func(interface{}) error) (interface{}, error) {
			var request containerRequest
			if err := read(&request); err != nil {
				return nil, err
			}
			return nil, status.Errorf(codes.NotFound, "no container %q", request.ContainerID)
		},
		"StartContainer": func(context.Context, func(interface{}) error) (interface{}, error) {
			return nil, errors.New("a plain error")
		},
		"PauseContainer": func(context.Context, func(interface{}) error) (interface{}, error) {
			return nil, status.Error(codes.DataLoss, "a code that Kata does not use")
		},
		"ResumeContainer": func(context.Context, func(interface{}) error) (interface{}, error) {
			return &empty{}, nil
		},
		"WaitProcess": func(ctx context.Context, _ func(interface{}) error) (interface{}, error) {
			return &waitResponse{7}, crowded.pass(ctx)
		},
		"ReadStdout": func(_ context.Context, read func(interface{}) error) (interface{}, error) {
			var request readRequest
			if err := read(&request); err != nil {
				return nil, err
			}
			return &bytesResponse{[]byte(strings.Repeat("x", int(request.Len)))}, nil
		},
		"GetDiagnosticData": func(ctx context.Context, _ func(interface{}) error) (interface{}, error) {
			deadline, limited := ctx.Deadline()
			if !limited {
				return &bytesResponse{[]byte("no deadline")}, nil
			}
			left := time.Until(deadline).Round(10 * time.Second)
			return &bytesResponse{[]byte(fmt.Sprintf("%v left", left))}, nil
		},
		"GetMetrics": func(ctx context.Context, _ func(interface{}) error) (interface{}, error) {
			<-ctx.Done()
			return nil, status.Error(codes.DeadlineExceeded, "the server's own clock")
		},
		"DestroySandbox": func(context.Context, func(interface{}) error) (interface{}, error) {
			os.Exit(0) // in the middle of a call
			return nil, nil
		},
	}
}

func runServer(socket string) error {
	server, err := ttrpc.NewServer()
	if err != nil {
		return err
	}
	listener, err := net.Listen("unix", socket)
	if err != nil {
		return err
	}
	server.Register("grpc.Health", healthMethods())
	server.Register("grpc.AgentService", agentMethods(&turnstile{}))
	return server.Serve(context.Background(), listener)
}
