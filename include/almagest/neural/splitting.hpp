// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <Eigen/Core>
#include <cmath>
#include <cstddef>
#include <utility>
#include <vector>

#include "almagest/neural/step_map.hpp"

namespace almagest::inline ALMAGEST_ABI::neural {

/// The methods that keep the symplectic form: Störmer and Verlet's, of order 2, and McLachlan's composition
/// SB3A with m = 4, of order 4, as in `almagest::methods`.
enum class SymplecticMethod { verlet, symplectic4 };

/// Steps that alternate between kicks \f$ p \mathrel{+}= d\,h\,f(q) \f$ and drifts
/// \f$ q \mathrel{+}= c\,h\,v(p) \f$ of a separable Hamiltonian, and their exact vector-Jacobian products:
/// training through a symplectic integrator.
///
/// Parameters: those of the force f, then those of the velocity v.
template <typename Scalar>
class Splitting final : public StepMap<Scalar> {
 public:
  using Base = StepMap<Scalar>;
  using typename Base::Matrix, typename Base::Pass, typename Base::Steps, typename Base::Vector;

  Splitting(Network<Scalar> force, Network<Scalar> velocity, SymplecticMethod method)
      : force_(std::move(force)), velocity_(std::move(velocity)), moves_(moves(method)) {}

  /// Each evaluates one half of the right-hand side.
  double evaluations() const override { return double(moves_.size()) / 2; }
  Pass pass(Eigen::Index batch) const override {
    Pass out;
    out.work.resize(force_.inputs(), batch);
    for (const Move& move : moves_) {
      out.points.emplace_back(force_.inputs(), batch);
      out.passes.push_back((move.kick ? force_ : velocity_).pass(batch));
    }
    return out;
  }

  void forward(const Vector& parameters, const Matrix& x, const Steps& steps, Pass& pass, Matrix& y) const override {
    const auto of_force = parameters.head(force_.parameters()), of_velocity = parameters.tail(velocity_.parameters());
    const Eigen::Index n = force_.inputs();
    y = x;
    for (std::size_t k = 0; k < moves_.size(); ++k) {
      const bool kick = moves_[k].kick;
      const Network<Scalar>& field = kick ? force_ : velocity_;
      pass.points[k] = kick ? y.topRows(n) : y.bottomRows(n);
      field.forward(kick ? of_force : of_velocity, pass.points[k], pass.passes[k]);
      auto moved = kick ? y.bottomRows(n) : y.topRows(n);
      moved += Scalar(moves_[k].share) * (pass.passes[k].result() * steps.asDiagonal());
    }
  }

  void backward(const Vector& parameters, const Steps& steps, Pass& pass, Matrix& by_state,
                Vector& gradient) const override {
    const auto of_force = parameters.head(force_.parameters()), of_velocity = parameters.tail(velocity_.parameters());
    const Eigen::Index n = force_.inputs();
    auto by_force = gradient.head(of_force.size()), by_velocity = gradient.tail(of_velocity.size());
    for (std::size_t k = moves_.size(); k-- > 0;) {
      const bool kick = moves_[k].kick;
      const Network<Scalar>& field = kick ? force_ : velocity_;
      auto moved = kick ? by_state.bottomRows(n) : by_state.topRows(n);
      auto used = kick ? by_state.topRows(n) : by_state.bottomRows(n);
      pass.work = Scalar(moves_[k].share) * (moved * steps.asDiagonal());
      used += field.backward(kick ? of_force : of_velocity, pass.points[k], pass.passes[k], pass.work,
                             kick ? by_force : by_velocity);
    }
  }

 private:
  struct Move {
    bool kick;
    double share;
  };
  static std::vector<Move> moves(SymplecticMethod method) {
    if (method == SymplecticMethod::verlet) return {{false, 0.5}, {true, 1}, {false, 0.5}};
    const double z = std::sqrt(7.0 / 8) / 3, a = 0.5 - z, b = z - 1.0 / 3;
    return {{false, a},   {true, 1},  {false, b}, {true, -0.5}, {false, 2.0 / 3},
            {true, -0.5}, {false, b}, {true, 1},  {false, a}};
  }

  Network<Scalar> force_, velocity_;
  std::vector<Move> moves_;
};

}  // namespace almagest::inline ALMAGEST_ABI::neural
