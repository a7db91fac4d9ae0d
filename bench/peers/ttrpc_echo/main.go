// SPDX-License-Identifier: Apache-2.0
//
// grpc.Health.Check served by Debian's golang-github-containerd-ttrpc-dev: what the agent's RPC rate
// is compared with.
//
//	ttrpc_echo SOCKET
package main

import (
	"context"
	"fmt"
	"net"
	"os"

	"github.com/containerd/ttrpc"
)

type checkRequest struct {
	Service string `protobuf:"bytes,1,opt,name=service,proto3"`
}

func (m *checkRequest) Reset()         { *m = checkRequest{} }
func (m *checkRequest) String() string { return m.Service }
func (m *checkRequest) ProtoMessage()  {}

type checkResponse struct {
	Status int32 `protobuf:"varint,1,opt,name=status,proto3"`
}

func (m *checkResponse) Reset()         { *m = checkResponse{} }
func (m *checkResponse) String() string { return fmt.Sprint(m.Status) }
func (m *checkResponse) ProtoMessage()  {}

func check(ctx context.Context, unmarshal func(interface{}) error) (interface{}, error) {
	var request checkRequest
	if err := unmarshal(&request); err != nil {
		return nil, err
	}
	return &checkResponse{Status: 1}, nil
}

func serve(socket string) error {
	server, err := ttrpc.NewServer()
	if err != nil {
		return err
	}
	server.Register("grpc.Health", map[string]ttrpc.Method{"Check": check})
	listener, err := net.Listen("unix", socket)
	if err != nil {
		return err
	}
	return server.Serve(context.Background(), listener)
}

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: ttrpc_echo SOCKET")
		os.Exit(2)
	}
	if err := serve(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "ttrpc_echo:", err)
		os.Exit(1)
	}
}
