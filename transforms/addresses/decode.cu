// The labels of addresses by a linear-chain CRF, how probable they are, and the least sure token.
//
// A warp works an address, a lane is a label. Labels are those of crf.py to the bit: scores are
// added in the same order, in double precision, and the lowest label wins ties. Only additions and
// maxima decide them, and --fmad=false keeps the compiler from fusing any. Probabilities are scaled
// at each token and may differ from those of crf.py in their last digits.
//
// LABELS, at most 32, and WARPS, those of a block, are given to the compiler.

#define WARP 32

struct Model {
  const double* states;  // attributes x LABELS; the row `nothing` is zero
  const double* own;     // kinds x LABELS
  const double* transitions;
  const double* jumps;            // exp(transitions)
  const long long* previous;      // kinds x previous_width, rows of states for the token after
  const long long* following;     // kinds x following_width, for the token before
  const double* start;
  const double* end;
  const double* previous_start;
  const double* following_end;
  int previous_width;
  int following_width;
  int nothing;
};

// What the lanes of a warp tell each other, once a token.
struct Told {
  double first[WARP];
  double second[WARP];
  double third[WARP];
};

__device__ double add_rows(double score, const Model& model, const long long* rows, int width,
                           int label) {
  for (int place = 0; place < width && rows[place] != model.nothing; ++place)
    score += model.states[rows[place] * LABELS + label];
  return score;
}

__device__ double emission_score(const Model& model, const int* kinds, int tokens, int at,
                                 int label) {
  double score = model.own[(long long)kinds[at] * LABELS + label];
  if (at > 0)
    score = add_rows(score, model, model.previous + (long long)kinds[at - 1] * model.previous_width,
                     model.previous_width, label);
  if (at == 1) score += model.previous_start[label];
  if (at < tokens - 1)
    score = add_rows(score, model,
                     model.following + (long long)kinds[at + 1] * model.following_width,
                     model.following_width, label);
  if (at == tokens - 2) score += model.following_end[label];
  if (at == 0) score += model.start[label];
  if (at == tokens - 1) score += model.end[label];
  return score;
}

__device__ void tell(Told& told, int lane, double first, double second, double third) {
  __syncwarp();  // what was told before has been read
  told.first[lane] = first;
  told.second[lane] = second;
  told.third[lane] = third;
  __syncwarp();
}

// Fills potentials, forward and back; returns the last label, best score and log of the norm.
__device__ void go_forward(const Model& model, const double* transitions, const double* jumps,
                           const int* kinds, int tokens, Told& told, int lane, double* potentials,
                           double* forward, signed char* back, int& last, double& highest,
                           double& log_norm) {
  const int label = lane < LABELS ? lane : LABELS - 1;  // lanes left over repeat the last
  double best = 0, reached = 0;
  log_norm = 0;
  for (int at = 0; at < tokens; ++at) {
    const double score = emission_score(model, kinds, tokens, at, label);
    tell(told, lane, best, reached, score);
    double top = told.first[0] + transitions[label];
    double ways = 0, norm = 0;
    double peak = told.third[0];
    int from = 0;
    for (int other = 0; other < LABELS; ++other) {
      const double through = told.first[other] + transitions[other * LABELS + label];
      if (through > top) {
        top = through;
        from = other;
      }
      ways += told.second[other] * jumps[other * LABELS + label];
      norm += told.second[other];
      peak = fmax(peak, told.third[other]);
    }
    const double potential = exp(score - peak);
    best = at ? top + score : score;
    reached = at ? ways / norm * potential : potential;
    log_norm += at ? log(norm) + peak : peak;
    potentials[(long long)at * WARP + lane] = potential;
    forward[(long long)at * WARP + lane] = reached;
    back[(long long)at * WARP + lane] = from;
  }
  tell(told, lane, best, reached, 0);
  double norm = 0;
  last = 0;
  highest = told.first[0];
  for (int other = 0; other < LABELS; ++other) {
    if (told.first[other] > highest) {
      highest = told.first[other];
      last = other;
    }
    norm += told.second[other];
  }
  log_norm += log(norm);
}

// Writes the labels from the last one on; returns the smallest marginal of them.
__device__ double go_backward(const double* jumps, int tokens, int last, Told& told, int lane,
                              const double* potentials, const double* forward,
                              const signed char* back, signed char* labels) {
  const int own = lane < LABELS ? lane : LABELS - 1;
  double behind = 1, lowest = 1;
  int label = last;
  for (int at = tokens - 1; at >= 0; --at) {
    const long long place = (long long)at * WARP + lane;
    tell(told, lane, forward[place] * behind, potentials[place] * behind, 0);
    double all = 0, ways = 0, norm = 0;
    for (int other = 0; other < LABELS; ++other) {
      all += told.first[other];
      ways += told.second[other] * jumps[own * LABELS + other];
      norm += told.second[other];
    }
    lowest = fmin(lowest, told.first[label] / all);
    behind = ways / norm;
    if (lane == 0) labels[at] = label;
    label = back[(long long)at * WARP + label];
  }
  return lowest;
}

extern "C" __global__ void decode(
    int count, const long long* offsets, const int* kinds, const double* states, int nothing,
    const double* own, const long long* previous, int previous_width, const long long* following,
    int following_width, const double* transitions, const double* jumps, const double* start,
    const double* end, const double* previous_start, const double* following_end,
    double* potentials, double* forward, signed char* back, signed char* labels,
    double* probability, double* min_marginal) {
  // Near to all warps of the block.
  __shared__ double near_transitions[LABELS * LABELS];
  __shared__ double near_jumps[LABELS * LABELS];
  __shared__ Told tellings[WARPS];
  for (int cell = threadIdx.x; cell < LABELS * LABELS; cell += blockDim.x) {
    near_transitions[cell] = transitions[cell];
    near_jumps[cell] = jumps[cell];
  }
  __syncthreads();
  const Model model = {states, own,   transitions,    jumps,         previous,       following,
                       start,  end,   previous_start, following_end, previous_width, following_width,
                       nothing};
  const int lane = threadIdx.x % WARP;
  Told& told = tellings[threadIdx.x / WARP];
  const int warps = gridDim.x * WARPS;
  for (int row = blockIdx.x * WARPS + threadIdx.x / WARP; row < count; row += warps) {
    const long long begin = offsets[row];
    const int tokens = (int)(offsets[row + 1] - begin);
    const long long place = begin * WARP;
    int last;
    double highest, log_norm;
    go_forward(model, near_transitions, near_jumps, kinds + begin, tokens, told, lane,
               potentials + place, forward + place, back + place, last, highest, log_norm);
    const double lowest = go_backward(near_jumps, tokens, last, told, lane, potentials + place,
                                      forward + place, back + place, labels + begin);
    if (lane == 0) {
      probability[row] = fmin(exp(highest - log_norm), 1.0);
      min_marginal[row] = lowest;
    }
  }
}
