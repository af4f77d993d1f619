/* The simple voice that simple.wat is too, native: two detuned saws, one-pole low-pass, stereo. Prints nanoseconds of
   processor time a frame of a voice. Usage: simple VOICES SECONDS */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { BLOCK = 128, RATE = 48000 };
struct voice {
  float step1, step2, phase1, phase2, left, right;
  float out[2][BLOCK];
};

__attribute__((noinline)) static void process(struct voice *v, int frames) {
  float p = v->phase1, q = v->phase2, l = v->left, r = v->right;
  for (int i = 0; i < frames; i++) {
    p += v->step1;
    p -= p >= 1.0f ? 1.0f : 0.0f;
    q += v->step2;
    q -= q >= 1.0f ? 1.0f : 0.0f;
    float a = p * 2.0f - 1.0f, b = q * 2.0f - 1.0f;
    l += 0.1f * (a * 0.7f + b * 0.3f - l);
    r += 0.1f * (a * 0.3f + b * 0.7f - r);
    v->out[0][i] = l * 0.2f;
    v->out[1][i] = r * 0.2f;
  }
  v->phase1 = p, v->phase2 = q, v->left = l, v->right = r;
}

static void run(struct voice *voices, int count, int blocks) {
  for (int n = 0; n < blocks; n++)
    for (int i = 0; i < count; i++) process(&voices[i], BLOCK);
}

int main(int argc, char **argv) {
  int count = argc > 1 ? atoi(argv[1]) : 1, blocks = (argc > 2 ? atoi(argv[2]) : 1) * RATE / BLOCK;
  struct voice *voices = calloc(count, sizeof *voices);
  for (int i = 0; i < count; i++) {
    float pitch = 110.0f + (i & 63);
    voices[i].step1 = pitch / RATE, voices[i].step2 = (pitch + 0.7f) / RATE;
  }
  run(voices, count, RATE / BLOCK);
  clock_t began = clock();
  run(voices, count, blocks);
  double seconds = (double)(clock() - began) / CLOCKS_PER_SEC;
  float sum = 0; /* so that no compiler leaves the work out */
  for (int i = 0; i < count; i++) sum += voices[i].out[0][BLOCK - 1];
  printf("%.6f %.6f\n", seconds * 1e9 / ((double)count * blocks * BLOCK), sum);
  return 0;
}
