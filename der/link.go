package der

import "errors"

var errNoLink = errors.New("der: no link")

func newXMPPLink(*Config) (Link, error) { return nil, errNoLink }
