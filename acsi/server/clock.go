package server

import (
	"time"

	"github.com/gridward/gridward/model"
)

// quality is what the clock's state says about every time stamp that the server makes.
func (s *Server) quality() model.TimeQuality { return model.TimeQuality(s.timeQuality.Load()) }

// stamp makes a time stamp.
func (s *Server) stamp(t time.Time) model.Timestamp { return model.NewTimestamp(t, s.quality()) }
