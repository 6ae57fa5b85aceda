module go-wasip1-http-server

go 1.21
