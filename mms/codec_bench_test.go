package mms

import (
	"testing"

	"github.com/gridward/gridward/model"
)

func benchPDUs() (read, answer PDU) {
	read = &ConfirmedRequest{InvokeID: 17, Service: &Read{Access: VariableAccess{List: []VariableSpec{{Name: InDomain("DER1LD0", "MMXU1$MX$TotW$mag$f")}}}}}
	answer = &ConfirmedResponse{InvokeID: 17, Service: &ReadResponse{Results: []AccessResult{{Value: model.Float32(123.456)}}}}
	return read, answer
}

func benchmarkCodec(b *testing.B, p PDU, encode func([]byte, PDU) ([]byte, error), parse func([]byte) (PDU, error)) {
	b.Helper()
	enc, err := encode(nil, p)
	if err != nil {
		b.Fatal(err)
	}
	b.Run("encode", func(b *testing.B) {
		b.ReportAllocs()
		buf := make([]byte, 0, 1024)
		for b.Loop() {
			if _, err := encode(buf, p); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("decode", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := parse(enc); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func BenchmarkBER(b *testing.B) {
	read, answer := benchPDUs()
	for name, p := range map[string]PDU{"read": read, "answer": answer} {
		b.Run(name, func(b *testing.B) {
			benchmarkCodec(b, p, AppendBER, func(x []byte) (PDU, error) { return ParseBER(x, Limits{}) })
		})
		b.Run(name+"/borrow", func(b *testing.B) {
			benchmarkCodec(b, p, AppendBER, func(x []byte) (PDU, error) { return ParseBER(x, Limits{Borrow: true}) })
		})
	}
}

func BenchmarkXER(b *testing.B) {
	read, answer := benchPDUs()
	enc := func(x []byte, p PDU) ([]byte, error) { return AppendXER(x, p, GW1) }
	for name, p := range map[string]PDU{"read": read, "answer": answer} {
		b.Run(name, func(b *testing.B) {
			benchmarkCodec(b, p, enc, func(x []byte) (PDU, error) { return ParseXER(x, nil, Limits{}) })
		})
	}
}
