package scl

import (
	"os"
	"testing"
)

func BenchmarkParse(b *testing.B) {
	data, err := os.ReadFile(shared(b, "oscd-sel/SEL_SV_and_GOOSE.scd"))
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Parse("sel", data, Limits{}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkParseAndServer(b *testing.B) {
	data, err := os.ReadFile(shared(b, "oscd-sel/SEL_SV_and_GOOSE.scd"))
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		f, err := Parse("sel", data, Limits{})
		if err != nil {
			b.Fatal(err)
		}
		if _, err := f.Server("NRR_PCS221S_001", "S1"); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkServer(b *testing.B) {
	data, err := os.ReadFile(shared(b, "oscd-sel/SEL_SV_and_GOOSE.scd"))
	if err != nil {
		b.Fatal(err)
	}
	f, err := Parse("sel", data, Limits{})
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := f.Server("NRR_PCS221S_001", "S1"); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkCheck(b *testing.B) {
	data, err := os.ReadFile(shared(b, "oscd-sel/SEL_SV_and_GOOSE.scd"))
	if err != nil {
		b.Fatal(err)
	}
	f, err := Parse("sel", data, Limits{})
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if n := len(Check(f).Errors()); n > 0 {
			b.Fatal(n, "errors")
		}
	}
}
