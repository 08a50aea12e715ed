package store

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

const killedDB = "GRIDWARD_TEST_KILLED_DB"

func TestMain(m *testing.M) {
	if path := os.Getenv(killedDB); path != "" {
		writeForever(path)
	}
	os.Exit(m.Run())
}

// writeForever is the process that is killed: it says how far it has flushed.
func writeForever(path string) {
	d, err := Open(path, Options{Gather: -1})
	if err != nil {
		fmt.Println("error", err)
		os.Exit(1)
	}
	_, _, id, _, _ := d.Bounds("s")
	d.Limit("s", 2000, 0)
	for {
		for range 20 {
			id++
			d.Append("s", id, at(int(id)), text(strings.Repeat("x", int(id%500))), 500)
		}
		err := d.Flush()
		if err == nil {
			err = d.Put("last", []byte(strconv.FormatUint(id, 10)))
		}
		if err != nil {
			fmt.Println("error", err)
			os.Exit(1)
		}
		fmt.Println(id)
	}
}

// A process that is killed at any moment leaves a file that is whole and holds all that it had flushed.
func TestKilledProcess(t *testing.T) {
	path := filepath.Join(t.TempDir(), "db")
	last := uint64(0)
	for round := range 8 {
		cmd := exec.Command(os.Args[0], "-test.run=^$")
		cmd.Env = append(os.Environ(), killedDB+"="+path)
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(out)
		for n := 0; lines.Scan(); n++ {
			id, err := strconv.ParseUint(lines.Text(), 10, 64)
			if err != nil {
				t.Fatal(lines.Text())
			}
			last = id
			if n == 3+round*7 {
				if _, err := Open(path, Options{}); err == nil {
					t.Error("a file that another process has was opened")
				}
				if err := cmd.Process.Kill(); err != nil {
					t.Fatal(err)
				}
			}
		}
		_ = cmd.Wait() // it was killed

		d := open(t, path, Options{Events: func(e Event) { t.Errorf("after the kill: %+v", e) }})
		next := uint64(0)
		err = d.Scan("s", 0, time.Time{}, time.Time{}, 1<<30, func(id uint64, _ time.Time, data []byte) bool {
			if next != 0 && id != next || len(data) != int(id%500) {
				t.Errorf("record %d of %d octets where %d is expected", id, len(data), next)
			}
			next = id + 1
			return true
		})
		if err != nil {
			t.Fatal(err)
		}
		if next <= last {
			t.Errorf("record %d was flushed, the last one is %d", last, next-1)
		}
		value, err := d.Get("last")
		if kept, _ := strconv.ParseUint(string(value), 10, 64); err != nil || kept < last {
			t.Errorf("value %q, want at least %d: %v", value, last, err)
		}
		if err := d.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func BenchmarkAppend(b *testing.B) {
	for _, size := range []int{100, 1000} {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			d := open(b, filepath.Join(b.TempDir(), "db"), Options{})
			d.Limit("s", 100_000, 0)
			data := text(strings.Repeat("x", size))
			b.ReportAllocs()
			id := uint64(0)
			for b.Loop() {
				for id++; !d.Append("s", id, at(int(id)), data, size); {
					if err := d.Flush(); err != nil {
						b.Fatal(err)
					}
				}
			}
			if err := d.Flush(); err != nil {
				b.Fatal(err)
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "records/s")
		})
	}
}

func BenchmarkFlush(b *testing.B) {
	d := open(b, filepath.Join(b.TempDir(), "db"), Options{})
	id := uint64(0)
	for b.Loop() {
		id++
		d.Append("s", id, at(int(id)), text("x"), 1)
		if err := d.Flush(); err != nil {
			b.Fatal(err)
		}
	}
}
