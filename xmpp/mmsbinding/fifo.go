package mmsbinding

// A fifo is a queue that keeps its room. The zero value is ready.
type fifo[T any] struct {
	list []T
	head int
}

func (q *fifo[T]) len() int { return len(q.list) - q.head }

func (q *fifo[T]) put(v T) {
	if q.head > 64 && q.head > len(q.list)/2 {
		n := copy(q.list, q.list[q.head:])
		clear(q.list[n:])
		q.list, q.head = q.list[:n], 0
	}
	q.list = append(q.list, v)
}

// first gives the oldest, which must be there.
func (q *fifo[T]) first() T { return q.list[q.head] }

// drop takes the oldest out, which must be there.
func (q *fifo[T]) drop() {
	var zero T
	q.list[q.head] = zero
	if q.head++; q.head == len(q.list) {
		q.list, q.head = q.list[:0], 0
	}
}

// reset forgets everything, with its room.
func (q *fifo[T]) reset() { *q = fifo[T]{} }
