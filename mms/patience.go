package mms

import "time"

// obtaining is how long a peer may take for obtainFile.
const obtaining = time.Hour

// Patience is how long a request may wait for its answer before a carrier forgets it: as long as others do, usual, but for
// obtainFile, during which the peer asks back for one part after the other.
func Patience(r *ConfirmedRequest, usual time.Duration) time.Duration {
	if _, ok := r.Service.(*ObtainFile); ok {
		return max(usual, obtaining)
	}
	return usual
}
