// Scratch memory that each thread keeps from call to call, so that steady work allocates nothing and touches no new pages.
#pragma once

#include <cstdint>
#include <new>
#include <vector>

namespace kx {

// The blocks of one thread: the outermost Workspace uses the first, one opened inside it the second, and so on.
class WorkspaceBlocks {
   public:
    static WorkspaceBlocks& own() {
        thread_local WorkspaceBlocks blocks;
        return blocks;
    }
    void* take(size_t bytes) {
        if (depth == blocks.size()) blocks.push_back({nullptr, 0});
        Block& block = blocks[depth++];
        if (block.bytes < bytes) {
            release(block.data);
            block = {::operator new(bytes, std::align_val_t(alignment)), bytes};
        }
        return block.data;
    }
    void give() { --depth; }
    ~WorkspaceBlocks() {
        for (const Block& block : blocks) release(block.data);
    }

   private:
    static constexpr size_t alignment = 64;
    struct Block {
        void* data;
        size_t bytes;
    };
    static void release(void* data) {
        if (data) ::operator delete(data, std::align_val_t(alignment));
    }
    std::vector<Block> blocks;
    size_t depth = 0;
};

// Room for `count` elements of T, uninitialized, until the end of the block it is declared in.
template <typename T>
class Workspace {
   public:
    explicit Workspace(int64_t count) : room(static_cast<T*>(WorkspaceBlocks::own().take(count * sizeof(T)))) {}
    ~Workspace() { WorkspaceBlocks::own().give(); }
    Workspace(const Workspace&) = delete;
    Workspace& operator=(const Workspace&) = delete;
    T* data() const { return room; }
    T& operator[](int64_t i) const { return room[i]; }

   private:
    T* room;
};

}  // namespace kx
