module zbus.test/zos

go 1.19

require (
	github.com/shirou/gopsutil v3.21.11+incompatible
	github.com/threefoldtech/zbus v1.0.1
	zbus.test/service v0.0.0
)

require (
	github.com/go-ole/go-ole v1.2.6 // indirect
	github.com/golang/protobuf v1.2.0 // indirect
	github.com/gomodule/redigo v1.8.9 // indirect
	github.com/google/uuid v1.1.1 // indirect
	github.com/rs/zerolog v1.14.3 // indirect
	github.com/vmihailenco/msgpack v4.0.3+incompatible // indirect
	github.com/yusufpapurcu/wmi v1.2.4 // indirect
	golang.org/x/net v0.0.0-20190514140710-3ec191127204 // indirect
	golang.org/x/sys v0.0.0-20190916202348-b4ddaad3f8a3 // indirect
	google.golang.org/appengine v1.5.0 // indirect
)

replace zbus.test/service => ../service
