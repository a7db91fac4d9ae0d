// SPDX-License-Identifier: Apache-2.0

// An independent peer for our ttRPC: containerd's implementation in Go.
//
//	ttrpc-go-peer client SOCKET CASE   makes the calls of a case and prints what they came to
//	ttrpc-go-peer server SOCKET        answers as the methods of server.go say
package main

import (
	"fmt"
	"os"
)

func main() {
	var err error
	switch {
	case len(os.Args) == 4 && os.Args[1] == "client":
		var seen string
		if seen, err = runClient(os.Args[2], os.Args[3]); err == nil {
			fmt.Println(seen)
		}
	case len(os.Args) == 3 && os.Args[1] == "server":
		err = runServer(os.Args[2])
	default:
		err = fmt.Errorf("usage: client SOCKET CASE | server SOCKET")
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "ttrpc-go-peer:", err)
		os.Exit(1)
	}
}
