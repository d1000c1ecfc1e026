// A peer on the real Go library of generation 1: see the service module for its subcommands.
package main

import (
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
	reply.PanicOnError()
	loader := zbus.Loader(returns)
	if err := reply.Unmarshal(&loader); err != nil {
		return nil, err
	}
	if fails {
		failure = reply.CallError()
	}
	return failure, nil
}

func recodeRequest(data []byte) ([]byte, interface{}, error) {
	request, err := zbus.LoadRequest(data)
	if err != nil {
		return nil, nil, err
	}
	args, err := service.PrintableDocuments(request.Inputs)
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
	var failure, refusal interface{}
	if response.Output.Error != nil {
		failure = response.Output.Error.Message
	}
	if response.Error != nil {
		refusal = *response.Error
	}
	again, err := response.Encode()
	return again, map[string]interface{}{
		"id":         response.ID,
		"data":       service.PrintableBytes(response.Output.Data),
		"call_error": failure,
		"bus_error":  refusal,
	}, err
}
