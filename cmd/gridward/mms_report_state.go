package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/google/renameio/v2"

	"github.com/gridward/gridward/acsi/client"
	"github.com/gridward/gridward/internal/cli"
)

// reportState is the file of --state.
type reportState struct {
	Block   string `json:"block"`
	EntryID string `json:"entryID"`
}

// resume reads the file of --state, if there is one.
func (w *reportWatch) resume() error {
	st, err := w.load()
	if err != nil || st.EntryID == "" || w.entryID != "" {
		return err
	}
	if w.opt.EntryID, err = client.ParseEntryID(st.EntryID); err != nil {
		return cli.Usage(fmt.Errorf("%s: entryID: %w", w.state, err), "remove the file to start afresh")
	}
	return nil
}

func (w *reportWatch) load() (st reportState, err error) {
	if w.state == "" {
		return st, nil
	}
	b, err := os.ReadFile(w.state)
	if errors.Is(err, fs.ErrNotExist) {
		return st, nil
	}
	if err == nil {
		err = json.Unmarshal(b, &st)
	}
	if err != nil {
		return st, cli.Usage(fmt.Errorf("--state: %s: %w", w.state, err), "remove the file to start afresh")
	}
	return st, nil
}

// mine refuses the state of another block.
func (w *reportWatch) mine() error {
	st, err := w.load()
	if err == nil && st.Block != "" && st.Block != w.rcb.String() {
		err = cli.Usage(fmt.Errorf("--state: %s belongs to %s, not to %s", w.state, st.Block, w.rcb), "give each block a file of its own")
	}
	return err
}

// save keeps the last entry. It comes after the report was printed: after a crash a report may come twice, never be lost.
func (w *reportWatch) save() error {
	if w.state == "" {
		return nil
	}
	b, err := json.Marshal(reportState{w.rcb.String(), w.opt.EntryID.String()})
	if err != nil {
		return err
	}
	if err := renameio.WriteFile(w.state, append(b, '\n'), 0o600); err != nil {
		return fmt.Errorf("--state: %w", err)
	}
	return nil
}
