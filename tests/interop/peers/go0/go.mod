module zbus.test/go0

go 1.19

require (
	github.com/threefoldtech/zbus v0.1.4
	zbus.test/service v0.0.0
)

require (
	github.com/garyburd/redigo v1.6.0 // indirect
	github.com/golang/protobuf v1.2.0 // indirect
	github.com/google/uuid v1.1.1 // indirect
	github.com/rs/zerolog v1.14.3 // indirect
	github.com/vmihailenco/msgpack v4.0.3+incompatible // indirect
	golang.org/x/net v0.0.0-20190514140710-3ec191127204 // indirect
	google.golang.org/appengine v1.5.0 // indirect
)

replace zbus.test/service => ../service
