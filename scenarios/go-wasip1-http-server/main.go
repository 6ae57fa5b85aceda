// A web server as one would write it anywhere. It takes the port as its argument.
package main

import (
	"fmt"
	"net"
	"net/http"
	"os"
	"time"
)

func main() {
	listener, err := net.Listen("tcp", "127.0.0.1:"+os.Args[1])
	if err != nil {
		fmt.Println("lab: socket-listen no-errno", err)
		os.Exit(1)
	}
	fmt.Println("lab: socket-listen ok")
	// Almost every server has something that runs now and then. Without it, Go's scheduler sees that nobody
	// can ever wake the one goroutine, and ends the program: "all goroutines are asleep - deadlock!".
	go func() {
		for range time.Tick(100 * time.Millisecond) {
		}
	}()
	err = http.Serve(listener, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintln(w, "hello")
	}))
	fmt.Println("failed to serve:", err)
	os.Exit(1)
}
