// Package mmssite is what the tests with other implementations of IEC 61850-8-1 share: a Station of ours that they talk
// to, a Recorder between the two ends that writes down what crosses, a Program that does what JSON lines tell it, and the
// replay of recorded associations without the other implementation.
package mmssite
