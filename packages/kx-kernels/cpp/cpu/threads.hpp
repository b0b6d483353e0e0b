// The threads of loops. Unlike OpenMP's, a thread that the system does not run is not waited for: the loop is done when
// its rounds are, and those are taken by whoever runs. On a machine whose cores have other work this is what counts: a
// barrier there costs a time slice of the scheduler, a hundred times the loop.
#pragma once

#include <cstdint>

namespace kx {

// How many threads a loop uses at most: OMP_NUM_THREADS, or what `set_thread_count` was given, or the number of cores.
int thread_count();
void set_thread_count(int count);

// body(context, i) for i in [0, count), on the calling thread and those of the pool that come in time. The pool serves
// one loop at a time: one that starts during another, or inside it, runs on its own thread alone.
void run_on_threads(int64_t count, void (*body)(const void* context, int64_t i), const void* context);

}  // namespace kx
