module go-wasip1-system

go 1.21
