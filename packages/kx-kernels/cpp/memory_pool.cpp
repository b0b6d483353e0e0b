// A memory pool for NumPy arrays (NEP 49): memory given back is kept for the next array of the same size, so that steady
// work gets no new pages from the system, whose first touch costs more than most kernels.
#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <unordered_map>
#include <vector>

#include "cpu/arrays.hpp"
#include "families.hpp"

namespace kx {
namespace {

constexpr size_t header = 64;            // holds the size of the block; what follows it is aligned like it
constexpr size_t smallest = size_t(1) << 14;  // below this the C library is as fast, and its pages stay

// Sizes are rounded up to eighths of a power of two, so that batches of nearly one size share blocks.
size_t rounded(size_t bytes) {
    size_t step = smallest / 8;
    while (step * 16 <= bytes) step *= 2;
    return (bytes + step - 1) / step * step;
}

class Pool {
   public:
    void* take(size_t bytes) {
        const size_t size = rounded(bytes);
        {
            const std::lock_guard<std::mutex> lock(mutex);
            live += size;
            most_live = std::max(most_live, live);
            auto found = blocks.find(size);
            if (found != blocks.end() && !found->second.empty()) {
                void* block = found->second.back();
                found->second.pop_back();
                kept -= size;
                ++reused;
                return block;
            }
            ++fresh;
        }
        return system_take(size);
    }

    // In use and kept is at most twice what was ever in use at once: sizes that never come again are then given up. Once
    // would be too little, as a step has its most blocks of each size in use at different times.
    void give(void* block, size_t bytes) {
        const size_t size = rounded(bytes);
        {
            const std::lock_guard<std::mutex> lock(mutex);
            live -= size;
            if (live + kept + size <= 2 * most_live) {
                blocks[size].push_back(block);
                kept += size;
                return;
            }
        }
        std::free(block);
    }

    void trim() {
        std::unordered_map<size_t, std::vector<void*>> dropped;
        {
            const std::lock_guard<std::mutex> lock(mutex);
            dropped.swap(blocks);
            kept = 0;
            most_live = live;
        }
        for (auto& [size, list] : dropped) {
            for (void* block : list) std::free(block);
        }
    }

    nb::dict statistics() {
        const std::lock_guard<std::mutex> lock(mutex);
        nb::dict found;
        found["fresh"] = fresh;
        found["reused"] = reused;
        found["live_bytes"] = live;
        found["most_live_bytes"] = most_live;
        found["kept_bytes"] = kept;
        return found;
    }

    static void* system_take(size_t size) { return std::aligned_alloc(header, size + header); }

   private:
    std::mutex mutex;
    std::unordered_map<size_t, std::vector<void*>> blocks;
    size_t live = 0, kept = 0, most_live = 0, fresh = 0, reused = 0;
};

// Never destroyed: arrays may outlive the module.
Pool& pool() {
    static Pool* const one = new Pool;
    return *one;
}

size_t& size_of(void* block) { return *static_cast<size_t*>(block); }
void* block_of(void* memory) { return static_cast<char*>(memory) - header; }

void* allocate(void*, size_t bytes) {
    void* block = bytes >= smallest ? pool().take(bytes) : std::malloc(bytes + header);
    if (!block) return nullptr;
    size_of(block) = bytes;
    return static_cast<char*>(block) + header;
}

void* allocate_zeros(void*, size_t count, size_t item) {
    if (item && count > SIZE_MAX / item) return nullptr;
    void* memory = allocate(nullptr, count * item);
    if (memory) std::memset(memory, 0, count * item);
    return memory;
}

void release(void*, void* memory, size_t) {
    if (!memory) return;
    void* block = block_of(memory);
    size_of(block) >= smallest ? pool().give(block, size_of(block)) : std::free(block);
}

void* reallocate(void*, void* memory, size_t bytes) {
    void* moved = allocate(nullptr, bytes);
    if (!moved || !memory) return moved;
    std::memcpy(moved, memory, std::min(bytes, size_of(block_of(memory))));
    release(nullptr, memory, 0);
    return moved;
}

PyDataMem_Handler handler = {"kx_pool", 1, {nullptr, allocate, allocate_zeros, reallocate, release}};

// Makes the pool, or what was in use before, the allocator of this context (PEP 567); returns what it replaces.
nb::object use_allocator(nb::handle wanted) {
    PyObject* capsule = wanted.is_none() ? PyCapsule_New(&handler, "mem_handler", nullptr) : wanted.inc_ref().ptr();
    if (!capsule) nb::raise_python_error();
    PyObject* previous = PyDataMem_SetHandler(capsule);
    Py_DECREF(capsule);
    if (!previous) nb::raise_python_error();
    return nb::steal(previous);
}

}  // namespace

void define_memory_pool(nb::module_& m) {
    m.def("use_allocator", &use_allocator, nb::arg("allocator").none() = nb::none());
    m.def("trim_pool", [] { pool().trim(); }, "Give the memory that the pool keeps for reuse back to the system.");
    m.def("pool_statistics", [] { return pool().statistics(); },
          "Return how many blocks were fresh and how many reused, and the bytes in use, at most in use, and kept.");
}

}  // namespace kx
