// The scores of labels as the kernel adds them, a lane a label, for tests of their bits.

#include "../../../transforms/addresses/decode.cu"

extern "C" __global__ void emission_scores(
    int count, const long long* offsets, const int* kinds, const double* states, int nothing,
    const double* own, const long long* previous, int previous_width, const long long* following,
    int following_width, const double* transitions, const double* jumps, const double* start,
    const double* end, const double* previous_start, const double* following_end, double* scores) {
  const Model model = {states, own,   transitions,    jumps,         previous,       following,
                       start,  end,   previous_start, following_end, previous_width, following_width,
                       nothing};
  if ((int)threadIdx.x >= LABELS) return;
  for (int row = 0; row < count; ++row) {
    const int tokens = (int)(offsets[row + 1] - offsets[row]);
    for (int at = 0; at < tokens; ++at)
      scores[(offsets[row] + at) * LABELS + threadIdx.x] =
          emission_score(model, kinds + offsets[row], tokens, at, threadIdx.x);
  }
}
