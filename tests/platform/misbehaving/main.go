// Misbehaving is a predictor of the V1 protocol that answers every request with the same labels, or a transformer that
// hands requests on, each as late and as often wrong as its flags say: the bad version of a rollout. `GET /at-most` says how many requests
// it had at a time at most.
package main

import (
	"flag"
	"fmt"
	"io"
	"log"
	"net/http"
	"sync/atomic"
	"time"
)

func main() {
	labels := flag.String("labels", "0", "the labels of every answer, with commas between them")
	failing := flag.Uint64("failing", 0, "every so many-th request fails with status 500; 0: none")
	delay := flag.Duration("delay", 0, "how long each request takes beside the predictor's time")
	predictor := flag.String("predictor_host", "", "where requests are handed on; empty: it answers itself")
	for _, name := range []string{"model_name", "http_port", "workers"} {
		flag.String(name, "", "as KServe tells transformers; not needed")
	}
	flag.Parse()
	var asked atomic.Uint64
	var now, most atomic.Int64
	http.HandleFunc("POST /v1/models/{call}", func(reply http.ResponseWriter, request *http.Request) {
		here := now.Add(1)
		defer now.Add(-1)
		for before := most.Load(); here > before && !most.CompareAndSwap(before, here); before = most.Load() {
		}
		time.Sleep(*delay)
		if *failing > 0 && asked.Add(1)%*failing == 0 {
			http.Error(reply, `{"error": "as it was told"}`, http.StatusInternalServerError)
			return
		}
		reply.Header().Set("content-type", "application/json")
		if *predictor == "" {
			fmt.Fprintf(reply, `{"predictions": [%s]}`, *labels)
			return
		}
		answer, err := http.Post("http://"+*predictor+request.URL.Path, "application/json", request.Body)
		if err != nil {
			http.Error(reply, err.Error(), http.StatusBadGateway)
			return
		}
		defer answer.Body.Close()
		reply.WriteHeader(answer.StatusCode)
		io.Copy(reply, answer.Body)
	})
	http.HandleFunc("GET /at-most", func(reply http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(reply, most.Load())
	})
	http.HandleFunc("/", func(http.ResponseWriter, *http.Request) {})
	log.Fatal(http.ListenAndServe(":8080", nil))
}
