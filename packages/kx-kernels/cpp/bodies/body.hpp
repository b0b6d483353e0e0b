// How a kernel body is declared. Bodies are plain functions over numbers and pointers: no threads, containers or
// intrinsics, so that the same source can be compiled for a GPU. They are always inlined, and so compiled for the
// instruction set of the loop that calls them.
#pragma once

#if defined(__CUDACC__)
#define KX_BODY __host__ __device__ __forceinline__
#elif defined(_MSC_VER)
#define KX_BODY __forceinline
#else
#define KX_BODY inline __attribute__((always_inline))
#endif

// Put before a loop that joins into `total` by + or max: lets the compiler do so in the lanes of registers, in an order that
// depends on the number of steps alone.
#if defined(__CUDACC__)
#define KX_IN_LANES(operation, total)
#else
#define KX_PRAGMA(text) _Pragma(#text)
#define KX_IN_LANES(operation, total) KX_PRAGMA(omp simd reduction(operation : total))
#endif
