// Package compatibility is where the compatibility suite of the Go library is compiled: its file is laid over this folder, with another
// address in place of its own.
package compatibility

import (
	_ "github.com/stretchr/testify/assert"
	_ "github.com/threefoldtech/zbus"
	_ "github.com/threefoldtech/zbus/examples/server/stubs"
)
