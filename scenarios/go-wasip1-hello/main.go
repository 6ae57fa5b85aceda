// What every Go tutorial begins with.
package main

import "fmt"

func main() {
	fmt.Println("Hello, world!")
}
