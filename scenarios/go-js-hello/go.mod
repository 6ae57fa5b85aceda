module go-js-hello

go 1.21
