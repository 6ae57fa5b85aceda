module go-wasip1-hello

go 1.21
