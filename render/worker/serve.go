package worker

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"strconv"
)

// The environment in which a pool starts its workers.
const (
	memoryVariable = "RINGFENCE_WORKER_MEMORY" // bytes that the process may get
	outputVariable = "RINGFENCE_WORKER_OUTPUT" // bytes of a result
)

// maxStack bounds the stack of one goroutine in bytes; the runtime's own bound of 1 GB
// is more than a worker may have.
const maxStack = 64 << 20

// Serve does the jobs that come from in, one after the other. When in ends, the process
// that asks is gone, and this one exits too, whatever it is doing. A job may ask that
// process questions until it returns its result. Serve returns only with an error.
func Serve(in io.Reader, out io.Writer, do func(job []byte, ask func(question []byte) []byte) []byte) error {
	signal.Ignore(os.Interrupt) // it is meant for the process that asks
	debug.SetMaxStack(maxStack)
	if memory := number(memoryVariable); memory > 0 {
		limitAddressSpace(memory)
	}
	output := number(outputVariable)
	frames := make(chan []byte)
	ended := make(chan error, 1)
	go func() {
		for buffered := bufio.NewReader(in); ; {
			_, data, err := readFrame(buffered, maxFrame)
			if err != nil {
				ended <- err
				if err == io.EOF { //nolint:errorlint // readFrame does not wrap it
					exit(0)
				}
				exit(1)
				return
			}
			frames <- data
		}
	}()
	buffered := bufio.NewWriterSize(out, 1<<16)
	send := func(k kind, data []byte) error {
		if err := writeFrame(buffered, k, data); err != nil {
			return err
		}
		return buffered.Flush()
	}
	ask := func(question []byte) []byte {
		if err := send(aQuestion, question); err != nil {
			exit(1)
		}
		return <-frames
	}
	for {
		var job []byte
		select {
		case job = <-frames:
		case err := <-ended:
			return fmt.Errorf("the pool is gone: %w", err)
		}
		k, result := aResult, do(job, ask)
		if output > 0 && int64(len(result)) > output {
			k, result = tooMuch, nil
		}
		if err := send(k, result); err != nil {
			return err
		}
	}
}

// exit ends the process; tests of Serve itself go on.
var exit = os.Exit

// number reads a variable of the environment, 0 where there is none.
func number(variable string) int64 {
	n, err := strconv.ParseInt(os.Getenv(variable), 10, 64)
	if err != nil {
		return 0
	}
	return n
}
