// The pool of threads that loops share.
#include "cpu/threads.hpp"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <cstdlib>
#include <mutex>
#include <thread>

#if !defined(_WIN32)
#include <pthread.h>
#endif

namespace kx {
namespace {

// A pause of the processor, so that waiting does not slow down the other thread of a core.
void rest() {
#if defined(__x86_64__) && defined(__GNUC__)
    __builtin_ia32_pause();
#elif defined(__aarch64__) && defined(__GNUC__)
    asm volatile("yield");
#endif
}

// Before a thread goes to sleep it looks this often (about 20 us) for the next loop, since being woken takes longer.
constexpr int looks = 1000;

class Pool {
   public:
    void run(int64_t rounds, int helpers, void (*function)(const void*, int64_t), const void* with) {
        const std::unique_lock<std::mutex> alone(one_loop, std::try_to_lock);
        if (!alone) {
            for (int64_t i = 0; i < rounds; ++i) function(with, i);
            return;
        }
        body = function;
        context = with;
        count = rounds;
        next.store(0, std::memory_order_relaxed);
        inside.store(0, std::memory_order_release);  // from here on threads may come in
        call(helpers);
        take_rounds();
        // All rounds are taken: shut the door when those still inside are done. If they share this thread's core they
        // need it.
        for (int tries = 0;; ++tries) {
            int64_t nobody = 0;
            if (inside.compare_exchange_weak(nobody, closed, std::memory_order_acquire)) return;
            tries < looks ? rest() : std::this_thread::yield();
        }
    }

   private:
    static constexpr int64_t closed = -1;

    void call(int helpers) {
        {
            const std::lock_guard<std::mutex> lock(sleeping);
            loops.fetch_add(1, std::memory_order_release);
        }
        for (; started < helpers; ++started) std::thread([this] { serve(); }).detach();
        helpers == 1 ? wake.notify_one() : wake.notify_all();
    }

    void serve() {
        for (uint64_t seen = 0;;) {
            for (int i = 0; i < looks && loops.load(std::memory_order_acquire) == seen; ++i) rest();
            if (loops.load(std::memory_order_acquire) == seen) {
                std::unique_lock<std::mutex> lock(sleeping);
                wake.wait(lock, [&] { return loops.load(std::memory_order_relaxed) != seen; });
            }
            seen = loops.load(std::memory_order_acquire);
            if (come_in()) {
                take_rounds();
                inside.fetch_sub(1, std::memory_order_release);
            }
        }
    }

    bool come_in() {
        int64_t others = inside.load(std::memory_order_relaxed);
        while (others != closed) {
            if (inside.compare_exchange_weak(others, others + 1, std::memory_order_acquire)) return true;
        }
        return false;
    }

    void take_rounds() {
        for (int64_t i; (i = next.fetch_add(1, std::memory_order_relaxed)) < count;) body(context, i);
    }

    std::mutex one_loop, sleeping;
    std::condition_variable wake;
    int started = 0;
    // The loop that is open: written before `inside` becomes 0, read only by those who came in.
    void (*body)(const void*, int64_t) = nullptr;
    const void* context = nullptr;
    int64_t count = 0;
    alignas(64) std::atomic<int64_t> next{0};
    alignas(64) std::atomic<int64_t> inside{closed};  // how many threads of the pool
    alignas(64) std::atomic<uint64_t> loops{0};
};

// Never freed, as its threads run until the process ends.
std::atomic<Pool*> pool{nullptr};

Pool& the_pool() {
    static std::mutex making;
    if (!pool.load(std::memory_order_acquire)) {
        const std::lock_guard<std::mutex> lock(making);
        if (!pool.load(std::memory_order_relaxed)) {
#if !defined(_WIN32)
            // A forked child has none of the threads.
            static const int registered = pthread_atfork(nullptr, nullptr, [] { pool = nullptr; });
            static_cast<void>(registered);
#endif
            pool.store(new Pool, std::memory_order_release);
        }
    }
    return *pool;
}

int default_count() {
    const char* wanted = std::getenv("OMP_NUM_THREADS");
    const int count = wanted ? std::atoi(wanted) : 0;
    return std::max(1, count > 0 ? count : static_cast<int>(std::thread::hardware_concurrency()));
}

std::atomic<int> most{default_count()};

}  // namespace

int thread_count() { return most.load(std::memory_order_relaxed); }

void set_thread_count(int count) { most = count; }

void run_on_threads(int64_t count, void (*body)(const void*, int64_t), const void* context) {
    const int helpers = static_cast<int>(std::min<int64_t>(thread_count(), count)) - 1;
    if (helpers > 0) {
        the_pool().run(count, helpers, body, context);
    } else {
        for (int64_t i = 0; i < count; ++i) body(context, i);
    }
}

}  // namespace kx
