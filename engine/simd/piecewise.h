#pragma once
// Functions cut into sixteen pieces of degree four, whose coefficients are looked up by lane: for any V of this folder
// that has lookup(), worth it where V::kTables. Coefficients: own weighted minimax fits of each piece.

#include "engine/simd/inline.h"

namespace vireo::simd {

/// f over [0, 14.5 step), one half from there on: piece n is the sum of c[k][n] (t - n step)^k. The step has few bits,
/// so that t - n step is exact.
struct Piecewise {
  static constexpr float kStep = 0.359375f, kPerStep = 2.78260870f, kLast = 5.390625f;
  alignas(64) float c[5][16];
};

/// erf(t / sqrt 2) / 2.
inline constexpr Piecewise kHalfErf{{
    {3.569797569e-09f, 1.403427422e-01f, 2.638525069e-01f, 3.595110178e-01f, 4.247120023e-01f, 4.638222754e-01f,
     4.844679236e-01f, 4.940589368e-01f, 4.979798496e-01f, 4.993904531e-01f, 4.998370111e-01f, 4.999614358e-01f,
     4.999919236e-01f, 4.999985099e-01f, 4.999997616e-01f, 0.5f},
    {3.989412785e-01f, 3.739926517e-01f, 3.081280887e-01f, 2.231059819e-01f, 1.419716626e-01f, 7.939639688e-02f,
     3.902173042e-02f, 1.685451716e-02f, 6.397745106e-03f, 2.134198556e-03f, 6.256563938e-04f, 1.611852640e-04f,
     3.649202336e-05f, 7.260187431e-06f, 1.269312406e-06f, 0},
    {4.443954458e-05f, -6.721036881e-02f, -1.107315198e-01f, -1.202653497e-01f, -1.020410433e-01f, -7.133269310e-02f,
     -4.207089916e-02f, -2.120051906e-02f, -9.197285399e-03f, -3.451704513e-03f, -1.124369679e-03f, -3.186489048e-04f,
     -7.870450645e-05f, -1.696459003e-05f, -3.194384590e-06f, 0},
    {-6.718508154e-02f, -5.401221663e-02f, -2.480770089e-02f, 5.842579994e-03f, 2.498893999e-02f, 2.933348902e-02f,
     2.369090915e-02f, 1.499644388e-02f, 7.794289384e-03f, 3.401422640e-03f, 1.262229402e-03f, 4.014706938e-04f,
     1.100329755e-04f, 2.608463546e-05f, 5.363482614e-06f, 0},
    {4.439827055e-03f, 1.626504958e-02f, 2.275803499e-02f, 1.830966212e-02f, 7.960651070e-03f, -1.283402555e-03f,
     -5.717541091e-03f, -5.852716044e-03f, -4.036637954e-03f, -2.156923991e-03f, -9.384081350e-04f, -3.405429597e-04f,
     -1.045138561e-04f, -2.736546776e-05f, -6.149627552e-06f, 0},
}};

/// tanh(sqrt(2 / pi) (t + 0.044715 t^3)) / 2.
inline constexpr Piecewise kHalfTanh{{
    {3.649488489e-09f, 1.403287947e-01f, 2.637687027e-01f, 3.593446910e-01f, 4.245526195e-01f, 4.637843072e-01f,
     4.845751524e-01f, 4.942358136e-01f, 4.981366098e-01f, 4.994874597e-01f, 4.998822212e-01f, 4.999778271e-01f,
     4.999966323e-01f, 4.999996126e-01f, 4.999999702e-01f, 0.5f},
    {3.989412487e-01f, 3.738833070e-01f, 3.078708947e-01f, 2.229595035e-01f, 1.421706527e-01f, 7.982451469e-02f,
     3.935030848e-02f, 1.690869592e-02f, 6.258572917e-03f, 1.964336261e-03f, 5.133195082e-04f, 1.095142943e-04f,
     1.869523658e-05f, 2.502612233e-06f, 2.574481073e-07f, 0},
    {4.543691102e-05f, -6.746630371e-02f, -1.108053178e-01f, -1.198885068e-01f, -1.015522331e-01f, -7.123940438e-02f,
     -4.239701852e-02f, -2.157105878e-02f, -9.347201325e-03f, -3.408630379e-03f, -1.028515049e-03f, -2.518691763e-04f,
     -4.906173126e-05f, -7.450296380e-06f, -8.645574212e-07f, 0},
    {-6.752982736e-02f, -5.407559499e-02f, -2.443982475e-02f, 6.181660574e-03f, 2.482259087e-02f, 2.886993065e-02f,
     2.345689014e-02f, 1.512074657e-02f, 8.019200526e-03f, 3.514781129e-03f, 1.260388293e-03f, 3.637681657e-04f,
     8.295056614e-05f, 1.466613321e-05f, 1.973461622e-06f, 0},
    {4.540345166e-03f, 1.658340916e-02f, 2.295921743e-02f, 1.806550100e-02f, 7.596573792e-03f, -1.291817287e-03f,
     -5.447284319e-03f, -5.674015265e-03f, -4.065354355e-03f, -2.255702158e-03f, -9.910786757e-04f, -3.430684737e-04f,
     -9.229009447e-05f, -1.898691880e-05f, -2.938105354e-06f, 0},
}};

/// x / 2 + |x| f(|x|): x times a distribution function that is 1/2 + f on the right of 0 and 1/2 - f on its left. With
/// the two above gelu, within 4 ulp for x > 0 and 1.7e-7 |x| below. 3.0 ns for a vector of AVX-512 on Zen 4, where the
/// form with erf() takes 5.3.
template <class V>
VIREO_INLINE V times_distribution(V x, const Piecewise& f) {
  const V magic = V::set(12582912.0f);
  const V t = abs(x), c = min(V::set(Piecewise::kLast), t);
  const V k = fma(c, V::set(Piecewise::kPerStep), magic);
  const V r = fnma(k - magic, V::set(Piecewise::kStep), c);
  V p = lookup(f.c[4], k);
  p = fma(p, r, lookup(f.c[3], k));
  p = fma(p, r, lookup(f.c[2], k));
  p = fma(p, r, lookup(f.c[1], k));
  p = fma(p, r, lookup(f.c[0], k));
  return fma(t, p, x * V::set(0.5f));
}

}  // namespace vireo::simd
