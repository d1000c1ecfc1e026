// Package compatibility is where the compatibility suite of the Go library and the server of its example are compiled: their files are
// laid over this folder.
package compatibility

import (
	_ "github.com/stretchr/testify/assert"
	_ "github.com/threefoldtech/zbus"
	_ "github.com/threefoldtech/zbus/examples/server/stubs"
)
