// What an ordinary Go program asks of its system, one capability at a time, each answer checked; the same
// capabilities and the same lines as rust-wasip1-system.
package main

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"slices"
	"syscall"
	"time"
)

const (
	seed    = "/data/seed.txt"
	ours    = "/data/lab.txt"
	renamed = "/data/renamed.txt"
	content = "written by the lab's guest\n"
)

// wrong is an answer that came without an error and is not right.
type wrong string

func (w wrong) Error() string { return string(w) }

func require(right bool, what string) error {
	if right {
		return nil
	}
	return wrong(what)
}

func holds(path, wanted string) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	return require(string(text) == wanted, "content differs")
}

// In this order: each leaves the files as the next one expects them.
var checks = []struct {
	name  string
	check func() error
}{
	{"args", func() error {
		return require(slices.Equal(os.Args[1:], []string{"one", "two words"}), "not the arguments given")
	}},
	{"env", func() error { return require(os.Getenv("GREETING") == "hello", "no GREETING=hello") }},
	{"file-write", func() error { return os.WriteFile(ours, []byte(content), 0o644) }},
	{"file-read", func() error {
		if err := holds(seed, "seed\n"); err != nil {
			return err
		}
		return holds(ours, content)
	}},
	{"dir-list", func() error {
		entries, err := os.ReadDir("/data")
		if err != nil {
			return err
		}
		var names []string
		for _, entry := range entries {
			names = append(names, entry.Name())
		}
		return require(slices.Equal(names, []string{"lab.txt", "seed.txt"}), "not the files that are there")
	}},
	{"rename", func() error {
		if err := os.Rename(ours, renamed); err != nil {
			return err
		}
		if _, err := os.Stat(ours); err == nil {
			return wrong("the old name is still there")
		}
		return holds(renamed, content)
	}},
	{"delete", func() error {
		if err := os.Remove(seed); err != nil {
			return err
		}
		_, err := os.Stat(seed)
		return require(err != nil, "the file is still there")
	}},
	{"clock-monotonic", func() error {
		first := time.Now()
		return require(time.Since(first) >= 0, "the clock went back")
	}},
	{"clock-realtime", func() error {
		return require(time.Now().Year() >= 2025, "it is not after 2024")
	}},
	{"random", func() error {
		draws := [2][16]byte{}
		for i := range draws {
			if _, err := rand.Read(draws[i][:]); err != nil {
				return err
			}
		}
		return require(!bytes.Equal(draws[0][:], draws[1][:]), "two draws are equal")
	}},
	// Goroutines need no thread: Go's scheduler runs them in turn on the one that there is.
	{"threads", func() error {
		answer := make(chan int)
		go func() { answer <- 6 * 7 }()
		return require(<-answer == 42, "the goroutine gave no answer")
	}},
}

// function is the function of WASI 0.1 behind an error of package os, by the name that Go gives the operation.
func function(err error) string {
	op := ""
	var path *os.PathError
	var link *os.LinkError
	switch {
	case errors.As(err, &path):
		op = path.Op
	case errors.As(err, &link):
		op = link.Op
	}
	return map[string]string{
		"open":   "path_open",
		"read":   "fd_read",
		"write":  "fd_write",
		"rename": "path_rename",
		"remove": "path_unlink_file",
		"stat":   "path_filestat_get",
	}[op]
}

func main() {
	for _, c := range checks {
		err := c.check()
		var errno syscall.Errno
		var bad wrong
		switch {
		case err == nil:
			fmt.Printf("lab: %s ok\n", c.name)
		case errors.As(err, &bad):
			fmt.Printf("lab: %s wrong %s\n", c.name, bad)
		case errors.As(err, &errno):
			fmt.Printf("lab: %s errno=%d %s\n", c.name, int(errno), function(err))
		default:
			fmt.Printf("lab: %s no-errno %v\n", c.name, err)
		}
	}
	fmt.Println("lab: exit-code ok")
	os.Exit(7)
}
