// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"net"
	"strings"
	"sync"
	"time"

	"github.com/containerd/ttrpc"
	"github.com/gogo/protobuf/proto"
	"google.golang.org/grpc/status"
)

const (
	agent      = "grpc.AgentService"
	health     = "grpc.Health"
	maxMessage = 4 << 20
)

type client struct {
	*ttrpc.Client
	// Put into each request's timeout_nano without a timer on this side: the server must end the call.
	serverTimeout time.Duration
}

func dial(socket string) (*client, error) {
	conn, err := net.Dial("unix", socket)
	if err != nil {
		return nil, err
	}
	c := &client{}
	c.Client = ttrpc.NewClient(conn, ttrpc.WithUnaryClientInterceptor(
		func(ctx context.Context, req *ttrpc.Request, resp *ttrpc.Response,
			_ *ttrpc.UnaryClientInfo, invoke ttrpc.Invoker) error {
			req.TimeoutNano = int64(c.serverTimeout)
			return invoke(ctx, req, resp)
		}))
	return c, nil
}

// What a call came to, on one line.
func (c *client) outcome(ctx context.Context, service, method string, req, resp proto.Message) string {
	if err := c.Call(ctx, service, method, req, resp); err != nil {
		st, ok := status.FromError(err)
		if !ok {
			return "error: " + err.Error()
		}
		return fmt.Sprintf("%s: %s", st.Code(), st.Message())
	}
	return "OK: " + resp.String()
}

func (c *client) check(service string) string {
	return c.outcome(context.Background(), health, "Check", &checkRequest{service}, &checkResponse{})
}

// A Check whose whole Request message has so many bytes.
func (c *client) checkOfSize(size int) string {
	padding := size
	for {
		payload, _ := proto.Marshal(&checkRequest{strings.Repeat("x", padding)})
		whole, _ := proto.Marshal(&ttrpc.Request{Service: health, Method: "Check", Payload: payload})
		if len(whole) == size {
			return c.check(strings.Repeat("x", padding))
		}
		padding -= len(whole) - size
	}
}

func (c *client) concurrent() string {
	const workers, rounds = 64, 50
	var group sync.WaitGroup
	failures := make(chan string, workers*rounds)
	for worker := 0; worker < workers; worker++ {
		group.Add(1)
		go func() {
			defer group.Done()
			for round := 0; round < rounds; round++ {
				if got := c.check(""); got != "OK: status 1" {
					failures <- got
				}
			}
		}()
	}
	group.Wait()
	if len(failures) > 0 {
		return fmt.Sprintf("%d failed: %s", len(failures), <-failures)
	}
	return fmt.Sprintf("%d calls", workers*rounds)
}

func runClient(socket, what string) (string, error) {
	c, err := dial(socket)
	if err != nil {
		return "", err
	}
	defer c.Close()
	ctx := context.Background()
	none := &containerRequest{"none"}
	switch what {
	case "check":
		return c.check(""), nil
	case "version":
		return c.outcome(ctx, health, "Version", &checkRequest{}, &versionResponse{}), nil
	case "status":
		return c.outcome(ctx, agent, "WaitProcess", none, &waitResponse{}), nil
	case "unknown-method":
		return c.outcome(ctx, agent, "Fly", none, &empty{}), nil
	case "unknown-service":
		return c.outcome(ctx, "grpc.Birds", "Fly", none, &empty{}), nil
	case "server-timeout":
		c.serverTimeout = 200 * time.Millisecond
		return c.outcome(ctx, agent, "GetOOMEvent", &empty{}, &containerRequest{}), nil
	case "metadata":
		ctx = ttrpc.WithMetadata(ctx, ttrpc.MD{"traceparent": {"00-1-2-01"}, "a": {"1", "2"}})
		return c.outcome(ctx, health, "Check", &checkRequest{}, &checkResponse{}), nil
	case "largest":
		return c.checkOfSize(maxMessage), nil
	case "too-large":
		return c.checkOfSize(maxMessage+1) + "; then " + c.check(""), nil
	case "concurrent":
		return c.concurrent(), nil
	case "give-up": // a pending call's connection is closed, and the server lives on
		short, cancel := context.WithTimeout(ctx, 100*time.Millisecond)
		defer cancel()
		pending := c.outcome(short, agent, "GetOOMEvent", &empty{}, &containerRequest{})
		c.Close()
		again, err := dial(socket)
		if err != nil {
			return "", err
		}
		defer again.Close()
		return pending + "; then " + again.check(""), nil
	}
	return "", fmt.Errorf("client %q: there is no such case", what)
}
