// Runs a CUDA kernel on the CPU: each lane is a fiber, which goes on from barrier to barrier.
//
// Warps run one after another, and so do the lanes of a warp, in one order and then in the other. A
// barrier left out makes them read what is not there yet, or no more. Lanes of a warp have to meet
// at the same line, and warps of a block too.
//
// KERNEL_FILE and KERNEL are given to the compiler.

#include <ucontext.h>

#include <cmath>
#include <cstddef>
#include <tuple>
#include <utility>
#include <vector>

struct Index {
  int x;
};
static Index threadIdx, blockIdx, blockDim, gridDim;

static void wait_at(int line, bool whole_block);

#define __global__
#define __device__
#define __shared__ static
#define __syncwarp() wait_at(__LINE__, false)
#define __syncthreads() wait_at(__LINE__, true)

using std::exp;
using std::fmax;
using std::fmin;
using std::log;

#include KERNEL_FILE

static const int LANES = 32, STACK = 1 << 16, DONE = -1;

struct Lane {
  ucontext_t context;
  std::vector<char> stack;
  int line;
  bool whole_block;
};

static std::vector<Lane> lanes;
static ucontext_t scheduler;
static void** given;

static void wait_at(int line, bool whole_block) {
  Lane& lane = lanes[threadIdx.x];
  lane.line = line;
  lane.whole_block = whole_block;
  swapcontext(&lane.context, &scheduler);
}

template <class... P, std::size_t... I>
static void call(void (*kernel)(P...), std::index_sequence<I...>) {
  kernel(*static_cast<P*>(given[I])...);
}

template <class... P>
static constexpr int count_parameters(void (*)(P...)) {
  return sizeof...(P);
}

static const int PARAMETERS = count_parameters(KERNEL);

static void run_lane() {
  call(KERNEL, std::make_index_sequence<PARAMETERS>());
  lanes[threadIdx.x].line = DONE;
}

static bool meet(int first, int last) {
  for (int each = first; each < last; ++each)
    if (lanes[each].line != lanes[first].line) return false;
  return true;
}

static void start_lanes() {
  for (Lane& lane : lanes) {
    getcontext(&lane.context);
    lane.context.uc_stack.ss_sp = lane.stack.data();
    lane.context.uc_stack.ss_size = lane.stack.size();
    lane.context.uc_link = &scheduler;
    makecontext(&lane.context, run_lane, 0);
    lane.line = 0;
  }
}

// Runs a warp until it waits for the others of its block, or is done.
static bool run_warp(int first) {
  Lane& any = lanes[first];
  for (int round = 0; round == 0 || (any.line != DONE && !any.whole_block); ++round) {
    for (int turn = 0; turn < LANES; ++turn) {
      threadIdx.x = first + (round % 2 ? LANES - 1 - turn : turn);
      swapcontext(&scheduler, &lanes[threadIdx.x].context);
    }
    if (!meet(first, first + LANES)) return false;
  }
  return true;
}

static bool run_block(int threads) {
  start_lanes();
  while (lanes[0].line != DONE) {
    for (int first = 0; first < threads; first += LANES)
      if (!run_warp(first)) return false;
    if (!meet(0, threads)) return false;
  }
  return true;
}

extern "C" int parameters() { return PARAMETERS; }

// Returns whether the lanes of each warp have always met.
extern "C" int launch(int blocks, int threads, void** arguments) {
  given = arguments;
  gridDim.x = blocks;
  blockDim.x = threads;
  lanes.resize(threads);
  for (Lane& lane : lanes) lane.stack.resize(STACK);
  for (blockIdx.x = 0; blockIdx.x < blocks; ++blockIdx.x)
    if (!run_block(threads)) return false;
  return true;
}
