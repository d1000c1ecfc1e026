// A peer on the real Go library of generation 0: see the service module for its subcommands.
package main

import (
	"fmt"

	"github.com/threefoldtech/zbus"
	"zbus.test/service"
)

func main() {
	service.Main(service.Generation{
		Decode: decode,
		Messages: map[string]service.Recode{
			"request":  recodeRequest,
			"response": recodeResponse,
		},
	})
}

func decode(reply *zbus.Response, fails bool, returns []interface{}) (failure error, err error) {
	expected := len(returns)
	if fails {
		expected++
	}
	if reply.NumArguments() != expected {
		return nil, fmt.Errorf("%d elements where %d were due", reply.NumArguments(), expected)
	}
	for i, value := range returns {
		if err := reply.Unmarshal(i, value); err != nil {
			return nil, err
		}
	}
	if fails {
		// As the generated stubs have it: a nil on the wire sets the pointer to nil.
		remote := new(zbus.RemoteError)
		if err := reply.Unmarshal(len(returns), &remote); err != nil {
			return nil, err
		}
		if remote != nil {
			failure = remote
		}
	}
	return failure, nil
}

func recodeRequest(data []byte) ([]byte, interface{}, error) {
	request, err := zbus.LoadRequest(data)
	if err != nil {
		return nil, nil, err
	}
	args, err := service.PrintableDocuments(request.Arguments)
	if err != nil {
		return nil, nil, err
	}
	again, err := request.Encode()
	return again, map[string]interface{}{
		"id":       request.ID,
		"object":   request.Object.String(),
		"method":   request.Method,
		"reply_to": request.ReplyTo,
		"args":     args,
	}, err
}

func recodeResponse(data []byte) ([]byte, interface{}, error) {
	response, err := zbus.LoadResponse(data)
	if err != nil {
		return nil, nil, err
	}
	arguments := []interface{}{}
	for _, document := range response.Arguments {
		arguments = append(arguments, service.PrintableBytes(document))
	}
	again, err := response.Encode()
	return again, map[string]interface{}{
		"id":        response.ID,
		"arguments": arguments,
		"bus_error": response.Error,
	}, err
}
