// SPDX-License-Identifier: Apache-2.0

// The agent's messages as gogo/protobuf encodes them from these tags: an encoder of its own.
package main

import "fmt"

type empty struct{}

func (m *empty) Reset()         { *m = empty{} }
func (m *empty) String() string { return "" }
func (m *empty) ProtoMessage()  {}

type checkRequest struct {
	Service string `protobuf:"bytes,1,opt,name=service,proto3"`
}

func (m *checkRequest) Reset()         { *m = checkRequest{} }
func (m *checkRequest) String() string { return fmt.Sprintf("%+v", *m) }
func (m *checkRequest) ProtoMessage()  {}

type checkResponse struct {
	Status int32 `protobuf:"varint,1,opt,name=status,proto3"`
}

func (m *checkResponse) Reset()         { *m = checkResponse{} }
func (m *checkResponse) String() string { return fmt.Sprintf("status %d", m.Status) }
func (m *checkResponse) ProtoMessage()  {}

type versionResponse struct {
	GrpcVersion  string `protobuf:"bytes,1,opt,name=grpc_version,json=grpcVersion,proto3"`
	AgentVersion string `protobuf:"bytes,2,opt,name=agent_version,json=agentVersion,proto3"`
}

func (m *versionResponse) Reset()         { *m = versionResponse{} }
func (m *versionResponse) String() string { return m.GrpcVersion + " " + m.AgentVersion }
func (m *versionResponse) ProtoMessage()  {}

// WaitProcess, StatsContainer and whatever else begins with a container's id.
type containerRequest struct {
	ContainerID string `protobuf:"bytes,1,opt,name=container_id,json=containerId,proto3"`
}

func (m *containerRequest) Reset()         { *m = containerRequest{} }
func (m *containerRequest) String() string { return fmt.Sprintf("%+v", *m) }
func (m *containerRequest) ProtoMessage()  {}

type waitResponse struct {
	Status int32 `protobuf:"varint,1,opt,name=status,proto3"`
}

func (m *waitResponse) Reset()         { *m = waitResponse{} }
func (m *waitResponse) String() string { return fmt.Sprintf("status %d", m.Status) }
func (m *waitResponse) ProtoMessage()  {}

type readRequest struct {
	ContainerID string `protobuf:"bytes,1,opt,name=container_id,json=containerId,proto3"`
	ExecID      string `protobuf:"bytes,2,opt,name=exec_id,json=execId,proto3"`
	Len         uint32 `protobuf:"varint,3,opt,name=len,proto3"`
}

func (m *readRequest) Reset()         { *m = readRequest{} }
func (m *readRequest) String() string { return fmt.Sprintf("%+v", *m) }
func (m *readRequest) ProtoMessage()  {}

type bytesResponse struct {
	Data []byte `protobuf:"bytes,1,opt,name=data,proto3"`
}

func (m *bytesResponse) Reset()         { *m = bytesResponse{} }
func (m *bytesResponse) String() string { return fmt.Sprintf("%d bytes", len(m.Data)) }
func (m *bytesResponse) ProtoMessage()  {}
