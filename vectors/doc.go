// Package vectors holds test vectors for implementations of what Gridward implements, ours and others: each says where
// it comes from and what to expect. Input that must be refused is a vector too.
package vectors
