// A law of motion learned by almagest 0.1.0 (sparse regression on polynomials).
//
//   x' = 0.7000 x - 0.7000 x^2
//   y' = -0.7000 x y
//
// The state, and the range in which the law was learned:
//   x[0]  x in [0.05, 1]
//   x[1]  y in [0.05, 1]
#ifndef ALMAGEST_MODEL_law
#define ALMAGEST_MODEL_law

namespace law {

using scalar = double;
constexpr int dimension = 2;

// Writes the derivative of the state x into dxdt, which must not overlap x.
template <typename S>
inline void rhs(const S* x, S* dxdt) {
  dxdt[0] = S(0.7) * x[0] - S(0.7) * x[0] * x[0];
  dxdt[1] = -S(0.7) * x[0] * x[1];
}

inline void rhs(const scalar* x, scalar* dxdt) { rhs<scalar>(x, dxdt); }

// Advances the state x by the time dt: one step of the classical Runge-Kutta method of order 4.
template <typename S>
inline void step(S* x, S dt) {
  S k1[dimension], k2[dimension], k3[dimension], k4[dimension], y[dimension];
  rhs<S>(x, k1);
  for (int i = 0; i < dimension; ++i) y[i] = x[i] + dt * S(0.5) * k1[i];
  rhs<S>(y, k2);
  for (int i = 0; i < dimension; ++i) y[i] = x[i] + dt * S(0.5) * k2[i];
  rhs<S>(y, k3);
  for (int i = 0; i < dimension; ++i) y[i] = x[i] + dt * k3[i];
  rhs<S>(y, k4);
  for (int i = 0; i < dimension; ++i)
    x[i] = x[i] + dt / S(6) * (k1[i] + S(2) * k2[i] + S(2) * k3[i] + k4[i]);
}

inline void step(scalar* x, scalar dt) { step<scalar>(x, dt); }

}  // namespace law

#endif  // ALMAGEST_MODEL_law
